"""The process that reads files of tables: one request a line, one answer a line, all of it plain JSON.

Belongs here: the order of reading one file (envelope, sheets, header, sections, cells), limits of memory and
time, errors as answers. Stays out: starting and ending the process (`process.py`), each step of the reading.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from sources.errors import FileProblem, FileRejected
from sources.tables import documents, markup, sections, text, workbook
from sources.tables.account import Account
from sources.tables.envelope import EMPTY, Envelope, open_envelope
from sources.tables.header import Header, Matcher, Row, Spellings, key_of
from sources.tables.landing import HomeError, Sink

SHEET_STEP = 10_000_000
_MOST_UNKNOWN = 60  # Headings for which a near column is looked up.
_LARGE = 700_000  # KB; a process that has grown so large makes room for a fresh one.
_MEMORY_MESSAGE = "berkas ini meminta memori melebihi batas; pecah berkasnya atau simpan sebagai CSV"
# What a panic says that comes of more cells than there is memory for.
_LARGE_PANIC = re.compile("capacity overflow|alloc|memory", re.IGNORECASE)


class FileReader:
    """Reads one file; `answer` is what is told to the parent."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._limits = request["limits"]
        self._path = Path(request["path"])
        self._folder = Path(request["folder"])
        self._guide = request["guide"]
        self._matcher = _matcher_of(request["spellings"])
        self._account = Account()
        self._sink = Sink(
            self._folder,
            self._limits["max_rows"],
            self._limits["max_columns"],
            self._limits["max_cell"],
        )
        self._sheets: list[str] = []
        self._unknown: dict[str, dict[str, Any]] = {}
        self._header_row: int | None = None

    def read(self) -> dict[str, Any]:
        """Read the file into parts in the folder.

        Raises:
            FileProblem: as `reader.read_table`.
        """
        envelope = open_envelope(self._path, self._limits["max_bytes"], self._limits["max_ratio"])
        if envelope.form in ("workbook", "xls"):
            declared = workbook.declared_version(self._path) if envelope.form == "workbook" else None
            spellings = self._matcher.spellings
            is_other = declared is not None and declared != (spellings.kind, spellings.version)
            if declared and is_other and declared[0] == spellings.kind and not self._guide["is_given"]:
                return {"declared": declared[1]}
            self._read_workbook(envelope, is_template=declared is not None)
        elif envelope.form == "json":
            self._read_json(envelope)
        elif envelope.form == "html":
            self._read_page(envelope)
        else:
            self._read_text(envelope)
        self._sink.close()
        for place in sorted(self._sink.filled_without_header):
            self._account.thing(
                "column",
                f"kolom {place + 1}",
                1,
                f"kolom {place + 1} berisi tetapi tanpa kepala kolom; tidak dibaca",
            )
        return {
            "headers": self._sink.headers,
            "columns": self._sink.columns,
            "header_row": self._header_row or 0,
            "header_rows": self._account.header_rows,
            "sheets": self._sheets,
            "rows": self._sink.rows,
            "left_out": [asdict(found) for found in self._account.left_out(len(self._sheets) > 1)],
            "unknown": list(self._unknown.values()),
        }

    def _read_text(self, envelope: Envelope) -> None:
        best: tuple[int, int, str, sections.Candidate, Iterator[Row]] | None = None
        for place, separator in enumerate(text.SEPARATORS):
            rows = text.read_rows(envelope, separator)
            candidate = sections.look_at(rows, self._matcher)
            score = candidate.best.score if candidate.best else 0
            if best is None or score > best[0]:
                best = (score, -place, separator, candidate, rows)
        assert best is not None
        _, _, _, candidate, rows = best
        if candidate.best is None:
            first = [self._first_filled(envelope, s) for s in text.SEPARATORS]
            if not all(cells for _, cells in first):
                # Under one of the separators nothing stands between them.
                raise FileRejected("empty", EMPTY)
            raise self._no_header(*max(first, key=lambda r: len(r[1])))
        self._read_sheet("", 0, candidate, rows, candidate.best)

    def _first_filled(self, envelope: Envelope, separator: str) -> tuple[int, list[str]]:
        rows = text.read_rows(envelope, separator)
        return next(((n, cells) for n, cells, _ in rows if not sections.is_blank(cells)), (1, []))

    def _no_header(self, number: int, cells: list[str]) -> FileRejected:
        most = self._limits["max_columns"]
        return documents.no_header(self._matcher, number, cells, most)

    def _read_page(self, envelope: Envelope) -> None:
        limits = self._limits
        tables = markup.read_page(envelope, limits["max_rows"], limits["max_columns"])
        self._read_sheets([(f"tabel {i}", table) for i, table in enumerate(tables, 1)])

    def _read_sheets(self, tables: list[tuple[str, list[Row]]]) -> None:
        """Read the tables of a page as the sheets of a workbook."""
        seen = {name: sections.look_at(iter(rows), self._matcher) for name, rows in tables}
        best = self._best_of(seen)
        if best is None:
            first = next((r for _, rows in tables for r in rows if not sections.is_blank(r[1])), None)
            if first is None:
                raise FileRejected("empty", "halaman web ini tanpa baris; diharapkan kepala kolom dan isi")
            raise self._no_header(first[0], first[1])
        for name, rows in tables:
            mine = seen[name].best
            if mine and sections.fits(mine, best, self._matcher):
                offset = SHEET_STEP * len(self._sheets)
                self._sheets.append(name)
                self._read_sheet(name, offset, seen[name], iter(rows[len(seen[name].window) :]), best)
            else:
                self._leave_sheet(name, iter(rows), "tabel")
        self._give_best(best)

    def _read_workbook(self, envelope: Envelope, is_template: bool) -> None:
        book = workbook.Workbook(envelope.path, envelope.form)
        visible = [name for name in book.names if name not in book.hidden]
        seen: dict[str, sections.Candidate] = {}
        for name in book.names:
            if is_template and name in self._guide["own_sheets"]:
                continue
            seen[name] = sections.look_at(book.rows(name, keep=len(visible) == 1), self._matcher)
        best = self._best_of({name: found for name, found in seen.items() if name in visible})
        if best is None:
            raise self._no_table(seen, visible)
        is_correction = self._guide["correction_column"] in best.candidates
        for name in visible:
            mine = seen[name].best if name in seen else None
            if mine and sections.fits(mine, best, self._matcher):
                rows = book.rows(name)
                for _ in seen[name].window:
                    next(rows)
                offset = SHEET_STEP * len(self._sheets)
                self._sheets.append(name)
                self._read_sheet(name, offset, seen[name], rows, best)
            elif name in seen and not (is_correction and name == self._guide["problem_sheet"]):
                self._leave_sheet(name, book.rows(name), "lembar")
        # The lists of a drop-down, as the feedback workbook carries them, are nobody's rows.
        own = self._guide["own_sheets"] if is_correction else ()
        for name in sorted((set(seen) & book.hidden).difference(own)):
            mine = seen[name].best
            if mine and sections.fits(mine, best, self._matcher):
                self._leave_sheet(name, book.rows(name), "lembar tersembunyi")
        self._give_best(best)

    def _best_of(self, seen: dict[str, sections.Candidate]) -> Header | None:
        headers = [found.best for found in seen.values() if found.best]
        return max(headers, key=lambda h: h.score, default=None)

    def _no_table(self, seen: dict[str, sections.Candidate], visible: list[str]) -> FileRejected:
        for name in visible:
            for number, cells, _ in seen[name].window if name in seen else ():
                if not sections.is_blank(cells):
                    return self._no_header(number, cells)
        if any(not sections.is_blank(cells) for found in seen.values() for _, cells, _ in found.window):
            return FileRejected("empty", "semua lembar yang berisi tersembunyi; tampilkan lembar datanya")
        return FileRejected("empty", "buku kerja tidak berisi apa-apa; diharapkan kepala kolom dan baris isi")

    def _leave_sheet(self, name: str, rows: Iterator[Row], what: str) -> None:
        count = sum(1 for _, cells, _ in rows if not sections.is_blank(cells))
        if count:
            self._account.thing(
                "sheet",
                name[:80],
                count,
                f'{what} "{name[:80]}" tidak dibaca: {count:,} baris berisi, kepala kolomnya tidak sesuai '
                "dengan tabel utama"
                if what != "lembar tersembunyi"
                else f'lembar tersembunyi "{name[:80]}" tidak dibaca: {count:,} baris berisi',
            )

    def _read_sheet(
        self, name: str, offset: int, candidate: sections.Candidate, rows: Iterator[Row], best: Header
    ) -> None:
        reader = sections.SheetReader(rows, self._matcher, self._sink, self._account, name, offset)
        reader.run(candidate, best)
        for header in reader.used:
            self._tell_unknown(header, name)
        if self._header_row is None and reader.used:
            self._header_row = reader.used[0].number
        if not name:
            self._give_best(best)

    def _give_best(self, best: Header) -> None:
        """A file without rows has the columns of its best header all the same."""
        if self._header_row is not None:
            return
        if not best.columns:
            self._matcher.resolve(best, [])
        self._sink.section(best.cells, best.columns)
        self._header_row = best.number
        self._tell_unknown(best, "")

    def _tell_unknown(self, header: Header, sheet: str) -> None:
        for i, (cell, column) in enumerate(zip(header.cells, header.columns, strict=True)):
            if column is None and cell.strip() and not self._matcher.is_ignored(cell):
                letter = _letters(i)
                self._add_unknown(
                    cell, (f"{sheet}: " if sheet else "") + f"baris {header.number}, kolom {letter}"
                )

    def _add_unknown(self, cell: str, place: str) -> None:
        key = key_of(cell[:1000])
        if key in self._unknown:
            return
        shown = " ".join(cell.split())[:80]
        titles = self._matcher.spellings.titles
        match = self._matcher.match(cell.strip())
        taken = {c for c in self._sink.columns if c}
        message = f'kolom "{shown}" tidak dikenal; isinya tidak dibaca'
        title = None
        if match and match.is_weak:
            own = titles.get(match.columns[0], match.columns[0])
            message = f'kolom "{shown}" tidak dibaca: {own} sudah ada pada kolom lain'
        elif match and len(match.columns) > 1:
            meanings = ", ".join(titles.get(c, c) for c in match.columns)
            message = f'kolom "{shown}" dapat berarti {meanings}; isinya tidak menentukan, jadi tidak dibaca'
        elif near := self._matcher.near(cell, taken) if len(self._unknown) < _MOST_UNKNOWN else None:
            title = titles.get(near, near)
            message += f" (mungkin maksudnya {title})"
        self._unknown[key] = {"header": shown, "near": title, "place": place}
        self._account.thing("column", f"kolom {shown}", 1, message)

    def _read_json(self, envelope: Envelope) -> None:
        reader = documents.DocumentReader(self._matcher, self._sink, self._account, self._add_unknown)
        reader.run(envelope, self._limits["max_columns"])
        self._header_row = 0


@lru_cache(maxsize=32)
def _matcher_of(spellings: str) -> Matcher:
    return Matcher(Spellings(**json.loads(spellings)))


def _letters(i: int) -> str:
    """Column letters of a position from 0, as sheets show them."""
    found = ""
    i += 1
    while i:
        i, rest = divmod(i - 1, 26)
        found = chr(65 + rest) + found
    return found


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Read a file and put what came of it, good or bad, into a document."""
    limit = int(request["limits"]["max_memory"])
    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    try:
        return {"table": FileReader(request).read()}
    except HomeError as error:
        return {"home_error": {"errno": error.errno, "strerror": error.strerror}}
    except FileProblem as problem:
        return {"problem": type(problem).__name__, "code": problem.code, "message": problem.message}
    except MemoryError:
        return {"problem": "FileRejected", "code": "too_large", "message": _MEMORY_MESSAGE, "is_last": True}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # Whatever goes wrong with a file, a panic of a foreign reader included, is that file's.
        code, message = _fault_of(error)
        return {
            "problem": "FileRejected",
            "code": code,
            "message": message,
            "details": traceback.format_exc()[-8000:],
            "is_last": True,
        }


def _fault_of(error: BaseException) -> tuple[str, str]:
    """Code and sentence of what nobody foresaw; a panic is what the workbook reader makes of a broken one."""
    if type(error).__name__ != "PanicException":
        return "internal", "pembaca gagal pada berkas ini; rinciannya ada pada catatan proses"
    if _LARGE_PANIC.search(str(error)):
        return "too_large", _MEMORY_MESSAGE
    return "unreadable", "buku kerja rusak sehingga pembacanya berhenti; simpan ulang sebagai .xlsx"


def _own_memory() -> int:
    """What this process holds in memory, in KB.

    Linux counts the parent's memory into a new process's peak, so the peak is told only where there is no
    `/proc`.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize() // 1024


def serve(asked: Any, answers: Any) -> None:
    """Answer requests until there are no more, or until this process has grown large."""
    for line in asked:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, float(request["limits"]["max_seconds"]) + 10)
        document = answer(request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        document["is_last"] = bool(document.get("is_last")) or _own_memory() > _LARGE
        answers.write(json.dumps(document).encode() + b"\n")
        answers.flush()
        if document["is_last"]:
            return


class _WithoutPandas(MetaPathFinder):
    """Arrow looks for pandas when it is first used; importing it takes longer than reading most files."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Tell that pandas is not there; nothing of any other module."""
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def _end_with_parent(life: int) -> None:
    """End at once when the parent has ended: the other end of the pipe is then closed."""
    with contextlib.suppress(OSError):
        os.read(life, 1)
    os._exit(1)


def main() -> None:
    """Serve the parent; the pipe numbered by the first argument tells that it lives."""
    sys.meta_path.insert(0, _WithoutPandas())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent ends what takes too long; this is for the case that the parent is gone.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(int(sys.argv[1]),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
    answers.close()
    os._exit(0)


if __name__ == "__main__":
    main()
