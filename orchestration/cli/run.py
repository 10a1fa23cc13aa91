"""`spbe run`: the whole chain once, and what came of it."""

from __future__ import annotations

import datetime as dt
import gc
import logging
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from orchestration.settings import Settings

EXAMPLE_MARK = "example-home"
_TELL_SECONDS = 5
# Of those that sent files; a screen of them.
_MOST_INDICES = 30


class _Progress(logging.Handler):
    """Tells of a long reading every few seconds; a short one stays silent."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._told_at = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            self._told_at = time.monotonic()
            print(f"    {record.getMessage()}", file=sys.stderr, flush=True)


def run(
    inbox: Annotated[Path | None, typer.Option(help="Folder to read; default: the home's inbox.")] = None,
    day: Annotated[
        list[dt.datetime] | None,
        typer.Option(formats=["%Y-%m-%d"], help="Also recompute the calls of this day; may be repeated."),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="The example inbox, into a home of its own.")
    ] = False,
) -> None:
    """Read new files, recompute touched days, index, publish, report and bundle; print the result."""
    from orchestration.cli import signals
    from orchestration.cli.common import Failure, load_settings, wrong_use
    from orchestration.logs import log_to_home
    from orchestration.night import NightFailed, run_night
    from orchestration.settings import PROJECT

    if example:
        if inbox is not None:
            raise wrong_use("--example reads the example inbox; leave out --inbox")
        inbox = PROJECT / "sources" / "example_inbox"
        _claim_example_home(inbox.with_suffix(".toml"))
    settings = load_settings()
    if inbox is not None and not inbox.is_dir():
        found = "a file" if inbox.exists() else "nothing"
        raise wrong_use(f"--inbox {inbox}: expected a folder, found {found}")
    days = [moment.date() for moment in day or []]
    for one in days:
        if not settings.first_day <= one <= settings.today():
            raise wrong_use(f"--day {one}: expected a day from {settings.first_day} to {settings.today()}")
    signals.hint("run again to finish what was begun")
    began = time.monotonic()
    log_to_home(settings)
    logging.getLogger("sources").addHandler(_Progress())
    # A run makes millions of objects and few cycles: to look for those less often saves a twentieth of it.
    gc.set_threshold(100_000, 20, 50)
    try:
        night = run_night(
            settings,
            inbox or settings.inbox,
            days=days,
            say=lambda told: print(f"… {told}", file=sys.stderr, flush=True),
        )
    except NightFailed as error:
        raise Failure(str(error)) from error
    print_summary(settings)
    _print_delivery(settings)
    took = time.monotonic() - began
    if night.links:
        print(f"\nDone in {took:.0f} s.")
    else:
        print(f"\nNothing changed since the last run ({took:.0f} s).")


def _claim_example_home(values: Path) -> None:
    """The example lives in a home of its own: fiction beside an agency's own files would mislead.

    Args:
        values: its settings, among them whose index and report: the fictional regency.
    """
    from orchestration.cli.common import Failure
    from orchestration.home import SETTINGS_FILE
    from orchestration.settings import Settings, make_home

    settings = Settings()
    home = settings.home
    told = values.read_text(encoding="utf-8")
    mark = home / EXAMPLE_MARK
    if not mark.exists():
        if home.exists() and any(home.iterdir()):
            raise Failure(
                f"{home} holds other files; the example needs a home of its own: "
                "set SPBE_HOME to an empty folder"
            )
        make_home(settings, **tomllib.loads(told))
        mark.write_text("This home holds the example inbox, part of it fictional.\n", encoding="utf-8")
    elif not settings.instansi_names:
        # A home of an earlier version, whose program itself knew the names: unnamed, fiction would look real.
        with (home / SETTINGS_FILE).open("a", encoding="utf-8") as file:
            file.write(told[told.index("\n[instansi_names]") :])


def print_summary(settings: Settings) -> None:
    """The short result, read from the published database."""
    import duckdb

    con = duckdb.connect(
        str(settings.published), read_only=True, config={"storage_compatibility_version": "v1.2.0"}
    )
    try:
        _print_files(con)
        _print_indices(con, settings.instansi)
        _print_findings(con, settings.instansi)
    finally:
        con.close()
    print("\nResults")
    print(f"  database  {settings.published}")
    print(f"  pages     {settings.report / 'index.html'}")
    print(f"  feedback  {settings.feedback}")
    bundles = sorted(settings.outbox.glob("spbe-*-v*"), key=lambda p: p.stat().st_mtime)
    if bundles:
        print(f"  bundle    {bundles[-1]}")


def _print_delivery(settings: Settings) -> None:
    from orchestration.delivery import standing

    found = standing(settings)
    if found is None:
        return
    told = f"{len(found.waiting)} bundles wait" if found.waiting else "nothing waits"
    print(f"  delivery  {found.target}: {found.problem or told}")
    for answer in found.unsettled:
        print(f"            {answer}")


def _print_files(con: Any) -> None:
    files, received, loaded, quarantined = con.execute(
        "select count(*), coalesce(sum(rows_received), 0), coalesce(sum(rows_loaded), 0), "
        "coalesce(sum(rows_quarantined), 0) from fct_intake_files "
        "where status in ('loaded', 'partly', 'rejected')"
    ).fetchone()
    print(f"Files received: {files}; rows {received}: {loaded} loaded, {quarantined} quarantined")
    problems = con.execute(
        "select file_name, status, reason from fct_intake_files where status in ('rejected', 'waiting') "
        "order by file_name"
    ).fetchall()
    for name, status, reason in problems[:10]:
        print(f"  {status}: {name}: {reason}")
    if len(problems) > 10:
        print(f"  … and {len(problems) - 10} more: select * from fct_intake_files where status = 'rejected'")


def _print_indices(con: Any, instansi: str) -> None:
    from exports.reports.wording import STAGES

    rows = con.execute(
        """
        select i.instansi_name, s.period, s.rulebook_id, s.stage, s.printed, s.predicate, s.published,
            s.band_low, s.band_high, s.coverage
        from fct_scores as s inner join dim_instansi as i using (instansi_code)
        where s.node_kind = 'index' and s.unit_kind = 'instansi' and s.rulebook_id <> 'interop-1'
            and (s.instansi_code = ? or s.instansi_code in (select instansi_code from fct_intake_files))
        order by s.instansi_code, s.period desc, s.rulebook_id,
            list_position(?::varchar[], s.stage)
        """,
        [instansi, list(STAGES)],
    ).fetchall()
    print("\nIndex")
    for name, period, rulebook, stage, printed, predicate, published, low, high, coverage in rows[
        :_MOST_INDICES
    ]:
        value = f"{printed} {predicate}" if printed is not None else "not enough answers"
        band = "" if coverage == 1 else f"  (answered {coverage:.0%}, between {low:.2f} and {high:.2f})"
        ministry = f"  ministry's table: {published:.2f}" if published is not None else ""
        print(f"  {name} {period}, {rulebook}, {stage}: {value}{band}{ministry}")
    if len(rows) > _MOST_INDICES:
        print(
            f"  … and {len(rows) - _MOST_INDICES} more: "
            "select * from fct_scores where node_kind = 'index' and unit_kind = 'instansi'"
        )
    if not rows:
        print(f"  none yet for {instansi}: no self_assessment or published_index holds it")


def _print_findings(con: Any, instansi: str) -> None:
    rows = con.execute(
        "select severity, statement from fct_findings where instansi_code = ? and status = 'open' "
        "order by finding_rank limit 3",
        [instansi],
    ).fetchall()
    if rows:
        print("\nBiggest findings")
        for severity, statement in rows:
            print(f"  [{severity}] {statement}")
