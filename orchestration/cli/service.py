"""`spbe service`: `spbe ui` as a service of systemd, under a user of its own.

One unit, so that whatever runs stands behind the guard of the web interface; a night that a restart cuts is
finished by the next run.
"""

from __future__ import annotations

import ipaddress
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from orchestration.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Schedule and page as a service of systemd.",
)

UNITS = Path("/etc/systemd/system")
_NAME = "spbe.service"
# What an earlier version wrote: they would run beside the one.
_EARLIER = ("spbe-daemon.service", "spbe-web.service")
_MARK = "# Written by `spbe service install`; to change it, write a drop-in (`systemctl edit`)."
# Where ProtectHome= lets nobody look.
_HIDDEN = tuple(Path(name) for name in ("/home", "/root", "/run/user"))
# What would end a quoted word of a unit file or be replaced in it.
_NOT_IN_A_PATH = '"\\$\n'
_UNIT = """\
{mark}
[Unit]
Description=SPBE Index: {description}
RequiresMountsFor={home}

[Service]
Type=exec
User={user}
{groups}UMask=0077
Environment={environment}
ExecStart={command}
Restart=always
RestartSec=10
# Ended by Ctrl-C or SIGTERM it says so by these codes; it ends by itself what it has started.
SuccessExitStatus=130 143
KillMode=mixed
# Wrong settings do not mend by themselves.
RestartPreventExitStatus=2
# Nothing but the home can be written, and nothing goes to other machines than these.
ReadWritePaths={home}
ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
IPAddressDeny=any
IPAddressAllow={allowed}
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


@app.command()
def install(
    user: Annotated[str, typer.Option(help="User that the service runs as; it owns the home.")] = "spbe",
    prefix: Annotated[Path, typer.Option(help="Folder that gets the unit.")] = UNITS,
) -> None:
    """Write the unit that runs `spbe ui` on the home in SPBE_HOME; start nothing."""
    from orchestration.cli.common import open_home

    settings = open_home()
    named = urlsplit(settings.scheduler).hostname or ""
    unit = Unit(
        _NAME, "schedule, nights and page", ("ui",), " ".join(dict.fromkeys(("localhost", *_address(named))))
    )
    write_unit(settings, unit, user, prefix)
    if named and not _address(named):
        print(f"A unit knows no names: give the setting scheduler the address of {named}, and install again.")
    print(
        f"Then the page is on http://127.0.0.1:{settings.ui_port}; `journalctl -u spbe` tells of the nights."
    )


def _address(host: str) -> list[str]:
    """The host as a unit names it, if it is an address; a name is for a drop-in to resolve."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return []


@dataclass(frozen=True)
class Unit:
    """What a unit runs: name of its file, a few words on it, arguments of `spbe`, and the addresses that it
    may speak to.
    """

    name: str
    description: str
    arguments: tuple[str, ...]
    allowed: str = "localhost"


def write_unit(settings: Settings, unit: Unit, user: str, prefix: Path) -> None:
    """Write a unit that runs a command on a home, and tell what is to be done next; nothing is started.

    Raises:
        Failure: wrong use: a path that no unit can hold, no name of a user, a file that is not of our making.
    """
    from exports.aside import write_file
    from orchestration.cli.common import wrong_use

    spbe = Path(sys.executable).with_name("spbe")
    for path in (settings.home, spbe):
        if set(str(path)) & set(_NOT_IN_A_PATH):
            raise wrong_use(f'{path}: a path of a service holds none of the characters " \\ $ and line end')
    if not user.isascii() or not user.replace("-", "").replace("_", "").isalnum():
        raise wrong_use(f"--user {user}: expected the name of a user")
    if not prefix.is_dir():
        raise wrong_use(f"--prefix {prefix}: expected a folder that exists")
    path = prefix / unit.name
    if path.exists() and not _is_ours(path):
        raise wrong_use(f"{path} is not of our making; move it away first")
    write_file(path, _unit_text(settings, unit, user, spbe).encode())
    path.chmod(0o644)
    print(f"written: {path}")
    print("Next, as root:")
    earlier = [name for name in _EARLIER if (prefix / name).exists() and _is_ours(prefix / name)]
    if earlier:
        print(f"  systemctl disable --now {' '.join(earlier)}")
        print(f"  rm {' '.join(shlex.quote(str(prefix / name)) for name in earlier)}")
    start = unit.name if prefix == UNITS else shlex.quote(str(path.resolve()))
    for line in (*_missing(settings, user), "systemctl daemon-reload", f"systemctl enable --now {start}"):
        print(f"  {line}")


def _is_ours(unit: Path) -> bool:
    return unit.read_text("utf-8", errors="replace").startswith(_MARK)


def _unit_text(settings: Settings, unit: Unit, user: str, spbe: Path) -> str:
    is_hidden = any(
        path.is_relative_to(hidden)
        for path in (settings.home, spbe, Path(sys.base_prefix))
        for hidden in _HIDDEN
    )
    return _UNIT.format(
        mark=_MARK,
        home=_quoted(settings.home),
        user=user,
        groups=f"SupplementaryGroups={settings.output_group}\n" if settings.output_group else "",
        environment=_quoted(f"SPBE_HOME={settings.home}"),
        command=" ".join((_quoted(spbe), *unit.arguments)),
        description=unit.description,
        allowed=unit.allowed,
        protect_home="read-only" if is_hidden else "yes",
    )


def _quoted(word: object) -> str:
    """One word of a unit file, blanks and all."""
    return '"' + str(word).replace("%", "%%") + '"'


def _missing(settings: Settings, user: str) -> list[str]:
    """What is still to be done before the service can start."""
    import grp
    import pwd

    home, group, lines = shlex.quote(str(settings.home)), settings.output_group, []
    known = {entry.gr_name: entry for entry in grp.getgrall()}
    if group and group not in known:
        lines.append(f"groupadd {group}")
    try:
        number = pwd.getpwnam(user).pw_uid
    except KeyError:
        number = None
        lines.append(f"useradd --system --home-dir {home} --shell /usr/sbin/nologin {user}")
    if group and (group not in known or user not in known[group].gr_mem):
        lines.append(f"usermod -aG {group} {user}")
    if settings.home.stat().st_uid != number:
        lines.append(f"chown -R {user}: {home}")
    for path in {Path(sys.executable): 0, Path(sys.executable).resolve(): 0}:
        for folder in path.parents:
            found = folder.stat()
            if not found.st_mode & 0o001 and found.st_uid != number:
                lines.append(
                    f"# {user} can not enter {folder}, where {path} lies: install into another place"
                )
    return lines
