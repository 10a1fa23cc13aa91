"""Numbers as an Indonesian reader expects them."""

from datetime import date
from decimal import Decimal

import pytest

from exports.reports.wording import (
    date_text,
    decimal_text,
    measure_text,
    month_text,
    percent_text,
    seen_text,
    short_text,
    whole_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("3.4725"), "3,47"),
        (Decimal("3.475"), "3,48"),
        (3.475, "3,48"),
        (Decimal("1234567.5"), "1.234.567,50"),
        (-0.125, "-0,13"),
        (0, "0,00"),
        (None, "–"),
    ],
)
def test_numbers_have_a_decimal_comma_and_round_half_up(value: Decimal | float | None, text: str) -> None:
    assert decimal_text(value) == text


def test_counts_shares_and_durations() -> None:
    assert whole_text(5120) == "5.120"
    assert short_text(Decimal("3.0000000000")) == "3"
    assert short_text(Decimal("100")) == "100"
    assert percent_text(Decimal("0.9481481481")) == "94,8\u00a0%"
    assert percent_text(1.0) == "100\u00a0%"
    assert measure_text("share", "main", Decimal("0.3333333333")) == "33,3\u00a0%"
    assert measure_text("ms", "main", Decimal("890.25")) == "890,25\u00a0ms"
    assert measure_text("share", "mean", Decimal("2.5")) == "2,5"
    assert measure_text("share", "main", None) == "–"


def test_dates() -> None:
    assert date_text(date(2026, 8, 7)) == "7 Agustus 2026"
    assert seen_text(date(2026, 8, 1), date(2026, 10, 31)) == "sejak 1 Agustus 2026, terakhir 31 Oktober 2026"
    assert seen_text(date(2026, 8, 1), date(2026, 8, 1)) == "sejak 1 Agustus 2026"
    assert month_text(date(2026, 10, 1)) == "Oktober 2026"
    assert month_text(date(2026, 10, 1), short=True) == "Okt 26"
