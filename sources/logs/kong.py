"""The file-log of Kong, one JSON object per request.

Headers, query strings and addresses are not kept. Sizes may be texts (old versions). A request that no route
took has no service and is quarantined: it is no call of a service. A call that got no answer has no status.
"""

from sources.logs.record import (
    JSON_RECORD,
    LAST_MS,
    MAX_MESSAGE_BYTES,
    NO_OBJECT,
    PARTS,
    UNREADABLE,
    UNREADABLE_WHEN,
    LogFormat,
    Problem,
    duration_sql,
    is_nested_sql,
    is_no_name_sql,
    is_no_status_sql,
    status_sql,
)

_SHAPE = {
    "request": ("method", "uri", "size", "id"),
    "response": ("status", "size"),
    "latencies": ("request", "proxy"),
    "consumer": ("username", "custom_id"),
    "service": ("name", "host", "protocol"),
    "route": ("name",),
}
_STATUS = "r.response.status"
_NUMBERS = {
    "started_ms": "r.started_at",
    "request_size": "r.request.size",
    "response_size": "r.response.size",
    "total_ms": "r.latencies.request",
    "proxy_ms": "r.latencies.proxy",
}
# What one call lacks, another need not lack: they are dropped where they are no number.
_DURATIONS = ("total_ms", "proxy_ms")
_NAMES = {
    "user_name": "r.consumer.username",
    "custom_id": "r.consumer.custom_id",
    "service_name": "r.service.name",
    "host": "r.service.host",
}
_TEXTS = {
    "request_id": "r.request.id",
    "protocol": "r.service.protocol",
    "route": "r.route.name",
    "client_ip": "r.client_ip",
}


_TOP = ("started_at", "client_ip")
# `r` is a struct or a relation, with one struct for each object inside.
_TYPED = ", ".join(
    [
        *(f"try_cast({path} as bigint) as {name}, {path} as {name}_text" for name, path in _NUMBERS.items()),
        f"{status_sql(_STATUS)} as status, {_STATUS} as status_text",
        *(f"nullif({path}, '') as {name}" for name, path in _TEXTS.items()),
        *(f"nullif({path}, '') as {name}" for name, path in _NAMES.items()),
        "upper(nullif(r.request.method, '')) as method",
        "short_target(r.request.uri) as uri",
    ]
)
_WRONG = {
    **{
        path[2:]: f"{name} is null and {name}_text is not null"
        for name, path in _NUMBERS.items()
        if name not in _DURATIONS
    },
    _STATUS[2:]: is_no_status_sql("status", "status_text"),
    **{path[2:]: is_nested_sql(name) for name, path in _NAMES.items()},
    **{_TEXTS[name][2:]: is_nested_sql(name) for name in ("request_id", "route")},
}
# A mapping may name either of the two.
_NAMED = """
    concat_ws('/', user_name, nullif(custom_id, coalesce(user_name, ''))) as consumer,
    concat_ws('/', service_name, nullif(host, coalesce(service_name, ''))) as provider
"""


def _fields(lines: str) -> str:
    inner = {name: ", ".join(f'"{part}": "VARCHAR"' for part in parts) for name, parts in _SHAPE.items()}
    shape = ", ".join(
        [
            *(f'"{name}": "VARCHAR"' for name in _TOP),
            *(f'"{name}": {{{text}}}' for name, text in inner.items()),
        ]
    )
    wrong_names = ", ".join(f"case when {when} then '{name}' end" for name, when in _WRONG.items())
    return f"""
    with parsed as (
        select
            line_number,
            line,
            {UNREADABLE_WHEN} as is_unreadable,
            case
                when not ({UNREADABLE_WHEN}) and json_valid(line) and left(ltrim(line), 1) = '{{'
                    then from_json(line, '{{{shape}}}')
            end as r
        from {lines}
    ),

    typed as (
        select line_number, line, is_unreadable, r is null as is_no_object, {_TYPED}
        from parsed
    )

    select
        *,
        concat_ws(', ', {wrong_names}) as wrong_fields,
        {_NAMED}
    from typed
    """


def _fast_fields(scratch: str, _: bytes) -> str:
    inner = {name: ", ".join(f'"{part}" VARCHAR' for part in parts) for name, parts in _SHAPE.items()}
    columns = ", ".join(
        [
            *(f"\"{name}\": 'VARCHAR'" for name in _TOP),
            *(f"\"{name}\": 'STRUCT({text})'" for name, text in inner.items()),
        ]
    )
    # A line that is no object is a row of NULLs, so it lacks its time.
    return f"""
    select
        * exclude ({", ".join(f"{name}_text" for name in (*_NUMBERS, "status"))}),
        case when {" or ".join(_WRONG.values())} then '?' else '' end as wrong_fields,
        false as is_unreadable,
        false as is_no_object,
        {_NAMED}
    from (
        select {_TYPED}
        from read_json(
            {scratch}, format = 'newline_delimited', ignore_errors = true, columns = {{{columns}}}
        ) as r
    )
    """


FORMAT = LogFormat(
    name="kong",
    fields=_fields,
    fast_fields=_fast_fields,
    is_ours="coalesce(started_ms::varchar, request_id, service_name, total_ms::varchar, client_ip)"
    " is not null",
    problems=(
        *UNREADABLE,
        Problem(
            "record",
            "is_no_object and not is_unreadable",
            "'satu objek JSON yang utuh'",
            NO_OBJECT,
        ),
        Problem(
            "type",
            "wrong_fields <> ''",
            "'bilangan bulat pada waktu, kode dan ukuran, teks pada nama'",
            "'jenis lain pada: ' || wrong_fields",
            between="; ditemukan ",
        ),
        Problem(
            "time",
            "not is_no_object and started_ms is null and not contains(wrong_fields, 'started_at')",
            "'waktu epoch dalam milidetik'",
            "'kosong'",
            "started_at",
        ),
        Problem(
            "time_epoch",
            f"started_ms not between 0 and {LAST_MS}",
            "'waktu epoch dalam milidetik'",
            "'bilangan lain'",
            "started_at",
        ),
        Problem(
            "number",
            f"status not between 100 and 999 or request_size not between 0 and {MAX_MESSAGE_BYTES}"
            f" or response_size not between 0 and {MAX_MESSAGE_BYTES}",
            "'response.status 100 sampai 999 (0 atau -1 jika tanpa jawaban) dan ukuran dari 0 bita'",
            "'bilangan di luar itu'",
            between="; ditemukan ",
        ),
        Problem(
            "service",
            f"not is_no_object and {is_no_name_sql('service_name')} and {is_no_name_sql('host')}",
            "'nama layanan'",
            "'kosong (permintaan tanpa rute)'",
            "service.name",
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
    names={"consumer": PARTS, "provider": PARTS},
    record={
        "record_id": "mask_id(request_id)",
        "protocol": "protocol",
        "method": "method",
        "status_code": "status",
        "succeeded": "coalesce(status < 400, false)",
        "duration_ms": duration_sql("total_ms"),
        # -1 where the gateway itself answered.
        "backend_ms": duration_sql("proxy_ms"),
        "request_bytes": "request_size",
        "response_bytes": "response_size",
    },
    named={
        "consumer_identity": "nullif(consumer, '')",
        "provider_identity": "provider",
        "service_code": "coalesce(route, concat_ws(' ', method, uri))",
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
