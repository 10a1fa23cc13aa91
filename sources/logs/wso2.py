"""Analytics events of WSO2 API Manager, which the national SPLP runs, one record per call.

Four shapes, told line by line: the text line `Metric Name: apim:response Metric Value: {key=value, …}` (also
`apim:faulty`), that line inside the JSON that containers write (`{"log": …}`), a JSON object with the same
keys and nested `properties`, and the 3.x event with its own names of code and times. The value of the text
line is a Java map: `null` is text, commas and equal signs may stand inside values. Whatever stands before
`Metric Name:` is not read; its time has no date. Destinations and addresses are not kept.
"""

import json
import re

from sources.logs.record import (
    JSON_RECORD,
    LAST_MS,
    LINES,
    MAX_BYTES,
    UNREADABLE,
    UNREADABLE_WHEN,
    LogFormat,
    Problem,
    is_nested_sql,
)

# Of the two names of one number the first is the 4.x one, the second the 3.x one.
_NUMBERS = {
    "status": ("proxyResponseCode", "responseCode"),
    "duration": ("responseLatency", "responseTime"),
    "backend": ("backendLatency", "backendTime"),
    "size": ("responseSize",),
}
_TEXTS = (
    *("apiName", "apiVersion", "apiResourceTemplate", "apiMethod", "apiType", "apiCreatorTenantDomain"),
    *("applicationName", "applicationOwner", "userTenantDomain", "correlationId", "requestTimestamp"),
    *("eventType", "errorType", "throttledOut", "userAgent", "userIp", "userName"),
)
_KEYS = (*(name for names in _NUMBERS.values() for name in names), *_TEXTS)


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
    **{names[0]: f"{field} is null and {_first(names)} is not null" for field, names in _NUMBERS.items()},
    **{
        name: is_nested_sql(f'"{name}"')
        for name in ("apiName", "apiVersion", "apiCreatorTenantDomain", "applicationName", "correlationId")
    },
}


def _fields(lines: str) -> str:
    shape = ", ".join(f'"{name}": "VARCHAR"' for name in _KEYS)
    shape += ', "properties": {"userName": "VARCHAR"}'
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
                when left(ltrim(line), 1) <> '{{' then line
                when json_valid(line) then coalesce(json_extract_string(line, '$.log'), line)
            end as event
        from {lines}
    ),

    told as (
        select
            *,
            regexp_extract(event, 'Metric Name: *(apim:[a-z]+)', 1) as metric,
            case
                when left(ltrim(event), 1) = '{{' then event
                else
                    trim(regexp_extract(event, '(?:Metric Value|properties) *: *(\{{.*)$', 1, 's'), E' \t\n')
            end as body
        from unwrapped
    ),

    -- A Java map: what stands in parentheses, and the inner map, hide their commas.
    flattened as (
        select
            *,
            left(body, 2) = '{{"' and json_valid(body) as is_json,
            regexp_extract(body, '(?:^\{{|, )properties=\{{([^{{}}]*)\}}', 1) as properties,
            case
                when
                    left(body, 2) <> '{{"'
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
                when is_json then from_json(body, '{{{shape}}}')
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
    line = opening.partition(b"\n")[0].decode(errors="replace")
    try:
        document = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return None
    if not line.startswith("{"):
        return _fast_text(line, LINES.format(scratch), "line")
    if isinstance(document.get("log"), str):
        return _fast_text(document["log"], _JSON.format(scratch, "\"log\": 'VARCHAR'"), "rtrim(log, chr(10))")
    columns = ", ".join(f"\"{name}\": 'VARCHAR'" for name in _KEYS)
    columns += ", \"properties\": 'STRUCT(userName VARCHAR)'"
    typed = f"""(
        select '' as metric, "apiName" is null as is_no_event, {_VALUES}
        from {_JSON.format(scratch, columns)} as r
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


_JSON = "read_json({}, format = 'newline_delimited', ignore_errors = true, columns = {{{}}})"
_ANY_WRONG = f"case when {' or '.join(_WRONG.values())} then '?' else '' end"


def _named(typed: str, wrong_fields: str, kept: str) -> str:
    """The fields of events whose keys are columns of texts."""
    numbers = ", ".join(
        f"try_cast({_first(names)} as bigint) as {field}" for field, names in _NUMBERS.items()
    )
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
            when not regexp_matches("requestTimestamp", '^-?[0-9.]+$')
                then try_cast("requestTimestamp" as timestamptz) at time zone 'UTC'
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
        "apiType",
        "apiMethod",
        status,
        duration,
        backend,
        size,
        coalesce("eventType", '') = 'fault' or coalesce(metric, '') = 'apim:faulty' as is_fault,
        coalesce("throttledOut", 'false') as throttled,
        "errorType",
        coalesce(inner_user, "userName") as login,
        "userIp",
        "userAgent" as agent
    from (select *, {numbers} from {typed})
    """


FORMAT = LogFormat(
    name="wso2",
    document_start=None,
    fields=_fields,
    fast_fields=_fast_fields,
    is_ours="coalesce(metric, '') <> '' or (not is_no_event and coalesce(\"apiName\", \"requestTimestamp\","
    ' "correlationId") is not null)',
    problems=(
        *UNREADABLE,
        Problem(
            "record",
            "not is_unreadable and is_no_event",
            "case when coalesce(metric, '') <> '' then 'diharapkan Metric Value yang utuh di dalam kurung"
            " kurawal, ditemukan baris yang terpotong (' || length(line) || ' karakter)'"
            " else 'diharapkan baris Metric Name: apim:response atau apim:faulty, atau satu objek JSON yang"
            " utuh, ditemukan baris lain (' || length(line) || ' karakter)' end",
        ),
        Problem(
            "keys",
            "is_ambiguous",
            "'diharapkan setiap kunci satu kali, ditemukan kunci yang berulang'",
        ),
        Problem(
            "type",
            "wrong_fields <> ''",
            "'diharapkan bilangan bulat pada kode dan waktu, teks pada nama; ditemukan jenis lain pada: '"
            " || wrong_fields",
        ),
        Problem(
            "time",
            "not is_no_event and request_time is null",
            "'kolom requestTimestamp: diharapkan waktu ISO atau epoch dalam milidetik, ditemukan '"
            " || case when \"requestTimestamp\" is null then 'kosong' else 'teks lain' end",
        ),
        Problem(
            "number",
            f"status not between 100 and 999 or size not between 0 and {MAX_BYTES}"
            f" or duration not between -{LAST_MS} and {LAST_MS}"
            f" or backend not between -{LAST_MS} and {LAST_MS}",
            "'diharapkan kode 100 sampai 999, ukuran dari 0 bita, lama dalam milidetik; ditemukan bilangan di"
            " luar itu'",
        ),
        Problem(
            "status",
            "not is_no_event and status is null and wrong_fields = ''",
            "'kolom proxyResponseCode: diharapkan kode jawaban, ditemukan kosong'",
        ),
        Problem(
            "service",
            'not is_no_event and "apiName" is null',
            "'kolom apiName: diharapkan nama layanan, ditemukan kosong'",
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
    record={
        "record_id": 'mask_id("correlationId")',
        "protocol": '"apiType"',
        "method": '"apiMethod"',
        "status_code": "status",
        "succeeded": "status < 400 and not is_fault and throttled <> 'true'",
        "duration_ms": "duration",
        # -1 where the gateway itself answered.
        "backend_ms": "case when backend >= 0 then backend end",
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
