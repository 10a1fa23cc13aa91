"""One offline page per kind: its columns, codes and rules, and the last verdict of Great Expectations on it.

Belongs here: what a page shows of a contract. Stays out: the rules (`expectations/rules.py`) and the verdicts
(`expectations/suite.py`). Great Expectations' own pages call out to other servers, so its results are shown
here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from expectations.contract import Contract, code_labels, value_aliases
from expectations.rules import rules_of
from expectations.suite import LastVerdict
from expectations.template import content_words, must_be_filled
from exports.aside import write_file
from exports.reports.pages import render_page

_SEVERITY = {"error": "baris tidak dimuat", "warning": "peringatan"}
# What these demand is said by the columns "Pengisian" and "Aturan" already, or holds for every column.
_PLAIN = ("missing", "type", "codes", "length", "reference", "formula")


def write_formats(
    folder: Path,
    contracts: Sequence[Contract],
    verdicts: Mapping[str, LastVerdict],
    instansi_code: str | None = None,
) -> list[Path]:
    """Write `<kind>.html` for each contract and `index.html`; other files of the folder are left alone.

    Args:
        folder: made where it is missing.
        contracts: the contracts to show.
        verdicts: kind to the last verdict on it; a kind that was never judged is not in it.
        instansi_code: whose codes stand in the examples; None: those of the fictional instansi.

    Returns:
        The written files, the index first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"index": render_page("formats.html.j2", title="Format data bersama", contracts=contracts)}
    for contract in contracts:
        pages[contract.kind] = _page(contract, verdicts.get(contract.kind), instansi_code)
    for name, page in pages.items():
        write_file(folder / f"{name}.html", page)
    return [folder / f"{name}.html" for name in pages]


def _page(contract: Contract, last: LastVerdict | None, instansi_code: str | None) -> bytes:
    rules = rules_of(contract)
    aliases = value_aliases(contract.kind)
    known = {rule.id: rule for rule in rules}
    broken = [
        (known[rule], n) for rule, n in (last.unexpected if last else {}).items() if n and rule in known
    ]
    return render_page(
        "format.html.j2",
        title=contract.title,
        contract=contract,
        instansi_code=instansi_code,
        columns=[
            (column, [r for r in rules if r.column == column.name and r.kind not in _PLAIN])
            for column in contract.columns
        ],
        rows=[rule for rule in rules if rule.column is None],
        codes=[
            (
                column,
                code,
                code_labels(contract.kind, column.name)[code],
                [alias for alias, meant in aliases.get(column.name, {}).items() if meant == code],
            )
            for column in contract.columns
            for code in column.codes
        ],
        last=last,
        broken=sorted(broken, key=lambda item: (item[0].severity, -item[1])),
        must_be_filled=must_be_filled,
        content_words=content_words,
        severity=_SEVERITY,
    )
