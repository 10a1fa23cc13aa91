"""The combined log of nginx and Apache, one record per request.

`host ident user [dd/Mon/yyyy:HH:MM:SS ±zzzz] "METHOD path PROTO" status bytes "referer" "user-agent"`, read
by splitting at the quotes; more quoted fields at the end are allowed and not kept. There is no duration; the
provider is the route, with the site before it where the line begins with one (`site:port host …`, Apache's
vhost_combined), the consumer the login if there is one. Query strings, referers and user agents are not kept
(of an agent its product name).
"""

from sources.logs.record import LINES, MAX_BYTES, UNREADABLE, UNREADABLE_WHEN, LogFormat, Problem

_METHOD = "[A-Za-z][A-Za-z_-]{1,19}"

# `site:port`; an IPv6 address has several colons.
_SITE = "[A-Za-z0-9.-]+:[0-9]{1,5}"
_BACKSLASH, _QUOTE = "\ue002", "\ue003"


def _fields(lines: str, unreadable: str = UNREADABLE_WHEN) -> str:
    # Splitting at blanks costs a fifth of one regular expression per part; only odd requests pay for that.
    return rf"""
    with unescaped as (
        select
            line_number,
            line,
            {unreadable} as is_unreadable,
            -- An escaped backslash before a quote does not escape the quote.
            string_split(
                case
                    when contains(line, '\')
                        then replace(replace(line, '\\', '{_BACKSLASH}'), '\"', '{_QUOTE}')
                    else line
                end,
                '"'
            ) as parts
        from {lines}
    ),

    split as (
        select
            line_number,
            line,
            is_unreadable,
            len(parts) - 1 as quotes,
            string_split(parts[1], ' ') as head,
            parts[2] as request,
            string_split(parts[2], ' ') as words,
            string_split(parts[3], ' ') as tail,
            parts[6] as agent
        from unescaped
    ),

    sited as (
        select
            *,
            len(head) > 6 and contains(head[1], ':') and regexp_full_match(head[1], '{_SITE}') as has_site
        from split
    ),

    -- host ident login [time zone] and an empty end; a login may hold blanks.
    placed as (
        select
            *,
            case when has_site then lower(split_part(head[1], ':', 1)) end as site,
            case when has_site then head[2] else head[1] end as host,
            len(head) >= 6
            and left(head[-3], 1) = '['
            and right(head[-2], 1) = ']'
            and head[-1] = '' as has_head,
            substr(head[-3], 2) || ' ' || left(head[-2], -1) as time_text,
            case
                when len(head) = 6 then head[3]
                when has_site then array_to_string(head[4:-4], ' ')
                else array_to_string(head[3:-4], ' ')
            end as raw_login,
            len(tail) between 3 and 4
            and tail[1] = ''
            and length(tail[2]) = 3
            and try_cast(tail[2] as integer) between 100 and 999
            and (tail[3] = '-' or try_cast(tail[3] as bigint) between 0 and {MAX_BYTES})
            and coalesce(tail[4], '') = '' as has_tail,
            case
                when len(words) = 3 and left(words[3], 5) = 'HTTP/'
                    then {{'method': words[1], 'target': words[2], 'protocol': words[3]}}
                else regexp_extract(
                    request, '^({_METHOD}) (.+?)(?: (HTTP/[0-9.]+))?$', ['method', 'target', 'protocol']
                )
            end as asked
        from sited
    ),

    requested as (
        select *, asked.target <> '' and regexp_full_match(asked.method, '{_METHOD}') as has_request
        from placed
    )

    select
        line_number,
        line,
        is_unreadable,
        quotes,
        coalesce(has_head, false) as has_head,
        coalesce(has_tail, false) as has_tail,
        case when has_head then try_strptime(time_text, '%d/%b/%Y:%H:%M:%S %z') at time zone 'UTC' end
            as request_time,
        time_text,
        site,
        host,
        nullif(raw_login, '-') as login,
        -- `-` or binary instead of a request: no method, and a route that names no service.
        case when has_request then upper(asked.method) end as method,
        case when has_request then short_target(asked.target) end as target,
        case when has_request then nullif(asked.protocol, '') end as protocol,
        case when has_tail then try_cast(tail[2] as integer) end as status,
        case when tail[3] = '-' then 0 else try_cast(tail[3] as bigint) end as bytes,
        agent
    from requested
    """


def _fast_fields(scratch: str, _: bytes) -> str:
    lines = _fields(f"(select 0 as line_number, line from {LINES.format(scratch)})", "false")
    return f"select * exclude (line_number, line) from ({lines})"


FORMAT = LogFormat(
    name="combined",
    document_start=None,
    fields=_fields,
    fast_fields=_fast_fields,
    is_ours="has_head and regexp_matches(time_text, '^[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:')",
    problems=(
        *UNREADABLE,
        Problem(
            "quotes",
            "not is_unreadable and (quotes < 6 or quotes % 2 = 1)",
            "'diharapkan permintaan, perujuk, dan agen masing-masing dalam tanda kutip (6 tanda kutip atau"
            " lebih, genap), ditemukan ' || quotes || ' tanda kutip'",
        ),
        Problem(
            "head",
            "not is_unreadable and not has_head",
            '\'diharapkan "alamat ident pengguna [hh/Bln/tttt:jj:mm:dd ±zona] " di awal baris,'
            " tidak ditemukan'",
        ),
        Problem(
            "time",
            "has_head and request_time is null",
            "'diharapkan waktu seperti 17/Feb/2026:09:00:00 +0700, ditemukan waktu yang tidak ada'",
        ),
        Problem(
            "status",
            "not is_unreadable and quotes >= 2 and not has_tail",
            "'diharapkan status tiga angka dan jumlah bita (atau -) sesudah permintaan, tidak ditemukan'",
        ),
    ),
    started_at="request_time",
    masks={
        "login": "pseudonym",
        "host": "ip_pseudonym",
        "site": "mask_identity",
        "target": "route_template",
        "agent": "agent_name",
    },
    record={
        "protocol": "protocol",
        "method": "method",
        "status_code": "status",
        "succeeded": "status < 400",
        "response_bytes": "bytes",
    },
    named={
        "consumer_identity": "login",
        "provider_identity": "coalesce(site || target, target, '-')",
        "service_code": "coalesce(method || ' ' || target, '-')",
        "user_pseudo": "login",
        "ip_pseudo": "host",
        "agent": "agent",
    },
    hash_columns=(),
    kept_words=(
        *("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "HTTP", "http", "https", "Mozilla"),
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ),
)
