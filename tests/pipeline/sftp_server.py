"""A real SFTP server on this machine that can be told to misbehave."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh


@dataclass
class Sftp:
    """A server in a thread of its own; what it does wrong can be changed while it runs.

    Attributes:
        root: the folder that it shows as `/`.
        host_key: its own key.
        port: where it listens.
        full_after: bytes in all after which its disk is full.
        cut_after: bytes in all after which it cuts the connection, once.
        silent_seconds: that the next write waits, once.
        refuses_rename: whether it renames nothing.
        written: bytes by name, over all connections.
        opened: names that were opened to write, in order.
        logins: how many there were.
    """

    root: Path
    host_key: asyncssh.SSHKey
    port: int = 0
    full_after: int | None = None
    cut_after: int | None = None
    silent_seconds: float = 0
    refuses_rename: bool = False
    written: dict[str, int] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    logins: int = 0

    @property
    def public_key(self) -> str:
        return self.host_key.export_public_key().decode().strip()

    @property
    def total(self) -> int:
        return sum(self.written.values())


def _served(sftp: Sftp) -> type[asyncssh.SFTPServer]:
    class Served(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            sftp.logins += 1
            super().__init__(channel, chroot=str(sftp.root).encode())

        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            if pflags & asyncssh.FXF_WRITE:
                sftp.opened.append(path.decode())
            return super().open(path, pflags, attrs)

        async def write(self, file_obj: object, offset: int, data: bytes) -> int:
            if sftp.silent_seconds:
                seconds, sftp.silent_seconds = sftp.silent_seconds, 0
                await asyncio.sleep(seconds)
            if sftp.full_after is not None and sftp.total + len(data) > sftp.full_after:
                raise asyncssh.SFTPFailure("No space left on device \x1b[2J")
            if sftp.cut_after is not None and sftp.total + len(data) > sftp.cut_after:
                sftp.cut_after = None
                self.connection.abort()
                raise asyncssh.SFTPConnectionLost("cut")
            name = Path(file_obj.name.decode()).name  # type: ignore[attr-defined]
            sftp.written[name] = sftp.written.get(name, 0) + len(data)
            done = super().write(file_obj, offset, data)
            # Else what was written last would be lost with the connection.
            file_obj.flush()  # type: ignore[attr-defined]
            return done  # type: ignore[return-value]

        def rename(self, oldpath: bytes, newpath: bytes) -> None:
            if sftp.refuses_rename:
                raise asyncssh.SFTPPermissionDenied("no renaming here")
            super().rename(oldpath, newpath)

    return Served


@contextmanager
def serving(root: Path, authorized_keys: Path) -> Iterator[Sftp]:
    """A server that shows a folder and lets in who has one of these keys."""
    sftp = Sftp(root, asyncssh.generate_private_key("ssh-ed25519"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[sftp.host_key],
            authorized_client_keys=str(authorized_keys),
            sftp_factory=_served(sftp),
        )

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    sftp.port = acceptor.get_port()
    try:
        yield sftp
    finally:

        async def stop() -> None:
            acceptor.close()
            await acceptor.wait_closed()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
