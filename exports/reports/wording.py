"""Indonesian words and notation of the pages: numbers, dates, stages, severities, measures.

Belongs here: how a value is written for a reader. Stays out: which value is shown.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

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
SEVERITIES = {"critical": "Kritis", "high": "Tinggi", "medium": "Sedang", "low": "Rendah", "info": "Info"}
STATUSES = {
    "loaded": "dimuat",
    "partly": "dimuat sebagian",
    "rejected": "ditolak",
    "duplicate": "kembar",
    "replaced": "diganti",
    "waiting": "menunggu",
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
# name, unit (share, ms, number), lower is better: names of design page "Measures of integration"
MEASURES = {
    "I01": ("Sistem dengan kontrak antarmuka terbit", "share", False),
    "I02": ("API yang benar-benar dipakai", "share", False),
    "I03": ("Pertukaran lewat penghubung", "share", False),
    "I04": ("OPD terhubung", "share", False),
    "I05": ("Pemakaian ulang layanan", "share", False),
    "I06": ("Pertukaran timbal balik", "share", False),
    "I07": ("Kepadatan pertukaran", "share", False),
    "I08": ("Sistem tidak terhubung (silo)", "share", True),
    "I09": ("Keterbukaan ke OPD lain", "number", False),
    "I10": ("Pemusatan panggilan", "number", False),
    "I11": ("Keberhasilan panggilan", "share", False),
    "I12": ("Ketersediaan teramati", "share", False),
    "I13": ("Durasi p95", "ms", True),
    "I14": ("Kemutakhiran data", "share", False),
    "I15": ("Kesesuaian format kiriman", "share", False),
    "I16": ("Kesesuaian kode", "share", False),
    "I17": ("Tingkat keterhubungan", "share", False),
    "I18": ("Tumpang tindih fungsi", "share", True),
    "I19": ("Entri ganda", "share", True),
    "I20": ("Pihak ketiga tanpa kontrak", "share", True),
    "I21": ("Hosting di pusat data pemerintah", "share", False),
    "I22": ("Tanggapan pengaduan", "share", False),
    "I23": ("Kemutakhiran situs", "share", False),
    "I24": ("Angka terbit sama dengan angka lapangan", "share", False),
    "I25": ("Jangkauan layanan", "share", False),
    "I26": ("Selisih pernyataan dan bukti", "number", True),
    "I27": ("Kelengkapan bukti yang diterima", "share", False),
    "I28": ("Waktu kerja yang dihemat (perkiraan)", "number", False),
}

Number = int | float | Decimal


def _half_up(value: Number, places: int) -> str:
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
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


def measure_text(measure_id: str, figure: str, value: Number | None) -> str:
    """Write a measure's value in its unit; figures other than `main` may have another unit, so as numbers."""
    unit = MEASURES.get(measure_id, ("", "number", False))[1]
    if value is not None and unit == "share" and (figure == "main" or 0 <= value <= 1):
        return percent_text(value)
    return short_text(value) + ("\u00a0ms" if value is not None and unit == "ms" else "")


def date_text(day: date) -> str:
    """Write a date as 31 Oktober 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def month_text(day: date, short: bool = False) -> str:
    """Write the month of a date: Oktober 2026, or Okt 26."""
    name = MONTHS[day.month - 1]
    return f"{name[:3]} {day:%y}" if short else f"{name} {day.year}"
