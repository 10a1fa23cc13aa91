"""dbt as its handbook has it: one node of every kind, and the commands that an engineer types by hand."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import intake
from orchestration.dbt import DBT_PROJECT, run_dbt
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

HANDBOOK = Path(__file__).parents[1] / "data" / "dbt_handbook"
BIN = Path(sys.executable).parent


class Project:
    """The dbt project with the handbook's nodes instead of its own, on a warehouse beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.warehouse = folder / "project", folder / "warehouse.duckdb"
        # Its own models and seeds would be parsed for twenty seconds; no build here reads them.
        left_out = shutil.ignore_patterns("models", "seeds", "target", ".parsed", "index", "shared")
        shutil.copytree(DBT_PROJECT, self.folder, ignore=left_out)
        shutil.copytree(HANDBOOK, self.folder, dirs_exist_ok=True)

    def dbt(self, *arguments: str, **variables: str) -> dict[str, tuple[str, str]]:
        """Run dbt with more variables of the environment; status and message of every node by its name."""
        done = subprocess.run(
            [str(BIN / "dbt"), *arguments, "--profiles-dir", "."],
            cwd=self.folder,
            env={**os.environ, **variables, "SPBE_WAREHOUSE": str(self.warehouse)},
            capture_output=True,
            text=True,
            check=False,
        )
        results = json.loads((self.folder / "target" / "run_results.json").read_text(encoding="utf-8"))
        told = {r["unique_id"].split(".")[2]: (r["status"], r["message"] or "") for r in results["results"]}
        assert told, done.stdout
        return told

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.warehouse) as con:
            return con.execute(query).fetchall()


@pytest.fixture(scope="module")
def built_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict, dict]:
    """The project built, then built again with a changed row, a new one, and what is to be refused."""
    project = Project(tmp_path_factory.mktemp("handbook"))
    days = ["--event-time-start", "2026-10-01", "--event-time-end", "2026-10-04"]
    with open_warehouse(project.warehouse) as con:
        con.execute("create schema raw; create table raw.calls (id integer, day date, value integer)")
        con.execute("insert into raw.calls values (1, '2026-10-01', 10), (2, '2026-10-02', 20)")
    first = project.dbt("build", *days, "--exclude", "refused_without_columns", "refused_kept")
    with open_warehouse(project.warehouse) as con:
        con.execute("update raw.calls set value = 21 where id = 2")
        con.execute("insert into raw.calls values (3, '2026-10-02', 30)")
    return project, first, project.dbt("build", *days, TURNS_INTO="table", REPEATED="7", ODD_VALUE="1.5")


def test_every_kind_of_node_is_built_as_dbt_builds_it(built_twice: tuple[Project, dict, dict]) -> None:
    project, first, second = built_twice
    assert {name: told for name, told in first.items() if told[0] not in ("success", "pass")} == {}
    odd = {name: status for name, (status, _) in second.items() if status not in ("success", "pass")}
    assert odd == {
        "values_off_the_list": "warn",
        "refused_without_columns": "error",
        "refused_key": "error",
        "refused_type": "error",
        "refused_kept": "error",
    }
    ids = [(1,), (2,), (3,)]
    for name in ("tabled", "viewed", "hooked", "turning", "constrained", "configured", "without_contract"):
        assert project.rows(f"select id from {name} order by id") == ids, name
    assert project.rows("select id from without_yml order by id") == [(101,), (102,), (103,)]
    assert project.rows("select id from reckoned order by id") == [(2,), (4,), (6,)]
    assert project.rows("select distinct ten from configured") == [(10,)]
    assert project.rows("select id from batched order by id") == ids
    with duckdb.connect() as con:
        assert con.execute(f"select id from '{project.warehouse}.parquet' order by id").fetchall() == ids
    # An incremental model is dbt's: what is appended, replaced and merged are three things.
    assert project.rows("select * from appended order by id") == [(1, 10), (2, 20), (3, 30)]
    for name in ("replaced", "merged"):
        assert project.rows(f"select * from {name} order by id") == [(1, 10), (2, 21), (3, 30)], name
    snapped = "select id, value, dbt_valid_to is null from snapped order by all"
    assert project.rows(snapped) == [(1, 10, True), (2, 20, False), (2, 21, True), (3, 30, True)]
    # A table's columns stand as its contract has them, under its constraints and comments.
    described = "select column_name, data_type, not is_nullable, comment from duckdb_columns()"
    assert project.rows(f"{described} where table_name = 'tabled' order by column_index") == [
        ("id", "INTEGER", True, "Number of the call."),
        ("day", "DATE", False, ""),
        ("value", "INTEGER", False, ""),
    ]
    assert project.rows("select comment from duckdb_views() where view_name = 'viewed'") == [(None,)]
    constraints = (
        "select constraint_type from duckdb_constraints() where table_name = 'constrained' order by all"
    )
    assert {kind for (kind,) in project.rows(constraints)} >= {"CHECK", "PRIMARY KEY", "UNIQUE"}
    assert project.rows("select count(*) from duckdb_indexes() where table_name = 'configured'") == [(1,)]
    assert project.rows("select said from hooks") == [
        ("before",),
        ("after 2",),
        ("committed",),
        ("before",),
        ("after 3",),
        ("committed",),
    ]
    failures = "select table_name from duckdb_tables() where schema_name = 'dbt_test__audit'"
    assert project.rows(failures) == [("values_off_the_list",)]


def test_seeds_are_read_as_dbt_reads_them(built_twice: tuple[Project, dict, dict]) -> None:
    project, _, _ = built_twice
    assert project.rows("select code, label from seeds.plain") == [(1, "satu"), (2, "dua, 2")]
    assert project.rows("select code, label from seeds.delimited") == [(1, "satu"), (2, "dua")]
    for name in ("typed", "typed_in_part"):
        assert project.rows(f"select * from seeds.{name}") == [("01", "satu"), ("02", "dua, 2")]
    assert project.rows('select "order", "Nama Lengkap" from seeds.quoted') == [(1, "satu")]


def test_a_table_that_breaks_its_word_takes_no_place(built_twice: tuple[Project, dict, dict]) -> None:
    project, _, second = built_twice
    assert project.rows("select id from refused_key order by id") == [(1,), (2,)]
    assert project.rows("select value from refused_type order by value") == [(10,), (20,)]
    said = {name: second[f"refused_{name}"][1] for name in ("key", "type", "kept", "without_columns")}
    assert "the primary key of refused_key (id, day) is broken: 1 of its values" in said["key"]
    assert "value is DECIMAL(2,1), stated is INTEGER" in said["type"]
    assert "kept_days wants" in said["kept"]
    # dbt's own word on a contract without columns.
    assert "enforced contract" in said["without_columns"]


def test_days_are_kept_while_their_version_stays(built_twice: tuple[Project, dict, dict]) -> None:
    project, _, _ = built_twice
    both, second = "[2026-10-01, 2026-10-02]", "[2026-10-02]"
    written = "select id, value, cast(written_with as varchar) from kept order by id"
    assert project.rows(written) == [(1, 10, both), (2, 21, second), (3, 30, second)]


def test_the_commands_of_the_readme_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    settings = Settings()
    settings.prepare_home()
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
    # What a night left, as far as the commands below and the tests of their models reach.
    left = ["--select", "resource_type:seed", "stg_rulebook__nodes", "int_rulebooks__listed"]
    left += ["--exclude-resource-types", "test", "unit_test"]
    assert all(result.passed for result in run_dbt(settings, ["build", *left]))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")

    def run(commands: str, *, fails: bool = False) -> str:
        script = ["bash", "-e", "-u", "-c", commands]
        done = subprocess.run(script, cwd=DBT_PROJECT, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout

    [block] = re.findall(r"```bash\n(.+?)```", (DBT_PROJECT / "README.md").read_text("utf-8"), re.DOTALL)
    *first, after_a_change = block.strip().splitlines()
    told = run("\n".join(first))
    assert "Completed successfully" in told
    assert "Catalog written to" in told
    [place] = temporary.iterdir()
    # As if dim_rulebook had been another model before.
    before = place / "before" / "manifest.json"
    manifest = json.loads(before.read_text("utf-8"))
    manifest["nodes"]["model.spbe.dim_rulebook"]["raw_code"] = "select 1"
    before.write_text(json.dumps(manifest), encoding="utf-8")
    set_again = f"export try={place}\n{first[1]}\n"
    told = run(set_again + after_a_change)
    assert "model marts.dim_rulebook" in told
    assert "int_rulebooks__listed" not in told
    for rename, command in (
        ("int_rulebooks__listed rename to gone", "dbt run --select dim_rulebook"),
        ("gone rename to int_rulebooks__listed", "dbt retry"),
    ):
        with open_warehouse(place / "warehouse.duckdb") as con:
            con.execute(f"alter table intermediate.{rename}")
        told = run(set_again + command, fails="retry" not in command)
    assert "OK created sql" in told and "marts.dim_rulebook" in told
