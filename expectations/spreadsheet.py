"""What every workbook that we write has in common: how texts are kept as texts, how long a cell may be.

Belongs here: the options of the writer and the guard against formulas. Stays out: what a sheet holds, and
reading workbooks (`sources/tables/`).
"""

from __future__ import annotations

# Of `xlsxwriter.Workbook`: a text stays a text, whatever it looks like.
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
CELL_CHARACTERS = 32_767
# A spreadsheet takes a text that begins with one of these for a formula; as a class of RE2, the dash last.
_SIGNS = "=+@\t\r-"
_CLASS = r"[=+@\t\r-]"


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(tuple(_SIGNS)) else text


def guarded_sql(text: str) -> str:
    """SQL of a text as `guarded` gives it."""
    return f"case when regexp_matches({text}, '^{_CLASS}') then '''' || {text} else {text} end"


def unguarded_sql(text: str) -> str:
    """SQL of a text that may have been guarded, by us or by a spreadsheet, as it was before."""
    return f"regexp_replace({text}, '^''({_CLASS})', '\\1')"
