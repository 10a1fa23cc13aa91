"""A run of deliveries: first what the receiver answered, then every version that waits, oldest first.

Belongs here: the order, tries, limits, what came of it. Stays out: who is told (`orchestration/delivery.py`).
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from exports.delivery.answers import (
    ACCEPTED,
    ENDINGS,
    LARGEST_BYTES,
    Answer,
    keep_answers,
    last_answers,
    read_answer,
    unreadable,
)
from exports.delivery.command import run_command
from exports.delivery.folder import FolderShare
from exports.delivery.parcel import Parcel, pack, versions
from exports.delivery.receipts import Receipt, make_ready, read_receipts, write_receipt
from exports.delivery.sending import Share, send
from exports.delivery.target import BundleRefused, DeliveryFailed, Target, Terms
from exports.signature import KeyFileError, public_key_path
from exports.verify import verify_bundle

_log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What a run of deliveries did.

    Attributes:
        target: where to, without secrets.
        delivered: receipts that it wrote, in order.
        answers: acknowledgements that were new.
        refused: a line for each bundle that can not be delivered as things are.
        failed: why what still waits was not delivered, in one line; None where nothing failed.
        waiting: names of what is not delivered.
    """

    target: str
    delivered: list[Receipt] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: str | None = None
    waiting: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Everything that went wrong, a line each."""
        return [*self.refused, *([self.failed] if self.failed else [])]


def undelivered(outbox: Path, instansi_code: str | None = None) -> list[Path]:
    """Versions without a receipt, oldest first.

    Args:
        outbox: the folder of bundles.
        instansi_code: whose; None: all.
    """
    receipts = read_receipts(outbox)
    return [path for path in versions(outbox, instansi_code) if path.name not in receipts]


def deliver(
    outbox: Path,
    instansi_code: str,
    target: Target,
    terms: Terms,
    signing_key: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Fetch acknowledgements and deliver what waits; what goes wrong is told in the outcome.

    Args:
        outbox: the folder of bundles, which no other run delivers meanwhile.
        instansi_code: whose bundles.
        target: where to.
        terms: how.
        signing_key: of the home; it signs the receipts.
        say: told what is about to be done.
    """
    outcome = Outcome(target.shown)
    run = _Run(outbox, instansi_code, target, terms, signing_key, say, outcome)
    try:
        run.with_tries()
    except (DeliveryFailed, KeyFileError, OSError) as error:
        outcome.failed = str(error)
    outcome.waiting = [path.name for path in undelivered(outbox, instansi_code)]
    for problem in outcome.problems:
        _log.warning("delivery to %s: %s", target.shown, problem)
    return outcome


@dataclass
class _Run:
    """One run, over all its tries."""

    outbox: Path
    instansi_code: str
    target: Target
    terms: Terms
    signing_key: Path
    say: Callable[[str], None]
    outcome: Outcome
    is_heard: bool = False

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.terms.max_seconds
        self._passed_over: set[str] = set()
        self._parcels: dict[str, Parcel] = {}

    def with_tries(self) -> None:
        """Try until all is delivered, nothing more would help, or the tries are used up."""
        if self.target.kind == "command":
            once = self._by_command
        elif versions(self.outbox, self.instansi_code) or self._receipts():
            once = self._by_share
        else:
            return
        if self._waiting():
            # What is sent must be receipted: a command would be run again each night.
            make_ready(self.outbox, self.signing_key)
        for number in range(self.terms.tries):
            try:
                return once()
            except DeliveryFailed as error:
                if not error.may_help_again or number + 1 >= self.terms.tries:
                    raise
                wait = self.terms.wait_seconds * 2**number
                self._tell(f"{error}; once more in {wait:g} seconds")
                time.sleep(wait)

    def _by_share(self) -> None:
        share = _open(self.target, self.terms)
        try:
            if not self.is_heard:
                self._hear(share)
                self.is_heard = True
            for folder in self._waiting():
                self._send(share, folder)
        finally:
            share.close()

    def _send(self, share: Share, folder: Path) -> None:
        try:
            parcel = self._packed(folder)
            self._tell(f"delivering {parcel.name} ({parcel.size_bytes:,} bytes)")
            was_there = send(share, parcel, self._check_time)
        except BundleRefused as refused:
            self._passed_over.add(folder.name)
            self.outcome.refused.append(str(refused))
            return
        self._keep_receipt(parcel, share.host_key, was_there=was_there)

    def _by_command(self) -> None:
        for folder in self._waiting():
            try:
                parcel = self._packed(folder)
            except BundleRefused as refused:
                self._passed_over.add(folder.name)
                self.outcome.refused.append(str(refused))
                continue
            self._tell(f"delivering {parcel.name} ({parcel.size_bytes:,} bytes)")
            self._check_time()
            run_command(self.target.words, folder, max(self._until - time.monotonic(), 1))
            self._keep_receipt(parcel, None, was_there=False)

    def _waiting(self) -> list[Path]:
        waiting = undelivered(self.outbox, self.instansi_code)
        return [folder for folder in waiting if folder.name not in self._passed_over]

    def _packed(self, folder: Path) -> Parcel:
        """The bundle, which must be as the home signed it: what is damaged does not leave the house."""
        if folder.name not in self._parcels:
            report = verify_bundle(folder, public_key_path(self.signing_key))
            if report.problems:
                raise BundleRefused(
                    f"{folder.name} does not verify ({report.problems[0]}); put it back from the backup, or "
                    "take it out of the outbox"
                )
            self._parcels[folder.name] = pack(folder)
        return self._parcels[folder.name]

    def _keep_receipt(self, parcel: Parcel, host_key: str | None, *, was_there: bool) -> None:
        receipt = Receipt(
            bundle=parcel.name,
            tagmanifest_sha256=parcel.tag_sha256,
            bytes=parcel.size_bytes,
            files=len(parcel.files),
            delivered_at=_now().isoformat(timespec="seconds"),
            target=self.target.shown,
            host_key=host_key,
            was_there=was_there,
        )
        write_receipt(self.outbox, receipt, self.signing_key)
        self.outcome.delivered.append(receipt)
        _log.info("delivered %s to %s%s", parcel.name, self.target.shown, ", was there" if was_there else "")

    def _hear(self, share: Share) -> None:
        """Fetch the acknowledgements that are not known yet."""
        known = last_answers(self.outbox)
        fresh = []
        for receipt in self._receipts():
            answer = _fetch(share, receipt)
            before = known.get(receipt.bundle)
            if answer and not (before and _is_same(before, answer)):
                fresh.append(answer)
                level = logging.INFO if answer.status == ACCEPTED and not answer.problem else logging.WARNING
                _log.log(level, "acknowledged: %s", answer)
        if fresh:
            keep_answers(self.outbox, fresh)
        self.outcome.answers.extend(fresh)

    def _receipts(self) -> list[Receipt]:
        own = f"spbe-{self.instansi_code}-"
        return [receipt for name, receipt in read_receipts(self.outbox).items() if name.startswith(own)]

    def _check_time(self) -> None:
        if time.monotonic() > self._until:
            raise DeliveryFailed(
                f"{self.target.shown}: not done in {self.terms.max_seconds:g} seconds (deliver_max_seconds); "
                "the next run goes on from here"
            )

    def _tell(self, what: str) -> None:
        _log.info(what)
        self.say(what)


def _open(target: Target, terms: Terms) -> Share:
    if target.kind == "folder":
        return FolderShare(Path(target.path))
    from exports.delivery.sftp import SftpShare

    return SftpShare(target, terms)


def _fetch(share: Share, receipt: Receipt) -> Answer | None:
    for ending in ENDINGS:
        file = receipt.bundle + ending
        try:
            if share.kind(file) == "file":
                return read_answer(share.read(file, 0, LARGEST_BYTES + 1), file, receipt, _now())
        except DeliveryFailed as error:
            # One odd file keeps no bundle back; a connection that is gone does.
            if error.may_help_again:
                raise
            return unreadable(receipt, file, str(error), _now())
    return None


def _is_same(before: Answer, answer: Answer) -> bool:
    return (before.file, before.file_sha256) == (answer.file, answer.file_sha256)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
