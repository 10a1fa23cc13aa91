"""What all that is received is called and means, in two languages: the published table `labels`.

Belongs here: putting together the words of contracts, codes and rules, and writing them. Stays out: the words
(`expectations/contracts/`, `expectations/aliases/_labels.csv` and `_english.csv`), those of published tables
and their columns (`dictionary.py`).
"""

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from expectations.contract import Contract, kinds, load_contract, shared_spellings
from expectations.english import demanded, english
from expectations.quoting import identifier, literal
from expectations.rules import rules_of
from exports.dictionary import Grain
from exports.reports.wording import kind_title
from sources.kinds import LOG_KIND

LABELS = "labels"
GRAIN = Grain("one row per kind of file, column, code and rule", ("label_group", "label_key"))
COMMENT = (
    "What kinds of files, their columns, codes and rules are called and mean, in Indonesian and English. "
    "Codes of published tables are here, too; their columns stand in data_dictionary, findings in "
    f"dim_finding_rule, measures in dim_measure. {GRAIN.sentence()}"
)
COLUMNS = {
    "label_group": "kind, column, code or rule",
    "label_key": "What is named, as other tables write it: a kind, <kind>.<column>, <table>.<column>.<code>, "
    "or the identifier of a rule as in fct_quarantine",
    "table_name": "Kind of file, or published table of a code",
    "column_name": "Its column; NULL for a kind and for a rule over whole rows",
    "code": "The code; NULL for what is none",
    "label_id": "What people call it, in Indonesian; of a rule what is asked",
    "label_en": "The same in English",
    "description_id": "What it means, in Indonesian; of a rule what to do about it",
    "description_en": "The same in English",
}
# Logs have no contract, so what they are is said here.
_LOG = "Berkas log gerbang layanan: satu catatan per sisi panggilan."
# Each statement is planned anew, so rows are written by hundreds.
_AT_ONCE = 200


class Labelled(NamedTuple):
    """A row of the table, in the order of its columns."""

    label_group: str
    label_key: str
    table_name: str
    column_name: str | None
    code: str | None
    label_id: str
    label_en: str
    description_id: str
    description_en: str


def list_labels() -> list[Labelled]:
    """All rows, by group and key."""
    log = english("kind", LOG_KIND)
    found = [
        Labelled(
            "kind", LOG_KIND, LOG_KIND, None, None, kind_title(LOG_KIND), log.label, _LOG, log.description
        )
    ]
    for kind in kinds():
        found += _of_contract(load_contract(kind))
    for row in shared_spellings("labels"):
        place = (row["table"], row["column"], row["code"])
        words = (row["label_id"], row["label_en"], row["description_id"], row["description_en"])
        found.append(Labelled("code", ".".join(place), *place, *words))
    return sorted(found, key=lambda row: (row.label_group, row.label_key))


def _of_contract(contract: Contract) -> Iterator[Labelled]:
    kind = contract.kind
    own = english("kind", kind)
    yield Labelled(
        "kind", kind, kind, None, None, contract.title, own.label, contract.purpose, own.description
    )
    for column in contract.columns:
        key = f"{kind}.{column.name}"
        words = english("column", key)
        yield Labelled(
            "column",
            key,
            kind,
            column.name,
            None,
            column.title,
            words.label,
            column.description,
            words.description,
        )
    for rule in rules_of(contract):
        asked, asked_en = rule.expected, demanded(contract, rule)
        if rule.column is not None:
            asked = f"{rule.title}: {asked}"
            asked_en = f"{english('column', f'{kind}.{rule.column}').label}: {asked_en}"
        advice = english("advice", rule.kind).label
        yield Labelled("rule", rule.id, kind, rule.column, None, asked, asked_en, rule.advice, advice)


def write_labels(connection: duckdb.DuckDBPyConnection) -> int:
    """Make the table in a database that is being published, with its comments; the number of its rows."""
    rows = list_labels()
    columns = ", ".join(f"{identifier(name)} varchar" for name in COLUMNS)
    connection.execute(f"create table {LABELS} ({columns})")
    marks = ", ".join("?" for _ in COLUMNS)
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        values = ", ".join(f"({marks})" for _ in part)
        connection.execute(f"insert into {LABELS} values {values}", [cell for row in part for cell in row])
    connection.execute(f"comment on table {LABELS} is {literal(COMMENT)}")
    for name, comment in COLUMNS.items():
        connection.execute(f"comment on column {LABELS}.{identifier(name)} is {literal(comment)}")
    return len(rows)
