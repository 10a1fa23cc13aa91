"""The verdict on one file, loading nothing.

Belongs here: judging a file that lies anywhere, on a connection of its own. Stays out: how it is told
(`cli/check.py`).
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from expectations import contract as contracts
from expectations.reference_tables import believed_sender
from expectations.relations import JUDGED
from orchestration.intake.judge import judge_content
from orchestration.intake.known import first_known, with_meta
from orchestration.settings import Settings
from sources.archive import Archived
from sources.inflate import is_gzip
from sources.kinds import InboxFile
from sources.received import Verdict

if TYPE_CHECKING:
    import duckdb


class BrokenRule(NamedTuple):
    """One rule that one row breaks."""

    row_number: int
    rule: str
    severity: str
    message: str


def check_file(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    entry: InboxFile,
    contract: contracts.Contract | None = None,
    content: Path | None = None,
) -> tuple[Verdict, list[BrokenRule]]:
    """The verdict on one table file; its rows stay in the temporary table `judged`.

    Args:
        con: a connection after `prepare.prepare_check`.
        settings: of the home whose lists are used.
        entry: the file, with its `.meta.toml` beside it.
        contract: to judge by; None: the one that the file declares, else the one in force.
        content: other bytes to judge than those of the file itself.

    Raises:
        FileProblem: the file can not be used as a whole.
    """
    if entry.problem:
        raise entry.problem
    path = content or entry.path
    file = with_meta(first_known(settings, entry), entry.path.parent, partial(believed_sender, con))
    file = replace(file, content=Archived("check", path, is_gzip(path)))
    with tempfile.TemporaryDirectory(prefix="spbe-check-") as aside:
        # What the reader writes on its way is no part of the home.
        limits = settings.model_copy(update={"home": Path(aside)})
        verdict = judge_content(con, limits, file, contract, knows_rows=content is not None)
    if verdict.media_type:
        return verdict, []
    broken = con.execute(
        "select _row_number, b.rule, b.severity, b.message "
        f"from {JUDGED}, unnest(_broken) as u (b) order by _row_number, b.rule"
    ).fetchall()
    return verdict, [BrokenRule(*row) for row in broken]
