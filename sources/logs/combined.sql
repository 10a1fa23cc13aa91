-- Fields of web log lines, read from the bracket of the time backwards. Splitting at quotes and blanks costs a
-- fifth of one regular expression per part, so only what is not written the usual way pays for those: a `case`
-- asks a test of those rows alone that the tests before left open, where `and` by itself asks all.
with unescaped as (
    select
        line_number,
        line,
        {{ unreadable }} as is_unreadable,
        -- An escaped backslash before a quote does not escape the quote.
        string_split(
            case
                when contains(line, '\')
                    then replace(replace(line, '\\', '{{ backslash }}'), '\"', '{{ quote }}')
                else line
            end,
            '"'
        ) as pieces
    from {{ lines }}
),

-- A login in quotes stands before the bracket; an empty one is none.
parted as (
    select
        * exclude (pieces),
        {% if plain_only %}pieces{% else %}case
            when len(pieces) > 4 and not contains(pieces[1], '[') and contains(pieces[3], '[')
                then list_concat([pieces[1] || coalesce(nullif(pieces[2], ''), '-') || pieces[3]], pieces[4:])
            else pieces
        end{% endif %} as parts
    from unescaped
),

split as (
    select
        line_number,
        line,
        is_unreadable,
        len(parts) - 1 as quotes,
        parts[1] as head_text,
        string_split(parts[1], ' ') as head,
        parts[2] as request,
        string_split(parts[2], ' ') as words,
        string_split(parts[3], ' ') as tail,
        parts[6] as agent
    from parted
),

-- Each word is taken out of its list once.
picked as (
    select
        *,
        head[1] as host_word,
        head[2] as ident_word,
        head[3] as login_word,
        head[4] as time_word,
        head[5] as zone_word,
        head[6] as head_end,
        words[1] as method_word,
        words[2] as target_word,
        words[3] as protocol_word,
        tail[1] as tail_start,
        tail[2] as status_word,
        tail[3] as bytes_word
    from split
),

-- host ident login [time zone] and an empty end.
judged as (
    select
        *,
        case when (
            len(head) = 6
            and ident_word = '-'
            and prefix(time_word, '[')
            and suffix(zone_word, ']')
            and head_end = ''
            -- The cheap tests first: a login has no dots, an address has some.
            and (
                login_word = '-'
                or not (contains(login_word, '.') or contains(login_word, ':') or contains(login_word, ','))
                or not regexp_matches(login_word, '{{ address_token }}')
            )
            and (
                (contains(host_word, '.') and left(host_word, 2) <> '0.' and not contains(host_word, ','))
                or regexp_full_match(host_word, '{{ address }}|{{ host }}|-')
            )
        ) then true else false end as is_plain
    from picked
),

bracketed as (
    select
        *,
        {% if plain_only %}null::struct(before varchar, "time" varchar){% else %}case
            when not is_plain
                then regexp_extract(head_text, '^(.*?) *\[([^\[\]]+)\]((?: [0-9.,:-]+)*) ?$', ['before', 'time', 'rest'])
        end{% endif %} as odd
    from judged
),

placed as (
    select
        *,
        {% if plain_only %}null::struct({% for name in names %}{{ name }} varchar{% if not loop.last %}, {% endif %}{% endfor %}){% else %}case when not is_plain then regexp_extract(odd.before, '{{ before }}', [{% for name in names %}'{{ name }}'{% if not loop.last %}, {% endif %}{% endfor %}]) end{% endif %} as place
    from bracketed
),

named as (
    select
        *,
        {% if plain_only %}
        host_word as host_text,
        login_word as raw_login,
        null::varchar as site_text,
        null::varchar as odd_text,
        {% else %}
        case when is_plain then host_word else coalesce(nullif(place.address, ''), nullif(place.host, ''), place.far) end
            as host_text,
        case when is_plain then login_word else place.login end as raw_login,
        case
            when not is_plain then nullif(split_part(lower(place.site || place.far_site), ':', 1), '')
        end as site_text,
        odd.time as odd_text,
        {% endif %}
        try_cast(status_word as integer) as code,
        try_cast(bytes_word as bigint) as size
    from placed
),

found as (
    select
        *,
        {% if plain_only %}is_plain{% else %}case when (
            is_plain or (
                raw_login <> ''
                -- Neither a dash nor an address is a part of a name.
                and (raw_login = '-' or not regexp_matches(raw_login, '{{ address_token }}'))
                and (place.ident = '-' or (
                    host_text <> '-' and not regexp_matches(place.ident, '{{ address_token }}')
                ))
            )
        ) then true else false end{% endif %} as has_place,
        case when (
            len(tail) >= 2
            and tail_start = ''
            -- The usual first: a code, and a number of bytes.
            and (
                (code between 100 and 999 and length(status_word) = 3)
                or list_contains([{{ no_answers }}], status_word)
            )
            and (
                size between 0 and {{ max_bytes }}
                or coalesce(bytes_word, '') in ('', '-')
            )
            and (
                len(tail) < 4
                or (len(tail) = 4 and tail[4] = '')
                or regexp_full_match(array_to_string(tail[4:], ' '), '{{ more }}')
            )
        ) then true else false end as has_tail,
        case
            when len(words) = 3 and prefix(protocol_word, 'HTTP/')
                then {'method': method_word, 'target': target_word, 'protocol': protocol_word}
            else regexp_extract(
                request, '^({{ method }}) (.+?)(?: (HTTP/[0-9.]+))?$', ['method', 'target', 'protocol']
            )
        end as asked
    from named
),

timed as (
    select
        *,
        is_plain or coalesce(odd_text <> '', false) as has_bracket,
        case when asked.target <> '' and (
            asked.method = 'GET' or asked.method = 'POST' or regexp_full_match(asked.method, '{{ method }}')
        ) then true else false end as has_request,
        -- An offset beyond 14 hours is no zone.
        case
            when is_plain and abs(try_cast(left(zone_word, -1) as integer)) <= {{ max_offset }}
                then try_strptime(time_word || zone_word, '[%d/%b/%Y:%H:%M:%S%z]') at time zone 'UTC'
        end as plain_time,
        {% if plain_only %}null::struct(clock varchar, "zone" varchar){% else %}case
            when not is_plain then regexp_extract(odd_text, '{{ time }}', ['clock', 'zone'])
        end{% endif %} as odd_time
    from found
),

zoned as (
    select
        *,
        {% if plain_only %}null::timestamp{% else %}case
            when not is_plain
                then try_strptime(
                    replace(odd_time.clock, 'T', ' '), ['%d/%b/%Y:%H:%M:%S', '%d/%b/%Y %H:%M:%S', '%Y-%m-%d %H:%M:%S']
                )
        end{% endif %} as clock,
        {% if plain_only %}null::integer{% else %}case
            when is_plain or odd_time.zone = '' then null
            when upper(odd_time.zone) = 'Z' then 0
            else try_cast(replace(odd_time.zone, ':', '') as integer)
        end{% endif %} as zone
    from timed
)

select
    line_number,
    line,
    is_unreadable,
    quotes,
    has_bracket,
    has_place,
    has_tail,
    {% if plain_only %}plain_time{% else %}case
        when is_plain then plain_time
        when zone is not null and abs(zone) <= {{ max_offset }} and abs(zone) % 100 < 60
            then clock - to_minutes(sign(zone)::bigint * (abs(zone) // 100 * 60 + abs(zone) % 100))
        when odd_time.zone = '' then {{ clock_in_utc }}
    end{% endif %} as request_time,
    site_text as site,
    -- The same client, whatever its port.
    case
        when contains(host_text, ':') then regexp_replace(host_text, '^({{ ipv4 }}):[0-9]+$', '\1')
        else nullif(host_text, '-')
    end as host,
    nullif(raw_login, '-') as login,
    -- `-` or binary instead of a request: no method, and a route that names no service.
    case when has_request then upper(asked.method) end as method,
    case when has_request then short_target(asked.target) end as target,
    case when has_request then nullif(asked.protocol, '') end as protocol,
    -- A word for no answer is no number from 100 to 999.
    case when has_tail and code between 100 and 999 then code end as status,
    case
        when bytes_word = '-' then 0
        when has_tail then size
    end as bytes,
    agent
from zoned
