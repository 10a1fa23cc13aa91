"""When a night starts by itself."""

import dagster as dg

from orchestration.jobs import NIGHT, NIGHT_TIME
from orchestration.settings import Settings


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """`nightly_index` at 01:30 in the warehouse's time zone; on as soon as the daemon runs."""
    return [
        dg.ScheduleDefinition(
            name=NIGHT,
            job_name=NIGHT,
            cron_schedule=f"{NIGHT_TIME.minute} {NIGHT_TIME.hour} * * *",
            execution_timezone=settings.time_zone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ]
