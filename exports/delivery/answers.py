"""Acknowledgements: what the receiver answers to a bundle, read as a stranger's text and kept.

Belongs here: what counts of `<bundle>.ack.json` or `<bundle>.ack.txt` beside a delivered bundle, and the file
of all that came (JSON lines, one answer each, the last of a bundle counts). Stays out: fetching them.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from exports.aside import write_file
from exports.delivery.parcel import BUNDLE_NAME
from exports.delivery.receipts import FOLDER, Receipt
from exports.strangers import plain
from sources.personal_forms import masked, masked_all

ACCEPTED, REJECTED, UNUSABLE = "accepted", "rejected", "unusable"
LARGEST_BYTES = 1 << 16
# In this order: where both are there the first one counts.
ENDINGS = (".ack.json", ".ack.txt")
_FILE = "acknowledgements.jsonl"
_MOST_REASONS, _LONGEST_REASON = 100, 1_000
_NEEDED, _KNOWN = {"bundle", "tagmanifest_sha256", "status"}, {"reasons", "at"}
# Two clocks that are right may differ by so much.
_CLOCK_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """One acknowledgement.

    Attributes:
        bundle: which it lay beside.
        tagmanifest_sha256: of what was delivered.
        status: `accepted`, `rejected`, or `unusable` where it says neither in the agreed form.
        reasons: the receiver's, personal values masked.
        at: when the receiver wrote it, UTC, ISO 8601; None where it does not say.
        received_at: when it was fetched, UTC, ISO 8601.
        file: its name at the target.
        file_sha256: of its bytes.
        problem: what is odd about it; why it is unusable.
    """

    bundle: str
    tagmanifest_sha256: str
    status: str
    reasons: tuple[str, ...]
    at: str | None
    received_at: str
    file: str
    file_sha256: str
    problem: str | None = None

    def __str__(self) -> str:
        told = [*self.reasons[:3], *([self.problem] if self.problem else [])]
        more = f"; {len(self.reasons) - 3} more reasons" if len(self.reasons) > 3 else ""
        return f"{self.bundle}: {self.status}{': ' if told else ''}{plain('; '.join(told), 600)}{more}"


def read_answer(content: bytes, file: str, receipt: Receipt, now: dt.datetime) -> Answer:
    """Read an acknowledgement; one that can not be read is `unusable` and says why.

    Args:
        content: its bytes.
        file: its name, `<bundle>.ack.json` or `<bundle>.ack.txt`.
        receipt: of the bundle that it lay beside.
        now: UTC.
    """
    answer = Answer(
        bundle=receipt.bundle,
        tagmanifest_sha256=receipt.tagmanifest_sha256,
        status=UNUSABLE,
        reasons=(),
        at=None,
        received_at=now.isoformat(timespec="seconds"),
        file=file,
        file_sha256=hashlib.sha256(content).hexdigest(),
    )
    try:
        if len(content) > LARGEST_BYTES:
            raise ValueError(f"larger than {LARGEST_BYTES} bytes")
        text = content.decode("utf-8-sig")
        read = _of_json(text, receipt) if file.endswith(ENDINGS[0]) else _of_text(text)
    except UnicodeDecodeError:
        return replace(answer, problem="not UTF-8")
    except (ValueError, RecursionError) as error:
        return replace(answer, problem=f"not in the agreed form: {_why(error)}")
    return _dated(replace(answer, **read), receipt)


def _why(error: Exception) -> str:
    # Of what a stranger wrote nothing is repeated here.
    if isinstance(error, json.JSONDecodeError | RecursionError):
        return "no JSON"
    return str(error)


def _of_json(text: str, receipt: Receipt) -> dict[str, Any]:
    told = json.loads(text, object_pairs_hook=_once)
    if not isinstance(told, dict) or not _NEEDED <= told.keys() <= _NEEDED | _KNOWN:
        raise ValueError(f"expected an object of {', '.join(sorted(_NEEDED))}, and perhaps reasons and at")
    if told["bundle"] != receipt.bundle:
        raise ValueError("it names another bundle than the one it lies beside")
    if told["tagmanifest_sha256"] != receipt.tagmanifest_sha256:
        raise ValueError("its tagmanifest_sha256 is not that of the bundle that was delivered")
    if told["status"] not in (ACCEPTED, REJECTED):
        raise ValueError(f"status: expected {ACCEPTED} or {REJECTED}")
    reasons = told.get("reasons") or []
    if not isinstance(reasons, list) or not all(isinstance(reason, str) for reason in reasons):
        raise ValueError("reasons: expected a list of texts")
    return {"status": told["status"], "reasons": _kept(reasons), "at": _moment(told.get("at"))}


def _of_text(text: str) -> dict[str, Any]:
    first, *rest = [line.strip() for line in text.splitlines()] or [""]
    status = first.casefold()
    if status not in (ACCEPTED, REJECTED):
        raise ValueError(f"its first line: expected {ACCEPTED} or {REJECTED}")
    return {"status": status, "reasons": _kept([line for line in rest if line]), "at": None}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name stands in it twice")
    return dict(pairs)


def _kept(reasons: list[str]) -> tuple[str, ...]:
    # Masked before it is cut, for half a number is not known as one.
    return tuple(reason[:_LONGEST_REASON] for reason in masked_all(reasons[:_MOST_REASONS]))


def _moment(told: object) -> str | None:
    if told is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(told) if isinstance(told, str) else None
        if moment and moment.tzinfo:
            return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        pass
    raise ValueError("at: expected a time of ISO 8601 with its zone, such as 2026-11-30T08:15:00+07:00")


def _dated(answer: Answer, receipt: Receipt) -> Answer:
    if answer.at is None:
        return answer
    written, delivered = (dt.datetime.fromisoformat(at) for at in (answer.at, receipt.delivered_at))
    if written >= delivered - dt.timedelta(seconds=_CLOCK_SECONDS):
        return answer
    problem = (
        f"dated {answer.at}, before its delivery at {receipt.delivered_at}: one of the two clocks is wrong"
    )
    return replace(answer, problem=problem)


def answers_path(outbox: Path) -> Path:
    """The file of all acknowledgements that came."""
    return outbox / FOLDER / _FILE


def read_answers(outbox: Path) -> list[Answer]:
    """All acknowledgements that came, in that order; what is no line of ours is left out."""
    try:
        lines = answers_path(outbox).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            told = json.loads(line)
            found.append(Answer(**{**told, "reasons": tuple(told["reasons"])}))
        except (ValueError, TypeError, KeyError):
            continue
    return found


def keep_answers(outbox: Path, fresh: Iterable[Answer]) -> None:
    """Add acknowledgements to those that came before."""
    path = answers_path(outbox)
    before = path.read_bytes() if path.exists() else b""
    lines = [json.dumps(asdict(answer), ensure_ascii=False) + "\n" for answer in fresh]
    path.parent.mkdir(exist_ok=True)
    write_file(path, before + "".join(lines).encode("utf-8", "replace"))


def last_answers(outbox: Path) -> dict[str, Answer]:
    """The acknowledgement of each bundle that counts: the last one that came."""
    return {answer.bundle: answer for answer in read_answers(outbox)}


def unsettled(outbox: Path) -> list[Answer]:
    """Answers that want a person: rejected or unusable, and no later version was accepted."""
    last = last_answers(outbox)
    accepted: dict[str, int] = {}
    for answer in last.values():
        group, number = _version(answer.bundle)
        if answer.status == ACCEPTED:
            accepted[group] = max(accepted.get(group, 0), number)
    found = []
    for answer in last.values():
        group, number = _version(answer.bundle)
        if answer.status != ACCEPTED and accepted.get(group, 0) < number:
            found.append(answer)
    return found


def _version(bundle: str) -> tuple[str, int]:
    match = BUNDLE_NAME.fullmatch(bundle)
    return (match[1], int(match[2])) if match else (bundle, 0)


def unreadable(receipt: Receipt, file: str, why: str, now: dt.datetime) -> Answer:
    """An acknowledgement that is there and can not be fetched."""
    answer = read_answer(b"", file, receipt, now)
    return replace(answer, problem=masked(plain(why)))
