"""Texts and names as SQL, for all that is written into a statement and not given as a parameter.

Belongs here: quoting for DuckDB, once; every layer reads it from here. Stays out: statements.
"""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
