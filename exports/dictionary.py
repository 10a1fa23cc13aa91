"""What tables, questions and columns of the published database mean: `data_dictionary`.

Belongs here: its columns, writing it, reading it, alone or with all else that the database says of its
tables. Stays out: the words (`dbt_project/models/docs/`); the English ones are the comments of tables and
columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from expectations.quoting import identifier, literal
from exports.database import Table, insert_texts, list_tables, read_rows

DICTIONARY = "data_dictionary"
# Between the Indonesian and the English words of a comment on a question.
BOTH = " / "
_COMMENT = (
    "Titles and descriptions in Indonesian, and the English comments of tables, questions and columns. "
    "Grain: one row per table and question, and per column. Primary key: table_name, column_name."
)
_COLUMNS = {
    "table_name": "Name of the table",
    "column_name": "Name of the column; empty for the table itself",
    "title": "What people call it, in Indonesian",
    "description": "What it means, in Indonesian",
    "description_en": "The same in English",
}


@dataclass(frozen=True)
class Grain:
    """What one row of a table stands for, and the columns that tell it from others."""

    row: str
    key: tuple[str, ...]

    def sentence(self) -> str:
        """As it stands at the end of a published table's comment."""
        return f"Grain: {self.row}. Primary key: {', '.join(self.key)}."


class Meaning(NamedTuple):
    """A table or a column in Indonesian: what people call it, and what it means."""

    title: str
    description: str

    def beside(self, english: str) -> str:
        """The description in both languages, Indonesian first."""
        return "\n\n".join(text for text in (self.description, english) if text)


# By table and column; '' stands for the table itself.
Dictionary = Mapping[tuple[str, str], Meaning]
_OWN: Dictionary = {
    (DICTIONARY, ""): Meaning(
        "Kamus data",
        "Sebutan dan arti setiap tabel, pertanyaan, dan kolom dalam bahasa Indonesia; artinya juga dalam "
        "bahasa Inggris.",
    ),
    (DICTIONARY, "table_name"): Meaning("Tabel", "Nama tabel."),
    (DICTIONARY, "column_name"): Meaning("Kolom", "Nama kolom; kosong untuk tabelnya sendiri."),
    (DICTIONARY, "title"): Meaning("Sebutan", "Sebutannya bagi orang."),
    (DICTIONARY, "description"): Meaning("Arti", "Artinya dalam bahasa Indonesia."),
    (DICTIONARY, "description_en"): Meaning("Arti dalam bahasa Inggris", "Sama, dalam bahasa Inggris."),
    ("labels", ""): Meaning(
        "Sebutan",
        "Sebutan dan arti jenis berkas, kolomnya, kode, dan aturan, dalam bahasa Indonesia dan Inggris.",
    ),
    ("labels", "label_group"): Meaning(
        "Golongan", "kind (jenis berkas), column (kolom), code (kode), atau rule (aturan)."
    ),
    ("labels", "label_key"): Meaning("Pengenal", "Yang disebut, sebagaimana ditulis tabel lain."),
    ("labels", "table_name"): Meaning("Tabel", "Jenis berkas, atau tabel terbit tempat kode itu."),
    ("labels", "column_name"): Meaning(
        "Kolom", "Kolomnya; kosong untuk jenis berkas dan aturan atas seluruh baris."
    ),
    ("labels", "code"): Meaning("Kode", "Kodenya; kosong untuk yang bukan kode."),
    ("labels", "label_id"): Meaning(
        "Sebutan", "Sebutannya dalam bahasa Indonesia; pada aturan: yang diminta."
    ),
    ("labels", "label_en"): Meaning("Sebutan dalam bahasa Inggris", "Sama, dalam bahasa Inggris."),
    ("labels", "description_id"): Meaning(
        "Arti", "Artinya dalam bahasa Indonesia; pada aturan: yang harus dilakukan."
    ),
    ("labels", "description_en"): Meaning("Arti dalam bahasa Inggris", "Sama, dalam bahasa Inggris."),
    ("readme", ""): Meaning("Daftar isi", "Setiap tabel dan pertanyaan siap pakai dalam basis data ini."),
    ("readme", "table_name"): Meaning("Nama", "Nama tabel atau pertanyaan."),
    ("readme", "kind"): Meaning("Macam", "table (tabel) atau question (pertanyaan siap pakai)."),
    ("readme", "grain"): Meaning("Satu baris", "Apa satu barisnya; kosong untuk pertanyaan."),
    ("readme", "primary_key"): Meaning("Kunci", "Kolom yang membedakan barisnya; kosong untuk pertanyaan."),
    ("readme", "description"): Meaning("Isi", "Isi tabel, atau pertanyaan yang dijawab."),
    ("readme", "rows"): Meaning("Baris", "Banyak barisnya pada hari terbit."),
    ("readme", "example_query"): Meaning("Contoh", "Kueri untuk memulai."),
}


def write_dictionary(connection: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    """Make the table of a database that is being published, with its comments; the last table to be made,
    since all others have theirs by then.
    """
    columns = ", ".join(f"{identifier(name)} varchar" for name in _COLUMNS)
    connection.execute(f"create table {DICTIONARY} ({columns})")
    connection.execute(f"comment on table {DICTIONARY} is {literal(_COMMENT)}")
    for name, comment in _COLUMNS.items():
        connection.execute(f"comment on column {DICTIONARY}.{identifier(name)} is {literal(comment)}")
    english = _english_comments(connection)
    rows = [[*key, *meaning, english.get(key)] for key, meaning in sorted({**_OWN, **dictionary}.items())]
    insert_texts(connection, DICTIONARY, rows)


def _english_comments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """By table or question and column; '' stands for the table itself. Comments of questions hold both."""
    found = {}
    for table in list_tables(connection):
        found[table.name, ""] = table.comment
        found |= {(table.name, column.name): column.comment for column in table.columns}
    tables = {name for name, _ in found}
    for view in list_tables(connection, with_views=True):
        if view.name not in tables:
            found[view.name, ""] = view.comment.partition(BOTH)[2]
            found |= {(view.name, c.name): c.comment.partition(BOTH)[2] for c in view.columns}
    return found


def read_dictionary(connection: duckdb.DuckDBPyConnection) -> Dictionary:
    """What a published database says; nothing where it was published without."""
    is_there = "select 1 from duckdb_tables() where table_name = ? and database_name = current_database()"
    if connection.execute(is_there, [DICTIONARY]).fetchone() is None:
        return {}
    rows = connection.execute(
        f"select table_name, column_name, title, description from {DICTIONARY}"
    ).fetchall()
    return {(table, column): Meaning(title, description) for table, column, title, description in rows}


@dataclass(frozen=True)
class Explained:
    """A table, a ready question or a column: what people call it, what it means in two languages."""

    name: str
    title: str
    indonesian: str
    english: str


@dataclass(frozen=True)
class ExplainedColumn(Explained):
    """A column with its DuckDB type."""

    data_type: str


@dataclass(frozen=True)
class ExplainedTable(Explained):
    """A table or ready question with all that the published database says of it.

    Attributes:
        is_question: a view that answers one question.
        grain: what one row stands for; None where it does not say.
        primary_key: columns that tell its rows apart; none where it does not say.
        rows: their number on the day of publishing; None where it does not say.
        columns: in the order of the table.
    """

    is_question: bool
    grain: str | None
    primary_key: tuple[str, ...]
    rows: int | None
    columns: tuple[ExplainedColumn, ...]


def explain_tables(connection: duckdb.DuckDBPyConnection) -> list[ExplainedTable]:
    """All tables and ready questions of a published database by name, questions last."""
    meanings = read_dictionary(connection)
    listed = {row["table_name"]: row for row in read_rows(connection, "select * from readme")}
    found = [
        _explained(table, listed.get(table.name, {}), meanings)
        for table in list_tables(connection, with_views=True)
    ]
    return sorted(found, key=lambda table: table.is_question)


def _explained(table: Table, listed: Mapping[str, Any], meanings: Dictionary) -> ExplainedTable:
    is_question = listed.get("kind") == "question"
    grain, key = listed.get("grain"), tuple(listed.get("primary_key") or ())
    # Both stand beside it, so they need not be said in its words, too.
    comment = table.comment.removesuffix(Grain(grain, key).sentence()).rstrip() if grain else table.comment
    columns = tuple(
        ExplainedColumn(
            column.name,
            *_both(meanings.get((table.name, column.name)), column.comment, is_question),
            column.data_type,
        )
        for column in table.columns
    )
    told = _both(meanings.get((table.name, "")), comment, is_question)
    return ExplainedTable(table.name, *told, is_question, grain, key, listed.get("rows"), columns)


def _both(meaning: Meaning | None, comment: str, is_question: bool) -> tuple[str, str, str]:
    """Title, Indonesian and English description; the comment of a question holds both."""
    title, indonesian = meaning or ("", "")
    if is_question:
        first, _, english = comment.partition(BOTH)
        return title, indonesian or first, english
    return title, indonesian, comment
