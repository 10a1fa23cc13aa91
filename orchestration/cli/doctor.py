"""`spbe doctor`: what is wrong with a home or its installation, and how it is mended."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

_SHOWN = 5


def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not read every byte of archive, lake and results.")
    ] = False,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Try the scheduler and its workers, too.")
    ] = False,
    mend: Annotated[bool, typer.Option("--mend", help="Write receipts that are missing.")] = False,
) -> None:
    """Look installation, rights, disk, keys, clock, archive, lake, results and Dagster's storage over."""
    from orchestration import intake
    from orchestration.cli.common import Failure, open_home
    from orchestration.doctor import Fault, open_for_looking, subjects
    from orchestration.warehouse import run_lock

    settings = open_home()
    # What is logged on the way is told as a fault.
    logging.getLogger("sources").addHandler(logging.NullHandler())
    count = 0

    def tell(subject: str, faults: list[Fault]) -> None:
        nonlocal count
        count += sum(fault.is_wrong for fault in faults)
        if not faults:
            print(f"ok     {subject}")
        for fault in faults[:_SHOWN]:
            print(
                f"{'WRONG' if fault.is_wrong else 'note '}  {subject}: {fault.what}\n         ► {fault.mend}"
            )
        if len(faults) > _SHOWN:
            print(f"       {subject}: {len(faults) - _SHOWN:,} more")

    with run_lock(settings.lock, "spbe doctor"):
        con, faults = open_for_looking(settings)
        try:
            if con is not None:
                intake.open_ledger(con, settings)
                if mend:
                    print(f"{intake.write_missing_receipts(con, settings):,} receipts written")
            tell("warehouse", faults)
            for subject, look in subjects(settings, con, quick=quick, cluster=cluster).items():
                tell(subject, list(look()))
        finally:
            if con is not None:
                con.close()
    if count:
        raise Failure(f"{count} {'thing is' if count == 1 else 'things are'} wrong")
