-- Fields of web log lines, read from the bracket of the time backwards. Splitting at quotes and blanks costs a
-- fifth of one regular expression per part, so only what is not written the usual way pays for those.
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

-- host ident login [time zone] and an empty end.
judged as (
    select
        *,
        coalesce(
            len(head) = 6
            and head[2] = '-'
            and left(head[4], 1) = '['
            and right(head[5], 1) = ']'
            and head[6] = ''
            -- The cheap tests first: a login has no dots, an address has some.
            and (
                head[3] = '-'
                or not (contains(head[3], '.') or contains(head[3], ':') or contains(head[3], ','))
                or not regexp_matches(head[3], '{{ address_token }}')
            )
            and (
                (contains(head[1], '.') and left(head[1], 2) <> '0.' and not contains(head[1], ','))
                or regexp_full_match(head[1], '{{ address }}|{{ host }}|-')
            ),
            false
        ) as is_plain
    from split
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
        case when is_plain then head[1] else coalesce(nullif(place.address, ''), nullif(place.host, ''), place.far) end
            as host_text,
        case when is_plain then head[3] else place.login end as raw_login,
        case
            when not is_plain then nullif(split_part(lower(place.site || place.far_site), ':', 1), '')
        end as site_text,
        case
            when is_plain then substr(head[4], 2) || ' ' || left(head[5], -1)
            else odd.time
        end as time_text
    from placed
),

found as (
    select
        *,
        coalesce(
            is_plain or (
                raw_login <> ''
                -- Neither a dash nor an address is a part of a name.
                and (raw_login = '-' or not regexp_matches(raw_login, '{{ address_token }}'))
                and (place.ident = '-' or (
                    host_text <> '-' and not regexp_matches(place.ident, '{{ address_token }}')
                ))
            ),
            false
        ) as has_place,
        coalesce(
            len(tail) >= 2
            and tail[1] = ''
            and (list_contains([{{ no_answers }}], tail[2]) or (
                length(tail[2]) = 3 and try_cast(tail[2] as integer) between 100 and 999
            ))
            and (
                coalesce(tail[3], '') in ('', '-')
                or try_cast(tail[3] as bigint) between 0 and {{ max_bytes }}
            )
            and (
                len(tail) < 4
                or (len(tail) = 4 and tail[4] = '')
                or regexp_full_match(array_to_string(tail[4:], ' '), '{{ more }}')
            ),
            false
        ) as has_tail,
        case
            when len(words) = 3 and left(words[3], 5) = 'HTTP/'
                then {'method': words[1], 'target': words[2], 'protocol': words[3]}
            else regexp_extract(
                request, '^({{ method }}) (.+?)(?: (HTTP/[0-9.]+))?$', ['method', 'target', 'protocol']
            )
        end as asked
    from named
),

timed as (
    select
        *,
        coalesce(time_text <> '', false) as has_bracket,
        asked.target <> '' and regexp_full_match(asked.method, '{{ method }}') as has_request,
        -- An offset beyond 14 hours is no zone.
        case
            when is_plain and abs(try_cast(left(head[5], -1) as integer)) <= {{ max_offset }}
                then try_strptime(time_text, '%d/%b/%Y:%H:%M:%S %z') at time zone 'UTC'
        end as plain_time,
        {% if plain_only %}null::struct(clock varchar, "zone" varchar){% else %}case
            when not is_plain then regexp_extract(time_text, '{{ time }}', ['clock', 'zone'])
        end{% endif %} as odd_time
    from found
),

zoned as (
    select
        *,
        case
            when not is_plain
                then try_strptime(
                    replace(odd_time.clock, 'T', ' '), ['%d/%b/%Y:%H:%M:%S', '%d/%b/%Y %H:%M:%S', '%Y-%m-%d %H:%M:%S']
                )
        end as clock,
        case
            when is_plain or odd_time.zone = '' then null
            when upper(odd_time.zone) = 'Z' then 0
            else try_cast(replace(odd_time.zone, ':', '') as integer)
        end as zone
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
    case
        when is_plain then plain_time
        when zone is not null and abs(zone) <= {{ max_offset }} and abs(zone) % 100 < 60
            then clock - to_minutes(sign(zone)::bigint * (abs(zone) // 100 * 60 + abs(zone) % 100))
        when odd_time.zone = '' then {{ clock_in_utc }}
    end as request_time,
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
    case when has_tail and not list_contains([{{ no_answers }}], tail[2]) then try_cast(tail[2] as integer) end as status,
    case
        when tail[3] = '-' then 0
        when has_tail then try_cast(tail[3] as bigint)
    end as bytes,
    agent
from zoned
