"""The `.meta.toml` beside a file: what the file itself does not say.

Belongs here: reading it once, through the same opener as any file, and holding it to its shape. Stays out:
whether the columns that it names exist (the contract says, `orchestration/intake/judge.py`).
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sources.errors import FileRejected, FileWaiting
from sources.kinds import META_SUFFIX, PERIOD
from sources.opener import open_entry

_META_BYTES = 1 << 16
_MAX_TEXT = 1000
_KEYS = ("period", "opd_code", "constants", "columns")


@dataclass(frozen=True)
class FileMeta:
    """Content of `<file>.meta.toml`.

    `constants` gives columns a value for every row; `columns` says for headings of the file which column of
    the contract they are.
    """

    period: str | None = None
    opd_code: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


def read_meta(path: Path, inbox: Path) -> FileMeta:
    """The `.meta.toml` beside a file of the inbox, empty where there is none.

    Raises:
        FileRejected: `bad_meta`, it is no TOML, too long, or holds what nobody reads; or it can not be
            opened, as `opener.open_entry` says.
    """
    beside = path.with_name(path.name + META_SUFFIX)
    try:
        if not beside.is_symlink() and not beside.exists():
            return FileMeta()
    except OSError:  # a name so long that no other fits beside it
        return FileMeta()
    try:
        with open_entry(beside, inbox) as source:
            raw = source.read(_META_BYTES + 1)
    except FileWaiting:
        return FileMeta()
    if len(raw) > _META_BYTES:
        raise _bad(f"lebih dari {_META_BYTES:,} byte")
    try:
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _bad(f"bukan TOML yang sah: {str(error)[:200]}") from error
    unknown = sorted(set(content) - set(_KEYS))
    if unknown:
        raise _bad(f"kunci {', '.join(unknown)[:200]} tidak dikenal; diharapkan {', '.join(_KEYS)}")
    period = _text(content.get("period"), "period")
    if period is not None and not PERIOD.match(period):
        raise _bad(f'period "{period[:40]}" bukan tahun (2026) atau tahun-bulan (2026-10)')
    return FileMeta(
        period,
        _text(content.get("opd_code"), "opd_code"),
        _table(content, "constants"),
        _table(content, "columns"),
    )


def _table(content: Mapping[str, Any], name: str) -> dict[str, str]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise _bad(f"{name} seharusnya tabel, misalnya [{name}] lalu kolom = nilai, satu per baris")
    found = {key: _text(value, f"{name}.{key[:40]}") for key, value in table.items()}
    return {key: value for key, value in found.items() if value is not None}


def _text(value: object, name: str) -> str | None:
    """A plain value as a person would have typed it in a cell."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str | dt.date | dt.time):
        text = str(value).strip()
        if len(text) > _MAX_TEXT:
            raise _bad(f"{name} lebih dari {_MAX_TEXT:,} huruf")
        return text or None
    raise _bad(f"{name} seharusnya satu nilai (teks, angka, atau tanggal), bukan daftar atau tabel")


def _bad(said: str) -> FileRejected:
    return FileRejected("bad_meta", f"berkas {META_SUFFIX} di sampingnya: {said}")
