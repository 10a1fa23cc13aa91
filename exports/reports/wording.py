"""Indonesian words and notation of the pages: numbers, dates, stages, severities.

Belongs here: how a value is written for a reader. Stays out: which value is shown.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

NO_VALUE = "–"
MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]
# Order of the stages of an evaluation; the last is what we compute ourselves.
STAGES = {
    "self": "Mandiri",
    "document": "Dokumen",
    "interview": "Wawancara",
    "visit": "Visitasi",
    "final": "Akhir",
    "evidence": "Bukti (dihitung)",
}
RULEBOOKS = {
    "permenpanrb-5-2018": "Permen PANRB 5/2018",
    "permenpanrb-59-2020": "Permen PANRB 59/2020",
    "permenpanrb-8-2026": "Permen PANRB 8/2026 (Pemdi)",
    "interop-1": "interop-1 (rubrik lokal)",
}
SEVERITIES = {"high": "Tinggi", "medium": "Sedang", "low": "Rendah"}
# Figures that stand beside the main one of a measure.
FIGURES = {
    "as_provider": "sebagai penyedia",
    "as_consumer": "sebagai pemanggil",
    "with_outside": "dengan pihak luar",
    "first_pass": "pada kiriman pertama",
    "mean": "rata-rata",
    "median": "nilai tengah",
    "undeclared_live": "hidup tetapi tidak dinyatakan",
    "hub": "lewat penghubung saja",
    "top_1": "penyedia terbesar",
    "median_age": "umur tengah (hari)",
    "repeated": "fungsi berulang dalam OPD yang sama",
    "unknown": "posisi server tidak diketahui",
    "median_hours": "waktu jawab tengah (jam)",
    "never_answered": "tidak pernah dijawab",
    "reachable": "situs dapat dibuka",
    "median_gap": "selisih tengah",
    "users": "pengguna dari penduduk sasaran",
}
KINDS = {
    "opd_register": "Daftar OPD",
    "system_inventory": "Inventaris sistem",
    "declared_exchange": "Pertukaran yang dinyatakan",
    "vendor_contract": "Kontrak pihak ketiga",
    "gateway_identity": "Identitas gerbang",
    "self_assessment": "Penilaian tingkat",
    "published_index": "Indeks terbit",
    "published_figure": "Angka terbit dan lapangan",
    "program_realization": "Realisasi program",
    "smart_city_evaluation": "Evaluasi kota cerdas",
    "service_log": "Log layanan",
}
Number = int | float | Decimal


def _half_up(value: Number, places: int) -> str:
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    # A sender may hand in a number of 38 digits; the usual 28 would refuse it.
    with localcontext(prec=400):
        text = f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"
    return text.translate(str.maketrans(",.", ".,"))


def decimal_text(value: Number | None, places: int = 2) -> str:
    """Write a number in Indonesian notation (1.234,50), half up; a missing one as a dash."""
    return NO_VALUE if value is None else _half_up(value, places)


def whole_text(value: Number | None) -> str:
    """Write a count with dots between thousands."""
    return decimal_text(value, 0)


def short_text(value: Number | None, places: int = 2) -> str:
    """Write a number without the zeros that end its decimals."""
    text = decimal_text(value, places)
    return text.rstrip("0").rstrip(",") if "," in text else text


def percent_text(share: Number | None, places: int = 1) -> str:
    """Write a share of 1 as a percentage."""
    if share is None:
        return NO_VALUE
    return (
        f"{short_text((share if isinstance(share, Decimal) else Decimal(str(share))) * 100, places)}\u00a0%"
    )


def measure_text(unit: str, figure: str, value: Number | None) -> str:
    """Write a measure's value in its unit; a figure other than `main` may be no share: then as a number."""
    if value is not None and unit == "share" and (figure == "main" or 0 <= value <= 1):
        return percent_text(value)
    return short_text(value) + ("\u00a0ms" if value is not None and unit == "ms" else "")


def date_text(day: date) -> str:
    """Write a date as 31 Oktober 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def seen_text(first: date | str, last: date | str) -> str:
    """Write when a finding was first and last seen."""
    first_text, last_text = (date_text(day) if isinstance(day, date) else str(day) for day in (first, last))
    return f"sejak {first_text}" + (f", terakhir {last_text}" if last_text != first_text else "")


def month_text(day: date, short: bool = False) -> str:
    """Write the month of a date: Oktober 2026, or Okt 26."""
    name = MONTHS[day.month - 1]
    return f"{name[:3]} {day:%y}" if short else f"{name} {day.year}"
