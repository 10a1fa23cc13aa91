"""What follows by itself: whatever of a night is undone, link by link.

Belongs here: asking the ledger, and when to ask it again. Stays out: which link follows (`chain.py`), what it
does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration import alerts, intake
from orchestration.chain import NIGHT_TIME, next_link
from orchestration.labels import OPERATIONS
from orchestration.partitions import run_tags
from orchestration.plan import Plan, plan_night
from orchestration.settings import Settings
from orchestration.warehouse import WarehouseBusy, WarehouseDamaged, run_lock
from sources.kinds import InboxFile, scan_inbox
from sources.logs import writing

SETTLED_SECONDS = 30
# A link that failed is tried again after so many minutes, the last of them again and again.
RETRY_MINUTES = (5, 15, 60, 180)
# A run that began so long ago and does not hold the home is dead, not about to begin.
_STARTING_SECONDS = 300
_BEGUN = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_sensors(settings: Settings, jobs: list) -> list[dg.SensorDefinition]:
    """The one sensor."""

    @dg.sensor(
        name="undone",
        jobs=jobs,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks the ledger what is undone, whoever left it so, and starts the link that does it.",
        owners=[OPERATIONS],
    )
    def undone(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        cursor = json.loads(context.cursor or "{}")
        files = scan_inbox(settings.inbox, intake.table_kinds(), writing.LOG_FORMATS)
        look = _look(settings, files)
        if look == cursor.get("look") and time.time() < cursor.get("again_at", float("inf")):
            return dg.SkipReason("nothing changed")
        if why_not := _why_not_now(context.instance, files):
            return dg.SkipReason(why_not)
        try:
            with run_lock(settings.lock, "the sensor, planning"):
                plan = _planned(settings)
        except (WarehouseBusy, WarehouseDamaged) as reason:
            return dg.SkipReason(str(reason))
        link = next_link(plan, is_night=_is_night(settings))
        if link is None:
            return dg.SensorResult(
                skip_reason=dg.SkipReason("nothing is undone"),
                cursor=json.dumps({"look": _look(settings, files)}),
            )
        wanted = hashlib.sha256(f"{link}{plan}".encode()).hexdigest()
        tries = cursor.get("tries", 0) + 1 if wanted == cursor.get("wanted") else 0
        if tries and time.time() < cursor["again_at"]:
            # Until then a look is enough, though the failed run has written.
            return dg.SensorResult(
                skip_reason=dg.SkipReason(f"{link.job} failed; it is tried again later"),
                cursor=json.dumps(cursor | {"look": _look(settings, files)}),
            )
        wait = RETRY_MINUTES[min(tries, len(RETRY_MINUTES) - 1)] * 60
        now = time.time()
        told = {"look": look, "wanted": wanted, "tries": tries, "again_at": now + wait}
        tags = run_tags(context.instance, link.days)
        request = dg.RunRequest(run_key=f"{wanted}-{now:.0f}", job_name=link.job, tags=tags)
        return dg.SensorResult(run_requests=[request], cursor=json.dumps(told))

    return [undone]


def _planned(settings: Settings) -> Plan:
    """The plan; no run begins where there is none, so its operator is told here."""
    try:
        return plan_night(settings, settings.inbox)
    except WarehouseDamaged as damaged:
        alerts.tell(settings, [str(damaged)])
        raise


def _look(settings: Settings, files: list[InboxFile]) -> str:
    """Changes when the inbox, the warehouse or the night does: as long as it does not, nothing is new."""
    try:
        found = settings.warehouse.stat()
        warehouse = f"{found.st_size} {found.st_mtime_ns}"
    except FileNotFoundError:
        warehouse = ""
    listing = "\n".join(f"{f.name}\t{f.size}\t{f.modified_ns}\t{f.meta_stamp}" for f in files)
    told = f"{listing}\n{warehouse}\n{settings.last_complete_day()} {_is_night(settings)}"
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()


def _is_night(settings: Settings) -> bool:
    """Whether the hour of the night has come today: before it a day that passed asks for nothing."""
    now = dt.datetime.now(ZoneInfo(settings.time_zone)).time()
    return now >= NIGHT_TIME


def _why_not_now(instance: dg.DagsterInstance, files: list[InboxFile]) -> str | None:
    # A time that is yet to come is a wrong clock, not a file that is still being written.
    now = time.time()
    newest = max((f.modified_ns / 1e9 for f in files if f.modified_ns / 1e9 <= now), default=0)
    if now - newest < SETTLED_SECONDS:
        return "files are still arriving"
    # A run that holds the home is met at the lock.
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=_STARTING_SECONDS)
    begun = dg.RunsFilter(statuses=_BEGUN, updated_after=since)
    return "a link is about to begin" if instance.get_run_records(begun, limit=1) else None
