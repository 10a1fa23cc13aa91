"""What of a file was not read as rows, counted and told once for each sheet.

Belongs here: the counting, the places, the sentences. Stays out: deciding what is no row (`sections.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sources.left_out import LeftOut

_RANGES = 6
_SAMPLES = 3
_SAID = {
    "blank": "{n} baris kosong dilewati",
    "total": "{n} baris jumlah (total) tidak dibaca sebagai data",
    "header": "{n} baris kepala kolom di tengah tabel dibaca sebagai kepala kolom, bukan data",
    "numbering": "{n} baris nomor kolom dilewati",
    "heading": "{n} baris judul tidak dibaca sebagai data",
    "footer": "{n} baris di bawah tabel (catatan, tanggal, tanda tangan) tidak dibaca sebagai data",
    "section": "{n} baris tabel lain tidak dibaca: kepala kolomnya bukan kepala kolom jenis berkas ini",
}
# Whose first cells are told: there a person sees at once whether a row was left out by mistake.
_WITH_SAMPLES = ("heading", "footer", "total", "section")


@dataclass
class _Told:
    count: int = 0
    ranges: list[list[int]] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    is_cut: bool = False


class Account:
    """Counts the rows that are no rows."""

    def __init__(self) -> None:
        self.header_rows = 0
        self._told: dict[tuple[str, str], _Told] = {}
        self._whole: list[LeftOut] = []

    def row(self, code: str, sheet: str, number: int, cells: list[str]) -> None:
        """Count one row; rows come in the order of the sheet."""
        told = self._told.setdefault((sheet, code), _Told())
        told.count += 1
        if told.ranges and told.ranges[-1][1] == number - 1:
            told.ranges[-1][1] = number
        elif len(told.ranges) < _RANGES:
            told.ranges.append([number, number])
        else:
            told.is_cut = True
        if code in _WITH_SAMPLES and len(told.samples) < _SAMPLES:
            text = " ".join(" ".join(c.split()) for c in cells if c.strip())
            told.samples.append(text[:60] + ("…" if len(text) > 60 else ""))

    def thing(self, code: str, place: str, count: int, message: str) -> None:
        """Count something that is not a row of a loaded sheet."""
        self._whole.append(LeftOut(code, place, count, message))

    def left_out(self, many_sheets: bool) -> list[LeftOut]:
        """All of it; places name the sheet where several were read."""
        found = list(self._whole)
        for (sheet, code), told in self._told.items():
            where = ", ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in told.ranges)
            place = f"baris {where}" + (", …" if told.is_cut else "")
            message = _SAID[code].format(n=told.count)
            if told.samples:
                quoted = ", ".join(f'"{text}"' for text in told.samples)
                message += f": {quoted}" + (", …" if told.count > len(told.samples) else "")
            found.append(LeftOut(code, f"{sheet}: {place}" if many_sheets else place, told.count, message))
        return found
