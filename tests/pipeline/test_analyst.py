"""What analysts are handed besides SQL: frames, the notebook, pages of the data dictionary."""

import os
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from exports.database import open_published
from exports.dictionary import explain_tables
from exports.frames import UnknownTable, read_table
from exports.notebook import __main__ as launcher

NOTEBOOK = Path(launcher.__file__).with_name("questions.py")


@pytest.fixture(scope="module")
def published(example_home: Path) -> Path:
    return example_home / "published" / "spbe.duckdb"


def test_a_frame_has_the_rows_exactly_and_says_what_they_mean(published: Path) -> None:
    frame = read_table(published, "fct_contracts")
    with open_published(published) as connection:
        rows = connection.execute("select system_code, days_left, ends_on from fct_contracts").fetchall()
    taken = frame[["system_code", "days_left", "ends_on"]].astype(object)
    assert list(taken.where(taken.notna(), None).itertuples(index=False, name=None)) == rows
    # What is missing makes no whole number a fraction.
    assert str(frame["days_left"].dtype) == "int64[pyarrow]" and frame["days_left"].isna().any()
    assert frame.attrs["primary_key"][:2] == ["instansi_code", "system_code"]
    days = frame.attrs["columns"]["days_left"]
    assert days["title"] == "Sisa hari"
    assert days["description"]["id"].startswith("Hari dari hari ukur")
    assert days["description"]["en"].startswith("Days from the measured day")
    assert set(frame.attrs["columns"]) == set(frame.columns)
    scores = read_table(published, "fct_scores")
    assert Decimal("3.24") in set(scores["printed"].dropna())
    question = read_table(published, "kontrak_dan_masa_berlaku")
    assert question.attrs["description"]["id"].endswith("?")


def test_a_slip_in_a_name_is_told_what_comes_near(published: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownTable, match=r'no table "fct_contract"; near: fct_contracts'):
        read_table(published, "fct_contract")
    with pytest.raises(FileNotFoundError, match="spbe run"):
        read_table(tmp_path / "spbe.duckdb", "fct_contracts")


def test_the_notebook_answers_its_questions_and_asks_no_network(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("the notebook asked the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setenv("SPBE_HOME", str(published.parents[1]))
    from exports.notebook.questions import app

    outputs, found = app.run()
    assert len(outputs) == 7
    assert found["chosen"].value == "99.99"
    with open_published(published) as connection:
        ask = connection.execute
        own = "instansi_code = '99.99'"
        assert len(found["index_by_stage"]) == len(
            ask(f"select 1 from indeks_per_tahap where {own}").fetchall()
        )
        [(lowest,)] = ask(f"select min(evidence_level) from fct_evidence_levels where {own}").fetchall()
        assert found["weakest"]["evidence_level"].iloc[0] == lowest
        assert found["weakest"]["evidence_level"].is_monotonic_increasing
        assert len(found["silos"]) == found["silos_by_opd"]["sistem_silo"].sum() > 0
        findings = found["findings_by_opd"].set_index("unit_name")
        open_findings = ask(f"select count(*) from fct_findings where {own} and status = 'open'").fetchall()
        assert findings.to_numpy().sum() == open_findings[0][0]
    assert list(found["ending"]["system_code"]) == ["APL-009", "APL-005", "APL-019", "APL-022", "APL-033"]


def test_the_notebook_runs_as_a_script_and_is_started_for_this_machine_alone(
    published: Path, tmp_path: Path
) -> None:
    home = {**os.environ, "SPBE_HOME": str(published.parents[1])}
    done = subprocess.run(
        [sys.executable, str(NOTEBOOK)], env=home, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "marimo", *launcher.COMMAND, "--help"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert launcher.COMMAND[launcher.COMMAND.index("--host") + 1] == "127.0.0.1"


def test_the_dictionary_pages_explain_every_table_and_column(example_home: Path, published: Path) -> None:
    folder = example_home / "published" / "report" / "kamus"
    with open_published(published) as connection:
        tables = explain_tables(connection)
    assert {path.stem for path in folder.iterdir()} == {"index", *(table.name for table in tables)}
    index = (folder / "index.html").read_text(encoding="utf-8")
    for table in tables:
        assert f'href="{table.name}.html"' in index
        page = (folder / f"{table.name}.html").read_text(encoding="utf-8")
        assert "default-src 'none'" in page
        assert table.indonesian and (table.is_question or (table.title and table.english and table.columns))
        assert all(f"<code>{name}</code>" in page for name in table.primary_key)
        for column in table.columns:
            assert f"<code>{column.name}</code>" in page
            assert column.indonesian and (table.is_question or (column.title and column.english)), column
    assert 'href="kamus/index.html"' in (folder.parent / "index.html").read_text(encoding="utf-8")
