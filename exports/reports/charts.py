"""Static SVG for the pages: horizontal bars, index with band, monthly columns.

Belongs here: geometry. Every chart is 360 units wide with its labels above the bars, so that the text stays
readable on a telephone; the page limits how far it grows. Stays out: choosing what is shown (`pages.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, cos, log10, pi, sin

from markupsafe import Markup

from exports.reports.wording import decimal_text, whole_text

WIDTH = 360
_LEFT, _RIGHT = 4, 356
# Two periods of a trend are no nearer, so that their values can be read.
_APART = 34


@dataclass(frozen=True)
class Band:
    """One row of a band chart: a point (None when unknown) and the range it can lie in, on the scale."""

    label: str
    note: str
    value: float | None
    low: float | None
    high: float | None
    published: float | None = None


@dataclass(frozen=True)
class BarGroup:
    """One group of bars under one label: (series number, value or None, what is said where there is none)."""

    label: str
    bars: Sequence[tuple[int, float | None, str]]


@dataclass(frozen=True)
class Month:
    """One column: calls of a month, split into succeeded and failed."""

    label: str
    succeeded: int
    failed: int


@dataclass(frozen=True)
class Edge:
    """One line of a network: calls seen from one unit to another, or an exchange that is only declared."""

    consumer: str
    provider: str
    calls: int


@dataclass(frozen=True)
class Year:
    """One point of a trend: the value of a year under one rulebook."""

    label: str
    value: float
    rulebook: str


@dataclass(frozen=True)
class Claim:
    """One bar of a domain: a value, or only the range it can lie in, with what is said of it."""

    series: int
    value: float | None
    low: float | None
    high: float | None
    note: str


def _svg(height: float, description: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {w} {h:.0f}" width="{w}" height="{h:.0f}" role="img" aria-label="{d}">{p}</svg>'
    ).format(w=WIDTH, h=height, d=description, p=Markup("").join(parts))


def _text(x: float, y: float, content: str, css: str = "", anchor: str = "start") -> Markup:
    return Markup('<text x="{x:.1f}" y="{y:.1f}" class="{c}" text-anchor="{a}">{t}</text>').format(
        x=x, y=y, c=css, a=anchor, t=content
    )


def _rect(x: float, y: float, width: float, height: float, css: str, radius: float = 1) -> Markup:
    return Markup(
        '<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{r}" class="{c}"/>'
    ).format(x=x, y=y, w=max(width, 0), h=height, r=radius, c=css)


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(
        x1, y1, x2, y2, css
    )


class _Scale:
    """Places a score on the width of the chart and draws the grid of whole levels behind the rows."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def x(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return _LEFT + share * (_RIGHT - _LEFT)

    def grid(self, top: float, bottom: float) -> list[Markup]:
        parts = []
        for level in range(int(self.low), int(self.high) + 1):
            x = self.x(level)
            anchor = "start" if level == self.low else "end" if level == self.high else "middle"
            parts.append(_line(x, top, x, bottom, "grid"))
            parts.append(_text(x, bottom + 12, str(level), "axis", anchor))
        return parts


def band_chart(rows: Sequence[Band], description: str, low: float = 1, high: float = 5) -> Markup:
    """Draw an index per row: a dot for the value, a bar for its band, a bar mark for the printed value."""
    scale, step = _Scale(low, high), 36
    bottom = len(rows) * step + 2
    parts = scale.grid(4, bottom)
    for number, row in enumerate(rows):
        y = number * step
        parts += [
            _text(_LEFT, y + 13, row.label, "label halo"),
            _text(_RIGHT, y + 13, row.note, "value halo", "end"),
        ]
        middle = y + 24
        parts.append(_line(_LEFT, middle, _RIGHT, middle, "track"))
        if row.low is not None and row.high is not None and row.high > row.low:
            parts.append(
                _rect(scale.x(row.low), middle - 5, scale.x(row.high) - scale.x(row.low), 10, "band", 5)
            )
        if row.published is not None:
            parts.append(_rect(scale.x(row.published) - 1.5, middle - 8, 3, 16, "printed", 0))
        if row.value is not None:
            parts.append(
                Markup('<circle cx="{:.1f}" cy="{:.1f}" r="5" class="dot"/>').format(
                    scale.x(row.value), middle
                )
            )
    return _svg(bottom + 16, description, parts)


def bar_chart(groups: Sequence[BarGroup], description: str, low: float = 1, high: float = 5) -> Markup:
    """Draw groups of horizontal bars on one scale; a missing value is said in words, not drawn as zero."""
    scale, y, parts = _Scale(low, high), 0.0, []
    for group in groups:
        parts.append(_text(_LEFT, y + 13, group.label, "label halo"))
        y += 19
        for series, value, missing in group.bars:
            if value is None:
                parts.append(_text(_LEFT + 3, y + 9.5, missing, "missing halo"))
            else:
                end = scale.x(value)
                parts.append(_rect(_LEFT, y, end - _LEFT, 11, f"s{series}"))
                inside = end > _RIGHT - 34
                parts.append(
                    _text(
                        end + (-4 if inside else 4),
                        y + 9.5,
                        decimal_text(value),
                        f"on s{series}" if inside else "number halo",
                        "end" if inside else "start",
                    )
                )
            y += 14
        y += 6
    return _svg(y + 14, description, [*scale.grid(2, y - 2), *parts])


def claim_chart(groups: Sequence[tuple[str, Sequence[Claim]]], description: str, low: float = 1) -> Markup:
    """Draw what is declared, assessed and shown by evidence; a range where there is no value."""
    scale, y, parts = _Scale(low, 5), 0.0, []
    for label, claims in groups:
        parts.append(_text(_LEFT, y + 13, label, "label halo"))
        y += 18
        for claim in claims:
            if claim.value is not None:
                end = scale.x(claim.value)
                parts.append(_rect(_LEFT, y, end - _LEFT, 11, f"s{claim.series}"))
            elif claim.low is not None and claim.high is not None:
                end = scale.x(claim.high)
                parts.append(_rect(scale.x(claim.low), y, end - scale.x(claim.low), 11, "band", 5.5))
            else:
                end = _LEFT
            # A digit is about 6 units wide.
            inside = end > _RIGHT - 6.2 * len(claim.note) - 4
            css = f"on s{claim.series}" if claim.value is not None else "on range"
            parts.append(
                _text(end - 6, y + 9.5, claim.note, css, "end")
                if inside
                else _text(end + 4, y + 9.5, claim.note, "number halo")
            )
            y += 13
        y += 5
    return _svg(y + 14, description, [*scale.grid(2, y - 2), *parts])


def _places(periods: Sequence[str]) -> list[float]:
    """Where periods stand, as far apart as in time; evenly where they would come too close to be read."""
    times = [int(period[:4]) + int(period[5:7] or 1) / 12 for period in periods]
    wide = (_RIGHT - _LEFT) / (len(times) + 1)
    span = (times[-1] - times[0]) or 1
    spread = [_LEFT + wide / 2 + (at - times[0]) / span * (_RIGHT - _LEFT - wide) for at in times]
    if len(times) > 1 and min(after - before for before, after in pairwise(spread)) >= _APART:
        return spread
    slot = (_RIGHT - _LEFT) / max(len(times), 1)
    return [_LEFT + slot * (number + 0.5) for number in range(len(times))]


def trend_chart(years: Sequence[Year], border: float | None, description: str) -> Markup:
    """Draw the index of each year; the line ends where another rulebook begins: the two do not compare."""
    top, bottom, low, high = 14, 104, 1, 5

    def y(value: float) -> float:
        return bottom - (min(max(value, low), high) - low) / (high - low) * (bottom - top)

    place = _places([year.label for year in years])
    parts = [_line(_LEFT, y(level), _RIGHT, y(level), "grid") for level in range(low, high + 1)]
    if border is not None:
        # It is a border of the newest rulebook alone.
        own = next(number for number, year in enumerate(years) if year.rulebook == years[-1].rulebook)
        begins = (place[own - 1] + place[own]) / 2 if own else _LEFT
        parts.append(_line(begins, y(border), _RIGHT, y(border), "border"))
    for number, (before, after) in enumerate(pairwise(years)):
        if before.rulebook == after.rulebook:
            parts.append(_line(place[number], y(before.value), place[number + 1], y(after.value), "trend"))
        else:
            x = (place[number] + place[number + 1]) / 2
            parts.append(_line(x, top, x, bottom, "break"))
            parts.append(_text(x, bottom - 4, "peraturan berganti", "axis halo", "middle"))
    for x, year in zip(place, years, strict=True):
        parts.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4.5" class="dot"/>').format(x, y(year.value)))
        parts.append(_text(x, y(year.value) - 9, decimal_text(year.value), "value halo", "middle"))
        parts.append(_text(x, bottom + 14, year.label, "axis", "middle"))
    return _svg(bottom + 20, description, parts)


def month_chart(months: Sequence[Month], description: str) -> Markup:
    """Draw calls per month as columns, failed calls stacked on top; every column carries its total."""
    top, bottom = 18, 150
    highest = max((month.succeeded + month.failed for month in months), default=0) or 1
    ceiling = _round_up(highest)
    slot = (_RIGHT - _LEFT) / max(len(months), 1)
    width = min(slot * 0.62, 56)
    parts = [_line(_LEFT, y, _RIGHT, y, "grid") for y in (top, (top + bottom) / 2)] + [
        _text(_RIGHT, top - 4, whole_text(ceiling), "axis", "end")
    ]
    for number, month in enumerate(months):
        middle = _LEFT + slot * (number + 0.5)
        total = month.succeeded + month.failed
        good = (bottom - top) * month.succeeded / ceiling
        bad = (bottom - top) * month.failed / ceiling
        parts.append(_rect(middle - width / 2, bottom - good, width, good, "s0", 0))
        parts.append(_rect(middle - width / 2, bottom - good - bad, width, bad, "failed", 0))
        parts.append(_text(middle, bottom - good - bad - 4, whole_text(total), "number halo", "middle"))
        parts.append(_text(middle, bottom + 14, month.label, "axis", "middle"))
    parts.append(_line(_LEFT, bottom, _RIGHT, bottom, "base"))
    return _svg(bottom + 20, description, parts)


def network_chart(units: Sequence[str], edges: Sequence[Edge], description: str) -> Markup:
    """Draw units on a circle and lines between those that exchange; the more calls, the thicker.

    An edge without calls (declared, never seen) is dashed; a unit without any line is a hollow point.
    """
    middle, radius, top = WIDTH / 2, 100, 150
    place = {
        unit: (middle + radius * sin(2 * pi * n / len(units)), top - radius * cos(2 * pi * n / len(units)))
        for n, unit in enumerate(units)
    }
    most = max((edge.calls for edge in edges), default=0) or 1
    linked = {name for edge in edges for name in (edge.consumer, edge.provider)}
    parts = [
        Markup(
            '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}" stroke-width="{:.1f}"/>'
        ).format(
            *place[edge.consumer],
            *place[edge.provider],
            "edge" if edge.calls else "edge declared",
            1 + 4 * edge.calls / most,
        )
        for edge in edges
    ]
    for unit, (x, y) in place.items():
        css = "unit" if unit in linked else "unit alone"
        parts.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4" class="{}"/>').format(x, y, css))
        side = (x > middle + 1) - (x < middle - 1)
        anchor = {1: "start", -1: "end", 0: "middle"}[side]
        below = 4 if side else (16 if y > top else -9)
        parts.append(_text(x + 8 * side, y + below, unit, "axis halo", anchor))
    return _svg(2 * top, description, parts)


def _round_up(value: int) -> int:
    """Give the next 1, 2 or 5 times a power of ten: the top of an axis."""
    power = 10 ** max(ceil(log10(value)) - 1, 0)
    return next(step * power for step in (1, 2, 5, 10, 20) if step * power >= value)
