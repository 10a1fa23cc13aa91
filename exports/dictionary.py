"""What tables and columns of the published database mean in Indonesian: the table `data_dictionary`.

Belongs here: its columns, writing it, reading it. Stays out: the words (`dbt_project/models/docs/`), the
English comments, which stand on tables and columns themselves.
"""

from collections.abc import Mapping
from typing import NamedTuple

import duckdb

from expectations.quoting import identifier, literal

DICTIONARY = "data_dictionary"
_COMMENT = (
    "Titles and descriptions in Indonesian; the English ones are the comments of tables and columns. "
    "Grain: one row per table, and per column. Primary key: table_name, column_name."
)
_COLUMNS = {
    "table_name": "Name of the table",
    "column_name": "Name of the column; empty for the table itself",
    "title": "What people call it, in Indonesian",
    "description": "What it means, in Indonesian",
}


class Meaning(NamedTuple):
    """A table or a column in Indonesian: what people call it, and what it means."""

    title: str
    description: str

    def beside(self, english: str) -> str:
        """The description in both languages, Indonesian first."""
        return "\n\n".join(text for text in (self.description, english) if text)


# By table and column; '' stands for the table itself.
Dictionary = Mapping[tuple[str, str], Meaning]


def write_dictionary(connection: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    """Make the table of a database that is being published, with its comments."""
    columns = ", ".join(f"{identifier(name)} varchar" for name in _COLUMNS)
    connection.execute(f"create table {DICTIONARY} ({columns})")
    rows = [[*key, *meaning] for key, meaning in sorted(dictionary.items())]
    if rows:
        connection.executemany(f"insert into {DICTIONARY} values (?, ?, ?, ?)", rows)
    connection.execute(f"comment on table {DICTIONARY} is {literal(_COMMENT)}")
    for name, comment in _COLUMNS.items():
        connection.execute(f"comment on column {DICTIONARY}.{identifier(name)} is {literal(comment)}")


def read_dictionary(connection: duckdb.DuckDBPyConnection) -> Dictionary:
    """What a published database says; nothing where it was published without."""
    is_there = "select 1 from duckdb_tables() where table_name = ? and database_name = current_database()"
    if connection.execute(is_there, [DICTIONARY]).fetchone() is None:
        return {}
    rows = connection.execute(
        f"select table_name, column_name, title, description from {DICTIONARY}"
    ).fetchall()
    return {(table, column): Meaning(title, description) for table, column, title, description in rows}
