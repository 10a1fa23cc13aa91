"""X-Road operational monitoring data (PR-OPMON 1.7), one record per side of a call.

Old (`requestSoapSize`, `soapFaultCode`) and new field names; names of sides and of methods know no case. A
field without a value is absent. Fault texts, REST paths and represented parties are not kept.
"""

from sources.logs.record import (
    LAST_MS,
    MAX_MESSAGE_BYTES,
    MEMBER,
    NO_ANSWERS,
    NO_OBJECT,
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

_TIMES = ("requestInTs", "requestOutTs", "responseInTs", "responseOutTs")
_SIZES = tuple(f"{way}{kind}" for way in ("request", "response") for kind in ("Size", "SoapSize", "RestSize"))
_NUMBERS = (*_TIMES, *_SIZES)
_MEMBERS = tuple(
    f"{role}{part}"
    for role in ("client", "service")
    for part in ("XRoadInstance", "MemberClass", "MemberCode", "SubsystemCode")
)
_TEXTS = (
    "securityServerType",
    "securityServerInternalIp",
    *_MEMBERS,
    "serviceCode",
    "serviceVersion",
    "messageId",
    "messageUserId",
    "succeeded",
    "faultCode",
    "soapFaultCode",
    "serviceType",
    "restMethod",
    "xRequestId",
)
# Words of a closed list know no case.
_CODES = {"securityServerType": "lower", "succeeded": "lower", "serviceType": "upper", "restMethod": "upper"}
_ALL = (*_NUMBERS, "statusCode", *_TEXTS)
_NAMES_SHOWN = (
    *_ALL,
    *("monitoringDataTs", "clientSecurityServerAddress", "serviceSecurityServerAddress"),
    *("representedPartyClass", "representedPartyCode", "messageIssue", "messageProtocolVersion"),
    *("requestMimeSize", "responseMimeSize", "requestAttachmentCount", "responseAttachmentCount"),
    *("faultString", "soapFaultString", "restPath", "xRoadVersion", "records"),
    *("Client", "Producer", "true", "false", "null"),
    *("WSDL", "REST", "OPENAPI3", "GET", "POST", "PUT", "DELETE"),
)


_WRONG = {
    # The other times only make durations, and a duration that cannot be is none.
    **{name: f'"{name}" is null and "{name}Text" is not null' for name in ("requestInTs", *_SIZES)},
    "statusCode": is_no_status_sql('"statusCode"', '"statusCodeText"'),
    **{name: is_nested_sql(f'"{name}"') for name in (*_MEMBERS, "serviceCode", "xRequestId")},
    "succeeded": "\"succeeded\" not in ('true', 'false')",
}
# `r` is a struct or a relation with all names as texts: a wrong type stays visible, a missing field is NULL.
_TYPED = ", ".join(
    [
        *(f'try_cast(r."{name}" as bigint) as "{name}", r."{name}" as "{name}Text"' for name in _NUMBERS),
        status_sql('r."statusCode"') + ' as "statusCode", r."statusCode" as "statusCodeText"',
        *(f'nullif(r."{name}", \'\') as "{name}"' for name in _TEXTS if name not in _CODES),
        *(f'{case}(nullif(r."{name}", \'\')) as "{name}"' for name, case in _CODES.items()),
    ]
)


def _identity(role: str) -> str:
    parts = [f'"{role}{part}"' for part in ("XRoadInstance", "MemberClass", "MemberCode")]
    whole = " and ".join(f"{part} is not null" for part in parts)
    joined = ", '/', ".join(parts)
    # A third cheaper than `concat_ws`.
    return f"case when {whole} then concat({joined}, '/' || \"{role}SubsystemCode\") end"


def _between(earlier: str, later: str) -> str:
    # Both in bounds first, since a difference may overflow.
    bounds = " and ".join(f'"{name}" between 0 and {LAST_MS}' for name in (earlier, later))
    return duration_sql(f'(case when {bounds} then "{later}" - "{earlier}" end)')


_NAMED = f"""
    {_identity("client")} as consumer,
    {_identity("service")} as provider,
    "serviceCode" || case when "serviceVersion" is null then '' else '/' || "serviceVersion" end as service,
    coalesce("faultCode", "soapFaultCode") as fault
"""


def _fields(lines: str) -> str:
    shape = ", ".join(f'"{name}": "VARCHAR"' for name in _ALL)
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
    columns = ", ".join(f"\"{name}\": 'VARCHAR'" for name in _ALL)
    # A line that is no object is a row of NULLs, so it lacks its side.
    return f"""
    select
        * exclude ({", ".join(f'"{name}Text"' for name in _NUMBERS)}),
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
    name="xroad",
    fields=_fields,
    fast_fields=_fast_fields,
    is_ours='coalesce("securityServerType", "xRequestId", "serviceCode", "requestInTs"::varchar) is not null',
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
            "'bilangan bulat pada waktu dan ukuran, true/false pada succeeded, teks pada nama'",
            "'jenis lain pada: ' || wrong_fields",
            between="; ditemukan ",
        ),
        Problem(
            "side",
            "not is_no_object and coalesce(\"securityServerType\", '') not in ('client', 'producer')",
            "'Client atau Producer'",
            "case when \"securityServerType\" is null then 'kosong' else 'teks lain' end",
            "securityServerType",
        ),
        Problem(
            "time",
            "not is_no_object and \"requestInTs\" is null and not contains(wrong_fields, 'requestInTs')",
            "'waktu epoch dalam milidetik'",
            "'kosong'",
            "requestInTs",
        ),
        Problem(
            "time_epoch",
            f'"requestInTs" not between 0 and {LAST_MS}',
            "'waktu epoch dalam milidetik'",
            "'bilangan lain'",
            "requestInTs",
        ),
        Problem(
            "number",
            '"statusCode" not between 100 and 999 or '
            + " or ".join(f'"{name}" not between 0 and {MAX_MESSAGE_BYTES}' for name in _SIZES),
            "'statusCode 100 sampai 999 (0 atau -1 jika tanpa jawaban) dan ukuran dari 0 bita'",
            "'bilangan di luar itu'",
            between="; ditemukan ",
        ),
        Problem(
            "service",
            "not is_no_object and (provider is null or "
            + " or ".join(is_no_name_sql(f'"{name}"') for name in ("serviceMemberCode", "serviceCode"))
            + ")",
            "'layanan yang lengkap, tidak ditemukan: ' || concat_ws(', ', "
            + ", ".join(
                "case when " + is_no_name_sql(f'"{name}"') + f" then '{name}' end"
                for name in ("serviceXRoadInstance", "serviceMemberClass", "serviceMemberCode", "serviceCode")
            )
            + ")",
            between="",
        ),
        Problem(
            "succeeded",
            'not is_no_object and "succeeded" is null',
            "'true atau false'",
            "'kosong'",
            "succeeded",
        ),
    ),
    started_at=f'case when "requestInTs" between 0 and {LAST_MS}'
    ' then make_timestamp("requestInTs" * 1000) end',
    masks={
        "consumer": "mask_text",
        "provider": "mask_text",
        "service": "mask_text",
        "fault": "mask_text",
        "messageUserId": "pseudonym",
        "securityServerInternalIp": "ip_pseudonym",
    },
    names={"consumer": MEMBER, "provider": MEMBER},
    record={
        "record_id": 'mask_id("xRequestId")',
        "side": '"securityServerType"',
        "message_id": 'mask_id("messageId")',
        # Before `serviceType` came, the name of the size field told the protocol.
        "protocol": 'coalesce("serviceType", case when "requestSoapSize" is not null then \'WSDL\''
        " when \"requestRestSize\" is not null then 'REST' end)",
        "method": '"restMethod"',
        "status_code": '"statusCode"',
        # A call that got no answer did not succeed, whatever else the record says; no such word is a code.
        "succeeded": "\"succeeded\" = 'true'"
        ' and ("statusCode" is not null'
        f' or not coalesce(list_contains([{NO_ANSWERS}], "statusCodeText"), false))',
        "duration_ms": _between("requestInTs", "responseOutTs"),
        "forward_ms": _between("requestInTs", "requestOutTs"),
        "backend_ms": _between("requestOutTs", "responseInTs"),
        "request_bytes": 'coalesce("requestSize", "requestSoapSize", "requestRestSize")',
        "response_bytes": 'coalesce("responseSize", "responseSoapSize", "responseRestSize")',
    },
    named={
        "consumer_identity": "consumer",
        "provider_identity": "provider",
        "service_code": "service",
        "fault_code": "fault",
        "user_pseudo": '"messageUserId"',
        "ip_pseudo": '"securityServerInternalIp"',
    },
    hash_columns=(
        *("record_id", "side", "message_id", "started_at", "consumer_identity", "provider_identity"),
        *("service_code", "protocol", "method", "status_code", "succeeded", "fault_code", "duration_ms"),
        *("forward_ms", "backend_ms", "request_bytes", "response_bytes", "user_pseudo", "ip_pseudo"),
    ),
    kept_words=_NAMES_SHOWN,
)
