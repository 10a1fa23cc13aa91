"""Published tables as pandas frames that say what they and their columns mean.

Belongs here: one table or ready question as a frame. Stays out: SQL of one's own (`spbe query`), computing
any figure (`dbt_project/`).
"""

from pathlib import Path

import pandas  # type: ignore[import-untyped]

from expectations.quoting import identifier
from exports.database import near_names, open_published
from exports.dictionary import Explained, explain_tables


class UnknownTable(LookupError):
    """The published database has no table of that name; the message names those that come near."""


def read_table(published: Path, name: str) -> pandas.DataFrame:
    """Read a table or a ready question of the published database.

    Args:
        published: the file, `published/spbe.duckdb` of a home; a run may go on meanwhile.
        name: of the table or the question, as `spbe query "select * from readme"` lists them.

    Returns:
        Its rows in the order of the table, in Arrow's types, so that decimals stay exact and what is missing
        is NA in whole numbers and truth values, too. `attrs` says what they are: `name`, `title`,
        `description` (a dictionary of `id` and `en`), `grain`, `primary_key` (a list), and under `columns`
        for each column `title` and `description`. A question is described in Indonesian alone.

    Raises:
        FileNotFoundError: nothing has been published yet.
        UnknownTable: no table or question has that name.
    """
    with open_published(published) as connection:
        tables = {table.name: table for table in explain_tables(connection)}
        if name not in tables:
            near = ", ".join(near_names(name, list(tables)))
            hint = f"; near: {near}" if near else ""
            raise UnknownTable(f'there is no table "{name}"{hint}; table readme lists all')
        rows = connection.sql(f"select * from {identifier(name)}").to_arrow_table()
    frame: pandas.DataFrame = rows.to_pandas(types_mapper=pandas.ArrowDtype)
    table = tables[name]
    frame.attrs = {
        **_told(table),
        "grain": table.grain,
        "primary_key": list(table.primary_key),
        "columns": {column.name: _told(column) for column in table.columns},
    }
    return frame


def _told(thing: Explained) -> dict[str, object]:
    told = {"id": thing.indonesian, "en": thing.english}
    return {"name": thing.name, "title": thing.title, "description": told}
