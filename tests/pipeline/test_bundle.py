"""The ministry's bundle: built once for one content, and checked by its receiver without trusting us."""

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import bagit
import duckdb
import pytest
from python_calamine import CalamineWorkbook

from exports.bundle import BundleResult, build_bundle, latest_period, release_draft
from exports.database import CONFIG
from exports.dictionary import Meaning
from exports.gate import PersonalDataError
from exports.publish import publish_database
from exports.signature import KeyFileError, ensure_signing_key, public_key_path
from exports.verify import look_again, verify_bundle
from sources.archive import ByteLimits, archive_file

AS_OF = date(2026, 10, 31)
Spbe = Callable[..., subprocess.CompletedProcess[str]]


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
    published: Path,
    outbox: Path,
    key: Path,
    as_of: date = AS_OF,
    reason: str | None = None,
    documents: Path | None = None,
    made_by: str = "a program",
    as_draft: bool = False,
) -> BundleResult:
    return build_bundle(
        published,
        outbox,
        instansi_code="99.99",
        period="2026",
        signing_key=key,
        as_of=as_of,
        made_by=made_by,
        reason=reason,
        documents=documents,
        as_draft=as_draft,
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
    # 42 tables of the database, and the form of the regulation of the year.
    assert len(tables) == 43
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
    assert (types["value"], types["level"]) == ("number", "integer")


def test_statement_of_completeness_is_a_table_and_stands_in_the_readme(built: Path) -> None:
    rows = _rows(built, "fct_completeness")
    late = {
        (row["opd_code"], row["kind"]): row["sources_overdue"] for row in rows if row["window_kind"] == "ytd"
    }
    assert late["99.99-KOMINFO", "service_log"] == "214" and late["99.99-DINSOS", "usage"] == "7"
    # When a file came is the home's clock; what is overdue is told by the day of the data.
    assert not {"files_late", "days_late_longest"} & rows[0].keys()
    told = (built / "README.txt").read_text(encoding="utf-8")
    assert "Wajib 254 (berkas, atau hari log), datang 31, terlambat 221, belum jatuh tempo 2;" in told
    assert "ditolak 1, menunggu 1; perlu diperbaiki: 3 baris." in told
    assert "99.99-KOMINFO service_log:xroad: 214 / 245\n" in told
    assert "counted from 2026-03-01: the first month of which anything came." in told
    assert "permenpanrb-59-2020: 2 indikator, 1 hanya dari penilaian mandiri, 1 juga" in told
    assert "2026, permenpanrb-59-2020: it evaluates the years 2021-2025; not the evaluation of 2026." in told


def test_titles_and_descriptions_are_indonesian_first(warehouse: Path, key: Path, tmp_path: Path) -> None:
    published = tmp_path / "spbe.duckdb"
    dictionary = {
        ("fct_scores", ""): Meaning("Nilai", "Nilai setiap simpul."),
        ("fct_scores", "printed"): Meaning("Nilai tercetak", "Dibulatkan sekali."),
    }
    publish_database(warehouse, published, dictionary=dictionary)
    bundle = _build(published, tmp_path / "outbox", key).path
    package = json.loads((bundle / "data" / "datapackage.json").read_text(encoding="utf-8"))
    [scores] = [table for table in package["resources"] if table["name"] == "fct_scores"]
    assert (scores["title"], scores["description"].split("\n\n")[0]) == ("Nilai", "Nilai setiap simpul.")
    [printed] = [field for field in scores["schema"]["fields"] if field["name"] == "printed"]
    assert printed["title"] == "Nilai tercetak"
    assert printed["description"] == "Dibulatkan sekali.\n\nprinted of fct_scores"
    cover = CalamineWorkbook.from_path(bundle / "data" / "tabel.xlsx").get_sheet_by_name("sampul").to_python()
    facts = {row[0]: row[1] for row in cover}
    assert facts["Instansi"] == "Kabupaten Contoh (fiktif) (99.99)"
    assert (facts["Periode"], facts["Versi paket"]) == ("2026", "1")
    assert ["fct_scores", "Nilai", "Nilai setiap simpul."] in [[row[0], row[1], row[3]] for row in cover]


def test_bundle_of_a_period_tells_of_that_period_alone_in_page_and_tables(
    published_marts: Path, key: Path, tmp_path: Path
) -> None:
    result = build_bundle(
        published_marts,
        tmp_path,
        instansi_code="12.07",
        period="2023",
        signing_key=key,
        as_of=AS_OF,
        made_by="a program",
    )
    assert {row["period"] for row in _rows(result.path, "fct_smart_city_evaluation")} == {"2023"}
    assert _rows(result.path, "fct_program_realization") == []
    page = (result.path / "data" / "laporan.html").read_text(encoding="utf-8")
    assert "Evaluasi kota cerdas" in page
    assert "Realisasi program menurut dimensi" not in page
    # The ministry's table came from another sender; the index rests on it.
    assert [row["kind"] for row in _rows(result.path, "fct_intake_files")] == ["published_index"]


def test_page_in_the_bundle_leads_nowhere_outside_it(built: Path) -> None:
    page = (built / "data" / "laporan.html").read_text(encoding="utf-8")
    assert 'href="index.html"' not in page
    sheet = (built / "data" / "ringkasan.pdf").read_bytes()
    # What is said on the sheet is explained on the page beside it.
    parts = re.findall(rb"\((?:file:)?(?:[^()]*/)?laporan\.html#([\w-]+)\)", sheet)
    assert parts and all(f'id="{part.decode()}"' in page for part in parts)


def test_same_content_gives_the_same_bytes(
    built: Path, published_marts: Path, key: Path, tmp_path: Path
) -> None:
    again = _build(published_marts, tmp_path / "outbox", key)
    assert again.is_new
    assert _files(again.path) == _files(built)


def test_the_same_files_received_elsewhere_on_another_day_give_the_same_bytes(
    warehouse: Path, built: Path, key: Path, tmp_path: Path
) -> None:
    """A home's clock and its pseudonyms stay in its published database."""
    published = tmp_path / "spbe.duckdb"
    _change(
        warehouse,
        published,
        "update marts.fct_intake_files set received_at = received_at + interval 9 day; "
        "update marts.fct_calls_daily set consumer_opd = 'user-99999999', consumer_system = 'user-99999999' "
        "where consumer_opd = 'user-1a2b3c4d'",
    )
    assert _files(_build(published, tmp_path / "outbox", key).path) == _files(built)


def test_ten_quiet_nights_make_one_version(published_marts: Path, key: Path, tmp_path: Path) -> None:
    first = _build(published_marts, tmp_path, key)
    before = _files(first.path)
    for day in range(1, 11):
        night = _build(published_marts, tmp_path, key, as_of=date(2026, 11, day))
        assert night == BundleResult(first.path, 1, is_new=False)
    assert _files(first.path) == before
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]


def _receive(warehouse: Path, published: Path, name: str, change: str) -> None:
    """A file of an assessment comes in, and numbers are others."""
    _change(
        warehouse,
        published,
        f"{change}; insert into marts.fct_intake_files by name select * replace "
        f"('{name}' as file_name, sha256('{name}') as file_sha256, 'self_assessment' as kind) "
        "from marts.fct_intake_files where kind = 'self_assessment' limit 1; "
        f"update marts.fct_scores set file_sha256 = sha256('{name}') "
        "where instansi_code = '99.99' and stage = 'document' and node_kind = 'domain'",
    )


def test_a_new_version_names_what_it_replaces_what_changed_and_which_file_did_it(
    warehouse: Path, key: Path, tmp_path: Path
) -> None:
    published, outbox = tmp_path / "spbe.duckdb", tmp_path / "outbox"
    publish_database(warehouse, published)
    first = _build(published, outbox, key)
    old = _files(first.path)
    change = (
        "update marts.fct_scores set printed = 3.12, score = 3.1201 "
        "where instansi_code = '99.99' and stage = 'document' and node_kind = 'index'; "
        # A measure that rests on another kind of file is another number by the way.
        "update marts.fct_indicator_values set value = value + 0.01 where measure_id = 'I04' "
        "and instansi_code = '99.99' and unit_kind = 'instansi' and figure = 'main' and window_kind = 'month'"
    )
    _receive(warehouse, published, "self_assessment/99.99/2026/perbaikan.csv", change)
    second = _build(published, outbox, key, reason="surat\n12/2026")
    assert (second.version, second.is_new) == (2, True)
    report = verify_bundle(second.path, public_key_path(key))
    assert report.is_valid
    info = report.info
    assert info["Replaces"] == "spbe-99.99-2026-v1"
    assert (
        info["Replaces-Tagmanifest-SHA256"]
        == hashlib.sha256((first.path / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    )
    assert info["Replaces-Reason"].startswith("surat 12/2026; 1 berkas baru atau berstatus lain (")
    assert info["Replaces-Reason"].endswith("document dari 3,11 menjadi 3,12")
    row, measure = _rows(second.path, "perubahan")
    assert (row["what"], row["before"], row["after"]) == ("nilai", "3.105", "3.1201")
    assert (measure["what"], measure["code"]) == ("ukuran", "I04")
    assert {row["because"], measure["because"]} == {"self_assessment/99.99/2026/perbaikan.csv"}
    assert "surat 12/2026" in (second.path / "README.txt").read_text(encoding="utf-8")
    assert _files(first.path) == old
    third = _build(published, outbox, key, made_by="another program")
    said = verify_bundle(third.path, None).info["Replaces-Reason"]
    assert said == "program atau aturannya berubah; tidak ada angka yang berubah"
    assert _rows(third.path, "perubahan") == []


def test_what_a_receiver_answered_is_no_evidence(
    warehouse: Path, built: Path, key: Path, tmp_path: Path
) -> None:
    """Two homes with the same files give the same bytes, whatever was answered to one of them."""
    published = tmp_path / "spbe.duckdb"
    _change(
        warehouse,
        published,
        "update marts.fct_findings set finding_rank = finding_rank + 1; "
        "insert into marts.fct_findings by name "
        "select * replace ('x' as finding_id, 'bundle_rejected' as rule_id, 1 as finding_rank) "
        "from marts.fct_findings where instansi_code = '99.99' limit 1",
    )
    assert _files(_build(published, tmp_path / "outbox", key).path) == _files(built)


def test_what_looks_personal_stops_the_bundle_and_is_named_by_its_place(
    warehouse: Path, key: Path, tmp_path: Path
) -> None:
    """Should the door let one pass, it does not leave: file, row and column are told, the text is not."""
    published, outbox = tmp_path / "spbe.duckdb", tmp_path / "outbox"
    nik = "1207010101800001"
    _change(
        warehouse,
        published,
        f"update marts.fct_findings set statement = 'Pelapor {nik} mengeluh' where finding_id = "
        "(select min(finding_id) from marts.fct_findings where instansi_code = '99.99')",
    )
    with pytest.raises(
        PersonalDataError, match=r"fct_findings\.csv row \d+, column statement: .*NIK"
    ) as told:
        _build(published, outbox, key)
    assert nik not in str(told.value)
    assert list(outbox.iterdir()) == []


def test_damaged_earlier_version_is_replaced_and_the_reason_says_so(
    published_marts: Path, key: Path, tmp_path: Path
) -> None:
    first = _build(published_marts, tmp_path, key)
    (first.path / "data" / "dim_opd.csv").unlink()
    second = _build(published_marts, tmp_path, key)
    assert second.version == 2
    assert "does not verify" in verify_bundle(second.path, None).info["Replaces-Reason"]


@pytest.mark.parametrize("damage", ["written", "cut", "added", "signed by another"])
def test_an_earlier_version_that_somebody_touched_is_replaced_though_nothing_happened(
    published_marts: Path, key: Path, tmp_path: Path, damage: str
) -> None:
    """A quiet night reads no payload; what was written since the signature it does."""
    first = _build(published_marts, tmp_path / "outbox", key).path
    table = first / "data" / "dim_opd.csv"
    content = table.read_bytes()
    if damage == "written":
        table.write_bytes(content[:-2] + b"x\n")
    elif damage == "cut":
        table.write_bytes(content[:-1])
        os.utime(table, (0, 0))
    elif damage == "added":
        (first / "data" / "catatan.csv").write_text("x")
    else:
        key = tmp_path / "other.pem"
        ensure_signing_key(key)
    assert not look_again(first, public_key_path(key)).is_valid
    assert _build(published_marts, tmp_path / "outbox", key).version == 2


def test_a_draft_becomes_a_version_when_it_is_released(warehouse: Path, key: Path, tmp_path: Path) -> None:
    """For a regency that signs by decree: nights leave drafts, the release signs the last one."""
    published, outbox = tmp_path / "spbe.duckdb", tmp_path / "outbox"
    publish_database(warehouse, published)
    draft = _build(published, outbox, key, as_draft=True)
    assert (draft.path.name, draft.is_new, draft.is_draft) == ("spbe-99.99-2026-draft", True, True)
    assert not (draft.path / "tagmanifest-sha256.txt.sig").exists()
    again = _build(published, outbox, key, as_of=date(2026, 11, 1), as_draft=True)
    assert again == BundleResult(draft.path, 1, is_new=False, is_draft=True)
    payload = _files(draft.path / "data")

    def release(reason: str) -> BundleResult:
        return release_draft(outbox, instansi_code="99.99", period=None, signing_key=key, reason=reason)

    first = release("Keputusan 7/2026")
    assert (first.path.name, first.version) == ("spbe-99.99-2026-v1", 1)
    assert _files(first.path / "data") == payload
    assert not draft.path.exists()
    report = verify_bundle(first.path, public_key_path(key))
    assert report.is_valid and report.info["Release-Reason"] == "Keputusan 7/2026"
    with pytest.raises(LookupError, match="expected one draft in the outbox, found none"):
        release("sekali lagi")
    assert _build(published, outbox, key, as_draft=True) == BundleResult(first.path, 1, is_new=False)

    _receive(warehouse, published, "self_assessment/99.99/2026/susulan.csv", "select 1")
    _build(published, outbox, key, as_draft=True)
    changed = draft.path / "data" / "dim_opd.csv"
    kept = changed.read_bytes()
    changed.write_bytes(kept + b"x")
    with pytest.raises(ValueError, match="draft: changed since it was built"):
        release("Keputusan 8/2026")
    changed.write_bytes(kept)
    second = release("Keputusan 8/2026")
    report = verify_bundle(second.path, public_key_path(key))
    assert report.is_valid and report.info["Replaces-Reason"].startswith("Keputusan 8/2026; 1 berkas baru")


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


def test_a_hub_exports_every_instansi_that_it_measures(warehouse: Path, tmp_path: Path, spbe: Spbe) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "spbe.toml").touch()
    _change(
        warehouse,
        home / "published" / "spbe.duckdb",
        "insert into marts.fct_indicator_values by name select * replace "
        "('12.07' as instansi_code, '12.07' as unit_code) from marts.fct_indicator_values limit 1",
    )
    done = spbe(home, "export", "--all", SPBE_AS_OF="2026-10-31")
    assert done.returncode == 0, done.stderr
    made = [Path(line).name for line in done.stdout.splitlines()]
    assert made == ["spbe-12.07-2023-v1", "spbe-99.99-2026-v1"]
    again = spbe(home, "export", "--all", SPBE_AS_OF="2026-11-01")
    assert [line.endswith("(unchanged)") for line in again.stdout.splitlines()] == [True, True]
    refused = spbe(home, "export", "--all", "--period", "2026")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


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
            made_by="a program",
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


def test_documents_of_evidence_go_along_where_the_home_says_so(
    warehouse: Path, tmp_path: Path, key: Path
) -> None:
    published, archive = tmp_path / "spbe.duckdb", tmp_path / "archive"
    text = b"%PDF-1.4\nPerbup\n"
    (tmp_path / "perbup.pdf").write_bytes(text)
    with (tmp_path / "perbup.pdf").open("rb") as file:
        sha256 = archive_file(file, archive, ByteLimits(1000, 10)).sha256
    _change(
        warehouse,
        published,
        f"update marts.fct_documents set document_sha256 = '{sha256}' where document_code = 'DD-7'",
    )
    plain = _build(published, tmp_path / "plain", key).path
    whole = _build(published, tmp_path / "whole", key, documents=archive).path
    assert not (plain / "data" / "dokumen").exists()
    assert [row["document_code"] for row in _rows(plain, "fct_documents")] == ["DD-7", "DD-8", "DD-9"]
    assert (whole / "data" / "dokumen" / f"{sha256}.pdf").read_bytes() == text
    assert len(list((whole / "data" / "dokumen").iterdir())) == 1
    assert verify_bundle(whole, public_key_path(key)).problems == []
