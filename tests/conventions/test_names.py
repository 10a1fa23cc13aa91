"""One idea, one name: glossary, measures, findings and numbers of rules, read from the project's own text."""

import ast
import csv
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from orchestration.program import _DAILY_PARTS

ROOT = Path(__file__).parents[2]
DBT = ROOT / "dbt_project"
PACKAGES = ("orchestration", "exports", "sources", "expectations")
# A column of a received file keeps the name that its sender's table gives it.
RECEIVED = {("stg_published_index__domains", "agency")}
# Numbers that no rule of ours chose, by file: what they are.
KNOWN_NUMBERS = {
    "macros/aggregates.sql": ("511 512", "size of a bitmap"),
    "macros/bounds.sql": ("9223372036854775807", "ends of BIGINT"),
    "macros/durations.sql": ("2", "middle of a bucket"),
    "macros/exact.sql": (
        "0.01 2 200 10000 13 4503599627370496 10000000 10000000000 100000000000000 1000000000000000 "
        "100000000000000000000 100000000000000000000000",
        "limits and scales, told where they stand",
    ),
    "macros/measures.sql": ("2", "place in a tuple"),
    "macros/pairing.sql": ("2 18446744073709551616", "both sides; a key beyond all hashes"),
    "macros/names.sql": ("9", "digits of a pattern"),
    "macros/percentiles.sql": ("99", "definition of a percentile"),
    "macros/periods.sql": ("2 4 6 7 7.0", "a calendar, and lengths of its texts"),
    "macros/times.sql": ("3600.0", "seconds of an hour"),
    "macros/tree.sql": ("8", "depth that the format `rulebook` allows"),
    "intermediate/calls/int_calls__totalled.sql": ("50 95", "the columns' own percentiles"),
    "intermediate/findings/int_claim_findings__held.sql": ("4 1e6", "length of YYYY; above any gap"),
    "intermediate/measures/int_edges__windowed.sql": ("2 3", "link levels, as described"),
    "intermediate/measures/int_figures__compared.sql": ("1e-6 1e-9", "last digits of doubles"),
    "intermediate/measures/int_i07_density.sql": ("2", "ways between two OPDs"),
    "intermediate/measures/int_i13_p95_duration.sql": ("95", "the measure's own percentile"),
    "intermediate/measures/int_i17_link_level.sql": ("3", "highest link level"),
    "intermediate/measures/int_sources__counted.sql": ("2 3 4 5 6", "order of frequencies"),
    "intermediate/measures/int_windows__listed.sql": ("7", "length of YYYY-MM"),
    "intermediate/overlap/int_overlaps__scored.sql": ("1.0 4", "one function; digits of a score"),
    "intermediate/scores/int_assessments__listed.sql": ("2 3", "walks of one assessment"),
    "intermediate/scores/int_lever_sets__searched.sql": (
        "0.005 10000",
        "half the last printed digit; decimals",
    ),
    "intermediate/scores/int_nodes__weighted.sql": ("2 7", "place in a fraction; width of a sort key"),
    "intermediate/scores/int_trials__ranked.sql": ("2 10", "centre of a uniform number; digits"),
    "intermediate/systems/int_datasets__windowed.sql": ("2", "levels of the RAD's own code"),
    "marts/index/fct_indicator_correlations.sql": ("1e-12 1e-9", "last digits of doubles"),
    "marts/index/fct_rank_uncertainty.sql": ("0.05 0.95", "the columns' own percentiles"),
    "marts/index/fct_stage_gaps.sql": ("2 3 4 5 6", "order of stages"),
    "marts/interop/fct_findings.sql": ("2 3", "order of severities"),
    "staging/published_index/stg_published_index__domains.sql": ("9999", "no end"),
    "staging/website_check/stg_website_check__checks.sql": ("200 399", "HTTP: answered"),
}
# Nothing, one, all in percent, the middle; months, hours, minutes.
PLAIN_NUMBERS = {"0", "1", "100", "0.5", "12", "24", "60"}


def rows(seed: str) -> list[dict[str, str]]:
    with (DBT / "seeds" / seed).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sql_files() -> dict[str, str]:
    """Models and macros by their path in the project, without comments."""
    paths = sorted([*DBT.glob("models/**/*.sql"), *DBT.glob("macros/*.sql")])
    cut = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
    return {p.relative_to(DBT).as_posix(): cut.sub("", p.read_text(encoding="utf-8")) for p in paths}


def macros() -> dict[str, str]:
    """Where each macro of the project stands."""
    return {
        name: path
        for path, text in sql_files().items()
        for name in re.findall(r"\{% (?:macro|materialization|test) (\w+)", text)
    }


def columns() -> dict[str, set[str]]:
    """Columns of every model and seed, as its `.yml` states them."""
    found = {}
    for path in [*DBT.glob("models/**/*.yml"), *DBT.glob("seeds/**/*.yml")]:
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))
        for node in [*stated.get("models", []), *stated.get("seeds", [])]:
            found[node["name"]] = {column["name"] for column in node.get("columns", [])}
    return found


def table(heading: str) -> list[list[str]]:
    """Cells of the rows of the glossary's table under a heading."""
    text = (DBT / "GLOSSARY.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_term_lives_where_the_glossary_says() -> None:
    stated, known = columns(), macros()
    lost = []
    for term, indonesian, meaning, places in table("Terms"):
        assert term
        assert indonesian
        assert meaning.endswith("."), term
        found = re.findall(r"`([^`]+)`", places)
        assert found, term
        for place in found:
            node, _, column = place.partition(".")
            is_there = place in stated or place in known or (ROOT / place).exists()
            if not (is_there or column in stated.get(node, ())):
                lost.append(f"{term}: {place}")
    assert not lost


def test_no_name_bears_a_word_that_has_another_name() -> None:
    banned = {word for cells in table("Words that no name bears") for word in cells[0].split(", ")}
    names: set[tuple[str, str]] = set()
    for node, of_node in columns().items():
        names |= {(node, name) for name in (node, *of_node)}
    for path, text in sql_files().items():
        written = re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^'\n]*'", "", text))
        names |= {(Path(path).stem, name) for name in written}
    tracked = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for path in tracked.stdout.splitlines():
        if path.startswith(PACKAGES) and (ROOT / path).is_file():
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            found = (getattr(n, key, None) for n in ast.walk(tree) for key in ("id", "name", "attr", "arg"))
            names |= {(path, name) for name in (*found, Path(path).stem) if isinstance(name, str)}
    words = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
    wrong = {(at, n) for at, n in names if banned & {word.lower() for word in words.findall(n)}}
    assert wrong - RECEIVED == set()


def test_every_measure_is_one_model_named_by_what_it_measures() -> None:
    text = sql_files()
    listed = re.findall(r"'(int_i\d\d_\w+)'", text["macros/measures.sql"])
    stated = [row["measure_id"] for row in rows("measures.csv")]
    assert [name[4:7].upper() for name in listed] == stated
    found = {Path(path).stem: sql for path, sql in text.items() if re.match(r".*/int_i\d\d_", path)}
    assert sorted(found) == listed
    assert not [name for name, sql in found.items() if f"'{name[4:7].upper()}'" not in sql]


def test_every_finding_says_what_its_owner_does() -> None:
    with (ROOT / "exports" / "reports" / "actions.csv").open(encoding="utf-8", newline="") as handle:
        actions = {row["rule_id"]: row["action"] for row in csv.DictReader(handle)}
    assert actions.keys() == {row["rule_id"] for row in rows("finding_rules.csv")}
    assert all(actions.values())


def test_every_finding_is_one_block_that_gives_what_its_sentence_says() -> None:
    given: dict[str, set[str]] = {}
    for path, text in sql_files().items():
        if fnmatch(path, "models/intermediate/findings/*"):
            for block in text.split("finding_rows(")[1:]:
                rule = re.match(r"\s*'(\w+)'", block)
                assert rule, path
                assert rule[1] not in given, rule[1]
                given[rule[1]] = set(re.findall(r"'(\w+)': ", block.split("\n) }}")[0]))
    # These every finding has.
    common = {"unit", "subject", "window"}
    asked = {
        row["rule_id"]: set(re.findall(r"\{(\w+)\}", row["sentence"])) for row in rows("finding_rules.csv")
    }
    assert {rule: words - common for rule, words in asked.items()} == given
    english = {
        r["rule_id"]: set(re.findall(r"\{(\w+)\}", r["sentence_en"])) for r in rows("finding_rules.csv")
    }
    assert english == asked


def test_numbers_of_rules_are_used_and_said_as_they_are() -> None:
    read = re.compile(r"rule_parameter(?:_words)?\(\s*'(\w+)', '(\w+)'")
    used = {found for text in sql_files().values() for found in read.findall(text)}
    stated = {(row["rule_id"], row["parameter"]): row for row in rows("rule_parameters.csv")}
    assert used == set(stated)
    # A formula that people read says the number of the rule.
    formulas = {row["measure_id"]: row["formula"] for row in rows("measures.csv")}
    silent = [
        key for key, row in stated.items() if key[0] in formulas and row["words"] not in formulas[key[0]]
    ]
    assert not silent
    assert [row["words"] for key, row in stated.items() if key[0] in formulas]


def test_numbers_that_stand_outside_the_seed_are_published_too() -> None:
    """Variables that a statement reads, and numbers of the settings that models know."""
    # How much is worked on at once decides nothing.
    silent = {"day_size_at_once", "formats_with_global_ids"}
    text = sql_files()
    read = {name for sql in text.values() for name in re.findall(r"\bvar\('(\w+)'\)", sql)}
    settings = set(
        re.findall(
            r"\?::(?:bigint|decimal\(18, 6\)) as (\w+)",
            (ROOT / "orchestration" / "intake" / "prepare.py").read_text(encoding="utf-8"),
        )
    )
    borrowed = rows("borrowed_parameters.csv")
    assert {row["stated_as"] for row in borrowed if row["stated_in"] == "variable"} == read - silent
    assert {row["stated_as"] for row in borrowed if row["stated_in"] == "setting"} == settings
    mart = text["models/marts/shared/dim_rule_parameter.sql"]
    assert not [name for name in settings | (read - silent) if f"'{name}'" not in mart]
    # A finding of a rule, or a measure, borrows from a rule that has the number.
    own = {f"{row['rule_id']}/{row['parameter']}" for row in rows("rule_parameters.csv")}
    assert {row["stated_as"] for row in borrowed if row["stated_in"] == "rule"} <= own


def test_no_rule_is_a_bare_number() -> None:
    # Texts of SQL say nothing; those within braces are SQL themselves.
    texts = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})|'(?:[^'\n]|'')*'", re.DOTALL)
    types = re.compile(r"\b(?:decimal|substr|split_part|left|lpad|chr)\([^()]*\)|\binterval \d+ month")
    number = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")
    wrong, idle = [], []
    for path, text in sql_files().items():
        shown = texts.sub(lambda part: part[1] or "", text)
        found = set(number.findall(types.sub("", shown))) - PLAIN_NUMBERS
        known = set(KNOWN_NUMBERS.get(path.removeprefix("models/"), ("",))[0].split())
        wrong += [f"{path}: {value}" for value in sorted(found - known)]
        idle += [f"{path}: {value}" for value in sorted(known - found)]
    assert not wrong
    assert not idle


@pytest.mark.parametrize("folder", ["models/intermediate/calls/daily", "models/staging/service_log"])
def test_days_are_counted_again_when_anything_that_counts_them_changes(folder: str) -> None:
    text, known = sql_files(), macros()
    waiting = [path for path in text if path.startswith(folder)]
    assert waiting
    reached: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            # A macro is called within braces; its own file counts whole.
            called = re.findall(r"\b(\w+)\(", text[path])
            waiting += [known[name] for name in called if name in known]
    assert not [path for path in reached if not path.startswith(_DAILY_PARTS)]
