"""Which kind, instansi and period a file of the inbox is, from the folder it lies in.

Belongs here: walking the inbox, the names that are ignored, links that leave it, the `.meta.toml` beside a
file. Stays out: reading a file's content (`tables.py`, `logs/`) and judging rows (`expectations/`).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sources.errors import FileProblem, FileRejected

LOG_KIND = "service_log"
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".json", ".jsonl")
_IGNORED = re.compile(r"^(\.|~\$)|\.(part|tmp)$|^thumbs\.db$|\.meta\.toml$", re.IGNORECASE)
_INSTANSI = re.compile(r"^(?:(\d{2}(?:\.\d{2})?)|@([a-z][a-z0-9-]*))$")
_PERIOD = re.compile(r"^20\d{2}(-(0[1-9]|1[0-2]))?$")


@dataclass(frozen=True)
class InboxFile:
    """One file as the inbox holds it.

    `name` is the path inside the inbox with `/`; `instansi_code` and `period` are None where no folder says
    them; `problem` says why the file can not even be opened as its kind.
    """

    path: Path
    name: str
    kind: str
    log_format: str | None
    instansi_code: str | None
    period: str | None
    size: int
    modified_ns: int
    problem: FileProblem | None = None


@dataclass(frozen=True)
class FileMeta:
    """Content of `<file>.meta.toml`: what the file itself does not say."""

    period: str | None = None
    opd_code: str | None = None
    constants: dict[str, str] = field(default_factory=dict)


def scan_inbox(
    inbox: Path,
    kinds: Collection[str],
    log_formats: Collection[str],
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> list[InboxFile]:
    """Every file of the inbox that is not ignored, sorted by name.

    Args:
        inbox: the folder; it need not exist.
        kinds: the kinds of tables that have a contract.
        log_formats: the formats of `service_log`.
        is_wanted: which kinds to look for, by the name of their folder; empty for what lies in no folder.
    """
    if not inbox.is_dir():
        return []
    found: list[Path] = []
    for entry in inbox.iterdir():
        if is_wanted(entry.name if _is_folder(entry) else ""):
            found += _walk([entry])
    return [_classify(inbox, path, kinds, log_formats) for path in sorted(found)]


def _walk(entries: Iterable[Path]) -> Iterator[Path]:
    for entry in entries:
        if _IGNORED.search(entry.name):
            continue
        if _is_folder(entry):
            yield from _walk(entry.iterdir())
        elif entry.is_file() or entry.is_dir() or entry.is_symlink():
            yield entry


def _is_folder(entry: Path) -> bool:
    return entry.is_dir() and not entry.is_symlink() and entry.suffix.lower() not in TABLE_ENDINGS


def _classify(inbox: Path, path: Path, kinds: Collection[str], log_formats: Collection[str]) -> InboxFile:
    parts = path.relative_to(inbox).parts
    folders = list(parts[:-1])
    kind = folders.pop(0) if folders else ""
    problem: FileProblem | None = None
    log_format = None
    if kind == LOG_KIND:
        log_format = folders.pop(0) if folders else ""
        if log_format not in log_formats:
            problem = unknown_kind(f"{LOG_KIND}/{log_format}", [f"{LOG_KIND}/{f}" for f in log_formats])
    elif kind not in kinds:
        problem = unknown_kind(kind, [*kinds, LOG_KIND])
    instansi = period = None
    if folders and (match := _INSTANSI.match(folders[0])):
        instansi = match.group(1) or match.group(2)
        folders.pop(0)
    if folders and _PERIOD.match(folders[0]):
        period = folders[0]
    if not path.resolve().is_relative_to(inbox.resolve()):
        problem = FileRejected(
            "unsafe_path", "tautan ini menunjuk ke luar kotak masuk; kirim berkasnya sendiri"
        )
    elif path.is_dir():
        problem = FileRejected(
            "not_a_file", f"diharapkan sebuah berkas, ditemukan folder bernama {path.name}"
        )
    if isinstance(problem, FileRejected) and problem.code in ("unsafe_path", "not_a_file"):
        size, modified = 0, 0
    else:
        stat = path.stat()
        size, modified = stat.st_size, stat.st_mtime_ns
    return InboxFile(path, "/".join(parts), kind, log_format, instansi, period, size, modified, problem)


def unknown_kind(found: str, known: Collection[str]) -> FileRejected:
    """The rejection of a kind that has no contract, with the nearest known ones."""
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)
    hint = f"; mungkin maksudnya {near[0]}" if near else ""
    return FileRejected(
        "unknown_kind",
        f'jenis berkas "{found}" tidak dikenal{hint}; diharapkan salah satu dari: {", ".join(sorted(known))}',
    )


def read_meta(path: Path) -> FileMeta:
    """The `.meta.toml` beside a file, empty where there is none.

    Raises:
        FileRejected: the file is not TOML or holds keys that nobody reads.
    """
    beside = path.with_name(path.name + ".meta.toml")
    if not beside.is_file():
        return FileMeta()
    try:
        content = tomllib.loads(beside.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileRejected("bad_meta", f"{beside.name} bukan TOML yang sah: {error}") from error
    unknown = sorted(set(content) - {"period", "opd_code", "constants"})
    if unknown:
        raise FileRejected(
            "bad_meta",
            f"{beside.name}: kunci {', '.join(unknown)} tidak dikenal; "
            "diharapkan period, opd_code, constants",
        )
    text = {k: str(v) for k, v in content.items() if k != "constants"}
    if "period" in text and not _PERIOD.match(text["period"]):
        raise FileRejected(
            "bad_meta",
            f'{beside.name}: period "{text["period"]}" bukan tahun (2026) atau tahun-bulan (2026-10)',
        )
    constants = {str(k): str(v) for k, v in content.get("constants", {}).items()}
    return FileMeta(text.get("period"), text.get("opd_code"), constants)
