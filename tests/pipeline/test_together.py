"""Small tables that are judged and kept together leave what each by itself would."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

REGISTER = (
    "opd_code,opd_name,short_name\n{0}-DISHUB,Dinas Perhubungan,Dishub\n{0}-DINSOS,Dinas Sosial,Dinsos\n"
)
CONTRACTS = "Nomor Kontrak,system_code,vendor_name,kind,starts_on,ends_on,value_idr,opd_code\n"
CONTRACT = "{},S1,PT Contoh,{},2026-01-01,2026-12-31,{},{}\n"
SYSTEMS = "opd_code,system_code,system_name,url,status\n"
KINDS = ("opd_register", "system_inventory", "vendor_contract", "program_realization", "evidence_document")
# What differs between two homes whatever they received.
_OF_ITS_TIME = "exclude (received_at)"


def _files(turn: int) -> dict[str, str | bytes]:
    """Name and content of an inbox: good and bad rows, like and unlike headers, notes beside them, twins."""
    found: dict[str, str | bytes] = {
        "opd_register/12.07/daftar.csv": REGISTER.format("12.07"),
        "opd_register/12.71/daftar.csv": REGISTER.format("12.71"),
        "program_realization/12.07/2025/tanpa kepala.csv": b"\x00\xff\x00\xfe" * 50,
        "program_realization/12.07/2025/lain.csv": "a,b\n1,2\n",
        "program_realization/12.07/2025/kosong.csv": "",
        "program_realization/12.07/2025/baik.csv": (
            "dimension,programs,achieved,not_achieved\nSmart Living,10,6,4\n"
        ),
        "evidence_document/12.07/2026/surat.pdf": b"%PDF-1.4 surat",
        "evidence_document/12.07/2026/gambar.png": b"\x89PNG gambar",
    }
    for n in range(4):
        instansi = ("12.07", "12.71")[n % 2]
        opd = (f"{instansi}-DISHUB", "Dinas Sosail", "", "12.07-DINSOS")[n]
        kind = ("Hosting", "Lisensi", "", "?")[n]
        rows = CONTRACT.format(f"K/{n}", kind, 1000 * n + turn, opd) * (1 + n % 2)
        rows += CONTRACT.format("K/sama", kind, 7, f"{instansi}-DISHUB")
        place = f"vendor_contract/{instansi}/2026"
        # The same columns under other headings, in another order, with one that nobody knows.
        found[f"{place}/{n}.csv"] = (
            CONTRACTS.replace("vendor_name", "Penyedia" if n == 2 else "vendor_name") + rows
        )
        found[f"{place}/surel {n}.csv"] = CONTRACTS.replace("ends_on", "catatan") + rows.replace(
            "PT", "a@contoh.id PT"
        )
        url = ("https://a.contoh.go.id", "https://u:s@b.contoh.go.id/", "ftp://c", "#REF!")[n]
        system = (
            f"{opd},S{n % 3},Sistem {n % 3},{url},aktif\n{opd},,Lain {n},{url},?\n{opd},S{n % 3},Sistem,,\n"
        )
        found[f"system_inventory/{instansi}/2026/{n}.csv"] = SYSTEMS + system
        found[f"system_inventory/{instansi}/2026/{n}.csv.meta.toml"] = (
            'opd_code = "Dishub"\n' if n < 2 else 'opd_code = "Tidak Ada"\nperiod = "2025"\n'
        )
    if turn == 1:
        mended = CONTRACTS.replace("Nomor Kontrak", "_perbaikan_dari,contract_no")
        found["vendor_contract/12.71/2026/perbaikan.csv"] = mended + (
            "3.csv#2,K/3,S1,PT Contoh,Data,2026-01-01,2026-12-31,5,12.71-DISHUB\n99.csv#2,K/6,,,,,,,\n"
        )
        # Contents that change their names, and twins of them.
        for name in ("program_realization/12.07/2025/lain.csv", "system_inventory/12.07/2026/0.csv"):
            found[name], found[name + ".lagi.csv"] = SYSTEMS + "Dishub,X,Sistem,,aktif\n", found[name]
        found["vendor_contract/12.07/2026/kembar.csv"] = found["vendor_contract/12.07/2026/2.csv"]
        found["vendor_contract/12.07/2026/2.csv"] = found["vendor_contract/12.07/2026/0.csv"]
    return found


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


def _lay(inbox: Path, turn: int) -> None:
    # A file of the second turn is later than all of the first.
    for n, (name, content) in enumerate(_files(turn).items()):
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (1_790_000_000 + 1000 * turn + n,) * 2)


def _home(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, duckdb.DuckDBPyConnection]:
    monkeypatch.setenv("SPBE_HOME", str(path))
    settings = Settings(home=path)  # type: ignore[call-arg]
    settings.prepare_home()
    # Pseudonyms and names of two homes are equal under one key.
    (settings.keys / "pseudonym.key").write_text(bytes(range(32)).hex(), encoding="ascii")
    con = open_warehouse(settings.warehouse)
    intake.prepare_warehouse(con, settings)
    return settings, con


def _together(con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path) -> Iterator[str]:
    for kind in KINDS:
        yield from (record.file_name for record in intake.receive(con, settings, inbox, kind))


def _one_by_one(con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path) -> Iterator[str]:
    for kind in KINDS:
        for entry in intake.new_files(con, inbox, kind):
            yield intake.receive_file(con, settings, inbox, entry).record.file_name


def test_files_together_leave_what_each_by_itself_does(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, many_con = _home(tmp_path / "many", monkeypatch)
    single, single_con = _home(tmp_path / "single", monkeypatch)
    for turn in (0, 1):
        _lay(inbox, turn)
        came = list(_together(many_con, many, inbox))
        assert came == list(_one_by_one(single_con, single, inbox))
        assert len(came) > 10
    single_con.close()
    many_con.execute(f"attach '{single.warehouse}' as single (read_only)")
    tables = [f"received.{kind}" for kind in KINDS[:-1]]
    tables += ["intake.files", "intake.left_out", "intake.corrections", "intake.documents"]
    for table in tables:
        differ = many_con.execute(
            f"select * {_OF_ITS_TIME if table == 'intake.files' else ''} from single.{table} except all "
            f"select * {_OF_ITS_TIME if table == 'intake.files' else ''} from {table}"
        ).fetchall()
        assert differ == [], table
        counts = many_con.execute(
            f"select (select count(*) from {table}), (select count(*) from single.{table})"
        ).fetchone()
        assert counts is not None
        assert counts[0] == counts[1] > 0, table
    statuses = {s for (s,) in many_con.execute("select distinct status from intake.files").fetchall()}
    assert statuses >= {"loaded", "partly", "rejected", "duplicate", "replaced"}
    many_con.close()
