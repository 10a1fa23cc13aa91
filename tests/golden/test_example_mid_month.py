"""The same example on the evening of 15 October: every measure as of that day, none as of the month's end.

Registers say the same as on the 31st (`test_example_measures.py`); what differs is counted here again from
the files, or by hand on the lists of `generate_example.py`.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import generate_example as example
import pytest
from conftest import MID_MONTH
from test_example_measures import BY_HAND, combined_calls, other_calls, values, xroad_calls

# Of nine data sets with a promise, two are of 31 October, so two less are known; four of seven keep theirs.
# Nine complaints are due or answered, seven in time, one never answered. Every site answered on the 5th, two
# of five changed. Owed by then: sixteen lists, of which two did not come, and thirty log days.
ON_THE_DAY = {
    ("I14", "main"): (4, 7),
    ("I22", "main"): (7, 9),
    ("I22", "never_answered"): (1, 9),
    ("I23", "main"): (2, 5),
    ("I23", "reachable"): (5, 5),
    ("I27", "main"): (44, 46),
}


def by_the_day() -> tuple[list[dict[str, Any]], list[tuple[str, int, dt.datetime]], list[Any]]:
    """Business calls of the first half: X-Road's, the web log's, the other two gateways'."""
    xroad = [
        call
        for call in xroad_calls()
        if dt.datetime.fromtimestamp(call["requestInTs"] / 1000, example.WIB).date() <= MID_MONTH
    ]
    web = [(route, status, at) for _, route, status, at in combined_calls() if at.date() <= MID_MONTH]
    return xroad, web, [call for call in other_calls() if call.at.date() <= MID_MONTH]


def counted() -> Iterator[tuple[str, str, int, int]]:
    """Measure, figure, numerator and denominator of each that is a share."""
    for measure, figure, numerator, denominator, _ in BY_HAND:
        yield measure, figure, *ON_THE_DAY.get((measure, figure), (numerator, denominator))


@pytest.mark.parametrize(("measure", "figure", "numerator", "denominator"), list(counted()))
def test_a_share_is_that_of_the_day(
    mid_month_warehouse: duckdb.DuckDBPyConnection,
    measure: str,
    figure: str,
    numerator: int,
    denominator: int,
) -> None:
    row = mid_month_warehouse.execute(
        "select numerator, denominator from marts.fct_indicator_values where instansi_code = ? "
        "and unit_kind = 'instansi' and window_kind = 'month' and measure_id = ? and figure = ?",
        [example.INSTANSI, measure, figure],
    ).fetchone()
    assert row == (numerator, denominator)


def test_calls_are_those_up_to_the_day(mid_month_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Success rate, hours saved, availability and the 95th percentile, counted again from the files."""
    xroad, web, others = by_the_day()
    found = {
        measure: values(mid_month_warehouse, measure)["main"] for measure in ("I11", "I12", "I13", "I28")
    }
    succeeded = sum(call["succeeded"] for call in xroad) + len(others)
    succeeded += sum(status < 400 for _, status, _ in web)
    assert found["I11"] == pytest.approx(succeeded / (len(xroad) + len(web) + len(others)))
    logins = sum("messageUserId" in call for call in xroad) + sum(call.has_login for call in others)
    assert found["I28"] == pytest.approx(logins / 4)
    hours: dict[tuple[str, str, dt.datetime], bool] = {}
    for call in xroad:
        at = dt.datetime.fromtimestamp(call["requestInTs"] / 1000, example.WIB)
        key = (call["serviceMemberCode"], call["serviceCode"], at.replace(minute=0, second=0, microsecond=0))
        hours[key] = hours.get(key, False) or call["succeeded"]
    for route, status, at in web:
        key = ("web", route, at.replace(minute=0, second=0))
        hours[key] = hours.get(key, False) or status < 400
    for other in others:
        hours[other.provider, other.service, other.at.replace(minute=0, second=0, microsecond=0)] = True
    assert found["I12"] == pytest.approx(sum(hours.values()) / len(hours))
    durations = sorted(
        [call["responseOutTs"] - call["requestInTs"] for call in xroad]
        + [call.duration_ms for call in others]
    )
    place = (len(durations) - 1) * 0.95
    below, above = durations[int(place)], durations[int(place) + 1]
    assert found["I13"] == pytest.approx(below + (above - below) * (place - int(place)), abs=0.01)


def test_every_measure_has_its_day(mid_month_warehouse: duckdb.DuckDBPyConnection) -> None:
    """All 28 are told in mid-month, and nothing that holds on the day counts as lapsed by the month's end."""
    ask = mid_month_warehouse.execute
    told = ask(
        "select distinct measure_id from marts.fct_indicator_values where instansi_code = ? "
        "and unit_kind = 'instansi' and figure = 'main' and value is not null",
        [example.INSTANSI],
    ).fetchall()
    assert {measure for (measure,) in told} == {f"I{number:02d}" for number in range(1, 29)}
    days = ask(
        "select distinct measured_to from intermediate.int_windows__listed where instansi_code = ?",
        [example.INSTANSI],
    ).fetchall()
    assert days == [(MID_MONTH,)]
    late = ask("select count(*) from marts.fct_findings where statement like '%31 Oktober%'").fetchone()
    assert late == (0,)
