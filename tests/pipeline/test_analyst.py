"""What analysts are handed besides SQL: frames, the notebook, pages of the data dictionary."""

import os
import re
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
from orchestration.settings import PROJECT

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


def test_what_a_comment_names_is_published(published: Path) -> None:
    """In backticks stands a table, a column or both; nowhere a model or seed that is not published."""
    models = PROJECT / "dbt_project"
    ours = {path.stem for path in [*models.glob("models/**/*.sql"), *models.glob("seeds/**/*.csv")]}
    with open_published(published) as connection:
        ask = connection.execute
        names = set(ask("select table_name, column_name from duckdb_columns() where not internal").fetchall())
        said = ask(
            "select table_name, comment from duckdb_tables() union all "
            "select view_name, comment from duckdb_views() where not internal union all "
            "select table_name || '.' || column_name, comment from duckdb_columns() where not internal "
            "union all "
            "select 'dictionary of ' || table_name || '.' || column_name, description from data_dictionary "
            "union all select 'dim_measure ' || measure_id, definition_en from dim_measure union all "
            "select 'dim_rule_parameter ' || rule_id, source || ' ' || description from dim_rule_parameter"
        ).fetchall()
        places = ask("select distinct split_part(evidence, ':', 1) from fct_findings").fetchall()
    tables, columns = {table for table, _ in names}, {column for _, column in names}
    assert len(said) > 2 * len(columns)
    lost = []
    for place, text in said:
        for name in re.findall(r"`([^`]+)`", text or ""):
            table, dot, column = name.partition(".")
            if (table, column) not in names if dot else name not in tables | columns:
                lost.append((place, name))
        # A name of one word is a word of the language, too.
        written = set(re.findall(r"[a-z]\w*_\w+", text or "")) - tables - columns
        lost += [
            (place, word) for word in written if word in ours or word.startswith(("int_", "stg_", "raw_"))
        ]
    assert lost == []
    # Where a finding says to look, an analyst can.
    assert {row[0] for row in places} <= tables


def test_every_number_of_a_rule_is_published_with_its_source(published: Path) -> None:
    with open_published(published) as connection:
        ask = connection.execute
        rows = {
            (rule, parameter): (float(value), unit)
            for rule, parameter, value, unit in ask(
                "select rule_id, parameter, value, unit from dim_rule_parameter"
            ).fetchall()
        }
        levels = ask(
            "select measure_id, level_thresholds from dim_measure where len(level_thresholds) > 0"
        ).fetchall()
        known = {
            name
            for (name,) in ask(
                "select measure_id from dim_measure union select rule_id from dim_finding_rule"
            ).fetchall()
        }
    # One number, told for each rule that rests on it.
    assert rows["opd_not_connected", "min_calls"] == rows["I04", "min_calls"] == (1.0, "call")
    assert rows["website_stale", "changed_within"] == rows["I23", "changed_within"] == (30.0, "day")
    assert rows["published_differs_from_field", "figure_tolerance"] == (0.05, "share")
    assert rows["missing_source", "grace_monthly"] == (10.0, "day")
    assert rows["clock_skewed", "clock_skew"] == (2000.0, "ms")
    for measure, thresholds in levels:
        told = [rows[measure, f"level_{level}"][0] for level in (2, 3, 4, 5)]
        assert sorted(told) == [float(t) for t in thresholds], measure
    others = {
        "contracts", "indicator_correlations", "lever_sets", "log_quality", "pairing", "peers",
        "rank_uncertainty", "rulebook",
    }  # fmt: skip
    assert {rule for rule, _ in rows} - known == others


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
