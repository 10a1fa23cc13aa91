"""Contracts are valid by the standard, complete for a reader, and agree with their alias tables and lists."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import open_data_contract_standard
import pytest
import yaml
from jsonschema.validators import validator_for

from expectations.contract import (
    ALIASES,
    CONTRACTS,
    EARLIER,
    Column,
    Contract,
    _rows,
    code_labels,
    header_aliases,
    kinds,
    load_contract,
    read_contract,
    shared_spellings,
    value_aliases,
)
from expectations.english import demanded, english
from expectations.normalise import install_normalisers, text_stages, typed_sql
from expectations.references import LISTS
from expectations.rules import rules_of
from expectations.spellings import RESOLVERS
from exports.labels import coded_columns
from orchestration.settings import PROJECT

SCHEMA = json.loads((Path(open_data_contract_standard.__file__).parent / "schema.json").read_text())


@pytest.fixture(params=kinds())
def contract(request: pytest.FixtureRequest) -> Contract:
    return load_contract(request.param)


def test_valid_by_the_standard(contract: Contract) -> None:
    """ODCS 3.1, by the JSON schema that comes with the standard's own package."""
    document = yaml.safe_load((CONTRACTS / f"{contract.kind}.odcs.yaml").read_text(encoding="utf-8"))
    assert document["apiVersion"] == "v3.1.0"
    assert document["id"] == f"spbe.{contract.kind}"
    assert [e.message for e in validator_for(SCHEMA)(SCHEMA).iter_errors(document)] == []


def test_every_column_tells_what_it_is_and_how_to_mend_it(contract: Contract) -> None:
    for column in contract.columns:
        assert column.title, column.name
        assert re.search(r"\w", column.description), column.name
        assert column.description.endswith((".", "?")), (column.name, column.description)
        assert column.example, column.name
    titles = [c.title.lower() for c in contract.columns]
    assert len(titles) == len(set(titles)), "a template's headers must differ"
    assert contract.key or contract.kind == "published_index", "the key of a row"


def test_every_example_is_right_by_its_own_rules(contract: Contract) -> None:
    """Codes, pattern, type and range; references and dates after receipt are tried by the template's test."""
    con = duckdb.connect()
    install_normalisers(con, "Asia/Jakarta")
    stages = text_stages(contract.columns, value_aliases(contract.kind))
    source = "select " + ", ".join(
        f"'{(c.example or '').replace(chr(39), chr(39) * 2)}' as \"{c.name}__text\"" for c in contract.columns
    )
    for stage in stages:
        replaced = ", ".join(f'{sql} as "{name}__text"' for name, sql in stage.items())
        source = f"select * replace ({replaced}) from ({source})" if replaced else source
    text = dict(zip((c.name for c in contract.columns), con.execute(source).fetchone() or (), strict=True))
    for column in contract.columns:
        value = text[column.name]
        assert value is not None, column.name
        assert not column.pattern or re.search(column.pattern, value), column.name
        assert not column.codes or set(value.split(";")) <= set(column.codes), column.name
        typed = con.execute(f"select {typed_sql(column, '$text')}", {"text": value}).fetchone()
        assert typed is not None
        assert typed[0] is not None, column.name


def test_patterns_hold_the_whole_value(contract: Contract) -> None:
    """A partial match would let anything around the code pass; each branch needs both anchors."""
    for column in contract.columns:
        for branch in re.split(r"\|(?![^(]*\))", column.pattern or "^$"):
            assert branch.startswith("^"), column.name
            assert branch.endswith("$"), column.name


def test_every_number_date_and_time_has_both_bounds_and_every_number_its_form(contract: Contract) -> None:
    """What one sender writes can then overflow no sum and make no day that a calendar lacks."""
    document = yaml.safe_load((CONTRACTS / f"{contract.kind}.odcs.yaml").read_text(encoding="utf-8"))
    written = {p["name"]: p for p in document["schema"][0]["properties"]}
    for column in contract.columns:
        if column.type in ("bigint", "decimal(38,10)", "date", "timestamp"):
            assert column.minimum is not None, column.name
            assert column.maximum is not None or column.latest, column.name
        if column.type in ("bigint", "decimal(38,10)"):
            own = {c["property"] for c in written[column.name].get("customProperties", [])}
            assert "numberForm" in own, column.name
            assert abs(column.maximum or 0) <= 10**13, "14 digits are read"
        if column.name == "period":
            assert (column.pattern or "").startswith("^20"), column.name
            assert column.latest, column.name


def test_a_value_refuses_its_row_only_where_a_row_can_not_be_used_without_it(contract: Contract) -> None:
    """Formats 0, severity: keys, what a reason for refusing rests on, areas and OPDs; elsewhere it warns."""
    refusing = " ".join(row.broken for row in contract.row_rules if row.severity == "error")
    for column in contract.columns:
        has_rule = column.codes or column.pattern or column.type not in ("varchar", "varchar[]")
        if has_rule and column.invalid == "error":
            is_list_of_places = column.reference and column.reference[0] in ("area", "opd_register")
            assert (
                column.missing == "error"
                or column.key
                or is_list_of_places
                or column.from_folder
                or column.name in refusing
                or contract.kind == "rulebook"
            ), column.name


def test_lists_that_codes_are_held_to_exist(contract: Contract) -> None:
    for column in contract.columns:
        if column.reference:
            assert column.reference[0] in LISTS, column.name


@pytest.mark.parametrize(
    "path", [*CONTRACTS.glob("[a-z]*.odcs.yaml"), *EARLIER.glob("*.yaml")], ids=lambda path: path.name
)
def test_rules_over_rows_name_the_columns_that_they_read(path: Path) -> None:
    """As DuckDB's own parser finds them; `_period` and `_instansi_code` are what a row falls back on."""
    contract = read_contract(path)
    con = duckdb.connect()
    for rule in contract.row_rules:
        statement = f"select 1 from cells as this where {rule.broken}"
        (parsed,) = con.execute("select json_serialize_sql(?)", [statement]).fetchone() or ("",)
        read = set(_names_read(json.loads(parsed)))
        own = tuple(c.name for c in contract.columns if {c.name, f"_{c.name}"} & read)
        assert rule.columns == own, rule.name
        is_all_missing = " and ".join(f"{name} is null" for name in rule.columns) == rule.broken
        assert rule.needs_one_of == (is_all_missing and len(rule.columns) > 1), rule.name


def _names_read(tree: object) -> Iterator[str]:
    """Columns of the judged row that a parsed statement reads."""
    if isinstance(tree, dict):
        *table, name = tree.get("column_names") or ("other", "")
        if not table or table == ["this"]:
            yield name
        for value in tree.values():
            yield from _names_read(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _names_read(value)


def test_rules_have_names_of_their_own(contract: Contract) -> None:
    found = [rule.id for rule in rules_of(contract)]
    assert len(found) == len(set(found))


def test_aliases_name_columns_and_codes_that_exist(contract: Contract) -> None:
    columns = {c.name: c for c in contract.columns}
    for alias, name in header_aliases(contract.kind).items():
        assert not name or name in columns, alias
    for name, spellings in value_aliases(contract.kind).items():
        column: Column = columns[name]
        allowed = {*column.codes, *column.also_accepted}
        for alias, code in spellings.items():
            assert not column.codes or set(code.split(";")) <= allowed, (name, alias, code)


def test_every_code_has_one_label_in_both_languages_and_its_label_loads(contract: Contract) -> None:
    words = value_aliases(contract.kind)
    for column in contract.columns:
        labels = code_labels(contract.kind, column.name)
        assert set(column.codes) | set(column.also_accepted) <= set(labels), column.name
        assert [labels[code].label_id for code in column.codes] == list(column.labels), column.name
        for code, label in labels.items():
            assert all((label.label_id, label.label_en, label.description_id, label.description_en)), code
            assert {words[column.name][said.lower()] for said in (label.label_id, label.label_en)} == {code}
        for said in ("label_id", "label_en"):
            assert len({getattr(label, said) for label in labels.values()}) == len(labels), column.name


def test_every_coded_column_of_a_mart_has_its_labels() -> None:
    """And one that is named as a coded column elsewhere is one; no label stands for what is not there."""
    marts = _columns_below("models/marts")
    coded = coded_columns()
    for place, column in marts.items():
        assert _accepted(column) <= set(coded.get(place, {})), place
    seeds = _columns_below("seeds")
    names = {name for _, name in coded} | {name for (_, name), column in seeds.items() if _accepted(column)}
    texts = {place for place, column in marts.items() if column["data_type"].startswith("varchar")}
    # Notes in free words, and columns of a kind, which are a group of their own.
    uncoded = {("dim_level", "confidence"), ("fct_row_warnings", "column_name")}
    assert {place for place in texts if place[1] in names} == set(coded) & texts | uncoded
    own = {(kind, c.name) for kind in kinds() for c in load_contract(kind).columns}
    questions = {path.stem for path in (PROJECT / "exports/questions").glob("*.sql")}
    assert {place for place in coded if place[0] not in questions} <= own | set(marts)


def test_lists_of_codes_that_are_seeds_have_the_same_labels() -> None:
    """Marts take the Indonesian one of the seed, analysts find both in `labels`."""
    coded = coded_columns()
    for seed, key, places in [
        ("contract_statuses", "status", [("fct_contracts", "status")]),
        ("intake/left_out_codes", "code", [("fct_left_out", "code")]),
        (
            "unknown_reasons",
            "reason",
            [("fct_contracts", "unknown_reason"), ("fct_service_quality", "unknown_reason")],
        ),
    ]:
        rows = _rows(PROJECT / f"dbt_project/seeds/{seed}.csv")
        labels = {code: label for place in places for code, label in coded[place].items()}
        assert {row[key]: (row["label_id"], row["label_en"]) for row in rows} == {
            code: (label.label_id, label.label_en) for code, label in labels.items()
        }, seed


def test_every_code_of_a_refused_file_has_its_label() -> None:
    said = r'(?:FileRejected|FileWaiting|ejected\("rejected",|errno\.[A-Z]+:)[\s(]*"([a-z_]+)",'
    code = re.compile(said)
    raised: set[str] = set()
    for folder in ("sources", "orchestration", "expectations"):
        for path in (PROJECT / folder).rglob("*.py"):
            raised |= set(code.findall(path.read_text(encoding="utf-8")))
    assert {"unreadable", "gone", "wrong_header", "no_usable_row", "lost"} <= raised
    assert raised <= set(coded_columns()["fct_intake_files", "reason_code"])


def _columns_below(folder: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What the files of the dbt project say of each column, by model or seed and column."""
    found = {}
    for path in (PROJECT / "dbt_project" / folder).rglob("*.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for node in [*document.get("models", []), *document.get("seeds", [])]:
            found |= {(node["name"], column["name"]): column for column in node.get("columns", [])}
    return found


def _accepted(column: Mapping[str, Any]) -> set[str]:
    tests = [t for t in column.get("data_tests", []) if isinstance(t, dict)]
    lists = [t["accepted_values"]["arguments"]["values"] for t in tests if "accepted_values" in t]
    return {str(value) for values in lists for value in values}


def test_what_a_contract_says_is_said_in_english(contract: Contract) -> None:
    """Kind, columns and rules; a rule names the same numbers and lists as in Indonesian."""
    assert all(english("kind", contract.kind))
    labels = [english("column", f"{contract.kind}.{column.name}") for column in contract.columns]
    assert all(label and description.endswith((".", "?")) for label, description in labels)
    assert len({label.label for label in labels}) == len(labels), "headers differ in English, too"
    for rule in rules_of(contract):
        said = demanded(contract, rule)
        assert english("advice", rule.kind).label, rule.id
        assert re.findall(r"\d+", said) == re.findall(r"\d+", rule.expected), rule.id
        assert said != rule.expected, rule.id
        for name, found in LISTS.items():
            # One list's title may begin another's.
            if re.search(rf"{re.escape(found.title)}(?!\w| peraturan| \(R| atau)", rule.expected):
                assert english("list", name).label in said, rule.id


def test_english_words_are_of_what_is_there() -> None:
    wanted = {("kind", "service_log"), *(("list", name) for name in LISTS)}
    for kind in kinds():
        contract = load_contract(kind)
        wanted.add(("kind", kind))
        wanted |= {("column", f"{kind}.{column.name}") for column in contract.columns}
        wanted |= {("rule", f"{kind}.row.{rule.name}") for rule in contract.row_rules}
        wanted |= {("advice", rule.kind) for rule in rules_of(contract)}
    written = [(row["group"], row["id"]) for row in shared_spellings("english")]
    assert sorted(written) == sorted(wanted)


def test_every_row_of_an_alias_table_names_columns_that_exist(contract: Contract) -> None:
    """`a|b`: the values below the header decide; `a|a`: taken where nothing else gives the column."""
    columns = {c.name: c for c in contract.columns}
    own = {text.lower(): c.name for c in contract.columns for text in (c.name, c.title)}
    seen: set[str] = set()
    for row in _rows(ALIASES / f"{contract.kind}.headers.csv"):
        assert row["alias"].lower() not in seen, row
        assert own.get(row["alias"].lower(), row["column"]) == row["column"], row
        seen.add(row["alias"].lower())
        assert {name for name in row["column"].split("|") if name} <= set(columns), row
    for row in _rows(ALIASES / f"{contract.kind}.values.csv"):
        column = columns[row["column"]]
        allowed = {*column.codes, *column.also_accepted}
        assert not column.codes or set(row["value"].split(";")) <= allowed, row


def test_a_running_number_is_ignored_in_every_kind(contract: Contract) -> None:
    known = header_aliases(contract.kind)
    assert {known.get(heading) for heading in ("no", "no.", "nomor", "no urut", "#")} == {""}


def test_every_column_that_names_something_listed_is_resolved(contract: Contract) -> None:
    """One way for all of them; what belongs to an OPD is its sender's where it does not say."""
    owners = {"opd_code", "producer_opd"}
    for column in contract.columns:
        if column.reference:
            table, _ = column.reference
            resolver = next((name for name, r in RESOLVERS.items() if r.list == table), None)
            if table != "area" or column.name == "instansi_code":
                assert column.names == resolver, column.name
        if column.name.endswith(("opd_code", "_opd")) and contract.kind != "opd_register":
            assert column.names == "opd", column.name
            is_owner = column.name in owners and contract.kind != "gateway_identity"
            assert column.from_sender == is_owner, column.name
        assert column.code_column in (None, *(c.name for c in contract.columns))
        assert column.names in (None, *RESOLVERS)


def test_every_alias_table_belongs_to_a_contract() -> None:
    names = {p.name.split(".")[0] for p in ALIASES.glob("*.csv") if not p.name.startswith("_")}
    assert names <= set(kinds())


def test_every_kind_is_a_source_of_dbt() -> None:
    document = yaml.safe_load(
        (PROJECT / "dbt_project/models/staging/_sources.yml").read_text(encoding="utf-8")
    )
    raw = next(s for s in document["sources"] if s["name"] == "raw")
    assert set(kinds()) <= {t["name"] for t in raw["tables"]}


def test_every_version_is_in_the_change_log() -> None:
    log = (CONTRACTS / "CHANGELOG.md").read_text(encoding="utf-8")
    for kind in kinds():
        assert f"{kind} {load_contract(kind).version}" in log, kind
