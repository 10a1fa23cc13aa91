"""Asset checks of the intake: the contracts' verdicts, and the truths whose failure makes a result wrong.

Belongs here: turning a verdict into a check. A bad row is normal (warning, never blocking); a row that is
lost, or two judges that disagree, blocks what comes after. Stays out: the rules (`expectations/`).
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from expectations import contract as contracts
from expectations import suite
from expectations.rules import Rule, rules_of
from orchestration import intake
from orchestration.assets.raw import LEDGER_KEYS
from orchestration.resources import Warehouse

def build_checks() -> list[dg.AssetChecksDefinition]:
    """Every check of the intake."""
    return [_contract_verdicts(), _no_row_is_lost()]


def check_name(rule: Rule) -> str:
    """A rule's name among the checks of its asset: without the kind, dots made underscores."""
    return rule.id.split(".", 1)[1].replace(".", "__")


def _contract_verdicts() -> dg.AssetChecksDefinition:
    every = [contracts.load_contract(kind) for kind in intake.table_kinds()]
    specs = [
        dg.AssetCheckSpec(
            check_name(rule),
            asset=dg.AssetKey(["raw", contract.kind]),
            description=f"{rule.title}: {rule.expected}",
        )
        for contract in every
        for rule in rules_of(contract)
    ]
    # On the ledger, not on each kind: a kind that waited for the verdict on all would wait for itself.
    agrees = dg.AssetCheckSpec(
        "gx_equals_quarantine",
        asset=LEDGER_KEYS[0],
        blocking=True,
        description="Great Expectations and the quarantine count the same rows, rule by rule.",
    )

    @dg.multi_asset_check(name="contract_verdicts", specs=[*specs, agrees])
    def contract_verdicts(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        # Only kinds whose latest intake brought rows are judged; the others have nothing to say.
        counts: dict[str, int] = {}
        fresh = []
        with warehouse.connect() as con:
            for contract in every:
                files = suite.judged_files(con, contract)
                if files:
                    fresh.append(contract)
                    counts |= suite.quarantine_counts(con, contract, files)
        found = suite.verdicts(Path(warehouse.path), fresh) if fresh else []
        verdicts = {v.rule.id: v for v in found}
        for contract in every:
            for rule in rules_of(contract):
                verdict = verdicts.get(rule.id)
                yield dg.AssetCheckResult(
                    passed=verdict is None or verdict.passed,
                    asset_key=dg.AssetKey(["raw", contract.kind]),
                    check_name=check_name(rule),
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={
                        "unexpected": verdict.unexpected if verdict else 0,
                        "rows": verdict.rows if verdict else 0,
                        "rule": rule.id,
                        "severity": rule.severity,
                    },
                )
        differing = {
            rule_id: f"Great Expectations {verdict.unexpected}, quarantine {counts[rule_id]}"
            for rule_id, verdict in verdicts.items()
            if verdict.unexpected != counts[rule_id]
        }
        yield dg.AssetCheckResult(
            passed=not differing,
            asset_key=agrees.asset_key,
            check_name=agrees.name,
            metadata={"differing": differing, "rules": len(verdicts)},
        )

    return contract_verdicts


def _no_row_is_lost() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=LEDGER_KEYS[0],
        blocking=True,
        description="For every file: rows received = rows loaded + rows quarantined, as the tables hold them.",
    )
    def no_row_is_lost(warehouse: Warehouse) -> dg.AssetCheckResult:
        with warehouse.connect() as con:
            lost = con.execute(
                """
                with held as (
                    select file_sha256, kind, count(*) as quarantined from raw.quarantine
                    where is_current group by all
                )
                select f.file_name, f.rows_received, f.rows_loaded, f.rows_quarantined, h.quarantined
                from intake.files as f left join held as h using (file_sha256, kind)
                where f.status in ('loaded', 'partly') and (
                    f.rows_received <> f.rows_loaded + f.rows_quarantined
                    or f.rows_quarantined <> coalesce(h.quarantined, 0)
                )"""
            ).fetchall()
        return dg.AssetCheckResult(passed=not lost, metadata={"files": [str(row) for row in lost[:20]]})

    return no_row_is_lost
