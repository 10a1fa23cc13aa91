"""What a night has to do, read from inbox, ledger and disk.

Belongs here: looking, and sweeping what killed runs left before that. Stays out: what follows from it
(`chain.py`), doing it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import intake
from orchestration.manifest import damaged_outputs
from orchestration.program import PUBLISHED, count_days_again, wanted_state
from orchestration.settings import Settings
from orchestration.warehouse import REBUILD_MARK, WarehouseDamaged, open_warehouse, run_lock
from sources import ledger
from sources.kinds import LOG_KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

A_DAY_PASSED = "a day has passed"
# Part of `program.wanted_state` to what a changed one means.
_CHANGED = {
    "answers": "the receiver answered",
    "as_of": A_DAY_PASSED,
    "models": "the models changed",
    "open_data": "settings of the open data changed",
    "outputs": "the program changed",
    "received": "files were received",
    "settings": "settings changed",
}


@dataclass
class Plan:
    """What a night has to do, and why.

    Attributes:
        new_files: files of the inbox to read.
        days: local days to count, oldest first.
        reasons: why results are to be made again; empty where they hold.
        damaged_lake, damaged_outputs: files that are gone, cut or changed.
    """

    new_files: int = 0
    days: list[dt.date] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    damaged_lake: list[str] = field(default_factory=list)
    damaged_outputs: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether a run would change nothing."""
        return not (self.new_files or self.days or self.reasons or self.damaged)

    @property
    def damaged(self) -> list[str]:
        """All of them."""
        return [*self.damaged_lake, *self.damaged_outputs]


def plan_night(settings: Settings, inbox: Path, days: Sequence[dt.date] = ()) -> Plan:
    """Look at inbox, waiting days, what the results rest on and what is there of them.

    Args:
        settings: a prepared home.
        inbox: the folder to read.
        days: local days that are to wait, too.

    Raises:
        WarehouseBusy: another run is writing this home.
        WarehouseDamaged: the warehouse can not be opened, or is one that is only half rebuilt.
    """
    if (settings.home / REBUILD_MARK).exists():
        raise WarehouseDamaged("this home is half rebuilt; `spbe rebuild` again finishes it")
    with locked_warehouse(settings, "planning") as con:
        intake.prepare_warehouse(con, settings)
        intake.sweep_lake(con, settings)
        count_days_again(con)
        ledger.queue_days(con, days)
        kinds: Sequence[str | None] = [None, *intake.table_kinds(), LOG_KIND]
        fresh = sum(len(intake.new_files(con, inbox, kind)) for kind in kinds)
        damaged = list(intake.damaged_lake(con, settings).values())
        if not fresh:
            intake.queue_first_day(con, settings)
        rest = _rest(con, settings)
    return replace(rest, new_files=fresh, damaged_lake=damaged)


def plan_rest(settings: Settings) -> Plan:
    """Look at all of it but the inbox and the logs: what a night that has read them still has to do.

    Raises:
        WarehouseBusy, WarehouseDamaged: as `plan_night`.
    """
    with locked_warehouse(settings, "planning") as con:
        return _rest(con, settings)


def _rest(con: duckdb.DuckDBPyConnection, settings: Settings) -> Plan:
    return Plan(
        days=ledger.pending_days(con),
        reasons=why_again(con, settings),
        damaged_outputs=damaged_outputs(con, settings),
    )


def why_again(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """Why results are to be made again; empty where they rest on what is there now."""
    began = ledger.read_state(con, ledger.UNFINISHED)
    reasons = [f"not in the outputs yet: {began}"] if began else []
    try:
        made = json.loads(ledger.read_state(con, PUBLISHED) or "{}")
    except json.JSONDecodeError:
        # An earlier version of the product told it in other words.
        made = {}
    wanted = json.loads(wanted_state(con, settings))
    return reasons + [_CHANGED[part] for part in wanted if made.get(part) != wanted[part]]


@contextmanager
def locked_warehouse(settings: Settings, who: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, the home locked as long."""
    with run_lock(settings.lock, who):
        con = open_warehouse(settings.warehouse)
        try:
            yield con
        finally:
            con.close()


def ranges(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """The ranges that days make up, both ends included, oldest first."""
    found: list[tuple[dt.date, dt.date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == dt.timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
