"""Where bundles go, and what can go wrong on the way.

Belongs here: the setting `deliver_to` as an object, and the two errors of a delivery. Stays out: going there.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

FORMS = "sftp://user@host:port/path, folder:/path or command:program argument…"
_SSH_PORT = 22
_HOST = re.compile(r"[A-Za-z0-9_:%]([A-Za-z0-9_.:%-]*[A-Za-z0-9_%])?")


class DeliveryFailed(Exception):
    """The receiver could not be reached or did not take anything; the message says what to do.

    `may_help_again` tells whether another try a little later may do.
    """

    def __init__(self, message: str, *, may_help_again: bool = False) -> None:
        super().__init__(message)
        self.may_help_again = may_help_again


class BundleRefused(Exception):
    """One bundle can not be delivered, others can; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """A receiver: for `sftp` host, port, user and path; for `folder` its path; for `command` its words."""

    kind: Literal["sftp", "folder", "command"]
    path: str = ""
    user: str = ""
    host: str = ""
    port: int = _SSH_PORT
    # An argument may be a secret.
    words: tuple[str, ...] = field(default=(), repr=False)

    @property
    def shown(self) -> str:
        """The target without secrets: of a command its name alone."""
        if self.kind == "sftp":
            host = f"[{self.host}]" if ":" in self.host else self.host
            path = self.path if self.path.startswith("/") else f"/~/{self.path}"
            return f"sftp://{self.user}@{host}:{self.port}{path}"
        return f"folder:{self.path}" if self.kind == "folder" else f"command:{Path(self.words[0]).name}"


@dataclass(frozen=True)
class Terms:
    """How a delivery goes about it.

    Attributes:
        key_file: the private key of an SFTP user.
        host_key: of the SFTP server: one or more public keys as text, or the path of a file of known hosts.
        tries: connections that a run makes at most.
        wait_seconds: before the second of them; doubled before each further one.
        connect_seconds: for reaching the server and logging in.
        idle_seconds: that the other side may be silent.
        max_seconds: for a whole run; what is undone then is continued by the next.
    """

    key_file: Path
    host_key: str = ""
    tries: int = 3
    wait_seconds: float = 10
    connect_seconds: float = 30
    idle_seconds: float = 60
    max_seconds: float = 3600


def parse_target(text: str) -> Target:
    """Read a target as the setting holds it.

    Args:
        text: `sftp://user@host:port/path` (`/~/path`: from where the login begins), `folder:/path`, a plain
            path, or `command:` and words as a shell reads them.

    Raises:
        ValueError: it is none of these; what it holds is not repeated, for it may be a secret.
    """
    scheme, _, rest = text.strip().partition(":")
    if scheme == "sftp":
        return _parse_sftp(text.strip())
    if scheme == "command":
        words = tuple(shlex.split(rest))
        if not words:
            raise ValueError("command: names no program")
        return Target("command", words=words)
    path = rest if scheme == "folder" else text.strip()
    if not path.startswith("/"):
        raise ValueError(f"expected {FORMS}")
    return Target("folder", path=path)


def _parse_sftp(text: str) -> Target:
    parts = urlsplit(text)
    if parts.password is not None:
        raise ValueError("a password has no place in it: the login goes by a key file (deliver_key)")
    if not (parts.username and parts.hostname) or parts.query or parts.fragment:
        raise ValueError("expected sftp://user@host:port/path")
    if not _HOST.fullmatch(parts.hostname):
        raise ValueError("expected a host name or an address after the @")
    path = unquote(parts.path) or "/~/"
    path = path.removeprefix("/~/") or "." if path.startswith("/~/") else path
    # Raises for what is no port.
    port = parts.port or _SSH_PORT
    return Target("sftp", path=path, user=unquote(parts.username), host=parts.hostname, port=port)
