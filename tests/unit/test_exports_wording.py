"""Numbers as an Indonesian reader expects them."""

from datetime import date
from decimal import Decimal

import pytest

from exports.reports.wording import (
    date_text,
    days_text,
    decimal_text,
    measure_text,
    month_text,
    percent_text,
    plain_text,
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
    assert measure_text("share", Decimal("0.3333333333")) == "33,3\u00a0%"
    assert measure_text("ms", Decimal("890.25")) == "890,25\u00a0ms"
    assert measure_text("opd", Decimal("1")) == "1\u00a0OPD"
    assert measure_text("hours", 63.0) == "63\u00a0jam"
    assert measure_text("share", None) == "–"


def test_a_printed_figure_stays_on_its_side_of_a_threshold() -> None:
    levels = [Decimal(text) for text in ("0.9", "0.95", "0.99", "0.999")]
    assert measure_text("share", 0.98966, levels) == "98,97\u00a0%"
    assert measure_text("share", 0.9899999, levels) == "98,99999\u00a0%"
    assert measure_text("share", 0.99, levels) == "99\u00a0%"
    assert measure_text("share", 0.9504, levels) == "95,04\u00a0%"
    assert measure_text("ms", 2000.001, [2000]) == "2.000,001\u00a0ms"


def test_dates() -> None:
    assert date_text(date(2026, 8, 7)) == "7 Agustus 2026"
    assert seen_text(date(2026, 8, 1), date(2026, 10, 31)) == "sejak 1 Agustus 2026, terakhir 31 Oktober 2026"
    assert seen_text(date(2026, 8, 1), date(2026, 8, 1)) == "sejak 1 Agustus 2026"
    assert month_text(date(2026, 10, 1)) == "Oktober 2026"
    assert month_text(date(2026, 10, 1), short=True) == "Okt 26"


def test_finding_reads_without_codes() -> None:
    sentence = (
        "Dinas A mengirim 0 dari 1 berkas service_log:xroad yang wajib; bagian sistem (I21) paling sedikit 1."
    )
    assert (
        plain_text(sentence)
        == "Dinas A mengirim 0 dari 1 berkas log layanan X-Road yang wajib; bagian sistem paling sedikit 1."
    )
    assert (
        plain_text("Satu berkas (evidence_document/12.07/2026/perbup.pdf) disebut.")
        == "Satu berkas (perbup.pdf) disebut."
    )
    assert (
        plain_text("1 identitas pada log wso2 belum dipetakan") == "1 identitas pada log WSO2 belum dipetakan"
    )


def test_days_that_follow_each_other_are_one_run() -> None:
    days = [date(2026, 10, day) for day in (3, 4, 5, 9, 31)] + [date(2026, 11, 1)]
    assert days_text(days) == "3–5, 9 dan 31 Oktober 2026; 1 November 2026"
    assert days_text([date(2026, 10, 13)]) == "13 Oktober 2026"
