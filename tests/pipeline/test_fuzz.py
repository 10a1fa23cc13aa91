"""Whatever bytes lie in the inbox, no exception escapes, no row is lost, no memory grows.

Real files of every kind and log format are spoilt (`spoilt_files.py`) and received, one warehouse for all.
`TEST_FUZZ_SECONDS` says for how long (20; an hour with `TEST_LONG=1`); a failure names the seed and the
number of its file, which `TEST_FUZZ_SEED` and `TEST_FUZZ_FIRST` repeat.
"""

import os
import re
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from odd_files import LIMITS
from spoilt_files import all_seeds, spoil

from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources.kinds import LOG_KIND

IS_LONG = os.environ.get("TEST_LONG") == "1"
SECONDS = float(os.environ.get("TEST_FUZZ_SECONDS", "3600" if IS_LONG else "20"))
SEED = os.environ.get("TEST_FUZZ_SEED", str(time.time_ns() // 1000 % 10**6) if IS_LONG else "1207")
FIRST = int(os.environ.get("TEST_FUZZ_FIRST", "0"))
BATCH = 25
# What one file may add to the memory of the process that receives it, after the first ones.
GROWTH_BYTES = 1 << 30
_FAILURES = 20


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    settings = Settings(home=tmp_path / "home", reader_max_seconds=20, **LIMITS)  # type: ignore[arg-type, call-arg]
    settings.prepare_home()
    return settings


def _resident_bytes() -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024  # type: ignore[index]


def _receive(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path
) -> Iterator[tuple[str, str | None]]:
    """The name of each file in an inbox, with what is wrong with how it was received."""
    for kind in [None, *intake.table_kinds(), LOG_KIND]:
        for entry in intake.new_files(con, inbox, kind):
            try:
                verdict = intake.receive_file(con, settings, inbox, entry)
            except Exception:
                yield entry.name, traceback.format_exc()[-3000:]
                continue
            record = verdict.record
            fault = None
            if (record.reason or "").startswith("internal"):
                fault = f"internal: {verdict.details}"
            elif record.rows_received != record.rows_loaded + record.rows_quarantined:
                fault = f"received is not loaded + quarantined: {record}"
            elif not con.execute(
                "select 1 from raw.intake_files where file_name = ? and status = ?",
                [record.file_name, record.status],
            ).fetchone():
                fault = f"not in the ledger: {record}"
            yield entry.name, fault


def test_no_bytes_stop_the_door(settings: Settings, tmp_path: Path) -> None:
    seeds = all_seeds()
    faults: list[str] = []
    number, received, warm = FIRST, 0, 0
    give_up = time.monotonic() + SECONDS
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
        while time.monotonic() < give_up and len(faults) < _FAILURES:
            inbox = tmp_path / f"inbox-{number}"
            laid = [spoil(f"{SEED}-{n}", seeds, inbox) for n in range(number, number + BATCH)]
            number += BATCH
            found = list(_receive(con, settings, inbox))
            received += len(found)
            faults += [f"{inbox / name}: {fault}" for name, fault in found if fault]
            if len(found) != len(laid):
                faults.append(f"{inbox}: {len(laid)} files laid, {len(found)} received")
            warm = warm or _resident_bytes()
            if _resident_bytes() - warm > GROWTH_BYTES:
                faults.append(f"{inbox}: memory has grown from {warm:,} to {_resident_bytes():,} bytes")
                break
        faults += _lost_rows(con)
    told = f"TEST_FUZZ_SEED={SEED} TEST_FUZZ_FIRST=<number of the file>; {received} files received"
    assert not faults, told + "\n" + "\n\n".join(faults)
    assert received > (FIRST == 0) * min(SECONDS, 10)


def _lost_rows(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Files of which the warehouse holds another number of rows than the ledger says."""
    faults = []
    for kind in intake.table_kinds():
        faults += con.execute(
            "select file.file_name, file.rows_received, count(this._file_id) from intake.files as file "
            f"left join received.{kind} as this on file.file_id = this._file_id "
            "where file.kind = ? and file.status in ('loaded', 'partly') "
            "group by all having count(this._file_id) <> file.rows_received",
            [kind],
        ).fetchall()
    return [f"{name}: {told:,} rows received, {held:,} held" for name, told, held in faults]
