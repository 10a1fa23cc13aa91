"""The temporary tables that one file passes through, by name; who begins a file drops them after it.

Belongs here: their names, and dropping them. Stays out: what they hold (`quarantine.py`, `sources/tables`,
`sources/corrections.py`, `sources/lake.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Cells as read; rows with the rules they break, of files with one header and of all that are kept together;
# which rows of other files a correction names; lines of a log that are no records.
LANDED = "landed"
JUDGED = "judged"
JUDGED_TOGETHER = "judged_together"
CORRECTED = "corrected"
BAD_LINES = "bad_lines"
# Tables that begin so serve the next file, too.
KEPT = "known_"


@contextmanager
def dropping_relations(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Drop what reading a file leaves in the connection, which stays open, however the reading ends."""
    before = _temporary(con)
    try:
        yield
    finally:
        for name, sort in sorted(_temporary(con) - before):
            if not name.startswith(KEPT):
                con.execute(f'drop {sort} if exists temp."{name}"')


def _temporary(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(
        con.execute(
            "select table_name, 'table' from duckdb_tables() where temporary "
            "union all select view_name, 'view' from duckdb_views() where temporary and not internal"
        ).fetchall()
    )
