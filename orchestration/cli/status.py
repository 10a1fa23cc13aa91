"""`spbe status`: the last nights, what waits and why, when the next one starts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    import duckdb

    from orchestration.plan import Plan
    from orchestration.settings import Settings


def status(
    nights: Annotated[int, typer.Option(min=1, help="How many nights to show.")] = 7,
) -> None:
    """Tell of the last nights, of what is undone and why, and when the next night starts; starts nothing."""
    from orchestration.chain import NIGHT_TIME
    from orchestration.cli.common import open_home
    from orchestration.plan import plan_night
    from orchestration.warehouse import WarehouseBusy, open_warehouse, run_lock

    settings = open_home()
    if not settings.warehouse.exists():
        print("No night yet.")
    else:
        try:
            with run_lock(settings.lock, "spbe status"):
                plan = plan_night(settings, settings.inbox)
                con = open_warehouse(settings.warehouse)
                try:
                    _print_nights(con, nights)
                    _print_undone(con, plan)
                    _print_alerts(settings, con)
                finally:
                    con.close()
        except WarehouseBusy as busy:
            print(f"Now: {busy}")
    _print_deliveries(settings)
    zone = ZoneInfo(settings.time_zone)
    now = dt.datetime.now(zone)
    day = now.date() + dt.timedelta(days=now.time() >= NIGHT_TIME)
    print(f"\nNext night: {dt.datetime.combine(day, NIGHT_TIME):%Y-%m-%d %H:%M} {settings.time_zone}", end="")
    print(", while `spbe ui` or the service runs")


def _print_nights(con: duckdb.DuckDBPyConnection, count: int) -> None:
    from orchestration.cli.common import print_rows

    rows = con.execute(
        "select night.night_id, night.began_at, date_diff('second', night.began_at, night.ended_at), "
        "coalesce(night.result, 'not finished'), count(link.run_id) "
        "from intake.nights as night left join intake.night_links as link on night.night_id = link.night_id "
        "group by all order by night.began_at desc, night.night_id desc limit ?",
        [count],
    ).fetchall()
    if rows:
        print_rows(["night", "began (UTC)", "seconds", "result", "runs"], rows)
    else:
        print("No night yet.")


def _print_undone(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    from orchestration.plan import ranges
    from sources import ledger

    print()
    if plan.is_empty:
        print("Nothing is undone.")
    if plan.new_files:
        print(f"{plan.new_files} files of the inbox are to be read")
    for first, last in ranges(plan.days):
        print(f"calls of {first} to {last} are to be counted")
    for what in [*plan.reasons, *plan.damaged]:
        print(f"undone: {what}")
    waiting = con.execute(
        "select file_name, reason from raw.intake_files where status = 'waiting' order by file_order"
    ).fetchall()
    for name, reason in waiting:
        print(f"waits: {name}: {reason}")
    for what in ledger.lost_contents(con):
        print(f"archive: {what}; put it back from a backup, or let it be sent again")


def _print_deliveries(settings: Settings) -> None:
    from orchestration.delivery import standing

    found = standing(settings)
    if found is None:
        return
    tried = f"last tried {found.tried_at} UTC" if found.tried_at else "not tried yet"
    waits = f"{len(found.waiting)} bundles wait" if found.waiting else "nothing waits"
    print(f"\nDelivery to {found.target}: {waits}; {tried}")
    for name in found.waiting:
        print(f"not delivered: {name}")
    if found.problem:
        print(f"delivery failed: {found.problem}")
    for answer in found.unsettled:
        print(f"acknowledged: {answer}")


def _print_alerts(settings: Settings, con: duckdb.DuckDBPyConnection) -> None:
    from orchestration.alerts import known_alerts

    for alert in known_alerts(settings, con):
        told = f"told {alert.told_at} UTC" if alert.told_at else "not told yet"
        problem = f"; the last word was not sent: {alert.problem}" if alert.problem else ""
        print(f"alert: {alert.cause}: {alert.channel}: {told}{problem}")
