"""Charts: what is drawn is to scale, what is missing is said and not drawn."""

import re

from exports.reports.charts import Band, BarGroup, Month, band_chart, bar_chart, month_chart


def test_bars_grow_with_the_score_and_a_missing_score_has_no_bar() -> None:
    chart = str(
        bar_chart([BarGroup("Domain", [(0, "Mandiri", 3.0), (1, "Dokumen", 5.0), (2, "Akhir", None)])], "x")
    )
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', chart)]
    assert widths == [176.0, 352.0]
    assert "belum ada nilai" in chart


def test_band_without_value_has_no_dot() -> None:
    chart = str(band_chart([Band("Bukti", "1,80 sampai 4,35", None, 1.8, 4.35)], "x"))
    assert "<circle" not in chart
    assert 'class="band"' in chart


def test_labels_and_description_cannot_carry_markup() -> None:
    chart = str(bar_chart([BarGroup("<script>", [(0, "a", 2.0)])], '"><script>'))
    assert "<script>" not in chart
    assert "&lt;script&gt;" in chart


def test_months_without_a_call_do_not_break_the_axis() -> None:
    assert "<svg" in str(month_chart([Month("Okt 26", 0, 0)], "x"))
    assert "<svg" in str(month_chart([], "x"))
