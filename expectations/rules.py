"""What a contract demands, rule by rule: identifier, SQL predicate and Indonesian sentence.

Belongs here: the meaning of every kind of rule, once; the quarantine SQL, the Great Expectations suite and
the documentation all read this list. Stays out: reading contracts (`contract.py`) and running anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from expectations.contract import Column, Contract, Severity

RuleKind = Literal[
    "missing", "type", "codes", "pattern", "range", "reference", "row", "duplicate", "conflict", "surplus"
]

TYPE_WORDS = {
    "bigint": "bilangan bulat",
    "decimal(38,10)": "bilangan",
    "boolean": "Ya atau Tidak",
    "date": "tanggal, misalnya 2026-03-03 atau 3 Maret 2026",
    "timestamp": "waktu, misalnya 2026-03-03 08:00",
    "varchar": "teks",
    "varchar[]": "daftar yang dipisah titik koma",
}


@dataclass(frozen=True)
class Rule:
    """One rule of one contract.

    `broken` is SQL that is true for a row that breaks the rule, over the relation `this` of
    `quarantine.tagged_sql`: each column as its typed value, `<column>__text` as normalised text and
    `<column>__found` as received. NULL counts as not broken.
    `expected` completes the sentence "seharusnya …"; for rules over a whole row it is the whole sentence.
    """

    id: str
    column: str | None
    kind: RuleKind
    severity: Severity
    broken: str
    expected: str
    title: str

    def sentence_sql(self) -> str:
        """SQL text expression: what was found and what was expected, in Indonesian."""
        if self.column is None:
            return _text(self.expected + ".")
        if self.kind == "missing":
            return _text(f"Kolom {self.column} ({self.title}) kosong; {self.expected}.")
        found = f"coalesce(\"{self.column}__found\", '')"
        return (
            _text(f'Kolom {self.column} ({self.title}): ditemukan "')
            + f" || {found} || "
            + _text(f'", seharusnya {self.expected}.')
        )


def rules_of(contract: Contract) -> list[Rule]:
    """Every rule of a contract, in the order of its columns, then the rules over whole rows."""
    found: list[Rule] = []
    for column in contract.columns:
        found += _column_rules(contract.kind, column)
    for row in contract.row_rules:
        rule_id = f"{contract.kind}.row.{row.name}"
        found.append(Rule(rule_id, None, "row", row.severity, row.broken, row.sentence, row.sentence))
    found.append(
        Rule(
            f"{contract.kind}.row.surplus_cells",
            None,
            "surplus",
            "error",
            "_surplus is not null",
            "Baris ini memuat lebih banyak sel daripada kepala kolom",
            "Jumlah sel",
        )
    )
    if contract.key:
        found += _key_rules(contract)
    return found


def _column_rules(kind: str, column: Column) -> list[Rule]:
    name = column.name
    typed, text = f'"{name}"', f'"{name}__text"'

    def rule(kind_of_rule: RuleKind, severity: Severity, broken: str, expected: str) -> Rule:
        rule_id = f"{kind}.{name}.{kind_of_rule}"
        return Rule(rule_id, name, kind_of_rule, severity, broken, expected, column.title)

    found = []
    if column.missing:
        # An instansi or a period that is not a column of the file comes from its folder.
        found.append(rule("missing", column.missing, f"{text} is null", "perlu diisi"))
    if column.type not in ("varchar", "varchar[]"):
        found.append(
            rule("type", column.invalid, f"{text} is not null and {typed} is null", TYPE_WORDS[column.type])
        )
    if column.codes:
        codes = ", ".join(_text(c) for c in column.codes)
        broken = (
            f"len(list_filter({typed}, lambda x: x not in ({codes}))) > 0"
            if column.is_list
            else f"{text} not in ({codes})"
        )
        found.append(rule("codes", column.invalid, broken, "salah satu dari: " + ", ".join(column.codes)))
    if column.pattern:
        expected = f"mengikuti bentuk {column.example}" if column.example else "mengikuti bentuk kode"
        broken = f"not regexp_matches({text}, {_text(column.pattern)})"
        found.append(rule("pattern", column.invalid, broken, expected))
    if column.minimum is not None or column.maximum is not None:
        low = f"{typed} < {column.minimum}" if column.minimum is not None else "false"
        high = f"{typed} > {column.maximum}" if column.maximum is not None else "false"
        bounds = " dan ".join(
            part
            for part, given in (
                (f"paling sedikit {column.minimum}", column.minimum is not None),
                (f"paling banyak {column.maximum}", column.maximum is not None),
            )
            if given
        )
        found.append(rule("range", column.invalid, f"({low} or {high})", bounds))
    if column.reference:
        found.append(
            rule("reference", "error", _reference_sql(column), f"ada pada daftar {column.reference[0]}")
        )
    return found


def _reference_sql(column: Column) -> str:
    assert column.reference is not None
    table, target = column.reference
    known = f'select 1 from reference.{table} as r where r.{target} = this."{column.name}__text"'
    if table != "opd_register":
        return f'"{column.name}__text" is not null and not exists ({known})'
    # An instansi without a register cannot be held to one; bodies outside the region are named EXT:….
    own = "r.instansi_code = this._instansi_code"
    return (
        f"\"{column.name}__text\" not like 'EXT:%' and not exists ({known} and {own}) "
        f"and exists (select 1 from reference.opd_register as r where {own})"
    )


def key_sql(contract: Contract) -> list[str]:
    """SQL of the key columns; instansi and period fall back on what the folder says."""
    own = {"instansi_code": "_instansi_code", "period": "_period"}
    return [own.get(name, f'"{name}__text"') for name in contract.key]


def _key_rules(contract: Contract) -> list[Rule]:
    parts = key_sql(contract)
    filled = " and ".join(f"{part} is not null" for part in parts)
    over = f"(partition by {', '.join(parts)})"
    ordered = f"(partition by {', '.join(parts)} order by _row_number)"
    words = ", ".join(contract.key)
    same = f"min(_content) over {over} = max(_content) over {over}"
    return [
        Rule(
            f"{contract.kind}.key.duplicate",
            None,
            "duplicate",
            "error",
            f"{filled} and {same} and row_number() over {ordered} > 1",
            f"Baris ini sama persis dengan baris terdahulu (kunci: {words})",
            "Baris ganda",
        ),
        Rule(
            f"{contract.kind}.key.conflict",
            None,
            "conflict",
            "error",
            f"{filled} and not ({same})",
            f"Kunci yang sama ({words}) dipakai baris lain dengan isi berbeda",
            "Kunci bentrok",
        ),
    ]


def _text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"
