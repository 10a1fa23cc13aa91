"""The two pages for an OPD: every command, folder, sheet, column and word they name is there."""

import re
import shlex
from html import unescape
from pathlib import Path

import typer

from expectations.contract import kinds
from expectations.template import must_be_filled, write_template
from exports.feedback import CORRECTIONS_SHEET, CORRECTS, PAGE, PROBLEMS_SHEET, WHY
from exports.reports.guides import ANSWER, FILL, render_guides
from orchestration.cli.main import app
from sources.meta import _KEYS

ROOT = Path(__file__).parents[2]
PAGES = {Path(name).name: page.decode() for name, page in render_guides().items()}


def found(tag: str) -> list[str]:
    """Texts of all elements of a sort, on both pages."""
    texts = [t for page in PAGES.values() for t in re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)]
    assert texts
    return [unescape(text) for text in texts]


def test_every_command_and_option_exists() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    told = [code for code in found("code") if code.startswith("spbe ")]
    assert {shlex.split(code)[1] for code in told} == {"template", "check"}
    for code in told:
        _, name, *rest = shlex.split(code)
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options, code
        assert set(rest) & set(kinds()), code


def test_every_folder_and_file_is_one_that_is_read_or_written() -> None:
    parts = re.compile(rf"inbox/({'|'.join(kinds())})/(?:kode-instansi/2026/\w+\.xlsx)?")
    others = {PAGE, "feedback/", "hasil", "inventaris_namaopd.xlsx", ".meta.toml", "spbe.toml", "instansi"}
    for code in found("code"):
        if code.startswith("opd_code"):
            assert code.split(" = ")[0] in _KEYS
        elif not code.startswith("spbe "):
            assert code in others or parts.fullmatch(code), code


def test_every_word_that_is_quoted_stands_where_it_is_said_to(tmp_path: Path) -> None:
    from expectations.contract import load_contract

    contract = load_contract("system_inventory")
    write_template(tmp_path / "t.xlsx", contract, {})
    told = "".join(
        (ROOT / name).read_text(encoding="utf-8")
        for name in (
            "exports/feedback.py",
            "exports/reports/templates/feedback.html.j2",
            "orchestration/cli/check.py",
            "expectations/template.py",
        )
    )
    own = {must_be_filled(c) for c in contract.columns} | {CORRECTS, WHY, CORRECTIONS_SHEET, PROBLEMS_SHEET}
    assert [word for word in found("q") if word not in own and word not in told] == []


def test_what_only_kominfo_does_stands_in_its_own_last_part() -> None:
    before, _, last = PAGES[FILL].partition('<h2 id="pengelola">')
    for told in ("<pre><code>spbe ", ".meta.toml", "spbe.toml"):
        assert told in last and told not in before, told
    assert "<h2" not in last


def test_they_lead_to_each_other_and_to_every_format() -> None:
    links = {name: set(re.findall(r'href="([^"#]+)"', page)) for name, page in PAGES.items()}
    assert ANSWER in links[FILL]
    assert FILL in links[ANSWER]
    assert {f"../formats/{kind}.html" for kind in kinds()} <= links[FILL]
