"""What the guard of the web interface lets pass: not a page of another site, in whatever way it may try."""

import contextlib
from typing import Any

import pytest

from orchestration.service.guard import Guard

OWN = {"host": "127.0.0.1:3000"}
JSON = {"content-type": "application/json"}

Headers = dict[str, str]


def answered(method: str, path: str, headers: Headers, *, query: str = "", kind: str = "http") -> int:
    """The status that a browser or program gets; 200 where the application behind was reached."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    # Nothing here waits, so no loop is needed; a browser of other tests may have one running in this thread.
    with contextlib.suppress(StopIteration):
        Guard(app, ["spbe.contoh.go.id"])(scope, receive, send).send(None)
    return 403 if sent[0]["type"] == "websocket.close" else int(sent[0]["status"])


@pytest.mark.parametrize(
    "headers",
    [
        OWN,
        {"host": "localhost:3000"},
        {"host": "[::1]:3000", "origin": "http://[::1]:3000"},
        {**OWN, "origin": "http://127.0.0.1:3000"},
        # A tunnel of ssh ends at another port of the user's machine.
        {"host": "localhost:8080", "origin": "http://localhost:8080"},
        {"host": "SPBE.contoh.go.id", "origin": "https://spbe.contoh.go.id"},
        # A proxy that asks by its own name of us.
        {**OWN, "origin": "https://spbe.contoh.go.id"},
    ],
)
def test_a_page_of_ours_passes(headers: Headers) -> None:
    assert answered("GET", "/", headers) == 200
    assert answered("POST", "/graphql", {**headers, **JSON}) == 200
    assert answered("GET", "/graphql", headers, kind="websocket") == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "attacker.example"},
        {"host": "127.0.0.1.attacker.example:3000"},
        {"host": "attacker.example@127.0.0.1:3000"},
        {"host": "127.0.0.1:3000/attacker.example"},
        {"host": "spbe.contoh.go.id.attacker.example"},
        {"host": "127.0.0.1:port"},
        {"host": "[::1"},
        {**OWN, "origin": "null"},
        {**OWN, "origin": ""},
        {**OWN, "origin": "https://attacker.example"},
        {**OWN, "origin": "http://127.0.0.1.attacker.example:3000"},
        # Another program's page on the same machine.
        {**OWN, "origin": "http://127.0.0.1:8080"},
        {**OWN, "origin": "http://localhost:3000"},
        {**OWN, "origin": "http://127.0.0.1"},
    ],
)
def test_a_foreign_page_is_refused(headers: Headers) -> None:
    assert answered("GET", "/", headers) == 403
    assert answered("POST", "/graphql", {**headers, **JSON}) == 403
    assert answered("GET", "/graphql", headers, kind="websocket") == 403


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/report_asset_materialization/a"])
@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain; application/json",
        "application/graphql",
        "application/json-patch+json",
        "",
    ],
)
def test_a_form_changes_nothing(path: str, content_type: str) -> None:
    assert answered("POST", path, {**OWN, "content-type": content_type}) == 415
    assert answered("POST", path, {**OWN, "content-type": "Application/JSON; charset=utf-8"}) == 200


def test_a_link_changes_nothing() -> None:
    assert answered("GET", "/graphql", OWN, query="query={version}") == 405
    assert answered("HEAD", "/graphql", OWN, query="query={version}") == 405
    assert answered("POST", "/graphql", OWN, query="query={version}") == 415
    assert answered("POST", "/graphql", {**OWN, **JSON}, query="op=NameOfAQuery") == 200
    assert answered("GET", "/graphql", OWN) == 200
    assert answered("GET", "/runs", OWN, query="q=status") == 200
