"""The receipt beside each archived content: how it came, whose it is and what became of it.

Belongs here: writing and reading them; with the archive they are what a home can be made anew from. Stays
out: making it anew (`orchestration/rebuild.py`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sources.ledger import FileRecord
from sources.meta import FileMeta
from sources.personal_forms import masked_all
from sources.received import ReceivedFile

_SUFFIX = ".receipt.json"
_SCRATCH = ".tmp"


class ReceiptDamaged(Exception):
    """A receipt that is none; the message names its file."""


@dataclass(frozen=True)
class Receipt:
    """One content as it came under one name; every text masked.

    Attributes:
        record: its row of the ledger, the verdict included.
        file_order: its place among all that came.
        key_id: of the key that its pseudonyms were made with.
        folder_instansi, folder_period: what its folders said; None where they said nothing.
        is_dated: whether meta or folder told the period.
        meta: the `.meta.toml` beside it.
        notes: what its sender was told of the above.
    """

    record: FileRecord
    file_order: int
    key_id: str
    folder_instansi: str | None = None
    folder_period: str | None = None
    is_dated: bool = True
    meta: FileMeta = field(default_factory=FileMeta)
    notes: list[str] = field(default_factory=list)


def receipt_of(file: ReceivedFile, record: FileRecord, file_order: int, key_id: str) -> Receipt:
    """The receipt of a file whose verdict is `record`, which is masked already."""
    meta, entry = file.meta, file.entry
    texts = [meta.opd_code or "", *meta.constants.values(), *meta.columns, *file.notes]
    clean = iter(masked_all(texts))
    opd_code = next(clean)
    constants = {name: next(clean) for name in meta.constants}
    columns = {next(clean): name for name in meta.columns.values()}
    return Receipt(
        record,
        file_order,
        key_id,
        entry.instansi_code,
        entry.period,
        file.is_dated,
        FileMeta(meta.period, opd_code or None, constants, columns),
        [next(clean) for _ in file.notes],
    )


def write_receipt(archive: Path, receipt: Receipt) -> None:
    """Lay a receipt beside its content, in place of an earlier one of the same content and name."""
    path = archive / receipt_name(receipt.record.file_name, receipt.record.file_sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}{_SCRATCH}")
    # Not `asdict`, nor indented: both cost a small file as much as all else at the door.
    told = vars(receipt) | {"record": vars(receipt.record), "meta": vars(receipt.meta)}
    aside.write_text(json.dumps(told, default=str, ensure_ascii=False), encoding="utf-8")
    aside.replace(path)


def receipt_name(file_name: str, sha256: str) -> str:
    """Path of a receipt in the archive."""
    named = hashlib.sha256(file_name.encode(errors="replace")).hexdigest()[:12]
    return f"{sha256[:2]}/{sha256}.{named}{_SUFFIX}"


def receipt_paths(archive: Path) -> Iterator[Path]:
    """Every receipt of an archive, in no order."""
    return archive.glob(f"*/*{_SUFFIX}")


def read_receipt(path: Path) -> Receipt:
    """A receipt.

    Raises:
        ReceiptDamaged: the file holds none.
    """
    try:
        told: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        record = _with_fields(told["record"])
        record["received_at"] = dt.datetime.fromisoformat(record["received_at"])
        whole = {**told, "record": FileRecord(**record), "meta": FileMeta(**told["meta"])}
        return Receipt(**whole)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReceiptDamaged(f"{path}: no receipt ({type(error).__name__}: {error})") from error


def _with_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a receipt; one of before has code and text of its reason in one text."""
    told = dict(record)
    if "reason" in told:
        reason = told.pop("reason")
        is_refused = reason and told["status"] in ("rejected", "duplicate", "waiting")
        code, _, text = reason.partition(": ") if is_refused else (None, "", reason)
        told |= {"reason_code": code, "reason_text": text}
    return told
