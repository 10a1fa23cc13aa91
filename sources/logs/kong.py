"""The file-log of Kong, one JSON object per request.

Headers, query strings and addresses are not kept. Sizes may be texts (old versions). A request that no route
took has no service and is quarantined: it is no call of a service.
"""

from sources.logs.record import (
    JSON_RECORD,
    LAST_MS,
    MAX_BYTES,
    UNREADABLE,
    UNREADABLE_WHEN,
    LogFormat,
    Problem,
)

_SHAPE = {
    "request": ("method", "uri", "size", "id"),
    "response": ("status", "size"),
    "latencies": ("request", "proxy"),
    "consumer": ("username", "custom_id"),
    "service": ("name", "host", "protocol"),
    "route": ("name",),
}
_NUMBERS = {
    "started_ms": "r.started_at",
    "status": "r.response.status",
    "request_size": "r.request.size",
    "response_size": "r.response.size",
    "total_ms": "r.latencies.request",
    "proxy_ms": "r.latencies.proxy",
}
_TEXTS = {
    "request_id": "r.request.id",
    "method": "r.request.method",
    "uri": "r.request.uri",
    "user_name": "r.consumer.username",
    "custom_id": "r.consumer.custom_id",
    "service_name": "r.service.name",
    "host": "r.service.host",
    "protocol": "r.service.protocol",
    "route": "r.route.name",
    "client_ip": "r.client_ip",
}


def _fields(lines: str) -> str:
    inner = ", ".join(
        f'"{name}": {{{", ".join(f"""{chr(34)}{part}{chr(34)}: "VARCHAR" """ for part in parts)}}}'
        for name, parts in _SHAPE.items()
    )
    shape = f'{{"started_at": "VARCHAR", "client_ip": "VARCHAR", {inner}}}'
    numbers = ", ".join(f"try_cast({path} as bigint) as {name}" for name, path in _NUMBERS.items())
    texts = ", ".join(f"nullif({path}, '') as {name}" for name, path in _TEXTS.items())
    wrong = ", ".join(
        [
            *(
                f"case when {name} is null and {path} is not null then '{path[2:]}' end"
                for name, path in _NUMBERS.items()
            ),
            *(
                f"case when left({name}, 1) in ('{{', '[') then '{_TEXTS[name][2:]}' end"
                for name in ("request_id", "user_name", "custom_id", "service_name", "host", "route")
            ),
        ]
    )
    return f"""
    with parsed as (
        select
            line_number,
            line,
            {UNREADABLE_WHEN} as is_unreadable,
            case
                when not ({UNREADABLE_WHEN}) and json_valid(line) and left(ltrim(line), 1) = '{{'
                    then from_json(line, '{shape}')
            end as r
        from {lines}
    ),

    typed as (
        select line_number, line, is_unreadable, r, {numbers}, {texts}
        from parsed
    )

    select
        * exclude (r),
        r is null as is_no_object,
        concat_ws(', ', {wrong}) as wrong_fields,
        -- A mapping may name either of the two.
        concat_ws('/', user_name, nullif(custom_id, coalesce(user_name, ''))) as consumer,
        concat_ws('/', service_name, nullif(host, coalesce(service_name, ''))) as provider
    from typed
    """


FORMAT = LogFormat(
    name="kong",
    document_start=None,
    fields=_fields,
    is_ours="coalesce(started_ms::varchar, request_id, service_name, total_ms::varchar, client_ip)"
    " is not null",
    problems=(
        *UNREADABLE,
        Problem(
            "record",
            "is_no_object and not is_unreadable",
            "'diharapkan satu objek JSON yang utuh, ditemukan ' || case when json_valid(line) then 'JSON yang"
            " bukan objek' else 'JSON yang terpotong atau rusak (' || length(line) || ' karakter)' end",
        ),
        Problem(
            "type",
            "wrong_fields <> ''",
            "'diharapkan bilangan bulat pada waktu, kode dan ukuran, teks pada nama; ditemukan jenis lain"
            " pada: ' || wrong_fields",
        ),
        Problem(
            "time",
            "not is_no_object and started_ms is null and not contains(wrong_fields, 'started_at')",
            "'kolom started_at: diharapkan waktu epoch dalam milidetik, ditemukan kosong'",
        ),
        Problem(
            "time_epoch",
            f"started_ms not between 0 and {LAST_MS}",
            "'kolom started_at: diharapkan waktu epoch dalam milidetik, ditemukan bilangan lain'",
        ),
        Problem(
            "number",
            f"status not between 100 and 999 or request_size not between 0 and {MAX_BYTES}"
            f" or response_size not between 0 and {MAX_BYTES}"
            f" or total_ms not between -{LAST_MS} and {LAST_MS}"
            f" or proxy_ms not between -{LAST_MS} and {LAST_MS}",
            "'diharapkan response.status 100 sampai 999, ukuran dari 0 bita, lama dalam milidetik; ditemukan"
            " bilangan di luar itu'",
        ),
        Problem(
            "status",
            "not is_no_object and status is null and not contains(wrong_fields, 'response.status')",
            "'kolom response.status: diharapkan kode jawaban, ditemukan kosong'",
        ),
        Problem(
            "service",
            "not is_no_object and service_name is null and host is null",
            "'kolom service.name: diharapkan nama layanan, ditemukan kosong (permintaan tanpa rute)'",
        ),
    ),
    started_at=f"case when started_ms between 0 and {LAST_MS} then make_timestamp(started_ms * 1000) end",
    masks={
        "consumer": "mask_identity",
        "provider": "mask_identity",
        "route": "mask_text",
        "uri": "route_template",
        "client_ip": "ip_pseudonym",
    },
    record={
        "record_id": "mask_id(request_id)",
        "consumer_identity": "nullif(consumer, '')",
        "provider_identity": "provider",
        "service_code": "coalesce(route, concat_ws(' ', method, uri))",
        "protocol": "protocol",
        "method": "method",
        "status_code": "status",
        "succeeded": "status < 400",
        "duration_ms": "total_ms",
        # -1 where the gateway itself answered.
        "backend_ms": "case when proxy_ms >= 0 then proxy_ms end",
        "request_bytes": "request_size",
        "response_bytes": "response_size",
        "ip_pseudo": "client_ip",
    },
    hash_columns=JSON_RECORD,
    kept_words=(
        *_SHAPE,
        *(part for parts in _SHAPE.values() for part in parts),
        *(
            "started_at",
            "client_ip",
            "kong",
            "receive",
            "upstream_uri",
            "upstream_status",
            "tries",
            "headers",
        ),
        *("querystring", "authenticated_entity", "workspace", "port", "path", "paths", "methods", "url"),
        *("http", "https", "GET", "POST", "PUT", "DELETE", "PATCH", "true", "false", "null"),
    ),
)
