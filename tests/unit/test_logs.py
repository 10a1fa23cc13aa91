"""Any mixture of good, bad and blank lines: every line is accounted for, and every bad one is named."""

import datetime as dt
import functools
import gzip
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources import joined, lake
from sources.errors import FileRejected, FileWaiting
from sources.lake import (
    create_lake_view,
    lake_files,
    remove_logs,
    sweep_scratch,
    with_neighbours,
    write_log,
)
from sources.logs import reading, writing
from sources.logs.reading import MAX_LINE_BYTES
from sources.logs.writing import LogResult, LogSource, LogTerms
from sources.privacy import install_masking, key_id

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[2] / "sources" / "example_inbox" / "service_log"
NOON = 1_792_299_600_000  # 2026-10-18 05:00 UTC, 12:00 in Jakarta
FIRST_DAY = dt.date(2015, 1, 1)


def utc(text: str) -> dt.datetime:
    """A moment in UTC as DuckDB gives it, without a zone."""
    return dt.datetime.fromisoformat(text)


RECEIVED = utc("2026-11-01")


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    install_masking(con, bytes(32))
    return con


def load(
    con: duckdb.DuckDBPyConnection, path: Path, log_format: str, sha: str = "a" * 64, **changed: Any
) -> LogResult:
    given_ = {
        "log_format": log_format,
        "instansi_code": "99.99",
        "file_id": sha,
        "file_name": f"service_log/{log_format}/{path.name}",
        "lake_dir": path.parent / "lake",
        "time_zone": "Asia/Jakarta",
        "first_day": FIRST_DAY,
        "received_at": RECEIVED,
    }
    return write_log(con, path, **(given_ | changed))


def rows(con: duckdb.DuckDBPyConnection, lake: Path, columns: str) -> list[tuple[Any, ...]]:
    create_lake_view(con, lake)
    return con.execute(f"select {columns} from lake.service_calls order by line_number").fetchall()


def side(**changed: Any) -> dict[str, Any]:
    record = {
        "securityServerType": "Client",
        "requestInTs": NOON,
        "responseOutTs": NOON + 290,
        "clientXRoadInstance": "ID",
        "clientMemberClass": "GOV",
        "clientMemberCode": "DINSOS",
        "clientSubsystemCode": "bansos",
        "serviceXRoadInstance": "ID",
        "serviceMemberClass": "GOV",
        "serviceMemberCode": "DISDUKCAPIL",
        "serviceCode": "verifikasi",
        "serviceVersion": "v1",
        "messageId": "m-1",
        "xRequestId": "r-1",
        "requestSize": 812,
        "responseSize": 1440,
        "succeeded": True,
    }
    return {name: value for name, value in (record | changed).items() if value is not ...}


def web(**changed: str) -> str:
    part = {
        "host": "10.30.4.7",
        "user": "dinsos",
        "time": "18/Oct/2026:12:00:00 +0700",
        "request": "GET /api/v1/penerima?nik=1 HTTP/1.1",
        "status": "200",
        "bytes": "1440",
        "referer": "-",
        "agent": "okhttp/4.9",
    } | changed
    return (
        f'{part["host"]} - {part["user"]} [{part["time"]}] "{part["request"]}"'
        f' {part["status"]} {part["bytes"]} "{part["referer"]}" "{part["agent"]}"'
    )


@dataclass(frozen=True)
class Line:
    """Bytes of one line, and the rule that must name it; None for a good line, '' for a blank one."""

    data: bytes
    rule: str | None = None


XROAD_LINES = [
    Line(json.dumps(side()).encode()),
    Line(json.dumps(side(faultString='kutip " dan \\ garis', requestMimeSize=3)).encode()),
    Line(json.dumps(side(requestSize=..., requestSoapSize="812", serviceSubsystemCode="é")).encode()),
    Line(b""),
    Line(b" \t "),
    Line(json.dumps(side()).encode()[:-40], "xroad.record"),
    Line(b'["Client"]', "xroad.record"),
    Line(b"null", "xroad.record"),
    Line(json.dumps(side(requestInTs="kemarin")).encode(), "xroad.type"),
    Line(json.dumps(side(requestSize={"bita": 3})).encode(), "xroad.type"),
    Line(json.dumps(side(serviceCode=["a"])).encode(), "xroad.type"),
    Line(json.dumps(side(succeeded="ya")).encode(), "xroad.type"),
    Line(json.dumps(side(securityServerType="Server")).encode(), "xroad.side"),
    Line(json.dumps(side(requestInTs=...)).encode(), "xroad.time"),
    Line(json.dumps(side(requestInTs=-5)).encode(), "xroad.time_epoch"),
    Line(json.dumps(side(requestInTs=10**18)).encode(), "xroad.time_epoch"),
    Line(json.dumps(side(requestInTs=-(2**63))).encode(), "xroad.time_epoch"),
    Line(json.dumps(side(responseOutTs=-(2**63), requestOutTs="kemarin")).encode()),
    Line(json.dumps(side(securityServerType="PRODUCER", succeeded="TRUE", statusCode=-1)).encode()),
    Line(json.dumps(side(statusCode=10**12)).encode(), "xroad.number"),
    Line(json.dumps(side(requestSize=2**62)).encode(), "xroad.number"),
    Line(json.dumps(side(requestSize=-1)).encode(), "xroad.number"),
    Line(json.dumps(side(requestInTs=NOON // 1000)).encode(), "xroad.time_range"),
    Line(json.dumps(side(requestInTs=NOON + 30 * 86_400_000)).encode(), "xroad.time_range"),
    Line(json.dumps(side(serviceCode=...)).encode(), "xroad.service"),
    Line(json.dumps(side(serviceMemberCode="")).encode(), "xroad.service"),
    Line(json.dumps(side(succeeded=...)).encode(), "xroad.succeeded"),
    Line(json.dumps(side()).encode().replace(b"m-1", b"m\0"), "xroad.bytes"),
    Line(json.dumps(side()).encode().replace(b"m-1", b"m\xff\xfe"), "xroad.bytes"),
    Line(json.dumps(side(messageId="x" * MAX_LINE_BYTES)).encode(), "xroad.line_length"),
]
COMBINED_LINES = [
    Line(web().encode()),
    Line(web(user="-", bytes="-", status="304").encode()),
    Line(web(user="budi santoso", agent='a \\" b \\\\').encode()),
    Line(web(request="-", status="408").encode()),
    Line(web(request=r"\x16\x03\x01", status="400").encode()),
    Line(web(request="GET /a b HTTP/1.1").encode()),
    Line(web(host="2001:db8::9", agent="é").encode() + b' "-"'),
    Line(b""),
    Line(b"  "),
    Line(web().encode()[:-3], "combined.quotes"),
    Line(web(agent='a " b').encode(), "combined.quotes"),
    Line(b"halo", "combined.quotes"),
    # The common format, a login in quotes, numbers in between, no answer, other times.
    Line(web().encode()[: web().index(' "-"')]),
    Line(web(user='""').encode()),
    Line(web(user='"dinas sosial"').encode()),
    Line(web(bytes="1440 1532").encode() + b" 0.012"),
    *(Line(web(status=status).encode()) for status in ("000", "-", "0", "-1")),
    Line(web(time="2026-10-18T12:00:00+07:00").encode()),
    Line(web(time="18/Oct/2026:12:00:00").encode()),
    Line(web(time="18/Oct/2026:12:00:00 +1500").encode(), "combined.time"),
    Line(web(time="2026-10-18T12:00:00+15:00").encode(), "combined.time"),
    # What stands before the address is known, or the line is bad.
    Line(web(host="layanan.go.id 10.1.1.1").encode()),
    Line(web(host="0.012 layanan.go.id:443 10.1.1.1").encode()),
    Line(web(host="10.9.9.1, 10.1.1.1, unknown").encode()),
    Line(web(host="10.9.9.1,10.1.1.1 10.1.1.2:5123").encode()),
    Line(web(host="- 10.1.1.1").encode()),
    Line(web(host="10.9.9.1 10.1.1.1", user="-").encode()),
    Line(web(host="gerbang 10.1.1.1", user="-").encode(), "combined.address"),
    Line(web(host="1532", user="dinsos").encode(), "combined.address"),
    Line(web(host="halo dunia 10.1.1.1").encode(), "combined.address"),
    Line(web(user="10.1.1.1").encode(), "combined.address"),
    Line(web(user="- -").encode(), "combined.address"),
    Line(web().encode().replace(b"[18/Oct", b"18/Oct"), "combined.head"),
    Line(web(time="31/Feb/2026:12:00:00 +0700").encode(), "combined.time"),
    Line(web(time="18/Okt/2026:12:00:00 +0700").encode(), "combined.time"),
    Line(web(time="18/Oct/1999:12:00:00 +0700").encode(), "combined.time_range"),
    Line(web(time="18/Oct/2027:12:00:00 +0700").encode(), "combined.time_range"),
    Line(web(status="OK").encode(), "combined.status"),
    Line(web(bytes="12x").encode(), "combined.status"),
    Line(web(bytes=str(2**62)).encode(), "combined.status"),
    Line(web(agent="a\0b").encode(), "combined.bytes"),
    Line(web().encode().replace(b"okhttp", b"\xe9\xe9"), "combined.bytes"),
    Line(web(referer="x" * MAX_LINE_BYTES).encode(), "combined.line_length"),
]


def wso2(**changed: Any) -> dict[str, Any]:
    """Keys of one apim:response event; `...` leaves a key out."""
    event = {
        "apiName": "VerifikasiNIK",
        "proxyResponseCode": 200,
        "errorType": "null",
        "destination": "https://10.20.0.21/verif?a=1,b=2",
        "apiCreatorTenantDomain": "deliserdangkab.go.id",
        "apiMethod": "POST",
        "apiVersion": "1.0.0",
        "backendLatency": 271,
        "correlationId": "4b8d1c52-0f6e-4c0c-9d2b-5a1e3d7c9f10",
        "applicationName": "bansos",
        "targetResponseCode": 200,
        "requestTimestamp": "2026-10-18T05:00:00.120Z",
        "applicationOwner": "dinsos",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Gecko (KHTML, like Gecko)",
        "eventType": "response",
        "apiResourceTemplate": "/verifikasi/{nik}",
        "responseLatency": 290,
        "userIp": "10.30.4.7",
        "apiType": "HTTP",
        "properties": {"apiContext": "/verifikasi/1.0.0", "userName": "budi"},
    }
    return {name: value for name, value in (event | changed).items() if value is not ...}


def java(value: Any) -> str:
    """As Java writes a map."""
    if not isinstance(value, dict):
        return str(value)
    return "{" + ", ".join(f"{name}={java(inner)}" for name, inner in value.items()) + "}"


def wso2_text(metric: str = "apim:response", **changed: Any) -> str:
    head = "09:00:00,412 [-] [PassThroughMessageProcessor-7]  INFO LogCounterMetric"
    return f"{head} Metric Name: {metric} Metric Value: {java(wso2(**changed))}"


def event3(**changed: Any) -> dict[str, Any]:
    """One event of WSO2 3.x."""
    event = {
        "requestTimestamp": NOON,
        "userTenantDomain": "dinsos.go.id",
        "userName": "budi",
        "responseCode": 200,
        "responseTime": 40,
        "backendTime": 30,
        "responseSize": 512,
        "throttledOut": False,
        "apiCreatorTenantDomain": "deliserdangkab.go.id",
        "apiName": "VerifikasiNIK",
        "apiVersion": "1.0.0",
        "apiResourceTemplate": "/*",
        "apiMethod": "GET",
        "applicationName": "bansos",
        "applicationOwner": "admin@dinsos.go.id",
        "correlationId": "e-1",
        "userIp": "10.30.4.7",
    }
    return {name: value for name, value in (event | changed).items() if value is not ...}


def wrapped(text: str) -> str:
    return json.dumps({"log": text + "\n", "stream": "stdout", "time": "2026-10-18T05:00:00.5Z"})


def kong(**changed: Any) -> dict[str, Any]:
    record = {
        "request": {"method": "GET", "uri": "/pbb/v1/nop?nik=1", "size": "512", "id": "c1b7", "headers": {}},
        "response": {"status": 200, "size": "2048"},
        "latencies": {"request": 84, "kong": 3, "proxy": 81},
        "started_at": NOON,
        "client_ip": "10.30.4.7",
        "consumer": {"username": "dpmptsp-perizinan", "custom_id": "12.07-DPMPTSP"},
        "service": {"name": "pbb", "host": "pbb.local", "protocol": "http"},
        "route": {"name": "pbb-v1"},
        "upstream_status": "200",
    }
    return {name: value for name, value in (record | changed).items() if value is not ...}


WSO2_LINES = [
    Line(wso2_text().encode()),
    Line(wso2_text("apim:faulty", eventType="fault", errorType="BACKEND", targetResponseCode=-1).encode()),
    Line(wrapped(wso2_text()).encode()),
    Line(json.dumps(wso2()).encode()),
    Line(json.dumps(event3()).encode()),
    Line(wso2_text(userAgent="é (a, b=c)", properties={}).encode()),
    Line(b""),
    Line(b" \t"),
    Line(wso2_text().encode()[:-30], "wso2.record"),
    Line(wrapped(wso2_text()).encode()[:-80], "wso2.record"),
    Line(json.dumps(wso2()).encode()[:-2], "wso2.record"),
    Line(b"09:00:00,412 [-] [main]  INFO Server started", "wso2.record"),
    Line(b"null", "wso2.record"),
    Line(wso2_text(userAgent="x, apiName=Palsu").encode(), "wso2.keys"),
    Line(wso2_text(proxyResponseCode="OK").encode(), "wso2.type"),
    Line(json.dumps(event3(responseSize=[1])).encode(), "wso2.type"),
    Line(json.dumps(wso2(apiName={"a": 1})).encode(), "wso2.type"),
    Line(wso2_text(requestTimestamp="kemarin").encode(), "wso2.time"),
    Line(wso2_text(requestTimestamp="2026-02-31T05:00:00Z").encode(), "wso2.time"),
    Line(json.dumps(wso2(requestTimestamp=...)).encode(), "wso2.time"),
    Line(json.dumps(event3(requestTimestamp=-5)).encode(), "wso2.time"),
    Line(json.dumps(event3(requestTimestamp=10**18)).encode(), "wso2.time"),
    Line(wso2_text(requestTimestamp="1999-01-01T00:00:00Z").encode(), "wso2.time_range"),
    Line(json.dumps(event3(requestTimestamp=NOON // 1000)).encode(), "wso2.time_range"),
    Line(wso2_text(proxyResponseCode=7).encode(), "wso2.number"),
    Line(json.dumps(event3(responseSize=2**62)).encode(), "wso2.number"),
    Line(wso2_text(responseLatency=-(2**63), backendLatency="lama").encode()),
    Line(wso2_text(proxyResponseCode="null").encode()),
    Line(wso2_text(apiName="UNKNOWN").encode(), "wso2.service"),
    Line(wso2_text(requestTimestamp="2026-10-18T05:00:00+15:00").encode(), "wso2.time"),
    Line(json.dumps(event3(apiName=...)).encode(), "wso2.service"),
    Line(wso2_text().encode().replace(b"bansos", b"b\0"), "wso2.bytes"),
    Line(wso2_text().encode().replace(b"bansos", b"b\xff\xfe"), "wso2.bytes"),
    Line(wso2_text(userAgent="x" * MAX_LINE_BYTES).encode(), "wso2.line_length"),
]
KONG_LINES = [
    Line(json.dumps(kong()).encode()),
    Line(json.dumps(kong(consumer=..., route=..., upstream_status=...)).encode()),
    Line(
        json.dumps(kong(response={"status": 503, "size": 7}, latencies={"request": -1, "proxy": -1})).encode()
    ),
    Line(json.dumps(kong(service={"host": "10.1.2.3"}, consumer={"custom_id": "é"})).encode()),
    Line(b""),
    Line(b"  "),
    Line(json.dumps(kong()).encode()[:-9], "kong.record"),
    # Two workers wrote at once.
    Line(json.dumps(kong()).encode()[:90] + json.dumps(kong()).encode(), "kong.record"),
    Line(b"[1]", "kong.record"),
    Line(json.dumps(kong(started_at="kemarin")).encode(), "kong.type"),
    Line(json.dumps(kong(response={"status": "OK", "size": 1})).encode(), "kong.type"),
    Line(json.dumps(kong(service={"name": ["pbb"]})).encode(), "kong.type"),
    Line(json.dumps(kong(started_at=...)).encode(), "kong.time"),
    Line(json.dumps(kong(started_at=-1)).encode(), "kong.time_epoch"),
    Line(json.dumps(kong(started_at=10**18)).encode(), "kong.time_epoch"),
    Line(json.dumps(kong(started_at=NOON // 1000)).encode(), "kong.time_range"),
    Line(json.dumps(kong(response={"status": 99999, "size": 1})).encode(), "kong.number"),
    Line(json.dumps(kong(latencies={"request": -(2**63), "proxy": "lama"})).encode()),
    Line(json.dumps(kong(response={"size": 1})).encode()),
    Line(json.dumps(kong(response={"status": "-"})).encode()),
    Line(json.dumps(kong(service={"name": "anonymous"})).encode(), "kong.service"),
    Line(json.dumps(kong(service=..., route=...)).encode(), "kong.service"),
    Line(json.dumps(kong()).encode().replace(b"c1b7", b"c\0"), "kong.bytes"),
    Line(json.dumps(kong()).encode().replace(b"c1b7", b"c\xff"), "kong.bytes"),
    Line(json.dumps(kong(workspace="x" * MAX_LINE_BYTES)).encode(), "kong.line_length"),
]
LINES = {"xroad": XROAD_LINES, "wso2": WSO2_LINES, "kong": KONG_LINES, "combined": COMBINED_LINES}


@pytest.mark.parametrize("log_format", LINES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.randoms(use_true_random=False), crlf=st.booleans(), ended=st.booleans(), packed=st.booleans())
def test_every_line_is_a_record_or_bad_and_named_or_blank(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    log_format: str,
    seed: random.Random,
    crlf: bool,
    ended: bool,
    packed: bool,
) -> None:
    kinds = LINES[log_format]
    lines = [kinds[0], *seed.choices(kinds, k=seed.randrange(1, 60))]
    end = b"\r\n" if crlf else b"\n"
    data = end.join(line.data for line in lines) + (end if ended or not lines[-1].data else b"")
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    result = load(con, path, log_format)
    bad = {number: line.rule for number, line in enumerate(lines, 1) if line.rule}
    blank = sum(not line.data.strip() for line in lines)
    assert (result.lines, result.bad_lines, result.blank_lines) == (len(lines), len(bad), blank)
    assert result.records + result.bad_lines + result.blank_lines == result.lines
    found = con.execute("select row_number, broken from bad_lines").fetchall()
    assert {number for number, _ in found} == set(bad)
    for number, broken in found:
        assert bad[number] in [b["rule"] for b in broken]
        for b in broken:
            assert b["severity"] == "error"
            assert f"diharapkan {b['expected']}" in b["message"]
            assert "ditemukan" in b["message"]
            assert b["message"].endswith(b["found"] or b["message"])
            assert b["message"].startswith(
                f"kolom {b['column_name']}: " if b["column_name"] else "diharapkan"
            )
    good = [number for number, line in enumerate(lines, 1) if line.rule is None and line.data.strip()]
    assert [number for (number,) in rows(con, tmp_path / "lake", "line_number")] == good


@pytest.mark.parametrize("shape", ["lines", "array", "records", "more keys", "crlf"])
def test_xroad_comes_as_lines_array_or_records(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, shape: str
) -> None:
    records = [side(xRequestId=f"r-{i}") for i in range(3)] + [side(securityServerType="x")]
    text = {
        "lines": "\n".join(json.dumps(r) for r in records),
        "array": json.dumps(records),
        "records": json.dumps({"records": records}, indent=2),
        "more keys": json.dumps({"records": records, "nextRecordsFrom": 1603802102}),
        "crlf": json.dumps({"records": records}, indent=2).replace("\n", "\r\n"),
    }[shape]
    path = tmp_path / "opmon.json"
    path.write_text(text, newline="")
    result = load(con, path, "xroad")
    assert replace(result, left_out=[]) == LogResult(4, 3, 1, 0, {dt.date(2026, 10, 18)})
    assert [part.code for part in result.left_out] == (["envelope"] if shape == "more keys" else [])
    assert [r for (r,) in rows(con, tmp_path / "lake", "record_id")] == ["r-0", "r-1", "r-2"]
    assert con.execute("select row_number from bad_lines").fetchall() == [(4,)]


def test_xroad_record(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps(
            side(
                requestOutTs=NOON + 20,
                responseInTs=NOON + 270,
                messageUserId="budi",
                securityServerInternalIp="10.20.0.11",
                statusCode=500,
                soapFaultCode="Server.X",
                succeeded=False,
                serviceType="REST",
                restMethod="POST",
                restPath="/penduduk/1207010101900001",
            )
        )
        + "\n"
        + json.dumps(
            side(requestSize=..., responseSize=..., requestSoapSize=7, responseRestSize=8, xRequestId=...)
        )
    )
    load(con, path, "xroad")
    columns = (
        "record_id, side, message_id, started_at, consumer_identity, provider_identity, service_code,"
        " protocol, method, status_code, succeeded, fault_code, duration_ms, backend_ms,"
        " request_bytes, response_bytes, user_pseudo like 'user-________',"
        " ip_pseudo like 'ip-____________', day"
    )
    first, second = rows(con, tmp_path / "lake", columns)
    assert first == (
        *("r-1", "client", "m-1", utc("2026-10-18 05:00"), "ID/GOV/DINSOS/bansos", "ID/GOV/DISDUKCAPIL"),
        *("verifikasi/v1", "REST", "POST", 500, False, "Server.X", 290, 250, 812, 1440, True, True),
        dt.date(2026, 10, 18),
    )
    assert second[0].startswith("#")
    assert (second[7], second[14], second[15]) == ("WSDL", 7, 8)


def test_the_key_of_pseudonyms_is_named_beside_them(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(json.dumps(side()).encode() + b"\n")
    load(con, path, "xroad")
    files = str(tmp_path / "lake" / "service_calls" / "*" / "*.parquet")
    told = con.execute("select distinct decode(key), decode(value) from parquet_kv_metadata(?)", [files])
    assert told.fetchall() == [("pseudonym_key", key_id(bytes(32)))]


def test_a_record_keeps_its_hash_over_versions(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Copies are known by the hash that an earlier DuckDB wrote: other hashes need a column of their own."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(side()))
    load(con, path, "xroad")
    assert rows(con, tmp_path / "lake", "record_hash") == [(3134191293202690420,)]


def test_combined_site_stands_before_the_route(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Apache's vhost_combined; a login with a blank, an IPv6 address and a site that is an address beside."""
    path = tmp_path / "access.log"
    hosts = ("WWW.Dikbud.go.id:443 10.30.4.7", "10.30.4.7", "2001:db8::1", "10.1.1.1:80 10.30.4.7")
    path.write_text("\n".join(web(host=host, user=user) for host in hosts for user in ("budi", "budi s")))
    load(con, path, "combined")
    columns = "provider_identity, service_code, ip_pseudo, user_pseudo"
    kept = rows(con, tmp_path / "lake", columns)
    assert [provider for provider, *_ in kept[:6]] == [
        *["www.dikbud.go.id/api/v1/penerima"] * 2,
        *["/api/v1/penerima"] * 4,
    ]
    assert {provider.partition("-")[0] for provider, *_ in kept[6:]} == {"ip"}
    assert {service for _, service, *_ in kept} == {"GET /api/v1/penerima"}
    address = con.execute("select ip_pseudonym('10.30.4.7')").fetchone()
    assert {(ip,) for n, (*_, ip, _) in enumerate(kept) if n not in (4, 5)} == {address}
    assert len({user for *_, user in kept}) == 2


def test_combined_record(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(
        "\n".join(
            [
                web(time="18/Oct/2026:23:30:00 +0000"),
                web(user="-", request="-", status="408", bytes="-", agent="-"),
                web(
                    agent="Mozilla/5.0 (compatible; UptimeRobot/2.0; http://x.id)",
                    request='POST /a/\\"b\\" HTTP/1.0',
                ),
            ]
        )
    )
    load(con, path, "combined")
    columns = (
        "day, started_at, consumer_identity is not null and consumer_identity = user_pseudo,"
        " provider_identity, service_code, method, status_code, succeeded, request_bytes,"
        " response_bytes, duration_ms, agent"
    )
    assert rows(con, tmp_path / "lake", columns) == [
        (
            *(dt.date(2026, 10, 19), utc("2026-10-18 23:30"), True, "/api/v1/penerima"),
            *("GET /api/v1/penerima", "GET", 200, True, None, 1440, None, "okhttp"),
        ),
        (
            dt.date(2026, 10, 18),
            utc("2026-10-18 05:00"),
            False,
            "-",
            "-",
            None,
            408,
            False,
            None,
            0,
            None,
            None,
        ),
        (
            *(dt.date(2026, 10, 18), utc("2026-10-18 05:00"), True, "/a/{}", "POST /a/{}"),
            *("POST", 200, True, None, 1440, None),
            "UptimeRobot",
        ),
    ]


RECORD = (
    "record_id, started_at, consumer_identity, provider_identity, service_code, protocol, method,"
    " status_code, succeeded, fault_code, duration_ms, backend_ms, request_bytes, response_bytes,"
    " user_pseudo like 'user-________', ip_pseudo like 'ip-____________', agent, day, hour"
)


def test_wso2_records_of_all_shapes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "apim.log"
    faulty = wso2_text(
        "apim:faulty", eventType="fault", errorType="BACKEND", proxyResponseCode=500, backendLatency=-1
    )
    lines = [wso2_text(), wrapped(wso2_text()), json.dumps(wso2()), faulty, json.dumps(event3())]
    lines += [json.dumps(event3(throttledOut=True)), json.dumps(event3(applicationOwner="budi@x.id"))]
    path.write_text("\n".join(lines))
    load(con, path, "wso2")
    text, in_container, in_json, fault, old, throttled, foreign = rows(con, tmp_path / "lake", RECORD)
    api = "deliserdangkab.go.id/VerifikasiNIK"
    assert text == (
        *("4b8d1c52-0f6e-4c0c-9d2b-5a1e3d7c9f10", utc("2026-10-18 05:00:00.120"), "dinsos/bansos", api),
        *("VerifikasiNIK/1.0.0/verifikasi/{nik}", "HTTP", "POST", 200, True, None, 290, 271, None, None),
        *(True, True, "Mozilla", dt.date(2026, 10, 18), 12),
    )
    assert in_container == text == in_json
    assert fault[7:12] == (500, False, "BACKEND", 290, None)
    assert old == (
        *("e-1", utc("2026-10-18 05:00"), "dinsos.go.id/bansos", api, "VerifikasiNIK/1.0.0/*", None, "GET"),
        *(200, True, None, 40, 30, None, 512, True, True, None, dt.date(2026, 10, 18), 12),
    )
    assert throttled[8] is False
    assert foreign[2] == "dinsos.go.id/x.id/bansos"


def test_kong_record(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "file.log"
    anonymous = kong(consumer=..., route=..., latencies={"request": 5, "proxy": -1})
    anonymous["request"].pop("id")
    lines = [kong(), anonymous, kong(consumer={"username": "budi@x.id"})]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    load(con, path, "kong")
    first, second, third = rows(con, tmp_path / "lake", RECORD)
    assert first == (
        *("c1b7", utc("2026-10-18 05:00"), "dpmptsp-perizinan/12.07-DPMPTSP", "pbb/pbb.local", "pbb-v1"),
        *("http", "GET", 200, True, None, 84, 81, 512, 2048, None, True, None, dt.date(2026, 10, 18), 12),
    )
    assert second[0].startswith("#")
    assert second[2:5] == (None, "pbb/pbb.local", "GET /pbb/v1/nop")
    assert second[10:12] == (5, None)
    assert third[2].startswith("user-")


@pytest.mark.parametrize(
    ("log_format", "file", "records", "days"),
    [
        ("xroad", "xroad/@sample-xroad/opmon_2020-10-27_29.json", 654, 4),
        ("combined", "combined/@sample-apache/access_sample.log", 2000, 2),
    ],
)
def test_real_samples_load_whole(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, log_format: str, file: str, records: int, days: int
) -> None:
    result = load(con, EXAMPLES / file, log_format, lake_dir=tmp_path / "lake")
    assert (result.lines, result.records, result.bad_lines, len(result.days)) == (records, records, 0, days)


@pytest.mark.parametrize(
    ("log_format", "data", "error", "code"),
    [
        ("xroad", gzip.compress(json.dumps(side()).encode() * 500, mtime=0)[:-20], FileWaiting, "truncated"),
        ("xroad", json.dumps([side()] * 3).encode()[:-30], FileWaiting, "truncated"),
        ("xroad", json.dumps([side()] * 3).encode().replace(b"},", b"},,", 1), FileRejected, "unreadable"),
        ("xroad", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), FileRejected, "unreadable"),
        ("xroad", b"\x1f\x8bhalo dunia ini bukan gzip", FileRejected, "unreadable"),
        ("xroad", web().encode(), FileRejected, "wrong_format"),
        ("xroad", b'{"connections": {"active": 3}}\n', FileRejected, "wrong_format"),
        ("xroad", b'[{"connections": {"active": 3}}]', FileRejected, "wrong_format"),
        ("combined", json.dumps(side()).encode(), FileRejected, "wrong_format"),
        ("wso2", web().encode(), FileRejected, "wrong_format"),
        ("wso2", b'{"connections": {"active": 3}}\n', FileRejected, "wrong_format"),
        ("wso2", b"09:00:00,412 [-] [main]  INFO Server started", FileRejected, "wrong_format"),
        ("kong", json.dumps(side()).encode(), FileRejected, "wrong_format"),
        ("kong", b'{"connections": {"active": 3}}\n', FileRejected, "wrong_format"),
        (
            "combined",
            b'2026/10/18 12:00:00 [error] 12#0: *1 open() "/x" failed, request: "GET / HTTP/1.1"\n'
            b'[Sun Oct 18 12:00:00 2026] [error] [client 10.0.0.1] "x"',
            FileRejected,
            "wrong_format",
        ),
    ],
)
def test_a_cut_file_waits_and_a_foreign_file_is_refused(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    log_format: str,
    data: bytes,
    error: type[Exception],
    code: str,
) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    with pytest.raises(error) as problem:
        load(con, path, log_format)
    assert problem.value.code == code  # type: ignore[attr-defined]
    assert [p for p in (tmp_path / "lake").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("log_format", LINES)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.randoms(use_true_random=False), chunk_bytes=st.integers(800, 5000))
def test_a_log_read_in_chunks_gives_the_same_records(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    log_format: str,
    seed: random.Random,
    chunk_bytes: int,
) -> None:
    good = LINES[log_format][0].data
    lines = [good, *(line.data for line in seed.choices(LINES[log_format][:-1], k=20)), good]
    path = tmp_path / "log"
    path.write_bytes(b"\n".join(lines))
    whole = load(con, path, log_format)
    columns = "line_number, record_id, service_code, started_at, record_hash"
    expected = rows(con, tmp_path / "lake", columns)
    bad = con.execute("from bad_lines order by all").fetchall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "spool", functools.partial(writing.spool, chunk_bytes=chunk_bytes))
        patch.setattr(reading, "_BLOCK_BYTES", 700)
        assert load(con, path, log_format) == whole
    assert rows(con, tmp_path / "lake", columns) == expected
    assert con.execute("from bad_lines order by all").fetchall() == bad
    load(con, path, log_format)
    assert rows(con, tmp_path / "lake", columns) == expected


def _odd_logs(log_format: str, seed: random.Random) -> list[bytes]:
    """Logs of one format: mixed, without a good line, without any, foreign, cut, wrapped, one document."""
    kinds = [line.data for line in LINES[log_format][:-1]]
    good = kinds[0]
    mixed = [b"\n".join([good, *seed.choices(kinds, k=seed.randrange(30))]) for _ in range(4)]
    docker = json.dumps({"log": good.decode() + "\n", "stream": "stdout", "time": "2026-10-18T05:00:00Z"})
    return [
        *mixed,
        b"",
        b"\n \n\n",
        b"apa ini\nbukan log",
        b"\n".join([b"", good, b" \t", good.replace(b"18/Oct", b"17/Oct"), b""]) + b"\n\n",
        gzip.compress(good)[:-9],
        gzip.compress(good + b"\n" + good[: len(good) // 2]),
        docker.encode() + b"\n" + docker.encode(),
        b"[" + b",".join([good] * 3) + b"]" if good.startswith(b"{") else good,
    ]


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.randoms(use_true_random=False))
def test_logs_read_together_give_what_each_gives_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, seed: random.Random
) -> None:
    given_ = {"time_zone": "Asia/Jakarta", "first_day": FIRST_DAY, "received_at": RECEIVED}
    sources = []
    for n, (log_format, data) in enumerate((f, data) for f in LINES for data in _odd_logs(f, seed)):
        path = tmp_path / f"log{n}"
        path.write_bytes(data)
        sources.append(LogSource(path, log_format, f"99.{n:02}", f"{n:064x}", f"log{n}"))
    seed.shuffle(sources)
    for folder in ("alone", "together"):
        shutil.rmtree(tmp_path / folder, ignore_errors=True)
    alone, bad = [], []
    for source in sources:
        try:
            alone.append(write_log(con, lake_dir=tmp_path / "alone", **vars(source), **given_))
        except (FileRejected, FileWaiting) as problem:
            alone.append((type(problem), problem.code, problem.message))
            continue
        bad += con.execute("select ?, * from bad_lines", [source.file_id]).fetchall()
    records = "from lake.service_calls order by file_id, line_number"
    create_lake_view(con, tmp_path / "alone")
    expected = con.execute(records).fetchall()
    for _ in range(2):  # what was there is replaced
        writing.create_bad_lines_of_logs(con)
        with lake.aside(tmp_path / "together") as aside:
            read = writing.read_logs(con, sources, LogTerms(**given_), aside)
            found = lake.place_logs(tmp_path / "together", read)
        told = [r if isinstance(r, LogResult) else (type(r), r.code, r.message) for r in found]
        assert told == alone
        create_lake_view(con, tmp_path / "together")
        assert con.execute(records).fetchall() == expected
        assert con.execute("from bad_lines_of_logs order by all").fetchall() == sorted(
            bad, key=lambda b: b[:2]
        )
        there = lake.files_by_log(con, tmp_path / "together")
        assert [f for result in found if isinstance(result, LogResult) for f in result.files] == [
            lake.read_lake_file(tmp_path / "together", file)
            for source in sources
            for file in sorted(there.get(source.file_id, ()), key=lambda f: f.day)
        ]
        assert any(joined.is_joined(file.name) for _, file in lake_files(tmp_path / "together"))
        counted = con.execute(
            "select file_id, day, count(*) from lake.service_calls group by all order by all"
        ).fetchall()
        assert con.execute("from lake.service_call_files order by all").fetchall() == counted
    assert [p.name for p in (tmp_path / "together").iterdir()] == ["service_calls"]


@pytest.mark.parametrize("data", [b"", b"\n\r\n \n", gzip.compress(b"", mtime=0)])
def test_an_empty_log_is_an_honest_none(con: duckdb.DuckDBPyConnection, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    result = load(con, path, "combined")
    assert (result.records, result.bad_lines, result.days) == (0, 0, set())
    assert result.blank_lines == result.lines


def test_lines_over_one_megabyte_are_cut_wherever_blocks_end(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    longest = web(referer="x" * (MAX_LINE_BYTES - len(web()) + 1))
    assert len(longest) == MAX_LINE_BYTES
    path = tmp_path / "log"
    path.write_text("\n".join([longest, longest + "x", web(), "é" * 1_700_000, web()]))
    result = load(con, path, "combined")
    assert (result.records, result.bad_lines) == (3, 2)
    assert con.execute(
        "select row_number, max(length(raw_row)) < 3000 from bad_lines group by 1 order by 1"
    ).fetchall() == [
        (2, True),
        (4, True),
    ]


def test_a_file_is_in_the_lake_once_and_leaves_it_whole(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path, lake = tmp_path / "log", tmp_path / "lake"
    days = [dt.date(2026, 10, 17), dt.date(2026, 10, 18)]
    path.write_text("\n".join([web(), web(time="17/Oct/2026:12:00:00 +0700")]))
    for _ in range(2):
        assert load(con, path, "combined").days == set(days)
    assert len(rows(con, lake, "day")) == 2
    load(con, path, "combined", sha="b" * 64)
    assert {file.day for file_id, file in lake_files(lake) if file_id == "a" * 64} == set(days)
    assert with_neighbours(lake, days[:1]) == set(days)
    remove_logs(lake, {"a" * 64})
    assert len(rows(con, lake, "day")) == 2
    assert {file_id for file_id, _ in lake_files(lake)} == {"b" * 64}
    (lake / ".aside-x").mkdir()
    sweep_scratch(lake)
    remove_logs(lake, {"b" * 64})
    assert rows(con, lake, "day") == []
    assert sorted(p.name for p in lake.rglob("*")) == [
        "day=1970-01-01",
        "empty.joined.parquet",
        "empty.parquet",
        "service_calls",
    ]


PLANTED = ["1207010101900001", "budi.santoso@contoh.go.id", "10.30.4.7", "2001:db8::9", "budisantoso"]


def _planted_xroad() -> list[dict[str, Any]]:
    places: list[Callable[[str], dict[str, Any]]] = [
        lambda x: {"messageUserId": x},
        lambda x: {"securityServerInternalIp": x, "clientSecurityServerAddress": x},
        lambda x: {"representedPartyCode": x, "faultString": x, "restPath": f"/penduduk/{x}"},
        lambda x: {"requestInTs": ..., "messageUserId": x},
        lambda x: {"securityServerType": x},
        lambda x: {"requestInTs": x},
    ]
    named = [{"messageId": x, "xRequestId": x, "serviceCode": x, "faultCode": x} for x in PLANTED[:2]]
    return [side(**place(x)) for x in PLANTED for place in places] + [side(**x) for x in named]


def test_planted_personal_values_are_found_nowhere(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    xroad = [json.dumps(record) for record in _planted_xroad()]
    xroad += [line[: len(line) * 2 // 3] for line in xroad] + [line[len(line) // 3 :] for line in xroad]
    routes = [f"GET /siswa/{x}/nilai HTTP/1.1" for x in PLANTED[:4]]
    combined = [
        *(web(user=x) for x in PLANTED),
        *(web(host=x) for x in PLANTED[2:4]),
        *(
            web(request=f"GET /siswa?x={x} HTTP/1.1", referer=f"http://x.id/{x}", agent=f"app ({x})")
            for x in PLANTED
        ),
        *(web(request=request) for request in routes),
    ]
    combined += [line[: len(line) * 2 // 3] for line in combined] + [
        line[len(line) // 4 :] for line in combined
    ]
    for log_format, lines in (("xroad", xroad), ("combined", combined)):
        path = tmp_path / f"{log_format}.log"
        path.write_text("\n".join(lines))
        result = load(con, path, log_format, sha=log_format * 8)
        assert result.records > len(PLANTED)
        assert result.bad_lines > 2 * len(PLANTED)
        for table in ("lake.service_calls", "bad_lines"):
            create_lake_view(con, tmp_path / "lake")
            texts = con.execute(f"select to_json(row) from {table} as row").fetchall()
            leaks = {value: text for (text,) in texts for value in PLANTED if value in text}
            assert leaks == {}
