"""What was written last, and what became of it since: files of the outputs and of the lake.

Belongs here: noting files when they are finished, and finding those that are gone, cut or changed. Stays out:
making them again (`night.py` plans it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.program import PUBLISHED, wanted_state
from orchestration.settings import Settings
from sources import ledger, nights
from sources.nights import now_utc

if TYPE_CHECKING:
    import duckdb


def finish(
    con: duckdb.DuckDBPyConnection, settings: Settings, bundle: Path | None, *, is_whole: bool = True
) -> None:
    """Note which files the outputs are; if all were made of an index made with them, nothing is unfinished.

    Args:
        con: the warehouse.
        settings: the home.
        bundle: the folder of the bundle that holds now; None where there is none yet.
        is_whole: whether index and all outputs were made in one run.
    """
    rows = []
    for path in sorted(_outputs(settings, bundle)):
        found = path.stat()
        rows.append((_name(settings, path), found.st_size, found.st_mtime_ns, _sha256(path)))
    con.execute("begin")
    con.execute("delete from intake.outputs")
    con.executemany("insert into intake.outputs values (?, ?, ?, ?)", rows)
    if is_whole:
        ledger.write_state(con, PUBLISHED, wanted_state(con, settings))
        ledger.forget_state(con, ledger.UNFINISHED)
        nights.end_night(con, now_utc())
    con.execute("commit")


def damaged_outputs(con: duckdb.DuckDBPyConnection, settings: Settings, *, whole: bool = False) -> list[str]:
    """Outputs that are not as they were written: `<path in the home>: gone | cut or grown | changed`.

    Args:
        con: the warehouse.
        settings: the home.
        whole: read every file; otherwise only those whose time changed.
    """
    found = []
    for name, size, modified_ns, sha256 in con.execute(
        "select * from intake.outputs order by path"
    ).fetchall():
        path = settings.home / name
        try:
            now = path.stat()
        except OSError:
            found.append(f"{name}: gone")
            continue
        if now.st_size != size:
            found.append(f"{name}: cut or grown")
        elif (whole or now.st_mtime_ns != modified_ns) and _sha256(path) != sha256:
            found.append(f"{name}: changed")
    return found


def _outputs(settings: Settings, bundle: Path | None) -> Iterator[Path]:
    yield settings.published
    folders: Iterable[Path] = (settings.report, settings.feedback, *([bundle] if bundle else []))
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def _name(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.home).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
