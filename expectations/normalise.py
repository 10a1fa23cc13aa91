"""From text as received to the one spelling a contract knows: SQL expressions and the macros they call.

Belongs here: missing values, yes/no, dates, times, numbers, codes and lists in their many spellings (the
spellings themselves are tables in `aliases/`, the macros stand in `normalise.sql`). Stays out: judging a
value (`rules.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.contract import DECIMALS, Column, shared_spellings
from expectations.quoting import literal

if TYPE_CHECKING:
    import duckdb

# A pattern that a text of any length fits, or one of several forms: what stands behind a blank is part of it.
_OPEN_FORM = re.compile(r"[*+|]|,\}")
_FAMILIES = {"date": "date", "timestamp": "date", "boolean": "boolean"}
_NUMBERS = ("bigint", *DECIMALS)
_TIMES = ("date", "timestamp")
# What is left of a URL's user and password.
CUT_CREDENTIALS = "…@"
UNIT = "[a-zA-Z][a-zA-Z²³/.]*"
# 14 digits before the comma: beyond every bound of a contract, and below the 15 of a tax or identity number.
_DIGITS = 14


def _map(pairs: Mapping[str, str]) -> str:
    entries = ", ".join(f"{literal(k)}: {literal(v)}" for k, v in pairs.items())
    return f"map {{{entries}}}"


def install_normalisers(con: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    """Create the temporary macros that `text_stages` calls on this connection.

    Args:
        con: the connection; a cursor or another connection does not see the macros.
        time_zone: IANA name of the zone of a time that names none, and of the day of a time.

    Raises:
        duckdb.Error: DuckDB knows no such zone.
    """
    con.execute("select timezone(?, timestamp '2026-01-01')", [time_zone]).fetchall()
    con.execute("set variable spbe_time_zone = ?::varchar", [time_zone])
    for variable, table in (("spbe_months", "month"), ("spbe_yes_no", "boolean")):
        pairs = {r["alias"]: r["value"] for r in shared_spellings(table)}
        con.execute(f"set variable {variable} = {_map(pairs)}")
    zones = ", ".join(f"{literal(r['alias'])}: {int(r['minutes'])}" for r in shared_spellings("zone"))
    con.execute(f"set variable spbe_zones = map {{{zones}}}")
    percent = "|".join(re.escape(r["alias"]) for r in shared_spellings("percent"))
    con.execute("set variable spbe_percent = ?::varchar", [rf"^[+-]?[0-9]+(?:[.,][0-9]+)? ?(?:{percent})$"])
    con.execute("set variable spbe_no_units = ?::varchar", [_no_units()])
    con.execute(Path(__file__).with_name("normalise.sql").read_text(encoding="utf-8"))


def _no_units() -> str:
    """Pattern of a number with a word that changes it, so that the word can not be cut as a unit."""
    words = [r["alias"] for name in ("multiplier", "percent") for r in shared_spellings(name)]
    return "[0-9][0-9.,]* ?(?:" + "|".join(re.escape(w) for w in words) + ")(?:[^a-z]|$)"


def has_unit_sql(cell: str) -> str:
    """SQL that is true where a cell, as received, is a number with a unit behind it."""
    return (
        f"(regexp_matches({cell}, '[0-9],?-? ?{UNIT}\\s*$') "
        f"and not regexp_matches(lower({cell}), getvariable('spbe_no_units')))"
    )


def _word(text: str) -> str:
    """A spelling as alias tables are looked up by: signs between words are blanks."""
    return re.sub(r"[ ._/-]+", " ", text.lower()).strip()


def _word_sql(x: str) -> str:
    return f"trim(regexp_replace(lower({x}), '[ ._/-]+', ' ', 'g'))"


def text_stages(columns: Sequence[Column], aliases: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """From cells to normalised text in stages; each maps a column to SQL over the stage before it.

    A stage reads and gives `<column>__text`. In one expression instead of stages, macros would copy each
    other's arguments, and the statement would grow beyond what DuckDB plans in reasonable time (minutes).

    Args:
        columns: the contract's columns.
        aliases: column name to spelling in lower case to code.
    """
    stages: list[dict[str, str]] = [{}, {}, {}, {}, {}]
    names = {c.name for c in columns}
    for column in columns:
        x = f'"{column.name}__text"'
        codes = {c.lower(): c for c in column.codes} | dict(aliases.get(column.name, {}))
        # A word that the column itself gives a meaning ("none", "tidak ada") is a value there.
        missing = ", ".join(literal(word) for word in missing_words(column) if word not in codes)
        codes = {_word(word): code for word, code in codes.items()}
        if column.is_list:
            parts = rf"string_split(regexp_replace({x}, '[\r\n]+', ';', 'g'), ';')"
            one = f"coalesce({_map(codes)}[{_word_sql('x')}], x)" if codes else "x"
            stages[0][column.name] = f"array_to_string(list_transform({parts}, lambda x: clean_text(x)), ';')"
            stages[1][column.name] = (
                f"array_to_string(list_transform(list_filter(string_split({x}, ';'), "
                f"lambda x: x <> '' and lower(x) not in ({missing})), lambda x: {one}), ';')"
            )
            stages[2][column.name] = f"nullif({x}, '')"
            continue
        stages[0][column.name] = f"clean_text({x})"
        stages[1][column.name] = f"case when lower({x}) in ({missing}) then null else {x} end"
        if codes:
            stages[2][column.name] = f"coalesce({_map(codes)}[{_word_sql(x)}], {x})"
        elif column.pattern and not _OPEN_FORM.search(column.pattern):
            # "RAL.02.03 Kepegawaian" in one cell: the code is what fits the pattern.
            inner = column.pattern.removeprefix("^").removesuffix("$")
            stages[2][column.name] = (
                f"coalesce(nullif(regexp_extract({x}, {literal('^(' + inner + ') ')}, 1), ''), {x})"
            )
        elif column.is_url:
            stages[2][column.name] = f"http_url({x})"
        if column.type in _NUMBERS:
            stages[2][column.name] = f"without_exponent(without_unit({stages[2].get(column.name, x)}))"
            stages[3][column.name] = _number_sql(column, x, names)
            if column.zero_is_missing:
                stages[4][column.name] = f"case when not regexp_full_match({x}, '[+-]?0+') then {x} end"
        elif column.type in _TIMES:
            stages[2][column.name] = f"split_time({x})"
            stages[3][column.name] = f"iso_day_part({x})"
            stages[4][column.name] = f"{'utc_time' if column.type == 'timestamp' else 'local_day'}({x})"
        elif column.type == "boolean":
            stages[3][column.name] = f"true_false({x})"
    return stages


def _number_sql(column: Column, x: str, names: set[str]) -> str:
    """SQL of a number's text by the form that the contract names."""
    if column.number == "share":
        return f"without_percent({x})"
    if column.number == "score":
        return f"plain_score({x})"
    if column.type == "bigint":
        return f"plain_count({f'without_rupiah({x})' if column.number == 'money' else x})"
    if column.unit_column in names:
        units = ", ".join(literal(unit) for unit in column.decimal_units)
        unit = f'lower("{column.unit_column}__text")'
        return f"case when {unit} in ({units}) then plain_score({x}) else plain_amount({x}) end"
    return f"plain_score({x})" if column.unit_column else f"plain_amount({x})"


def missing_words(column: Column) -> list[str]:
    """Words in lower case that stand for a missing value in a column, spreadsheets' error words too."""
    family = _FAMILIES.get(column.type, "text")
    families = {"all", "formula", family} | ({"zero"} if column.zero_is_missing else set())
    if family != "boolean":
        families.add("not_boolean")
    return [r["alias"] for r in shared_spellings("missing") if r["applies_to"] in families]


def formula_words() -> list[str]:
    """What a spreadsheet shows, in lower case, where a formula has no result."""
    return [r["alias"] for r in shared_spellings("missing") if r["applies_to"] == "formula"]


def typed_sql(column: Column, text: str) -> str:
    """SQL that turns normalised text into the contract's type, NULL where it does not parse.

    Only the normal form parses: a cast would round "16.5" and read a time that was refused as one of UTC.
    """
    if column.type == "varchar":
        return text
    if column.is_list:
        return f"string_split({text}, ';')"
    forms = {
        "bigint": rf"[+-]?\d{{1,{_DIGITS}}}",
        **dict.fromkeys(DECIMALS, rf"[+-]?\d{{1,{_DIGITS}}}(\.\d+)?"),
        "date": r"\d{4}-\d{2}-\d{2}",
        "timestamp": r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d{1,6})?)?",
        "boolean": "true|false",
    }
    fits = f"regexp_full_match({text}, '{forms[column.type]}')"
    return f"case when {fits} then try_cast({text} as {column.type}) end"
