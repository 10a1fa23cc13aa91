"""What a contract demands, rule by rule: identifier, SQL predicate and Indonesian sentence.

Belongs here: the meaning of every kind of rule, once; the quarantine SQL, the Great Expectations suite and
the documentation all read this list. Stays out: reading contracts (`contract.py`) and running anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from expectations.contract import Column, Contract, Severity
from expectations.normalise import CUT_CREDENTIALS, UNIT
from expectations.references import LISTS, offers_near

RuleKind = Literal[
    "missing",
    "type",
    "codes",
    "pattern",
    "range",
    "reference",
    "child",
    "retired",
    "repeated",
    "row",
    "duplicate",
    "conflict",
    "unit",
    "credentials",
    "scheme",
    "name",
    "folder",
    "surplus",
    "unreadable",
]
# Rules on how a cell was written: they need the cell as received, which is judged once and not kept.
AS_RECEIVED = ("unit", "credentials", "scheme", "name", "folder", "surplus", "unreadable")

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
    `quarantine.judge_landed`: each column as its typed value, `<column>__text` as normalised text and
    `<column>__found` as received; `<column>__unknown` and so on as `references.lookup_sql` says, `_twin` and
    `_conflict` as `key_faults_sql`. NULL counts as not broken.
    `expected` completes the sentence "seharusnya …"; for rules over a whole row it is the whole sentence.
    `drops` tells that the row loads without the value; `near` that `<column>__near` may offer another;
    `shows` names the cells (SQL, title) that a message on a whole row tells.
    """

    id: str
    column: str | None
    kind: RuleKind
    severity: Severity
    broken: str
    expected: str
    title: str
    drops: bool = False
    near: bool = False
    shows: tuple[tuple[str, str], ...] = ()

    def sentence_sql(self) -> str:
        """SQL text expression: what was found and what was expected, in Indonesian."""
        if self.column is None:
            cells = " || ', ' || ".join(
                f"{_text(title + ' ')} || coalesce('\"' || {cell} || '\"', 'kosong')"
                for cell, title in self.shows
            )
            return f"{_text(self.expected + ' (ditemukan: ')} || {cells} || {_text(').')}"
        if self.kind == "missing":
            return _text(f"Kolom {self.column} ({self.title}) kosong; {self.expected}.")
        found = f"coalesce(\"{self.column}__found\", '')"
        near = f" || coalesce('; mungkin ' || \"{self.column}__near\", '')" if self.near else ""
        then = "; nilai ini tidak dipakai." if self.drops else "."
        return (
            _text(f'Kolom {self.column} ({self.title}): ditemukan "')
            + f" || {found} || "
            + _text(f'", {self.expected if self.kind in _WHOLE else "seharusnya " + self.expected}')
            + f"{near} || {_text(then)}"
        )


# Kinds whose `expected` tells what was done with the value, not what it should have been.
_WHOLE = ("child", "retired", "repeated", "unit", "credentials", "scheme", "name", "folder")


def rules_of(contract: Contract) -> list[Rule]:
    """Every rule of a contract, in the order of its columns, then the rules over whole rows."""
    found: list[Rule] = []
    for column in contract.columns:
        found += _column_rules(contract.kind, column)
    for row in contract.row_rules:
        rule_id = f"{contract.kind}.row.{row.name}"
        named = [c.name for c in contract.columns if re.search(rf"\b_?{c.name}\b", row.broken)]
        shows = _cells(contract, named)
        found.append(
            Rule(rule_id, None, "row", row.severity, row.broken, row.sentence, row.sentence, shows=shows)
        )
    found.append(
        Rule(
            f"{contract.kind}.row.surplus_cells",
            None,
            "surplus",
            "error",
            "_surplus is not null",
            "Baris ini memuat lebih banyak sel daripada kepala kolom",
            "Jumlah sel",
            shows=(("_surplus", "sel lebih"),),
        )
    )
    found.append(
        Rule(
            f"{contract.kind}.row.unreadable",
            None,
            "unreadable",
            "error",
            "_fault is not null",
            "Baris ini tidak dapat dibaca: tanda kutip tidak ditutup, karakter NUL, atau JSON rusak",
            "Keterbacaan baris",
            shows=(("_fault", "sebab"),),
        )
    )
    if contract.key:
        found += _key_rules(contract)
    return found


def _column_rules(kind: str, column: Column) -> list[Rule]:
    name = column.name
    typed, text = f'"{name}"', f'"{name}__text"'

    def rule(
        kind_of_rule: RuleKind, severity: Severity, broken: str, expected: str, near: bool = False
    ) -> Rule:
        droppable = ("type", "codes", "pattern", "range")
        drops = severity == "warning" and (
            kind_of_rule in droppable or (kind_of_rule == "reference" and column.accepts_children)
        )
        rule_id = f"{kind}.{name}.{kind_of_rule}"
        return Rule(rule_id, name, kind_of_rule, severity, broken, expected, column.title, drops, near)

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
        found.append(rule("pattern", column.invalid, broken, expected, offers_near(column)))
    if column.minimum is not None or column.maximum is not None or column.latest:
        found.append(rule("range", column.invalid, *_range(column)))
    if column.reference:
        found += _reference_rules(column, rule)
    if column.is_unique:
        broken = f'"{name}__repeated"'
        found.append(rule("repeated", "warning", broken, "nilai ini juga dipakai baris lain pada berkas ini"))
    return found + _reading_rules(column, rule)


def _reference_rules(column: Column, rule: Callable[..., Rule]) -> list[Rule]:
    assert column.reference is not None
    table, _ = column.reference
    title = LISTS[table].title
    is_ = f'"{column.name}__{{}}"'.format
    found = [rule("reference", column.unknown, is_("unknown"), f"ada pada {title}", offers_near(column))]
    if column.accepts_children:
        said = f"tidak ada pada {title}; diterima sebagai anak dari kode yang ada"
        found.append(rule("child", "warning", is_("child"), said))
        said = f"nama di belakang kode berbeda dengan nama pada {title}; yang dipakai kodenya"
        name = f"lower(trim(regexp_replace(\"{column.name}__found\", '^\\s*\\S+', '')))"
        other = f"length({name}) > 0 and lower({is_('listed')}) <> {name}"
        found.append(rule("name", "warning", other, said))
    if table == "opd_register":
        said = f"OPD ini tidak aktif lagi menurut {title}"
        found.append(rule("retired", "warning", is_("retired"), said))
    return found


def _reading_rules(column: Column, rule: Callable[..., Rule]) -> list[Rule]:
    text, cell = f'"{column.name}__text"', f'"{column.name}__found"'
    found = []
    if column.type in ("bigint", "decimal(38,10)"):
        broken = f"\"{column.name}\" is not null and regexp_matches({cell}, '[0-9] ?{UNIT}\\s*$')"
        found.append(rule("unit", "warning", broken, "satuan di belakang angka dibuang; isi angkanya saja"))
    if column.is_url:
        said = "nama pengguna dan sandi pada alamat dibuang; ganti sandinya"
        found.append(rule("credentials", "warning", f"contains({cell}, {_text(CUT_CREDENTIALS)})", said))
        said = "hanya alamat http atau https yang diterima; nilai ini tidak dipakai"
        other = f"{text} is null and http_url({cell}) is null and contains({cell}, ':')"
        found.append(rule("scheme", "warning", other, said))
    if column.from_folder:
        folder = f"_folder_{column.name}"
        broken = f"not starts_with({text}, {folder}) and not starts_with({folder}, {text})"
        found.append(
            rule("folder", "warning", broken, "berbeda dengan folder berkas; yang dipakai isi kolom")
        )
    return found


def _range(column: Column) -> tuple[str, str]:
    """SQL that is true outside the column's bounds, and the bounds in words."""
    value = f'"{column.name}"'
    is_time = column.type in ("date", "timestamp")
    broken, words = [], []
    if column.minimum is not None:
        low = f"{column.type} '{column.minimum}'" if is_time else column.minimum
        broken.append(f"{value} < {low}")
        words.append(f"paling {'awal' if is_time else 'sedikit'} {column.minimum}")
    if column.maximum is not None:
        broken.append(f"{value} > {column.maximum}")
        words.append(f"paling banyak {column.maximum}")
    if column.latest and is_time:
        broken.append(f"{value} > _received_at + interval '{column.latest}'")
        words.append(f"paling lambat {_SPANS[column.latest]} sesudah berkas diterima")
    elif column.latest:
        year = value if column.type == "bigint" else f"try_cast(left({value}, 4) as integer)"
        broken.append(f"{year} > year(_received_at) + {column.latest.split()[0]}")
        words.append("paling lambat tahun depan")
    return "(" + " or ".join(broken) + ")", " dan ".join(words)


_SPANS = {"1 day": "1 hari", "50 years": "50 tahun"}


def _cells(contract: Contract, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Cells as a message shows them: instansi and period may come from the folder."""
    shown = []
    for name in names:
        column = contract.column(name)
        folder = f", _{name}" if name in ("instansi_code", "period") else ""
        shown.append((f'coalesce("{name}__found"{folder})' if folder else f'"{name}__found"', column.title))
    return tuple(shown)


def key_sql(contract: Contract) -> list[str]:
    """SQL of the key columns; instansi and period fall back on what the folder says."""
    own = {"instansi_code": "_instansi_code", "period": "_period"}
    return [own.get(name, f'"{name}__text"') for name in contract.key]


def key_faults_sql(contract: Contract, source: str) -> str:
    """SELECT of (_row_number, twin, conflict) of rows that share a key; on few columns, since it sorts."""
    parts = key_sql(contract)
    filled = " and ".join(f"{part} is not null" for part in parts)
    over = f"(partition by {', '.join(parts)})"
    ordered = f"(partition by {', '.join(parts)} order by _row_number)"
    same = f"min(_content) over {over} = max(_content) over {over}"
    return (
        f"select * from (select _row_number, {same} and row_number() over {ordered} > 1 as twin, "
        f"not ({same}) as conflict from {source} where {filled}) where twin or conflict"
    )


def _key_rules(contract: Contract) -> list[Rule]:
    shows = _cells(contract, contract.key)
    said: dict[RuleKind, tuple[str, str, str]] = {
        "duplicate": ("_twin", "Baris ini sama persis dengan baris terdahulu", "Baris ganda"),
        "conflict": ("_conflict", "Kunci yang sama dipakai baris lain dengan isi berbeda", "Kunci bentrok"),
    }
    return [
        Rule(f"{contract.kind}.key.{kind}", None, kind, "error", broken, sentence, title, shows=shows)
        for kind, (broken, sentence, title) in said.items()
    ]


def _text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"
