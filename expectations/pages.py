"""One offline page per kind: its columns, codes and rules, and the last verdict of Great Expectations on it.

Belongs here: what a page shows of a contract. Stays out: the rules (`rules.py`) and the verdicts
(`suite.py`). Great Expectations' own pages call out to other servers, so its results are shown here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from expectations.contract import Contract, value_aliases
from expectations.rules import rules_of
from expectations.suite import LastVerdict
from expectations.template import content_words, must_be_filled

_SEVERITY = {"error": "baris tidak dimuat", "warning": "peringatan"}
# What these demand is said by the columns "Pengisian" and "Aturan" already, or holds for every column.
_PLAIN = ("missing", "type", "codes", "length", "reference", "formula")


def write_pages(
    folder: Path, contracts: Sequence[Contract], verdicts: Mapping[str, LastVerdict]
) -> list[Path]:
    """Write `<kind>.html` for each contract and `index.html`; other files of the folder are left alone.

    Args:
        folder: made where it is missing.
        contracts: the contracts to show.
        verdicts: kind to the last verdict on it; a kind that was never judged is not in it.

    Returns:
        The written files, the index first.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(must_be_filled=must_be_filled, content_words=content_words, severity=_SEVERITY)
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "index.html"]
    index = environment.get_template("formats.html.j2")
    written[0].write_text(index.render(title="Format data bersama", contracts=contracts), encoding="utf-8")
    for contract in contracts:
        written.append(folder / f"{contract.kind}.html")
        content = _facts(contract, verdicts.get(contract.kind))
        page = environment.get_template("format.html.j2").render(content)
        written[-1].write_text(page, encoding="utf-8")
    return written


def _facts(contract: Contract, last: LastVerdict | None) -> dict[str, object]:
    rules = rules_of(contract)
    aliases = value_aliases(contract.kind)
    known = {rule.id: rule for rule in rules}
    broken = [
        (known[rule], n) for rule, n in (last.unexpected if last else {}).items() if n and rule in known
    ]
    return {
        "title": contract.title,
        "contract": contract,
        "columns": [
            (column, [r for r in rules if r.column == column.name and r.kind not in _PLAIN])
            for column in contract.columns
        ],
        "rows": [rule for rule in rules if rule.column is None],
        "codes": [
            (column, code, [alias for alias, meant in aliases.get(column.name, {}).items() if meant == code])
            for column in contract.columns
            for code in column.codes
        ],
        "verdicts": last.unexpected if last else {},
        "judged": last.rows if last else 0,
        "judged_at": last.judged_at if last else "",
        "broken": sorted(broken, key=lambda item: (item[0].severity, -item[1])),
    }
