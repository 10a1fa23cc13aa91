"""A lake that named files by their content becomes one that knows whose they are.

Belongs here: rewriting Parquet files of an earlier shape, each once; killed, it goes on where it stopped.
Stays out: the lake of today (`lake.py`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.quoting import literal

if TYPE_CHECKING:
    import duckdb

_EARLIER, _NOW = "file_sha256", "file_id"


def upgrade_lake(con: duckdb.DuckDBPyConnection, lake_dir: Path) -> int:
    """Rename the column that earlier files name their file by; how many files were rewritten.

    The file of no rows, which every lake has, is rewritten last: while it has the earlier shape, others may,
    too.
    """
    empty = lake_dir / "service_calls" / "day=1970-01-01" / "empty.parquet"
    if not empty.exists() or not _is_earlier(con, empty):
        return 0
    others = [path for path in sorted(lake_dir.glob("service_calls/day=*/*.parquet")) if path != empty]
    earlier = [path for path in others if _is_earlier(con, path)]
    for path in [*earlier, empty]:
        aside = path.with_suffix(".aside")
        con.execute(
            f"copy (select * rename ({_EARLIER} as {_NOW}) from read_parquet(?, hive_partitioning = false)) "
            f"to {literal(str(aside))} (format parquet, compression zstd)",
            [str(path)],
        )
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    return len(earlier) + 1


def _is_earlier(con: duckdb.DuckDBPyConnection, path: Path) -> bool:
    names = con.execute("select name from parquet_schema(?)", [str(path)]).fetchall()
    return (_EARLIER,) in names
