"""What is wrong with a home, told to its operator: once a day for each cause, and once when it is well again.

Belongs here: causes, channels, when a word is due. A cause is a name and a sentence; another one is a line in
`_causes`. Stays out: where it is noted in the warehouse (`sources/alerts.py`), ending a night. No alert fails
a night, and a warehouse that can not be opened holds none back.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from orchestration.delivery import standing
from orchestration.owed import is_counted, missing_sources
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import ledger, nights
from sources.alerts import Alert, read_alerts, write_alerts
from sources.nights import now_utc
from sources.personal_forms import masked

if TYPE_CHECKING:
    import duckdb

NIGHT_FAILED, MISSING_SOURCES, LOW_DISK = "night failed", "missing sources", "low disk"
ARCHIVE_DAMAGED = "archive damaged"
DELIVERY_FAILED, DELIVERY_REJECTED = "delivery failed", "delivery rejected"
_COMMAND_SECONDS = 60
# Of a list so many are named, of an error so much is told; all of it is in the log or the database.
_NAMED = 5
_LONGEST_SAID = 300
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Channel:
    """One way to the operator: a name without secrets, and what sends title and text.

    `send` returns None, or in a few words why it was not taken.
    """

    name: str
    send: Callable[[str, str], str | None]


def channels(settings: Settings) -> list[Channel]:
    """The channels of a home, in the order of its settings."""
    found = []
    for number, secret in enumerate(settings.alert_urls, 1):
        url = secret.get_secret_value()
        scheme = re.match(r"([a-z]+)://", url)
        found.append(Channel(f"{scheme[1] if scheme else 'url'} {number}", partial(_send_url, url)))
    if settings.alert_command:
        words = [word.get_secret_value() for word in settings.alert_command]
        found.append(Channel("command", partial(_run_command, words)))
    return found


@contextmanager
def watched(settings: Settings) -> Iterator[list[str]]:
    """Tell what is wrong as soon as the block ends, also by an error; the home is locked as long.

    Yields a list for failures that are no error of the block.
    """
    failures: list[str] = []
    try:
        yield failures
    except Exception as error:
        tell(settings, [str(error) or type(error).__name__])
        raise
    tell(settings, failures)


def tell(settings: Settings, failures: Sequence[str] = ()) -> None:
    """Send over every channel what is due; never raises.

    Args:
        settings: a home whose lock is held.
        failures: why the night failed; none: it did not, or goes on.
    """
    if not channels(settings):
        return
    try:
        with _opened(settings) as con:
            before = _read(settings, con)
            after = _send_due(settings, before, _causes(settings, con, failures))
            if after != before:
                _write(settings, con, after)
    except Exception:
        _log.exception("alerts")


def send_test(settings: Settings) -> Iterator[tuple[str, str | None]]:
    """Send a test over each channel: its name, and None or why it was not taken."""
    for channel in channels(settings):
        yield channel.name, _send(settings, channel, "test", "This is a test; nothing is wrong.")


def known_alerts(settings: Settings, con: duckdb.DuckDBPyConnection) -> list[Alert]:
    """What is not well, as it was told, oldest first; none where the home has no channel."""
    names = {channel.name for channel in channels(settings)}
    known = [alert for alert in _read(settings, con).values() if alert.channel in names]
    return sorted(known, key=lambda alert: (alert.since, alert.cause, alert.channel))


def _causes(
    settings: Settings, con: duckdb.DuckDBPyConnection | None, failures: Sequence[str]
) -> dict[str, str | None]:
    """Name of a cause to a sentence, None where it is well; a cause of which nothing is known is left out."""
    found: dict[str, str | None] = {LOW_DISK: _low_disk(settings), **_deliveries(settings)}
    if failures:
        log = settings.logs / "spbe.log"
        found[NIGHT_FAILED] = f"{_first_line(failures[0])}\nThe log: {log}"
    elif con and nights.last_result(con) == "done":
        found[NIGHT_FAILED] = None
    if con and is_counted(con):
        found[MISSING_SOURCES] = _missing_sources(settings, con)
        found[ARCHIVE_DAMAGED] = _lost_contents(con)
    return found


def _first_line(text: str) -> str:
    # Masked before it is cut, for half a number is not known as one.
    line = masked(text.strip()).partition("\n")[0]
    return line if len(line) <= _LONGEST_SAID else line[:_LONGEST_SAID] + "…"


def _low_disk(settings: Settings) -> str | None:
    free = shutil.disk_usage(settings.home).free / 1e9
    if free >= settings.alert_min_free_gb:
        return None
    return f"{free:.1f} GB are free on the disk of the home, fewer than {settings.alert_min_free_gb:g} GB."


def _deliveries(settings: Settings) -> dict[str, str | None]:
    found = standing(settings)
    if found is None:
        return {DELIVERY_FAILED: None, DELIVERY_REJECTED: None}
    failed = rejected = None
    if found.problem:
        waits = f"\n{len(found.waiting)} bundles wait in the outbox." if found.waiting else ""
        failed = f"{_first_line(found.problem)}{waits}"
    if found.rejected:
        named = [_first_line(str(answer)) for answer in found.rejected[:_NAMED]]
        more = f"; {len(found.rejected) - _NAMED} more" if len(found.rejected) > _NAMED else ""
        rejected = f"The receiver rejected {'; '.join(named)}{more}."
    return {DELIVERY_FAILED: failed, DELIVERY_REJECTED: rejected}


def _missing_sources(settings: Settings, con: duckdb.DuckDBPyConnection) -> str | None:
    missing = missing_sources(con, settings.last_complete_day())
    if not missing:
        return None
    named = [str(source) for source in missing[:_NAMED]]
    more = f"; {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return f"{len(missing)} sources that are owed have not come: {'; '.join(named)}{more}."


def _lost_contents(con: duckdb.DuckDBPyConnection) -> str | None:
    lost = ledger.lost_contents(con)
    if not lost:
        return None
    more = f"; {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return (
        f"{len(lost)} received files are not in the archive as they were: {'; '.join(lost[:_NAMED])}{more}."
    )


def _send_due(
    settings: Settings, before: dict[tuple[str, str], Alert], causes: dict[str, str | None]
) -> dict[tuple[str, str], Alert]:
    """Send what is due; what is known of each cause and channel afterwards."""
    now, zone = now_utc(), ZoneInfo(settings.time_zone)
    known = {channel.name for channel in channels(settings)}
    after = {key: alert for key, alert in before.items() if alert.channel in known}
    for channel in channels(settings):
        for cause, sentence in causes.items():
            key = (cause, channel.name)
            alert = after.get(key)
            if sentence is None:
                # Of what nobody has heard nobody need hear that it is well.
                if alert is None or after.pop(key).told_at is None:
                    continue
                problem = _send(
                    settings, channel, f"{cause}: well again", f"Since {alert.since} UTC it was not."
                )
                if problem:
                    after[key] = alert._replace(problem=problem)
            else:
                alert = alert or Alert(cause, channel.name, now, None, None)
                told_on = alert.told_at and alert.told_at.replace(tzinfo=dt.UTC).astimezone(zone).date()
                if told_on == settings.today():
                    continue
                problem = _send(settings, channel, cause, f"{sentence}\nSince {alert.since} UTC.")
                after[key] = alert._replace(told_at=alert.told_at if problem else now, problem=problem)
    return after


def _send(settings: Settings, channel: Channel, what: str, text: str) -> str | None:
    title = f"SPBE Index {settings.instansi}: {what}"
    body = masked(f"{text}\nThe home: {settings.home} on {platform.node()}")
    try:
        problem = channel.send(title, body)
    except Exception as error:
        # A fault of a channel is the channel's; what its error says may be a secret.
        problem = f"{type(error).__name__} in the channel"
    if problem:
        _log.warning("alert %r not sent over %s: %s", what, channel.name, problem)
    else:
        _log.info("alert %r sent over %s", what, channel.name)
    return problem


def _send_url(url: str, title: str, body: str) -> str | None:
    import apprise

    # What it logs may hold parts of the URL; it is taken here and nowhere else.
    logging.getLogger("apprise").propagate = False
    asset = apprise.AppriseAsset(app_id="SPBE Index", app_desc="SPBE Index", app_url="", image_url_mask="")
    box = apprise.Apprise(asset=asset)
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
        if not box.add(url):
            return "Apprise does not know such a URL"
        if box.notify(title=title, body=body):
            return None
        words = " ".join(said.getvalue().split())
    return _without(url, words)[:_LONGEST_SAID] or "not sent"


def _without(url: str, text: str) -> str:
    """A text without the parts of a URL, but for its scheme, and without personal values."""
    scheme, _, rest = url.partition("://")
    parts = {part for told in (rest, unquote(rest)) for part in re.split(r"[/:@?&=,;\s]+", told)}
    for part in sorted(parts - {scheme}, key=len, reverse=True):
        if len(part) >= 4:
            text = text.replace(part, "…")
    return masked(text)


def _run_command(words: Sequence[str], title: str, body: str) -> str | None:
    try:
        done = subprocess.run(
            words,
            input=f"{title}\n\n{body}\n",
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except OSError as error:
        return error.strerror or "can not be run"
    except subprocess.TimeoutExpired:
        return f"did not end in {_COMMAND_SECONDS} seconds"
    return f"ended with {done.returncode}" if done.returncode else None


@contextmanager
def _opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """The warehouse, or None where there is none that can be opened and written."""
    con = None
    try:
        if settings.warehouse.exists():
            con = open_warehouse(settings.warehouse, patience_seconds=1)
            ledger.create_ledger(con)
    except Exception as error:
        _log.warning("alerts are noted beside the warehouse: %s", error)
        if con:
            con.close()
        con = None
    try:
        yield con
    finally:
        if con:
            con.close()


def _beside(settings: Settings) -> Path:
    """Where alerts are noted while the warehouse can not be opened."""
    return settings.home / "alerts.json"


def _read(settings: Settings, con: duckdb.DuckDBPyConnection | None) -> dict[tuple[str, str], Alert]:
    known = read_alerts(con) if con else []
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        for cause, channel, since, told_at, problem in json.loads(_beside(settings).read_text("utf-8")):
            told = dt.datetime.fromisoformat(told_at) if told_at else None
            known.append(Alert(cause, channel, dt.datetime.fromisoformat(since), told, problem))
    return {(alert.cause, alert.channel): alert for alert in known}


def _write(
    settings: Settings, con: duckdb.DuckDBPyConnection | None, alerts: dict[tuple[str, str], Alert]
) -> None:
    path = _beside(settings)
    if con:
        write_alerts(con, list(alerts.values()))
        path.unlink(missing_ok=True)
    else:
        path.write_text(json.dumps(list(alerts.values()), default=str), encoding="utf-8")
