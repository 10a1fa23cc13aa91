"""`spbe query` as an analyst uses it: forms of output, several statements, the shell, a slip in a name."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow import parquet

Spbe = Callable[..., subprocess.CompletedProcess[str]]
ASKED = (
    "select unit_code, printed from fct_scores where node_kind = 'index' and unit_code = '12.07' "
    "and rulebook_id = 'permenpanrb-59-2020' and stage = 'final' limit 1"
)


@pytest.fixture(scope="module")
def home(published_marts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("asked")
    (home / "published").mkdir()
    shutil.copyfile(published_marts, home / "published" / "spbe.duckdb")
    return home


def test_rows_come_as_table_csv_json_and_parquet(home: Path, spbe: Spbe, tmp_path: Path) -> None:
    table = spbe(home, "query", ASKED).stdout.splitlines()
    assert (table[0].split(), table[2].split()) == (["unit_code", "printed"], ["12.07", "3.47"])
    assert spbe(home, "query", "--csv", ASKED).stdout == "unit_code,printed\n12.07,3.47\n"
    wanted = [{"unit_code": "12.07", "printed": 3.47}]
    assert json.loads(spbe(home, "query", "--format", "json", ASKED).stdout) == wanted
    file = tmp_path / "rows.parquet"
    done = spbe(home, "query", "-f", "parquet", "-o", file, ASKED)
    assert done.returncode == 0, done.stderr
    [row] = parquet.read_table(file).to_pylist()
    assert (row["unit_code"], float(row["printed"])) == ("12.07", 3.47)
    nowhere = spbe(home, "query", "-f", "csv", "-o", tmp_path / "none" / "rows.csv", ASKED)
    assert nowhere.returncode == 1 and nowhere.stderr.count("\n") == 1


def test_statements_follow_each_other_and_none_writes(home: Path, spbe: Spbe) -> None:
    both = spbe(home, "query", "--csv", "select 1 as one; select ';' as two;").stdout
    assert both == "one\n1\n\ntwo\n;\n"
    for refused in ("delete from fct_scores", "copy (select 1) to 'x.csv'", "from '/etc/passwd'"):
        done = spbe(home, "query", refused)
        assert done.returncode == 1 and "Traceback" not in done.stderr, refused


def test_a_statement_may_begin_with_a_comment(home: Path, spbe: Spbe) -> None:
    for said in ("-- one\nselect 1 as one", "--one\nselect 1 as one"):
        assert spbe(home, "query", "--csv", said).stdout == "one\n1\n"
    assert spbe(home, "query", "--cvs", ASKED).returncode == 2


def test_a_slip_in_a_name_is_told_what_comes_near(home: Path, spbe: Spbe) -> None:
    told = spbe(home, "query", "select * from fct_score").stderr
    assert "fct_scores" in told and "pg_" not in told and told.count("\n") == 1
    assert spbe(home, "query", "-f", "parquet", ASKED).returncode == 2


def test_what_the_shell_knows_is_answered_without_it(home: Path, spbe: Spbe) -> None:
    assert "fct_scores" in spbe(home, "query", ".tables").stdout
    assert "stage" in spbe(home, "query", ".describe fct_scores").stdout


def test_the_shell_lists_and_describes(home: Path) -> None:
    lines = [
        ".help",
        ".tables",
        ".describe fct_scores",
        ".format json",
        "select 2",
        "as b;",
        ".quit",
        "select 3;",
    ]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("spbe")), "query"],
        input="\n".join(lines),
        env={**os.environ, "SPBE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ".describe NAME" in done.stdout
    assert "fct_scores " in done.stdout
    assert "rulebook_id " in done.stdout
    assert '[{"b": 2}]' in done.stdout
    assert "x" not in done.stdout.rsplit('[{"b": 2}]', 1)[1]
