"""`spbe ui` as a real process: who gets in, and that nothing is left when it ends, however it ends."""

import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from killed_homes import begin

from orchestration.warehouse import CONFIG

if TYPE_CHECKING:
    from playwright.sync_api import Browser

START_SECONDS = 120
LAUNCH = """
mutation Launch($job: String!) {
  launchRun(executionParams: {selector: {repositoryLocationName: "orchestration.definitions",
      repositoryName: "__repository__", jobName: $job}, runConfigData: {}}) {
    __typename
  }
}
"""


class Ui:
    """A running `spbe ui` on a home of its own and a port that was free."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.process = begin(
            home,
            *("ui", "--port", "0"),
            variables=variables,
            stdout=subprocess.PIPE,
            stderr=(home.parent / f"{home.name}.err").open("w"),
            start_new_session=True,
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else "nothing"
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found, line + self.errors()
        self.port = int(found[1])

    def errors(self) -> str:
        """What stands on standard error."""
        return (self.home.parent / f"{self.home.name}.err").read_text()

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        """Status and body; a header's `_` stands for `-`, and `Host` is ours unless given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Host": f"127.0.0.1:{self.port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.putrequest(method, path, skip_host=True)
        for name, value in given.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() or None)
        answer = connection.getresponse()
        text = "" if answer.status == 101 else answer.read().decode()
        connection.close()
        return answer.status, text

    def query(self, query: str, **variables: str) -> Any:
        """The data of a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables})
        status, text = self.ask("POST", "/graphql", body, Content_Type="application/json")
        assert status == 200, text
        return json.loads(text)["data"]

    def processes(self) -> list[int]:
        """All that live with this home in their environment."""
        wanted, found = f"SPBE_HOME={self.home}".encode(), []
        for entry in Path("/proc").iterdir():
            try:
                is_ours = wanted in (entry / "environ").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if entry.name.isdigit() and is_ours and state not in "ZX":
                found.append(int(entry.name))
        return found

    def end(self) -> None:
        """Whatever a failed test left."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory, calls_home: Path) -> Iterator[Ui]:
    # Its night is done, so none begins by itself.
    home = Path(shutil.copytree(calls_home, tmp_path_factory.mktemp("ui") / "home"))
    night = {"SPBE_INSTANSI": "99.98", "SPBE_AS_OF": "2026-10-31"}
    served = Ui(home, **night, SPBE_UI_HOSTS="spbe.contoh.go.id")
    yield served
    served.end()


@pytest.fixture
def started(tmp_path: Path, spbe: Any) -> Iterator[Ui]:
    spbe(tmp_path / "home", "init")
    served = Ui(tmp_path / "home")
    yield served
    served.end()


def until(is_so: Callable[[], object], seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while not is_so() and time.monotonic() < give_up:
        time.sleep(0.2)
    return bool(is_so())


def test_pages_and_queries_of_its_own_are_answered(ui: Ui) -> None:
    status, page = ui.ask("GET", "/", Origin=f"http://127.0.0.1:{ui.port}")
    assert (status, "<html" in page) == (200, True)
    found = ui.query("{ schedulesOrError(repositorySelector: {repositoryName: \"__repository__\","
                     " repositoryLocationName: \"orchestration.definitions\"})"
                     " { ... on Schedules { results { name scheduleState { status } } } } }")  # fmt: skip
    [schedule] = found["schedulesOrError"]["results"]
    assert schedule == {"name": "nightly_index", "scheduleState": {"status": "RUNNING"}}
    assert ui.ask("GET", "/", Host="spbe.contoh.go.id", Origin="https://spbe.contoh.go.id")[0] == 200


@pytest.mark.long
def test_a_column_says_of_which_columns_it_is_made(ui: Ui) -> None:
    def nodes() -> Any:
        return ui.query(
            "{ assetNodes { assetKey { path } kinds metadataEntries { label"
            " ... on TableColumnLineageMetadataEntry {"
            " lineage { columnName columnDeps { assetKey { path } columnName } } } } } }"
        )["assetNodes"]

    def lineage() -> dict[str, Any]:
        return {
            "/".join(node["assetKey"]["path"]): entry["lineage"]
            for node in nodes()
            for entry in node["metadataEntries"]
            if entry["label"] == "dagster/column_lineage"
        }

    # It is found beside the pages.
    assert until(lineage, 300), ui.errors()
    found = lineage()
    models = {
        "/".join(node["assetKey"]["path"])
        for node in nodes()
        if "dbt" in node["kinds"] and node["assetKey"]["path"][0] in ("staging", "intermediate", "marts")
    }
    # A few hold SQL that the reader of columns does not know; the log names them.
    assert len(found) > 0.9 * len(models)
    [deps] = [
        c["columnDeps"]
        for c in found["staging/stg_complaint__complaints"]
        if c["columnName"] == "received_on"
    ]
    assert deps == [{"assetKey": {"path": ["raw", "complaint"]}, "columnName": "received_at"}]


@pytest.mark.parametrize("path", ["/runs", "/assets", "/automation", "/deployment/daemons"])
def test_its_pages_work_behind_the_guard(ui: Ui, browser: "Browser", path: str) -> None:
    page = browser.new_page()
    refused, elsewhere = [], []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.on("request", lambda asked: elsewhere.append(asked.url) if f":{ui.port}/" not in asked.url else None)
    page.goto(f"http://localhost:{ui.port}{path}")
    page.get_by_text("Settings").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.close()
    assert (refused, elsewhere) == ([], [])


def test_a_page_of_another_site_gets_nothing(ui: Ui) -> None:
    query, headers = '{"query": "{ version }"}', {"Content_Type": "application/json"}
    assert ui.ask("POST", "/graphql", query, **headers)[0] == 200
    assert ui.ask("POST", "/graphql", query, Host=f"attacker.example:{ui.port}", **headers)[0] == 403
    assert ui.ask("POST", "/graphql", query, Origin="https://attacker.example", **headers)[0] == 403
    assert ui.ask("GET", "/", Host="attacker.example")[0] == 403


def test_a_link_or_a_form_changes_nothing(ui: Ui) -> None:
    change = "mutation { setNuxSeen }"
    for headers in ({}, {"Accept": "text/html"}):
        assert ui.ask("GET", f"/graphql?query={change.replace(' ', '%20')}", **headers)[0] == 405
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        assert ui.ask("POST", "/graphql", f"query={change}", Content_Type=kind)[0] == 415
    assert ui.ask("POST", "/report_asset_materialization/a?description=x")[0] == 415


def test_a_websocket_of_another_site_is_refused(ui: Ui) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec_WebSocket_Protocol": "graphql-ws",
    }
    own = f"http://127.0.0.1:{ui.port}"
    assert ui.ask("GET", "/graphql", Origin=own, **handshake)[0] == 101
    assert ui.ask("GET", "/graphql", Origin="https://attacker.example", **handshake)[0] == 403
    assert ui.ask("GET", "/graphql", Host="attacker.example", **handshake)[0] == 403


def test_only_the_machine_itself_can_connect(ui: Ui) -> None:
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address.split(":")[1], 16) == ui.port:
                listening.append(address.split(":")[0])
    assert listening == ["0100007F"]


def test_a_home_is_served_once(ui: Ui, spbe: Any) -> None:
    done = spbe(ui.home, "ui", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        f"spbe: the web interface of this home is open already: process {ui.process.pid}"
    ]


def test_a_taken_port_is_told(ui: Ui, spbe: Any, tmp_path: Path) -> None:
    spbe(tmp_path / "other", "init")
    done = spbe(tmp_path / "other", "ui", SPBE_UI_PORT=str(ui.port))
    assert done.returncode == 1
    assert f"port {ui.port}: Address already in use" in done.stderr


@pytest.mark.long
def test_it_is_quiet_while_nothing_happens(ui: Ui) -> None:
    def seconds() -> float:
        ticks = 0
        for pid in ui.processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    time.sleep(30)
    began, before = time.monotonic(), seconds()
    time.sleep(180)
    assert (seconds() - before) / (time.monotonic() - began) < 0.01


@pytest.mark.long
def test_the_daemon_receives_what_arrives_and_publishes_it(tmp_path: Path, calls_home: Path) -> None:
    home = Path(shutil.copytree(calls_home, tmp_path / "home"))
    served = Ui(home, SPBE_INSTANSI="99.98", SPBE_AS_OF="2026-10-31")
    name = "system_inventory/99.98/2026/aplikasi.csv"
    (home / "inbox" / name).parent.mkdir(parents=True)
    (home / "inbox" / name).write_text("system_code,system_name,opd_code\nA-1,Satu,99.98-OPD-1\n")

    def is_published() -> bool:
        with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True, config=CONFIG) as con:
            rows = con.execute("select status from fct_intake_files where file_name = ?", [name]).fetchall()
        return rows == [("loaded",)]

    try:
        assert until(is_published, 420), served.errors()
    finally:
        served.end()


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, "SIGTERM", marks=pytest.mark.long),
    ],
)
def test_a_signal_ends_everything_also_a_run(started: Ui, number: int, code: int, name: str) -> None:
    before = len(started.processes())
    assert started.query(LAUNCH, job="publish_index")["launchRun"]["__typename"] == "LaunchRunSuccess"
    assert until(lambda: len(started.processes()) > before, 60), "the run has no process"
    signalled = time.monotonic()
    os.killpg(started.process.pid, number)
    assert started.process.wait(timeout=10) == code
    assert time.monotonic() - signalled < 10
    assert until(lambda: not started.processes(), 1)
    assert started.errors().splitlines()[-1] == f"spbe: stopped by {name}"
    assert "Traceback" not in started.errors()


def test_damaged_records_are_told_and_begun_anew(tmp_path: Path, spbe: Any) -> None:
    home = tmp_path / "home"
    spbe(home, "init")
    (home / "dagster" / "history").mkdir()
    (home / "dagster" / "history" / "runs.db").write_bytes(b"\xa7" * 5000)
    served = Ui(home)
    assert served.query("{ runsOrError { ... on Runs { results { id } } } }")
    [aside] = home.glob("dagster-broken-*")
    [line] = [line for line in served.errors().splitlines() if "can not be read" in line]
    assert f"moved to {aside}" in line
    assert "Traceback" not in served.errors()
    served.end()


@pytest.mark.long
def test_killed_it_leaves_nothing(started: Ui) -> None:
    assert len(started.processes()) > 1
    started.process.kill()
    started.process.wait()
    assert until(lambda: not started.processes(), 5)


@pytest.mark.long
def test_it_does_not_go_on_without_its_code_server(started: Ui) -> None:
    [other] = [
        pid for pid in started.processes() if b"code_server" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(other, signal.SIGKILL)
    assert started.process.wait(timeout=20) == 1
    assert started.errors().splitlines()[-1].startswith("spbe: the code server ended after")
    assert until(lambda: not started.processes(), 1)
