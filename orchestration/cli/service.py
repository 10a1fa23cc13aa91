"""`spbe service`: schedule and page as services of systemd, under a user of their own.

Two units, not one that runs `spbe ui`: a night runs below the daemon, and a page that crashes or is restarted
must not take it along; each is started again by itself when it ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestration.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Schedule and page as services of systemd.",
)

_UNITS = Path("/etc/systemd/system")
_DAEMON, _WEB = "spbe-daemon.service", "spbe-web.service"
_MARK = "# Written by `spbe service install`; to change it, write a drop-in (`systemctl edit`)."
# Where ProtectHome= lets nobody look.
_HIDDEN = tuple(Path(name) for name in ("/home", "/root", "/run/user"))
# What would end a quoted word of a unit file or be replaced in it.
_NOT_IN_A_PATH = '"\\$\n'
_UNIT = """\
{mark}
[Unit]
Description=SPBE Index: {what}
RequiresMountsFor={home}

[Service]
Type=exec
User={user}
{groups}UMask=0077
Environment={environment}
ExecStart={command}
Restart=always
RestartSec=10
# Wrong settings do not mend by themselves.
RestartPreventExitStatus=2
# Nothing but the home can be written, and nothing leaves this machine.
ReadWritePaths={home}
ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
IPAddressDeny=any
IPAddressAllow=localhost
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
    user: Annotated[str, typer.Option(help="User that the services run as; it owns the home.")] = "spbe",
    prefix: Annotated[Path, typer.Option(help="Folder that gets the units.")] = _UNITS,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port of the page on 127.0.0.1.")] = 3000,
) -> None:
    """Write two units for the home in SPBE_HOME, one for the schedule and one for the page; start nothing."""
    from exports.aside import write_file
    from orchestration.cli.common import open_home, wrong_use
    from orchestration.settings import PROJECT

    settings = open_home()
    spbe = Path(sys.executable).with_name("spbe")
    for path in (settings.home, spbe, PROJECT):
        if set(str(path)) & set(_NOT_IN_A_PATH):
            raise wrong_use(f'{path}: a path of a service holds none of the characters " \\ $ and line end')
    if not user.isascii() or not user.replace("-", "").replace("_", "").isalnum():
        raise wrong_use(f"--user {user}: expected the name of a user")
    if not prefix.is_dir():
        raise wrong_use(f"--prefix {prefix}: expected a folder that exists")
    units = {
        _DAEMON: _unit(settings, user, "schedule and nights", spbe, "daemon"),
        _WEB: _unit(settings, user, f"page on 127.0.0.1:{port}", spbe, "web", "--port", str(port)),
    }
    for name in units:
        if (prefix / name).exists() and not (prefix / name).read_text("utf-8").startswith(_MARK):
            raise wrong_use(f"{prefix / name} is not of our making; move it away first")
    for name, text in units.items():
        write_file(prefix / name, text.encode())
        (prefix / name).chmod(0o644)
        print(f"written: {prefix / name}")
    print("Next, as root:")
    for line in (*_missing(settings, user), "systemctl daemon-reload", _enable(prefix)):
        print(f"  {line}")
    print(f"Then the page is on http://127.0.0.1:{port}; `journalctl -u spbe-daemon` tells of the nights.")


@app.command()
def daemon() -> None:
    """Run schedule and sensors until ended: what the unit spbe-daemon runs."""
    from orchestration.cli.ui import daemon_command

    _become(daemon_command())


@app.command()
def web(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Show the page until ended: what the unit spbe-web runs."""
    from orchestration.cli.ui import web_command

    _become(web_command("127.0.0.1", port))


def _become(command: list[str]) -> None:
    """Turn this process into another, so that systemd sees its signals and its end."""
    from orchestration.cli.common import open_home
    from orchestration.settings import PROJECT

    # A home whose disk is missing must not become a new, empty one.
    settings = open_home()
    settings.prepare_home()
    from orchestration.dbt import prepare_manifest

    prepare_manifest(settings)
    os.chdir(PROJECT)
    os.execv(command[0], command)


def _unit(settings: Settings, user: str, what: str, spbe: Path, *arguments: str) -> str:
    is_hidden = any(
        path.is_relative_to(hidden)
        for path in (settings.home, spbe, Path(sys.base_prefix))
        for hidden in _HIDDEN
    )
    return _UNIT.format(
        mark=_MARK,
        what=what,
        home=_quoted(settings.home),
        user=user,
        groups=f"SupplementaryGroups={settings.output_group}\n" if settings.output_group else "",
        environment=_quoted(f"SPBE_HOME={settings.home}"),
        command=" ".join((_quoted(spbe), "service", *arguments)),
        protect_home="read-only" if is_hidden else "yes",
    )


def _quoted(word: object) -> str:
    """One word of a unit file, blanks and all."""
    return '"' + str(word).replace("%", "%%") + '"'


def _missing(settings: Settings, user: str) -> list[str]:
    """What is still to be done before the services can start."""
    import grp
    import pwd
    import shlex

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


def _enable(prefix: Path) -> str:
    names = (
        (_DAEMON, _WEB)
        if prefix == _UNITS
        else (str(prefix.resolve() / _DAEMON), str(prefix.resolve() / _WEB))
    )
    return "systemctl enable --now " + " ".join(names)
