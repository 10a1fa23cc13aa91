"""The data dictionary as pages: every table and ready question of the published database, each on its own.

Belongs here: which tables a page shows, in which order. Stays out: the words (`dbt_project/models/docs/`),
what is read of the database (`exports/dictionary.py`).
"""

import duckdb

from exports.dictionary import explain_tables
from exports.reports.pages import render_page


def render_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, bytes]:
    """Fill a page for each table and question, and their list.

    Args:
        connection: the published database, open.

    Returns:
        Pages by their file name: `<table>.html`, and `index.html`, which comes last.
    """
    tables = explain_tables(connection)
    pages = {
        f"{table.name}.html": render_page("table.html.j2", title=table.title or table.name, table=table)
        for table in tables
    }
    groups = [
        ("Tabel", [table for table in tables if not table.is_question]),
        ("Pertanyaan siap pakai", [table for table in tables if table.is_question]),
    ]
    return pages | {"index.html": render_page("tables.html.j2", title="Kamus data", groups=groups)}
