"""What all that is received is called and means, in two languages: the published table `labels`.

Belongs here: putting together the words of contracts, codes and rules, and writing them. Stays out: the words
(`expectations/contracts/`, `expectations/aliases/_labels.csv` and `_english.csv`), which published columns
share a list of codes (`_coded.csv`), what published tables and their columns mean (`dictionary.py`).
"""

from collections.abc import Iterator
from dataclasses import astuple
from typing import NamedTuple

import duckdb

from expectations.contract import Contract, Label, code_labels, kinds, load_contract, shared_spellings
from expectations.english import demanded, english
from expectations.quoting import identifier, literal
from expectations.rules import rules_of
from exports.database import insert_texts
from exports.dictionary import Grain
from exports.reports.wording import kind_title
from sources.kinds import LOG_KIND

LABELS = "labels"
GRAIN = Grain("one row per kind of file, column, code and rule", ("label_group", "label_key"))
COMMENT = (
    "What kinds of files, their columns, codes and rules are called and mean, in Indonesian and English. "
    "Every code of a published table or ready question stands here under its own table_name and column_name; "
    "what columns mean stands in data_dictionary, findings in dim_finding_rule, measures in dim_measure. "
    f"{GRAIN.sentence()}"
)
COLUMNS = {
    "label_group": "kind, column, code or rule",
    "label_key": "What is named, as other tables write it: a kind, <kind>.<column>, <table>.<column>.<code>, "
    "or the identifier of a rule as in fct_quarantine",
    "table_name": "Kind of file, or published table or ready question of a code",
    "column_name": "Its column; NULL for a kind and for a rule over whole rows",
    "code": "The code; NULL for what is none",
    "label_id": "What people call it, in Indonesian; of a rule what is asked",
    "label_en": "The same in English",
    "description_id": "What it means, in Indonesian; of a rule what to do about it",
    "description_en": "The same in English",
}
# Logs have no contract, so what they are is said here.
_LOG = "Berkas log gerbang layanan: satu catatan per sisi panggilan."
# In `_coded.csv` the list of all kinds of files; their words are those of the contracts.
_KINDS = "kind"


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
    found = []
    for kind, label in _kind_labels().items():
        found.append(Labelled("kind", kind, kind, None, None, *astuple(label)))
    for kind in kinds():
        found += _of_contract(load_contract(kind))
    for (table, column), codes in coded_columns().items():
        for code, label in codes.items():
            place = (table, column, code)
            found.append(Labelled("code", ".".join(place), *place, *astuple(label)))
    return sorted(found, key=lambda row: (row.label_group, row.label_key))


def coded_columns() -> dict[tuple[str, str], dict[str, Label]]:
    """(table, column) to what its codes are called and mean, of every coded column of a kind of file, a
    published table or a ready question. `_coded.csv` names columns that share a list, each with the list's
    place or `kind`.
    """
    places = {(row["table"], row["column"]) for row in shared_spellings("labels")}
    found = {place: dict(code_labels(*place)) for place in places}
    lists = {f"{table}.{column}": dict(codes) for (table, column), codes in found.items()}
    lists[_KINDS] = _kind_labels()
    for row in shared_spellings("coded"):
        place = (row["table"], row["column"])
        found[place] = {**lists[row["codes"]], **found.get(place, {})}
    return found


def _kind_labels() -> dict[str, Label]:
    log = english("kind", LOG_KIND)
    found = {LOG_KIND: Label(kind_title(LOG_KIND), log.label, _LOG, log.description)}
    for kind in kinds():
        contract, own = load_contract(kind), english("kind", kind)
        found[kind] = Label(contract.title, own.label, contract.purpose, own.description)
    return found


def _of_contract(contract: Contract) -> Iterator[Labelled]:
    kind = contract.kind
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
    insert_texts(connection, LABELS, rows)
    connection.execute(f"comment on table {LABELS} is {literal(COMMENT)}")
    for name, comment in COLUMNS.items():
        connection.execute(f"comment on column {LABELS}.{identifier(name)} is {literal(comment)}")
    return len(rows)
