"""What the bytes of a file are, whatever its name says, and how its text is encoded.

Belongs here: the form (delimited text, JSON, workbook, web page), refusing what is no table, encodings. Stays
out: reading cells (`text.py`, `documents.py`, `workbook.py`, `markup.py`).
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sources.errors import FileRejected, FileWaiting
from sources.inflate import MAGIC, is_gzip, open_inflated

_CHUNK = 1 << 20
_HEAD = 8192
_FEW_PLACES = 3
EMPTY = "berkas tidak berisi apa-apa; diharapkan baris kepala kolom dan baris isi"
_EXPECTED = "diharapkan tabel (CSV, XLSX, ODS, JSON)"
_BROKEN = "buku kerja rusak atau terpotong; buka dan simpan ulang dengan Excel, lalu kirim lagi"
# What the parts of a package that is no workbook are called, and the folders they lie in.
_DOCUMENTS = {
    b"wordprocessingml": "dokumen Word",
    b"presentationml": "salindia PowerPoint",
    b"opendocument.text": "dokumen teks OpenDocument",
    b"opendocument.presentation": "salindia OpenDocument",
}
_FOLDERS = {"word": "dokumen Word", "ppt": "salindia PowerPoint"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NOT_TABLES = {
    b"%PDF": "PDF",
    b"\x89PNG": "gambar",
    b"\xff\xd8\xff": "gambar",
    b"GIF8": "gambar",
    b"Rar!": "arsip RAR",
    b"7z\xbc\xaf\x27\x1c": "arsip 7z",
    b"\xfd7zXZ\x00": "berkas termampat XZ",
    b"\x28\xb5\x2f\xfd": "berkas termampat Zstandard",
    b"BZh": "berkas termampat bzip2",
    b"{\\rtf": "dokumen RTF",
}
# What a single byte above 127 is where people write Indonesian in CP1252: letters, quotes, dashes, signs.
_CP1252 = {
    *range(0xC0, 0xD7),
    *range(0xD8, 0xF7),
    *range(0xF8, 0xFE),
    *range(0x91, 0x98),
    *(0x80, 0x82, 0x84, 0x85, 0x99, 0xA0, 0xA9, 0xAB, 0xAE, 0xB0, 0xB1, 0xB2, 0xB3, 0xB7, 0xBB, 0xBD),
}


_LIKELY = re.compile("[\u00a0-\u024f\u1e00-\u1eff\u2000-\u22ff\u2500-\u27bf]")


@dataclass(frozen=True)
class Envelope:
    """The form of a file (text, json, html, workbook, xls) and, of a text, how it is to be decoded.

    `bad_places` counts the places of a UTF-8 text that are not UTF-8; `has_nul` whether it holds NUL.
    """

    path: Path
    form: str
    encoding: str = "utf-8"
    bad_places: int = 0
    has_nul: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether every byte of the text is what it seems to be."""
        return not (self.bad_places or self.has_nul)

    def open_text(self) -> TextIO:
        """The text, line ends as they are, a stand-in for each place that can not be decoded."""
        raw = open_inflated(self.path)
        return io.TextIOWrapper(raw, encoding=self.encoding, errors="replace", newline="")


def open_envelope(path: Path, max_bytes: int, max_ratio: int) -> Envelope:
    """Find out what a file is.

    Args:
        path: a plain or gz file.
        max_bytes: how large its content may be.
        max_ratio: how much larger than the file.

    Raises:
        FileRejected: `empty`, `encrypted`, `macro`, `too_large` or `unreadable`.
        FileWaiting: `truncated`: a gz without its end.
    """
    if path.stat().st_size == 0:
        raise FileRejected("empty", "berkas kosong (0 byte); diharapkan baris kepala kolom dan baris isi")
    try:
        return _open(path, max_bytes, max_ratio)
    except EOFError as error:
        raise FileWaiting("truncated", "gz terpotong; ditunggu kiriman lengkapnya") from error
    except gzip.BadGzipFile as error:
        raise FileRejected("unreadable", f"gz rusak: {error}") from error


def _open(path: Path, max_bytes: int, max_ratio: int) -> Envelope:
    if path.stat().st_size > max_bytes:
        raise FileRejected("too_large", f"lebih dari {max_bytes:,} byte; pecah berkasnya")
    with open_inflated(path) as f:
        start = f.read(_HEAD)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE)) and is_gzip(path):
        raise FileRejected("unreadable", "buku kerja di dalam gz; kirim buku kerjanya sendiri")
    if start.startswith(MAGIC):
        raise FileRejected("unreadable", "gz di dalam gz; kirim satu kali dimampatkan")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        _check_zip(path, max_bytes, max_ratio)
        return Envelope(path, "workbook")
    if start.startswith(_OLE):
        _check_ole(path)
        return Envelope(path, "xls")
    for magic, name in _NOT_TABLES.items():
        if start.startswith(magic):
            raise FileRejected("unreadable", f"{_EXPECTED}, ditemukan {name}")
    limit = max_bytes
    if is_gzip(path):
        limit = min(max_bytes, max(path.stat().st_size, _CHUNK) * max_ratio)
    encoding, bad_places, has_nul = _encoding(path, start, limit)
    head = start.decode(encoding, errors="ignore").lstrip("\ufeff \t\r\n\0")
    envelope = Envelope(path, "text", encoding, bad_places, has_nul)
    if not head and _is_blank(envelope):
        raise FileRejected("empty", EMPTY)
    return Envelope(path, _text_form(head), encoding, bad_places, has_nul)


def _text_form(head: str) -> str:
    if head[:1] in ("[", "{"):
        return "json"
    if head.startswith("<"):
        low = head.lower()
        if "urn:schemas-microsoft-com:office:spreadsheet" in low and "<html" not in low:
            raise FileRejected(
                "unreadable", "berkas XML (SpreadsheetML 2003), walau namanya lain; simpan sebagai .xlsx"
            )
        if re.search(r"<(!doctype html|html|table|head|body|meta|style|div)\b", low):
            return "html"
        raise FileRejected("unreadable", "berkas XML, bukan tabel; simpan sebagai .xlsx atau CSV")
    if re.match(r"mime-version:|content-type:\s*multipart", head, re.IGNORECASE):
        raise FileRejected(
            "unreadable", "arsip halaman web (MHTML), walau namanya lain; simpan sebagai .xlsx"
        )
    return "text"


def _is_blank(envelope: Envelope) -> bool:
    with envelope.open_text() as stream:
        while piece := stream.read(_CHUNK):
            if piece.strip("\ufeff \t\r\n\0"):
                return False
    return True


def _encoding(path: Path, start: bytes, limit: int) -> tuple[str, int, bool]:
    """Name of the encoding, how many places are not UTF-8, and whether there are NULs.

    CP1252 only where the file as a whole is not UTF-8: some bad places do not change the reading of the rest.
    """
    wide = _wide_encoding(start)
    total, has_nul = 0, False
    with open_inflated(path) as f, _counted() as seen:
        decoder = codecs.getincrementaldecoder("utf-8")(_COUNTING)
        while chunk := f.read(_CHUNK):
            total += len(chunk)
            if total > limit:
                raise FileRejected("too_large", f"lebih dari {limit:,} byte; pecah berkasnya")
            if wide:
                continue
            has_nul = has_nul or b"\0" in chunk
            if decoder.getstate()[0] or not chunk.isascii():
                decoder.decode(chunk)
        if not wide:
            decoder.decode(b"", final=True)
    if wide:
        return wide, 0, False
    if not seen.bad:
        return "utf-8-sig", 0, has_nul
    with open_inflated(path) as f:
        stream = io.TextIOWrapper(f, encoding="utf-8", errors="replace", newline="")
        # What two or three bytes of CP1252 make by accident is a letter of a script that nobody here writes.
        likely = sum(len(_LIKELY.findall(piece)) for piece in iter(lambda: stream.read(_CHUNK), ""))
    is_text = likely >= seen.bad or (likely > 0 and seen.bad <= _FEW_PLACES)
    if is_text or not seen.values <= _CP1252:
        return "utf-8-sig", seen.bad, has_nul
    return "cp1252", 0, has_nul


class _Seen:
    """The places of one text that are not UTF-8, and their bytes."""

    def __init__(self) -> None:
        self.bad = 0
        self.values: set[int] = set()


_places: list[_Seen] = []


@contextmanager
def _counted() -> Iterator[_Seen]:
    """Count the places that a decoder replaces meanwhile."""
    seen = _Seen()
    _places.append(seen)
    try:
        yield seen
    finally:
        _places.pop()


_COUNTING = "spbe-counting"


def _count_place(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    place = error.object[error.start : error.end]
    _places[-1].bad += 1
    _places[-1].values.update(place)
    return "\ufffd" * len(place), error.end


codecs.register_error(_COUNTING, _count_place)


def _wide_encoding(start: bytes) -> str | None:
    """UTF-16 by its mark, or by every other byte being zero."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    half = len(start) // 2
    if half >= 4 and start[1::2].count(0) > half * 0.7 and start[::2].count(0) < half * 0.1:
        return "utf-16-le"
    if half >= 4 and start[::2].count(0) > half * 0.7 and start[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return None


def _check_zip(path: Path, max_bytes: int, max_ratio: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {m.filename.lower() for m in members}
            is_encrypted = any(m.flag_bits & 1 for m in members) or "encrypted-package" in names
            if "meta-inf/manifest.xml" in names:
                manifest = next(m for m in members if m.filename.lower() == "meta-inf/manifest.xml")
                with archive.open(manifest) as f:
                    is_encrypted = is_encrypted or b"encryption-data" in f.read(_CHUNK)
            document = _document(archive, names)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise FileRejected("unreadable", _BROKEN) from error
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise FileRejected("unreadable", _BROKEN) from error
    inflated = sum(m.file_size for m in members)
    if inflated > max_bytes or inflated > max(path.stat().st_size, _CHUNK) * max_ratio:
        raise FileRejected("too_large", f"isi buku kerja {inflated:,} byte, batasnya {max_bytes:,}")
    if is_encrypted:
        raise FileRejected("encrypted", "buku kerja bersandi; simpan tanpa sandi")
    if document:
        raise FileRejected(
            "unreadable", f"{_EXPECTED}, ditemukan {document}; salin tabelnya ke buku kerja Excel"
        )
    if any(
        n.endswith("vbaproject.bin") or n.startswith(("xl/macrosheets/", "basic/", "scripts/")) for n in names
    ):
        raise FileRejected("macro", "buku kerja memuat makro; simpan sebagai .xlsx biasa")
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise FileRejected("unreadable", "arsip zip ini bukan buku kerja; kirim berkasnya satu per satu")


def _document(archive: zipfile.ZipFile, names: Container[str]) -> str | None:
    """What a package of an office program is, where it is no workbook; by what it says of its main part."""
    told = b""
    for name in ("[Content_Types].xml", "mimetype"):
        if name.lower() in names and name in archive.namelist():
            with archive.open(name) as f:
                told += f.read(_CHUNK).lower()
    # A workbook may hold a document; it says so, too.
    if b"spreadsheet" in told or "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return None
    for word, document in _DOCUMENTS.items():
        if word in told:
            return document
    parts = {n.partition("/")[0].lower() for n in archive.namelist()}
    return next((document for folder, document in _FOLDERS.items() if folder in parts), None)


def _check_ole(path: Path) -> None:
    """What the directory of an old Office file tells: stream names stand in it as UTF-16."""
    seen: set[str] = set()
    names = ("EncryptedPackage", "_VBA_PROJECT", "WordDocument")
    tail = b""
    with path.open("rb") as f:
        while chunk := f.read(_CHUNK):
            seen |= {n for n in names if n.encode("utf-16-le") in tail + chunk}
            tail = chunk[-64:]
    if "EncryptedPackage" in seen:
        raise FileRejected("encrypted", "buku kerja bersandi; simpan tanpa sandi")
    if "_VBA_PROJECT" in seen:
        raise FileRejected("macro", "buku kerja .xls memuat makro; simpan sebagai .xlsx biasa")
    if "WordDocument" in seen:
        raise FileRejected("unreadable", f"{_EXPECTED}, ditemukan dokumen Word")
