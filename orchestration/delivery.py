"""Delivery as a home does it: by its settings, with what came of the last one noted for status and alerts.

Belongs here: when there is something to deliver, the note `delivery.json` of the home. Stays out: delivering
(`exports/delivery/`), telling (`alerts.py`, `cli/status.py`).
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exports.aside import write_file
from exports.delivery.answers import REJECTED, Answer, unsettled
from exports.delivery.folder import FolderShare
from exports.delivery.run import Outcome, deliver, undelivered
from exports.delivery.target import DeliveryFailed, Target, Terms, parse_target
from orchestration.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """How deliveries stand.

    Attributes:
        target: where to, without secrets.
        waiting: bundles without a receipt, oldest first.
        problem: what went wrong in the last run, in one line; None where nothing did.
        tried_at: when that run was, UTC; None where there was none.
        unsettled: answers of the receiver that want a person.
    """

    target: str
    waiting: list[str]
    problem: str | None
    tried_at: str | None
    unsettled: list[Answer]

    @property
    def rejected(self) -> list[Answer]:
        """Answers that reject a bundle of which no later version was accepted."""
        return [answer for answer in self.unsettled if answer.status == REJECTED]


def target_of(settings: Settings) -> Target | None:
    """Where the home delivers to; None where it does not."""
    return parse_target(settings.deliver_to.get_secret_value()) if settings.deliver_to else None


def has_undelivered(settings: Settings) -> bool:
    """Whether a bundle of this home waits for a delivery."""
    return target_of(settings) is not None and bool(undelivered(settings.outbox, settings.instansi))


def deliver_home(
    settings: Settings, instansi_code: str | None = None, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Deliver what waits in the outbox of a home and note what came of it.

    Args:
        settings: a prepared home with a target, which is locked as long.
        instansi_code: whose bundles; None: those of the home.
        say: told what is about to be done.

    Raises:
        ValueError: the home has no target.
        OSError: the note can not be written.
    """
    target = target_of(settings)
    if target is None:
        raise ValueError("deliver_to is not set")
    code = instansi_code or settings.instansi
    outcome = deliver(settings.outbox, code, target, _terms(settings), settings.keys / "signing.key", say)
    settings.share_outputs()
    _note(settings, "; ".join(outcome.problems) or None)
    return outcome


def deliver_last(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Outcome | None:
    """Deliver as the last step of a night, which it never fails; None where it broke off by a fault of ours.

    Args:
        settings: as `deliver_home`.
        say: told what is about to be done.
    """
    try:
        return deliver_home(settings, say=say)
    except Exception as error:
        _log.exception("delivery")
        told = f"{type(error).__name__}: {error}".partition("\n")[0]
        try:
            _note(settings, f"the delivery broke off ({told}); {settings.logs / 'spbe.log'} holds all of it")
        except OSError:
            _log.exception("delivery")
        return None


def standing(settings: Settings) -> Standing | None:
    """How deliveries of the home's instansi stand; None where it has no target."""
    target = target_of(settings)
    if target is None:
        return None
    problem, tried_at = _noted(settings)
    waiting = [path.name for path in undelivered(settings.outbox, settings.instansi)]
    return Standing(target.shown, waiting, problem, tried_at, unsettled(settings.outbox))


def faults(settings: Settings) -> list[str]:
    """What would stop a delivery before the other side is asked, a line each."""
    target = target_of(settings)
    if target is None:
        return []
    try:
        if target.kind == "sftp":
            from exports.delivery.sftp import read_keys

            read_keys(_terms(settings))
        elif target.kind == "folder":
            FolderShare(Path(target.path))
    except DeliveryFailed as error:
        return [str(error)]
    return []


def _terms(settings: Settings) -> Terms:
    return Terms(
        key_file=settings.keys / settings.deliver_key,
        host_key=settings.deliver_host_key,
        tries=settings.deliver_tries,
        wait_seconds=settings.deliver_wait_seconds,
        connect_seconds=settings.deliver_connect_seconds,
        idle_seconds=settings.deliver_idle_seconds,
        max_seconds=settings.deliver_max_seconds,
    )


def _note_path(settings: Settings) -> Path:
    return settings.home / "delivery.json"


def _note(settings: Settings, problem: str | None) -> None:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(" ", timespec="seconds")
    content = json.dumps({"tried_at": now, "problem": problem}, ensure_ascii=False)
    write_file(_note_path(settings), content.encode("utf-8", "replace"), mode=0o600)


def _noted(settings: Settings) -> tuple[str | None, str | None]:
    try:
        noted = json.loads(_note_path(settings).read_bytes())
        return noted["problem"], noted["tried_at"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
