"""The combined log of nginx and Apache, one record per request.

`host ident user [dd/Mon/yyyy:HH:MM:SS ±zzzz] "METHOD path PROTO" status bytes "referer" "user-agent"`, read
by splitting at the quotes; more quoted fields at the end are allowed and not kept. There is no duration and
no name of the site; the provider is the route, the consumer the login if there is one. Query strings,
referers and user agents are not kept (of an agent its product name).
"""

from sources.logs.record import UNREADABLE, UNREADABLE_WHEN, LogFormat, Problem

_HEAD = r"^(\S+) (\S+) (.+) \[([0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[^\]]*)\] $"
_TAIL = r"^ ([0-9]{3}) ([0-9]{1,18}|-) ?$"
_REQUEST = r"^([A-Za-z][A-Za-z_-]{1,19}) (.+?)( HTTP/[0-9.]+)?$"
# A browser that calls itself another product is that one: `Mozilla/5.0 (compatible; UptimeRobot/2.0; …)`.
_AGENT = r"^(?:Mozilla/[0-9.]+ \(compatible; )?([A-Za-z][A-Za-z._-]{0,39})"

_BACKSLASH, _QUOTE = "\ue002", "\ue003"


def _fields(lines: str) -> str:
    return rf"""
    with unescaped as (
        select
            line_number,
            line,
            {UNREADABLE_WHEN} as is_unreadable,
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
            regexp_extract(parts[1], '{_HEAD}', ['host', 'ident', 'login', 'time']) as head,
            regexp_extract(parts[2], '{_REQUEST}', ['method', 'target', 'protocol']) as request,
            regexp_extract(parts[3], '{_TAIL}', ['status', 'bytes']) as tail,
            regexp_extract(parts[6], '{_AGENT}', 1) as agent
        from unescaped
    )

    select
        line_number,
        line,
        is_unreadable,
        quotes,
        coalesce(head.time, '') <> '' as has_head,
        coalesce(tail.status, '') <> '' as has_tail,
        timezone('UTC', try_strptime(head.time, '%d/%b/%Y:%H:%M:%S %z')) as request_time,
        head.host as host,
        nullif(head.login, '-') as login,
        -- `-` or binary instead of a request: no method, and a route that names no service.
        nullif(upper(request.method), '') as method,
        nullif(request.target, '') as target,
        nullif(trim(request.protocol), '') as protocol,
        try_cast(tail.status as integer) as status,
        case when tail.bytes = '-' then 0 else try_cast(tail.bytes as bigint) end as bytes,
        nullif(agent, '') as agent
    from split
    """


FORMAT = LogFormat(
    name="combined",
    document_start=None,
    fields=_fields,
    is_ours="has_head",
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
    masks={"login": "pseudonym", "host": "ip_pseudonym", "target": "route_template", "agent": "mask_text"},
    record={
        "consumer_identity": "login",
        "provider_identity": "coalesce(target, '-')",
        "service_code": "coalesce(method || ' ' || target, '-')",
        "protocol": "protocol",
        "method": "method",
        "status_code": "status",
        "succeeded": "status < 400",
        "response_bytes": "bytes",
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
