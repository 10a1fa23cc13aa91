"""What a night has to do, read from inbox, ledger and disk.

Belongs here: looking, and sweeping what killed runs left before that. Stays out: doing it (`night.py` in one
process, `sensors.py` in the daemon).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import intake
from orchestration.manifest import damaged_outputs
from orchestration.program import STATE, count_days_again, wanted_state
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
    "as_of": A_DAY_PASSED,
    "models": "the models changed",
    "outputs": "the program changed",
    "received": "files were received",
    "settings": "settings changed",
}


@dataclass
class Plan:
    """What a night has to do, and why.

    Attributes:
        new_files: files of the inbox to read.
        days: ranges of local days to count, both ends included.
        reasons: why results are to be made again; empty where they hold.
        damaged_logs, damaged_outputs: files that are gone, cut or changed.
    """

    new_files: int = 0
    days: list[tuple[dt.date, dt.date]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    damaged_logs: list[str] = field(default_factory=list)
    damaged_outputs: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether a run would change nothing."""
        return not (self.new_files or self.days or self.reasons or self.damaged)

    @property
    def damaged(self) -> list[str]:
        """All of them."""
        return [*self.damaged_logs, *self.damaged_outputs]


def plan_night(settings: Settings, inbox: Path) -> Plan:
    """Look at inbox, waiting days, what the results rest on and what is there of them.

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
        kinds: Sequence[str | None] = [None, *intake.table_kinds(), LOG_KIND]
        fresh = sum(len(intake.new_files(con, inbox, kind)) for kind in kinds)
        logs = list(intake.damaged_logs(con, settings).values())
        outputs = damaged_outputs(con, settings)
        if not fresh:
            intake.queue_first_day(con, settings)
        return Plan(fresh, ledger.pending_ranges(con), why_again(con, settings), logs, outputs)


def why_again(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """Why results are to be made again; empty where they rest on what is there now."""
    began = ledger.read_state(con, ledger.UNFINISHED)
    reasons = [f"the night that received {began} was not finished"] if began else []
    try:
        made = json.loads(ledger.read_state(con, STATE) or "{}")
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
