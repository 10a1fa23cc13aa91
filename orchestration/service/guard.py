"""Who may speak to the web interface: a page of its own, or a program on its own behalf.

Belongs here: judging a request by its headers before Dagster sees it. Stays out: a login, which a proxy in
front asks for; where the server listens (`host.py`).

A browser sends requests for any page that is open in it, also to 127.0.0.1. What tells a foreign page is the
name it was reached by (`Host`: a name of the attacker's that was made to mean 127.0.0.1) and where it comes
from (`Origin`). And Dagster takes a change by GET, and by the forms that a page may send without asking.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = ("GET", "HEAD")
_GRAPHQL = "/graphql"
# No page of another site shows ours in a frame and lets the user press its buttons unawares.
_FRAMES = [(b"x-frame-options", b"SAMEORIGIN"), (b"cross-origin-resource-policy", b"same-origin")]


class Guard:
    """An ASGI application that hands on what it lets pass and refuses the rest with 403, 405 or 415.

    Args:
        app: the application behind.
        hosts: names besides the machine's own loopback names under which it may be reached.
    """

    def __init__(self, app: App, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._named = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        refusal = None if scope["type"] == "lifespan" else self.refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            # Closing before accepting makes the server answer 403.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            status, why = refusal
            body = f"{why}\n".encode()
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason why a request is not handed on; None where it is."""
        headers: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value.decode("latin-1"))
        foreign = self._foreign(headers)
        if foreign:
            return 403, foreign
        return None if scope["type"] == "websocket" else _wrong_form(scope, headers)

    def _foreign(self, headers: dict[bytes, list[str]]) -> str | None:
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        host = _authority(f"//{hosts[0]}") if len(hosts) == 1 else None
        if host is None or host[0] not in _LOOPBACK | self._named:
            return "Not a name of this server; one that a proxy uses is to be added to the setting ui_hosts."
        for value in origins:
            origin = _authority(value)
            # Behind a proxy the name and port that the browser sees may be others than those that arrive.
            if origin is None or (origin != host and origin[0] not in self._named):
                return "The request comes from a page of another site."
        return None


def _wrong_form(scope: Scope, headers: dict[bytes, list[str]]) -> tuple[int, str] | None:
    # Of a POST in JSON, Dagster reads the body alone; its own page adds a name to the address.
    if scope["method"] not in _READING:
        types = headers.get(b"content-type", [])
        if len(types) != 1 or types[0].partition(";")[0].strip().lower() != "application/json":
            return 415, "A request that may change something is sent as application/json."
    elif scope["path"].rstrip("/") == _GRAPHQL and scope["query_string"]:
        return 405, "GraphQL is asked by POST, with the query in the body."
    return None


def _authority(url: str) -> tuple[str, int | None] | None:
    """Host, in lower case, and port, None for the scheme's own; None where there is no host to be read."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    if ":" in host:
        try:
            host = str(ipaddress.ip_address(host))
        except ValueError:
            return None
    return host, None if port == {"http": 80, "https": 443}.get(parts.scheme) else port


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_FRAMES]
        await send(message)

    return with_headers
