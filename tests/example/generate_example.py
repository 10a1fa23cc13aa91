"""Writes the fictional part of the example inbox: `python tests/example/generate_example.py [FOLDER]`.

Belongs here: "Kabupaten Contoh" (99.99), an invented regency with invented OPDs, systems, contracts, levels
and one month of gateway logs, small and coherent, with dirt and findings planted on purpose. What is planted
stands in `planted.csv`, written by the same run, so that a test can hold it against what is found.
Stays out: the real files of the inbox (`sources/example_inbox.SOURCES.md` names them); no invented fact
stands under the name of a real agency. Randomness is one seeded generator, used with integers only, so that
the result does not hang on a platform's floating point.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import random
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INBOX = HERE.parents[1] / "sources" / "example_inbox"
PLANTED = HERE / "planted.csv"
INSTANSI = "99.99"
# A second agency, which sends nothing but what it thinks of itself.
CITY = "99.98"
SEED = 9999
WIB = timezone(timedelta(hours=7))
FIRST_DAY = date(2026, 10, 1)
LAST_DAY = date(2026, 10, 31)
SILENT_DAY = date(2026, 10, 18)  # the X-Road gateway sent no file: a missing source to be found

Row = dict[str, Any]


@dataclass
class Written:
    """Files of the example (path in the inbox to bytes) and what is planted in them."""

    files: dict[str, bytes] = field(default_factory=dict)
    planted: list[Row] = field(default_factory=list)

    def dirt(self, file: str, row: int, rule: str, unit: str = INSTANSI) -> None:
        """Note a row that must be refused; `row` as a person counts it, `rule` without the kind in front."""
        kind = file.partition("/")[0]
        rule = rule if kind == "service_log" else f"{kind}.{rule}"
        self.planted.append({"what": "dirt", "file": file, "row": row, "rule": rule, "unit": unit, "key": ""})

    def finding(self, rule: str, unit: str, key: str) -> None:
        """Note a finding that the models must state; `unit` is the OPD (or the instansi) that it is about."""
        self.planted.append(
            {"what": "finding", "file": "", "row": "", "rule": rule, "unit": unit, "key": key}
        )


def opd(short: str) -> str:
    """Code of a fictional OPD."""
    return f"{INSTANSI}-{short}"


def csv_bytes(
    header: list[str], rows: list[list[Any]], delimiter: str = ",", encoding: str = "utf-8", end: str = "\n"
) -> bytes:
    """A CSV file; `encoding` utf-8-sig writes the mark that spreadsheet programs write."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def gz_bytes(data: bytes) -> bytes:
    """Gzip without a time or name inside."""
    return gzip.compress(data, compresslevel=9, mtime=0)


OWES = "system_inventory=annual"
COLLECTS = (
    "; declared_exchange=annual; self_assessment=annual; service_log:xroad=daily; service_log:combined=daily"
)

# short, name, short name, kind, parent, active, what it owes
REGISTER: list[tuple[str, str, str, str, str, str, str]] = [
    ("SETDA", "Sekretariat Daerah", "Setda", "sekretariat", "", "Ya", OWES),
    ("DISKOMINFO", "Dinas Komunikasi dan Informatika", "Diskominfo", "dinas", "", "Ya", OWES + COLLECTS),
    ("DISDUKCAPIL", "Dinas Kependudukan dan Pencatatan Sipil", "Disdukcapil", "dinas", "", "Ya", OWES),
    ("DINKES", "Dinas Kesehatan", "Dinkes", "dinas", "", "Ya", OWES),
    ("RSUD", "RSUD Contoh", "RSUD", "rsud", "DINKES", "Ya", OWES),
    ("DINSOS", "Dinas Sosial", "Dinsos", "dinas", "", "Ya", OWES),
    ("DISDIK", "Dinas Pendidikan", "Disdik", "dinas", "", "Ya", OWES),
    ("BAPENDA", "Badan Pendapatan Daerah", "Bapenda", "badan", "", "Ya", OWES),
    ("DPMPTSP", "Dinas Penanaman Modal dan PTSP", "DPMPTSP", "dinas", "", "Ya", OWES),
    ("BKPSDM", "Badan Kepegawaian dan Pengembangan SDM", "BKPSDM", "badan", "", "Ya", OWES),
    (
        "BPKAD",
        "Badan Keuangan dan Aset Daerah",
        "BPKAD",
        "badan",
        "",
        "Ya",
        OWES + "; published_figure=annual",
    ),
    ("DISHUB", "Dinas Perhubungan", "Dishub", "dinas", "", "Ya", OWES),
    ("DISPAR", "Dinas Pariwisata", "Dispar", "dinas", "", "Ya", OWES),
    ("DISTAMBEN", "Dinas Pertambangan dan Energi", "Distamben", "dinas", "", "Tidak", ""),
]


def register(out: Written) -> None:
    """Thirteen active OPDs and a retired one; two lack files that are due once the year is over."""
    rows = [
        [
            INSTANSI,
            opd(short),
            name,
            abbreviation,
            kind,
            opd(parent) if parent else "",
            active,
            "2021-01-01",
            "" if active == "Ya" else "2022-12-31",
            f"spbe.{short.lower()}@kab-contoh.example",
            expects,
        ]
        for short, name, abbreviation, kind, parent, active, expects in REGISTER
    ]
    header = [
        "instansi_code",
        "Kode OPD",
        "Nama OPD",
        "Nama Singkat",
        "Jenis OPD",
        "OPD Induk",
        "Aktif",
        "Berlaku Sejak",
        "Berlaku Sampai",
        "Surel",
        "Kewajiban Kirim",
    ]
    out.files[f"opd_register/{INSTANSI}/2026/daftar_opd.csv"] = csv_bytes(header, rows)


INVENTORY_HEADER = [
    "No",
    "Kode Aplikasi",
    "Nama Aplikasi",
    "OPD Pemilik",
    "Fungsi",
    "Kode Fungsi",
    "Jenis Aplikasi",
    "Jenis",
    "Status",
    "Basis Aplikasi",
    "Alamat URL",
    "Target Pengguna",
    "Pembuat",
    "Nama Penyedia",
    "Posisi Server",
    "Interoperabilitas",
    "Kontrak API",
    "Integrasi",
    "Keterangan Integrasi",
    "Tahun Pembuatan",
    "Tipe Lisensi",
    "Sifat Data",
    "Keterangan",
]

# code, name, OPD, function, function code, kind, status, host part of the URL, builder, vendor, hosting, API,
# interface contract, integrated, year
SYSTEMS: list[tuple[str, str, str, str, str, str, str, str, str, str, str, str, str, str, str]] = [
    ("APL-001", "SIAK Lokal", "DISDUKCAPIL", "Data kependudukan dan verifikasi NIK", "RAL.02.01.07",
     "Aplikasi", "Aktif", "siak", "OPD sendiri", "", "Kominfo", "Ya", "siak", "Ya", "2019"),
    ("APL-002", "Antrean Dukcapil", "DISDUKCAPIL", "Antrean loket", "RAL.02.01.07",
     "Aplikasi", "Aktif", "antrean.dukcapil", "Kominfo", "", "Kominfo", "Tidak", "", "Tidak", "2022"),
    ("APL-003", "Situs Dukcapil", "DISDUKCAPIL", "Situs resmi", "",
     "Website", "Aktif", "dukcapil", "Kominfo", "", "Kominfo", "Tidak", "", "Tidak", "2018"),
    ("APL-007", "Bantuan Sosial Terpadu", "DINSOS", "Penyaluran bantuan sosial", "RAL.01.26.03",
     "Aplikasi", "AKTIF", "bansos", "Kominfo", "", "Kominfo", "Ya", "", "Ya", "2021"),
    ("APL-008", "Lapor Sosial", "DINSOS", "Laporan warga rentan", "RAL.01.26.01",
     "Aplikasi", "Aktif", "laporsosial", "OPD sendiri", "", "Kominfo", "Tidak", "", "Belum", "2020"),
    ("APL-009", "Penerimaan Murid Baru", "DISDIK", "Penerimaan murid", "RAL.01.31.05",
     "Aplikasi", "Aktif", "spmb", "Pihak Ketiga", "PT Sekolah Digital Contoh", "Cloud", "Tidak", "", "Tidak",
     "2023"),
    ("APL-010", "Data Pokok Sekolah Lokal", "DISDIK", "Data siswa dan sekolah", "RAL.01.31.06",
     "Aplikasi", "Aktif", "dapok", "OPD sendiri", "", "Kominfo", "Ya", "dapok", "Ya", "2020"),
    ("APL-011", "Situs Disdik", "DISDIK", "Situs resmi", "",
     "Website", "Aktif", "disdik", "Kominfo", "", "Kominfo", "Tidak", "", "Tidak", "2017"),
    ("APL-012", "PBB Daring", "BAPENDA", "Pajak bumi dan bangunan", "RAL.02.01.06",
     "Aplikasi", "Aktif", "pbb", "OPD sendiri", "", "OPD", "Ya", "pbb", "Ya", "2018"),
    ("APL-013", "BPHTB Daring", "BAPENDA", "Bea perolehan hak", "RAL.02.01.06",
     "Aplikasi", "Aktif", "bphtb", "OPD sendiri", "", "OPD", "Ya", "", "Ya", "2019"),
    ("APL-014", "Retribusi Elektronik", "BAPENDA", "Retribusi pasar", "RAL.02.01.06",
     "Aplikasi", "Aktif", "retribusi", "Pihak Ketiga", "CV Retribusi Contoh", "Penyedia", "Tidak", "",
     "Tidak", "2022"),
    ("APL-015", "Perizinan Contoh", "DPMPTSP", "Perizinan daerah", "RAL.01.12.06",
     "Aplikasi", "Aktif", "izin", "Kominfo", "", "Kominfo", "Ya", "", "Ya", "2021"),
    ("APL-016", "Peta Investasi", "DPMPTSP", "Peta peluang investasi", "RAL.01.12",
     "Aplikasi", "Aktif", "petainvestasi", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2020"),
    ("APL-017", "SIMPEG Contoh", "BKPSDM", "Data pegawai", "RAL.02.08",
     "Aplikasi", "Aktif", "simpeg", "OPD sendiri", "", "Kominfo", "Ya", "simpeg", "Ya", "2016"),
    ("APL-018", "E-Kinerja Contoh", "BKPSDM", "Penilaian kinerja pegawai", "RAL.02.07",
     "Aplikasi", "Aktif", "ekinerja", "Kominfo", "", "Kominfo", "Tidak", "", "Tidak", "2021"),
    ("APL-019", "Presensi Gawai", "BKPSDM", "Presensi pegawai", "RAL.02.08",
     "Aplikasi", "Aktif", "presensi", "Pihak Ketiga", "PT Presensi Contoh", "Penyedia", "Tidak", "", "Tidak",
     "2023"),
    ("APL-020", "Aset Daerah", "BPKAD", "Barang milik daerah", "RAL.02.02.08",
     "Aplikasi", "Aktif", "aset", "Kominfo", "", "Kominfo", "Ya", "", "Ya", "2019"),
    ("APL-021", "Pencairan Daring", "BPKAD", "Pencairan anggaran", "RAL.02.02.08",
     "Aplikasi", "Aktif", "sp2d", "OPD sendiri", "", "OPD", "Tidak", "", "Ya", "2020"),
    ("APL-022", "Parkir Contoh", "DISHUB", "Retribusi parkir", "RAL.01.19.01",
     "Aplikasi", "Aktif", "parkir", "Pihak Ketiga", "CV Parkir Contoh", "Penyedia", "Tidak", "", "Tidak",
     "2024"),
    ("APL-023", "Uji Kendaraan", "DISHUB", "Pengujian kendaraan", "RAL.01.19.02",
     "Aplikasi", "Aktif", "ujikir", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2019"),
    ("APL-024", "Surat Elektronik Contoh", "SETDA", "Naskah dinas elektronik", "RAL.02.04.06",
     "Aplikasi", "Aktif", "esurat", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2018"),
    ("APL-025", "Kinerja Bagian", "SETDA", "Penilaian kinerja pegawai", "RAL.02.07",
     "Aplikasi", "Aktif", "kinerja.setda", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2022"),
    ("APL-026", "Produk Hukum", "SETDA", "Dokumentasi hukum", "",
     "Website", "Aktif", "jdih", "Kominfo", "", "Kominfo", "Tidak", "", "Tidak", "2017"),
    ("APL-027", "Satu Data Contoh", "DISKOMINFO", "Portal data daerah", "RAL.02.09",
     "Aplikasi", "Aktif", "satudata", "OPD sendiri", "", "Kominfo", "Ya", "satudata", "Ya", "2021"),
    ("APL-028", "Meja Bantuan", "DISKOMINFO", "Bantuan teknis OPD", "RAL.01.43.02",
     "Aplikasi", "Aktif", "bantuan", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2022"),
    ("APL-029", "Portal Kabupaten Contoh", "DISKOMINFO", "Situs resmi", "",
     "Website", "Aktif", "www", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2015"),
    ("APL-030", "Portal Lama", "DISKOMINFO", "Situs resmi lama", "",
     "Website", "Tidak Aktif", "lama", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2010"),
    ("APL-031", "Mal Pelayanan Daring", "DPMPTSP", "Gerbang layanan", "RAL.01.12.06",
     "Aplikasi", "Direncanakan", "", "Kominfo", "", "Kominfo", "Tidak", "", "Tidak", ""),
]  # fmt: skip

# The health office and its hospital send their own workbook, with the official codes.
HEALTH_SYSTEMS: list[tuple[str, str, str, str, str, str, str, str, str, str, str, str, str, str, str]] = [
    ("APL-004", "Puskesmas Terpadu", "DINKES", "Rekam layanan puskesmas", "RAL.01.25.06",
     "Aplikasi", "Aktif", "puskesmas", "Kominfo", "", "Kominfo", "Ya", "puskesmas", "Ya", "2020"),
    ("APL-005", "E-Posyandu", "DINKES", "Pencatatan posyandu", "RAL.01.25.06",
     "Aplikasi", "Aktif", "eposyandu", "Pihak Ketiga", "PT Posyandu Contoh", "Penyedia", "Ya", "", "Ya",
     "2022"),
    ("APL-006", "Surveilans Penyakit", "DINKES", "Laporan penyakit", "RAL.01.25.06",
     "Aplikasi", "Aktif", "surveilans", "OPD sendiri", "", "Kominfo", "Tidak", "", "Tidak", "2019"),
    ("APL-032", "SIMRS Contoh", "RSUD", "Rekam medis elektronik", "RAL.01.25.04",
     "Aplikasi", "Aktif", "simrs", "Pihak Ketiga", "PT Medika Contoh", "OPD", "Ya", "simrs", "Ya", "2019"),
    ("APL-033", "Antrean RSUD", "RSUD", "Antrean poliklinik", "RAL.01.25.04",
     "Aplikasi", "Aktif", "antrean.rsud", "Pihak Ketiga", "CV Antrean Contoh", "Penyedia", "Tidak", "",
     "Tidak", "2024"),
]  # fmt: skip

SILOS = [2, 3, 6, 8, 9, 11, 14, 16, 18, 19, 22, 23, 24, 25, 26, 28, 29, 33]  # numbers of their codes


def system_row(number: int, s: tuple[str, ...], owner: str) -> list[Any]:
    """One line of an inventory as an OPD fills it in."""
    (code, name, _, function, function_code, kind, status, host, builder, vendor, hosting, api, contract,
     integrated, year) = s  # fmt: skip
    return [
        number,
        code,
        name,
        owner,
        function,
        function_code,
        "Umum" if code == "APL-024" else "Khusus",
        kind,
        status,
        "Web; Android" if kind == "Aplikasi" and builder == "Pihak Ketiga" else "Web",
        f"{host}.kab-contoh.example" if host else "",
        "Masyarakat; ASN" if kind == "Aplikasi" else "Masyarakat",
        builder,
        vendor,
        hosting,
        api,
        f"https://api.kab-contoh.example/{contract}/openapi.json" if contract else "",
        integrated,
        "",
        year,
        "Propietary" if builder == "Pihak Ketiga" else "Open Source",
        "Terbuka" if kind == "Website" else "Terbatas",
        "",
    ]


def inventory(out: Written) -> None:
    """The collector's CSV (semicolons, byte order mark, OPDs by name) and the health office's workbook."""
    names = {short: name for short, name, *_ in REGISTER}
    folder = f"system_inventory/{INSTANSI}/2026"
    rows: list[list[Any]] = []
    for number, s in enumerate(SYSTEMS, 1):
        owner = names[s[2]]
        if s[0] == "APL-007":
            owner = owner.upper()
        if s[0] == "APL-012":
            owner = "Bapenda"
        rows.append(system_row(number, s, owner))
    sample = list(SYSTEMS[0])
    file = f"{folder}/diskominfo_rekap.csv"

    def dirty(rule: str, **cells: str) -> None:
        number = len(rows) + 1
        cells = {"Kode Aplikasi": f"APL-9{number:02d}", "Nama Aplikasi": "Baris uji", **cells}
        line = dict(zip(INVENTORY_HEADER, system_row(number, tuple(sample), "Dinas Sosial"), strict=True))
        line |= {"Alamat URL": f"uji{number}.kab-contoh.example", "Kontrak API": "", **cells}
        rows.append([*line.values(), *(["lebih"] if rule == "row.surplus_cells" else [])])
        out.dirt(file, len(rows) + 1, rule, opd("DINSOS"))

    # An unknown status or an empty owner would only be a warning: the sender's own OPD is meant.
    for _ in range(4):
        dirty("row.surplus_cells")
    dirty("key.conflict", **{"Kode Aplikasi": "APL-950", "Nama Aplikasi": "Baris kembar A"})
    dirty("key.conflict", **{"Kode Aplikasi": "APL-950", "Nama Aplikasi": "Baris kembar B"})
    out.files[file] = csv_bytes(INVENTORY_HEADER, rows, delimiter=";", encoding="utf-8-sig", end="\r\n")
    out.files[f"{file}.meta.toml"] = f'opd_code = "{opd("DISKOMINFO")}"\n'.encode()

    book = f"{folder}/dinkes_inventaris.xlsx"
    health = [system_row(n, s, opd(s[2])) for n, s in enumerate(HEALTH_SYSTEMS, 1)]
    stranger = dict(zip(INVENTORY_HEADER, health[2], strict=True))
    stranger |= {
        "No": 6,
        "Kode Aplikasi": "APL-960",
        "Nama Aplikasi": "Bursa Kerja",
        "OPD Pemilik": opd("DISNAKER"),
        "Alamat URL": "bursakerja.kab-contoh.example",
    }
    health.append(list(stranger.values()))
    out.files[book] = workbook(health)
    out.dirt(book, 4 + len(health), "opd_code.reference", opd("DINKES"))
    out.files[f"{book}.meta.toml"] = f'opd_code = "{opd("DINKES")}"\n'.encode()
    owner_of = {s[0]: opd(s[2]) for s in SYSTEMS + HEALTH_SYSTEMS}
    for silo in SILOS:
        code = f"APL-{silo:03d}"
        out.finding("silo_system", owner_of[code], code)
    out.finding("umum_built_by_opd", opd("SETDA"), "APL-024")
    for code in ("APL-009", "APL-019", "APL-022", "APL-033"):
        out.finding("third_party_without_contract", owner_of[code], code)
    for code in ("APL-018", "APL-025"):  # one function built twice
        out.finding("function_overlap", owner_of[code], "RAL.02.07")
    for short in ("SETDA", "DISHUB", "DISPAR"):
        out.finding("opd_not_connected", opd(short), opd(short))


def workbook(rows: list[list[Any]]) -> bytes:
    """The workbook with two title rows, a blank one, the header in row 4 and a totals row at the end."""
    import xlsxwriter

    header = [{"OPD Pemilik": "Kode OPD"}.get(h, h) for h in INVENTORY_HEADER]
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 9, 30, tzinfo=UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet("Inventaris")
    sheet.merge_range(0, 0, 0, len(header) - 1, "INVENTARIS APLIKASI DINAS KESEHATAN KABUPATEN CONTOH")
    sheet.merge_range(1, 0, 1, len(header) - 1, "Tahun 2026")
    sheet.write_row(3, 0, header)
    for number, row in enumerate(rows, 4):
        sheet.write_row(number, 0, [int(v) if str(v).isdigit() else v for v in row])
    sheet.write_row(4 + len(rows), 0, ["Jumlah", len(rows)])
    book.close()
    return target.getvalue()


def exchanges(out: Written) -> None:
    """What the OPDs say they exchange; two flows run without any gateway."""
    header = [
        "Kode Pertukaran",
        "OPD Penyedia",
        "Sistem Penyedia",
        "OPD Pengguna",
        "Sistem Pengguna",
        "Nama Data",
        "Elemen Data",
        "Saluran",
        "Arah",
        "Frekuensi",
        "Memuat Data Pribadi",
        "Nomor Perjanjian",
        "Perjanjian Berlaku Sampai",
        "Layanan di Gerbang",
        "Status",
        "Sejak",
    ]
    flows = [
        ("DISDUKCAPIL", "APL-001", "DINKES", "APL-004", "Verifikasi NIK", "NIK", "SPLP", "verifikasiNIK/v1"),
        ("DISDUKCAPIL", "APL-001", "RSUD", "APL-032", "Verifikasi NIK", "NIK", "SPLP", "verifikasiNIK/v1"),
        ("DISDUKCAPIL", "APL-001", "DINSOS", "APL-007", "Verifikasi NIK", "NIK", "SPLP", "verifikasiNIK/v1"),
        ("DISDUKCAPIL", "APL-001", "DPMPTSP", "APL-015", "Verifikasi NIK", "NIK", "SPLP", "verifikasiNIK/v1"),
        ("BAPENDA", "APL-012", "DPMPTSP", "APL-015", "Tunggakan PBB", "NOP", "SPLP", "cekTunggakan/v1"),
        ("BKPSDM", "APL-017", "BPKAD", "APL-020", "Data pegawai", "NIP", "SPLP", "dataPegawai/v1"),
        ("DINKES", "APL-004", "RSUD", "APL-032", "Rujukan", "NIK", "SPLP", "rujukan/v1"),
        ("DISDIK", "APL-010", "DINSOS", "APL-007", "Status siswa", "NISN", "API langsung", ""),
        ("BAPENDA", "APL-013", "EXT:Bank Contoh", "", "Setoran BPHTB", "NOP", "Berkas", ""),
        ("BPKAD", "APL-021", "BAPENDA", "APL-012", "Realisasi pendapatan", "", "Tautan basis data", ""),
        ("DINKES", "APL-005", "DISKOMINFO", "APL-027", "Rekap posyandu", "", "Ekspor Excel", ""),
        ("DISDUKCAPIL", "APL-001", "DISDIK", "APL-010", "Anak usia sekolah", "NIK", "Input manual", ""),
    ]
    rows: list[list[Any]] = []
    for number, (p, ps, c, cs, data, element, channel, service) in enumerate(flows, 1):
        consumer = c if c.startswith("EXT:") else opd(c)
        personal = "Ya" if element in {"NIK", "NISN", "NIP"} else "Tidak"
        rows.append(
            [
                f"PX-{number:03d}",
                opd(p),
                ps,
                consumer,
                cs,
                data,
                element,
                channel,
                "Tarik",
                "Waktu nyata" if service else "Bulanan",
                personal,
                f"PKS {number:02d}/2025",
                "31/12/2027",
                service,
                "Berjalan",
                "01/02/2025",
            ]
        )
    file = f"declared_exchange/{INSTANSI}/2026/pertukaran_data.csv"
    for rule, position, value in (
        ("channel.missing", 7, ""),
        ("channel.codes", 7, "merpati pos"),
        ("provider_opd_code.reference", 1, opd("DISNAKER")),
    ):
        line = [f"PX-9{len(rows):02d}", *rows[0][1:]]
        line[position] = value
        rows.append(line)
        out.dirt(file, len(rows) + 1, rule, opd("DISKOMINFO"))
    out.files[file] = csv_bytes(header, rows)
    out.files[f"{file}.meta.toml"] = f'opd_code = "{opd("DISKOMINFO")}"\n'.encode()
    out.finding("data_typed_twice", opd("DISDIK"), "NIK")


def contracts(out: Written) -> None:
    """Contracts of the vendor systems; one ran out in August, three systems have none."""
    header = [
        "Nomor Kontrak",
        "Judul Pekerjaan",
        "Kode OPD",
        "Kode Aplikasi",
        "Penyedia",
        "NPWP",
        "Jenis Pekerjaan",
        "Nilai",
        "Sumber Dana",
        "Mulai",
        "Berakhir",
        "Alih Teknologi",
        "Kode Sumber Diserahkan",
        "Klausul Pengakhiran",
    ]
    rows: list[list[Any]] = [
        ["027/01/SPK/2026", "Sewa E-Posyandu", opd("DINKES"), "APL-005", "PT Posyandu Contoh",
         "00.000.000.0-999.001", "Hosting", "99.000.000", "APBD", "01/01/2026", "31/12/2026", "Ya", "Tidak",
         "Ya"],
        ["027/02/SPK/2026", "Pemeliharaan SIMRS", opd("RSUD"), "APL-032", "PT Medika Contoh",
         "00.000.000.0-999.002", "Pemeliharaan", "180.000.000", "BLUD", "2026-02-01", "2027-01-31", "Ya",
         "Ya", "Ya"],
        ["027/03/SPK/2026", "Retribusi pasar", opd("BAPENDA"), "APL-014", "CV Retribusi Contoh",
         "00.000.000.0-999.003", "Pembuatan", "75.500.000", "APBD", "1 Maret 2026", "28 Februari 2027",
         "Tidak", "Tidak", "Ya"],
        ["027/04/SPK/2025", "Penerimaan murid baru", opd("DISDIK"), "APL-009", "PT Sekolah Digital Contoh",
         "00.000.000.0-999.004", "Hosting", "120.000.000", "APBD", "01/09/2025", "31/08/2026", "Tidak",
         "Tidak", "Tidak"],
    ]  # fmt: skip
    file = f"vendor_contract/{INSTANSI}/2026/kontrak.csv"
    for rule, changes in (
        ("row.date_order", {9: "31/12/2026", 10: "01/01/2026"}),
        ("starts_on.type", {9: "31 Februari 2026"}),
        ("vendor_name.missing", {4: ""}),
        ("opd_code.reference", {2: opd("DISNAKER")}),
    ):
        line = [f"027/9{len(rows)}/SPK/2026", *rows[0][1:]]
        for position, value in changes.items():
            line[position] = value
        rows.append(line)
        out.dirt(file, len(rows) + 1, rule, INSTANSI)
    out.files[file] = csv_bytes(header, rows)


XROAD = "KAB-CONTOH/GOV"
MEMBERS = {
    "siak": ("DISDUKCAPIL", "APL-001"),
    "puskesmas": ("DINKES", "APL-004"),
    "eposyandu": ("DINKES", "APL-005"),
    "simrs": ("RSUD", "APL-032"),
    "bansos": ("DINSOS", "APL-007"),
    "izin": ("DPMPTSP", "APL-015"),
    "pbb": ("BAPENDA", "APL-012"),
    "simpeg": ("BKPSDM", "APL-017"),
    "aset": ("BPKAD", "APL-020"),
    "satudata": ("DISKOMINFO", "APL-027"),
}
LOGINS = {
    "svc-bansos": ("DINSOS", "APL-007"),
    "svc-satudata": ("DISKOMINFO", "APL-027"),
    "svc-aset": ("BPKAD", "APL-020"),
}
PATHS = {"/api/disdik": ("DISDIK", "APL-010"), "/api/bkpsdm": ("BKPSDM", "APL-017")}
# Applications and APIs of the national SPLP, and of the hospital's own gateway; they carry services that
# X-Road carries too, so the table says which.
OTHERS = [
    ("wso2", "consumer", "dinsos/bansos", "DINSOS", "APL-007", ""),
    ("wso2", "consumer", "bpkad/aset", "BPKAD", "APL-020", ""),
    (
        "wso2",
        "provider",
        "disdukcapil.contoh.example/VerifikasiNIK",
        "DISDUKCAPIL",
        "APL-001",
        "verifikasiNIK/v1",
    ),
    ("wso2", "provider", "bkpsdm.contoh.example/DataPegawai", "BKPSDM", "APL-017", "dataPegawai/v1"),
    ("kong", "consumer", "puskesmas", "DINKES", "APL-004", ""),
    ("kong", "provider", "rujuk-balik", "RSUD", "APL-032", "rujukBalik/v1"),
]


def identities(out: Written) -> None:
    """Names in the four gateways; one X-Road client, one login and one path are left out on purpose."""
    header = [
        *("log_format", "role", "identity", "opd_code", "system_code", "service_code"),
        *("valid_from", "valid_to"),
    ]
    members = sorted({short for short, _ in MEMBERS.values()})
    rows: list[list[Any]] = [
        ["xroad", "both", f"{XROAD}/{short}", opd(short), "", "", "2025-01-01", ""] for short in members
    ]
    rows += [
        ["xroad", "both", f"{XROAD}/{short}/{name}", opd(short), code, "", "2025-01-01", ""]
        for name, (short, code) in MEMBERS.items()
    ]
    rows += [
        ["combined", "consumer", login, opd(short), code, "", "2025-01-01", ""]
        for login, (short, code) in LOGINS.items()
    ]
    rows += [
        ["combined", "provider", path, opd(short), code, "", "2025-01-01", ""]
        for path, (short, code) in PATHS.items()
    ]
    rows += [
        [log_format, role, identity, opd(short), code, service, "2025-01-01", ""]
        for log_format, role, identity, short, code, service in OTHERS
    ]
    file = f"gateway_identity/{INSTANSI}/2026/identitas_gerbang.csv"
    for rule, line in (
        ("log_format.codes", ["mulesoft", "both", "bansos", opd("DINSOS"), "APL-007", "", "2025-01-01", ""]),
        (
            "row.valid_order",
            ["xroad", "both", f"{XROAD}/DINSOS/lama", opd("DINSOS"), "", "", "2026-01-01", "2025-01-01"],
        ),
        (
            "opd_code.reference",
            ["xroad", "both", f"{XROAD}/DISNAKER", opd("DISNAKER"), "", "", "2025-01-01", ""],
        ),
    ):
        rows.append(line)
        out.dirt(file, len(rows) + 1, rule, INSTANSI)
    out.files[file] = csv_bytes(header, rows)
    out.finding("unmapped_identity", INSTANSI, "xroad:consumer")
    out.finding("unmapped_identity", INSTANSI, "combined:consumer")
    out.finding("unmapped_identity", INSTANSI, "combined:provider")


# Final level of the 47 indicators of PermenPANRB 59/2020, in order; the other stages are made from it.
FINAL_LEVELS = "32332322323233232223222112222112213323323333322"[:47]
# Documents behind an indicator: kind, levels that it is to show, and what is unusual about it.
DOCUMENTS: dict[int, list[tuple[str, str, Row]]] = {
    7: [("aturan", "2; 3", {})],
    11: [("arsitektur", "2", {})],
    13: [("anggaran", "", {}), ("pelaksanaan", "4", {}), ("reviu", "4", {})],
    15: [("pelaksanaan", "2", {})],
    20: [("rencana", "2", {}), ("aturan", "3", {}), ("reviu", "4", {})],
    21: [("rencana", "", {})],
    22: [("rencana", "", {})],
    23: [("rencana", "", {}), ("reviu", "", {})],
    24: [("rencana", "2", {"status": "Rancangan"})],
    28: [("rencana", "", {}), ("pelaksanaan", "", {}), ("reviu", "4", {})],
    42: [("fitur", "2", {})],
    43: [("fitur", "", {}), ("integrasi", "4", {"until": "2026-06-30"})],
    44: [("fitur", "", {}), ("integrasi", "", {})],
    45: [("fitur", "", {}), ("integrasi", "", {}), ("reviu", "5", {}), ("perbaikan", "5", {})],
    46: [("fitur", "", {})],
    47: [("fitur", "2", {"file": "fitur-layanan-ketiga.pdf"})],  # listed, and never sent
}
# One decree for nine policies, more than one document should be named for.
POLICIES = [1, 2, 3, 4, 5, 6, 8, 9, 10]
# Declared above what documents and measures support, each for a reason of its own (see evidence_rules).
UNSUPPORTED = {11, 15, 16, 18, 20, 22, 23, 28, 42, 43, 47}
OVERCLAIMED = {11, 15, 18, 20, 22, 23, 28, 42, 43, 45}  # the regency says two levels more than the visit saw
# Nothing came for the intra-government network: unknown, not failed.
UNDOCUMENTED = {17}


def codes(number: int) -> list[str]:
    """Codes of the documents behind an indicator."""
    own = len(DOCUMENTS.get(number, [()]))
    return [] if number in UNDOCUMENTED else [f"DD-{number:02d}-{n}" for n in range(1, own + 1)]


def pdf_bytes(line: str) -> bytes:
    """A page with one line on it, as small as a PDF can be."""
    text = f"BT /F1 12 Tf 60 780 Td ({line}) Tj ET".encode("latin-1")
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = b"%PDF-1.4\n"
    places = []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def evidence_documents(out: Written) -> None:
    """Documents of the assessment beside the list of them: one missing, draft, expired, reused, unlisted."""
    folder = f"evidence_document/{INSTANSI}/2026"
    header = [
        "Kode Dokumen", "Judul", "Jenis Dokumen", "Nomor Dokumen", "Tanggal Dokumen", "Berlaku Sampai",
        "Status", "Unit Penerbit", "Peraturan", "Indikator", "Tingkat", "Nama Berkas", "Halaman",
    ]  # fmt: skip
    rows: list[list[Any]] = []
    files: dict[str, str] = {}
    plain = 0
    for number in range(1, 48):
        own = DOCUMENTS.get(number, [("aturan" if number in POLICIES else "lain", "", {})])
        for code, (kind, levels, odd) in zip(codes(number), own, strict=False):
            title = f"Dokumen {kind} indikator {number}"
            name = f"i{number:02d}-{kind}.pdf"
            if number in POLICIES:
                title, name = "Peraturan Bupati tentang SPBE", "perbup-spbe.pdf"
            elif number not in DOCUMENTS:
                plain += 1
                title = f"Laporan SPBE bagian {(plain + 4) // 5}"
                name = f"laporan-spbe-{(plain + 4) // 5}.pdf"
            if "file" not in odd:
                files[name] = title
            rows.append(
                [code, title, kind, f"{number}/2026", "2026-02-02", odd.get("until", ""),
                 odd.get("status", "Ditetapkan"), opd("DISKOMINFO"), "permenpanrb-59-2020", number, levels,
                 odd.get("file", name), "1"]
            )  # fmt: skip
    out.files[f"{folder}/daftar_dokumen.csv"] = csv_bytes(header, rows)
    for name, title in files.items():
        out.files[f"{folder}/{name}"] = pdf_bytes(f"{title} - Kabupaten Contoh (fiktif)")
    out.files[f"{folder}/notulen-tanpa-daftar.pdf"] = pdf_bytes("Notulen - Kabupaten Contoh (fiktif)")
    out.finding("document_missing", INSTANSI, codes(47)[0])
    out.finding("document_not_valid", INSTANSI, codes(24)[0])
    out.finding("document_not_valid", INSTANSI, codes(43)[1])
    out.finding("document_reused", INSTANSI, f"{folder}/perbup-spbe.pdf")
    out.finding("document_orphan", INSTANSI, f"{folder}/notulen-tanpa-daftar.pdf")


def assessment(out: Written) -> None:
    """Levels of the five stages: declared above what the assessors saw; two indicators unanswered."""
    header = [
        "Kode Instansi",
        "Tahun",
        "Peraturan",
        "Indikator",
        "Tahap",
        "Tingkat Kematangan",
        "Penjelasan",
        "Data Dukung",
        "Penilai",
        "Tanggal Penilaian",
    ]
    stages = [
        ("Penilaian Mandiri", "Internal", "2026-06-30"),
        ("Penilaian Dokumen", "Eksternal", "2026-08-15"),
        ("Interviu", "Eksternal", "2026-09-10"),
        ("Visitasi", "Eksternal", "2026-09-24"),
        ("Akhir", "Eksternal", "2026-10-20"),
    ]
    files: dict[str, list[list[Any]]] = {"penilaian_mandiri": [], "penilaian_eksternal": []}
    for position, (stage, assessor, day) in enumerate(stages):
        for number, final in enumerate(map(int, FINAL_LEVELS), 1):
            declared = min(5, final + (2 if number in OVERCLAIMED else 1 if number % 3 else 0))
            document = max(1, final - (1 if number % 5 == 0 else 0))
            level = [declared, document, max(document, final - (number % 10 == 0)), final, final][position]
            unanswered = (number == 31 and position < 4) or (number == 40 and position == 1)
            files["penilaian_mandiri" if position == 0 else "penilaian_eksternal"].append(
                [
                    INSTANSI,
                    2026,
                    "permenpanrb-59-2020",
                    f"p59.i{number:02d}",
                    stage,
                    "" if unanswered else f"{level},00" if number == 7 else level,
                    "",
                    "; ".join(codes(number)) if not unanswered and level >= 2 else "",
                    assessor,
                    day,
                ]
            )
    for name, rows in files.items():
        out.files[f"self_assessment/{INSTANSI}/2026/{name}.csv"] = csv_bytes(header, rows)
        out.files[f"self_assessment/{INSTANSI}/2026/{name}.csv.meta.toml"] = (
            f'opd_code = "{opd("DISKOMINFO")}"\n'.encode()
        )
    for number in sorted(UNSUPPORTED):
        out.finding("declared_above_evidence", INSTANSI, f"p59.i{number:02d}")
    file = f"self_assessment/{INSTANSI}/2026/kiriman_dinkes.csv"
    base = [INSTANSI, 2026, "permenpanrb-59-2020", "", "Penilaian Mandiri", 3, "", "bukti/dinkes.pdf",
            "Internal", "2026-06-12"]  # fmt: skip
    dirty = []
    for rule, changes in (
        ("row.level_on_scale", {3: "p59.i45", 5: 6}),
        ("level.type", {3: "p59.i46", 5: "tiga"}),
        ("row.level_is_whole", {3: "p59.i47", 5: "2,5"}),
        ("node_id.reference", {3: "p59.i99"}),
        ("stage.codes", {3: "p59.i44", 4: "kira-kira"}),
        ("key.conflict", {3: "p59.i43", 5: 4}),
        ("key.conflict", {3: "p59.i43", 5: 5}),
    ):
        line: list[Any] = list(base)
        for at, value in changes.items():
            line[at] = value
        dirty.append(line)
        out.dirt(file, len(dirty) + 1, rule, opd("DINKES"))
    out.files[file] = csv_bytes(header, dirty)
    out.files[f"{file}.meta.toml"] = f'opd_code = "{opd("DINKES")}"\n'.encode()


# What the ministry found in earlier years: 2020 under the regulation before, 2025 under the one of 2026.
EARLIER = {
    2020: ("permenpanrb-5-2018", "p5", ("1.43", "1.20", "1.50", "2.00", "1.67", "2.14", "2.25")),
    2025: ("permenpanrb-59-2020", "p59", ("1.70", "2.00", "2.25", "2.00", "1.13", "1.00", "2.90", "2.83")),
}


def earlier_years(out: Written) -> None:
    """Aspects as the ministry told them in earlier years: a trend, and a break between two regulations."""
    for year, (rulebook, short, scores) in EARLIER.items():
        rows = [
            [rulebook, INSTANSI, year, "Akhir", f"{short}.a{number}", score]
            for number, score in enumerate(scores, 1)
        ]
        out.files[f"scores/{INSTANSI}/{year}/nilai_akhir_{year}.csv"] = csv_bytes(
            ["rulebook_id", "unit_code", "period", "stage", "node_id", "score"], rows
        )


def city(out: Written) -> None:
    """The other agency: a self-assessment and nothing to show for it."""
    header = ["Kode Instansi", "Tahun", "Peraturan", "Indikator", "Tahap", "Tingkat Kematangan"]
    rows = [
        [CITY, 2026, "permenpanrb-59-2020", f"p59.i{number:02d}", "Penilaian Mandiri", min(5, int(final) + 2)]
        for number, final in enumerate(FINAL_LEVELS, 1)
    ]
    out.files[f"self_assessment/{CITY}/2026/penilaian_mandiri.csv"] = csv_bytes(header, rows)


def figures(out: Written) -> None:
    """Published figures against the field, and the two smart-city tables of the invented regency."""
    header = [
        "figure_id", "instansi_code", "name", "unit", "opd_code", "system_code", "period", "published_value",
        "published_where", "published_on", "field_value", "field_method", "field_on", "numerator",
        "denominator", "tolerance_rel", "source",
    ]  # fmt: skip
    where = "Laporan Kinerja 2026 Kabupaten Contoh"
    rows: list[list[Any]] = [
        ["contoh-01", INSTANSI, "Pengguna Puskesmas Terpadu", "users", opd("DINKES"), "APL-004", 2026, 12000,
         where, "2026-10-05", 7850, "log", "2026-10-31", "", "", "", "rekaman fiktif"],
        ["contoh-02", INSTANSI, "Permohonan izin selesai tepat waktu", "percent", opd("DPMPTSP"), "APL-015",
         2026, 92, where, "2026-10-05", 91.5, "log", "2026-10-31", 183, 200, "", "rekaman fiktif"],
        ["contoh-03", INSTANSI, "Kecamatan yang memakai E-Posyandu", "percent", opd("DINKES"), "APL-005",
         2026, 80, where, "2026-10-05", 50, "count", "2026-10-31", 6, 12, "", "rekaman fiktif"],
        ["contoh-04", INSTANSI, "Wajib pajak yang membayar daring", "users", opd("BAPENDA"), "APL-012", 2026,
         4100, where, "2026-10-05", 4030, "log", "2026-10-31", "", "", "0.05", "rekaman fiktif"],
        ["contoh-05", INSTANSI, "Kepuasan pengunjung loket", "percent", opd("DISDUKCAPIL"), "APL-002", 2026,
         88, where, "2026-10-05", "", "survey", "", "", "", "", "rekaman fiktif"],
    ]  # fmt: skip
    file = f"published_figure/{INSTANSI}/2026/angka_terbit.csv"
    broken: list[Any] = ["contoh-90", INSTANSI, "Penyebut nol", "percent", opd("DINSOS"), "", 2026, 40, where,
                         "2026-10-05", "", "count", "", 4, 0, "", "rekaman fiktif"]  # fmt: skip
    rows.append(broken)
    out.dirt(file, len(rows) + 1, "row.denominator_not_zero", opd("DINSOS"))
    wordy = list(broken)
    wordy[0], wordy[7], wordy[14] = "contoh-91", "banyak sekali", 10
    rows.append(wordy)
    out.dirt(file, len(rows) + 1, "published_value.type", opd("DINSOS"))
    out.files[file] = csv_bytes(header, rows)
    out.finding("published_differs_from_field", opd("DINKES"), "contoh-01")
    out.finding("published_differs_from_field", opd("DINKES"), "contoh-03")

    dimensions = [
        ("Smart Governance", 12, 9), ("Smart Economy", 8, 3), ("Smart Branding", 5, 3),
        ("Smart Society", 6, 4), ("Smart Living", 9, 5), ("Smart Environment", 4, 3),
    ]  # fmt: skip
    source = "rekaman fiktif"
    programs: list[list[Any]] = [[INSTANSI, 2026, d, n, done, n - done, source] for d, n, done in dimensions]
    programs.append([INSTANSI, 2026, "Smart Mobility", 7, 5, 3, source])
    file = f"program_realization/{INSTANSI}/2026/realisasi_program.csv"
    out.files[file] = csv_bytes(
        ["instansi_code", "period", "dimension", "programs", "achieved", "not_achieved", "source"], programs
    )
    out.dirt(file, len(programs) + 1, "row.parts_sum")
    statements: list[list[Any]] = [
        [INSTANSI, 2026, "Policy", "Rencana induk kota cerdas ditetapkan", "Enough", source],
        [INSTANSI, 2026, "Institutional", "Dewan kota cerdas bekerja", "Not Enough", source],
        [INSTANSI, 2026, "Infrastructure", "Jaringan intra menjangkau semua OPD", "Enough", source],
        [INSTANSI, 2026, "Smart City", "Layanan dipakai warga", "Better", source],
        [INSTANSI, 2026, "Constraint", "Risiko program dikelola", "Lumayan", source],
    ]
    file = f"smart_city_evaluation/{INSTANSI}/2026/evaluasi.csv"
    out.files[file] = csv_bytes(
        ["instansi_code", "period", "dimension", "description", "verdict", "source"], statements
    )
    out.dirt(file, len(statements) + 1, "verdict.codes")


def catalogue(out: Written) -> None:
    """Ten data sets: six as fresh as their frequency promises, three older, one that promises nothing."""
    header = [
        "dataset_code",
        "dataset_name",
        "description",
        "producer_opd",
        "custodian_opd",
        "system_code",
        "rad_code",
        "access",
        "data_type",
        "update_frequency",
        "last_updated",
        "period_covered",
        "is_interoperable",
        "format",
        "access_url",
        "region_code_system",
        "reference_codes",
    ]
    sets = [
        ("Data kependudukan", "DISDUKCAPIL", "APL-001", "RAD.09.01.07", "limited", "realtime", "2026-10-31"),
        ("Data pegawai", "BKPSDM", "APL-017", "RAD.09.03.04", "limited", "monthly", "2026-10-15"),
        (
            "Data siswa dan sekolah",
            "DISDIK",
            "APL-010",
            "RAD.04.02.05",
            "limited",
            "semiannual",
            "2026-07-20",
        ),
        (
            "Objek pajak bumi dan bangunan",
            "BAPENDA",
            "APL-012",
            "RAD.09.03.04",
            "limited",
            "annual",
            "2026-01-31",
        ),
        ("Laporan penyakit menular", "DINKES", "APL-004", "RAD.04.01.05", "open", "weekly", "2026-09-12"),
        ("Barang milik daerah", "BPKAD", "APL-020", "RAD.09.03.04", "closed", "quarterly", "2026-03-31"),
        ("Penerima bantuan sosial", "DINSOS", "APL-007", "RAD.04.02.05", "limited", "monthly", "2026-10-05"),
        ("Izin terbit", "DPMPTSP", "APL-015", "RAD.02.08.06", "open", "daily", "2026-10-31"),
        (
            "Publikasi statistik daerah",
            "DISKOMINFO",
            "APL-027",
            "RAD.09.03.04",
            "open",
            "annual",
            "2025-08-01",
        ),
        ("Lokasi uji kendaraan", "DISHUB", "APL-023", "RAD.02.08.06", "open", "other", "2024-05-02"),
    ]
    rows: list[list[Any]] = [
        [
            f"DAD-{number:03d}",
            name,
            f"{name} yang dihimpun {opd(short)}",
            opd(short),
            opd("DISKOMINFO"),
            system,
            rad,
            access,
            "statistic" if "statistik" in name else "other",
            frequency,
            updated,
            "2026",
            "Ya",
            "csv; json",
            f"https://satudata.kab-contoh.example/{number}" if access == "open" else "",
            "kemendagri",
            "",
        ]
        for number, (name, short, system, rad, access, frequency, updated) in enumerate(sets, 1)
    ]
    file = f"dataset_catalogue/{INSTANSI}/2026/katalog_data.csv"
    for rule, position, value in (
        ("update_frequency.codes", 9, "kadang-kadang"),
        ("dataset_name.missing", 1, ""),
    ):
        line = [f"DAD-9{len(rows):02d}", *rows[0][1:]]
        line[position] = value
        rows.append(line)
        out.dirt(file, len(rows) + 1, rule, INSTANSI)
    out.files[file] = csv_bytes(header, rows)
    out.files[f"{file}.meta.toml"] = f'opd_code = "{opd("DISKOMINFO")}"\n'.encode()


def complaints(out: Written) -> None:
    """Fourteen complaints of October: nine answered in time, two late, two never, one withdrawn."""
    header = [
        "complaint_id",
        "channel",
        "category_code",
        "opd_code",
        "received_at",
        "verified_at",
        "first_answer_at",
        "closed_at",
        "status",
    ]
    # OPD, day and hour received, hours to the first answer (0: none), status
    cases = [
        ("DISDUKCAPIL", 1, 9, 5, "closed"),
        ("DISDUKCAPIL", 2, 10, 26, "closed"),
        ("DISDUKCAPIL", 6, 8, 120, "answered"),
        ("DINSOS", 3, 14, 48, "closed"),
        ("DINSOS", 8, 9, 130, "closed"),
        ("DINKES", 5, 7, 3, "closed"),
        ("DINKES", 12, 11, 72, "answered"),
        ("DPMPTSP", 9, 13, 20, "closed"),
        ("DPMPTSP", 15, 10, 96, "closed"),
        ("DISDIK", 13, 8, 200, "answered"),
        ("DISHUB", 7, 15, 0, "verified"),
        ("DISHUB", 19, 9, 0, "received"),
        ("DISHUB", 20, 9, 0, "withdrawn"),
        ("BAPENDA", 21, 10, 24, "closed"),
    ]

    def stamp(day: int, hour: int) -> str:
        at = datetime(2026, 10, 1, tzinfo=WIB) + timedelta(days=day - 1, hours=hour)
        return at.isoformat(timespec="minutes")

    rows: list[list[Any]] = [
        [
            f"ADU-{number:03d}",
            ["lapor", "app", "walk_in"][number % 3],
            "layanan",
            opd(short),
            stamp(day, hour),
            stamp(day, hour + 1) if answer or status == "verified" else "",
            stamp(day, hour + answer) if answer else "",
            stamp(day, hour + answer + 2) if status == "closed" else "",
            status,
        ]
        for number, (short, day, hour, answer, status) in enumerate(cases, 1)
    ]
    file = f"complaint/{INSTANSI}/2026-10/pengaduan.csv"
    for rule, position, value in (
        ("received_at.missing", 4, ""),
        ("received_at.type", 4, "kemarin sore"),
        ("opd_code.reference", 3, opd("DISNAKER")),
    ):
        line = [f"ADU-9{len(rows):02d}", *rows[0][1:]]
        line[position] = value
        rows.append(line)
        out.dirt(file, len(rows) + 1, rule, INSTANSI)
    out.files[file] = csv_bytes(header, rows)
    out.finding("complaint_unanswered", opd("DISHUB"), opd("DISHUB"))


def websites(out: Written) -> None:
    """Five sites checked twice in October: three alive, one stale, one that no longer answers."""
    header = [
        "url",
        "opd_code",
        "checked_at",
        "http_status",
        "error",
        "response_ms",
        "last_content_date",
        "tls_valid_until",
        "content_sha256",
    ]
    # host, OPD, newest dated item, whether its content changes between the checks, whether it answers
    sites = [
        ("dukcapil", "DISDUKCAPIL", "2026-10-12", False, True),
        ("disdik", "DISDIK", "2026-07-03", False, True),
        ("jdih", "SETDA", "", True, True),
        ("www", "DISKOMINFO", "2026-10-19", True, True),
        ("petainvestasi", "DPMPTSP", "", False, False),
    ]
    rows: list[list[Any]] = []
    for host, short, newest, changes, answers in sites:
        for turn, day in enumerate((5, 20)):
            up = answers or turn == 0
            rows.append(
                [
                    f"https://{host}.kab-contoh.example/",
                    opd(short),
                    f"2026-10-{day:02d}T06:00:00+07:00",
                    200 if up else "",
                    "" if up else "dns",
                    300 + 40 * turn if up else "",
                    newest if newest <= f"2026-10-{day:02d}" else "2026-09-28",
                    "2027-03-01" if up else "",
                    content_sha256(host, turn if changes else 0) if up else "",
                ]
            )
    file = f"website_check/{INSTANSI}/2026-10/pemeriksaan_situs.csv"
    rows.append(
        [
            f"https://bayangan.{INSTANSI}.example/",
            opd("DINSOS"),
            "2026-10-20T06:00:00+07:00",
            "",
            "",
            "",
            "",
            "",
            "",
        ]
    )
    out.dirt(file, len(rows) + 1, "row.status_or_error", INSTANSI)
    out.files[file] = csv_bytes(header, rows)
    out.finding("website_stale", opd("DISDIK"), "disdik.kab-contoh.example")
    out.finding("website_stale", opd("DPMPTSP"), "petainvestasi.kab-contoh.example")


def usage(out: Written) -> None:
    """Use by kecamatan: E-Posyandu in six of twelve, the tax system in six, together eight."""
    header = [
        "system_code",
        "kecamatan_code",
        "period",
        "active_users",
        "transactions",
        "target_population",
        "counting_rule",
    ]
    rows: list[list[Any]] = []
    for number in range(1, 13):
        area = f"{INSTANSI}.{number:02d}"
        posyandu = 40 + 7 * number if number <= 6 else 0
        tax = 25 + number if 3 <= number <= 8 else 0
        rows.append(
            ["APL-005", area, "2026-10", posyandu, 2 * posyandu, 400, "akun yang masuk dalam bulan itu"]
        )
        rows.append(["APL-012", area, "2026-10", tax, tax, 900, "pembayar dalam bulan itu"])
    file = f"usage/{INSTANSI}/2026-10/pemakaian.csv"
    for rule, position, value in (
        ("system_code.missing", 0, ""),
        ("kecamatan_code.pattern", 1, "Kecamatan Satu"),
    ):
        line = list(rows[0])
        line[position] = value
        rows.append(line)
        out.dirt(file, len(rows) + 1, rule, INSTANSI)
    out.files[file] = csv_bytes(header, rows)
    out.files[f"{file}.meta.toml"] = f'opd_code = "{opd("DISKOMINFO")}"\n'.encode()


def programs(out: Written) -> None:
    """Six programs in detail; three are claimed as achieved without a system in use."""
    header = [
        "instansi_code",
        "period",
        "program_code",
        "program_name",
        "dimension",
        "status",
        "opd_code",
        "system_code",
    ]
    details = [
        ("Verifikasi kependudukan satu pintu", "Smart Governance", "achieved", "DISDUKCAPIL", "APL-001"),
        ("Posyandu digital", "Smart Living", "achieved", "DINKES", "APL-005"),
        ("Promosi wisata daring", "Smart Branding", "achieved", "DISPAR", ""),
        ("Portal warga", "Smart Society", "achieved", "DISKOMINFO", "APL-030"),
        ("Peta peluang investasi", "Smart Economy", "achieved", "DPMPTSP", "APL-016"),
        ("Pantau sampah", "Smart Environment", "not_achieved", "DISHUB", ""),
    ]
    rows: list[list[Any]] = [
        [INSTANSI, 2026, f"PRG-{number:02d}", name, dimension, status, opd(short), system]
        for number, (name, dimension, status, short, system) in enumerate(details, 1)
    ]
    for number in (3, 4, 5):
        out.finding("program_without_system", opd(details[number - 1][3]), f"PRG-{number:02d}")
    file = f"program/{INSTANSI}/2026/program.csv"
    rows.append([INSTANSI, 2026, "PRG-90", "Tanpa status", "Smart Living", "hampir", opd("DINSOS"), ""])
    out.dirt(file, len(rows) + 1, "status.codes", INSTANSI)
    out.files[file] = csv_bytes(header, rows)


def decisions(out: Written) -> None:
    """A person looked at two systems that look alike and found them different."""
    header = ["system_code", "other_system_code", "decision", "decided_by", "decided_on", "note"]
    rows: list[list[Any]] = [
        [
            "APL-022",
            "APL-014",
            "Bukan tumpang tindih",
            "Bidang Aplikasi Diskominfo",
            "2026-10-22",
            "Parkir di tepi jalan, bukan retribusi pasar",
        ]
    ]
    file = f"overlap_decision/{INSTANSI}/2026/putusan.csv"
    rows.append(["APL-018", "APL-018", "Tumpang tindih", "Bidang Aplikasi Diskominfo", "2026-10-22", ""])
    out.dirt(file, len(rows) + 1, "row.two_systems", INSTANSI)
    out.files[file] = csv_bytes(header, rows)


@dataclass(frozen=True)
class Flow:
    """A regular X-Road flow: who asks whom, how often on a working day, how many in a thousand fail."""

    client: str
    service: str
    code: str
    version: str
    per_day: int
    failing: int
    typical_ms: int


FLOWS = [
    Flow("DINKES/puskesmas", "DISDUKCAPIL/siak", "verifikasiNIK", "v1", 16, 20, 240),
    Flow("RSUD/simrs", "DISDUKCAPIL/siak", "verifikasiNIK", "v1", 14, 20, 260),
    Flow("DINSOS/bansos", "DISDUKCAPIL/siak", "verifikasiNIK", "v1", 8, 20, 250),
    Flow("DPMPTSP/izin", "DISDUKCAPIL/siak", "verifikasiNIK", "v1", 5, 20, 270),
    Flow("DPMPTSP/izin", "BAPENDA/pbb", "cekTunggakan", "v1", 5, 60, 900),
    Flow("BPKAD/aset", "BKPSDM/simpeg", "dataPegawai", "v1", 3, 0, 150),
    Flow("RSUD/simrs", "DINKES/puskesmas", "rujukan", "v1", 4, 10, 400),
    Flow("DINKES/puskesmas", "RSUD/simrs", "rujukBalik", "v1", 2, 10, 420),
    Flow("DISKOMINFO/satudata", "DISDUKCAPIL/siak", "statistikPenduduk", "v1", 1, 0, 1800),
    Flow("PT-RINTIS/kasir", "BAPENDA/pbb", "cekTagihan", "v1", 2, 0, 700),
    # Within one OPD: no integration.
    Flow("DINKES/eposyandu", "DINKES/puskesmas", "kirimData", "v1", 3, 0, 120),
]
MONITORING = Flow("DISKOMINFO", "DISKOMINFO", "getSecurityServerOperationalData", "", 2, 0, 90)
LISTING = Flow("DPMPTSP/izin", "BAPENDA/pbb", "listMethods", "", 1, 0, 60)


class Gateway:
    """Writes X-Road operational monitoring records, one file a day by the time of the record."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.records: dict[date, list[Row]] = {}
        self.number = 0

    def uuid(self) -> str:
        """A random identifier in the usual form."""
        h = f"{self.rng.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def call(
        self, at: datetime, flow: Flow, duration: int, succeeded: bool = True, sides: str = "CP"
    ) -> tuple[Row, Row]:
        """Record one call of a flow; `sides` says which of the Client's and Producer's records arrive."""
        self.number += 1
        start = int(at.timestamp()) * 1000 + self.rng.randrange(1000)
        out_ms = 8 + self.rng.randrange(9)
        shared: Row = {}
        for side, name in (("client", flow.client), ("service", flow.service)):
            member, _, subsystem = name.partition("/")
            shared[f"{side}XRoadInstance"] = "KAB-CONTOH"
            shared[f"{side}MemberClass"] = "COM" if member.startswith("PT-") else "GOV"
            shared[f"{side}MemberCode"] = member
            if subsystem:
                shared[f"{side}SubsystemCode"] = subsystem
        shared |= {"serviceCode": flow.code}
        if flow.version:
            shared |= {"serviceVersion": flow.version}
        shared |= {
            "messageId": f"m-{self.number:05d}",
            "messageProtocolVersion": "1",
            "requestSize": 700 + self.rng.randrange(200),
            "responseSize": 1200 + self.rng.randrange(900) if succeeded else 310,
            "succeeded": succeeded,
            "statusCode": 200 if succeeded else 500,
            "serviceType": "REST",
            "restMethod": "POST" if flow.code.startswith("kirim") else "GET",
            "xRoadVersion": "7.6.2",
            "xRequestId": self.uuid(),
        }
        if not succeeded:
            shared["faultCode"] = "Server.ServerProxy.ServiceFailed"
        if self.number % 9 == 0:
            shared["messageUserId"] = f"ID{9999000000000000 + self.number}"
        client_record = self._side("Client", shared, start, out_ms, duration)
        producer_record = self._side("Producer", shared, start + out_ms + 3, 5, duration - 2 * out_ms)
        if "C" in sides:
            self.add(client_record)
        if "P" in sides:
            self.add(producer_record)
        return client_record, producer_record

    def _side(self, kind: str, shared: Row, start: int, out_ms: int, duration: int) -> Row:
        end = start + max(duration, 2 * out_ms + 2)
        return {
            "monitoringDataTs": end // 1000 + 1,
            "securityServerInternalIp": "10.99.0.11" if kind == "Client" else "10.99.0.12",
            "securityServerType": kind,
            "requestInTs": start,
            "requestOutTs": start + out_ms,
            "responseInTs": end - out_ms,
            "responseOutTs": end,
            **shared,
        }

    def add(self, record: Row, day: date | None = None) -> None:
        """Put a record into the file of its day, or of another (a record that comes late)."""
        seconds = record.get("requestInTs", 0) // 1000
        day = day or datetime.fromtimestamp(seconds, WIB).date()
        self.records.setdefault(day, []).append(record)


def xroad(out: Written, rng: random.Random) -> None:
    """October 2026 in X-Road: flows, self-calls, metaservices, lost sides, duplicates, late and bad ones."""
    gateway = Gateway(rng)
    day = FIRST_DAY
    while day <= LAST_DAY:
        midnight = datetime(day.year, day.month, day.day, tzinfo=WIB)
        working = day.weekday() < 5
        for flow in FLOWS if day != SILENT_DAY else []:
            for _ in range(flow.per_day if working else (flow.per_day + 3) // 4):
                minute = 8 * 60 + rng.randrange(8 * 60)
                outage = flow.code == "cekTunggakan" and day == date(2026, 10, 14)
                succeeded = not outage and rng.randrange(1000) >= flow.failing
                duration = flow.typical_ms * (70 + rng.randrange(90)) // 100
                if rng.randrange(100) < 3:
                    duration *= 6
                lost = rng.randrange(200)
                sides = "C" if lost == 0 else "P" if lost == 1 else "CP"
                at = midnight + timedelta(minutes=minute, seconds=rng.randrange(60))
                sent, _ = gateway.call(at, flow, duration, succeeded, sides)
                if gateway.number % 211 == 0:
                    gateway.add(dict(sent))  # the collector sent it twice
        if day != SILENT_DAY:
            for hour in (0, 12):
                gateway.call(midnight + timedelta(hours=hour, minutes=5), MONITORING, 90)
            gateway.call(midnight + timedelta(hours=7), LISTING, 60)
        day += timedelta(days=1)

    # Asked before midnight, answered after it: the Producer's record stands in the next day's file.
    for night in (6, 22):
        late = datetime(2026, 10, night, 23, 59, 59, tzinfo=WIB)
        client_record, producer_record = gateway.call(late, FLOWS[1], 2400, sides="")
        shift = int((late + timedelta(seconds=1)).timestamp()) * 1000 + 40 - producer_record["requestInTs"]
        for key in ("requestInTs", "requestOutTs", "responseInTs", "responseOutTs"):
            producer_record[key] += shift
        gateway.add(client_record)
        gateway.add(producer_record)
    # The Producer's side of a call of the 12th comes five days later.
    at = datetime(2026, 10, 12, 10, 0, tzinfo=WIB)
    client_record, producer_record = gateway.call(at, FLOWS[2], 260, sides="C")
    gateway.add(producer_record, date(2026, 10, 17))

    broken = {k: v for k, v in client_record.items() if not k.startswith(("request", "response"))}
    gateway.records[date(2026, 10, 7)].append(broken)
    for day, records in sorted(gateway.records.items()):
        file = f"service_log/xroad/{INSTANSI}/opmon_{day}.json.gz"
        body = json.dumps({"records": records}, separators=(",", ":"), ensure_ascii=False)
        out.files[file] = gz_bytes(body.encode())
        if broken in records:
            out.dirt(file, len(records), "xroad.time")
    out.finding("missing_source", opd("DISKOMINFO"), "service_log:xroad")
    # The outage of the 14th; calls that fail alone in their hour are none.
    out.finding("service_failing", opd("BAPENDA"), "xroad:APL-012:cekTunggakan/v1")


AGENTS = ["Java/17", "python-requests/2.32", "okhttp/4.9", "Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0"]


def combined(out: Written, rng: random.Random) -> None:
    """October 2026 of the web gateway: four files with logins, visitors, monitors and broken lines."""
    lines: dict[date, list[tuple[datetime, str]]] = {}
    routes = [
        ("svc-bansos", "GET", "/api/disdik/siswa/{}/status", 9, 15),
        ("svc-satudata", "GET", "/api/disdik/sekolah?halaman=1", 4, 0),
        ("svc-satudata", "GET", "/api/bkpsdm/rekap", 3, 0),
        ("svc-aset", "GET", "/api/bkpsdm/pegawai/{}?nik=9999{:012d}", 4, 30),
        ("svc-lama", "POST", "/api/disdik/siswa", 2, 0),  # a login that no table knows
        ("svc-bansos", "GET", "/lama/penerima/{}", 2, 0),  # a path that no table knows
        ("-", "GET", "/api/disdik/sekolah", 14, 5),
        ("-", "GET", "/api/disdik/sehat", 12, 0),  # the monitor
    ]
    day = FIRST_DAY
    while day <= LAST_DAY:
        week = FIRST_DAY + timedelta(days=(day - FIRST_DAY).days // 8 * 8)
        for user, method, route, per_day, failing in routes:
            count = per_day if day.weekday() < 5 or user == "-" else (per_day + 3) // 4
            for n in range(count):
                monitor = route.endswith("/sehat")
                second = n * 7200 if monitor else 7 * 3600 + rng.randrange(10 * 3600)
                at = datetime(day.year, day.month, day.day, tzinfo=WIB) + timedelta(seconds=second)
                status = 503 if rng.randrange(1000) < failing else 200
                path = route.format(100000 + rng.randrange(900000), rng.randrange(10**12))
                address = f"10.99.{2 if user == '-' else 1}.{10 + rng.randrange(40)}"
                agent = "UptimeRobot/2.0" if monitor else AGENTS[3 if user == "-" else rng.randrange(3)]
                size = "-" if status == 503 else 300 + rng.randrange(2000)
                stamp = f"{at:%d}/Oct/{at:%Y:%H:%M:%S} +0700"
                request = f'"{method} {path} HTTP/1.1" {status} {size}'
                line = f'{address} - {user} [{stamp}] {request} "-" "{agent}"'
                lines.setdefault(week, []).append((at, line))
        day += timedelta(days=1)
    for week, entries in sorted(lines.items()):
        ordered = [line for _, line in sorted(entries, key=lambda entry: entry[0])]
        file = f"service_log/combined/{INSTANSI}/gerbang_{week}.log.gz"
        if week == FIRST_DAY:
            ordered.insert(40, "")
            ordered.insert(60, "ini bukan baris log")
            out.dirt(file, 61, "combined.head")
        text = "\n".join(ordered) + "\n"
        out.files[file] = gz_bytes(text.encode())


def working_times(rng: random.Random, per_day: int) -> list[datetime]:
    """So many moments in the office hours of every working day of the month, in order."""
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    return [
        datetime(day.year, day.month, day.day, 8, tzinfo=WIB) + timedelta(milliseconds=ms)
        for day in days
        if day.weekday() < 5
        for ms in sorted(rng.randrange(8 * 3_600_000) for _ in range(per_day))
    ]


def wso2(out: Written, rng: random.Random) -> None:
    """October 2026 in the national SPLP: two flows, one with logins of persons, and a line cut short."""
    flows = [
        ("dinsos", "bansos", "disdukcapil.contoh.example", "VerifikasiNIK", "/nik/{id}", 4),
        ("bpkad", "aset", "bkpsdm.contoh.example", "DataPegawai", "/pegawai", 2),
    ]
    lines: list[tuple[datetime, str]] = []
    for owner, application, tenant, api, resource, per_day in flows:
        for at in working_times(rng, per_day):
            ms = 120 + rng.randrange(300)
            values = {
                "apiName": api,
                "proxyResponseCode": 200,
                "errorType": "null",
                "destination": f"https://10.99.0.21/{api.lower()}",
                "apiCreatorTenantDomain": tenant,
                "apiMethod": "GET",
                "apiVersion": "1.0.0",
                "backendLatency": ms - 15,
                "correlationId": f"{rng.getrandbits(128):032x}",
                "applicationName": application,
                "targetResponseCode": 200,
                "requestTimestamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
                "applicationOwner": owner,
                "userAgent": "Java",
                "eventType": "response",
                "apiResourceTemplate": resource,
                "responseLatency": ms,
                "userIp": f"10.99.3.{10 + rng.randrange(40)}",
                "apiType": "HTTP",
                "properties": f"{{apiContext=/{api.lower()}/1.0.0, userName="
                + (f"petugas{rng.randrange(5)}" if owner == "dinsos" else "null")
                + "}",
            }
            event = ", ".join(f"{key}={value}" for key, value in values.items())
            line = f"{at:%H:%M:%S},{at.microsecond // 1000:03d} [-] [PassThroughMessageProcessor-7]  INFO "
            line += f"LogCounterMetric Metric Name: apim:response Metric Value: {{{event}}}"
            lines.append((at, line))
    ordered = [line for _, line in sorted(lines)]
    file = f"service_log/wso2/{INSTANSI}/splp_{FIRST_DAY:%Y-%m}.log.gz"
    ordered.insert(30, ordered[30][:180])
    out.dirt(file, 31, "wso2.record")
    out.files[file] = gz_bytes(("\n".join(ordered) + "\n").encode())


def kong(out: Written, rng: random.Random) -> None:
    """October 2026 in the hospital's own gateway: answers to referrals, and a line without a status."""
    lines: list[str] = []
    for at in working_times(rng, 3):
        ms = 90 + rng.randrange(250)
        record: Row = {
            "request": {
                "method": "GET",
                "uri": f"/rujuk-balik/{100000 + rng.randrange(900000)}?nik=9999{rng.randrange(10**12):012d}",
                "size": "412",
                "id": f"{rng.getrandbits(128):032x}",
            },
            "response": {"status": 200, "size": str(400 + rng.randrange(900))},
            "latencies": {"request": ms, "kong": 3, "proxy": ms - 4},
            "started_at": int(at.timestamp()) * 1000 + at.microsecond // 1000,
            "client_ip": f"10.99.4.{10 + rng.randrange(20)}",
            "consumer": {"username": "puskesmas"},
            "service": {"name": "rujuk-balik", "host": "simrs.contoh.example", "protocol": "http"},
            "route": {"name": "rujuk-balik-v1"},
        }
        lines.append(json.dumps(record, separators=(",", ":")))
    file = f"service_log/kong/{INSTANSI}/rsud_{FIRST_DAY:%Y-%m}.log.gz"
    broken = json.loads(lines[20])
    del broken["started_at"]
    lines.insert(20, json.dumps(broken, separators=(",", ":")))
    out.dirt(file, 21, "kong.time")
    out.files[file] = gz_bytes(("\n".join(lines) + "\n").encode())


def content_sha256(host: str, version: int) -> str:
    """What a check would have found of a page that says nothing but its address and version."""
    return hashlib.sha256(f"{host} {version}".encode()).hexdigest()


def build() -> Written:
    """Make every fictional file in memory."""
    out = Written()
    rng = random.Random(SEED)
    register(out)
    inventory(out)
    exchanges(out)
    contracts(out)
    identities(out)
    assessment(out)
    earlier_years(out)
    city(out)
    evidence_documents(out)
    figures(out)
    catalogue(out)
    complaints(out)
    websites(out)
    usage(out)
    programs(out)
    decisions(out)
    xroad(out, rng)
    combined(out, rng)
    wso2(out, rng)
    kong(out, rng)
    return out


def planted_bytes(planted: list[Row]) -> bytes:
    """The table of what is planted: dirt by file and row, findings by rule, unit and key."""
    header = ["what", "file", "row", "rule", "unit", "key"]
    return csv_bytes(header, [[p[h] for h in header] for p in planted])


def write(inbox: Path = INBOX, planted: Path = PLANTED) -> int:
    """Write the fictional files and the table of what is planted in them; the number of files written."""
    result = build()
    for name, data in result.files.items():
        target = inbox / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    planted.write_bytes(planted_bytes(result.planted))
    return len(result.files)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else INBOX
    count = write(folder, PLANTED if len(sys.argv) == 1 else folder.parent / PLANTED.name)
    sys.stdout.write(f"{count} files written to {folder}\n")
