"""House rules of the dbt project, read from its manifest."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from exports import bundle
from orchestration.dbt import prepare_manifest, read_dictionary
from orchestration.settings import PROJECT, Settings

DAILY = "daily"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(tmp_path_factory.mktemp("manifest")))
        settings = Settings()
        settings.prepare_home()
        return settings


@pytest.fixture(scope="module")
def manifest(settings: Settings) -> dict:
    return json.loads(Path(prepare_manifest(settings)).read_text(encoding="utf-8"))


def models(manifest: dict) -> list[dict]:
    return [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]


def test_every_model_and_column_is_described(manifest: dict) -> None:
    silent = [m["name"] for m in models(manifest) if not m["description"].strip()]
    silent += [
        f"{m['name']}.{c['name']}"
        for m in models(manifest)
        for c in m["columns"].values()
        if not c["description"].strip()
    ]
    assert not silent


def keyed(manifest: dict) -> dict[str, dict]:
    return {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")}


def test_every_model_and_seed_states_grain_and_primary_key(manifest: dict) -> None:
    by_name = keyed(manifest)
    assert not [name for name, n in by_name.items() if not n["config"]["meta"].get("grain")]
    # The first keeps what was received, double or not; the other is the lake, a year of records.
    keyless = {"int_scores__received", "int_scores__handed_in", "stg_service_log__records"}
    assert {name for name, n in by_name.items() if not n["config"]["meta"].get("primary_key")} == keyless
    strangers = [
        f"{name}.{column}"
        for name, n in by_name.items()
        for column in n["config"]["meta"].get("primary_key", [])
        if column not in n["columns"]
    ]
    assert not strangers


def test_every_primary_key_is_held(manifest: dict) -> None:
    by_name = keyed(manifest)
    tested = {
        t["attached_node"]
        for t in manifest["nodes"].values()
        if t["resource_type"] == "test" and (t.get("test_metadata") or {}).get("name") == "primary_key"
    }
    unheld = []
    for name, node in by_name.items():
        meta = node["config"]["meta"]
        holder = meta.get("primary_key_held_by")
        if not meta.get("primary_key") or node["unique_id"] in tested:
            continue
        if holder is None:
            # Seeds and tables are held as they are built (macros/build.sql).
            is_ours = node["resource_type"] == "seed" or node["config"]["contract"]["enforced"]
            is_held = is_ours and node["config"]["materialized"] in ("table", "kept_days", "seed")
        else:
            # Rows of that table, or rows that it takes in: one of the two reads the other.
            other = by_name[holder]
            reads = node["unique_id"] in other["depends_on"].get("nodes", [])
            reads = reads or other["unique_id"] in node["depends_on"].get("nodes", [])
            key, its_key = set(meta["primary_key"]), set(other["config"]["meta"]["primary_key"])
            is_held = reads and key <= its_key and other["config"]["materialized"] != "view"
        if not is_held:
            unheld.append(name)
    assert not unheld
    # A seed's types are what lets it be built here, with its key and its columns that are never empty.
    untyped = [
        n["name"]
        for n in by_name.values()
        if n["resource_type"] == "seed" and set(n["columns"]) != set(n["config"]["column_types"])
    ]
    assert not untyped


def test_every_test_is_described(manifest: dict) -> None:
    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    tests += list(manifest["unit_tests"].values())
    assert not [t["name"] for t in tests if not (t["description"] or "").strip()]


def test_what_models_share_is_described_once_in_two_languages(manifest: dict) -> None:
    shared = {d["name"] for d in manifest["docs"].values() if d["package_name"] == "spbe"}
    english = {name for name in shared if not name.endswith("_id") or f"{name}_id" in shared}
    assert {f"{name}_id" for name in english} == shared - english
    # What stands in three files and more is a block of models/docs/columns.md.
    again = Counter(
        (c["name"], c["description"].strip())
        for n in keyed(manifest).values()
        for c in n["columns"].values()
        if not c.get("doc_blocks")
    )
    assert not [said for said, times in again.items() if times >= 3]


def test_every_mart_and_column_has_a_title_and_a_description_in_indonesian(
    settings: Settings, manifest: dict
) -> None:
    dictionary = read_dictionary(settings)
    assert [key for key, meaning in dictionary.items() if not all(meaning)] == []
    # No words of what is gone, and none that a shared block has already.
    docs = PROJECT / "dbt_project" / "models" / "docs"
    with (docs / "descriptions_id.csv").open(encoding="utf-8", newline="") as file:
        written = [(row["table_name"], row["column_name"]) for row in csv.DictReader(file)]
    marts = {m["name"]: m["columns"] for m in models(manifest) if m["fqn"][1] == "marts"}
    alone = {(name, "") for name in marts}
    alone |= {(n, c["name"]) for n, found in marts.items() for c in found.values() if not c.get("doc_blocks")}
    assert sorted(written) == sorted(alone)
    with (docs / "titles_id.csv").open(encoding="utf-8", newline="") as file:
        titled = [row["name"] for row in csv.DictReader(file)]
    assert sorted(titled) == sorted({column or table for table, column in dictionary})


def test_exposures_read_what_the_code_reads(manifest: dict) -> None:
    by_id = {n["unique_id"]: n for n in manifest["nodes"].values()}
    marts = {m["name"] for m in models(manifest) if m["fqn"][1] == "marts"}
    seeds = {n["name"] for n in by_id.values() if n["resource_type"] == "seed"}
    whole = {"published_database": marts, "ministry_bundle": marts - set(bundle.OF_THE_HOME)}
    assert {e["name"] for e in manifest["exposures"].values()} >= {"pages", "feedback", "templates", *whole}
    for exposure in manifest["exposures"].values():
        code = [PROJECT / path for path in exposure["config"]["meta"]["read_by"]]
        words = {word for path in code for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
        # What leaves the house reads the published database, which holds no seed.
        known = marts if "exports" in code[0].parts else marts | seeds
        reads = {by_id[unique_id]["name"] for unique_id in exposure["depends_on"]["nodes"]}
        assert reads == whole.get(exposure["name"], words & known), exposure["name"]


def test_every_model_keeps_a_contract(manifest: dict) -> None:
    assert not [m["name"] for m in models(manifest) if not m["config"]["contract"]["enforced"]]


def test_names_say_the_layer(manifest: dict) -> None:
    prefixes = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("dim_", "fct_")}
    wrong = [m["name"] for m in models(manifest) if not m["name"].startswith(prefixes[m["fqn"][1]])]
    assert not wrong


def test_layers_are_not_skipped_backwards(manifest: dict) -> None:
    order = {"staging": 0, "intermediate": 1, "marts": 2}
    by_id = {m["unique_id"]: m for m in models(manifest)}
    wrong = [
        f"{m['name']} reads {by_id[parent]['name']}"
        for m in by_id.values()
        for parent in m["depends_on"]["nodes"]
        if parent in by_id and order[by_id[parent]["fqn"][1]] > order[m["fqn"][1]]
    ]
    assert not wrong


def test_the_daily_tag_covers_the_path_from_the_lake(manifest: dict) -> None:
    # A selection that leaves out a model between two assets loses their order: facts ran before sources.
    by_id = {m["unique_id"]: m for m in models(manifest)}

    def upstream(unique_id: str) -> set[str]:
        parents = {p for p in by_id[unique_id]["depends_on"]["nodes"] if p in by_id}
        return parents.union(*(upstream(p) for p in parents)) if parents else parents

    daily = [m for m in by_id.values() if DAILY in m["config"]["tags"]]
    assert daily
    missing = [
        by_id[parent]["name"]
        for m in daily
        for parent in upstream(m["unique_id"])
        if DAILY not in by_id[parent]["config"]["tags"]
    ]
    assert not missing


def test_what_a_sender_writes_only_warns(manifest: dict) -> None:
    # A test that fails ends the night for everybody, so it may only tell of a fault of ours.
    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    assert tests
    tells = {t["name"]: t["config"]["meta"].get("tells_of") for t in tests}
    assert not [name for name, of in tells.items() if of not in ("us", "sender")]
    wrong = [
        t["name"]
        for t in tests
        if (t["config"]["severity"].lower() == "warn") != (tells[t["name"]] == "sender")
    ]
    assert not wrong
    # Staging holds what was sent: only what its own SQL makes so, its grain and its keys, may be held there.
    ours = ("primary_key", "unique_combination_of_columns", "unique", "not_null_columns", "not_null")
    values = [
        t["name"]
        for t in tests
        if (t.get("attached_node") or "").rpartition(".")[2].startswith("stg_")
        and t["test_metadata"]["name"] not in ours
        and tells[t["name"]] != "sender"
    ]
    assert not values
