"""From text as received to the one spelling a contract knows: SQL expressions and the macros they call.

Belongs here: missing values, yes/no, dates, numbers, codes and lists in their many spellings (the spellings
themselves are tables in `aliases/`). Stays out: judging a value (`rules.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.contract import Column, shared_spellings

if TYPE_CHECKING:
    import duckdb

# Zero-width and bidirectional marks change nothing a reader sees, yet make two equal codes differ.
_INVISIBLE = r"[\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}\x{2066}-\x{2069}\x{FEFF}\x{00AD}]"
_BLANKS = r"[\s\x{00A0}\x{2000}-\x{200A}\x{202F}\x{3000}]+"


def _lit(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _map(pairs: dict[str, str]) -> str:
    entries = ", ".join(f"{_lit(k)}: {_lit(v)}" for k, v in pairs.items())
    return f"map {{{entries}}}"


def install_normalisers(con: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary macros that `text_sql` calls on this connection."""
    month = _map({r["alias"]: r["value"] for r in shared_spellings("month")})
    yes_no = _map({r["alias"]: r["value"] for r in shared_spellings("boolean")})
    con.execute(
        f"create or replace temp macro clean_text(x) as nullif(trim(regexp_replace(regexp_replace("
        f"x, {_lit(_INVISIBLE)}, '', 'g'), {_lit(_BLANKS)}, ' ', 'g')), '')"
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
            when regexp_full_match(lower(x), '\d{{1,2}}[ -][a-z]+[ -]\d{{4}}') then coalesce(strftime(try_strptime(
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
                then coalesce(strftime(try_cast(x as timestamptz) at time zone 'UTC', '%Y-%m-%d %H:%M:%S.%f'), x)
            when regexp_full_match(x, '\d{1,2}/\d{1,2}/\d{4} \d{2}:\d{2}')
                then coalesce(strftime(try_strptime(x, '%d/%m/%Y %H:%M'), '%Y-%m-%d %H:%M:%S'), x)
            else iso_date(x)
        end"""
    )
    # Dots in groups of three are thousands in counts and money, a decimal point in scores (formats 0b).
    con.execute(
        r"""
        create or replace temp macro plain_count(x) as case
            when regexp_full_match(lower(x), '(rp\.? ?)?[+-]?(\d{1,3}(\.\d{3})+|\d+)(,-|,0+|\.0+)?( ?[a-z%]+)?')
                then replace(regexp_extract(x, '[+-]?(\d{1,3}(\.\d{3})+|\d+)'), '.', '')
            else x
        end"""
    )
    con.execute(
        r"""
        create or replace temp macro plain_number(x) as case
            when regexp_full_match(x, '[+-]?\d{1,3}(\.\d{3})+,\d+ ?%?')
                then replace(replace(rtrim(rtrim(x, '%')), '.', ''), ',', '.')
            when regexp_full_match(x, '[+-]?\d+(,\d+)? ?%?') then replace(rtrim(rtrim(x, '%')), ',', '.')
            when regexp_full_match(x, '[+-]?\d+\.\d+ ?%?') then rtrim(rtrim(x, '%'))
            else x
        end"""
    )
    con.execute(
        f"create or replace temp macro true_false(x) as coalesce({yes_no}[lower(x)], x)"
    )


def text_sql(column: Column, received: str, aliases: dict[str, str]) -> str:
    """SQL that turns a received cell into normalised text, NULL where it says nothing.

    Args:
        column: the contract's column.
        received: SQL of the cell as received (text).
        aliases: spelling in lower case to code, for this column.
    """
    if column.is_list:
        return _list_sql(column, received, aliases)
    family = _family(column.type)
    missing = [r["alias"] for r in shared_spellings("missing") if r["applies_to"] in ("all", family)]
    words = ", ".join(_lit(w) for w in missing)
    clean = f"clean_text({received})"
    present = f"case when lower({clean}) in ({words}) then null else {clean} end"
    if column.codes or aliases:
        spellings = {c.lower(): c for c in column.codes} | aliases
        present = f"coalesce({_map(spellings)}[lower({present})], {present})"
    elif column.pattern:
        # "RAL.02.03 Kepegawaian" in one cell: the code is what fits the pattern.
        inner = column.pattern.removeprefix("^").removesuffix("$")
        if "|" not in inner:
            found = f"regexp_extract({present}, {_lit('^(' + inner + ') ')}, 1)"
            present = f"coalesce(nullif({found}, ''), {present})"
    wrapped = {
        "date": f"iso_date({present})",
        "timestamp": f"iso_timestamp({present})",
        "bigint": f"plain_count({present})",
        "decimal(38,10)": f"plain_number({present})",
        "boolean": f"true_false({present})",
    }
    return wrapped.get(column.type, present)


def _family(type_: str) -> str:
    return {
        "date": "date",
        "timestamp": "date",
        "bigint": "number",
        "decimal(38,10)": "number",
        "boolean": "boolean",
    }.get(type_, "text")


def _list_sql(column: Column, received: str, aliases: dict[str, str]) -> str:
    spellings = {c.lower(): c for c in column.codes} | aliases
    one = f"coalesce({_map(spellings)}[lower(x)], x)" if spellings else "x"
    parts = rf"string_split(regexp_replace({received}, '[\r\n]+', ';', 'g'), ';')"
    missing = ", ".join(_lit(r["alias"]) for r in shared_spellings("missing") if r["applies_to"] != "date")
    cleaned = f"list_transform({parts}, lambda x: clean_text(x))"
    kept = f"list_filter({cleaned}, lambda x: x is not null and lower(x) not in ({missing}))"
    return f"nullif(array_to_string(list_transform({kept}, lambda x: {one}), ';'), '')"


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
