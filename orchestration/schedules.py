"""When a night starts by itself."""

import dagster as dg

from orchestration.chain import NIGHT_TIME, RECEIVE
from orchestration.labels import OPERATIONS
from orchestration.settings import Settings


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """`nightly_index` at 01:30 in the warehouse's time zone; on as soon as the daemon runs."""
    return [
        dg.ScheduleDefinition(
            name="nightly_index",
            job_name=RECEIVE,
            cron_schedule=f"{NIGHT_TIME.minute} {NIGHT_TIME.hour} * * *",
            execution_timezone=settings.time_zone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Begins a night with its first link; the sensor `undone` starts those that follow.",
            owners=[OPERATIONS],
        )
    ]
