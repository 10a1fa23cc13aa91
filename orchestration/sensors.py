"""What follows by itself: the next link of a night, and a night when the inbox changes.

Belongs here: the daemon's side of the chain; `orchestration/night.py` is the same chain in one process.
"""

import hashlib
import time
from collections.abc import Iterator

import dagster as dg

from orchestration import intake
from orchestration.jobs import DAYS, NIGHT, PUBLISH
from orchestration.partitions import range_tags
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import lake, ledger
from sources.kinds import scan_inbox

SETTLED_SECONDS = 30


def build_sensors(settings: Settings, jobs: list) -> list[dg.SensorDefinition]:
    """The chain and the inbox."""
    return [_next_link(settings, {job.name: job for job in jobs}), _inbox(settings)]


def _next_link(settings: Settings, jobs: dict) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="night_chain",
        monitored_jobs=[jobs[NIGHT], jobs[DAYS]],
        request_jobs=[jobs[DAYS], jobs[PUBLISH]],
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=5,
        description="After intake and after each range of days: the next range, or the index.",
    )
    def night_chain(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        con = open_warehouse(settings.warehouse)
        try:
            waiting = ledger.pending_ranges(con)
        finally:
            con.close()
        # One request per finished run: its id keeps a repeated tick from asking twice.
        key = context.dagster_run.run_id
        if waiting:
            return dg.RunRequest(run_key=f"{key}-days", job_name=DAYS, tags=range_tags(*waiting[0]))
        return dg.RunRequest(run_key=f"{key}-publish", job_name=PUBLISH)

    return night_chain


def _inbox(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="inbox",
        job_name=NIGHT,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a night when files in the inbox changed and have been still for half a minute.",
    )
    def inbox(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        files = scan_inbox(settings.inbox, intake.table_kinds(), lake.LOG_FORMATS)
        # A time that is yet to come is a wrong clock, not a file that is still being written.
        newest = max((f.modified_ns / 1e9 for f in files if f.modified_ns / 1e9 <= time.time()), default=0)
        listing = "\n".join(f"{f.name}\t{f.size}\t{f.modified_ns}\t{f.meta_stamp}" for f in files)
        seen = hashlib.sha256(listing.encode()).hexdigest()
        if not files or seen == context.cursor:
            yield dg.SkipReason("nothing changed in the inbox")
        elif time.time() - newest < SETTLED_SECONDS:
            yield dg.SkipReason("files are still arriving")
        else:
            context.update_cursor(seen)
            yield dg.RunRequest(run_key=seen)

    return inbox
