"""`spbe export`: build the ministry's bundle of an instansi and a period, and deliver what waits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestration.settings import Settings


def export(
    instansi: Annotated[str | None, typer.Option(help="Instansi code; default: the settings'.")] = None,
    period: Annotated[
        str | None, typer.Option(help="YYYY or YYYY-MM; default: the latest with an index.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why a new version replaces the old one.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every instansi that is measured here (a hub), each on its own.")
    ] = False,
    deliver: Annotated[
        bool,
        typer.Option("--deliver", help="Then deliver every version that waits in the outbox (deliver_to)."),
    ] = False,
) -> None:
    """Build the signed bundle from the published database; a new version only where something happened."""
    from orchestration.cli.common import open_home, open_published, wrong_use
    from orchestration.warehouse import run_lock

    settings = open_home()
    open_published()
    if deliver and not settings.deliver_to:
        raise wrong_use("--deliver: no target yet; set deliver_to in spbe.toml of the home")
    if every and (instansi or period or deliver):
        raise wrong_use("--all: takes neither --instansi, --period nor --deliver")
    settings.prepare_home()
    if every:
        _build_all(settings, reason)
        return
    code = instansi or settings.instansi
    if not deliver:
        _build(settings, code, period, reason)
        return
    # Two deliveries at once would send into one file.
    with run_lock(settings.lock, "spbe export"):
        _build(settings, code, period, reason)
        _deliver(settings, code)


def _build_all(settings: Settings, reason: str | None) -> None:
    """One bundle after the other; one that can not be built is told at the end and keeps no other back."""
    from exports.bundle import measured_instansi
    from orchestration.cli.common import Failure

    failed = []
    for code, period in measured_instansi(settings.published):
        try:
            _build(settings, code, period, reason)
        except Failure as error:
            failed.append(f"{code}: {error}")
    if failed:
        raise Failure("\n".join(failed))


def _build(settings: Settings, code: str, period: str | None, reason: str | None) -> None:
    import duckdb

    from exports.bundle import build_bundle, latest_period
    from exports.gate import PersonalDataError
    from orchestration.cli.common import Failure, wrong_use
    from orchestration.program import results_fingerprint

    try:
        made = build_bundle(
            settings.published,
            settings.outbox,
            instansi_code=code,
            period=period or latest_period(settings.published, code),
            signing_key=settings.keys / "signing.key",
            as_of=settings.last_complete_day(),
            made_by=results_fingerprint(settings),
            reason=reason,
            documents=settings.archive if settings.bundle_documents else None,
            contact=settings.bundle_contact,
            as_draft=settings.export_release == "manual",
        )
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise Failure("the published database is of another version of the program; spbe run") from error
    except PersonalDataError as error:
        raise Failure(str(error)) from error
    except (LookupError, ValueError) as error:
        raise wrong_use(str(error).strip("'\"")) from error
    settings.share_outputs()
    print(f"{made.path}{'' if made.is_new else ' (unchanged)'}")
    if made.is_draft:
        print("A draft (export_release = manual): spbe release --reason TEXT makes it a version.")


def _deliver(settings: Settings, code: str) -> None:
    from orchestration.cli import signals
    from orchestration.cli.common import Failure
    from orchestration.delivery import deliver_home
    from orchestration.logs import log_to_home

    log_to_home(settings)
    signals.hint("run again to go on from here")
    outcome = deliver_home(settings, code, say=lambda told: print(f"… {told}", file=sys.stderr, flush=True))
    for answer in outcome.answers:
        print(f"acknowledged: {answer}")
    for receipt in outcome.delivered:
        there = " (it was there already)" if receipt.was_there else ""
        print(f"delivered: {receipt.bundle} to {receipt.target}{there}")
    if outcome.problems:
        waiting = f"waiting in the outbox: {', '.join(outcome.waiting)}"
        raise Failure("\n".join([*outcome.problems, *([waiting] if outcome.waiting else [])]))
    if not outcome.delivered:
        print("Nothing waits for delivery.")
