"""The study's tables and figures on Deli Serdang through intake and models.

Source: Pardede, Panjaitan, Perwirawati (2023), DOI 10.47431/governabilitas.v4i2.324, Tables 1 and 2 and the
text to Figure 1, as the files `studi.csv` in the example inbox.
"""

import duckdb
import pytest

# Dimension: programs, achieved, not achieved, as Table 1 prints them.
TABLE_1 = {
    "Smart Governance": (45, 35, 10),
    "Smart Economy": (31, 16, 15),
    "Smart Branding": (17, 10, 7),
    "Smart Society": (14, 10, 4),
    "Smart Living": (34, 18, 16),
    "Smart Environment": (12, 9, 3),
}


def test_table_1_reproduces(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """153 programs are 98 achieved and 55 not, in six dimensions."""
    rows = example_warehouse.execute(
        """
        select dimension, programs, achieved, not_achieved
        from marts.fct_program_realization where instansi_code = '12.07' and period = '2022'
        """
    ).fetchall()
    assert {dimension: tuple(counts) for dimension, *counts in rows} == TABLE_1
    assert tuple(sum(column) for column in zip(*TABLE_1.values(), strict=True)) == (153, 98, 55)


def test_table_2_reproduces(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Eight statements: one Better, three Enough, four Not Enough."""
    rows = example_warehouse.execute(
        """
        select verdict, count(*) from marts.fct_smart_city_evaluation
        where instansi_code = '12.07' group by verdict order by verdict
        """
    ).fetchall()
    assert rows == [("Better", 1), ("Enough", 3), ("Not Enough", 4)]


def test_around_one_percent_differs_from_one_of_22(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """The text says around 1 %; 1 of 22 kecamatan is 4.5 %, and the regency is told so in one sentence."""
    row = example_warehouse.execute(
        """
        select published_value, recounted_value, is_equal, is_recount_equal
        from marts.fct_published_figures where figure_id = 'study-03'
        """
    ).fetchone()
    assert row == (1.0, pytest.approx(100 / 22), False, True)
    findings = example_warehouse.execute(
        """
        select rule_id, severity, first_seen, last_seen, status, statement
        from marts.fct_findings where instansi_code = '12.07'
        """
    ).fetchall()
    (rule, severity, first_seen, last_seen, status, statement) = findings[0]
    assert len(findings) == 1
    assert (rule, severity, status) == ("published_differs_from_field", "high", "open")
    assert (str(first_seen), str(last_seen)) == ("2023-01-01", "2023-12-31")
    assert "1 dari 22" in statement
    assert "4,55 persen" in statement


def test_figures_without_a_field_value_are_not_judged(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Four figures of the text cannot be compared; of five that can, one differs."""
    rows = example_warehouse.execute(
        """
        select is_compared, is_equal, count(*) from marts.fct_published_figures
        where instansi_code = '12.07' group by all order by all
        """
    ).fetchall()
    assert rows == [(False, None, 4), (True, False, 1), (True, True, 4)]
