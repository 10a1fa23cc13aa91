-- Macros that keep personal data out of everything we write. They are temporary: they live on one intake
-- connection, and the key's two pads are variables of that connection, so the key stands in no SQL text.

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

-- Free text: e-mail, NIK-like numbers (15 digits or more: NIK, NPWP, NIP, KK) and telephone numbers. A list
-- of years ("2019 2020 2021 2022") is no NIK.
create or replace temp macro mask_text(x) as
    case
        when regexp_matches(x, '@|%40|[0-9]{3}') then
            regexp_replace(
                regexp_replace(
                    regexp_replace(
                        regexp_replace(
                            x,
                            '[\p{L}0-9._%+-]+(@|%40)[\p{L}0-9-]+(\.[\p{L}0-9-]+)*\.\p{L}{2,}', '[email]', 'g'
                        ),
                        '[0-9]{15,}|\b[0-9]{6}[ .-][0-9]{6}[ .-]?[0-9]{4}\b'
                        || '|\b(1[1-9]|[3-9][0-9])[0-9]{2}([ .-][0-9]{4}){3}\b',
                        '[NIK]', 'g'
                    ),
                    '(\b|[\p{L}_])(\+?62|0)[ .-]?8[1-9]([ .-]?[0-9]){7,10}(\b|[\p{L}_])', '\1[telepon]\4', 'g'
                ),
                '(\(0[2-9][0-9]{1,2}\) ?|(\b|\+)(62|0)[ -]?[2-9][0-9]{1,2}[ -])[0-9]{3,4}[ -]?[0-9]{3,4}\b',
                '[telepon]', 'g'
            )
        else x
    end;

-- Product name of a user agent. A browser that calls itself another product is that one:
-- `Mozilla/5.0 (compatible; UptimeRobot/2.0; …)`.
create or replace temp macro agent_name(x) as
    mask_text(
        nullif(
            regexp_extract(x, '^(?:Mozilla/[0-9.]+ \(compatible; )?([A-Za-z][A-Za-z._-]{0,39})', 1), ''
        )
    );

-- An id that the pairing needs as it is, unless it carries personal data: then a pseudonym of it.
create or replace temp macro mask_id(x) as
    case
        -- The cheap test first: most ids hold neither.
        when not regexp_matches(x, '[@%]|[0-9]{10}') then x
        when regexp_matches(x, '@|%40|[0-9]{15,}|(\b|[A-Za-z_])(\+?62|0)8[1-9][0-9]{7,10}(\b|[A-Za-z_])')
            then 'id-' || left(hmac256(x), 16)
        else x
    end;

-- A line that nobody could read: words that are not in `kept` (names of the format), numbers of four digits
-- or more and addresses go, so that a login in an unexpected place goes too.
create or replace temp macro mask_line(line, kept) as
    array_to_string(
        list_transform(
            regexp_extract_all(
                regexp_replace(left(line, 2000), '[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:]+', '…', 'g'),
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

-- A request target without its query and without parts that are numbers: few distinct values are left for
-- `route_template`, which gives the same for them.
create or replace temp macro short_target(x) as
    case
        when left(x, 1) = '/' then regexp_replace(split_part(x, '?', 1), '/[0-9]+(/|$)', '/{}\1', 'g')
        else x
    end;

-- The route of a request: no query, and `{}` for each part that is a value and not a name: numbers, dates,
-- ids, UUID, NIK, e-mail, percent-encoded text, base64 and long tokens. A target that is no path is `{}`.
create or replace temp macro route_template(path) as
    case
        when path = '*' then '*'
        when regexp_matches(path, '^(https?://[^/]*)?/') then
            left(
                array_to_string(
                    list_transform(
                        string_split(
                            regexp_replace(regexp_replace(path, '^https?://[^/]*', ''), '[?#;].*$', '', 's'), '/'
                        ),
                        lambda part: case
                            when regexp_matches(
                                part,
                                '^[0-9][0-9.,:_-]*(\.\p{L}{1,5})?$'
                                || '|[0-9]{5,}'
                                || '|[@%=~]|:.*:'
                                || '|^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'
                                || '|^.{41,}$'
                                || '|[^!-~]'
                            ) then '{}'
                            when regexp_matches(part, '^[0-9a-fA-F]{8,}$') and regexp_matches(part, '[0-9]')
                                then '{}'
                            when regexp_matches(part, '^[A-Za-z0-9_+-]{16,}$')
                            and regexp_matches(part, '[0-9]')
                            and regexp_matches(part, '[A-Z]')
                            and regexp_matches(part, '[a-z]')
                                then '{}'
                            else part
                        end
                    ),
                    '/'
                ),
                200
            )
        when path <> '' then '{}'
    end;

-- A name in a gateway, part by part: of a part that holds personal data the pseudonym, of an address that of
-- the address.
create or replace temp macro mask_identity(x) as
    array_to_string(
        list_transform(
            string_split(x, '/'),
            lambda part: case
                when regexp_matches(part, '^[0-9]{1,3}(\.[0-9]{1,3}){3}$') then ip_pseudonym(part)
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
        when log_format <> 'combined' then mask_text(trim(identity))
        when left(trim(identity), 1) = '/' then rtrim(route_template(trim(identity)), '/')
        when role = 'provider' and contains(identity, '/')
            then
                mask_identity(lower(split_part(trim(identity), '/', 1)))
                || rtrim(route_template(regexp_replace(trim(identity), '^[^/]*', '')), '/')
        else pseudonym(identity)
    end;
