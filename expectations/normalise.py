"""From text as received to the one spelling a contract knows: SQL expressions and the macros they call.

Belongs here: missing values, yes/no, dates, numbers, codes and lists in their many spellings (the spellings
themselves are tables in `aliases/`). Stays out: judging a value (`rules.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from expectations.contract import Column, shared_spellings

if TYPE_CHECKING:
    import duckdb

# Zero-width and bidirectional marks change nothing a reader sees, yet make two equal codes differ.
_INVISIBLE = r"[\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}\x{2066}-\x{2069}\x{FEFF}\x{00AD}]"
_BLANKS = r"[\s\x{00A0}\x{2000}-\x{200A}\x{202F}\x{3000}]+"


_MACROS = {
    "date": "iso_date",
    "timestamp": "iso_timestamp",
    "bigint": "plain_count",
    "decimal(38,10)": "plain_number",
    "boolean": "true_false",
}
_FAMILIES = {
    "date": "date",
    "timestamp": "date",
    "bigint": "number",
    "decimal(38,10)": "number",
    "boolean": "boolean",
}
_NUMBERS = ("bigint", "decimal(38,10)")
# A URL's user and password; what is left behind in their place tells that they were there.
_CREDENTIALS = r"://[^/@\s]+@"
CUT_CREDENTIALS = "://…@"
UNIT = "[a-zA-Z%][a-zA-Z%²³/.]*"
_FOREIGN_SCHEME = r"^([a-z][a-z0-9+.-]*)://|^(javascript|data|mailto|file|ftp|tel|about|vbscript):"


def _lit(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _map(pairs: dict[str, str]) -> str:
    entries = ", ".join(f"{_lit(k)}: {_lit(v)}" for k, v in pairs.items())
    return f"map {{{entries}}}"


def install_normalisers(con: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary macros that `text_stages` calls on this connection."""
    month = _map({r["alias"]: r["value"] for r in shared_spellings("month")})
    yes_no = _map({r["alias"]: r["value"] for r in shared_spellings("boolean")})
    # Most cells are plain already: one test spares them two replacements.
    con.execute(
        f"create or replace temp macro clean_text(x) as nullif("
        f"case when regexp_matches(x, '[^!-~ ]|  |^ | $') then trim(regexp_replace(regexp_replace("
        f"x, {_lit(_INVISIBLE)}, '', 'g'), {_lit(_BLANKS)}, ' ', 'g')) else x end, '')"
    )
    con.execute(
        rf"""
        create or replace temp macro iso_date(x) as case
            when regexp_full_match(x, '\d{{4}}-\d{{1,2}}-\d{{1,2}}([ T].*)?') then coalesce(
                strftime(try_strptime(regexp_extract(x, '^[0-9-]+'), '%Y-%m-%d'), '%Y-%m-%d'), x)
            when regexp_full_match(x, '\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}}') then coalesce(
                strftime(try_strptime(regexp_replace(x, '[/.]', '-', 'g'), '%d-%m-%Y'), '%Y-%m-%d'), x)
            when regexp_full_match(x, '\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2}}') then coalesce(
                strftime(try_strptime(regexp_replace(x, '[/.]', '-', 'g'), '%d-%m-%y'), '%Y-%m-%d'), x)
            when regexp_full_match(lower(x), '\d{{1,2}}[ -][a-z]+[ -]\d{{4}}') then coalesce(
                strftime(try_strptime(
                    regexp_extract(x, '\d{{4}}$') || '-'
                    || {month}[regexp_extract(lower(x), '[a-z]+')] || '-'
                    || regexp_extract(x, '^\d+'), '%Y-%m-%d'), '%Y-%m-%d'), x)
            when regexp_full_match(x, '(19|20)\d{{2}}') then x || '-01-01'
            when regexp_full_match(x, '[2-6]\d{{4}}(\.0+)?')
                then strftime(date '1899-12-30' + cast(regexp_extract(x, '^\d+') as integer), '%Y-%m-%d')
            else x
        end"""
    )
    con.execute(
        r"""
        create or replace temp macro iso_timestamp(x) as case
            when regexp_full_match(x, '\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}.*')
                then coalesce(
                    strftime(try_cast(x as timestamptz) at time zone 'UTC', '%Y-%m-%d %H:%M:%S.%f'), x)
            when regexp_full_match(x, '\d{1,2}/\d{1,2}/\d{4} \d{2}:\d{2}')
                then coalesce(strftime(try_strptime(x, '%d/%m/%Y %H:%M'), '%Y-%m-%d %H:%M:%S'), x)
            else iso_date(x)
        end"""
    )
    words = "|".join(r["alias"] for r in shared_spellings("multiplier"))
    # "16 GB" is 16; "99 juta" is not 99.
    con.execute(
        f"create or replace temp macro without_unit(x) as case "
        f"when regexp_matches(lower(x), '^[^a-z]*[0-9] ?({words})\\b') then x "
        r"else regexp_replace("
        rf"x, '^((?:[Rr][Pp]\.? ?)?[+-]?[0-9][0-9.,]*(?:,-)?) ?{UNIT}$', '\1') end"
    )
    con.execute(
        f"create or replace temp macro cut_credentials(x) as "
        f"regexp_replace(x, {_lit(_CREDENTIALS)}, {_lit(CUT_CREDENTIALS)}, 'g')"
    )
    con.execute(
        "create or replace temp macro http_url(x) as case when regexp_matches(lower(x), "
        f"{_lit(_FOREIGN_SCHEME)}) and not regexp_matches(lower(x), '^https?://') then null "
        f"else replace(x, {_lit(CUT_CREDENTIALS)}, '://') end"
    )
    # Two spellings of one address: scheme, capitals of the host and a last slash say nothing.
    con.execute(
        "create or replace temp macro same_url(x) as rtrim("
        "lower(regexp_extract(x, '^(?:[a-zA-Z]+://)?([^/?#]*)', 1)) || "
        "regexp_extract(x, '^(?:[a-zA-Z]+://)?[^/?#]*(.*)$', 1), '/')"
    )
    # Dots in groups of three are thousands in counts and money, a decimal point in scores (formats 0b).
    con.execute(
        r"""
        create or replace temp macro plain_count(x) as case
            when regexp_full_match(
                lower(x), '(rp\.? ?)?[+-]?(\d{1,3}(\.\d{3})+|\d+)(,-|,0+|\.0+)?')
                then replace(regexp_extract(x, '[+-]?(\d{1,3}(\.\d{3})+|\d+)'), '.', '')
            else x
        end"""
    )
    con.execute(
        r"""
        create or replace temp macro plain_number(x) as case
            when regexp_full_match(x, '[+-]?\d{1,3}(\.\d{3})+,\d+')
                then replace(replace(x, '.', ''), ',', '.')
            when regexp_full_match(x, '[+-]?\d+,\d+') then replace(x, ',', '.')
            else x
        end"""
    )
    con.execute(f"create or replace temp macro true_false(x) as coalesce({yes_no}[lower(x)], x)")


def text_stages(columns: Sequence[Column], aliases: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """From cells to normalised text in stages; each maps a column to SQL over the stage before it.

    A stage reads and gives `<column>__text`. In one expression instead of stages, macros would copy each
    other's arguments, and the statement would grow beyond what DuckDB plans in reasonable time (minutes).

    Args:
        columns: the contract's columns.
        aliases: column name to spelling in lower case to code.
    """
    stages: list[dict[str, str]] = [{}, {}, {}, {}]
    for column in columns:
        x = f'"{column.name}__text"'
        codes = {c.lower(): c for c in column.codes} | dict(aliases.get(column.name, {}))
        # A word that the column itself gives a meaning ("none", "tidak ada") is a value there.
        missing = ", ".join(_lit(word) for word in _missing_words(column) if word not in codes)
        if column.is_list:
            parts = rf"string_split(regexp_replace({x}, '[\r\n]+', ';', 'g'), ';')"
            one = f"coalesce({_map(codes)}[lower(x)], x)" if codes else "x"
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
            stages[2][column.name] = f"coalesce({_map(codes)}[lower({x})], {x})"
        elif column.pattern and "|" not in column.pattern:
            # "RAL.02.03 Kepegawaian" in one cell: the code is what fits the pattern.
            inner = column.pattern.removeprefix("^").removesuffix("$")
            stages[2][column.name] = (
                f"coalesce(nullif(regexp_extract({x}, {_lit('^(' + inner + ') ')}, 1), ''), {x})"
            )
        elif column.is_url:
            stages[2][column.name] = f"http_url({x})"
        if column.type in _NUMBERS:
            stages[2][column.name] = f"without_unit({stages[2].get(column.name, x)})"
        if column.type in _MACROS:
            stages[3][column.name] = f"{_MACROS[column.type]}({x})"
    return stages


def _missing_words(column: Column) -> list[str]:
    families = {"all", _FAMILIES.get(column.type, "text")} | ({"zero"} if column.zero_is_missing else set())
    return [r["alias"] for r in shared_spellings("missing") if r["applies_to"] in families]


def typed_sql(column: Column, text: str) -> str:
    """SQL that turns normalised text into the contract's type, NULL where it does not parse."""
    if column.type == "varchar":
        return text
    if column.is_list:
        return f"string_split({text}, ';')"
    if column.type == "bigint":
        # A cast would round "16.5"; a count with a fraction does not parse.
        return rf"case when regexp_full_match({text}, '[+-]?\d{{1,18}}') then cast({text} as bigint) end"
    return f"try_cast({text} as {column.type})"
