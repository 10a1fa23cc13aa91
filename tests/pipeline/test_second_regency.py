"""Any regency: another code of another province, known by the files that it sends, with no code for it."""

import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

Spbe = Callable[..., subprocess.CompletedProcess[str]]
Shared = Callable[[str, Callable[[Path], object]], Path]

CODE, NAME = "51.71", "Kota Denpasar"
# Of the default regency and of the example's; nothing of theirs may reach another's results.
FOREIGN = re.compile(r"deli.?serdang|\b12\.07\b|kabupaten contoh|\b99\.99\b", re.IGNORECASE)
OPDS = [("DISKOMINFOS", "Dinas Komunikasi, Informatika dan Statistik"), ("DUKCAPIL", "Dinas Kependudukan")]
# Level 3 in everything but the services (domain 4, weight 91/200), which have 4.
LEVELS = {number: 3 if number < 32 else 4 for number in range(1, 48)}
# Three kecamatan are named, two of them use the system.
USED = {f"{CODE}.01": 120, f"{CODE}.02": 30, f"{CODE}.03": 0}


def write_inbox(inbox: Path) -> None:
    register = [f'{CODE}-{short},"{name}",{short},dinas,Ya,system_inventory=annual' for short, name in OPDS]
    systems = [
        f"SIP-01,Identitas Digital,{CODE}-DUKCAPIL,aplikasi,aktif",
        f"SIP-02,Portal Kota,{CODE}-DISKOMINFOS,website,aktif",
        # An OPD that its register does not hold: refused, and answered.
        f"SIP-03,Tanpa Pemilik,{CODE}-DINASX,aplikasi,aktif",
    ]
    levels = [
        f"2026,permenpanrb-59-2020,p59.i{number:02},Penilaian Mandiri,{level},b.pdf,Internal,2026-06-30"
        for number, level in LEVELS.items()
    ]
    usage = [f"SIP-01,{kecamatan},2026-10,{users},,500" for kecamatan, users in USED.items()]
    files = {
        f"opd_register/{CODE}/2026/opd.csv": (
            "Kode OPD,Nama OPD,Nama Singkat,Jenis OPD,Aktif,Kewajiban Kirim", register
        ),
        f"system_inventory/{CODE}/2026/inventaris.csv": (
            "system_code,system_name,opd_code,system_kind,status", systems
        ),
        f"self_assessment/{CODE}/2026/mandiri.csv": (
            "Tahun,Peraturan,Indikator,Tahap,Tingkat Kematangan,Data Dukung,Penilai,Tanggal Penilaian", levels
        ),
        f"usage/{CODE}/2026-10/pemakaian.csv": (
            "system_code,kecamatan_code,period,active_users,transactions,target_population", usage
        ),
    }  # fmt: skip
    for name, (header, rows) in files.items():
        path = inbox / name
        path.parent.mkdir(parents=True)
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def home(shared: Shared, spbe: Spbe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(home: Path) -> None:
        inbox = tmp_path_factory.mktemp("second") / "inbox"
        write_inbox(inbox)
        done = spbe(home, "run", "--inbox", inbox, SPBE_INSTANSI=CODE, SPBE_AS_OF="2026-10-31")
        assert done.returncode == 0, done.stdout + done.stderr
        (home / "first-run.txt").write_text(done.stdout, encoding="utf-8")

    return shared("second-regency", make)


@pytest.fixture
def con(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True) as connection:
        yield connection


def test_its_index_is_computed_and_told(home: Path, con: duckdb.DuckDBPyConnection) -> None:
    # 109/200 x 3 + 91/200 x 4 = 3.455, printed half-up.
    assert con.execute(
        "select unit_code, score, printed::varchar, predicate from fct_scores where node_kind = 'index'"
        " and unit_kind = 'instansi' and stage = 'self'"
    ).fetchall() == [(CODE, pytest.approx(3.455, abs=1e-12), "3.46", "Baik")]
    told = (home / "first-run.txt").read_text(encoding="utf-8")
    assert f"{NAME} 2026, permenpanrb-59-2020, self: 3.46 Baik" in told


def test_its_own_opds_and_kecamatan_count(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select opd_code, opd_name from dim_opd where is_mapped order by all").fetchall() == [
        (f"{CODE}-{short}", name) for short, name in OPDS
    ]
    # No list names its kecamatan, so those that its files name are the denominator.
    assert con.execute(
        "select distinct numerator, denominator from fct_indicator_values"
        " where measure_id = 'I25' and figure = 'main' and unit_kind = 'instansi'"
    ).fetchall() == [(2, 3)]


def test_its_pages_answers_and_bundle_bear_its_name(home: Path) -> None:
    pages = {
        path.name: path.read_text(encoding="utf-8") for path in (home / "published/report").glob("*.html")
    }
    parts = {"", "-lampiran", "-bagaimana-jika"}
    assert set(pages) <= {*(f"{CODE}{part}.html" for part in parts), "index.html"}
    assert {f"{CODE}.html", f"{CODE}-lampiran.html", "index.html"} <= set(pages)
    assert all(NAME in page and "DATA FIKTIF" not in page for page in pages.values())
    assert {path.name for path in (home / "feedback").iterdir()} <= {CODE, *(f"{CODE}-{s}" for s, _ in OPDS)}
    assert [path.name for path in (home / "outbox").glob("spbe-*")] == [f"spbe-{CODE}-2026-v1"]


def test_nothing_of_another_regency_stands_in_its_results(home: Path, con: duckdb.DuckDBPyConnection) -> None:
    found = [
        name
        for (name,) in con.execute("show tables").fetchall()
        if FOREIGN.search(str(con.table(name).fetchall()))
    ]
    files = [
        home / "first-run.txt",
        *(p for part in ("published", "feedback", "outbox") for p in (home / part).rglob("*")),
    ]
    for path in files:
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                texts = [book.read(part).decode() for part in book.namelist() if part.endswith(".xml")]
        elif path.is_file() and path.suffix != ".duckdb":
            texts = [path.read_bytes().decode(errors="replace")]
        else:
            texts = []
        for text in texts:
            # An answer ends with the example of the format's column.
            said = re.sub(r"Contoh: \S+", "", text)
            # The name of an example is nobody's; its codes are the regency's own.
            said = re.sub(r'(<td data-label="Contoh"[^>]*>)Pemerintah Kabupaten Contoh<', r"\1<", said)
            found += [f"{path.relative_to(home)}: {m.group()}" for m in FOREIGN.finditer(said)]
    assert not found
