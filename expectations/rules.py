"""What a contract demands, rule by rule: identifier, SQL predicate and Indonesian sentence.

Belongs here: the meaning of every kind of rule, once; the quarantine SQL, the Great Expectations suite and
the documentation all read this list. Stays out: reading contracts (`contract.py`) and running anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from expectations.contract import DECIMALS, Column, Contract, Severity
from expectations.normalise import CUT_CREDENTIALS, formula_words, has_unit_sql, missing_words
from expectations.quoting import literal
from expectations.references import LISTS, offers_near, takes_names
from expectations.spellings import RESOLVERS

RuleKind = Literal[
    "missing",
    "type",
    "codes",
    "pattern",
    "range",
    "length",
    "reference",
    "unnamed",
    "child",
    "retired",
    "near",
    "repeated",
    "row",
    "duplicate",
    "conflict",
    "formula",
    "unit",
    "credentials",
    "scheme",
    "host",
    "name",
    "folder",
    "surplus",
    "unreadable",
]
# Rules on how a cell was written: they need the cell as received, which is judged once and not kept. What a
# name was nearly is told by the systems that were known before it came.
AS_RECEIVED = (
    "near",
    "formula",
    "unit",
    "credentials",
    "scheme",
    "host",
    "name",
    "folder",
    "surplus",
    "unreadable",
)
# Those of them that only a cell of the file itself can break.
OF_CELLS = ("formula", "unit", "credentials", "scheme", "host")
# Rules whose broken value is not used by the row where they only warn.
DROPPING = ("type", "codes", "pattern", "range", "length")

TYPE_WORDS = {
    "bigint": "bilangan bulat",
    **dict.fromkeys(DECIMALS, "bilangan"),
    "boolean": "Ya atau Tidak",
    "date": "tanggal, misalnya 2026-03-03 atau 3 Maret 2026",
    "timestamp": "waktu, misalnya 2026-03-03 08:00",
    "varchar": "teks",
    "varchar[]": "daftar yang dipisah titik koma",
}
NUMBER_WORDS = {
    "count": "bilangan, misalnya 1.234",
    "money": "rupiah tanpa sen, misalnya 99.000.000",
    "score": "bilangan, misalnya 3,25",
    "share": "bagian, misalnya 0,6 atau 60%",
}
# What a row that breaks a rule carries to whoever mends it: `found` is NULL where nothing stood there, and in
# rows that were judged before it had a field of its own; `message` is the sentence of both.
BROKEN_TYPE = (
    "struct(rule varchar, severity varchar, column_name varchar, found varchar, expected varchar, "
    "message varchar)[]"
)


def type_words(column: Column) -> str:
    """What a cell of the column's type may hold, in words."""
    if column.is_year:
        return f"tahun empat angka, misalnya {column.example_of()}"
    if column.type == "bigint" and column.number == "count":
        return "bilangan bulat, misalnya 1.234"
    return NUMBER_WORDS[column.number] if column.number else TYPE_WORDS[column.type]


@dataclass(frozen=True)
class Rule:
    """One rule of one contract.

    `broken` is SQL that is true for a row that breaks the rule, over the relation `this` of
    `quarantine.judge_landed`: each column as its typed value, `<column>__text` as normalised text and
    `<column>__found` as received; `<column>__unknown` and so on as `references.lookup_sql` says,
    `<column>__differs` as `spellings.resolve_texts`, `_twin`, `_conflict` and `_other` as `key_faults_sql`.
    NULL counts as not broken.
    `expected` completes the sentence "seharusnya …"; for rules over a whole row it is the whole sentence.
    `advice` tells what to do about it.
    `drops` tells that the row loads without the value; `near` that `<column>__near` may offer another;
    `shows` names the cells (SQL, title) that a message on a whole row tells, `about` the columns that it is
    about; `clashes` tells that it is about another row of the file, too: what was found ends in `ALSO_AT` and
    that row.
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
    about: tuple[str, ...] = ()
    clashes: bool = False

    @property
    def advice(self) -> str:
        """What to do about a value that breaks the rule, in Indonesian."""
        return _ADVICE.get(self.kind, "Perbaiki nilainya.")

    def found_sql(self) -> str:
        """SQL text expression: what stood there, the cells of a rule over a whole row with their titles."""
        if self.kind == "unreadable":
            return "_fault"
        if self.kind == "missing":
            return "null::varchar"
        if self.column is None:
            cells = " || ', ' || ".join(
                f"{literal(title + ' ')} || coalesce('\"' || {cell} || '\"', 'kosong')"
                for cell, title in self.shows
            )
            return f"{cells} || {literal(ALSO_AT)} || {_OTHER_ROW}" if self.clashes else cells
        return f"coalesce(\"{self.column}__found\", '')"

    def expected_sql(self) -> str:
        """SQL text expression: what should stand there, or what was done with it, without a full stop."""
        if self.near and self.kind == "unnamed":
            # What to write comes first, and only then what became of the row.
            return f"coalesce('mungkin ' || \"{self.column}__near\" || '; ', '') || {literal(self.expected)}"
        near = f" || coalesce('; mungkin ' || \"{self.column}__near\", '')" if self.near else ""
        return literal(self.expected) + near + (f" || {literal(_UNUSED)}" if self.drops else "")

    def message_sql(self, found: str, expected: str) -> str:
        """SQL text expression: the Indonesian sentence of what was found and expected, given as SQL."""
        if self.kind == "unreadable":
            return f"{expected} || ': ' || {found} || '.'"
        if self.column is None:
            return f"{expected} || ' (ditemukan: ' || {found} || ').'"
        named = f"Kolom {self.title}"
        if self.kind == "missing":
            return f"{literal(f'{named} kosong; ')} || {expected} || '.'"
        then = '", ' if self.kind in _WHOLE else '", seharusnya '
        start = literal(f'{named}: ditemukan "')
        return f"{start} || {found} || {literal(then)} || {expected} || '.'"


# Words of `Rule.expected` that stand for the row behind `ALSO_AT`.
OTHER_ROW = "baris lain"
ALSO_AT = ", juga pada "
# As `intake.row_place`: rows of a second sheet begin at ten million; its name is not known here.
_OTHER_ROW = (
    "'baris ' || (_other % 10000000) || case when _other // 10000000 <> this._row_number // 10000000 "
    "then ' lembar ke-' || (_other // 10000000 % 1000000 + 1) else '' end"
)
_UNUSED = "; nilai ini tidak dipakai"
# Kinds whose `expected` tells what was done with the value, not what it should have been.
_WHOLE = (
    "unnamed",
    "child",
    "retired",
    "near",
    "repeated",
    "formula",
    "unit",
    "credentials",
    "scheme",
    "host",
    "name",
    "folder",
)
# What they say of a column stands without "seharusnya".
TOLD_WHOLE = ("missing", *_WHOLE)
_ADVICE: dict[RuleKind, str] = {
    "missing": "Isi kolom ini.",
    "type": "Tulis ulang nilainya dalam bentuk yang diminta.",
    "codes": "Pilih salah satu nilai yang disebut.",
    "pattern": "Tulis kodenya dalam bentuk yang diminta.",
    "range": "Periksa nilainya; batasnya disebut pada kolom seharusnya.",
    "reference": "Pakai kode yang ada pada daftar, atau kirim dulu daftar yang memuatnya.",
    "unnamed": "Tulis kode atau nama OPD seperti pada Daftar OPD; yang mungkin dimaksud disebut lebih dulu.",
    "child": "Pakai kode yang ada pada daftar bila ada yang cocok.",
    "retired": "Pakai OPD yang aktif.",
    "near": "Bila aplikasinya sama, isi kodenya atau samakan namanya; bila lain, biarkan.",
    "repeated": "Pastikan tidak ada dua baris untuk hal yang sama.",
    "row": "Perbaiki salah satu nilai yang disebut.",
    "duplicate": "Hapus baris gandanya.",
    "conflict": "Hapus baris yang keliru, atau tulis nilai yang benar pada kolom yang disebut.",
    "unit": "Isi angkanya saja, tanpa satuan.",
    "credentials": "Hapus nama pengguna dan sandi dari alamat, lalu ganti sandinya.",
    "scheme": "Isi alamat yang diawali http:// atau https://.",
    "name": "Samakan nama dengan kodenya.",
    "folder": "Samakan isi kolom dengan folder berkas.",
    "surplus": "Periksa tanda pemisah; beri tanda kutip pada sel yang memuat pemisah.",
    "unreadable": "Simpan ulang berkas dari aplikasi asalnya; periksa tanda kutip pada baris ini.",
}


def rules_of(contract: Contract) -> list[Rule]:
    """Every rule of a contract, in the order of its columns, then the rules over whole rows."""
    found: list[Rule] = []
    for column in contract.columns:
        found += _column_rules(contract.kind, column)
    for row in contract.row_rules:
        rule_id = f"{contract.kind}.row.{row.name}"
        said, shows = row.sentence, _cells(contract, row.columns)
        found.append(
            Rule(rule_id, None, "row", row.severity, row.broken, said, said, shows=shows, about=row.columns)
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
            "Baris ini tidak dapat dibaca",
            "Keterbacaan baris",
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
        drops = severity == "warning" and (
            kind_of_rule in DROPPING or (kind_of_rule == "reference" and column.accepts_children)
        )
        rule_id = f"{kind}.{name}.{kind_of_rule}"
        return Rule(rule_id, name, kind_of_rule, severity, broken, expected, column.title, drops, near)

    found = []
    if column.missing:
        # An instansi or a period that is not a column of the file comes from its folder.
        found.append(rule("missing", column.missing, f"{text} is null", "perlu diisi"))
    if column.type not in ("varchar", "varchar[]"):
        found.append(
            rule("type", column.invalid, f"{text} is not null and {typed} is null", type_words(column))
        )
    if column.codes:
        codes = ", ".join(literal(c) for c in column.codes)
        broken = (
            f"len(list_filter({typed}, lambda x: x not in ({codes}))) > 0"
            if column.is_list
            else f"{text} not in ({codes})"
        )
        found.append(rule("codes", column.invalid, broken, "salah satu dari: " + ", ".join(column.labels)))
    if column.pattern:
        expected = f"mengikuti bentuk {column.form}" if column.example else "mengikuti bentuk kode"
        broken = f"not regexp_matches({text}, {literal(column.pattern)})"
        found.append(rule("pattern", column.invalid, broken, expected, offers_near(column)))
    if column.minimum is not None or column.maximum is not None or column.latest:
        found.append(rule("range", column.invalid, *_range(column)))
    if column.max_length:
        broken = f"length({text}) > {column.max_length}"
        found.append(rule("length", column.invalid, broken, f"paling banyak {column.max_length} huruf"))
    if column.reference:
        found += _reference_rules(column, rule)
    if column.resembles:
        said = "hampir sama dengan nama aplikasi OPD itu yang sudah ada; dimuat sebagai aplikasi lain"
        found.append(rule("near", "warning", f'"{name}__near" is not null', said, True))
    if column.names and RESOLVERS[column.names].compares:
        title = LISTS[RESOLVERS[column.names].list].title
        found.append(_name_rule(title, f'"{name}__differs"', rule))
    if column.is_unique:
        broken = f'"{name}__repeated"'
        found.append(rule("repeated", "warning", broken, "nilai ini juga dipakai baris lain pada berkas ini"))
    return found + _reading_rules(column, rule)


def _reference_rules(column: Column, rule: Callable[..., Rule]) -> list[Rule]:
    assert column.reference is not None
    table, target = column.reference
    title = LISTS[table].title
    is_ = f'"{column.name}__{{}}"'.format
    found = []
    if not column.code_column:
        near = offers_near(column)
        found.append(rule("reference", column.unknown, is_("unknown"), f"ada pada {title}", near))
    if takes_names(column):
        said = f"nama ini tidak ada pada {title}, dimuat sebagai OPD sementara"
        found.append(rule("unnamed", "warning", is_("unnamed"), said, offers_near(column)))
    if column.accepts_children:
        said = f"tidak ada pada {title}; diterima sebagai anak dari kode yang ada"
        found.append(rule("child", "warning", is_("child"), said))
    if column.accepts_children or (table == "area" and not column.names):
        behind = f"spelling_key(regexp_replace(\"{column.name}__found\", '^\\s*\\S+', ''))"
        other = f"{behind} <> '' and not ends_with({behind}, spelling_key({is_('listed')}))"
        found.append(_name_rule(title, other, rule))
    if table == "opd_register" and target == "opd_code":
        said = f"OPD ini tidak aktif lagi menurut {title}"
        found.append(rule("retired", "warning", is_("retired"), said))
    return found


def _name_rule(title: str, broken: str, rule: Callable[..., Rule]) -> Rule:
    said = f"nama di belakang kode berbeda dengan nama pada {title}; yang dipakai kodenya"
    return rule("name", "warning", broken, said)


def _reading_rules(column: Column, rule: Callable[..., Rule]) -> list[Rule]:
    text, cell = f'"{column.name}__text"', f'"{column.name}__found"'
    found = []
    if not (column.personal or column.transform):
        said = "rumus tanpa hasil atau galat lembar kerja; dibaca sebagai kosong"
        found.append(rule("formula", "warning", formula_sql(text, cell), said))
    if column.number:
        broken = f'"{column.name}" is not null and {has_unit_sql(cell)}'
        found.append(rule("unit", "warning", broken, "satuan di belakang angka dibuang; isi angkanya saja"))
    if column.is_url:
        said = "nama pengguna dan sandi pada alamat dibuang; ganti sandinya"
        found.append(rule("credentials", "warning", f"contains({cell}, {literal(CUT_CREDENTIALS)})", said))
        said = "hanya alamat http atau https yang diterima; nilai ini tidak dipakai"
        fault = f"{text} is null and url_fault(clean_text({cell}))"
        found.append(rule("scheme", "warning", f"{fault} = 'scheme'", said))
        said = "bukan alamat web: perlu nama host, misalnya layanan.contoh.go.id; nilai ini tidak dipakai"
        words = ", ".join(literal(word) for word in missing_words(column))
        broken = f"{fault} = 'host' and lower(clean_text({cell})) not in ({words})"
        found.append(rule("host", "warning", broken, said))
    if column.from_folder:
        folder = f"_folder_{column.name}"
        broken = f"not starts_with({text}, {folder}) and not starts_with({folder}, {text})"
        found.append(
            rule("folder", "warning", broken, "berbeda dengan folder berkas; yang dipakai isi kolom")
        )
    return found


def is_faulty_sql(cells: str) -> str:
    """SQL that is true where one of the cells, put together, may be a spreadsheet's error word."""
    return f"regexp_matches({cells}, '[#:]')"


def formula_sql(text: str, cell: str) -> str:
    """SQL that is true where a cell was read as missing for it holds a spreadsheet's error word.

    Args:
        text: SQL of the normalised text.
        cell: SQL of the cell as received.
    """
    words = ", ".join(literal(word) for word in formula_words())
    # Most cells that are missing are empty: only those with a sign of an error are looked up.
    return f"{text} is null and {is_faulty_sql(cell)} and lower(clean_text({cell})) in ({words})"


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
    """SQL of the key columns; instansi and period fall back on what the folder says.

    A row that belongs to its period is another row in another period, also where the contract's own key does
    not say so.
    """
    own = {"instansi_code": "_instansi_code", "period": "_period"}
    names = (*contract.key, *(n for n in own if contract.is_dated and n not in contract.key))
    return [own.get(name, f'"{name}__text"') for name in names]


def dropping_rules(contract: Contract, rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Columns that a rule over whole rows reads to the rules that take their value from the row.

    A value that does not parse is NULL by its type already.
    """
    read = {name for row in contract.row_rules for name in row.columns}
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.column in read and rule.drops and rule.kind in DROPPING and rule.kind != "type":
            found.setdefault(rule.column, []).append(rule)
    return found


def dropped_sql(contract: Contract, rules: Iterable[Rule]) -> dict[str, str]:
    """Columns that a rule over whole rows reads to SQL that is true where their value is not used."""
    dropping = dropping_rules(contract, rules)
    return {name: " or ".join(f"({rule.broken})" for rule in found) for name, found in dropping.items()}


def key_faults_sql(contract: Contract, source: str, *within: str) -> str:
    """SELECT of (_row_number, twin, conflict, other) of rows that share a key.

    `within` are more columns that they share; `other` is the first row of the key, for that one the second.
    On few columns, since it sorts.
    """
    parts = key_sql(contract)
    filled = " and ".join(f"{part} is not null" for part in parts)
    by = ", ".join([*within, *parts])
    over, ordered = f"(partition by {by})", f"(partition by {by} order by _row_number)"
    same = f"min(_content) over {over} = max(_content) over {over}"
    first = f"min(_row_number) over {over}"
    return (
        f"select * from (select _row_number, {same} and row_number() over {ordered} > 1 as twin, "
        f"not ({same}) as conflict, "
        f"case when _row_number > {first} then {first} else lead(_row_number) over {ordered} end as other "
        f"from {source} where {filled}) where twin or conflict"
    )


def _key_rules(contract: Contract) -> list[Rule]:
    shows = _cells(contract, contract.key)
    # Instansi and period, which the folder says, are seldom what a person would write otherwise.
    about = tuple(n for n in contract.key if n not in ("instansi_code", "period")) or contract.key
    titles = [contract.column(name).title for name in about]
    named = " atau ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)
    apart = f"{named} perlu lain dari {OTHER_ROW} yang isinya berbeda"
    said: dict[RuleKind, tuple[str, str, str]] = {
        "duplicate": ("_twin", f"Baris ini sama persis dengan {OTHER_ROW}; cukup satu", "Baris ganda"),
        "conflict": ("_conflict", apart, "Kunci bentrok"),
    }
    return [
        Rule(
            f"{contract.kind}.key.{kind}", None, kind, "error", broken, sentence, title,
            shows=shows, about=about, clashes=True,
        )
        for kind, (broken, sentence, title) in said.items()
    ]  # fmt: skip
