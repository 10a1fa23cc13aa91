"""Intake assets: one per kind of table, made from its contract; the ledger's views.

Belongs here: what Dagster shows of an intake step. Stays out: the step itself (`orchestration/intake.py`).
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import dagster as dg

from expectations import contract as contracts
from expectations import suite
from orchestration import intake
from orchestration.labels import code_references, layer_tags, location, owners
from orchestration.partitions import add_days
from orchestration.program import count_days_again
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.workers.resource import Workers
from sources.kinds import LOG_KIND
from sources.ledger import FileRecord
from sources.received import Verdict

GROUP = "intake"
SETTINGS_KEY = dg.AssetKey(["raw", "run_settings"])
CALLS_KEY = dg.AssetKey(["lake", "service_calls"])
LEDGER = {
    "intake_files": "One row per received file, whatever became of it.",
    "quarantine": "One row per quarantined row, with every broken rule.",
    "row_warnings": "One row per warning on a loaded row.",
    "left_out": "One row per thing of a received file that was not read as rows.",
    "document_files": "One row per document of evidence that lies in the archive.",
}
LEDGER_KEYS = [dg.AssetKey(["raw", name]) for name in LEDGER]
# Written by every run beside what it makes.
NOTES = {
    ("raw", "instansi_names"): "One row per instansi or sender that the settings name.",
    ("raw", "acknowledgements"): "One row per answer of a receiver to a bundle.",
    ("raw", "nights"): "One row per night, with its end and its result.",
    ("raw", "night_links"): "One row per run of a night.",
    ("raw", "night_workers"): "One row per night and host whose processes read its logs.",
    ("raw", "pending_days"): "One row per local day of service calls that waits for counting.",
    ("raw", "pending_instansi"): "Whose calls of a waiting day are counted; none: everybody's.",
    ("lake", "service_call_files"): "Records of each file on each local day, from the Parquet footers.",
}


def build_intake_assets(settings: Settings, inbox: Path) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset between the inbox and dbt."""
    kinds = intake.table_kinds()
    return [
        _run_settings(settings, inbox),
        *[_table_kind(settings, inbox, kind) for kind in kinds],
        _service_calls(settings, inbox),
        _ledger(settings, kinds),
        *[_note(settings, *key, text) for key, text in NOTES.items()],
    ]


def _run_settings(settings: Settings, inbox: Path) -> dg.AssetsDefinition:
    @dg.asset(
        key=SETTINGS_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, "intake"),
        metadata=location(settings.warehouse, "raw.run_settings"),
        kinds={"duckdb"},
        description="Settings and day that models may know; also refuses files of no known kind.",
    )
    def run_settings(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        with warehouse.connect() as con:
            intake.prepare_warehouse(con, settings)
            count_days_again(con)
            records = list(intake.receive(con, settings, inbox, None, partial(_tell, context)))
        return dg.MaterializeResult(
            metadata={"as_of": str(settings.last_complete_day()), **_file_metadata(records)}
        )

    return run_settings


def _table_kind(settings: Settings, inbox: Path, kind: str) -> dg.AssetsDefinition:
    contract = contracts.load_contract(kind)
    # A file must find what it is judged by, also what came in the same night, or its two judges would differ.
    first = intake.FIRST_KINDS
    before = first[: first.index(kind)] if kind in first else first
    upstream = [dg.AssetKey(["raw", before[-1]])] if before else [SETTINGS_KEY]

    @dg.asset(
        key=["raw", kind],
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, kind, "masked" if any(c.personal for c in contract.columns) else "none"),
        kinds={"duckdb"},
        deps=upstream,
        code_version=contract.version,
        description=f"{contract.title}. {contract.purpose}",
        metadata={
            **location(settings.warehouse, f"raw.{kind}"),
            **code_references(contracts.CONTRACTS / f"{kind}.odcs.yaml"),
            "dagster/column_schema": dg.TableSchema(
                [dg.TableColumn(c.name, c.type, c.title) for c in contract.columns]
            ),
        },
    )
    def table_kind(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        with warehouse.connect(partial(intake.open_ledger, settings=settings)) as con:
            records = list(intake.receive(con, settings, inbox, kind, partial(_tell, context)))
            suite.create_judged_view(con, contract, [r.file_id for r in records if r.rows_received])
            rows = con.execute(f"select count(*) from raw.{kind}").fetchone()
        return dg.MaterializeResult(
            metadata={"dagster/row_count": rows[0] if rows else 0, **_file_metadata(records)}
        )

    return table_kind


def _service_calls(settings: Settings, inbox: Path) -> dg.AssetsDefinition:
    @dg.asset(
        key=CALLS_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, LOG_KIND, "pseudonymised"),
        metadata=location(settings.lake) | {"dagster/table_name": "warehouse.lake.service_calls"},
        kinds={"parquet"},
        deps=[SETTINGS_KEY],
        description="One row per log record, pseudonymised, in Parquet by local day.",
    )
    def service_calls(
        context: dg.AssetExecutionContext, warehouse: Warehouse, workers: Workers
    ) -> dg.MaterializeResult:
        with warehouse.connect(partial(intake.open_ledger, settings=settings)) as con:
            intake.sweep_lake(con, settings)
            lost = intake.mend_lake(con, settings)
            for name in lost:
                context.log.error(f"{name}: a part is gone from the lake, and its bytes from the archive")
            tell = partial(_observe, context)
            records = list(intake.receive(con, settings, inbox, LOG_KIND, tell, workers.reading))
            intake.queue_first_day(con, settings)
            intake.drop_old_logs(con, settings)
            waiting = con.execute("select day from intake.pending_days").fetchall()
            known = con.execute("select distinct day from intake.lake_files").fetchall()
        # Also those of a home whose records of runs were lost.
        add_days(context.instance, [day for (day,) in [*waiting, *known]])
        return dg.MaterializeResult(metadata={"days_waiting": len(waiting), **_file_metadata(records)})

    return service_calls


def _ledger(settings: Settings, kinds: Sequence[str]) -> dg.AssetsDefinition:
    upstream = [dg.AssetKey(["raw", kind]) for kind in kinds] + [CALLS_KEY]

    @dg.multi_asset(
        name="ledger",
        group_name=GROUP,
        specs=[
            dg.AssetSpec(
                key,
                deps=upstream,
                description=LEDGER[key.path[-1]],
                kinds={"duckdb"},
                owners=owners(GROUP),
                tags=layer_tags(GROUP, "intake", "masked"),
                metadata=location(settings.warehouse, ".".join(key.path)),
            )
            for key in LEDGER_KEYS
        ],
    )
    def ledger_views(warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
        with warehouse.connect(partial(intake.open_ledger, settings=settings)) as con:
            for key in LEDGER_KEYS:
                rows = con.execute(f"select count(*) from raw.{key.path[-1]}").fetchone()
                yield dg.MaterializeResult(key, metadata={"dagster/row_count": rows[0] if rows else 0})

    return ledger_views


def _note(settings: Settings, schema: str, name: str, text: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        [schema, name],
        group_name=GROUP,
        description=text,
        kinds={"duckdb"},
        owners=owners(GROUP),
        tags=layer_tags(GROUP, "intake"),
        metadata=location(settings.warehouse, f"{schema}.{name}"),
    )


def _file_metadata(records: Sequence[FileRecord]) -> dict[str, int | dg.MarkdownMetadataValue]:
    table = "\n".join(f"- {_line(r)}" for r in records[:50]) or "nothing new"
    return {
        "files": len(records),
        "rows_received": sum(r.rows_received for r in records),
        "rows_loaded": sum(r.rows_loaded for r in records),
        "rows_quarantined": sum(r.rows_quarantined for r in records),
        "received": dg.MetadataValue.md(table),
    }


def _observe(context: dg.AssetExecutionContext, verdict: Verdict) -> None:
    """Let the asset's page tell of each log as soon as it is kept; a night of them may take hours."""
    record = verdict.record
    context.log_event(
        dg.AssetObservation(
            CALLS_KEY,
            description=_line(record),
            metadata={
                "file": record.file_name,
                "status": record.status,
                "records": record.records or 0,
                "bad_lines": record.bad_lines or 0,
                "days": len(verdict.days),
            },
        )
    )
    _log_fault(context, verdict)


def _tell(context: dg.AssetExecutionContext, verdict: Verdict) -> None:
    context.log.info(_line(verdict.record))
    _log_fault(context, verdict)


def _log_fault(context: dg.AssetExecutionContext, verdict: Verdict) -> None:
    if verdict.details:
        context.log.error(f"{verdict.record.file_name}: {verdict.details}")


def _line(record: FileRecord) -> str:
    counts = f"{record.rows_loaded} of {record.rows_received} rows loaded"
    said = f" ({record.reason})" if record.reason else ""
    return f"{record.file_name}: {record.status}, {counts}{said}"
