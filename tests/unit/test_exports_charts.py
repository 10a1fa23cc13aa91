"""Charts: what is drawn is to scale, what is missing is said and not drawn."""

import re

import pytest

from exports.reports.charts import (
    Band,
    BarGroup,
    Month,
    Year,
    band_chart,
    bar_chart,
    month_chart,
    trend_chart,
)


def test_bars_grow_with_the_score_and_a_missing_score_has_no_bar() -> None:
    chart = str(
        bar_chart([BarGroup("Domain", [(0, 3.0, ""), (1, 5.0, ""), (2, None, "belum ada nilai")])], "x")
    )
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', chart)]
    assert widths == [176.0, 352.0]
    assert "belum ada nilai" in chart


def test_band_without_value_has_no_dot() -> None:
    chart = str(band_chart([Band("Bukti", "1,80 sampai 4,35", None, 1.8, 4.35)], "x"))
    assert "<circle" not in chart
    assert 'class="band"' in chart


def test_labels_and_description_cannot_carry_markup() -> None:
    chart = str(bar_chart([BarGroup("<script>", [(0, 2.0, "")])], '"><script>'))
    assert "<script>" not in chart
    assert "&lt;script&gt;" in chart


def test_months_without_a_call_do_not_break_the_axis() -> None:
    assert "<svg" in str(month_chart([Month("Okt 26", 0, 0)], "x"))
    assert "<svg" in str(month_chart([], "x"))


def test_years_stand_as_far_apart_as_they_are_and_a_border_is_of_its_rulebook_alone() -> None:
    years = [Year("2020", 1.9, "old"), Year("2025", 2.2, "new"), Year("2026", 2.4, "new")]
    chart = str(trend_chart(years, 2.6, "x"))
    first, second, third = (float(x) for x in re.findall(r'<circle cx="([\d.]+)"', chart))
    assert (second - first) / (third - second) == pytest.approx(5, rel=0.01)
    [begins] = re.findall(r'<line x1="([\d.]+)"[^>]* class="border"', chart)
    assert first < float(begins) < second
    close = [Year(str(year), 2.0, "new") for year in (2000, 2025, 2026)]
    even = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', str(trend_chart(close, None, "x")))]
    assert even[1] - even[0] == pytest.approx(even[2] - even[1])
