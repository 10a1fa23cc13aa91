"""House rules of the dbt project, read from its manifest."""

import json
from pathlib import Path

import pytest

from orchestration.dbt import prepare_manifest
from orchestration.settings import Settings

DAILY = "daily"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("manifest")
        patch.setenv("SPBE_HOME", str(home))
        settings = Settings()
        settings.prepare_home()
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


def test_every_model_states_grain_and_primary_key(manifest: dict) -> None:
    silent = [
        m["name"]
        for m in models(manifest)
        if "Grain:" not in m["description"] or "Primary key:" not in m["description"]
    ]
    assert not silent


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

    partitioned = [m for m in by_id.values() if m["config"].get("incremental_strategy") == "microbatch"]
    missing = [
        by_id[parent]["name"]
        for m in partitioned
        for parent in upstream(m["unique_id"])
        if DAILY not in by_id[parent]["config"]["tags"]
    ]
    assert not missing
    # Each costs 0.06 s per model and day.
    assert len(partitioned) <= 3


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
    ours = ("unique_combination", "unique", "not_null_columns", "not_null")
    values = [
        t["name"]
        for t in tests
        if (t.get("attached_node") or "").rpartition(".")[2].startswith("stg_")
        and t["test_metadata"]["name"] not in ours
        and tells[t["name"]] != "sender"
    ]
    assert not values
