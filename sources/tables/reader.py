"""The door of this package: a file of a kind to landed rows, and headings to the columns they may mean.

Belongs here: what a caller hands in and gets, and what of a contract the reading needs. Stays out: the
reading (`child.py` and what it calls, in a process of its own).
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations import contract as contracts
from expectations.contract import Contract
from expectations.quarantine import FILE_STEP
from expectations.relations import LANDED
from expectations.template import CODE_SHEET, HELP_SHEET
from sources import corrections
from sources.left_out import LeftOut
from sources.tables.header import Matcher, Spellings, key_of, loose_key
from sources.tables.process import ask_child

if TYPE_CHECKING:
    import duckdb

_SHEET_STEP = 10_000_000
# `_row_number`, `_surplus` and `_fault` of landed rows.
_OWN_COLUMNS = 3
# The sheet for people in the workbook of refused rows (`exports/feedback.py`).
_PROBLEM_SHEET = "masalah"


@dataclass(frozen=True)
class TableLimits:
    """Largest file that is read as a table.

    Inflated bytes, inflating ratio, rows, columns, characters of a cell, seconds of reading, bytes of memory
    that the reading may take.
    """

    max_bytes: int = 200_000_000
    max_ratio: int = 200
    max_rows: int = 1_000_000
    max_columns: int = 500
    max_cell: int = 32_767
    max_seconds: float = 300
    max_memory: int = 2_000_000_000


@dataclass(frozen=True)
class UnknownHeader:
    """A heading that nobody knows, the title of the column it is like (or None), and where it stands."""

    header: str
    near: str | None
    place: str


@dataclass
class TableFile:
    """A file that was read: its rows lie in `landed`, all that are no rows are counted.

    Attributes:
        contract: the one it was read by.
        headers, columns: heading, and known column or None, of each landed cell.
        header_row: row of the first header that has rows; 0 in JSON.
        header_rows: how many rows the first headers of the loaded sheets take; with `rows` and the rows left
            out they are all rows of the file that are not blank.
        sheets: names of the loaded sheets, in order; empty where the form has none.
        rows: how many were landed.
        left_out: what was not read as rows.
        unknown: headings that nobody knows.
        landed: folder of Arrow files with `_row_number`, `_surplus`, `_fault`, `c0`, `c1`, …
    """

    contract: Contract
    headers: list[str]
    columns: list[str | None]
    header_row: int
    header_rows: int
    sheets: list[str]
    rows: int
    left_out: list[LeftOut]
    unknown: list[UnknownHeader]
    landed: Path

    def drop(self) -> None:
        """Remove the landed rows."""
        shutil.rmtree(self.landed, ignore_errors=True)


def read_table(
    content: Path,
    kind: str,
    limits: TableLimits,
    scratch: Path,
    *,
    contract: Contract | None = None,
    renamed: Mapping[str, str] | None = None,
) -> TableFile:
    """Read a file in the child process.

    Args:
        content: a plain or gz file; the content decides what it is, not the name.
        kind: of its contract.
        limits: see `TableLimits`.
        scratch: folder for the landed rows; made where it is missing.
        contract: what it is held to; None: the version its template declares, else the one in force.
        renamed: the sender's own headings ► column of the contract.

    Raises:
        FileRejected: `empty`, `encrypted`, `macro`, `too_large`, `too_slow`, `unreadable`, `wrong_header` or
            `internal`, with a sentence in Indonesian and, where there are any, `details` for the log.
        FileWaiting: `truncated`.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="landed-", dir=scratch))
    try:
        held_to = contract or contracts.load_contract(kind)
        answer = _ask(content, folder, held_to, limits, renamed or {}, contract is not None)
        if "declared" in answer:
            # A template of an earlier version stays valid under that version.
            with contextlib.suppress(FileNotFoundError):
                held_to = contracts.load_contract(kind, answer["declared"])
            answer = _ask(content, folder, held_to, limits, renamed or {}, True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return TableFile(
        contract=held_to,
        headers=answer["headers"],
        columns=answer["columns"],
        header_row=answer["header_row"],
        header_rows=answer["header_rows"],
        sheets=answer["sheets"],
        rows=answer["rows"],
        left_out=[LeftOut(**found) for found in answer["left_out"]],
        unknown=[UnknownHeader(**found) for found in answer["unknown"]],
        landed=folder,
    )


def _ask(
    content: Path,
    folder: Path,
    contract: Contract,
    limits: TableLimits,
    renamed: Mapping[str, str],
    is_given: bool,
) -> dict[str, Any]:
    spellings = _written(contract)
    if renamed:
        own = {key_of(heading): name for heading, name in renamed.items()}
        spellings = replace(spellings_of(contract), renamed=own).as_json()
    request = {
        "path": str(content.absolute()),
        "folder": str(folder.absolute()),
        "limits": vars(limits),
        "spellings": spellings,
        "guide": {
            "is_given": is_given,
            "own_sheets": [HELP_SHEET, CODE_SHEET],
            "problem_sheet": _PROBLEM_SHEET,
            "correction_column": corrections.COLUMN,
        },
    }
    return ask_child(request, limits.max_seconds)


def land_table(con: duckdb.DuckDBPyConnection, table: TableFile) -> None:
    """Move the landed rows to the temporary table `landed`, in the order of the file, and remove the files.

    Its columns: `_row_number`; `_surplus`, the cells beyond the header, joined; `_fault`, why the row can not
    be read; `c0`, `c1`, … in the order of `table.columns`; all but the first are text.
    """
    land_tables(con, [table])


def land_tables(
    con: duckdb.DuckDBPyConnection, tables: Sequence[TableFile]
) -> tuple[list[str | None], list[list[int]]]:
    """As `land_table`, of some files; `quarantine.FILE_STEP` tells their rows apart.

    Returns:
        The known column, or None, of each landed cell, those of the first file first; and for each file the
        position of each of its own cells among them.
    """
    import pyarrow as pa

    columns, places = _unite(tables)
    cells = [f"c{i}" for i in range(len(columns))]
    names = ["_surplus", "_fault", *cells]
    texts = ", ".join(f"{name} varchar" for name in names)
    con.execute(f"create or replace temp table {LANDED} (_row_number bigint, {texts})")
    fields = [("_file", pa.int64()), ("_row_number", pa.int64()), *((name, pa.string()) for name in names)]
    schema = pa.schema(fields)
    con.register("chunk", pa.RecordBatchReader.from_batches(schema, _batches(tables, places, schema)))
    filled = ", ".join(f"nullif({name}, '') as {name}" for name in cells)
    con.execute(
        f"insert into {LANDED} by name select _row_number + _file * {FILE_STEP} as _row_number, "
        f"_surplus, _fault{', ' if filled else ''}{filled} from chunk"
    )
    con.unregister("chunk")
    for table in tables:
        table.drop()
    return columns, places


def _unite(tables: Sequence[TableFile]) -> tuple[list[str | None], list[list[int]]]:
    """One row of columns for tables whose headers differ; a known column has one place, wherever it is."""
    columns: list[str | None] = []
    known: dict[str, int] = {}
    unknown: list[int] = []
    places = []
    for table in tables:
        free = iter(list(unknown))
        mine = []
        for name in table.columns:
            place = known.get(name) if name else next(free, None)
            if place is None:
                place = len(columns)
                columns.append(name)
                if name:
                    known[name] = place
                else:
                    unknown.append(place)
            mine.append(place)
        places.append(mine)
    return columns, places


def _batches(tables: Sequence[TableFile], places: Sequence[Sequence[int]], schema: Any) -> Iterator[Any]:
    """The landed rows of tables under one schema, with the position of their table."""
    import pyarrow as pa

    for n, table in enumerate(tables):
        for part in sorted(table.landed.glob("*.arrow"), key=lambda p: int(p.stem)):
            with pa.memory_map(str(part)) as mapped, pa.ipc.open_stream(mapped) as reader:
                for batch in reader:
                    rows = batch.num_rows
                    # An earlier part of a file may have fewer columns than a later one.
                    cells = [pa.nulls(rows, pa.string())] * (len(schema) - _OWN_COLUMNS - 1)
                    for place, column in zip(places[n], batch.columns[_OWN_COLUMNS:], strict=False):
                        cells[place] = column
                    file = pa.repeat(pa.scalar(n, pa.int64()), rows)
                    own = [file, *batch.columns[:_OWN_COLUMNS]]
                    yield pa.RecordBatch.from_arrays([*own, *cells], schema=schema)


def row_place(sheets: Sequence[str], row_number: int) -> str:
    """A row as a person finds it: its number, with the sheet where several were loaded ("Sheet2!5")."""
    sheet, row = divmod(row_number, _SHEET_STEP)
    return f"{sheets[sheet]}!{row}" if len(sheets) > 1 and sheet < len(sheets) else str(row)


def propose_columns(headings: TableFile | Sequence[str], kind: str) -> dict[str, str]:
    """Headings that nobody knows ► name of the column they are most like; those like none are left out.

    What a sender may write under `[columns]` of a `.meta.toml`.
    """
    matcher = Matcher(spellings_of(contracts.load_contract(kind)))
    taken: set[str] = set()
    if isinstance(headings, TableFile):
        taken = {c for c in headings.columns if c}
        headings = [found.header for found in headings.unknown]
    found: dict[str, str] = {}
    for heading in headings[:200]:
        if heading.strip() and matcher.match(heading.strip()) is None:
            near = matcher.near(heading, taken)
            if near:
                found[heading] = near
                taken.add(near)
    return found


@cache
def _written(contract: Contract) -> str:
    return spellings_of(contract).as_json()


@cache
def spellings_of(contract: Contract) -> Spellings:
    """What the reading needs to know of a contract."""
    known = {
        key_of(heading): [name] if name else []
        for heading, name in (contracts.header_aliases(contract.kind, contract) | corrections.HEADERS).items()
    }
    known |= {
        key_of(heading): list(names)
        for heading, names in contracts.header_choices(contract.kind, contract).items()
    }
    aliases = contracts.value_aliases(contract.kind)
    yes_no = [row["alias"].lower() for row in contracts.shared_spellings("boolean")]
    values = {}
    for column in contract.columns:
        spelled = {*column.codes, *aliases.get(column.name, {})}
        spelled |= set(yes_no) if column.type == "boolean" else set()
        if spelled:
            values[column.name] = sorted(word.lower() for word in spelled)
    required = [c.name for c in contract.columns if c.missing == "error" and not c.from_folder]
    groups = [
        list(rule.columns) for rule in contract.row_rules if rule.severity == "error" and rule.needs_one_of
    ]
    keyed = [name for name in contract.key if name in required]
    anchors = [[name] for name in keyed] or [[name] for name in required[:1]] or groups
    grouped = {name for group in groups for name in group}
    named = next((c.name for c in contract.columns if c.missing and c.name not in grouped), None)
    identity = [*contract.key, *(c.name for c in contract.columns if c.is_url), *([named] if named else [])]
    lines = {
        name: [row["alias"] for row in contracts.shared_spellings(name)]
        for name in ("total", "closing", "hint")
    }
    return Spellings(
        kind=contract.kind,
        version=contract.version,
        known=known,
        titles={c.name: c.title for c in contract.columns},
        required=required,
        groups=groups,
        anchors=anchors,
        identity=[] if required else list(dict.fromkeys(identity)),
        keys=list(contract.key),
        values=values,
        totals=[loose_key(word) for word in lines["total"]],
        closings=[key_of(word) for word in lines["closing"]],
        months=[row["alias"].lower() for row in contracts.shared_spellings("month")],
        hints=[key_of(word) for word in lines["hint"]],
    )
