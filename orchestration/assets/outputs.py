"""What leaves the house, as assets: published database, pages, bundle.

Belongs here: when an output is made and what Dagster shows of it. Stays out: how it is made (`exports/`).
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import dagster as dg

from expectations import contract as contracts
from expectations import suite
from exports.bundle import build_bundle, latest_period
from exports.feedback import write_feedback
from exports.open_data import Terms, write_open_data
from exports.publish import publish_database
from exports.reports.formats import write_formats
from exports.reports.site import write_reports
from orchestration.assets.shared import makes
from orchestration.dbt import read_dictionary, read_grains
from orchestration.labels import layer_tags, location, owners
from orchestration.manifest import finish
from orchestration.program import results_fingerprint
from orchestration.resources import Warehouse
from orchestration.settings import PROJECT, Settings

GROUP = "exports"
DATABASE_KEY = dg.AssetKey(["published", "database"])
REPORT_KEY = dg.AssetKey(["published", "report"])
FEEDBACK_KEY = dg.AssetKey(["feedback", "opd"])
OPEN_DATA_KEY = dg.AssetKey(["published", "open_data"])
BUNDLE_KEY = dg.AssetKey(["outbox", "bundle"])


def build_output_assets(
    settings: Settings, marts: Sequence[dg.AssetKey], index: Iterable[dg.AssetKey]
) -> list[dg.AssetsDefinition]:
    """Published database, pages, open data and bundle of one home.

    Args:
        settings: the home.
        marts: tables that are published.
        index: everything that must be built anew for outputs that hold what was received.
    """
    whole = {*index, DATABASE_KEY, REPORT_KEY, FEEDBACK_KEY, OPEN_DATA_KEY}
    freshness = dg.FreshnessPolicy.cron(
        deadline_cron="0 5 * * *", lower_bound_delta=dt.timedelta(hours=4), timezone=settings.time_zone
    )

    @dg.asset(
        key=DATABASE_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, personal="masked"),
        metadata=location(settings.published),
        kinds={"duckdb"},
        deps=marts,
        freshness_policy=freshness,
        description="The marts, with comments and ready questions: the file that analysts open.",
    )
    def published_database(warehouse: Warehouse) -> dg.MaterializeResult:
        grains, dictionary = read_grains(settings), read_dictionary(settings)
        tables = publish_database(
            warehouse.release(), settings.published, grains=grains, dictionary=dictionary
        )
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
        owners=owners(GROUP),
        tags=layer_tags(GROUP, personal="masked"),
        metadata=location(settings.report),
        kinds={"html"},
        deps=[DATABASE_KEY],
        description="One static page per instansi, and their index; one per kind of file, under formats/, "
        "and one per published table, under kamus/.",
    )
    def report(warehouse: Warehouse) -> dg.MaterializeResult:
        pages = write_reports(
            settings.published,
            settings.report,
            None,
            settings.last_complete_day(),
            results_fingerprint(settings),
        )
        with warehouse.connect() as con:
            last = suite.last_verdicts(con)
        formats = [contracts.load_contract(kind) for kind in contracts.kinds()]
        pages += write_formats(settings.report / "formats", formats, last, settings.instansi)
        settings.share_outputs()
        return dg.MaterializeResult(
            metadata={"pages": len(pages), "path": dg.MetadataValue.path(settings.report / "index.html")}
        )

    @dg.asset(
        key=FEEDBACK_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, personal="masked"),
        metadata=location(settings.feedback),
        kinds={"html", "xlsx"},
        deps=[DATABASE_KEY],
        description="What each OPD has to mend, with the workbook to send it back in; or that nothing is.",
    )
    def feedback() -> dg.MaterializeResult:
        written = write_feedback(
            settings.published,
            settings.feedback,
            settings.last_complete_day(),
            PROJECT / "dbt_project" / "seeds",
            results_fingerprint(settings),
            settings.time_zone,
        )
        settings.share_outputs()
        return dg.MaterializeResult(
            metadata={"opds": len(written), "path": dg.MetadataValue.path(settings.feedback)}
        )

    @dg.asset(
        key=OPEN_DATA_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, personal="none"),
        metadata=location(settings.open_data),
        kinds={"csv", "parquet"},
        deps=[DATABASE_KEY],
        description="Aggregates that anybody may know, small counts suppressed, and entries for portals.",
    )
    def open_data() -> dg.MaterializeResult:
        terms = Terms(
            settings.open_data_min_count,
            settings.open_data_licence,
            settings.open_data_url,
            settings.bundle_contact,
        )
        folders = write_open_data(settings.published, settings.open_data, terms, settings.last_complete_day())
        settings.share_outputs()
        return dg.MaterializeResult(
            metadata={"instansi": len(folders), "path": dg.MetadataValue.path(settings.open_data)}
        )

    @dg.asset(
        key=BUNDLE_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, personal="masked"),
        metadata=location(settings.outbox),
        kinds={"zip"},
        deps=[DATABASE_KEY, REPORT_KEY, FEEDBACK_KEY],
        freshness_policy=freshness,
        description="The signed bundle of this home's instansi; a new version where something happened.",
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
                made_by=results_fingerprint(settings),
                documents=settings.archive if settings.bundle_documents else None,
                contact=settings.bundle_contact,
                as_draft=settings.export_release == "manual",
            )
            # A draft may be released or made anew at any time.
            path = None if made.is_draft else made.path
            settings.share_outputs()
            metadata = {
                "path": dg.MetadataValue.path(made.path),
                "is_new": made.is_new,
                "is_draft": made.is_draft,
            }
        with warehouse.connect() as con:
            # Last of all: a crash before this line leaves the home unfinished.
            finish(con, settings, path, is_whole=makes(context, whole))
        return dg.MaterializeResult(metadata=metadata)

    return [published_database, report, feedback, open_data, bundle]
