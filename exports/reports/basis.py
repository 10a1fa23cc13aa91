"""What the pages of an instansi rest on: pages of which nothing changed are not made again.

Belongs here: which rows a page may show, as a digest, and the note of what was made of them. Stays out: what
a page says (`pages.py`).
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from expectations.quoting import identifier
from exports.aside import write_file
from exports.database import list_tables

# What stands of others beside an instansi's own, and no more of it.
_OF_OTHERS = {"dim_instansi": "this.instansi_name", "dim_opd": "this.opd_code, this.opd_name, this.is_active"}
# No page of an instansi shows them, and they change whoever sent something.
_OF_NO_PAGE = ("data_dictionary", "fct_nights", "labels", "readme")
# Whose a row is beside whom its `instansi_code` names: a file is answered to the OPD that sent it, and a row
# of it stands where its file does.
_ALSO_OF = {
    "fct_intake_files": "inner join dim_opd as other on other.opd_code = this.answer_opd_code",
    "fct_quarantine": "inner join fct_intake_files as other using (file_name, file_sha256)",
}
_NOTE = ".made_of.json"


def page_bases(connection: duckdb.DuckDBPyConnection, made_by: str) -> dict[str, str]:
    """Instansi to the sha256 of all that its pages may show: its rows, and those that are of no instansi.

    Args:
        connection: the published database, with all its rows.
        made_by: sha256 of the program and the settings that pages are made by.
    """
    of_all = [made_by, duckdb.__version__]
    own: dict[str, list[str]] = defaultdict(list)
    for table in list_tables(connection):
        name = identifier(table.name)
        if table.name in _OF_NO_PAGE:
            continue
        is_own = "instansi_code" in table.column_names
        if not is_own or table.name in _OF_OTHERS:
            shown = _rows(_OF_OTHERS.get(table.name, "this"))
            [found] = connection.execute(f"select {shown} from {name} as this").fetchone() or ("",)
            of_all.append(f"{table.name} {found}")
        asked = [f"select this.instansi_code, {_rows()} from {name} as this group by all"] if is_own else []
        if also := _ALSO_OF.get(table.name):
            asked.append(f"select other.instansi_code, {_rows()} from {name} as this {also} group by all")
        for query in asked:
            for code, found in connection.execute(query).fetchall():
                own[code].append(f"{table.name} {found}")
    return {code: _digest("\n".join((*of_all, *found)).encode()) for code, found in own.items()}


def _rows(shown: str = "this") -> str:
    # The sum, and not another mix: two equal rows must not undo each other.
    return f"count(*) || ' ' || sum(hash({shown}))"


class MadeOf:
    """The note in a folder of pages: of which basis the files of each instansi were made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _NOTE
        try:
            self._noted: dict[str, dict[str, str]] = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            self._noted = {}

    def files(self, code: str, basis: str) -> list[Path] | None:
        """Give the files of an instansi where they are as they were made of this basis; else None."""
        noted = self._noted.get(code, {})
        files = {self._folder / name: digest for name, digest in noted.items() if name}
        if noted.get("") != basis or not all(
            path.is_file() and _digest(path.read_bytes()) == digest for path, digest in files.items()
        ):
            return None
        return list(files)

    def note(self, code: str, basis: str, files: Iterable[Path]) -> None:
        """Remember what the files of an instansi were made of."""
        names = {str(path.relative_to(self._folder)): _digest(path.read_bytes()) for path in files}
        self._noted[code] = {"": basis, **names}

    def write(self, codes: Iterable[str]) -> None:
        """Keep the note, of these instansi alone."""
        kept: Mapping[str, dict[str, str]] = {
            code: self._noted[code] for code in sorted({*codes}) if code in self._noted
        }
        content = json.dumps(kept, indent=1).encode()
        if not self._path.is_file() or self._path.read_bytes() != content:
            write_file(self._path, content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
