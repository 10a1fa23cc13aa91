"""The ministry's 2023 table through the real models: 621 agencies, their domains, index and predicate.

Source: LPE-SPBE-2023, the ministry's public evaluation report, as `national_2023.csv` in the example inbox.
How far arithmetic on its rounded domain values can go (within 0.01 for all, equal for 550) was established by
an independent computation on the same table before this engine existed.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "sources" / "example_inbox" / "published_index" / "@panrb" / "national_2023.csv"
RAW = ROOT / "tests" / "data" / "raw_index.sql"
# The index alone: what other rooms hand to it stands in RAW, empty.
SELECTION = [
    "resource_type:seed",
    "staging.self_assessment",
    "staging.published_index",
    "staging.rulebook",
    "staging.scores",
    "staging.opd_register",
    "intermediate.scores",
    "marts.index",
]
NUMBERS = ("domain_kebijakan", "domain_tata_kelola", "domain_manajemen", "domain_layanan", '"index"')


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse after dbt has built the scores of the national table alone."""
    folder = tmp_path_factory.mktemp("national")
    warehouse = folder / "warehouse.duckdb"
    config: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}
    with duckdb.connect(str(warehouse), config=config) as connection:
        connection.execute(RAW.read_text(encoding="utf-8"))
        connection.execute(
            f"""
            insert into raw.published_index
            select agency, year, category, table_no, "table", row_no, {", ".join(NUMBERS)}, predikat, source,
                'sha', 'sha', 'published_index/@panrb/national_2023.csv', row_number() over () + 1, 'panrb',
                'panrb',
                year, null, 1
            from read_csv(?, all_varchar = true, header = true)
            """,
            [str(TABLE)],
        )
        connection.execute("insert into raw.run_settings values ('12.07', date '2026-12-31')")
    dbt = Path(sys.executable).with_name("dbt")
    options = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project")]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    selection = ["--select", *SELECTION, "--exclude-resource-types", "test", "unit_test"]
    built = subprocess.run(
        [str(dbt), "build", *options, *selection],
        env={**os.environ, "SPBE_WAREHOUSE": str(warehouse)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-4000:]
    with duckdb.connect(str(warehouse), config=config) as connection:
        yield connection


def printed_rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_printed_agency_has_one_index(national: duckdb.DuckDBPyConnection) -> None:
    """The ministry's reader finds each of the 621 rows again, its printed index and file row beside."""
    found = national.execute(
        """
        select file_name, row_number, published, published_predicate
        from marts.fct_scores where node_kind = 'index' and stage = 'final' and period = '2023'
        order by row_number
        """
    ).fetchall()
    expected = [
        ("published_index/@panrb/national_2023.csv", line, Decimal(row["index"]), row["predikat"])
        for line, row in enumerate(printed_rows(), start=2)
    ]
    assert found == expected
    assert len(found) == 621


def test_index_from_printed_domains_reproduces_the_printed_index(national: duckdb.DuckDBPyConnection) -> None:
    """All within 0.01; 550 equal, which is what rounded domain values allow."""
    gaps = national.execute(
        "select abs(printed - published) from marts.fct_scores where published is not null"
    ).fetchall()
    assert len(gaps) == 621
    assert max(gap for (gap,) in gaps) <= Decimal("0.01")
    assert sum(gap == 0 for (gap,) in gaps) == 550


def test_predicate_of_the_printed_index_is_the_printed_predicate(national: duckdb.DuckDBPyConnection) -> None:
    """Whoever holds our bands against the ministry's table finds no difference."""
    rows = national.execute(
        "select predicate_of_published, published_predicate from marts.fct_scores where published is not null"
    ).fetchall()
    assert len(rows) == 621
    assert [row for row in rows if row[0] != row[1]] == []


def test_printed_index_is_never_an_input(national: duckdb.DuckDBPyConnection) -> None:
    """The index stands on its four domains: observed there, computed at the index."""
    rows = national.execute(
        """
        select node_kind, count(*), count(observed), count(published)
        from marts.fct_scores group by all order by all
        """
    ).fetchall()
    assert rows == [("domain", 4 * 621, 4 * 621, 0), ("index", 621, 0, 621)]


def test_deli_serdang_is_baik_with_3_47(national: duckdb.DuckDBPyConnection) -> None:
    """Its exact index follows from 13, 25, 16.5 and 45.5 percent of 4.00, 3.60, 2.09 and 3.75."""
    row = national.execute(
        """
        select printed, predicate, published, published_predicate, score_exact
        from marts.fct_scores where unit_code = '12.07' and node_kind = 'index'
        """
    ).fetchone()
    # 0.52 + 0.90 + 0.34485 + 1.70625 = 3.4711
    assert row == (Decimal("3.47"), "Baik", Decimal("3.47"), "Baik", "34711/10000")


def test_every_region_is_found_by_name_and_no_central_body_is(national: duckdb.DuckDBPyConnection) -> None:
    """Kab., Kep., NTB, DKI: the ministry's spellings lead to Kemendagri codes; central bodies get a slug."""
    rows = national.execute(
        """
        select printed.category = 'pusat', instansi.is_mapped, count(*), count(distinct instansi_code)
        from (select distinct agency, category from raw.published_index) as printed
        inner join intermediate.int_instansi_names__matched as matched
            on printed.agency = matched.printed_name
        inner join marts.dim_instansi as instansi using (instansi_code)
        group by all order by all
        """
    ).fetchall()
    central = sum(row["category"] == "pusat" for row in printed_rows())
    assert rows == [(False, True, 621 - central, 621 - central), (True, False, central, central)]
    assert national.execute(
        "select instansi_name from marts.dim_instansi where instansi_code = '52'"
    ).fetchone() == ("Provinsi Nusa Tenggara Barat",)
