"""Rows of all sections of a file under one set of columns, written batch by batch as Arrow files.

Belongs here: the union of the sections' columns, limits of rows and cells, the files. Stays out: which row is
landed (`sections.py`).
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.errors import FileRejected
from sources.tables.header import key_of

# As many rows as DuckDB works on at a time; they also stay in the processor's cache.
_BATCH = 2048
# Characters of a batch; long cells make it end early.
_BATCH_CELLS = 1_000_000


class HomeError(Exception):
    """The landed rows could not be written: a full disk, a folder that is gone. No fault of the file."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.errno = error.errno or errno.EIO
        self.strerror = error.strerror or str(error)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HomeError(error) from error


@dataclass(frozen=True)
class Section:
    """Where the cells of one header go: the landed position of each; `is_plain` where that is its own."""

    positions: tuple[int, ...]
    is_plain: bool


class Sink:
    """Takes rows, writes parts `0.arrow`, `1.arrow`, … of them.

    Their columns are `_row_number`, `_surplus`, `_fault`, `c0`, `c1`, …; an empty cell is an empty text. A
    later part may have more columns than an earlier one, never others.
    """

    def __init__(self, folder: Path, max_rows: int, max_columns: int, max_cell: int) -> None:
        self.headers: list[str] = []
        self.columns: list[str | None] = []
        self.rows = 0
        self.filled_without_header: set[int] = set()
        self._folder = folder
        self._limits = (max_rows, max_columns, max_cell)
        self._position: dict[tuple[str, int], int] = {}
        self._numbers: list[int] = []
        self._rows: list[list[str]] = []
        self._surplus: list[str | None] = []
        self._faults: list[str | None] = []
        self._writer: Any = None
        self._file: Any = None
        self._width = -1
        self._parts = 0

    def section(self, headers: Sequence[str], columns: Sequence[str | None]) -> Section:
        """Give every cell of a header its landed position: known columns by name, others by their text.

        Raises:
            FileRejected: `too_large`: more columns than the limit.
        """
        seen: dict[str, int] = {}
        positions = []
        for i, (header, column) in enumerate(zip(headers, columns, strict=True)):
            name = f"={column}" if column else key_of(header[:1000]) or f" {i}"
            seen[name] = seen.get(name, 0) + 1
            key = (name, seen[name])
            if key not in self._position:
                self._position[key] = len(self.headers)
                self.headers.append(header)
                self.columns.append(column)
            positions.append(self._position[key])
        if len(self.headers) > self._limits[1]:
            raise FileRejected("too_large", f"{len(self.headers)} kolom, batasnya {self._limits[1]}")
        return Section(tuple(positions), positions == list(range(len(positions))))

    def add(self, section: Section, number: int, cells: list[str], fault: str | None) -> None:
        """Take a row of a section; cells beyond its header are surplus."""
        width = len(section.positions)
        surplus = None
        if len(cells) > width:
            surplus = " | ".join(c for c in cells[width:] if c.strip()) or None
            cells = cells[:width]
        if not section.is_plain:
            moved = [""] * len(self.headers)
            for position, cell in zip(section.positions, cells, strict=False):
                moved[position] = cell
            cells = moved
        self._numbers.append(number)
        self._rows.append(cells)
        self._surplus.append(surplus)
        self._faults.append(fault)
        if len(self._rows) >= _BATCH or len(self._rows) * width >= _BATCH_CELLS:
            self.flush()

    def flush(self) -> None:
        """Write what is held.

        Raises:
            FileRejected: `too_large`: more rows or a longer cell than the limits.
            HomeError: they can not be written.
        """
        if not self._rows:
            return
        import pyarrow as pa

        max_rows, _, max_cell = self._limits
        self.rows += len(self._rows)
        if self.rows > max_rows:
            raise FileRejected("too_large", f"lebih dari {max_rows:,} baris; pecah berkasnya")
        width = len(self.headers)
        for i, row in enumerate(self._rows):
            if len(row) < width:
                self._rows[i] = row + [""] * (width - len(row))
        arrays = [pa.array(self._numbers, pa.int64()), _texts(self._surplus), _texts(self._faults)]
        for position, column in enumerate(zip(*self._rows, strict=True)):
            texts = _texts(column)
            if texts.nbytes > max_cell and max(map(len, column)) > max_cell:
                self._refuse_long(column, position, max_cell)
            if not self.headers[position].strip() and any(column):
                self.filled_without_header.add(position)
            arrays.append(texts)
        names = ["_row_number", "_surplus", "_fault", *(f"c{i}" for i in range(width))]
        batch = pa.record_batch(arrays, names=names)
        with _writing():
            if width != self._width:
                self._next_part(batch.schema, width)
            self._writer.write_batch(batch)
        self._numbers, self._rows, self._surplus, self._faults = [], [], [], []

    def close(self) -> None:
        """Write what is held and end the last part.

        Raises:
            FileRejected: as `flush`.
            HomeError: as `flush`.
        """
        self.flush()
        if self._writer is not None:
            with _writing():
                self._writer.close()
                self._file.close()
            self._writer = None

    def _next_part(self, schema: Any, width: int) -> None:
        import pyarrow as pa

        if self._writer is not None:
            self._writer.close()
            self._file.close()
        self._file = pa.OSFile(str(self._folder / f"{self._parts}.arrow"), "wb")
        self._writer = pa.ipc.new_stream(self._file, schema)
        self._width = width
        self._parts += 1

    def _refuse_long(self, column: Sequence[str], position: int, max_cell: int) -> None:
        i = next(i for i, cell in enumerate(column) if len(cell) > max_cell)
        raise FileRejected(
            "too_large",
            f"baris {self._numbers[i]}, kolom {self.headers[position][:80]}: sel {len(column[i]):,} huruf, "
            f"batasnya {max_cell:,}",
        )


def _texts(cells: Sequence[str | None]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        # JSON can write half a character.
        whole = [c if c is None else c.encode("utf-8", "replace").decode() for c in cells]
        return pa.array(whole, pa.string())
