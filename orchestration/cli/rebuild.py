"""`spbe rebuild`: warehouse, lake and outputs anew from what was received."""

from __future__ import annotations

import sys

_SHOWN = 5


def rebuild() -> None:
    """Make warehouse, lake and results anew from the archive; what was there before is set aside."""
    from orchestration.cli.common import Failure, open_home
    from orchestration.night import NightFailed, run_night
    from orchestration.rebuild import NothingToRebuild
    from orchestration.rebuild import rebuild as make_anew
    from orchestration.warehouse import run_lock

    settings = open_home()
    settings.prepare_home()

    def say(what: str) -> None:
        print(f"… {what}", file=sys.stderr, flush=True)

    with run_lock(settings.lock, "spbe rebuild"):
        try:
            done = make_anew(settings, say)
        except NothingToRebuild as error:
            raise Failure(str(error)) from error
        try:
            run_night(settings, settings.inbox, say=say)
        except NightFailed as error:
            raise Failure(f"warehouse and lake are whole again, but the results are not: {error}") from error
    print(f"Made anew from {done.files:,} receipts of the archive.")
    for what, names in (
        ("not in the archive as it was, so it counts no more", done.lost),
        ("judged otherwise than then", done.other),
    ):
        for name in names[:_SHOWN]:
            print(f"  {name}: {what}")
        if len(names) > _SHOWN:
            print(f"  … and {len(names) - _SHOWN:,} more {what}")
    print(f"What was there before lies in {done.aside}; delete it once you are content.")
