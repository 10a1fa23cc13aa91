"""The tables of a bundle against what `datapackage.json` says of them.

Belongs here: names, sizes, columns and rows. Stays out: what a value means.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from exports.strangers import read_json_object
from exports.verification.files import DATAPACKAGE, MOST_FILES, opened, read_small
from exports.verification.report import VerifyReport

# A row holds cells of received tables and reasons of refusal; a line of a log, the longest text that is read,
# has a million bytes.
LONGEST_ROW = 1 << 24


@dataclass(frozen=True)
class _Resource:
    """What is said of one file: its path below `data/`; columns and rows of a CSV, else None."""

    path: str
    columns: tuple[str, ...] | None
    rows: int | None
    sha256: str | None


def check_tables(report: VerifyReport) -> None:
    """Compare files, and columns and row counts of each CSV, with what datapackage.json says."""
    try:
        resources = _resources(read_json_object(read_small(report, DATAPACKAGE)))
    except (OSError, ValueError) as error:
        report.add("datapackage", DATAPACKAGE, "a data package", str(error))
        return
    described: dict[str, _Resource] = {}
    for resource in resources:
        if resource.path in described:
            report.add("datapackage", DATAPACKAGE, "each file described once", resource.path)
            return
        described[resource.path] = resource
    present = {name.removeprefix("data/") for name in report.sizes if name.startswith("data/")}
    present.discard(DATAPACKAGE.removeprefix("data/"))
    for name in sorted(described.keys() ^ present):
        found = "only in the folder" if name in present else "only in datapackage.json"
        report.add("datapackage", f"data/{name}", "described and present", found)
    for name in sorted(described.keys() & present):
        _check_table(report, described[name])


def _resources(package: dict[str, object]) -> list[_Resource]:
    resources = package.get("resources")
    if not isinstance(resources, list) or len(resources) > MOST_FILES:
        raise ValueError(f"expected resources, a list of at most {MOST_FILES}")
    return [_resource(number, resource) for number, resource in enumerate(resources, start=1)]


def _resource(number: int, told: object) -> _Resource:
    if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in ("path", "format")):
        raise ValueError(f"resource {number}: expected an object with path and format")
    sha256 = told.get("hash")
    if sha256 is not None and not (isinstance(sha256, str) and sha256.startswith("sha256:")):
        raise ValueError(f"resource {number}: hash: expected sha256:…")
    columns, rows = None, None
    if told["format"] == "csv":
        schema, rows = told.get("schema"), told.get("rows")
        fields = schema.get("fields") if isinstance(schema, dict) else None
        # True is an integer to Python.
        if type(rows) is not int or not isinstance(fields, list):
            raise ValueError(f"resource {number}: a csv, but without its rows and the fields of its schema")
        names = [field.get("name") if isinstance(field, dict) else None for field in fields]
        columns = tuple(name for name in names if isinstance(name, str))
        if len(columns) < len(names):
            raise ValueError(f"resource {number}: a field without a name")
    return _Resource(told["path"], columns, rows, sha256.removeprefix("sha256:") if sha256 else None)


def _check_table(report: VerifyReport, told: _Resource) -> None:
    name = f"data/{told.path}"
    if told.sha256 is not None and told.sha256 != report.hashes[name]:
        report.add("datapackage", name, f"sha256 {told.sha256}", report.hashes[name])
    if told.columns is None:
        return
    try:
        header, rows = _count(report, name)
    except UnicodeDecodeError:
        report.add("datapackage", name, "UTF-8", "other bytes")
    except (OSError, ValueError, csv.Error) as error:
        report.add("datapackage", name, "a CSV table", str(error))
    else:
        if tuple(header) != told.columns:
            expected, found = _difference(told.columns, header)
            report.add("datapackage", name, f"columns {expected}", found)
        if rows != told.rows:
            report.add("datapackage", name, f"{told.rows} rows", f"{rows} rows")


def _difference(told: tuple[str, ...], header: list[str]) -> tuple[str, str]:
    """Both from where they differ on, for a long row is cut."""
    same = 0
    while same < min(len(told), len(header)) and told[same] == header[same]:
        same += 1
    before = "…, " if same else ""
    expected, found = (", ".join(names[same : same + 20]) or "no more" for names in (told, header))
    return before + expected, before + found


class _Lines:
    """The lines of a table for `csv`; a row longer than `LONGEST_ROW` is refused, in one line or many."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._taken = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(LONGEST_ROW + 1):
            self._taken += len(line)
            if self._taken > LONGEST_ROW:
                raise ValueError(f"a row of more than {LONGEST_ROW} characters")
            yield line

    def end_row(self) -> None:
        """Count anew."""
        self._taken = 0


def _count(report: VerifyReport, name: str) -> tuple[list[str], int]:
    """Header and number of rows of a CSV."""
    # Python's reader stops at 128 KiB by itself.
    before = csv.field_size_limit(LONGEST_ROW)
    try:
        with opened(report, name) as file:
            lines = _Lines(io.TextIOWrapper(file, encoding="utf-8", newline=""))
            header: list[str] | None = None
            rows = 0
            for row in csv.reader(lines, strict=True):
                lines.end_row()
                if header is None:
                    header = row
                else:
                    rows += 1
            return header or [], rows
    finally:
        csv.field_size_limit(before)
