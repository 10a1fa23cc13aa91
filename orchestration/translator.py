"""How a model, a seed and a test of dbt look in Dagster.

Belongs here: group, owner, tags, text and files of an asset that dbt builds, and the sentence of a check.
Stays out: running dbt (`dbt.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from orchestration.labels import code_references, layer_tags, location, owners
from orchestration.lineage import read_lineage
from orchestration.program import DBT_PROJECT
from orchestration.settings import Settings

_SCHEMA, _LINEAGE = "dagster/column_schema", "dagster/column_lineage"


class SpbeTranslator(DagsterDbtTranslator):
    """Groups by folder, so that the lineage reads as the walk of the data.

    Args:
        settings: whose warehouse holds the tables.
        manifest: of the project as it is now.
    """

    def __init__(self, settings: Settings, manifest: Path) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))
        self._home = settings
        self._lineage = read_lineage(manifest)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """`seeds`, or the layer of the model: staging, intermediate, marts."""
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        return str(dbt_resource_props["fqn"][1])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """Who answers for the layer."""
        return owners(str(self.get_group_name(dbt_resource_props)))

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """Those of dbt, the layer and the subject, which is the folder in it."""
        group = str(self.get_group_name(dbt_resource_props))
        # The first folder of a model is its layer, and a file's own name is last.
        folders = dbt_resource_props["fqn"][1 if group == "seeds" else 2 : -1]
        subject = folders[0] if folders else ""
        of_dbt = super().get_tags(dbt_resource_props)
        return {**of_dbt, **layer_tags(group, subject, "none" if group == "seeds" else "masked")}

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description alone: the SQL is one click away, in the file that is named."""
        return str(dbt_resource_props["description"]).strip() or str(dbt_resource_props["name"])

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Table, columns and what they come from, the file that says what it is."""
        found = dict(super().get_metadata(dbt_resource_props))
        if dbt_resource_props["resource_type"] == "source":
            return found
        sources = self._lineage.get(dbt_resource_props["unique_id"], {})
        if sources:
            found[_SCHEMA] = _with_sources(found[_SCHEMA], sources)
            found[_LINEAGE] = dg.TableColumnLineage(
                {
                    column: [
                        dg.TableColumnDep(dg.AssetKey([schema, table]), name)
                        for schema, table, name in before
                    ]
                    for column, before in sources.items()
                }
            )
        table = f"{dbt_resource_props['schema']}.{dbt_resource_props['alias']}"
        path = DBT_PROJECT / dbt_resource_props["original_file_path"]
        return found | location(self._home.warehouse, table) | code_references(path)

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """Tests of published tables are checks; dbt itself stops at any other that fails.

        An event of each of several hundred tests would cost more time than the tests.
        """
        if asset_spec.key.path[0] != "marts":
            return None
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=_sentence(manifest["nodes"][unique_id]))


def _with_sources(
    schema: dg.TableSchema, sources: Mapping[str, Sequence[tuple[str, str, str]]]
) -> dg.TableSchema:
    """The page shows columns and their texts, not their lineage: so it is said there."""
    columns = []
    for column in schema.columns:
        before = ", ".join(f"{table}.{name}" for _, table, name in sources.get(column.name, ()))
        told = f"{column.description or ''} From: {before}.".strip() if before else column.description
        columns.append(dg.TableColumn(column.name, column.type, told, column.constraints, column.tags))
    return dg.TableSchema(columns)


# Of the generic tests, by name: what holds where they pass.
_TRUTHS = {
    "accepted_values": "{column_name} is one of {values}",
    "expression_is_true": "{expression}",
    "not_null": "{column_name} is never missing",
    "not_null_columns": "none of {columns} is missing",
    "primary_key": "every row has a key of its own",
    "relationships": "every {column_name} is one of {to}",
    "unique": "no two rows have the same {column_name}",
    "unique_combination_of_columns": "no two rows have the same {combination_of_columns}",
}


def _sentence(test: Mapping[str, Any]) -> str:
    """What a test of dbt holds: in its own words, or in those of its kind."""
    if test.get("description"):
        return " ".join(str(test["description"]).split())
    generic = test.get("test_metadata") or {}
    given = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in (generic.get("kwargs") or {}).items()
    }
    try:
        truth = _TRUTHS[generic["name"]].format(**given)
    except KeyError:
        truth = str(test["name"]).removeprefix("assert_").replace("_", " ")
    table = str(test.get("attached_node") or "").rpartition(".")[2]
    return f"{table}: {truth}." if table else f"{truth[:1].upper()}{truth[1:]}."
