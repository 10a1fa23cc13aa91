"""Asset checks of the intake: the contracts' verdicts, and the truths whose failure makes a result wrong.

Belongs here: turning a verdict into a check. A bad row is normal (warning, never blocking); a row that is
lost, or two judges that disagree, blocks what comes after. Stays out: the rules (`expectations/`).
"""

from collections.abc import Iterator, Sequence
from functools import partial

import dagster as dg

from expectations import contract as contracts
from expectations import suite
from expectations.suite import Verdict
from orchestration import intake
from orchestration.assets.raw import CALLS_KEY, LEDGER_KEYS
from orchestration.owed import is_counted, missing_sources
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from sources.kinds import LOG_KIND

VERDICT, OWED = "contract", "owed_has_come"
SOURCES_KEY = dg.AssetKey(["intermediate", "int_sources__counted"])
CALLS = (LOG_KIND, CALLS_KEY)


def build_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Every check of the intake of one home."""
    return [_contract_verdicts(settings), _no_row_is_lost()]


def _contract_verdicts(settings: Settings) -> dg.AssetChecksDefinition:
    """One check per kind with all its rules inside: one check per rule would cost more than the rules."""
    every = [contracts.load_contract(kind) for kind in intake.table_kinds()]
    specs = [
        dg.AssetCheckSpec(
            VERDICT,
            asset=dg.AssetKey(["raw", contract.kind]),
            description=f"Verdict of Great Expectations by the contract {contract.kind} {contract.version}.",
        )
        for contract in every
    ]
    # On the ledger, not on each kind: a kind that waited for the verdict on all would wait for itself.
    agrees = dg.AssetCheckSpec(
        "gx_equals_quarantine",
        asset=LEDGER_KEYS[0],
        blocking=True,
        description="Great Expectations and the quarantine count the same rows, rule by rule.",
    )

    @dg.multi_asset_check(name="contract_verdicts", specs=[*specs, agrees], can_subset=True)
    def contract_verdicts(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        chosen = context.selected_asset_check_keys
        # Only kinds whose latest intake brought rows are judged; the others have nothing to say.
        counts: dict[str, int] = {}
        fresh = []
        with warehouse.connect(partial(intake.open_ledger, settings=settings)) as con:
            for contract in every:
                is_wanted = agrees.key in chosen or _verdict_key(contract.kind) in chosen
                files = suite.judged_files(con, contract) if is_wanted else []
                if files:
                    fresh.append(contract)
                    counts |= suite.quarantine_counts(con, contract, files)
            verdicts = suite.verdicts(con, fresh) if fresh else []
            if verdicts:
                suite.keep_verdicts(con, verdicts)
        for contract in every:
            if _verdict_key(contract.kind) not in chosen:
                continue
            own = [v for v in verdicts if v.rule.id.startswith(f"{contract.kind}.")]
            yield dg.AssetCheckResult(
                passed=all(v.passed for v in own),
                asset_key=dg.AssetKey(["raw", contract.kind]),
                check_name=VERDICT,
                severity=dg.AssetCheckSeverity.WARN,
                metadata=_verdict_metadata(own),
            )
        differing = {
            v.rule.id: f"Great Expectations {v.unexpected}, quarantine {counts[v.rule.id]}"
            for v in verdicts
            if v.unexpected != counts[v.rule.id]
        }
        if agrees.key in chosen:
            yield dg.AssetCheckResult(
                passed=not differing,
                asset_key=agrees.asset_key,
                check_name=agrees.name,
                metadata={"differing": differing, "rules": len(verdicts)},
            )

    return contract_verdicts


def _verdict_key(kind: str) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(dg.AssetKey(["raw", kind]), VERDICT)


def _verdict_metadata(verdicts: Sequence[Verdict]) -> dict[str, int | dg.MarkdownMetadataValue]:
    broken = [v for v in verdicts if not v.passed]
    lines = ["| rule | severity | rows | what is expected |", "|---|---|---|---|"]
    lines += [f"| {v.rule.id} | {v.rule.severity} | {v.unexpected} | {v.rule.expected} |" for v in broken]
    return {
        "rows": max((v.rows for v in verdicts), default=0),
        "rules": len(verdicts),
        "rules broken": len(broken),
        "broken": dg.MetadataValue.md("\n".join(lines) if broken else "none"),
    }


def _no_row_is_lost() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=LEDGER_KEYS[0],
        blocking=True,
        description="For every file: rows received = rows loaded + quarantined, as the tables hold them.",
    )
    def no_row_is_lost(warehouse: Warehouse) -> dg.AssetCheckResult:
        with warehouse.connect() as con:
            lost = con.execute(
                """
                with held as (
                    select file_id, count(*) as quarantined from raw.quarantine
                    where is_current group by all
                )
                select f.file_name, f.rows_received, f.rows_loaded, f.rows_quarantined, h.quarantined
                from intake.files as f left join held as h using (file_id)
                where f.status in ('loaded', 'partly') and (
                    f.rows_received <> f.rows_loaded + f.rows_quarantined
                    or f.rows_quarantined <> coalesce(h.quarantined, 0)
                )"""
            ).fetchall()
        told = [
            f"{name}: {received} rows received, {loaded} loaded, {quarantined} quarantined, "
            f"{held or 0} held in quarantine"
            for name, received, loaded, quarantined, held in lost
        ]
        return dg.AssetCheckResult(
            passed=not lost,
            description=f"Rows of {len(lost)} files are nowhere: {told[0]}" if lost else None,
            metadata={"files": told[:20]},
        )

    return no_row_is_lost


def build_owed_check(settings: Settings) -> dg.AssetChecksDefinition:
    """Freshness by the register: of each kind, whether what agencies owe of it by `expects` has come."""
    specs = {
        kind: dg.AssetCheckSpec(
            OWED,
            asset=key,
            additional_deps=[SOURCES_KEY],
            description=f"Every {kind} that an OPD owes by its register (`expects`) has come: for the last "
            "period that was due, with the days of grace of `delivery_terms.csv`.",
        )
        for kind, key in [*((kind, dg.AssetKey(["raw", kind])) for kind in intake.table_kinds()), CALLS]
    }

    @dg.multi_asset_check(name=OWED, specs=[*specs.values()], can_subset=True)
    def owed_has_come(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        with warehouse.connect() as con:
            every = missing_sources(con, settings.last_complete_day()) if is_counted(con) else []
        for kind, spec in specs.items():
            if spec.key not in context.selected_asset_check_keys:
                continue
            missing = [source for source in every if source.source_code.partition(":")[0] == kind]
            yield dg.AssetCheckResult(
                passed=not missing,
                asset_key=spec.asset_key,
                check_name=spec.name,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{len(missing)} are owed and have not come: {'; '.join(map(str, missing))}"
                if missing
                else None,
                metadata={"missing": len(missing)},
            )

    return owed_has_come
