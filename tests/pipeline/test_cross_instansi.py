"""A hub of two regencies and a ministry: the two sides of one call stand in the logs of two of them.

Asserted from the published tables: each counts the call once as its own, with the other as an outside body,
and a total over all of them has it once.
"""

import datetime as dt
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

Spbe = Callable[..., subprocess.CompletedProcess[str]]
Shared = Callable[[str, Callable[[Path], object]], Path]

KOTA, BADUNG, MINISTRY = "51.71", "51.03", "kementerian-contoh"
FOLDERS = {KOTA: KOTA, BADUNG: BADUNG, MINISTRY: f"@{MINISTRY}"}
OPDS = {KOTA: f"{KOTA}-DISKOMINFOS", BADUNG: f"{BADUNG}-DISKOMINFO", MINISTRY: f"@{MINISTRY}-PUSDATIN"}
MEMBERS = {KOTA: "KOTA", BADUNG: "BADUNG", MINISTRY: "KEMENTERIAN", "bank": "BANK"}
FIFTH, SIXTH = dt.date(2026, 10, 5), dt.date(2026, 10, 6)
# Name of the ministry's service in the mapping of the second regency, which knows it itself.
OWN_NAME = "EXT:Pusat Data"
# All that must not depend on which night a log came.
TABLES = {
    "fct_calls_daily": "*",
    "fct_call_days": "*",
    "fct_exchange_edges": "*",
    "fct_log_quality": "* exclude (received_at)",
    "fct_indicator_values": "*",
}


def side(kind: str, call: str, time: str, ms: int, consumer: str, provider: str, **other: Any) -> str:
    """One side of a call; its service is the call's name before the dash."""
    day, clock = time.split()
    moment = dt.datetime.fromisoformat(f"2026-10-{day}T{clock}").replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    start = round(moment.timestamp() * 1000)
    record = {
        "securityServerType": kind,
        "xRequestId": call,
        "requestInTs": start,
        "requestOutTs": start + 2,
        "responseInTs": start + ms - 2,
        "responseOutTs": start + ms,
        "clientXRoadInstance": "ID",
        "clientMemberClass": "GOV",
        "clientMemberCode": MEMBERS[consumer],
        "clientSubsystemCode": "klien",
        "serviceXRoadInstance": "ID",
        "serviceMemberClass": "GOV",
        "serviceMemberCode": MEMBERS[provider],
        "serviceSubsystemCode": "layanan",
        "serviceCode": call.partition("-")[0],
        "messageId": f"m-{call}",
        "requestSize": 10,
        "responseSize": 20,
        "succeeded": True,
    }
    return json.dumps(record | other)


def kong(service: str) -> str:
    record = {
        "request": {"method": "GET", "uri": "/x", "size": "10", "id": "sama"},
        "response": {"status": 200, "size": "20"},
        "latencies": {"request": 84, "kong": 3, "proxy": 81},
        "started_at": 1791165600000,
        "consumer": {"username": "klien"},
        "service": {"name": service, "host": f"{service}.local", "protocol": "http"},
    }
    return json.dumps(record)


def logs() -> dict[str, list[str]]:
    """Lines of the X-Road log of each instansi."""
    found: dict[str, list[str]] = {KOTA: [], BADUNG: [], MINISTRY: []}

    def call(name: str, time: str, consumer: str, provider: str, **other: Any) -> None:
        found[consumer].append(side("Client", name, time, 300, consumer, provider, **other))
        found[provider].append(side("Producer", name, time, 200, consumer, provider))

    for number in range(3):
        call(f"nik-{number}", f"05 09:00:0{number}", KOTA, MINISTRY)
        call(f"data-{number}", f"05 10:00:0{number}", KOTA, BADUNG)
    for number in range(2):
        call(f"nik-b{number}", f"05 11:00:0{number}", BADUNG, MINISTRY)
    # The client's gateway got no answer; the producer's does not know of it.
    call("nik-fails", "05 12:00:00", KOTA, MINISTRY, succeeded=False)
    # Over midnight: each counts it on the day of its own record.
    found[KOTA].append(side("Client", "malam-1", "05 23:59:59.9", 300, KOTA, MINISTRY))
    found[MINISTRY].append(side("Producer", "malam-1", "06 00:00:00.1", 200, KOTA, MINISTRY))
    found[KOTA].append(side("Client", "jam-1", "05 14:00:05", 300, KOTA, MINISTRY))
    found[MINISTRY].append(side("Producer", "jam-1", "05 14:00:00", 200, KOTA, MINISTRY))
    # The ministry's log holds both sides, the regency's the client's too.
    call("salin-1", "05 15:00:00", BADUNG, MINISTRY)
    found[MINISTRY].append(found[BADUNG][-1])
    # Only one side was ever written.
    found[KOTA].append(side("Client", "hilang-1", "05 16:00:00", 300, KOTA, MINISTRY))
    # An id used again: for another service, and for another message.
    found[KOTA].append(side("Client", "ulang-1", "05 17:00:00", 300, KOTA, MINISTRY))
    found[MINISTRY].append(
        side("Producer", "ulang-1", "05 17:00:00", 200, KOTA, MINISTRY, serviceCode="lain")
    )
    found[KOTA].append(side("Client", "pesan-1", "05 18:00:00", 300, KOTA, MINISTRY))
    found[MINISTRY].append(
        side("Producer", "pesan-1", "05 18:00:00", 200, KOTA, MINISTRY, messageId="m-lain")
    )
    # A body that no instansi of the home maps.
    found[KOTA].append(side("Client", "bank-1", "05 19:00:00", 300, KOTA, "bank"))
    # Younger by more than the days after which a single side is an orphan.
    for code, lines in found.items():
        lines.append(side("Client", f"akhir-{code}", "12 09:00:00", 300, code, "bank"))
    return found


def write_inbox(inbox: Path, of: tuple[str, ...] = (KOTA, BADUNG, MINISTRY)) -> None:
    """Registers and mappings of all, and the logs of some."""

    def put(name: str, *lines: str) -> None:
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    for code, folder in FOLDERS.items():
        put(
            f"opd_register/{folder}/2026/opd.csv",
            "Kode OPD,Nama OPD,Nama Singkat,Jenis OPD,Aktif",
            f"{OPDS[code]},Pengelola Data {MEMBERS[code]},PDE,dinas,Ya",
        )
        extra = [f"xroad,provider,ID/GOV/KEMENTERIAN,{OWN_NAME}"] if code == BADUNG else []
        put(
            f"gateway_identity/{folder}/nama.csv",
            "log_format,role,identity,opd_code",
            f"xroad,both,ID/GOV/{MEMBERS[code]},{OPDS[code]}",
            *extra,
        )
    for code in of:
        put(f"service_log/xroad/{FOLDERS[code]}/log.jsonl", *logs()[code])
    for code in (KOTA, BADUNG):
        put(f"service_log/kong/{code}/log.jsonl", kong("satu"))


def night(spbe: Spbe, home: Path, inbox: Path) -> None:
    done = spbe(home, "run", "--inbox", inbox, SPBE_INSTANSI=KOTA, SPBE_AS_OF="2026-10-31")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def home(shared: Shared, spbe: Spbe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(home: Path) -> None:
        inbox = tmp_path_factory.mktemp("hub") / "inbox"
        write_inbox(inbox)
        night(spbe, home, inbox)

    return shared("hub", make)


@pytest.fixture
def con(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True) as connection:
        yield connection


def calls_of(con: duckdb.DuckDBPyConnection, code: str) -> dict[tuple[str, str, str, dt.date], list[Any]]:
    rows = con.execute(
        "select consumer_opd, provider_opd, service_code, day, calls, succeeded, duration_p50_ms,"
        " partner_instansi_code, calls_counted_elsewhere from fct_calls_daily"
        " where instansi_code = ? and log_format = 'xroad' and day < '2026-10-12'",
        [code],
    ).fetchall()
    return {row[:4]: list(row[4:]) for row in rows}


def test_each_counts_a_call_once_as_its_own_with_an_outside_body(con: duckdb.DuckDBPyConnection) -> None:
    kota, ministry = OPDS[KOTA], f"EXT:{MINISTRY}"
    assert calls_of(con, KOTA) == {
        (kota, ministry, "nik", FIFTH): [4, 3, 300, MINISTRY, 0],
        (kota, f"EXT:{BADUNG}", "data", FIFTH): [3, 3, 300, BADUNG, 0],
        (kota, ministry, "malam", FIFTH): [1, 1, 300, MINISTRY, 0],
        (kota, ministry, "jam", FIFTH): [1, 1, 300, MINISTRY, 0],
        (kota, ministry, "hilang", FIFTH): [1, 1, 300, None, 0],
        (kota, ministry, "ulang", FIFTH): [1, 1, 300, None, 0],
        (kota, ministry, "pesan", FIFTH): [1, 1, 300, None, 0],
        (kota, "ID/GOV/BANK", "bank", FIFTH): [1, 1, 300, None, 0],
    }
    # Its own mapping is asked first.
    badung = OPDS[BADUNG]
    assert calls_of(con, BADUNG) == {
        (f"EXT:{KOTA}", badung, "data", FIFTH): [3, 3, 300, KOTA, 3],
        (badung, OWN_NAME, "nik", FIFTH): [2, 2, 300, MINISTRY, 0],
        (badung, OWN_NAME, "salin", FIFTH): [1, 1, 300, MINISTRY, 0],
    }
    # What the client's side tells is known to the producer: the duration, and that a call failed.
    pusdatin = OPDS[MINISTRY]
    assert calls_of(con, MINISTRY) == {
        (f"EXT:{KOTA}", pusdatin, "nik", FIFTH): [4, 3, 300, KOTA, 4],
        (f"EXT:{BADUNG}", pusdatin, "nik", FIFTH): [2, 2, 300, BADUNG, 2],
        (f"EXT:{KOTA}", pusdatin, "malam", SIXTH): [1, 1, 300, KOTA, 1],
        (f"EXT:{KOTA}", pusdatin, "jam", FIFTH): [1, 1, 300, KOTA, 1],
        (f"EXT:{BADUNG}", pusdatin, "salin", FIFTH): [1, 1, 300, None, 1],
        (f"EXT:{KOTA}", pusdatin, "lain", FIFTH): [1, 1, 200, None, 0],
        (f"EXT:{KOTA}", pusdatin, "pesan", FIFTH): [1, 1, 200, None, 0],
    }


def test_a_total_over_all_has_every_call_once(con: duckdb.DuckDBPyConnection) -> None:
    requests = {
        (record["xRequestId"], record["messageId"], record["serviceCode"])
        for lines in logs().values()
        for record in map(json.loads, lines)
    }
    for table in ("fct_calls_daily", "fct_call_days", "fct_log_quality"):
        assert con.execute(
            f"select sum(calls - calls_counted_elsewhere) from {table} where log_format = 'xroad'"
        ).fetchone() == (len(requests),), table


def test_both_sides_are_known_and_none_is_an_orphan_for_want_of_the_other_log(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = con.execute(
        "select instansi_code, records, duplicates, calls, pairs, pairs_with_others, orphans, skewed_calls,"
        " reused_ids, pairs_by_message from fct_log_quality where log_format = 'xroad' order by all"
    ).fetchall()
    assert rows == [
        (BADUNG, 7, 0, 7, 6, 6, 0, 0, 0, 0),
        # Orphans: lost, two used again, and the bank's.
        (KOTA, 14, 0, 14, 9, 9, 4, 1, 0, 0),
        (MINISTRY, 13, 0, 12, 9, 8, 2, 1, 0, 0),
    ]


def test_an_edge_of_each_goes_to_an_outside_body(con: duckdb.DuckDBPyConnection) -> None:
    edges = con.execute(
        "select instansi_code, consumer_opd, provider_opd, calls, is_observed from fct_exchange_edges"
        " where channel = 'xroad' and 'ID/GOV/BANK' <> provider_opd order by all"
    ).fetchall()
    assert edges == [
        (BADUNG, OPDS[BADUNG], OWN_NAME, 3, True),
        (BADUNG, f"EXT:{KOTA}", OPDS[BADUNG], 3, True),
        (KOTA, OPDS[KOTA], f"EXT:{BADUNG}", 3, True),
        (KOTA, OPDS[KOTA], f"EXT:{MINISTRY}", 9, True),
        (MINISTRY, f"EXT:{BADUNG}", OPDS[MINISTRY], 3, True),
        (MINISTRY, f"EXT:{KOTA}", OPDS[MINISTRY], 8, True),
    ]


def test_only_a_name_that_nobody_maps_is_a_finding(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "select instansi_code, statement from fct_findings"
        " where rule_id = 'unmapped_identity' and evidence like '%xroad%'"
    ).fetchall()
    # Each called the bank.
    assert Counter(code for code, _ in found) == {KOTA: 1, BADUNG: 1, MINISTRY: 1}
    assert all("BANK" in statement and "KEMENTERIAN" not in statement for _, statement in found)


def test_an_id_of_a_format_whose_ids_are_not_global_joins_nothing(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute(
        "select instansi_code, calls, pairs, calls_counted_elsewhere from fct_log_quality"
        " where log_format = 'kong' order by all"
    ).fetchall() == [(BADUNG, 1, 0, 0), (KOTA, 1, 0, 0)]


def rows_of(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True) as con:
        return {
            table: con.execute(f"select {columns} from {table} order by all").fetchall()
            for table, columns in TABLES.items()
        }


@pytest.mark.long
def test_a_log_that_comes_a_night_later_gives_the_same(home: Path, spbe: Spbe, tmp_path: Path) -> None:
    late = tmp_path / "home"
    write_inbox(tmp_path / "first", of=(KOTA, BADUNG))
    night(spbe, late, tmp_path / "first")
    before = rows_of(late)
    assert before["fct_calls_daily"] != rows_of(home)["fct_calls_daily"]
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    write_inbox(tmp_path / "second")
    night(spbe, late, tmp_path / "second")
    assert rows_of(late) == rows_of(home)
