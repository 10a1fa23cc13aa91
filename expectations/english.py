"""What contracts say in English: kinds, columns, lists and rules, beside the Indonesian that stands in them.

Belongs here: the words of `aliases/_english.csv`, and what a rule demands, told from its column. Stays out:
codes (`aliases/_labels.csv`, `contract.code_labels`), the rules themselves (`rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from expectations.contract import DECIMALS, Column, Contract, code_labels, shared_spellings
from expectations.rules import Rule, RuleKind
from expectations.spellings import RESOLVERS

_TYPES = {
    "bigint": "a whole number",
    **dict.fromkeys(DECIMALS, "a number"),
    "boolean": "yes or no",
    "date": "a date, for example 2026-03-03 or 3 Maret 2026",
    "timestamp": "a time, for example 2026-03-03 08:00",
    "varchar": "a text",
    "varchar[]": "a list with semicolons between",
}
_NUMBERS = {
    "count": "a number, for example 1.234",
    "money": "rupiah without cents, for example 99.000.000",
    "score": "a number, for example 3,25",
    "share": "a share, for example 0,6 or 60%",
}
_SPANS = {"1 day": "1 day", "50 years": "50 years"}
# Rules whose sentence needs nothing of their column.
_SAID: dict[RuleKind, str] = {
    "missing": "must be filled in",
    "repeated": "another row of this file has this value, too",
    "near": "nearly the name of a system that the OPD has already; loaded as another one",
    "formula": "a formula without a result or an error of the spreadsheet; read as empty",
    "unit": "the unit behind the number was dropped; fill in the number alone",
    "credentials": "user name and password in the address were dropped; change the password",
    "scheme": "only addresses of http or https are taken; this value is not used",
    "host": "no web address: a host name is needed, for example layanan.contoh.go.id; this value is not used",
    "folder": "differs from the folder of the file; the column is used",
    "surplus": "This row holds more cells than there are column heads",
    "unreadable": "This row can not be read",
    "duplicate": "This row is the same as another one; one is enough",
    "conflict": "The key must differ from that of another row with other content",
}


class English(NamedTuple):
    """A label and, where there is one, a description."""

    label: str
    description: str


@cache
def _words() -> dict[tuple[str, str], English]:
    return {
        (row["group"], row["id"]): English(row["label_en"], row["description_en"])
        for row in shared_spellings("english")
    }


def english(group: str, key: str) -> English:
    """The English words of a `kind`, `column` (`<kind>.<column>`), `list`, row `rule` or `advice`.

    Advice goes by the kind of a rule.

    Raises:
        KeyError: `aliases/_english.csv` has no such row.
    """
    return _words()[group, key]


def demanded(contract: Contract, rule: Rule) -> str:
    """What a rule expects, as `Rule.expected` says in Indonesian; for a rule over a row the sentence."""
    if rule.kind == "row":
        return english("rule", rule.id).label
    if rule.kind in _SAID:
        return _SAID[rule.kind]
    return _OF_COLUMN[rule.kind](contract, contract.column(rule.column or ""))


def _type(contract: Contract, column: Column) -> str:
    if column.is_year:
        return f"a year of four digits, for example {column.example_of()}"
    if column.type == "bigint" and column.number == "count":
        return "a whole number, for example 1.234"
    return _NUMBERS[column.number] if column.number else _TYPES[column.type]


def _codes(contract: Contract, column: Column) -> str:
    labels = code_labels(contract.kind, column.name)
    return "one of: " + ", ".join(labels[code].label_en if code in labels else code for code in column.codes)


def _pattern(contract: Contract, column: Column) -> str:
    return f"of the form {column.form}" if column.example else "of the form of the code"


def _range(contract: Contract, column: Column) -> str:
    is_time = column.type in ("date", "timestamp")
    words = []
    if column.minimum is not None:
        words.append(f"{'not before' if is_time else 'at least'} {column.minimum}")
    if column.maximum is not None:
        words.append(f"at most {column.maximum}")
    if column.latest:
        words.append(
            f"at most {_SPANS[column.latest]} after receipt of the file" if is_time else "not after next year"
        )
    return " and ".join(words)


def _length(contract: Contract, column: Column) -> str:
    return f"at most {column.max_length} letters"


def _list(column: Column) -> str:
    """The list that a column is held to, or whose names it is compared with."""
    table = column.reference[0] if column.reference else RESOLVERS[column.names or ""].list
    return english("list", table).label


def _reference(contract: Contract, column: Column) -> str:
    return f"in {_list(column)}"


def _unnamed(contract: Contract, column: Column) -> str:
    return f"this name is not in {_list(column)}; loaded as a provisional OPD"


def _child(contract: Contract, column: Column) -> str:
    return f"not in {_list(column)}; taken as a child of a code that is"


def _retired(contract: Contract, column: Column) -> str:
    return f"this OPD is no longer active in {_list(column)}"


def _name(contract: Contract, column: Column) -> str:
    return f"the name behind the code differs from the name in {_list(column)}; the code is used"


_OF_COLUMN: dict[RuleKind, Callable[[Contract, Column], str]] = {
    "type": _type,
    "codes": _codes,
    "pattern": _pattern,
    "range": _range,
    "length": _length,
    "reference": _reference,
    "unnamed": _unnamed,
    "child": _child,
    "retired": _retired,
    "name": _name,
}
