"""Indonesian words and notation of the pages: numbers, dates, stages, severities.

Belongs here: how a value is written for a reader. Stays out: which value is shown.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import groupby

from expectations.contract import code_labels, kinds, load_contract
from expectations.rules import TOLD_WHOLE
from sources.kinds import LOG_KIND


def _labels(table: str, column: str) -> dict[str, str]:
    """Code to what people call it."""
    return {code: label.label_id for code, label in code_labels(table, column).items()}


NO_VALUE = "–"
MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]
# In the order of an evaluation, a later one outweighing an earlier; the last is what we compute ourselves.
STAGES = _labels("fct_scores", "stage")
# What a stage is beside the others: said by the agency, found by assessors, or shown by what was received.
CLAIMS = {code: label.description_id for code, label in code_labels("fct_scores", "stage").items()}
# Who answers for what no single OPD owns.
COORDINATOR = "Koordinator SPBE"
_MATURITY = "Tingkat Kematangan "
SEVERITIES = _labels("fct_findings", "severity")
# Figures that stand beside the main one of a measure.
FIGURES = _labels("fct_indicator_values", "figure")
# What a system is in, where it stands, whether a document holds.
STATUSES = _labels("system_inventory", "status")
HOSTINGS = _labels("system_inventory", "hosting")
DOCUMENT_STATES = _labels("fct_documents", "state")
# Words of published studies, in their own language, that stand on our pages.
VERDICTS = _labels("fct_smart_city_evaluation", "verdict")
UNITS = _labels("fct_published_figures", "unit")
# Who says how many kecamatan an agency has.
KECAMATAN_BASES = _labels("dim_instansi", "kecamatan_basis")
_LOGS = "Log layanan"
_LOG_NAMES = _labels("gateway_identity", "log_format")
Number = int | float | Decimal
# What stands behind a figure of a unit; a level or an index says nothing more.
_UNITS = {
    "share": "\u00a0%",
    "ms": "\u00a0ms",
    "hours": "\u00a0jam",
    "days": "\u00a0hari",
    "opd": "\u00a0OPD",
}
# A double tells no more of a share.
_MOST_PLACES = 12


def _rounded(exact: Decimal, places: int) -> Decimal:
    # A sender may hand in a number of 38 digits; the usual 28 would refuse it.
    with localcontext(prec=400):
        return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _half_up(value: Number, places: int) -> str:
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    text = f"{_rounded(exact, places):,f}"
    return text.translate(str.maketrans(",.", ".,"))


def kind_title(kind: str) -> str:
    """Name a kind of file as its contract does; logs have none, and an unknown kind is its own name."""
    return _LOGS if kind == LOG_KIND else load_contract(kind).title if kind in kinds() else kind


def plain_text(sentence: str) -> str:
    """Rewrite a finding for who knows no code: kinds by title, files by name, measures without id."""

    def named(found: re.Match[str]) -> str:
        title = kind_title(found[1])
        return f"{title[:1].lower()}{title[1:]}" + (f" {log_name(found[2])}" if found[2] else "")

    known = "|".join(sorted((*kinds(), LOG_KIND), key=len, reverse=True))
    text = re.sub(rf"\b(?:{known})/\S*/([^\s/]+)", r"\1", sentence)
    text = re.sub(rf"\b({known})(?::(\w+))?\b", named, text)
    text = re.sub(rf"\blog ({'|'.join(_LOG_NAMES)})\b", lambda found: f"log {log_name(found[1])}", text)
    text = text.replace("dikarantina", "belum dapat dipakai")
    return re.sub(r" \(I\d\d\)", "", text)


def log_name(log_format: str) -> str:
    """Name a format of logs as its makers do; an unknown one is its own name."""
    return _LOG_NAMES.get(log_format, log_format)


def sent_text(kind: str) -> str:
    """Name what an OPD owes or sent: a kind, or `service_log:<format>` and `service_log/<format>`."""
    name, _, log_format = kind.replace("/", ":").partition(":")
    return kind_title(name) + (f" {log_name(log_format)}" if log_format else "")


def demand_text(kind: str, rule: str, column: str | None, expected: str) -> str:
    """Say what a broken rule demands: of a column by its title; of a whole row, or a log, as it stands."""
    if column is None or kind not in kinds():
        return expected
    title = next((known.title for known in load_contract(kind).columns if known.name == column), column)
    is_whole = rule.endswith(tuple(f".{told}" for told in TOLD_WHOLE))
    return f"{title} {'' if is_whole else 'seharusnya '}{expected}"


def stage_number(stage: str) -> int:
    """Give the colour of a stage: its place in an evaluation."""
    return list(STAGES).index(stage) if stage in STAGES else 0


def node_text(number: str | None, name: str) -> str:
    """Write a domain or aspect with its number, without the words that all of them bear."""
    return f"{number or ''} {name}".strip()


def indicator_text(number: str | None, name: str) -> str:
    """Write an indicator as people call it: what all of them are called first is left out."""
    return node_text(number, name.removeprefix(_MATURITY))


def cut_text(text: str, most: int) -> str:
    """Cut a text at the end of a word; what is longer says so by an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0].rstrip(",;.:") + "…"


def signed_text(value: Number, places: int = 2) -> str:
    """Write a difference with its sign."""
    text = decimal_text(value, places).lstrip("-")
    return text if not text.strip("0,") else ("+" if value > 0 else "−") + text


def decimal_text(value: Number | None, places: int = 2) -> str:
    """Write a number in Indonesian notation (1.234,50), half up; a missing one as a dash."""
    return NO_VALUE if value is None else _half_up(value, places)


def whole_text(value: Number | None) -> str:
    """Write a count with dots between thousands."""
    return decimal_text(value, 0)


def short_text(value: Number | None, places: int = 2) -> str:
    """Write a number without the zeros that end its decimals."""
    text = decimal_text(value, places)
    return text.rstrip("0").rstrip(",") if "," in text else text


def percent_text(share: Number | None, places: int = 1) -> str:
    """Write a share of 1 as a percentage."""
    if share is None:
        return NO_VALUE
    return (
        f"{short_text((share if isinstance(share, Decimal) else Decimal(str(share))) * 100, places)}\u00a0%"
    )


def measure_text(unit: str, value: Number | None, thresholds: Sequence[Number] = ()) -> str:
    """Write a figure in its own unit, with as many digits as keep it on its side of each threshold.

    Args:
        unit: of the figure: share, opd, hours, days, ms, level or index.
        value: in that unit, a share as a part of 1; None: unknown.
        thresholds: in the same unit; a value that is not one of them is not printed as if it were.
    """
    if value is None:
        return NO_VALUE
    scale = 100 if unit == "share" else 1
    exact = (value if isinstance(value, Decimal) else Decimal(str(value))) * scale
    bounds = [Decimal(str(bound)) * scale for bound in thresholds]
    places = 1 if unit == "share" else 2
    sides = [exact.compare(bound) for bound in bounds]
    while places < _MOST_PLACES and sides != [_rounded(exact, places).compare(bound) for bound in bounds]:
        places += 1
    return short_text(exact, places) + _UNITS.get(unit, "")


def date_text(day: date) -> str:
    """Write a date as 31 Oktober 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def days_text(days: Sequence[date]) -> str:
    """Write days in their order by month, those that follow each other as one: 3–5 dan 9 Oktober 2026."""
    months = []
    for month, own in groupby(days, key=lambda day: (day.year, day.month)):
        runs: list[list[int]] = []
        for day in own:
            if runs and runs[-1][-1] == day.day - 1:
                runs[-1].append(day.day)
            else:
                runs.append([day.day])
        *others, last = [f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
        told = f"{', '.join(others)} dan {last}" if others else last
        months.append(f"{told} {MONTHS[month[1] - 1]} {month[0]}")
    return "; ".join(months)


def seen_text(first: date | str, last: date | str) -> str:
    """Write when a finding was first and last seen."""
    first_text, last_text = (date_text(day) if isinstance(day, date) else str(day) for day in (first, last))
    return f"sejak {first_text}" + (f", terakhir {last_text}" if last_text != first_text else "")


def month_text(day: date, short: bool = False) -> str:
    """Write the month of a date: Oktober 2026, or Okt 26."""
    name = MONTHS[day.month - 1]
    return f"{name[:3]} {day:%y}" if short else f"{name} {day.year}"
