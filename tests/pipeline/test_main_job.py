"""The main job as its users meet it: one command, a short result, bad files named, a bundle that verifies."""

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

Spbe = Callable[..., subprocess.CompletedProcess[str]]


def published(home: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True)


def test_the_result_is_printed_in_short(example_home: Path) -> None:
    told = (example_home / "first-run.txt").read_text(encoding="utf-8")
    # LPE-SPBE-2023, table 17, row 2: Deli Serdang 3.47, Baik.
    assert "Kabupaten Deli Serdang 2023, permenpanrb-59-2020, final: 3.47 Baik" in told
    for stage in ("self", "document", "interview", "visit", "final"):
        assert f"Kabupaten Contoh (fiktif) 2026, permenpanrb-59-2020, {stage}: " in told
    findings = told.split("Biggest findings\n")[1].split("\n\n")[0]
    assert len(findings.splitlines()) == 3
    for path in told.split("Results\n")[1].split("\n\n")[0].splitlines():
        assert Path(path.split(maxsplit=1)[1]).exists(), path


def test_no_row_is_lost(example_home: Path) -> None:
    with published(example_home) as con:
        lost = con.execute(
            "select file_name from fct_intake_files where rows_received <> rows_loaded + rows_quarantined"
        ).fetchall()
        listed, counted = con.execute(
            "select (select count(*) from fct_quarantine where status = 'open'), sum(rows_quarantined) "
            "from fct_intake_files where status <> 'replaced'"
        ).fetchone()
    assert not lost
    assert listed == counted > 0


def test_banten_loads_whole_as_published(example_home: Path) -> None:
    # Source's README: three tables of 100, 80 and 13 rows; one agency without URL and note in two of them.
    with published(example_home) as con:
        rows = con.execute(
            "select rows_received, rows_loaded, warnings from fct_intake_files "
            "where instansi_code = '36' order by file_name"
        ).fetchall()
    assert [(received, loaded) for received, loaded, _ in rows] == [(100, 100), (80, 80), (13, 13)]
    assert sum(warnings for *_, warnings in rows) == 4


def test_the_real_x_road_sample_holds_no_business_call(example_home: Path) -> None:
    # Sample's README: 654 records, 327 pairs, every one a metaservice of the monitoring to itself.
    with published(example_home) as con:
        quality = con.execute(
            "select records, pairs, metaservice_calls, self_calls from fct_log_quality "
            "where instansi_code = 'sample-xroad'"
        ).fetchone()
        calls = con.execute(
            "select count(*) from fct_calls_daily where instansi_code = 'sample-xroad'"
        ).fetchone()
    assert quality == (654, 327, 327, 327)
    assert calls == (0,)


def test_every_published_table_explains_itself(example_home: Path) -> None:
    with published(example_home) as con:
        silent = con.execute(
            "select table_name, column_name from duckdb_columns() where not internal and comment is null "
            "and table_name in (select table_name from duckdb_tables())"
        ).fetchall()
        readme = con.execute("select count(*) from readme").fetchone()
    assert not silent
    assert readme and readme[0] >= 12


def test_a_second_run_changes_nothing(spbe: Spbe, example_home: Path) -> None:
    before = (example_home / "published" / "spbe.duckdb").stat().st_mtime_ns
    done = spbe(example_home, "run", "--example")
    assert done.returncode == 0, done.stderr
    assert "Nothing changed since the last run" in done.stdout
    assert (example_home / "published" / "spbe.duckdb").stat().st_mtime_ns == before


def test_an_analyst_queries_the_published_database(spbe: Spbe, example_home: Path) -> None:
    sql = (
        "select unit_code, printed from fct_scores where node_kind = 'index' and unit_code = '12.07' limit 5"
    )
    done = spbe(example_home, "query", sql)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["12.07", "3.47"]
    wrong = spbe(example_home, "query", "delete from fct_scores")
    assert wrong.returncode == 1
    assert "read-only" in wrong.stderr


def test_the_ministry_verifies_the_bundle(spbe: Spbe, example_home: Path) -> None:
    bundle = next((example_home / "outbox").glob("spbe-99.99-2026-v*"))
    done = spbe(example_home, "verify", bundle)
    assert done.returncode == 0, done.stdout + done.stderr
    assert spbe(example_home, "verify", example_home / "no-such-bundle").returncode == 2


def test_the_example_is_not_mixed_into_another_home(spbe: Spbe, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    done = spbe(tmp_path, "run", "--example")
    assert done.returncode == 1
    assert "holds other files" in done.stderr


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


ASSESSMENT = "rulebook_id,node_id,stage,level\n"


@pytest.fixture(scope="module")
def bad_run(
    spbe: Spbe, example_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], dict[str, tuple[str, str]], list[tuple[str, int, str]]]:
    """A run on an inbox of bad files beside good ones: its output, the files' fates, the quarantined rows."""
    inbox = tmp_path_factory.mktemp("bad")
    write(inbox / "system_inventori" / "a.csv", "x\n1\n")
    write(inbox / "system_inventory" / "88.01" / "2026" / "kepala.csv", "Nomor,Warna,Rasa\n1,biru,asin\n")
    write(inbox / "system_inventory" / "88.01" / "2026" / "kosong.csv", "")
    write(inbox / "system_inventory" / "88.01" / "2026" / "rusak.xlsx", b"PK\x03\x04 this is no workbook")
    write(
        inbox / "self_assessment" / "88.01" / "2026" / "level.csv",
        ASSESSMENT
        + "permenpanrb-59-2020,p59.i01,self,6\n"
        + "permenpanrb-59-2020,p59.i02,self,tiga\n"
        + "permenpanrb-59-2020,p59.i03,self,3\n",
    )
    # A copy: other tests count the bundles of the example.
    home = Path(shutil.copytree(example_home, tmp_path_factory.mktemp("bad-home") / "home"))
    done = spbe(home, "run", "--inbox", inbox)
    with published(home) as con:
        fates = {
            name: (status, reason)
            for name, status, reason in con.execute(
                "select file_name, status, reason from fct_intake_files "
                "where instansi_code in ('88.01', '99.99') and received_at is not null"
            ).fetchall()
        }
        rows = con.execute(
            "select file_name, row_number, unnest(messages) from fct_quarantine "
            "where instansi_code = '88.01' order by row_number"
        ).fetchall()
    return done, fates, rows


def test_a_rejected_file_is_a_result_not_a_crash(bad_run) -> None:
    done, fates, _ = bad_run
    assert done.returncode == 0, done.stdout + done.stderr
    expected = {
        "system_inventori/a.csv": (
            "unknown_kind",
            'jenis berkas "system_inventori" tidak dikenal',
            "system_inventory",
        ),
        "system_inventory/88.01/2026/kepala.csv": (
            "wrong_header",
            "ditemukan: Nomor, Warna, Rasa",
            "Nama aplikasi",
        ),
        "system_inventory/88.01/2026/kosong.csv": ("empty", "0 byte", "diharapkan"),
        "system_inventory/88.01/2026/rusak.xlsx": ("unreadable", "buku kerja", "rusak"),
    }
    for name, words in expected.items():
        status, reason = fates[name]
        assert status == "rejected", name
        assert all(word in reason for word in words), reason
        assert name in done.stdout


def test_a_bad_row_is_named_and_its_neighbours_load(bad_run) -> None:
    _, fates, rows = bad_run
    name = "self_assessment/88.01/2026/level.csv"
    assert fates[name][0] == "partly"
    assert {(file, row) for file, row, _ in rows} == {(name, 2), (name, 3)}
    assert any(row == 2 and "skala" in message for _, row, message in rows)
    assert any(row == 3 and 'ditemukan "tiga", seharusnya bilangan' in message for _, row, message in rows)


def test_check_answers_before_sending(spbe: Spbe, tmp_path: Path) -> None:
    home = tmp_path / "home"
    good = write(tmp_path / "baik.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i01,self,3\n")
    bad = write(tmp_path / "buruk.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i01,self,6\n")
    header = write(tmp_path / "kepala.csv", "a,b\n1,2\n")
    assert spbe(home, "check", good, "--kind", "self_assessment").returncode == 0
    failed = spbe(home, "check", bad, "--kind", "self_assessment")
    assert failed.returncode == 1
    assert "buruk.csv, baris 2" in failed.stdout
    assert spbe(home, "check", header, "--kind", "self_assessment").returncode == 1
    assert spbe(home, "check", good, "--kind", "self_asesment").returncode == 2
    assert spbe(home, "check", tmp_path / "tiada.csv", "--kind", "self_assessment").returncode == 2
    assert not (home / "warehouse.duckdb").exists()


def test_the_workbook_of_the_bundle_opens(example_home: Path) -> None:
    bundle = next((example_home / "outbox").glob("spbe-99.99-2026-v*"))
    with zipfile.ZipFile(bundle / "data" / "tabel.xlsx") as book:
        assert book.testzip() is None
        assert "xl/workbook.xml" in book.namelist()


def test_every_command_of_the_interface_exists(spbe: Spbe, tmp_path: Path) -> None:
    told = spbe(tmp_path, "--help").stdout
    for command in ("run", "check", "template", "query", "export", "verify", "explain", "ui"):
        assert f" {command} " in told
