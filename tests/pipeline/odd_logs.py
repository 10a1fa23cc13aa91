"""Dirty, odd and hostile logs of all four formats, each with what must become of it.

Belongs here: how a record of each format is written, in every envelope, and the cases of logs. Stays out: other
files (`odd_files.py`) and running them (`test_odd_inbox.py`).
"""

# ruff: noqa: E501  a case is a line
import datetime as dt
import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence

from odd_files import GOOD, HEAD, NIKS, PROGRAM, ROW, Case, xlsx

# A Monday of the example, 09:00 in Jakarta.
MOMENT = dt.datetime(2026, 10, 5, 2, tzinfo=dt.UTC)
MS = int(MOMENT.timestamp()) * 1000
OK = "select succeeded from rows order by line_number"
STATUSES = "select status_code from rows order by line_number"
CONSUMED = "select consumer_identity is not null from rows order by line_number"
DURATIONS = "select duration_ms from rows order by line_number"


def xroad(n: int = 1, **other: object) -> str:
    """A record of a security server; `None` leaves a field out."""
    record = {
        "monitoringDataTs": MS // 1000 + 2, "securityServerInternalIp": "10.20.0.11", "securityServerType": "Client",
        "requestInTs": MS + n, "requestOutTs": MS + n + 11, "responseInTs": MS + n + 282, "responseOutTs": MS + n + 290,
        "clientXRoadInstance": "ID", "clientMemberClass": "GOV", "clientMemberCode": "99.99-REKAAN", "clientSubsystemCode": "bansos",
        "serviceXRoadInstance": "ID", "serviceMemberClass": "GOV", "serviceMemberCode": "99.99-CATATAN", "serviceSubsystemCode": "siak",
        "serviceCode": "verifikasi", "serviceVersion": "v1", "messageId": f"m-{n}", "xRequestId": f"odd-{n}", "messageProtocolVersion": "1",
        "requestSize": 812, "responseSize": 1440, "succeeded": True, "statusCode": 200, "serviceType": "REST", "restMethod": "POST",
    }  # fmt: skip
    return json.dumps({k: v for k, v in (record | other).items() if v is not None}, separators=(",", ":"))


def kong(n: int = 1, **other: object) -> str:
    """A line of file-log; `None` leaves a field out."""
    record = {
        "request": {"method": "GET", "uri": "/pajak/v1/nop", "size": "512", "id": f"k{n}"}, "response": {"status": 200, "size": "2048"},
        "latencies": {"request": 84, "kong": 3, "proxy": 81}, "started_at": MS + n, "client_ip": "10.30.4.7",
        "consumer": {"username": "izin-rekaan", "custom_id": "99.99-IZIN"}, "service": {"name": "pajak", "host": "pajak.rekaan", "protocol": "http"},
        "route": {"name": "pajak-v1"}, "upstream_status": "200", "tries": [{"balancer_latency": 0}],
    }  # fmt: skip
    return json.dumps({k: v for k, v in (record | other).items() if v is not None}, separators=(",", ":"))


def _iso(n: int) -> str:
    return f"{MOMENT + dt.timedelta(milliseconds=n):%Y-%m-%dT%H:%M:%S}.{n % 1000:03}Z"


def wso2(n: int = 1, metric: str = "apim:response", **other: object) -> str:
    """A line of the analytics as a Java map."""
    record = {
        "apiName": "VerifikasiRekaan", "proxyResponseCode": 200, "errorType": "null", "apiCreatorTenantDomain": "rekaan.go.id",
        "apiMethod": "POST", "apiVersion": "1.0.0", "apiCreator": "rekaan", "backendLatency": 271, "correlationId": f"w{n}",
        "applicationName": "bansos", "targetResponseCode": 200, "requestTimestamp": _iso(n), "applicationOwner": "dinsos",
        "eventType": "response", "apiResourceTemplate": "/verifikasi", "responseLatency": 290, "userIp": "10.30.4.7", "apiType": "HTTP",
    }  # fmt: skip
    told = ", ".join(f"{k}={v}" for k, v in (record | other).items() if v is not None)
    return (
        f"09:00:00,412 [-] [PassThroughMessageProcessor-7]  INFO LogCounterMetric Metric Name: {metric} "
        f"Metric Value: {{{told}, properties={{apiContext=/verifikasi/1.0.0, userName=dinsos}}}}"
    )


def elk(n: int = 1, metric: str = "apim:response", **other: object) -> str:
    """A line of the analytics as JSON."""
    record = {
        "apiName": "VerifikasiRekaan", "proxyResponseCode": 200, "apiCreatorTenantDomain": "rekaan.go.id", "apiMethod": "POST",
        "apiVersion": "1.0.0", "apiCreator": "rekaan", "backendLatency": 271, "correlationId": f"e{n}", "applicationName": "bansos",
        "targetResponseCode": 200, "requestTimestamp": _iso(n), "applicationOwner": "dinsos", "apiResourceTemplate": "/verifikasi",
        "responseLatency": 290, "userIp": "10.30.4.7", "apiType": "HTTP", "properties": {},
    }  # fmt: skip
    told = json.dumps(record | other, separators=(",", ":"))
    return f"09:00:00,412 [-] [PassThroughMessageProcessor-18]  INFO ELKCounterMetric apimMetrics: {metric}, properties :{told}"


def combined(
    n: int = 1,
    before: str = "10.30.4.7 - dinsos",
    time: str | None = None,
    request: str = "GET /api/v1/pajak HTTP/1.1",
    after: str = '200 1440 "-" "okhttp/4.9"',
) -> str:
    """A line of a web log."""
    return f'{before} [{time or f"05/Oct/2026:09:00:{n % 60:02} +0700"}] "{request}" {after}'


LINES: dict[str, Callable[[int], str]] = {"xroad": xroad, "kong": kong, "wso2": wso2, "combined": combined}


def _docker(line: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stdout", "time": "2026-10-05T02:00:00.1Z"})


def _docker_split(line: str) -> str:
    half = len(line) // 2
    return "\n".join(
        json.dumps({"log": part, "stream": "stdout", "time": "2026-10-05T02:00:00.1Z"})
        for part in (line[:half], line[half:] + "\n")
    )


def _cri_split(line: str) -> str:
    half = len(line) // 2
    return f"2026-10-05T02:00:00.1Z stdout P {line[:half]}\n2026-10-05T02:00:00.1Z stdout F {line[half:]}"


ENVELOPES: dict[str, Callable[[str], str]] = {
    "docker": _docker,
    "docker_belah": _docker_split,
    "cri": lambda line: f"2026-10-05T02:00:00.123456789Z stdout F {line}",
    "cri_belah": _cri_split,
    "syslog": lambda line: f"<134>Oct  5 09:00:00 gerbang kong[12]: {line}",
    "syslog_tanpa_prioritas": lambda line: f"Oct  5 09:00:00 gerbang nginx: {line}",
    "syslog_baru": lambda line: f"<134>1 2026-10-05T09:00:00+07:00 gerbang apim 12 - - {line}",
    "crlf": lambda line: line + "\r",
}


def _log(form: str, name: str, content: str | bytes, **fate: object) -> Case:
    return Case(name, content, kind=f"service_log/{form}", **fate)  # type: ignore[arg-type]


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def _bad(form: str, name: str, bad: str | bytes, rule: str = "*", **fate: object) -> Case:
    """A bad line between two good ones: it alone is quarantined."""
    raw = bad if isinstance(bad, bytes) else bad.encode()
    content = _lines(LINES[form](1)).encode() + raw + b"\n" + _lines(LINES[form](2)).encode()
    return _log(form, name, content, **{"status": "partly", "loaded": 2, "broken": [(2, rule, ())], **fate})


def _of_form(form: str) -> Iterator[Case]:
    """What can happen to a log of any format."""
    line = LINES[form]
    yield from (
        _log(form, f"{name}.log", _lines(put(line(1)), put(line(2))), loaded=2, values=[(OK, [True, True])])
        for name, put in ENVELOPES.items()
    )
    two = _lines(line(1), line(2)).encode()
    yield _log(
        form,
        "sampah.log.gz",
        gzip.compress(two, mtime=0) + b"sampah",
        loaded=2,
        left_out=("trailing_bytes",),
    )
    yield _log(form, "nol.log.gz", gzip.compress(two, mtime=0) + bytes(512), loaded=2)
    yield _log(
        form,
        "dua.log.gz",
        gzip.compress(two, mtime=0) + gzip.compress(_lines(line(3)).encode(), mtime=0),
        loaded=3,
    )
    yield _log(
        form,
        "putus.log.gz",
        gzip.compress(two * 50, mtime=0)[:-9],
        status="waiting",
        loaded=0,
        reason=("truncated",),
    )
    yield _log(
        form,
        "rusak.log.gz",
        gzip.compress(two, mtime=0)[:-8] + b"\xff" * 8,
        status="rejected",
        reason=("unreadable",),
    )
    yield _log(
        form,
        "gz_gz.log.gz",
        gzip.compress(gzip.compress(two, mtime=0), mtime=0),
        status="rejected",
        reason=("unreadable",),
    )
    yield _log(form, "kosong.log", b"", status="loaded|rejected")
    yield _log(form, "baris_kosong.log", f"\n\n{line(1)}\n   \n\n{line(2)}", loaded=2)
    yield _log(form, "tanpa_akhir.log", _lines(line(1)) + line(2), loaded=2)
    yield _log(form, "bom.log", "\ufeff" + _lines(line(1)), loaded=1)
    # What a rotation by copy and truncate leaves at the beginning.
    yield _log(form, "nul.log", bytes(70_000) + two, status="loaded|partly", broken=None,
               values=[("select count(*) >= 1 from rows where line_number = 2 or line_number = 1", [True])])  # fmt: skip
    # Nothing stands on such a line: it is left out, not refused.
    yield _log(
        form,
        "baris_nul.log",
        two.replace(b"\n", b"\n" + bytes(5_000) + b"\n", 1),
        loaded=2,
        left_out=("line", "blank"),
    )
    yield _bad(form, "baris_panjang.log", "x" * 1_100_000)
    yield _bad(form, "satu_bita.log", line(3).encode().replace(b"e", b"\xff", 1), status="loaded|partly", loaded=None, broken=None,
               values=[("select count(*) >= 2 from rows", [True])])  # fmt: skip
    yield _bad(form, "kata.log", "entah apa")
    yield _bad(form, "dalam.log", "[" * 100_000)
    yield _bad(form, "dalam_objek.log", '{"a":' * 50_000 + "1" + "}" * 50_000)
    yield _bad(form, "acak.log", random.Random(3).randbytes(3_000).replace(b"\n", b" ").replace(b"\r", b" "))
    yield _bad(form, "setengah.log", line(3)[: len(line(3)) // 3])
    yield _bad(form, "sql.log", "'); drop table intake.files; --")
    yield _log(form, "nik_saja.log", f"{NIKS[17]}\n" * 3, status="rejected", reason=("wrong_format",))
    yield _log(form, "tabel.csv", PROGRAM + GOOD, status="rejected", reason=("wrong_format",))
    yield _log(form, "buku.xlsx", xlsx([HEAD, ROW]), status="rejected")
    yield _log(form, "gambar.log", b"\x89PNG\r\n\x1a\n" + random.Random(4).randbytes(900), status="rejected")
    other = next(f for f in LINES if f != form)
    yield _log(
        form,
        "lain.log",
        _lines(LINES[other](1), LINES[other](2)),
        status="rejected",
        reason=("wrong_format",),
    )


def _cases(form: str, cases: Sequence[tuple[str, str | bytes, dict[str, object]]]) -> list[Case]:
    return [_log(form, name, content, **fate) for name, content, fate in cases]


XROAD = _cases("xroad", [
    ("durasi.json", f'{{"records":[{xroad(responseOutTs=1)}]}}', {"loaded": 1, "values": [(DURATIONS, [None])]}),
    ("durasi_besar.json", _lines(xroad(responseOutTs=MS + 90_000_000), xroad(2, responseOutTs=10**18), xroad(3)), {"loaded": 3, "values": [(DURATIONS, [None, None, 290])]}),
    ("sisi.json", _lines(xroad(securityServerType="cLIeNt"), xroad(2, securityServerType="PRODUCER", serviceType="rest")), {"loaded": 2,
        "values": [("select side from rows order by line_number", ["client", "producer"])]}),
    ("dua_dokumen.json", f'{{"records": [{xroad(1)}]}}\n{{"records": [{xroad(2)}]}}\n', {"loaded": 2}),
    ("tiga_rapat.json", f'{{"records":[{xroad(1)}]}}{{"records":[{xroad(2)}]}}{{"records":[]}}', {"loaded": 2}),
    ("larik.json", f"[{xroad(1)},\n{xroad(2)}]", {"loaded": 2}),
    ("dokumen_rapi.json", json.dumps({"records": [json.loads(xroad(1)), json.loads(xroad(2))]}, indent=2), {"loaded": 2}),
    ("dokumen_putus.json", f'{{"records":[{xroad(1)},{xroad(2)[:80]}', {"status": "waiting", "reason": ("truncated",)}),
    ("tanpa_catatan.json", '{"records":[]}', {"status": "loaded|rejected"}),
    ("unsur_aneh.json", f'{{"records":[{xroad(1)},1,null,"x",[],{{}}]}}', {"status": "partly", "loaded": 1, "broken": None}),
    ("larut.json", f'{{"records":{"[" * 50_000}{"]" * 50_000}}}', {"status": "rejected|waiting", "broken": None}),
    ("waktu.json", _lines(xroad(1), xroad(2, requestInTs=-1), xroad(3, requestInTs=10**30), xroad(4, requestInTs="kemarin"), xroad(5, requestInTs=0), xroad(6, requestInTs=4102444800000)),
        {"status": "partly", "loaded": 1, "broken": [(n, "*", ()) for n in range(2, 7)]}),
    ("ukuran.json", _lines(xroad(1), xroad(2, requestSize=-5), xroad(3, responseSize=10**30), xroad(4, requestSize="besar")), {"status": "loaded|partly", "broken": None}),
    ("status.json", _lines(xroad(1, succeeded=False, statusCode=500), xroad(2, succeeded=False, statusCode=0), xroad(3, statusCode=-1)), {"loaded": 3,
        "values": [(OK, [False, False, False]), (STATUSES, [500, None, None])]}),
    ("tanpa_nama.json", _lines(xroad(1, clientMemberCode="UNKNOWN"), xroad(2, serviceCode=None)), {"status": "loaded|partly|rejected", "broken": None}),
])  # fmt: skip

_TWO = [kong(1), kong(2)]
KONG = _cases("kong", [
    ("larik.json", f"[{kong(1)},{kong(2)}]", {"loaded": 2}),
    ("larik_per_baris.log", f"[{kong(1)},{kong(2)}]\n[{kong(3)}]\n", {"loaded": 3}),
    ("larik_rapi.json", json.dumps([json.loads(k) for k in _TWO], indent=1), {"loaded": 2}),
    ("records.json", f'{{"records":[{kong(1)},{kong(2)}]}}', {"loaded": 2}),
    ("belah_campur.log", kong(1)[:60] + kong(2) + "\n" + kong(1)[60:] + "\n" + kong(3) + "\n", {"status": "partly", "loaded": 1, "broken": [(1, "*", ()), (2, "*", ())]}),
    ("durasi.log", _lines(kong(1, latencies={"request": -5}), kong(2, latencies={"request": 10**12}), kong(3, latencies={"request": "lama"}), kong(4)),
        {"status": "loaded|partly", "broken": None, "values": [("select max(duration_ms) from rows", [84])]}),
    ("waktu.log", _lines(kong(1), kong(2, started_at=0), kong(3, started_at=10**18), kong(4, started_at=None), kong(5, started_at="kemarin")), {"status": "partly", "loaded": 1,
        "broken": [(n, "*", ()) for n in range(2, 6)]}),
    ("tanpa_jawab.log", _lines(kong(1, response={"status": 0, "size": 0}, upstream_status=None), kong(2, response={"status": -1}), kong(3)), {"loaded": 3,
        "values": [(OK, [False, False, True]), (STATUSES, [None, None, 200])]}),
    ("tanpa_konsumen.log", _lines(kong(1, consumer=None), kong(2, consumer={"username": "anonymous"}), kong(3, consumer={"username": "UNKNOWN"}), kong(4)), {"loaded": 4,
        "values": [(CONSUMED, [False, False, False, True])]}),
    ("bentuk_lain.log", _lines(kong(1), kong(2, request=[]), kong(3, service="x"), kong(4, response=None)), {"status": "loaded|partly", "broken": None}),
    ("kunci_kembar.log", kong(1)[:-1] + ',"started_at":1}\n' + kong(2) + "\n", {"status": "loaded|partly", "broken": None}),
])  # fmt: skip

WSO2 = _cases("wso2", [
    ("tanpa_status.log", _lines(elk(1, "apim:faulty", apiName="UNKNOWN", proxyResponseCode=404, applicationOwner="UNKNOWN", applicationName="UNKNOWN", targetResponseCode=-1),
        elk(2, "apim:faulty", proxyResponseCode=429, targetResponseCode=-1), elk(3, "apim:faulty", proxyResponseCode=0, applicationOwner="UNKNOWN", applicationName="UNKNOWN", targetResponseCode=-1),
        elk(4, "apim:faulty", proxyResponseCode=-1, applicationOwner="UNKNOWN", applicationName="UNKNOWN", targetResponseCode=-1)), {"status": "loaded|partly", "broken": None,
        "values": [("select bool_or(succeeded) from rows", [False]), ("select line_number from rows where consumer_identity is not null", [2]),
                   ("select status_code from rows where line_number in (3, 4)", [None, None])]}),
    ("gagal.log", _lines(elk(1), elk(2, "apim:faulty", proxyResponseCode=401, applicationOwner="UNKNOWN", applicationName="UNKNOWN"),
        elk(3, "apim:faulty", proxyResponseCode=200, applicationOwner="UNKNOWN", applicationName="UNKNOWN")), {"loaded": 3,
        "values": [(OK, [True, False, False]), (CONSUMED, [True, False, False])]}),
    ("gagal_peta.log", _lines(wso2(1), wso2(2, "apim:faulty"), wso2(3, eventType="fault")), {"loaded": 3, "values": [(OK, [True, False, False])]}),
    ("campur.log", _lines(wso2(1), elk(2), "09:00:01,000 [-] [main]  INFO Server started", "", wso2(3)), {"status": "loaded|partly", "loaded": 3, "broken": None}),
    ("waktu.log", _lines(wso2(1), wso2(2, requestTimestamp="kemarin"), wso2(3, requestTimestamp="2026-13-45T00:00:00Z"), wso2(4, requestTimestamp="9999-12-31T00:00:00Z"),
        wso2(5, requestTimestamp="2026-10-05T09:00:00+19:00"), wso2(6, requestTimestamp=None)), {"status": "partly", "loaded": 1, "broken": [(n, "*", ()) for n in range(2, 7)]}),
    ("durasi.log", _lines(wso2(1), wso2(2, responseLatency=-1), wso2(3, responseLatency=10**15), wso2(4, responseLatency="null")), {"status": "loaded|partly", "broken": None,
        "values": [("select max(duration_ms), min(duration_ms) from rows", [(290, 290)])]}),
    ("peta_rusak.log", _lines(wso2(1), wso2(2)[:-40], wso2(3).replace("{apiName", "apiName")), {"status": "partly", "broken": None, "values": [("select count(*) >= 1 from rows", [True])]}),
    ("nilai_aneh.log", _lines(wso2(1, userAgent="a=b, {c}, (d, e=f)"), wso2(2)), {"status": "loaded|partly", "broken": None}),
])  # fmt: skip

_FOUR = _lines(*(combined(n) for n in range(1, 5)))
COMBINED = _cases("combined", [
    # Its content came before as a plain file: what stands behind the end of this one is told all the same.
    ("kembar.log", _FOUR, {"loaded": 4}),
    ("kembar.log.gz", gzip.compress(_FOUR.encode(), mtime=0) + b"ekor", {"loaded": 4, "left_out": ("trailing_bytes",)}),
    ("umum.log", _lines(combined(1, "10.1.1.1 - -", after="200 134"), combined(2, "10.1.1.2 - dinsos", after="201 -"), combined(3, '10.1.1.3 - ""', after='200 10 "-" "Indy"')), {"loaded": 3,
        "values": [(CONSUMED, [False, True, False])]}),
    ("situs.log", _lines(combined(1, "layanan.rekaan.go.id 10.1.1.1 - -"), combined(2, "10.9.9.1, 172.16.3.4 - -"), combined(3, "10.1.1.1 - dinas sosial")), {"loaded": 3,
        "values": [(CONSUMED, [False, False, True]), ("select contains(provider_identity, 'layanan.rekaan.go.id') from rows where line_number = 1", [True]),
                   ("select count(*) from rows where contains(consumer_identity, '- -') or contains(consumer_identity, '10.')", [0])]}),
    ("alamat.log", _lines(combined(1, "2001:db8::1 - -"), combined(2, "::ffff:10.1.1.1 - -"), combined(3, "gerbang-rekaan - -")), {"loaded": 3, "values": [(CONSUMED, [False] * 3)]}),
    ("tanpa_jawab.log", _lines(combined(1, after='- - "-" "x"'), combined(2, after='000 0 "-" "x"'), combined(3, after='499 0 "-" "x"'), combined(4)), {"loaded": 4,
        "values": [(OK, [False, False, False, True]), (STATUSES, [None, None, 499, 200])]}),
    ("durasi_depan.log", _lines(combined(1, "0.123 10.1.1.1 - -"), combined(2, after='200 5 1234 "-" "x"'), combined(3, after='200 5 "-" "x" 0.004 "10.1.1.9"')), {"loaded": 3,
        "values": [(CONSUMED, [False, True, True])]}),
    ("waktu.log", _lines(combined(1), combined(2, time="32/Oct/2026:09:00:00 +0700"), combined(3, time="05/Okt/2026:09:00:00 +0700"), combined(4, time="05/Oct/2026:25:00:00 +0700"),
        combined(5, time="05/Oct/2026:09:00:00 +2500"), combined(6, time="05/Oct/1999:09:00:00 +0700"), combined(7, time="05/Oct/2099:09:00:00 +0700")), {"status": "partly", "loaded": 1,
        "broken": [(n, "*", ()) for n in range(2, 8)]}),
    ("waktu_iso.log", _lines(combined(1, time="2026-10-05T09:00:00+07:00"), combined(2, time="2026-10-05T02:00:00Z")), {"loaded": 2,
        "values": [("select strftime(started_at, '%d %H:%M') from rows order by line_number", ["05 02:00", "05 02:00"])]}),
    ("permintaan.log", _lines(combined(1, request="-"), combined(2, request="\\x16\\x03\\x01"), combined(3, request="GET /a\\\"b HTTP/1.1"), combined(4, request="")), {"status": "loaded|partly", "broken": None}),
    ("kutip.log", _lines(combined(1), '10.1.1.1 - - [05/Oct/2026:09:00:00 +0700] "GET / HTTP/1.1 200 1', "[05/Oct/2026:09:00:00 +0700]"), {"status": "partly", "loaded": 1,
        "broken": [(2, "*", ()), (3, "*", ())]}),
    ("login_nik.log", _lines(combined(1, f"10.1.1.1 - {NIKS[18]}", request=f"GET /warga/{NIKS[18]}?nik={NIKS[18]} HTTP/1.1")), {"loaded": 1}),
    ("bita_besar.log", _lines(combined(1, after='200 99999999999999999999 "-" "x"'), combined(2, after='200 -5 "-" "x"'), combined(3, after='9999 5 "-" "x"'), combined(4)), {"status": "partly",
        "broken": None, "values": [("select count(*) >= 1 from rows", [True])]}),
])  # fmt: skip

_GENERIC = [list(_of_form(form)) for form in LINES]
_OWN = [*XROAD, *KONG, *WSO2, *COMBINED]
# What can happen to any log happens to one format here, by turns; to each of them in all.
LOGS: list[Case] = [
    *(cases[n // 2 % len(cases)] for n, cases in enumerate(zip(*_GENERIC, strict=True))),
    *_OWN,
]
EVERY_LOG: list[Case] = [*(case for cases in _GENERIC for case in cases), *_OWN]
