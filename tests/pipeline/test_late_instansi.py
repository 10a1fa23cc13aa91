"""A hub whose logs come, grow and are replaced in any order: what each instansi's day is counted to is what
counting all of them anew gives, and only the days that the change concerns are counted."""

import datetime as dt
import os
import random
from pathlib import Path
from typing import Any

import pytest
from test_calls import side

from orchestration import intake
from orchestration.dbt import run_dbt
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import ledger

CODES = ("51.71", "51.03", "32.73", "33.74")
CHANGES = 12 if os.environ.get("TEST_LONG") == "1" else 3
COUNTED = "intermediate.int_calls__counted_daily"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [name for name in os.environ if name.startswith("SPBE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    settings = Settings(as_of=dt.date(2026, 10, 31))
    settings.prepare_home()
    return settings


def log(chance: random.Random) -> list[str]:
    """Sides of few calls on three days: logs share many, also over midnight, and ids are used twice."""
    found = []
    for _ in range(chance.randint(1, 6)):
        day, call = chance.randint(5, 7), chance.randint(1, 4)
        clock = chance.choice(["09:00:00", "23:59:59.9", "00:00:00.1"])
        changed: dict[str, Any] = {"messageId": chance.choice(["m", "n"]), "serviceVersion": "v"}
        request = chance.choice([f"c{call}", f"c{call}", None])
        kind = chance.choice(["Client", "Producer"])
        found.append(side(kind, request, f"{day:02} {clock}", chance.randint(1, 99), **changed))
    return found


def count_waiting(settings: Settings) -> None:
    assert all(result.passed for result in run_dbt(settings, ["run", "--select", "tag:daily"]))


def count(settings: Settings) -> None:
    """Receive what is new and count what waits."""
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
        intake.sweep_lake(con, settings)
        list(intake.receive(con, settings, settings.inbox, "service_log"))
        waiting = ledger.pending_days(con)
    count_waiting(settings)
    with open_warehouse(settings.warehouse) as con:
        ledger.settle_days(con, waiting)


def rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with open_warehouse(settings.warehouse) as con:
        return con.execute(sql).fetchall()


def test_counted_by_instansi_is_what_counting_all_anew_gives(hub: Settings) -> None:
    chance = random.Random(11)
    folder = hub.inbox / "service_log" / "xroad"
    every = f"select * from {COUNTED} order by all"

    def write(code: str, lines: list[str], how: str = "w") -> None:
        path = folder / code / f"{chance.randint(1, 2)}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(how) as file:
            file.write("".join(line + "\n" for line in lines))

    for code in CODES:
        write(code, log(chance) + log(chance))
    count(hub)
    for change in range(CHANGES):
        # One grows, is written over, or comes anew; now and then two at once.
        for code in chance.sample(CODES, chance.choice([1, 1, 2])):
            write(code, log(chance), chance.choice("aw"))
        count(hub)
        found = rows(hub, every)
        for table in (COUNTED, "intermediate.int_calls__shared_files"):
            rows(hub, f"drop table {table}")
        count_waiting(hub)
        assert rows(hub, every) == found, change
    assert rows(hub, f"select count(*) > 0 from {COUNTED} where calls_counted_elsewhere > 0") == [(True,)]


def test_a_late_file_has_its_own_day_counted_and_whose_calls_it_shares(hub: Settings) -> None:
    folder = hub.inbox / "service_log" / "xroad"

    def write(code: str, name: str, *lines: str) -> None:
        (folder / code).mkdir(parents=True, exist_ok=True)
        (folder / code / name).write_text("".join(line + "\n" for line in lines))

    def made_again() -> set[str]:
        """Whose mark was taken away."""
        rows(hub, f"update {COUNTED} set login_calls = -1")
        count(hub)
        return {code for (code,) in rows(hub, f"select instansi_code from {COUNTED} where login_calls >= 0")}

    for code in CODES:
        write(code, "first.jsonl", side("Client", f"of-{code}", "05 09:00:00"))
    count(hub)
    assert made_again() == set()
    write(CODES[0], "alone.jsonl", side("Client", "alone", "05 10:00:00"))
    assert made_again() == {CODES[0]}
    write(
        CODES[1],
        "other.jsonl",
        side("Producer", f"of-{CODES[2]}", "05 09:00:00", serviceVersion=f"of-{CODES[2]}"),
    )
    assert made_again() == {CODES[1], CODES[2]}
    [row] = rows(
        hub, f"select filed[1].partner_instansi_code from {COUNTED} where instansi_code = '{CODES[2]}'"
    )
    assert row == (CODES[1],)
    # Who is asked for by hand is counted whole.
    with open_warehouse(hub.warehouse) as con:
        ledger.queue_days(con, [dt.date(2026, 10, 5)])
    assert made_again() == set(CODES)
