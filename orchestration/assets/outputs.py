"""What leaves the house, as assets: published database, pages, bundle.

Belongs here: when an output is made and what Dagster shows of it. Stays out: how it is made (`exports/`).
"""

import datetime as dt

import dagster as dg

from expectations import contract as contracts
from expectations import suite
from expectations.pages import write_pages
from exports.bundle import build_bundle, latest_period
from exports.feedback import write_feedback
from exports.publish import publish_database
from exports.reports.pages import write_reports
from orchestration.manifest import finish
from orchestration.resources import Warehouse
from orchestration.settings import Settings

GROUP = "exports"
DATABASE_KEY = dg.AssetKey(["published", "database"])
REPORT_KEY = dg.AssetKey(["published", "report"])
FEEDBACK_KEY = dg.AssetKey(["feedback", "opd"])
BUNDLE_KEY = dg.AssetKey(["outbox", "bundle"])


def build_output_assets(settings: Settings, marts: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """Published database, pages and bundle of one home; `marts` are the tables that are published."""
    freshness = dg.FreshnessPolicy.cron(
        deadline_cron="0 5 * * *", lower_bound_delta=dt.timedelta(hours=4), timezone=settings.time_zone
    )

    @dg.asset(
        key=DATABASE_KEY,
        group_name=GROUP,
        kinds={"duckdb"},
        deps=marts,
        freshness_policy=freshness,
        description="The marts, with comments and ready questions: the file that analysts open.",
    )
    def published_database(warehouse: Warehouse) -> dg.MaterializeResult:
        tables = publish_database(warehouse.release(), settings.published)
        settings.share_outputs()
        return dg.MaterializeResult(
            metadata={
                "tables": len(tables),
                "rows": sum(rows for _, rows in tables),
                "path": dg.MetadataValue.path(settings.published),
            }
        )

    @dg.asset(
        key=REPORT_KEY,
        group_name=GROUP,
        kinds={"html"},
        deps=[DATABASE_KEY],
        description="One static page per instansi, and their index; one per kind of file, under formats/.",
    )
    def report(warehouse: Warehouse) -> dg.MaterializeResult:
        pages = write_reports(settings.published, settings.report, None, settings.last_complete_day())
        with warehouse.connect() as con:
            last = suite.last_verdicts(con)
        formats = [contracts.load_contract(kind) for kind in contracts.kinds()]
        pages += write_pages(settings.report / "formats", formats, last)
        settings.share_outputs()
        return dg.MaterializeResult(
            metadata={"pages": len(pages), "path": dg.MetadataValue.path(settings.report / "index.html")}
        )

    @dg.asset(
        key=FEEDBACK_KEY,
        group_name=GROUP,
        kinds={"html", "xlsx"},
        deps=[DATABASE_KEY],
        description="What each OPD has to mend, with the workbook to send it back in; or that nothing is.",
    )
    def feedback() -> dg.MaterializeResult:
        written = write_feedback(settings.published, settings.feedback, settings.last_complete_day())
        settings.share_outputs()
        return dg.MaterializeResult(
            metadata={"opds": len(written), "path": dg.MetadataValue.path(settings.feedback)}
        )

    @dg.asset(
        key=BUNDLE_KEY,
        group_name=GROUP,
        deps=[DATABASE_KEY, REPORT_KEY, FEEDBACK_KEY],
        freshness_policy=freshness,
        description="The signed bundle of this home's instansi; a new version where its content changed.",
    )
    def bundle(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        try:
            period = latest_period(settings.published, settings.instansi)
        except LookupError as reason:
            context.log.warning(str(reason))
            metadata: dict[str, str | bool | dg.PathMetadataValue] = {"bundle": str(reason)}
            path = None
        else:
            made = build_bundle(
                settings.published,
                settings.outbox,
                instansi_code=settings.instansi,
                period=period,
                signing_key=settings.keys / "signing.key",
                as_of=settings.last_complete_day(),
            )
            path = made.path
            settings.share_outputs()
            metadata = {"path": dg.MetadataValue.path(path), "is_new": made.is_new}
        with warehouse.connect() as con:
            # Last of all: a crash before this line leaves the home unfinished.
            finish(con, settings, path)
        return dg.MaterializeResult(metadata=metadata)

    return [published_database, report, feedback, bundle]
