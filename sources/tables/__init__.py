"""Files of tables to landed text cells, with an account of all that was not read as rows.

Belongs here: what the bytes are, which sheets, sections and headers hold the table, where it ends, and the
cells as text; decided in this order, each once a file, in a child process. Stays out: what a cell means and
which row is good (`expectations/`), and where the file came from (`kinds.py`, `opener.py`).
"""

from sources.tables.reader import (
    TableFile,
    TableLimits,
    UnknownHeader,
    land_table,
    land_tables,
    propose_columns,
    read_table,
    row_place,
)

__all__ = [
    "TableFile",
    "TableLimits",
    "UnknownHeader",
    "land_table",
    "land_tables",
    "propose_columns",
    "read_table",
    "row_place",
]
