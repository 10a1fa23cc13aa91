"""Analytics events of WSO2 API Manager, which the national SPLP runs, one record per call.

Four shapes, told line by line: the text line `Metric Name: apim:response Metric Value: {key=value, …}` (also
`apim:faulty`), that line inside the JSON that containers write (`{"log": …}`), a JSON object with the same
keys and nested `properties`, and the 3.x event with its own names of code and times. The value of the text
line is a Java map: `null` is text, commas and equal signs may stand inside values. Whatever stands before
`Metric Name:` is not read; its time has no date. Destinations and addresses are not kept.
"""

from sources.logs.record import (
    AGENT,
    JSON_RECORD,
    LAST_MS,
    MAX_BYTES,
    UNREADABLE,
    UNREADABLE_WHEN,
    LogFormat,
    Problem,
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


def _text_value(name: str) -> str:
    return f"nullif(regexp_extract(flat, '(?:^|, ){name}=(.*?)(?:, [A-Za-z][A-Za-z0-9]*=|$)', 1), '')"


def _fields(lines: str) -> str:
    shape = ", ".join(f'"{name}": "VARCHAR"' for name in _KEYS)
    shape += ', "properties": {"userName": "VARCHAR", "userAgent": "VARCHAR"}'
    from_text = ", ".join(f'"{name}": {_text_value(name)}' for name in _KEYS)
    values = ", ".join(f"nullif(nullif(r.\"{name}\", ''), 'null') as \"{name}\"" for name in _KEYS)
    numbers = ", ".join(
        "try_cast(coalesce(" + ", ".join(f'"{name}"' for name in names) + f') as bigint) as "{field}"'
        for field, names in _NUMBERS.items()
    )
    wrong_names = ", ".join(
        "case when "
        + f'"{field}" is null and coalesce('
        + ", ".join(f'"{name}"' for name in names)
        + f") is not null then '{names[0]}' end"
        for field, names in _NUMBERS.items()
    )
    nested = ", ".join(
        f"case when left(\"{name}\", 1) in ('{{', '[') then '{name}' end"
        for name in ("apiName", "apiVersion", "apiCreatorTenantDomain", "applicationName", "correlationId")
    )
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

    keyed as (
        select *, regexp_extract_all(flat, '(?:^|, )([A-Za-z][A-Za-z0-9]*)=', 1) as keys
        from flattened
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
                            'userName': regexp_extract(properties, '(?:^|, )userName=([^,]*)', 1),
                            'userAgent': null::varchar
                        }}
                    }}
            end as r
        from keyed
    ),

    typed as (
        select
            * exclude (r),
            r is null as is_no_event,
            {values},
            nullif(nullif(r."properties"."userName", ''), 'null') as inner_user
        from parsed
    ),

    counted as (
        select
            *,
            {numbers},
            try_cast("requestTimestamp" as bigint) as epoch_ms,
            case when not regexp_matches("requestTimestamp", '^-?[0-9.]+$')
                then try_cast("requestTimestamp" as timestamptz) at time zone 'UTC' end as iso_time
        from typed
    )

    select
        line_number,
        line,
        is_unreadable,
        metric,
        is_ambiguous,
        is_no_event,
        concat_ws(', ', {wrong_names}, {nested}) as wrong_fields,
        "requestTimestamp",
        coalesce(
            iso_time, case when epoch_ms between 0 and {LAST_MS} then make_timestamp(epoch_ms * 1000) end
        ) as request_time,
        "correlationId",
        "apiName",
        concat_ws('/', "apiCreatorTenantDomain", "apiName") as provider,
        concat_ws('/', "apiName", "apiVersion") as api,
        "apiResourceTemplate" as resource,
        -- A login of the form user@domain names the domain, which is the tenant, and not the person.
        concat_ws(
            '/',
            case when "userTenantDomain" <> 'carbon.super' then "userTenantDomain" end,
            nullif(regexp_replace("applicationOwner", '^.*@', ''), coalesce("userTenantDomain", '')),
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
        nullif(regexp_extract("userAgent", '{AGENT}', 1), '') as agent
    from counted
    """


FORMAT = LogFormat(
    name="wso2",
    document_start=None,
    fields=_fields,
    fast_fields=lambda scratch, opening: None,
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
        "agent": "mask_text",
    },
    record={
        "record_id": 'mask_id("correlationId")',
        "consumer_identity": "nullif(consumer, '')",
        "provider_identity": "provider",
        "service_code": "concat_ws('', api, case when left(resource, 1) <> '/' then '/' end, resource)",
        "protocol": '"apiType"',
        "method": '"apiMethod"',
        "status_code": "status",
        "succeeded": "status < 400 and not is_fault and throttled <> 'true'",
        "fault_code": '"errorType"',
        "duration_ms": "duration",
        # -1 where the gateway itself answered.
        "backend_ms": "case when backend >= 0 then backend end",
        "response_bytes": "size",
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
