"""What of a file was not read as rows.

Belongs here: the shape of such a thing. Stays out: finding it (`tables/`, `logs/`) and its words for
readers (`exports/`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """Something of a file that was not read as rows, counted.

    Attributes:
        code: sheet, column, blank, total, header, numbering, heading, footer, section, envelope,
            trailing_bytes or line; what each means stands in the seed `left_out_codes`.
        place: where, as a person sees it: "Sheet2", "baris 12-15", "kolom Catatan"; may be empty.
        count: how many rows, columns or bytes.
        message: Indonesian sentence for the sender; not masked yet.
    """

    code: str
    place: str
    count: int
    message: str
