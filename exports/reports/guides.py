"""Two pages for an OPD: how to fill in a template and send it, how to read the answer and mend rows.

Belongs here: their names and the words they take from the parts they tell of. Stays out: the text itself
(`templates/guide_*.html.j2`) and the formats (`formats.py`).
"""

from expectations.contract import kinds, load_contract
from expectations.template import DATA_SHEET, HELP_SHEET
from exports.feedback import (
    CORRECTIONS_SHEET,
    CORRECTS,
    GUIDE,
    GUIDE_FOLDER,
    PAGE,
    PROBLEMS_SHEET,
    WHY,
)
from exports.reports.pages import render_page

FOLDER = GUIDE_FOLDER
FILL, ANSWER = "mengisi-dan-mengirim.html", GUIDE


def render_guides() -> dict[str, bytes]:
    """Name of a file in the folder of pages to its page; the same until the program changes."""
    words = {
        "page": PAGE,
        "data_sheet": DATA_SHEET,
        "help_sheet": HELP_SHEET,
        "corrections_sheet": CORRECTIONS_SHEET,
        "problems_sheet": PROBLEMS_SHEET,
        "corrects": CORRECTS,
        "why": WHY,
    }
    contracts = [load_contract(kind) for kind in kinds()]
    return {
        f"{FOLDER}/{FILL}": render_page(
            "guide_fill.html.j2",
            title="Mengisi buku kerja dan mengirim",
            other=ANSWER,
            contracts=contracts,
            **words,
        ),
        f"{FOLDER}/{ANSWER}": render_page(
            "guide_answer.html.j2", title="Membaca dan menjawab umpan balik", other=FILL, **words
        ),
    }
