-- Macros that keep personal data out of everything we write. They are temporary: they live on one intake
-- connection, and the key's two pads are variables of that connection, so the key stands in no SQL text.
-- `may_be_personal` and `is_plain` are patterns of `personal_forms.py`, `mask_candidate` and `fold_text` its
-- functions.

-- HMAC-SHA256 (RFC 2104) of a text, as hex; equal to Python's hmac.
create or replace temp macro hmac256(message) as
sha256(getvariable('spbe_opad') || unhex(sha256(getvariable('spbe_ipad') || encode(message))));

-- A person's login or number: the same person has the same pseudonym, in every file.
create or replace temp macro pseudonym(x) as
case when trim(x) <> '' then 'user-' || left(hmac256(trim(x)), 8) end;

-- An address; an IPv4 address written as IPv6 is the same address.
create or replace temp macro ip_pseudonym(x) as
case
    when trim(x) <> ''
        then 'ip-' || left(hmac256(regexp_replace(lower(trim(x)), '^::ffff:([0-9.]+)$', '\1')), 12)
end;

-- Personal values in any text, in the forms of `personal_forms.csv`. The cheap tests first: most cells hold
-- no candidate; what may be one is asked of `personal_forms.py`, which remembers its answers.
create or replace temp macro mask_text(x) as
case when may_be_personal(x) and not is_plain(x) then mask_candidate(x) else x end;

-- Product name of a user agent. A browser that calls itself another product is that one:
-- `Mozilla/5.0 (compatible; UptimeRobot/2.0; …)`.
create or replace temp macro agent_name(x) as
mask_text(
    nullif(
        regexp_extract(x, '^(?:Mozilla/[0-9.]+ \(compatible; )?([A-Za-z][A-Za-z._-]{0,39})', 1), ''
    )
);

-- A UUID, the hash of 32 digits that is no long number, as most ids are, or what holds no candidate: what
-- `mask_text` leaves as it is. One pattern for each id, since a pattern costs more than all else.
create or replace temp macro is_plain_id(x) as
case strlen(x)
    when 36 then regexp_full_match(x, '[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}')
    when 32 then regexp_full_match(x, '[0-9a-f]{4}[0-9]{0,23}[a-f][0-9a-f]*')
    else not may_be_personal(x)
end;

-- An id that the pairing needs as it is, unless it carries personal data: then a pseudonym of it.
create or replace temp macro mask_id(x) as
case
    -- The cheap test first: a candidate costs a hundred times as much.
    when is_plain_id(x) then x
    when mask_text(x) <> x then 'id-' || left(hmac256(x), 16)
    else x
end;

-- A line that nobody could read: words that are not in `kept` (names of the format), numbers of four digits
-- or more, addresses and other personal values go, so that a login in an unexpected place goes too.
create or replace temp macro mask_line(line, kept) as
array_to_string(
    list_transform(
        regexp_extract_all(
            regexp_replace(
                regexp_replace(
                    mask_candidate(fold_text(left(line, 2000))),
                    '\[(NIK|NIP|NPWP|telepon|email|IP)\]', '…', 'g'
                ),
                '[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:]+', '…', 'g'
            ),
            '[\p{L}_][\p{L}\p{N}_]*|[0-9]+|[^\p{L}0-9_]+'
        ),
        lambda word: case
            when regexp_matches(word, '^[\p{L}_]') and not list_contains(kept, word) then '…'
            when regexp_matches(word, '^[0-9]{4,}$') then '…'
            else word
        end
    ),
    ''
);

-- A request target without its query and without parts that are numbers or UUIDs: few distinct values are
-- left for `route_template`, which gives the same for them.
create or replace temp macro short_target(x) as
case
    when left(x, 1) = '/'
        then regexp_replace(
            regexp_replace(split_part(x, '?', 1), '/[0-9]+(/|$)', '/{}\1', 'g'),
            '/[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(/|$)', '/{}\1', 'g'
        )
    else x
end;

-- A path of which every part is surely a name, as most are: `{}`, letters alone, or short; or in small
-- letters with one that is no hexadecimal digit. One look at a path costs a fifth of a look at each part.
create or replace temp macro is_plain_route(path) as
regexp_full_match(
    path,
    '(?:/(?:\{\}|[A-Za-z_-]{1,35}|[A-Za-z_.-][A-Za-z0-9_.-]{0,6}|(?:[a-f-][a-f0-9-]*)?[g-z_.][a-z0-9_.-]*)?)+'
)
and not regexp_matches(path, '[0-9]{5}|[^/]{41}')
and not may_be_personal(path);

-- The route of a request: no query, and `{}` for each part that is a value and not a name: numbers, dates,
-- ids, UUID, NIK, e-mail, percent-encoded text, base64 and long tokens. A target that is no path is `{}`.
create or replace temp macro route_of_parts(path) as
case
    when path = '*' then '*'
    when regexp_matches(path, '^(https?://[^/]*)?/')
        then
            left(
                array_to_string(
                    list_transform(
                        string_split(
                            regexp_replace(regexp_replace(path, '^https?://[^/]*', ''), '[?#;].*$', '', 's'),
                            '/'
                        ),
                        lambda part: case
                            when regexp_matches(
                                part,
                                '^[0-9][0-9.,:_-]*(\.[A-Za-z]{1,5})?$'
                                || '|[0-9]{5,}'
                                || '|[@%=~]|:.*:'
                                || '|^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'
                                || '|^.{41,}$'
                                || '|[^!-~]'
                            ) then '{}'
                            when regexp_matches(part, '^[0-9a-fA-F]{8,}$') and regexp_matches(part, '[0-9]')
                                then '{}'
                            when
                                regexp_matches(part, '^[A-Za-z0-9_+-]{16,}$')
                                and regexp_matches(part, '[0-9]')
                                and regexp_matches(part, '[A-Z]')
                                and regexp_matches(part, '[a-z]')
                                then '{}'
                            when mask_text(part) <> part then '{}'
                            else part
                        end
                    ),
                    '/'
                ),
                200
            )
    when path <> '' then '{}'
end;

-- The same, most paths as a whole.
create or replace temp macro route_template(path) as
case when is_plain_route(path) then left(path, 200) else route_of_parts(path) end;

-- A name in a gateway, part by part: of a part that holds personal data the pseudonym, of an address that of
-- the address.
create or replace temp macro mask_identity(x) as
array_to_string(
    list_transform(
        string_split(x, '/'),
        lambda part: case
            when regexp_matches(part, '^[0-9]{1,3}(\.[0-9]{1,3}){3}$') then ip_pseudonym(part)
            when mask_text(part) = '[IP]' then ip_pseudonym(part)
            when mask_text(part) <> part then pseudonym(part)
            else part
        end
    ),
    '/'
);

-- An identity of the kind `gateway_identity` as the lake writes it, so that both join: a login as its
-- pseudonym, a path as its route, with the site before it where there is one, an X-Road name with personal
-- data masked, of user@tenant the tenant.
create or replace temp macro gateway_identity_key(log_format, role, identity) as
case
    when log_format = 'wso2' then mask_identity(regexp_replace(trim(identity), '^[^/]*@', ''))
    when log_format = 'kong' then mask_identity(trim(identity))
    when log_format = 'xroad' then mask_text(trim(identity))
    when left(trim(identity), 1) = '/' then rtrim(route_template(trim(identity)), '/')
    when role = 'provider' and contains(identity, '/')
        then
            mask_identity(lower(split_part(trim(identity), '/', 1)))
            || rtrim(route_template(regexp_replace(trim(identity), '^[^/]*', '')), '/')
    else pseudonym(identity)
end;
