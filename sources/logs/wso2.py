"""Analytics events of WSO2 API Manager, which the national SPLP runs, one record per call.

Four shapes, told line by line: the text line `Metric Name: apim:response Metric Value: {key=value, …}` (also
`apim:faulty`), the line for ELK `apimMetrics: apim:response, properties :{JSON}`, a JSON object with the same
keys and nested `properties`, and the 3.x event with its own names of code and times. The value of the text
line is a Java map: `null` is text, commas and equal signs may stand inside values. Whatever stands before
`Metric Name:` is not read; its time has no date. `apim:faulty` is a fault whatever the code; a call that got
no answer has no code. Destinations and addresses are not kept.
"""

import re

from sources.logs.record import (
    CLOCK_IN_UTC,
    JSON_RECORD,
    LAST_MS,
    LINES,
    MAX_MESSAGE_BYTES,
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

# Of the two names of one number the first is the 4.x one, the second the 3.x one.
_STATUS = ("proxyResponseCode", "responseCode")
_NUMBERS = {
    "duration": ("responseLatency", "responseTime"),
    "backend": ("backendLatency", "backendTime"),
    "size": ("responseSize",),
}
_TEXTS = (
    *("apiName", "apiVersion", "apiResourceTemplate", "apiMethod", "apiType", "apiCreatorTenantDomain"),
    *("applicationName", "applicationOwner", "userTenantDomain", "correlationId", "requestTimestamp"),
    *("eventType", "errorType", "throttledOut", "userAgent", "userIp", "userName"),
)
_KEYS = (*_STATUS, *(name for names in _NUMBERS.values() for name in names), *_TEXTS)


def _given(text: str) -> str:
    return f"case when {text} not in ('', 'null') then {text} end"


_VALUES = ", ".join(
    [
        *(_given(f'r."{name}"') + f' as "{name}"' for name in _KEYS),
        _given('r."properties"."userName"') + " as inner_user",
    ]
)


def _first(names: tuple[str, ...]) -> str:
    return f"coalesce({', '.join(names)}, null)"


_WRONG = {
    _STATUS[0]: is_no_status_sql("status", _first(_STATUS)),
    "responseSize": 'size is null and "responseSize" is not null',
    **{
        name: is_nested_sql(f'"{name}"')
        for name in ("apiName", "apiVersion", "apiCreatorTenantDomain", "applicationName", "correlationId")
    },
}


_SHAPE = ", ".join([*(f'"{name}": "VARCHAR"' for name in _KEYS), '"properties": {"userName": "VARCHAR"}'])


def _fields(lines: str) -> str:
    from_text = ", ".join(f"\"{name}\": texts[list_position(keys, '{name}')]" for name in _KEYS)
    wrong_names = ", ".join(f"case when {when} then '{name}' end" for name, when in _WRONG.items())
    return rf"""
    with unwrapped as (
        select
            line_number,
            line,
            {UNREADABLE_WHEN} as is_unreadable,
            case
                when {UNREADABLE_WHEN} then null
                when left(ltrim(line), 1) <> '{{' or json_valid(line) then line
            end as event
        from {lines}
    ),

    told as (
        select
            *,
            lower(regexp_extract(event, '{_METRIC}', 1)) as metric,
            case
                -- The event stands inside what its sender wraps around it.
                when left(ltrim(event), 1) = '{{'
                    then case
                        when json_exists(event, '$.apiName') or not json_exists(event, '$.properties.apiName')
                            then trim(event)
                        else json_extract(event, '$.properties')::varchar
                    end
                else
                    trim(regexp_extract(event, '(?:Metric Value|properties) *: *(\{{.*)$', 1, 's'), E' \t\n')
            end as body
        from unwrapped
    ),

    -- A Java map: what stands in parentheses, and the inner map, hide their commas.
    flattened as (
        select
            *,
            regexp_matches(body, '^\{{\s*"') and json_valid(body) as is_json,
            regexp_extract(body, '(?:^\{{|, )properties=\{{([^{{}}]*)\}}', 1) as properties,
            case
                when
                    not regexp_matches(body, '^\{{\s*"')
                    and right(body, 1) = '}}'
                    and length(replace(body, '{{', '')) = length(replace(body, '}}', ''))
                    then regexp_replace(
                        regexp_replace(substr(body, 2, length(body) - 2), '\([^()]*\)', '', 'g'),
                        '(^|, )properties=\{{[^{{}}]*\}}', '', 'g'
                    )
            end as flat
        from told
    ),

    -- No line holds the two separators: control characters are no text.
    paired as (
        select
            *,
            string_split(
                regexp_replace(
                    flat, '(?:^|, )([A-Za-z][A-Za-z0-9]*)=', chr(30) || '\1' || chr(31), 'g'
                ),
                chr(30)
            )[2:] as pairs
        from flattened
    ),

    keyed as (
        select
            *,
            list_transform(pairs, lambda pair: split_part(pair, chr(31), 1)) as keys,
            list_transform(pairs, lambda pair: nullif(split_part(pair, chr(31), 2), '')) as texts
        from paired
    ),

    parsed as (
        select
            line_number,
            line,
            is_unreadable,
            metric,
            len(keys) > len(list_distinct(keys)) as is_ambiguous,
            case
                when is_json then from_json(body, '{{{_SHAPE}}}')
                when flat <> ''
                    then {{
                        {from_text},
                        'properties': {{
                            'userName': regexp_extract(properties, '(?:^|, )userName=([^,]*)', 1)
                        }}
                    }}
            end as r
        from keyed
    ),

    typed as (
        select
            * exclude (r),
            r is null as is_no_event,
            {_VALUES}
        from parsed
    )

    {_named("typed", f"concat_ws(', ', {wrong_names})", "line_number, line, ")}
    """


def _fast_fields(scratch: str, opening: bytes) -> str | None:
    line = opening.partition(b"\n")[0].decode(errors="replace").lstrip()
    if line.startswith("{"):
        columns = ", ".join(f"\"{name}\": 'VARCHAR'" for name in (*_KEYS, "apimMetrics"))
        columns += ", \"properties\": 'STRUCT(userName VARCHAR)'"
        return _fast_json("coalesce(lower(r.\"apimMetrics\"), '')", f"{_JSON.format(scratch, columns)} as r")
    if re.search(r"apimMetrics: apim:[a-z]+, properties ?: ?\{\"", line):
        return _fast_json(
            "metric",
            f"""(
                select metric, case when json_valid(body) then from_json(body, '{{{_SHAPE}}}') end as r
                from (
                    select
                        regexp_extract(line, 'apimMetrics: (apim:[a-z]+), properties ?:', 1) as metric,
                        substr(line, strpos(line, '{{')) as body
                    from {LINES.format(scratch)}
                )
            )""",
        )
    return _fast_text(line, LINES.format(scratch), "line")


def _fast_json(metric: str, source: str) -> str:
    typed = f"""(
        select {metric} as metric, r."apiName" is null as is_no_event, {_VALUES}
        from {source}
    )"""
    return _named(f"(select *, false as is_unreadable, false as is_ambiguous from {typed})", _ANY_WRONG, "")


def _fast_text(first: str, source: str, line: str) -> str | None:
    """Lines with the keys of the first one, in its order, are cut at their commas alone; others are left."""
    metric = re.search(r"Metric Name: (apim:[a-z]+) Metric Value: \{", first)
    if metric is None or not first.rstrip("\n").endswith("}"):
        return None
    parts = re.sub(r"\([^()]*\)", "", first.rstrip("\n")[metric.end() :]).split(", ")
    openings: list[str] = []
    conforms = [f"len(parts) = {len(parts)}"]
    values: dict[str, str] = {}
    is_inner = False
    for number, part in enumerate(parts, 1):
        prefix = re.match(r"(properties=\{)?([A-Za-z][A-Za-z0-9]*=)?", part)
        assert prefix is not None
        is_inner = is_inner or prefix[1] is not None
        ends_inner = is_inner and part.endswith("}")
        end = "}" * (int(ends_inner) + int(number == len(parts)))
        if not prefix[0] or (prefix[2] is None and not ends_inner):
            return None
        openings.append(prefix[0])
        value = f"substr(parts[{number}], {len(prefix[0]) + 1})"
        if end:
            conforms.append(f"ends_with(parts[{number}], '{end}')")
            value = f"left({value}, -{len(end)})"
        elif is_inner:
            # The end of an inner map would hide what follows.
            conforms.append(f"not ends_with(parts[{number}], '}}')")
        if prefix[2]:
            key = ("inner." if is_inner else "") + prefix[2][:-1]
            if key in values:
                # A value that looks like a key, as a forged user agent does: no model for other lines.
                return None
            values[key] = _given(value)
        is_inner = is_inner and not ends_inner
    # With as many commas as keys, keys in this order stand each behind its comma.
    conforms.append(f"body like '{'%, '.join(openings)}%'")
    given = ", ".join(f'{values.get(name, "null::varchar")} as "{name}"' for name in _KEYS)
    return _named(
        f"""(
            select
                '{metric[1]}' as metric,
                not coalesce({" and ".join(conforms)}, false) as is_no_event,
                {given},
                {values.get("inner.userName", "null::varchar")} as inner_user,
                false as is_unreadable, false as is_ambiguous
            from (
                select body, string_split(body, ', ') as parts
                from (
                    select
                        case
                            when contains(body, '(') then regexp_replace(body, '\\([^()]*\\)', '', 'g')
                            else body
                        end as body
                    from (select split_part({line}, '{metric[0]}', 2) as body from {source})
                )
            )
        )""",
        _ANY_WRONG,
        "",
    )


# `Metric Name: apim:response`, `apimMetrics: apim:response`, `"apimMetrics":"apim:response"`.
_METRIC = '(?i)(?:Metric Name|apimMetrics)"? *: *"?(apim:[a-z]+)'
_CLOCK = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_JSON = "read_json({}, format = 'newline_delimited', ignore_errors = true, columns = {{{}}})"
_ANY_WRONG = f"case when {' or '.join(_WRONG.values())} then '?' else '' end"


def _named(typed: str, wrong_fields: str, kept: str) -> str:
    """The fields of events whose keys are columns of texts."""
    numbers = ", ".join(
        f"try_cast({_first(names)} as bigint) as {field}" for field, names in _NUMBERS.items()
    )
    numbers += f", {status_sql(_first(_STATUS))} as status"
    return rf"""
    select
        {kept}
        is_unreadable,
        metric,
        is_ambiguous,
        is_no_event,
        {wrong_fields} as wrong_fields,
        "requestTimestamp",
        case
            -- Without a look-up of zones, which costs more than all else.
            when right("requestTimestamp", 1) = 'Z' then try_cast("requestTimestamp" as timestamp)
            when regexp_matches("requestTimestamp", '[0-9][+-](0[0-9]|1[0-3]|14:?00$)(:?[0-5][0-9])?$')
            and contains("requestTimestamp", ':')
                then try_cast("requestTimestamp" as timestamptz) at time zone 'UTC'
            when regexp_full_match("requestTimestamp", '{_CLOCK}')
                then {CLOCK_IN_UTC.format('try_cast("requestTimestamp" as timestamp)')}
            when try_cast("requestTimestamp" as bigint) between 0 and {LAST_MS}
                then make_timestamp(try_cast("requestTimestamp" as bigint) * 1000)
        end as request_time,
        "correlationId",
        "apiName",
        concat_ws('/', "apiCreatorTenantDomain", "apiName") as provider,
        concat_ws('/', "apiName", "apiVersion") as api,
        "apiResourceTemplate" as resource,
        -- A login of the form user@domain names the domain, which is the tenant, and not the person.
        concat_ws(
            '/',
            case when "userTenantDomain" <> 'carbon.super' then "userTenantDomain" end,
            nullif(
                case
                    when contains("applicationOwner", '@') then regexp_replace("applicationOwner", '^.*@', '')
                    else "applicationOwner"
                end,
                coalesce("userTenantDomain", '')
            ),
            "applicationName"
        ) as consumer,
        upper("apiType") as "apiType",
        upper("apiMethod") as "apiMethod",
        status,
        duration,
        backend,
        size,
        coalesce(lower("eventType"), '') in ('fault', 'faulty')
        or coalesce(metric, '') = 'apim:faulty' as is_fault,
        coalesce(lower("throttledOut"), 'false') as throttled,
        "errorType",
        coalesce(inner_user, "userName") as login,
        "userIp",
        "userAgent" as agent
    from (select *, {numbers} from {typed})
    """


FORMAT = LogFormat(
    name="wso2",
    fields=_fields,
    fast_fields=_fast_fields,
    is_ours="coalesce(metric, '') <> '' or (not is_no_event and coalesce(\"apiName\", \"requestTimestamp\","
    ' "correlationId") is not null)',
    problems=(
        *UNREADABLE,
        Problem(
            "record",
            "not is_unreadable and is_no_event",
            "case when coalesce(metric, '') <> '' then 'Metric Value yang utuh di dalam kurung kurawal'"
            " else 'baris Metric Name: apim:response atau apim:faulty, atau satu objek JSON yang utuh' end",
            "case when coalesce(metric, '') <> '' then 'baris yang terpotong' else 'baris lain' end"
            " || ' (' || length(line) || ' karakter)'",
        ),
        Problem(
            "keys",
            "is_ambiguous",
            "'setiap kunci satu kali'",
            "'kunci yang berulang'",
        ),
        Problem(
            "type",
            "wrong_fields <> ''",
            "'bilangan bulat pada kode dan waktu, teks pada nama'",
            "'jenis lain pada: ' || wrong_fields",
            between="; ditemukan ",
        ),
        Problem(
            "time",
            "not is_no_event and request_time is null",
            "'waktu ISO atau epoch dalam milidetik'",
            "case when \"requestTimestamp\" is null then 'kosong' else 'teks lain' end",
            "requestTimestamp",
        ),
        Problem(
            "number",
            f"status not between 100 and 999 or size not between 0 and {MAX_MESSAGE_BYTES}",
            "'kode 100 sampai 999 (0 atau -1 jika tanpa jawaban) dan ukuran dari 0 bita'",
            "'bilangan di luar itu'",
            between="; ditemukan ",
        ),
        Problem(
            "service",
            "not is_no_event and " + is_no_name_sql('"apiName"'),
            "'nama layanan'",
            "'kosong atau UNKNOWN'",
            "apiName",
        ),
    ),
    started_at="request_time",
    masks={
        "provider": "mask_identity",
        "consumer": "mask_identity",
        "api": "mask_text",
        "resource": "route_template",
        "errorType": "mask_text",
        "login": "pseudonym",
        "userIp": "ip_pseudonym",
        "agent": "agent_name",
    },
    names={"consumer": PARTS, "provider": PARTS, "api": PARTS},
    record={
        "record_id": 'mask_id("correlationId")',
        "protocol": '"apiType"',
        "method": '"apiMethod"',
        "status_code": "status",
        "succeeded": "coalesce(status < 400, false) and not is_fault and throttled <> 'true'",
        "duration_ms": duration_sql("duration"),
        # -1 where the gateway itself answered.
        "backend_ms": duration_sql("backend"),
        "response_bytes": "size",
    },
    named={
        "consumer_identity": "nullif(consumer, '')",
        "provider_identity": "provider",
        "service_code": "concat_ws('', api, case when left(resource, 1) <> '/' then '/' end, resource)",
        "fault_code": '"errorType"',
        "user_pseudo": "login",
        "ip_pseudo": '"userIp"',
        "agent": "agent",
    },
    hash_columns=JSON_RECORD,
    kept_words=(
        *_KEYS,
        *("Metric", "Name", "Value", "apim", "response", "faulty", "fault", "properties", "log", "stream"),
        *("INFO", "LogCounterMetric", "stdout", "null", "true", "false", "HTTP", "WS"),
        *("GET", "POST", "PUT", "DELETE", "PATCH"),
    ),
)
