"""No personal value of a log is under the home, but in the archive of received bytes and in the inbox.

Planted in all four formats, in good lines and in bad ones; everything runs, then every text column of every
database and Parquet file is read, every workbook, gz and PDF, and the raw bytes of the rest: a search in
bytes alone cannot fail on compressed columns.
"""

import gzip
import json
import os
import re
import sqlite3
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

NIK = "1207019912990417"
EMAIL = "siti.rahmawati77@surel-warga.id"
PHONE = "081377712399"
ADDRESS = "10.213.77.145"
LOGIN = "rahmawati_siti77"
PLANTED = (NIK, EMAIL, PHONE, ADDRESS, LOGIN, EMAIL.replace("@", "%40"))
MOMENT = 1_792_299_600_000  # 2026-10-18 05:00 UTC


def xroad() -> list[str]:
    record = {
        "securityServerType": "Client",
        "securityServerInternalIp": ADDRESS,
        "requestInTs": MOMENT,
        "responseOutTs": MOMENT + 30,
        "clientXRoadInstance": "ID",
        "clientMemberClass": "GOV",
        "clientMemberCode": "DINSOS",
        "clientSubsystemCode": EMAIL,
        "serviceXRoadInstance": "ID",
        "serviceMemberClass": "GOV",
        "serviceMemberCode": "DISDUKCAPIL",
        "serviceCode": f"cari-{NIK}",
        "messageId": f"m-{NIK}",
        "messageUserId": LOGIN,
        "xRequestId": f"r-{PHONE}",
        "succeeded": False,
        "faultCode": f"Server.{EMAIL}",
        "faultString": f"tidak ada {NIK} milik {LOGIN}",
        "restPath": f"/warga/{NIK}?telp={PHONE}",
        "representedPartyCode": LOGIN,
    }
    good = json.dumps(record)
    return [
        good,
        good[:-60],
        json.dumps(record | {"requestInTs": LOGIN}),
        json.dumps(record | {"securityServerType": ADDRESS}),
    ]


def wso2() -> list[str]:
    event = {
        "apiName": "Warga",
        "apiVersion": "1.0.0",
        "apiCreatorTenantDomain": "kab.go.id",
        "apiResourceTemplate": f"/warga/{NIK}",
        "applicationName": f"app {PHONE}",
        "applicationOwner": EMAIL,
        "proxyResponseCode": "200",
        "responseLatency": "12",
        "correlationId": f"c-{NIK}",
        "requestTimestamp": "2026-10-18T05:00:00Z",
        "userIp": ADDRESS,
        "userAgent": f"Aplikasi ({LOGIN}; {EMAIL})",
        "destination": f"https://{ADDRESS}/cari?nik={NIK}",
    }
    inner = f"properties={{apiContext=/warga/{NIK}, userName={LOGIN}}}"
    pairs = ", ".join(f"{name}={value}" for name, value in event.items())
    text = f"09:00:00,412 INFO LogCounterMetric Metric Name: apim:response Metric Value: {{{pairs}, {inner}}}"
    old = event | {"userName": LOGIN, "userTenantDomain": "kab.go.id", "properties": {"userName": LOGIN}}
    return [
        text,
        json.dumps({"log": text, "stream": "stdout"}),
        json.dumps(old),
        text[:-9],
        text.replace("2026-10-18T05:00:00Z", LOGIN),
        json.dumps(old)[:-3],
    ]


def kong() -> list[str]:
    record = {
        "request": {
            "method": "GET",
            "uri": f"/warga/{NIK}?email={EMAIL}",
            "id": f"id-{PHONE}",
            "headers": {"x-user": LOGIN, "authorization": EMAIL},
            "querystring": {"nik": NIK},
        },
        "response": {"status": 200, "headers": {"set-cookie": LOGIN}},
        "latencies": {"request": 5, "proxy": 4},
        "started_at": MOMENT,
        "client_ip": ADDRESS,
        "consumer": {"username": EMAIL, "custom_id": NIK},
        "authenticated_entity": {"id": LOGIN},
        "service": {"name": "warga", "host": ADDRESS},
    }
    good = json.dumps(record)
    return [
        good,
        good[:-20],
        json.dumps(record | {"started_at": LOGIN}),
        json.dumps(record | {"service": {}}),
    ]


def combined() -> list[str]:
    good = (
        f'{ADDRESS} - {LOGIN} [18/Oct/2026:12:00:00 +0700] "GET /warga/{NIK}/{EMAIL}?telp={PHONE} HTTP/1.1"'
        f' 200 5 "https://kab.go.id/cari?nik={NIK}" "Aplikasi ({LOGIN})"'
    )
    return [
        good,
        good[:-4],
        good.replace("18/Oct", "31/Feb"),
        good.replace("GET /warga", f"GET {EMAIL} /warga"),
        f"{LOGIN} {NIK} {EMAIL} {PHONE} {ADDRESS}",
    ]


LOGS = {"xroad": xroad(), "wso2": wso2(), "kong": kong(), "combined": combined()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("privacy") / "home"
    files = {f"service_log/{name}/88.08/catatan.log": "\n".join(lines) + "\n" for name, lines in LOGS.items()}
    files[f"gateway_identity/88.08/2026/{NIK}.csv"] = "\n".join(
        [
            "log_format,role,identity,opd_code",
            f"combined,consumer,{LOGIN},88.08-A",
            f"kong,consumer,{EMAIL},88.08-A",
            f"kong,consumer,{NIK},bukan kode OPD",
        ]
    )
    for name, text in files.items():
        path = home / "inbox" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    settings = {"SPBE_INSTANSI": "88.08", "SPBE_AS_OF": "2026-10-31", "SPBE_ARCHIVE_LOGS": "false"}
    done = subprocess.run(
        [sys.executable, "-c", "from orchestration.cli.main import main; main()", "run"],
        env={**os.environ, "SPBE_HOME": str(home), **settings},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (home / "told.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return home


def database_texts(path: Path) -> Iterator[tuple[str, str]]:
    con = duckdb.connect(str(path), read_only=True, config={"storage_compatibility_version": "v1.2.0"})
    try:
        tables = con.execute(
            "select database_name, schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        for table in tables:
            name = ".".join(f'"{part}"' for part in table)
            for (row,) in con.execute(f"select to_json(t)::varchar from {name} as t").fetchall():
                yield name, row
        for (text,) in con.execute(
            "select concat_ws(' ', sql, comment) from duckdb_tables() union all"
            " select concat_ws(' ', sql, comment) from duckdb_views()"
        ).fetchall():
            yield "definitions", text
    finally:
        con.close()


def sqlite_texts(path: Path) -> Iterator[tuple[str, str]]:
    con = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for (name,) in con.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in con.execute(f'select * from "{name}"'):
                yield name, repr(row)
    finally:
        con.close()


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Everything that can be read out of a file, unpacked, and its raw bytes."""
    data = path.read_bytes()
    if path.suffix == ".duckdb":
        yield from database_texts(path)
    elif data.startswith(b"SQLite format 3"):
        yield from sqlite_texts(path)
    elif path.suffix == ".parquet":
        for (row,) in duckdb.sql(f"select to_json(t)::varchar from read_parquet('{path}') as t").fetchall():
            yield "rows", row
    elif data.startswith(b"\x1f\x8b"):
        yield "gz", gzip.decompress(data).decode("utf-8", "replace")
    elif data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name).decode("utf-8", "replace")
    elif data.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
            try:
                yield "stream", zlib.decompress(stream).decode("latin-1")
            except zlib.error:
                yield "stream", stream.decode("latin-1")
    yield "bytes", data.decode("latin-1")
    yield "name", str(path)


def test_what_was_planted_was_read_and_refused_as_planted(home: Path) -> None:
    with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True) as con:
        counts = con.execute(
            "select log_format, records, bad_lines from fct_log_quality order by all"
        ).fetchall()
    assert counts == [("combined", 2, 3), ("kong", 1, 3), ("wso2", 3, 3), ("xroad", 1, 3)]


def test_no_planted_value_is_under_the_home(home: Path) -> None:
    found = []
    read = {".duckdb": 0, ".parquet": 0, ".xlsx": 0, ".db": 0}
    for path in sorted(p for p in home.rglob("*") if p.is_file()):
        if path.relative_to(home).parts[0] in ("inbox", "archive"):
            continue
        read[path.suffix] = read.get(path.suffix, 0) + 1
        for place, text in texts(path):
            found += [(str(path.relative_to(home)), place, value) for value in PLANTED if value in text]
    assert found == []
    assert all(read[suffix] for suffix in (".duckdb", ".parquet")), read


def test_received_bytes_of_logs_are_not_kept_when_switched_off(home: Path) -> None:
    kept = b"".join(p.read_bytes() for p in (home / "archive").rglob("*") if p.is_file())
    assert b"Metric Name" not in kept
    assert b"log_format,role" in kept
