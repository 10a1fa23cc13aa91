"""The process of `spbe ui`: Dagster's pages behind the guard, its daemon, and the code server they share.

Belongs here: putting the three together, and what happens when one of them ends. Stays out: who may come in
(`guard.py`), the code server's own process (`code_server.py`).

Dagster's own commands would be a process each, every one with a code server, and ask it once a second
whether it is still the same. Here one knows: it is the one that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import logging
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import dagster as dg
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import GrpcServerTarget
from dagster._daemon.controller import DagsterDaemonController, create_daemons_from_instance

from orchestration.dbt import prepare_manifest
from orchestration.instance import set_broken_aside
from orchestration.lineage import prepare_lineage
from orchestration.processes import lead
from orchestration.service.code_server import LOCATION, CodeServer, CodeServerFailed
from orchestration.service.guard import Guard
from orchestration.settings import Settings

if TYPE_CHECKING:
    import uvicorn

# A code server that ended sooner than this would only do so again.
_SERVED_SECONDS = 60.0
_LOOK_SECONDS = 60.0
_HEARTBEAT_SECONDS = 120


class ServiceFailed(Exception):
    """The web interface can not start, or not go on; the message is for the user."""


class _Workspace(WorkspaceProcessContext):
    """The definitions of our code server, for pages and daemon alike."""

    def __init__(self, instance: dg.DagsterInstance, code_server: CodeServer) -> None:
        from dagster_webserver.version import __version__

        self._code_server = code_server
        target = GrpcServerTarget(
            host="localhost", port=None, socket=str(code_server.socket), location_name=LOCATION
        )
        super().__init__(instance, target, version=__version__)

    def _start_watch_thread(self, origin: GrpcServerCodeLocationOrigin) -> None:
        """Nobody need ask each second whether the server is another."""

    def reload_code_location(self, name: str) -> None:
        """Load the definitions anew, from the program and the settings as they are now."""
        self._code_server.start()
        self.refresh_code_location(name)

    def reload_workspace(self) -> None:
        """The same: there is one location."""
        self.reload_code_location(LOCATION)


def serve(settings: Settings, host: str, port: int, ready: Callable[[str], None]) -> NoReturn:
    """Serve pages, schedule and sensors of a home until the process is ended from outside.

    Args:
        settings: a prepared home.
        host: address to bind.
        port: port to bind; 0: any that is free.
        ready: told the address once all is up.

    Raises:
        ServiceFailed: the port is taken, the home is served already, the definitions do not load, or a part
            ended that can not be started again. What was started may still be running: end the process.
    """
    _log_quietly()
    events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    with _only_one(settings.dagster_home / "ui.lock"), _listener(host, port) as listener:
        lead()
        set_broken_aside(settings)
        try:
            code_server = CodeServer(
                settings.dagster_home, lambda seconds: events.put(lambda: _start_again(workspace, seconds))
            )
            code_server.start()
        except CodeServerFailed as error:
            raise ServiceFailed(str(error)) from error
        with dg.DagsterInstance.get() as instance, _Workspace(instance, code_server) as workspace:
            _raise_load_error(workspace)
            pages = _pages(workspace, settings, host)
            threading.Thread(
                target=_run_pages, args=(pages, listener, events), name="pages", daemon=True
            ).start()
            with DagsterDaemonController(
                workspace,
                create_daemons_from_instance(instance),
                heartbeat_interval_seconds=_HEARTBEAT_SECONDS,
            ) as daemon:
                bound, number = listener.getsockname()[:2]
                ready(f"http://{f'[{bound}]' if ':' in bound else bound}:{number}")
                threading.Thread(
                    target=_find_lineage, args=(settings, workspace, events), name="lineage", daemon=True
                ).start()
                while True:
                    _wait(events, daemon)


def _log_quietly() -> None:
    """Warnings and errors, but not those of the daemon while the code server is started again."""
    from dagster._core.errors import DagsterUserCodeUnreachableError

    def is_news(record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], DagsterUserCodeUnreachableError))

    handler = logging.StreamHandler()
    handler.addFilter(is_news)
    logging.basicConfig(
        format="%(asctime)s %(name)s %(levelname)s %(message)s", level=logging.WARNING, handlers=[handler]
    )


def _wait(events: queue.SimpleQueue[Callable[[], None]], daemon: DagsterDaemonController) -> None:
    """Wait for what happens next, and see to it."""
    try:
        then = events.get(timeout=_LOOK_SECONDS)
    except queue.Empty:
        try:
            daemon.check_daemon_threads()
        except Exception as error:
            raise ServiceFailed(f"Dagster's daemon has stopped: {error}") from error
    else:
        then()


def _start_again(workspace: _Workspace, served_seconds: float) -> None:
    if served_seconds < _SERVED_SECONDS:
        raise ServiceFailed(f"the code server ended after {served_seconds:.0f} s")
    logging.getLogger(__name__).warning("the code server has ended; starting another")
    try:
        workspace.reload_workspace()
    except CodeServerFailed as error:
        raise ServiceFailed(str(error)) from error


def _find_lineage(
    settings: Settings, workspace: _Workspace, events: queue.SimpleQueue[Callable[[], None]]
) -> None:
    """Find out once, beside the pages, of which columns a column is made, and then show it."""
    if prepare_lineage(prepare_manifest(settings)):
        events.put(workspace.reload_workspace)


def _pages(workspace: _Workspace, settings: Settings, host: str) -> uvicorn.Server:
    import uvicorn
    from dagster_webserver.app import create_app_from_workspace_process_context

    class Server(uvicorn.Server):
        async def main_loop(self) -> None:
            """Keep the header `Date` right; uvicorn looks ten times a second whether it is to stop."""
            while not await self.on_tick(0):
                await asyncio.sleep(1)

    app: Any = create_app_from_workspace_process_context(workspace)
    names = [*settings.ui_hosts] if _is_any(host) else [*settings.ui_hosts, host]
    config = uvicorn.Config(
        Guard(app, names), log_config=None, access_log=False, server_header=False, proxy_headers=False
    )
    return Server(config)


def _run_pages(
    pages: uvicorn.Server, listener: socket.socket, events: queue.SimpleQueue[Callable[[], None]]
) -> None:
    why = ""
    try:
        pages.run(sockets=[listener])
    except BaseException as error:
        why = f": {error}"

    def stop() -> None:
        raise ServiceFailed(f"the web server has stopped{why}")

    events.put(stop)


def _raise_load_error(workspace: _Workspace) -> None:
    entry = workspace.get_current_workspace().code_location_entries[LOCATION]
    error = entry.load_error
    if error is None:
        return
    while error.cause is not None:
        error = error.cause
    raise ServiceFailed(f"the definitions do not load: {' '.join(error.message.split())}")


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Two daemons of one home would start everything twice."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise ServiceFailed(f"the web interface of this home is open already: {file.read()}") from error
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        why = error.strerror or str(error)
        raise ServiceFailed(
            f"{host}, port {port}: {why}; --port or the setting ui_port names another port"
        ) from error


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
