"""What is said in one place: each test names who says it again, or cuts it out of a text again."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from expectations.contract import load_contract, shared_spellings
from exports.reports.wording import MONTHS, STAGES
from sources.logs.writing import LOG_FORMATS

ROOT = Path(__file__).parents[2]
LAYERS = ("expectations", "sources", "exports", "orchestration")


def offenders(pattern: str, allowed: Iterable[str] = (), suffixes: Iterable[str] = (".py",)) -> list[str]:
    """`file: text` of every place of the product where the pattern stands, outside the allowed files."""
    found = re.compile(pattern)
    return [
        f"{name}: {match.group()}"
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*"))
        if path.suffix in suffixes and (name := str(path.relative_to(ROOT))) not in allowed
        for match in found.finditer(path.read_text(encoding="utf-8"))
    ]


def test_sql_is_quoted_in_one_module() -> None:
    """Looks for a quote that is doubled: `replace("'", "\'\'")` and the like."""
    doubled = r"""\.replace\((?:"'", "''"|'"', '""'|chr\(39\), chr\(39\) \* 2)\)"""
    assert not offenders(doubled, ["expectations/quoting.py"])


def test_workbooks_are_written_with_one_set_of_options_and_one_guard() -> None:
    assert not offenders(r"strings_to_\w+|\[=\+|\"=\", \"\+\"", ["expectations/spreadsheet.py"])


def test_no_sentence_is_taken_apart() -> None:
    """Looks for a pattern over words of our sentences (`ditemukan`, `seharusnya`, `diharapkan`, `kosong`) or
    over a rule's SQL, for a cut of a message, reason, sentence or rule id, and for `figure like`.
    """
    patterns = (
        r"re\.\w+\([^\n]*(?:ditemukan|seharusnya|diharapkan|kosong|\.broken)",
        r"regexp_\w+\((?:message|reason|sentence|figure)",
        r"(?:reason|message|sentence|rule|rule_id)\.r?(?:partition|split|startswith)\([^)]",
        r"figure (?:not )?like",
    )
    # A receipt that an earlier program wrote has code and sentence in one text.
    assert not offenders("|".join(patterns), ["sources/receipts.py"], [".py", ".j2"])


def test_stages_stand_in_one_order() -> None:
    """That of the contract, ours last; the marts count them in it, too."""
    codes = load_contract("scores").column("stage").codes
    assert (*codes, "evidence") == tuple(STAGES)
    gaps = (ROOT / "dbt_project/models/marts/index/fct_stage_gaps.sql").read_text(encoding="utf-8")
    assert re.findall(r"when '(\w+)' then (\d)", gaps) == [(s, str(n)) for n, s in enumerate(STAGES, 1)]


def test_months_have_one_name() -> None:
    """On pages, in sentences of the marts and first among the spellings that are read."""
    macro = (ROOT / "dbt_project/macros/wording.sql").read_text(encoding="utf-8")
    named = re.findall(r"'([A-Z]\w+)'", macro[macro.index("macro month_name") :])
    assert named[:12] == MONTHS
    first: dict[str, str] = {}
    for row in shared_spellings("month"):
        first.setdefault(row["value"], row["alias"])
    assert [first[f"{n:02}"] for n in range(1, 13)] == [name.lower() for name in MONTHS]


def test_a_log_format_is_known_wherever_its_name_is_asked() -> None:
    """A format without its row in the seed would lose its edges, one that the contract lacks its mapping."""
    with (ROOT / "dbt_project" / "seeds" / "log_formats.csv").open(encoding="utf-8") as file:
        in_seed = {row["log_format"] for row in csv.DictReader(file)}
    column = load_contract("gateway_identity").column("log_format")
    keys = (ROOT / "sources" / "masking.sql").read_text(encoding="utf-8").split("gateway_identity_key")[1]
    assert in_seed == set(LOG_FORMATS) == set(column.codes)
    assert set(re.findall(r"log_format = '(\w+)'", keys.split(";")[0])) <= in_seed
