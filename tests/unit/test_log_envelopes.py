"""Whatever is wrapped around the lines of a log, its records are those of bare lines; the rest is told."""

import functools
import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_logs import LINES, con, event3, kong, load, rows, side, web, wso2_text

from sources.errors import FileRejected, FileWaiting
from sources.logs import envelopes, reading, writing

pytestmark = pytest.mark.slow

__all__ = ["con"]

WHEN = "2026-10-18T05:00:00.123456789Z"
GOOD: dict[str, list[str]] = {
    "xroad": [json.dumps(side(xRequestId=f"r-{n}", faultString="ä, [b] {c")) for n in range(4)],
    "wso2": [wso2_text(correlationId=f"w-{n}") for n in range(3)] + [json.dumps(event3())],
    "kong": [
        json.dumps(kong(request={"id": f"k-{n}", "uri": '/a"\\b'}), ensure_ascii=False) for n in range(4)
    ],
    "combined": [web(user=f"budi {n}", agent='a \\" é') for n in range(4)],
}


def docker(text: str, stream: str = "stdout") -> str:
    return json.dumps({"log": text, "stream": stream, "time": WHEN})


def split(text: str, size: int = 60) -> list[str]:
    """As a container's runtime splits a long line."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def docker_split(lines: list[str]) -> list[str]:
    wrapped = []
    for line in lines:
        *parts, last = split(line)
        wrapped += [docker(part) for part in parts]
        wrapped += [docker("galat\n", "stderr"), docker(last + "\n")]
    return wrapped


def cri_split(lines: list[str]) -> list[str]:
    wrapped = []
    for line in lines:
        *parts, last = split(line)
        wrapped += [f"{WHEN} stdout P {part}" for part in parts] + [f"{WHEN} stdout F {last}"]
    return wrapped


def each(form: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [form.replace("%", line) for line in lines]


ENVELOPES: dict[str, Callable[[list[str]], list[str]]] = {
    "docker": lambda lines: [docker(line + "\n") for line in lines],
    "docker without line ends": lambda lines: [docker(line) for line in lines],
    "docker, split": docker_split,
    "cri": each(f"{WHEN} stdout F %"),
    "cri, split": cri_split,
    "syslog": each("<13>Nov 28 09:00:00 gerbang nginx[12]: %"),
    "syslog without host": each("<190>Oct  1 09:00:00 nginx: %"),
    "syslog of rsyslog": each("2026-10-18T12:00:00+07:00 gerbang nginx: %"),
    "RFC 5424": each('<165>1 2026-10-18T05:00:00Z gerbang nginx 12 - [a@1 b="c \\] d"] %'),
    "docker compose": each("nginx-1  | %"),
    "docker logs -t": each(f"{WHEN} %"),
    "filebeat": lambda lines: [
        json.dumps({"@timestamp": WHEN, "log": {"offset": 1}, "message": line}) for line in lines
    ],
    "syslog in docker": lambda lines: [docker(f"<13>Nov 28 09:00:00 a b[1]: {line}\n") for line in lines],
    "array of texts": lambda lines: [json.dumps(lines, indent=1)],
    "array of docker": lambda lines: [json.dumps([json.loads(docker(line + "\n")) for line in lines])],
}
DOCUMENTS: dict[str, Callable[[list[Any]], str]] = {
    "array": json.dumps,
    "printed array": lambda records: json.dumps(records, indent=2),
    "array of arrays": lambda records: json.dumps([records[:1], records[1:]]),
    "records": lambda records: json.dumps({"next": 5, "records": records, "more": {"records": "x"}}),
    "printed records": lambda records: json.dumps({"records": records}, indent=4),
    "records behind each other": lambda records: "".join(json.dumps({"records": [r]}) for r in records),
    "arrays line by line": lambda records: "\n".join(
        json.dumps(part) for part in (records[:1], [], records[1:])
    ),
    "printed objects": lambda records: "\n".join(json.dumps(record, indent=2) for record in records),
    "an array later": lambda records: json.dumps(records[0]) + "\n" + json.dumps(records[1:]),
    "records later": lambda records: json.dumps(records[0]) + "\n" + json.dumps({"records": records[1:]}),
    "a line each": lambda records: "[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n",
    "in docker": lambda records: "\n".join(
        docker(line + "\n") for line in json.dumps(records, indent=2).split("\n")
    ),
}
COLUMNS = (
    "started_at, consumer_identity, provider_identity, service_code, status_code, succeeded, duration_ms,"
    " ip_pseudo, user_pseudo, case when left(record_id, 1) <> '#' then record_id end"
)


def small_blocks(patch: pytest.MonkeyPatch, block_bytes: int) -> None:
    """Read in blocks and chunks so small that everything stands in several of them."""
    patch.setattr(writing, "spool", functools.partial(writing.spool, chunk_bytes=3 * block_bytes))
    patch.setattr(writing, "opened", functools.partial(writing.opened, chunk_bytes=20 * block_bytes))
    patch.setattr(reading, "_BLOCK_BYTES", block_bytes)
    patch.setattr(envelopes, "_READ_BYTES", block_bytes)


@pytest.mark.parametrize("block_bytes", [97, 1 << 18])
@pytest.mark.parametrize("log_format", GOOD)
def test_wrapped_lines_give_the_records_of_bare_ones(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log_format: str,
    block_bytes: int,
) -> None:
    path = tmp_path / "log"
    path.write_text("\n".join(GOOD[log_format]))
    load(con, path, log_format)
    expected = rows(con, tmp_path / "lake", COLUMNS)
    small_blocks(monkeypatch, block_bytes)
    for name, wrap in ENVELOPES.items():
        path.write_text("\n".join(wrap(GOOD[log_format])))
        result = load(con, path, log_format)
        assert rows(con, tmp_path / "lake", COLUMNS) == expected, name
        assert result.lines == result.records + result.bad_lines + result.blank_lines, name
        assert result.bad_lines == (4 if "docker, split" in name else 0), name


@pytest.mark.parametrize("block_bytes", [97, 1 << 18])
@pytest.mark.parametrize("log_format", ["xroad", "kong", "wso2"])
def test_documents_give_the_records_of_lines(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log_format: str,
    block_bytes: int,
) -> None:
    lines = (
        GOOD[log_format] if log_format != "wso2" else [json.dumps(event3(apiName=f"A{n}")) for n in range(4)]
    )
    path = tmp_path / "log"
    path.write_text("\n".join(lines))
    load(con, path, log_format)
    expected = rows(con, tmp_path / "lake", COLUMNS)
    small_blocks(monkeypatch, block_bytes)
    for name, wrap in DOCUMENTS.items():
        path.write_text(wrap([json.loads(line) for line in lines]))
        result = load(con, path, log_format)
        assert rows(con, tmp_path / "lake", COLUMNS) == expected, name
        assert (result.lines, result.bad_lines) == (4, 0), name


def test_a_line_in_an_envelope_among_bare_ones_is_opened(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for log_format, lines in GOOD.items():
        wrapped = [docker(f"<13>Nov 28 09:00:00 a b[1]: {line}\n") for line in lines]
        path = tmp_path / "log"
        path.write_text("\n".join([*lines * 8, *wrapped, docker("\n"), f"{WHEN} stdout F {lines[0]}"]))
        result = load(con, path, log_format)
        assert (result.records, result.bad_lines, result.blank_lines) == (37, 0, 1), log_format


def test_what_is_left_out_is_told(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "log"
    long = web(referer="x" * reading.MAX_LINE_BYTES)
    text = f"{web()}\n\n{chr(0) * 5000}{web()}\n{long}\n{chr(0)}\n{web()}\n"
    path.write_bytes(gzip.compress(text.encode()) + gzip.compress(web().encode()) + b"ekor")
    result = load(con, path, "combined")
    assert (result.lines, result.records, result.bad_lines, result.blank_lines) == (7, 4, 1, 2)
    assert {(part.code, part.place, part.count) for part in result.left_out} == {
        ("trailing_bytes", "", 4),
        ("line", "baris 3, 5", 5001),
        ("line", "baris 4", 1),
        ("blank", "baris 2, 5", 2),
    }
    path.write_text("\n".join(cri_split([web(), web()])))
    split_lines = load(con, path, "combined")
    assert [(part.code, part.count) for part in split_lines.left_out] == [("envelope", split_lines.lines - 2)]
    assert rows(con, tmp_path / "lake", "line_number") == [(1,), (split_lines.lines // 2 + 1,)]
    path.write_text(json.dumps({"records": [side()], "nextRecordsFrom": 1, "b": 2}))
    [keys] = load(con, path, "xroad").left_out
    assert (keys.code, keys.count) == ("envelope", 2)
    assert "nextRecordsFrom, b" in keys.message


def test_names_that_are_none_and_calls_without_an_answer(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = {
        "wso2": [
            wso2_text("apim:faulty", applicationOwner="UNKNOWN", applicationName="unknown"),
            wso2_text(applicationOwner="N/A", applicationName="-", proxyResponseCode=-1),
            wso2_text(applicationOwner="dinsos", applicationName="Null", proxyResponseCode=0),
        ],
        "kong": [
            json.dumps(kong(consumer={"username": "Anonymous"}, response={"status": 0})),
            json.dumps(
                kong(consumer={"username": "dinsos", "custom_id": "null"}, response={"status": "000"})
            ),
        ],
        "combined": [web(user="anonymous", status="000"), web(user="UNKNOWN", status="-")],
        "xroad": [
            json.dumps(side(clientMemberCode="UNKNOWN", statusCode=-1)),
            json.dumps(side(clientSubsystemCode="n/a", statusCode=0)),
        ],
    }
    named = {"wso2": [None, None, "dinsos"], "kong": [None, "dinsos"], "combined": [None, None]}
    named["xroad"] = [None, "ID/GOV/DINSOS"]
    for log_format, texts in lines.items():
        path = tmp_path / "log"
        path.write_text("\n".join(texts))
        load(con, path, log_format)
        kept = rows(con, tmp_path / "lake", "consumer_identity, succeeded, status_code")
        assert [name for name, *_ in kept] == named[log_format]
        assert {succeeded for _, succeeded, _ in kept} == {False}
        assert {status for *_, status in kept} == ({200, None} if log_format == "wso2" else {None})


def test_what_stands_before_the_address_makes_no_consumer(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    hosts = {
        "10.9.9.1": "/api/v1/penerima",
        "layanan.go.id 10.9.9.1": "layanan.go.id/api/v1/penerima",
        "layanan.go.id:443 10.9.9.1": "layanan.go.id/api/v1/penerima",
        "10.9.9.1, 10.1.1.1": "/api/v1/penerima",
        "unknown, 10.9.9.1, 10.1.1.1 10.2.2.2": "/api/v1/penerima",
        "0.012 10.9.9.1:52311": "/api/v1/penerima",
        "<13>Nov 28 09:00:00 gerbang nginx[1]: 10.9.9.1": "/api/v1/penerima",
    }
    path = tmp_path / "log"
    path.write_text("\n".join(web(host=host, user=user) for user in ("-", "dinas sosial") for host in hosts))
    load(con, path, "combined")
    kept = rows(con, tmp_path / "lake", "provider_identity, ip_pseudo, consumer_identity")
    assert [provider for provider, *_ in kept] == [*hosts.values()] * 2
    assert len({address for _, address, _ in kept}) == 1
    assert {consumer for *_, consumer in kept[: len(hosts)]} == {None}
    assert len({consumer for *_, consumer in kept[len(hosts) :]}) == 1


ODD = [
    b"[" * 300_000,
    b'{"a":' * 100_000,
    b'{"log":"' + b"[" * 100_000 + b'"}',
    b'{"requestInTs":' + b"9" * 5000 + b"}",
    b'{"started_at":1e999,"started_at":1}',
    b'{"requestInTs":1,"requestInTs":2,"securityServerType":"Client"}',
    b'{"log":"\\ud800"}',
    b'{"log":"a\\u0000b\\u0001\\n"}',
    b'{"log":{"a":1},"message":[1]}',
    b'{"' + b"x" * 900_000 + b'":1}',
    b'{"serviceCode":"' + b"n" * 999_000 + b'"}',
    b"\xff\xfe{\x00}\x00",
    b"\xed\xa0\x80",
    b'"\\"',
    b'"teks"',
    b"]",
    b'{"records":[',
    b'{"records":[1,,2]}',
    b'{"records":[{"a":"]}',
    b"Metric Name: apim:response Metric Value: {" + b"(" * 50_000,
    b"<13>Nov 28 09:00:00 a b[1]: ",
    b'<165>1 - - - - - [a b="' + b'\\"' * 1000,
    b"2026-10-18T05:00:00Z stdout P ",
    b"10.1.1.1 - - [" + b"[" * 1000 + b'] "',
    b'10.1.1.1 - "" [] "" "" ""',
    b"\0" * 100,
    "٢٠٢٦\u202e \ue000\ue001\ue004".encode(),
    b"\x1f\x8b\x08",
]


@pytest.mark.parametrize("log_format", LINES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.randoms(use_true_random=False), is_wrapped=st.booleans())
def test_no_line_is_odd_enough_to_raise(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, log_format: str, seed: random.Random, is_wrapped: bool
) -> None:
    pool = [*ODD, *(line.data for line in LINES[log_format][:-1])]
    lines = seed.choices(pool, k=seed.randrange(1, 30))
    if is_wrapped:
        lines = [docker(line.decode("utf-8", "surrogateescape")).encode() for line in lines]
    path = tmp_path / "log"
    path.write_bytes(b"\n".join(lines))
    try:
        result = load(con, path, log_format)
    except (FileRejected, FileWaiting):
        return
    assert result.lines == result.records + result.bad_lines + result.blank_lines
    assert con.execute("select count(*) from bad_lines").fetchone() == (result.bad_lines,)
