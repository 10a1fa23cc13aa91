"""Runs of the command that are killed, and what two homes differ in."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import PROJECT


def begin(home: Path, *arguments: str, variables: dict[str, str], **popen: Any) -> subprocess.Popen[str]:
    """The `spbe` command on a home, begun and not waited for."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SPBE_", "DAGSTER_", "DBT_"))}
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("spbe")), *arguments],
        env={**environment, "SPBE_HOME": str(home), **variables},
        cwd=PROJECT,
        text=True,
        **popen,
    )


def start(home: Path, inbox: Path) -> subprocess.Popen[str]:
    return begin(
        home,
        *("run", "--inbox", str(inbox)),
        variables={"SPBE_INSTANSI": "99.98", "SPBE_AS_OF": "2026-10-31"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run_killed(home: Path, inbox: Path, word: str, seconds: float) -> None:
    process = start(home, inbox)
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            threading.Timer(seconds, process.send_signal, [signal.SIGKILL]).start()
    process.wait()


def run_whole(home: Path, inbox: Path) -> None:
    process = start(home, inbox)
    out, _ = process.communicate()
    assert process.returncode == 0, out


def published(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every published table, but for moments."""
    with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True) as con:
        columns = con.execute(
            "select table_name, string_agg('\"' || column_name || '\"', ', ' order by column_index)"
            " from duckdb_columns() where not internal and data_type not like 'TIMESTAMP%'"
            " and table_name not in ('fct_nights', 'readme')"
            " group by table_name"
        ).fetchall()
        return {
            table: con.execute(f"select {names} from {table} order by all").fetchall()
            for table, names in columns
        }


def differing(home: Path, other: Path) -> list[str]:
    """Names of the published tables that are not equal."""
    expected, found = published(home), published(other)
    assert expected.keys() == found.keys()
    assert len(expected["fct_calls_daily"]) > 1000
    return [table for table in expected if expected[table] != found[table]]
