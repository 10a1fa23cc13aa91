"""An SFTP server as the receiver's share: pinned host key, login by key file, limits of time.

Belongs here: the connection, and what its errors mean to the operator. Stays out: what is sent in which order
(`sending.py`). Imported only where a target is one, for asyncssh takes its time.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import asyncssh

from exports.delivery.target import DeliveryFailed, Target, Terms
from exports.strangers import plain

_FULL = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)
_MISSING = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, ConnectionError)
_ALGORITHMS = ("ssh-", "ecdsa-", "sk-")
Answer = TypeVar("Answer")


class _Client(asyncssh.SSHClient):
    """Notes which host key was refused: asked only for one that is not pinned."""

    refused = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.refused = key.get_fingerprint()
        return False


class SftpShare:
    """A `Share` on an SFTP server.

    Raises:
        DeliveryFailed: a key is missing or wrong; the server is out of reach, another, or lets nobody in.
    """

    def __init__(self, target: Target, terms: Terms) -> None:
        self._target, self._terms = target, terms
        key, known = read_keys(terms)
        self._runner = asyncio.Runner()
        self._client = _Client()
        self._connection: asyncssh.SSHClientConnection | None = None
        try:
            self._sftp = self._do(self._connect(key, known))
            if self.kind("") != "folder":
                raise DeliveryFailed(f"{target.shown}: there is no such folder; let its operator make it")
        except BaseException:
            self.close()
            raise

    @property
    def host_key(self) -> str | None:
        """Fingerprint of the server's host key, `SHA256:…`."""
        key = self._connection.get_server_host_key() if self._connection else None
        return key.get_fingerprint() if key else None

    def kind(self, path: str) -> Literal["file", "folder"] | None:
        """What lies there; a link is what it leads to."""
        attributes = self._do(self._stat(path))
        if attributes is None:
            return None
        return "folder" if attributes.type == asyncssh.FILEXFER_TYPE_DIRECTORY else "file"

    def size(self, path: str) -> int:
        """Bytes of a file."""
        attributes = self._do(self._stat(path))
        return -1 if attributes is None or attributes.size is None else attributes.size

    def read(self, path: str, offset: int, length: int) -> bytes:
        """Bytes of a file; fewer at its end."""
        return self._do(self._read(path, offset, length), path)

    def write(self, path: str, offset: int, chunks: Iterator[bytes]) -> None:
        """Write from an offset on; forced to disk where the server knows how."""
        self._do(self._write(path, offset, chunks), path)

    def make_folder(self, path: str) -> None:
        """Make one folder."""
        self._do(self._in_time(self._sftp.mkdir(self._path(path))), path)

    def rename(self, old: str, new: str) -> None:
        """Rename to a name that is free: the plain rename of SFTP writes over nothing."""
        self._do(self._in_time(self._sftp.rename(self._path(old), self._path(new))), new)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._do(self._in_time(self._sftp.remove(self._path(path))), path)

    def close(self) -> None:
        """Cut the connection: all that was sent has been answered."""
        with contextlib.suppress(Exception):
            if self._connection:
                self._connection.abort()
            self._runner.close()

    def _path(self, path: str) -> str:
        root = self._target.path
        return f"{root.rstrip('/')}/{path}" if path else root

    async def _connect(self, key: asyncssh.SSHKey, known: Any) -> asyncssh.SFTPClient:
        async with asyncio.timeout(self._terms.connect_seconds):
            # Nothing of the user's own: neither configuration, nor agent, nor keys beside this one.
            self._connection = await asyncssh.connect(
                self._target.host,
                self._target.port,
                username=self._target.user,
                client_keys=[key],
                known_hosts=known,
                client_factory=lambda: self._client,
                config=None,
                agent_path=None,
                preferred_auth="publickey",
                login_timeout=self._terms.connect_seconds,
            )
            return await self._connection.start_sftp_client()

    async def _in_time(self, answer: Awaitable[Answer]) -> Answer:
        async with asyncio.timeout(self._terms.idle_seconds):
            return await answer

    async def _stat(self, path: str) -> asyncssh.SFTPAttrs | None:
        try:
            return await self._in_time(self._sftp.stat(self._path(path)))
        except _MISSING:
            return None

    async def _read(self, path: str, offset: int, length: int) -> bytes:
        file = await self._in_time(self._sftp.open(self._path(path), asyncssh.FXF_READ, encoding=None))
        try:
            content = await self._in_time(file.read(length, offset))
        finally:
            with contextlib.suppress(asyncssh.Error, OSError):
                await self._in_time(file.close())
        assert isinstance(content, bytes)
        return content[:length]

    async def _write(self, path: str, offset: int, chunks: Iterator[bytes]) -> None:
        flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
        file = await self._in_time(self._sftp.open(self._path(path), flags, encoding=None))
        try:
            for chunk in chunks:
                await self._in_time(file.write(chunk, offset))
                offset += len(chunk)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                await self._in_time(file.fsync())
        except BaseException:
            with contextlib.suppress(asyncssh.Error, OSError):
                await self._in_time(file.close())
            raise
        # A full disk may be told only now.
        await self._in_time(file.close())

    def _do(self, answer: Coroutine[Any, Any, Answer], path: str = "") -> Answer:
        try:
            return self._runner.run(answer)
        except (asyncssh.Error, OSError) as error:
            if isinstance(error, OSError) and error.filename:
                # A file of the bundle.
                raise
            raise self._failure(error, path) from error

    def _failure(self, error: Exception, path: str) -> DeliveryFailed:
        """What an error means, and what mends it."""
        if self._connection is None:
            return self._no_connection(error)
        where = f"{self._target.shown}{'/' if path else ''}{path}"
        if isinstance(error, TimeoutError):
            silent = f"{self._target.shown}: silent for {self._terms.idle_seconds:g} seconds"
            return DeliveryFailed(
                f"{silent}; ask its operator, or raise deliver_idle_seconds", may_help_again=True
            )
        if isinstance(error, _LOST):
            return DeliveryFailed(f"{self._target.shown}: the connection was cut", may_help_again=True)
        said = plain(str(error)) or type(error).__name__
        if isinstance(error, _FULL):
            return DeliveryFailed(f"{where}: no room at the target ({said}); let its operator make room")
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return DeliveryFailed(
                f"{where}: the server lets {self._target.user} not do this ({said}); "
                "let its operator give the right to write there"
            )
        # Servers of version 3 have one word for a full disk and for much else.
        mend = "ask its operator whether there is room, and the right to write and rename"
        return DeliveryFailed(f"{where}: the server refuses ({said}); {mend}", may_help_again=True)

    def _no_connection(self, error: Exception) -> DeliveryFailed:
        server = f"{self._target.host}:{self._target.port}"
        if self._client.refused or isinstance(
            error, asyncssh.HostKeyNotVerifiable | asyncssh.KeyExchangeFailed
        ):
            shown = self._client.refused or plain(str(error))
            return DeliveryFailed(
                f"{server}: its host key ({shown}) is not the one of deliver_host_key, so nothing was sent; "
                "ask its operator by another way which is right"
            )
        if isinstance(error, asyncssh.PermissionDenied):
            return DeliveryFailed(
                f"{server}: user {self._target.user} is not let in with {self._terms.key_file}; give its "
                f"operator {self._terms.key_file}.pub, or correct the user in deliver_to"
            )
        if isinstance(error, socket.gaierror):
            return DeliveryFailed(
                f"{self._target.host}: there is no such host name; correct deliver_to, or look at the name "
                "server",
                may_help_again=True,
            )
        why = "no answer in time" if isinstance(error, TimeoutError) else plain(str(error))
        mend = "look at network, firewall (a service also needs IPAddressAllow=) and deliver_to"
        return DeliveryFailed(f"{server} can not be reached ({why}); {mend}", may_help_again=True)


def read_keys(terms: Terms) -> tuple[asyncssh.SSHKey, Any]:
    """Read the key of the login, and the pinned host keys as asyncssh takes them.

    Raises:
        DeliveryFailed: one of them is missing or none.
    """
    return _read_client_key(terms.key_file), _read_host_keys(terms)


def _read_client_key(path: Path) -> asyncssh.SSHKey:
    try:
        if path.stat().st_mode & 0o077:
            raise DeliveryFailed(f"{path}: others may read this key; run: chmod 600 {path}")
        return asyncssh.read_private_key(path)
    except FileNotFoundError:
        raise DeliveryFailed(
            f"{path}: there is no such key; make one and give the receiver {path.name}.pub: "
            f"ssh-keygen -t ed25519 -N '' -f {path}"
        ) from None
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as error:
        said = plain(str(error))
        raise DeliveryFailed(
            f"{path}: not a private key without passphrase in OpenSSH's form ({said})"
        ) from error


def _read_host_keys(terms: Terms) -> Any:
    """The pinned host keys, as asyncssh takes them: keys as text hold for the server of the target."""
    text = terms.host_key.strip()
    if not text:
        raise DeliveryFailed(
            "deliver_host_key is empty; without it any server could take the bundle: write the server's key "
            "there as its operator names it (ssh-keyscan HOST shows what to compare)"
        )
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) == 1 and len(lines[0]) == 1:
        return _read_known_hosts(terms.key_file.parent / text)
    try:
        # A line of `ssh-keyscan` or known_hosts has the host's name before its key.
        keys = [words if words[0].startswith(_ALGORITHMS) else words[1:] for words in lines]
        return [asyncssh.import_public_key(" ".join(words[:2])) for words in keys], [], []
    except asyncssh.KeyImportError as error:
        raise DeliveryFailed(
            "deliver_host_key: expected lines such as `ssh-ed25519 AAAA…`, or the path of a file of known "
            f"hosts ({plain(str(error))})"
        ) from error


def _read_known_hosts(path: Path) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.read_known_hosts(str(path))
    except (OSError, ValueError) as error:
        raise DeliveryFailed(
            f"deliver_host_key: {path} is no file of known hosts ({plain(str(error))})"
        ) from error
