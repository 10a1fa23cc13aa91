"""Documents that lie in the inbox as they are: kept by sha256, never opened beyond type and size.

Belongs here: what is a document, by its first bytes and the names in its package. Stays out: the list that
says what each is to show (kind `evidence_document`), which is a table as any other.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from sources.errors import FileRejected

# The kind whose folder holds documents beside the list of them.
DOCUMENT_KIND = "evidence_document"
_HEAD = 8
_PDF, _JPEG, _PNG = "application/pdf", "image/jpeg", "image/png"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ODT = "application/vnd.oasis.opendocument.text"
# May be the list of documents, or one of them.
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SUFFIXES = {_PDF: ".pdf", _JPEG: ".jpg", _PNG: ".png", _WORD: ".docx", _ODT: ".odt", SHEET: ".xlsx"}
_SIGNATURES = {b"%PDF-": _PDF, b"\xff\xd8\xff": _JPEG, b"\x89PNG\r\n\x1a\n": _PNG}
# What lies under these and is none of the types is refused as a document: they are no table's.
_NO_TABLES = (*(suffix for kind, suffix in SUFFIXES.items() if kind != SHEET), ".jpeg")


def media_type_of(content: Path, name: str) -> str | None:
    """The media type of a document, by its content; None where it is none and may be a table.

    Args:
        content: the archived bytes.
        name: as it came; tells what was meant where the content is no document.

    Raises:
        FileRejected: `unknown_document`, the name is a document's and the content is none.
    """
    with content.open("rb") as source:
        head = source.read(_HEAD)
    found = next((kind for start, kind in _SIGNATURES.items() if head.startswith(start)), None)
    if found is None and head.startswith(b"PK"):
        found = _package_type(content)
    if found is None and name.lower().endswith(_NO_TABLES):
        raise FileRejected(
            "unknown_document",
            "isi berkas bukan jenis yang dikatakan namanya; diharapkan PDF, JPG, PNG, XLSX, DOCX, atau ODT",
        )
    return found


def _package_type(content: Path) -> str | None:
    """What a zip package is; only its directory is read, and of an OpenDocument the name of its type."""
    try:
        with zipfile.ZipFile(content) as package:
            names = set(package.namelist())
            if "word/document.xml" in names:
                return _WORD
            if "xl/workbook.xml" in names:
                return SHEET
            if "mimetype" in names and package.getinfo("mimetype").file_size == len(_ODT):
                return _ODT if package.read("mimetype") == _ODT.encode() else None
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
        return None
    return None
