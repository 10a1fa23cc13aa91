"""The ministry's bundle: built once for one content, and checked by its receiver without trusting us."""

import csv
import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import bagit
import duckdb
import pytest
from python_calamine import CalamineWorkbook

from exports.bundle import BundleResult, build_bundle, latest_period
from exports.database import CONFIG
from exports.publish import publish_database
from exports.signature import KeyFileError, ensure_signing_key, public_key_path
from exports.verify import verify_bundle

AS_OF = date(2026, 10, 31)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing.pem"
    ensure_signing_key(path)
    return path


@pytest.fixture(scope="module")
def built(published_marts: Path, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(published_marts, tmp_path_factory.mktemp("outbox"), key).path


@pytest.fixture
def bundle(built: Path, tmp_path: Path) -> Path:
    """A copy of the bundle that a test may damage."""
    return Path(shutil.copytree(built, tmp_path / built.name))


def _build(
    published: Path, outbox: Path, key: Path, as_of: date = AS_OF, reason: str | None = None
) -> BundleResult:
    return build_bundle(
        published, outbox, instansi_code="99.99", period="2026", signing_key=key, as_of=as_of, reason=reason
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rows(bundle: Path, table: str) -> list[dict[str, str]]:
    with (bundle / "data" / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _change(warehouse: Path, published: Path, statement: str) -> None:
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(statement)
    publish_database(warehouse, published)


def test_bundle_is_valid_and_holds_only_the_instansi_and_its_period(built: Path, key: Path) -> None:
    report = verify_bundle(built, public_key_path(key))
    assert report.problems == [] and report.notes == []
    assert built.name == "spbe-99.99-2026-v1"
    assert bagit.Bag(str(built)).is_valid()
    for table in ("fct_scores", "fct_findings", "dim_opd", "fct_calls_daily", "fct_indicator_values"):
        rows = _rows(built, table)
        assert rows and {row["instansi_code"] for row in rows} == {"99.99"}
    assert {row["period"] for row in _rows(built, "fct_scores")} == {"2026"}
    assert len(_rows(built, "dim_node")) == 23
    # What a quarantined row said stays in the house; which rules it broke goes out.
    assert "raw_row" not in _rows(built, "fct_quarantine")[0]
    assert _rows(built, "fct_quarantine")[1]["rules"].count("; ") == 1


def test_numbers_are_exact_and_text_that_a_spreadsheet_would_run_is_quoted(built: Path) -> None:
    values = {row["measure_id"]: row["value"] for row in _rows(built, "fct_indicator_values")}
    assert values["I08"].startswith("0.333333333")
    index = next(
        row for row in _rows(built, "fct_scores") if row["stage"] == "self" and row["node_kind"] == "index"
    )
    assert index["printed"] == "3.47"
    names = {row["system_code"]: row["system_name"] for row in _rows(built, "dim_system")}
    assert names["ANTREAN"] == "'=CMD|Antrean Puskesmas"
    sheet = (
        CalamineWorkbook.from_path(built / "data" / "tabel.xlsx").get_sheet_by_name("dim_system").to_python()
    )
    assert "'=CMD|Antrean Puskesmas" in {row[2] for row in sheet}
    summary = json.loads((built / "data" / "indeks.json").read_text(encoding="utf-8"))
    assert {
        row["stage"]: row["printed"] for row in summary["indices"] if row["rulebook_id"] != "interop-1"
    } == {
        "self": 3.47,
        "document": 3.11,
        "evidence": None,
    }


def test_datapackage_documents_every_column(built: Path) -> None:
    package = json.loads((built / "data" / "datapackage.json").read_text(encoding="utf-8"))
    tables = [resource for resource in package["resources"] if resource["format"] == "csv"]
    assert len(tables) == 23
    for table in tables:
        assert table["description"]
        assert all(column["description"] and column["type"] for column in table["schema"]["fields"])
    types = {
        column["name"]: column["type"]
        for table in tables
        if table["name"] in ("fct_indicator_values", "fct_intake_files")
        for column in table["schema"]["fields"]
    }
    assert types["window_start"] == "date"
    assert (types["value"], types["level"], types["received_at"]) == ("number", "integer", "datetime")


def test_bundle_of_a_period_tells_of_that_period_alone_in_page_and_tables(
    published_marts: Path, key: Path, tmp_path: Path
) -> None:
    result = build_bundle(
        published_marts, tmp_path, instansi_code="12.07", period="2023", signing_key=key, as_of=AS_OF
    )
    assert {row["period"] for row in _rows(result.path, "fct_smart_city_evaluation")} == {"2023"}
    assert _rows(result.path, "fct_program_realization") == []
    page = (result.path / "data" / "laporan.html").read_text(encoding="utf-8")
    assert "Evaluasi kota cerdas" in page
    assert "Realisasi program menurut dimensi" not in page
    # The ministry's table came from another sender; the index rests on it.
    assert [row["kind"] for row in _rows(result.path, "fct_intake_files")] == ["published_index"]


def test_page_in_the_bundle_leads_nowhere_outside_it(built: Path) -> None:
    assert 'href="index.html"' not in (built / "data" / "laporan.html").read_text(encoding="utf-8")


def test_same_content_gives_the_same_bytes(
    built: Path, published_marts: Path, key: Path, tmp_path: Path
) -> None:
    again = _build(published_marts, tmp_path / "outbox", key)
    assert again.is_new
    assert _files(again.path) == _files(built)


def test_unchanged_content_makes_no_new_version_even_on_another_day(
    published_marts: Path, key: Path, tmp_path: Path
) -> None:
    first = _build(published_marts, tmp_path, key)
    before = _files(first.path)
    second = _build(published_marts, tmp_path, key, as_of=date(2026, 11, 1))
    assert second == BundleResult(first.path, 1, is_new=False)
    assert _files(first.path) == before
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]


def test_correction_is_a_new_version_that_names_what_it_replaces_and_why(
    warehouse: Path, key: Path, tmp_path: Path
) -> None:
    published, outbox = tmp_path / "spbe.duckdb", tmp_path / "outbox"
    publish_database(warehouse, published)
    first = _build(published, outbox, key)
    old = _files(first.path)
    _change(
        warehouse,
        published,
        "update marts.fct_scores set printed = 3.12 where stage = 'document' and node_kind = 'index'",
    )
    second = _build(published, outbox, key, reason="perbaikan nilai tahap dokumen")
    assert (second.version, second.is_new) == (2, True)
    report = verify_bundle(second.path, public_key_path(key))
    assert report.is_valid
    assert report.info["Replaces"] == "spbe-99.99-2026-v1"
    assert report.info["Replaces-Reason"] == "perbaikan nilai tahap dokumen"
    assert "spbe-99.99-2026-v1: perbaikan nilai" in (second.path / "README.txt").read_text(encoding="utf-8")
    assert _files(first.path) == old
    _change(
        warehouse,
        published,
        "update marts.dim_opd set opd_name = 'Dinas Sosial dan Tenaga Kerja' where opd_code = '99.99-DINSOS'",
    )
    third = _build(published, outbox, key)
    assert "data/dim_opd.csv" in verify_bundle(third.path, None).info["Replaces-Reason"]


def test_damaged_earlier_version_is_replaced_and_the_reason_says_so(
    published_marts: Path, key: Path, tmp_path: Path
) -> None:
    first = _build(published_marts, tmp_path, key)
    (first.path / "data" / "dim_opd.csv").unlink()
    second = _build(published_marts, tmp_path, key)
    assert second.version == 2
    assert "does not verify" in verify_bundle(second.path, None).info["Replaces-Reason"]


def test_left_over_of_a_killed_run_does_not_hinder_the_next(
    published_marts: Path, key: Path, tmp_path: Path
) -> None:
    left = tmp_path / ".spbe-99.99-2026.new"
    (left / "data").mkdir(parents=True)
    (left / "half.csv").write_text("a,b\n1")
    assert verify_bundle(_build(published_marts, tmp_path, key).path, public_key_path(key)).is_valid
    assert not left.exists()


def test_one_flipped_byte_in_any_file_is_found_and_named(bundle: Path, key: Path) -> None:
    public = public_key_path(key)
    assert verify_bundle(bundle, public).is_valid
    for path in sorted(file for file in bundle.rglob("*") if file.is_file()):
        content = path.read_bytes()
        name = path.relative_to(bundle).as_posix()
        for position in {0, len(content) // 2, len(content) - 1}:
            damaged = bytearray(content)
            damaged[position] ^= 0x01
            path.write_bytes(damaged)
            for given in (public, None):
                report = verify_bundle(bundle, given)
                assert not report.is_valid, (name, position)
                # A damaged tag manifest shows first as a signature that no longer fits.
                assert any(
                    name in (problem.file, problem.file.split(" line ")[0]) or name in problem.expected
                    for problem in report.problems
                ), (name, position, report.problems)
        path.write_bytes(content)
    assert verify_bundle(bundle, public).is_valid


def test_extra_and_missing_files_are_named(bundle: Path, key: Path) -> None:
    (bundle / "data" / "tambahan.csv").write_text("a\n1\n")
    (bundle / "catatan.txt").write_text("x")
    (bundle / "data" / "dim_opd.csv").unlink()
    found = {
        (problem.check, problem.file) for problem in verify_bundle(bundle, public_key_path(key)).problems
    }
    assert found == {
        ("extra", "catatan.txt"),
        ("extra", "data/tambahan.csv"),
        ("manifest-sha256.txt", "data/dim_opd.csv"),
    }


def test_link_out_of_the_bundle_is_refused_before_it_is_read(bundle: Path, tmp_path: Path, key: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    (bundle / "data" / "dim_opd.csv").unlink()
    (bundle / "data" / "dim_opd.csv").symlink_to(secret)
    problems = verify_bundle(bundle, public_key_path(key)).problems
    assert [(problem.check, problem.file) for problem in problems] == [("layout", "data/dim_opd.csv")]


def test_bundle_of_a_foreign_key_is_refused(published_marts: Path, key: Path, tmp_path: Path) -> None:
    foreign = _build(published_marts, tmp_path / "outbox", tmp_path / "foreign.pem").path
    report = verify_bundle(foreign, public_key_path(key))
    assert [problem.check for problem in report.problems] == ["signature"]
    alone = verify_bundle(foreign, None)
    assert alone.is_valid
    assert "who signed is proven only" in alone.notes[0]


def test_rows_that_the_datapackage_does_not_count_are_found(bundle: Path, key: Path, tmp_path: Path) -> None:
    """A bundle made and signed wrongly is no better than a damaged one."""
    with (bundle / "data" / "dim_opd.csv").open("a", encoding="utf-8") as handle:
        handle.write("99.99,X,X,dinas,,true,true\n")
    bagit.Bag(str(bundle)).save(manifests=True)
    signing = ensure_signing_key(key)
    (bundle / "tagmanifest-sha256.txt.sig").write_bytes(
        signing.sign((bundle / "tagmanifest-sha256.txt").read_bytes())
    )
    problems = verify_bundle(bundle, public_key_path(key)).problems
    assert [str(problem) for problem in problems if "rows" in problem.expected] == [
        "datapackage: data/dim_opd.csv: expected 5 rows, found 6 rows"
    ]


def test_commands_of_the_readme_verify_the_bundle_with_stock_tools(bundle: Path, key: Path) -> None:
    for tool in ("openssl", "sha256sum"):
        assert shutil.which(tool), f"{tool} is needed: apt-get install openssl coreutils"
    text = (bundle / "README.txt").read_text(encoding="utf-8")
    commands = [line.strip() for line in text.partition("COMMANDS\n")[2].splitlines() if line.strip()]
    assert len(commands) == 5

    def run(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command], cwd=bundle, capture_output=True, text=True, check=False)

    shown, signature, tags, payload, extra = [run(command) for command in commands]
    assert shown.stdout.split()[0] in text
    assert signature.returncode == 0 and "Signature Verified Successfully" in signature.stdout
    assert tags.returncode == 0 and payload.returncode == 0
    assert extra.stdout == ""
    (bundle / "data" / "fct").write_text("tambahan")
    assert run(commands[4]).stdout == "data/fct\n"
    (bundle / "data" / "dim_opd.csv").write_bytes(b"x")
    assert run(commands[3]).returncode != 0
    (bundle / "tagmanifest-sha256.txt").write_bytes(b"x")
    assert run(commands[1]).returncode != 0


def test_latest_period_is_the_newest_year_with_an_index(published_marts: Path) -> None:
    assert latest_period(published_marts, "99.99") == "2026"
    assert latest_period(published_marts, "12.07") == "2023"
    with pytest.raises(LookupError, match=re.escape("36")):
        latest_period(published_marts, "36")


def test_bundle_without_score_or_with_a_wrong_period_is_refused_and_leaves_nothing(
    published_marts: Path, key: Path, tmp_path: Path
) -> None:
    def ask(instansi_code: str, period: str) -> None:
        build_bundle(
            published_marts,
            tmp_path,
            instansi_code=instansi_code,
            period=period,
            signing_key=key,
            as_of=AS_OF,
        )

    with pytest.raises(LookupError, match="no index score for period 2019"):
        ask("99.99", "2019")
    with pytest.raises(LookupError, match="not in dim_instansi"):
        ask("36", "2026")
    with pytest.raises(ValueError, match="YYYY"):
        ask("99.99", "tahun ini")
    with pytest.raises(ValueError, match="without blanks or slashes"):
        ask("../x", "2026")
    assert list(tmp_path.iterdir()) == []


def test_key_that_others_may_read_is_refused(published_marts: Path, tmp_path: Path) -> None:
    key = tmp_path / "signing.pem"
    ensure_signing_key(key)
    key.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        _build(published_marts, tmp_path / "outbox", key)
