"""The last gate of a bundle: text that looks like a person's data does not leave the house.

Belongs here: looking once more, by the door's own forms, at what is about to be signed. Stays out: the forms
(`sources/personal_forms.py`) and masking, which the door and the models did.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from expectations.quoting import identifier, literal
from sources.personal_forms import CANDIDATE, PLAIN, mask_texts

# Fractions of long whole numbers: `25755103491734351/7738258`.
_NUMBERS = ("score_exact",)
# A hash, which may hold a long run of digits and is longer than any number of a person.
_HASH = "[0-9a-f]{32}|[0-9a-f]{64}"


class PersonalDataError(Exception):
    """A text that is about to leave looks like personal data; the message names file, row and column."""


def refuse_personal(connection: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> None:
    """Look at the texts of a CSV that is about to leave.

    Args:
        connection: any; it reads the file.
        path: the CSV, with a header.
        columns: those of them that hold text.

    Raises:
        PersonalDataError: names the file, the row (the header is row 1), the column and what it looks like;
            the text itself stands in no message.
    """
    looked_at = [column for column in columns if column not in _NUMBERS]
    if not looked_at:
        return
    with path.open(encoding="utf-8", newline="") as file:
        every = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in next(csv.reader(file)))
    # How it was written is known: to find that out costs more than to look at the texts.
    form = "delim = ',', quote = '\"', escape = '\"', auto_detect = false"
    source = f"read_csv({literal(str(path))}, header = true, columns = {{{every}}}, {form})"
    # The file is read once, all its columns together.
    names = ", ".join(map(identifier, looked_at))
    rows = connection.execute(
        f"""
        with cells as (
            unpivot (select row_number() over () + 1 as row, {names} from {source})
            on {names} into name column_name value text
        )
        select row, column_name, text from cells
        where regexp_matches(text, {literal(CANDIDATE)})
            and not regexp_full_match(text, {literal(f"{PLAIN}|{_HASH}")})
        order by row
        """
    ).fetchall()
    masked = mask_texts([text for _, _, text in rows])
    for (row, column, text), shown in zip(rows, masked, strict=True):
        if text != shown:
            kinds = sorted(set(re.findall(r"\[(\w+)\]", shown)) - set(re.findall(r"\[(\w+)\]", text)))
            raise PersonalDataError(
                f"{path.name} row {row}, column {column}: looks like personal data"
                f" ({', '.join(kinds) or 'masked at the door'}); no bundle was made. "
                f"Find the row in the table {path.stem} and correct the file that it came from"
            )
