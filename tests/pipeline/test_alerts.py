"""What is wrong with a home reaches its operator once, over real channels, and once that it is well again."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from orchestration import alerts
from orchestration.build import build_definitions
from orchestration.chain import RECEIVE
from orchestration.night import run_night
from orchestration.program import wanted_state
from orchestration.settings import Settings
from orchestration.warehouse import WarehouseDamaged, open_warehouse
from sources import ledger

NIK = "1207012309850003"
PASSWORD = "rahasia-sekali"


class Mails:
    """Takes what a mail server is given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.content or b"")  # type: ignore[arg-type]
        bodies = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
        self.seen.append(f"{mail['Subject']}\n" + "\n".join(body.decode() for body in bodies if body))
        return "250 OK"


@pytest.fixture
def mails() -> Iterator[tuple[Mails, str]]:
    """A mail server on a free port, and its URL."""
    handler = Mails()

    class OnFreePort(Controller):
        def _trigger_server(self) -> None:
            # Asked for port 0, it listens on another, which the controller would not know.
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    controller = OnFreePort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    yield handler, f"mailto://127.0.0.1:{controller.port}/?from=spbe@example.org&to=ops@example.org"
    controller.stop()


class Hook(HTTPServer):
    """Takes what is posted; answers with `status`."""

    status = 200

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 200:
                    hook.seen.append(json.loads(told))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"json://operator:{PASSWORD}@127.0.0.1:{self.server_address[1]}/hook"

    def titles(self) -> list[str]:
        return [told["title"].partition(": ")[2] for told in self.seen]


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    threading.Thread(target=server.serve_forever).start()
    yield server
    server.shutdown()
    server.server_close()


Make = Callable[..., Settings]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """`make(alert_urls=[…], …)` is a prepared home with an inbox of one small file."""
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))

    def made(**values: object) -> Settings:
        settings = Settings(alert_min_free_gb=values.pop("alert_min_free_gb", 0), **values)
        settings.prepare_home()
        text = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        (settings.home / "spbe.toml").write_text("\n".join(["alert_min_free_gb = 0", *text]), "utf-8")
        sent = settings.inbox / "opd_register" / "88.02" / "opd.csv"
        sent.parent.mkdir(parents=True, exist_ok=True)
        sent.write_text("opd_code,opd_name\n88.02-A,Dinas A\n", encoding="utf-8")
        return settings

    return made


def test_a_failed_night_is_told_once_over_every_channel_and_once_when_it_is_well(
    make: Make, mails: tuple[Mails, str], hook: Hook, tmp_path: Path
) -> None:
    server, mail_url = mails
    heard = tmp_path / "heard.txt"
    append = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '--\\n')"
    settings = make(alert_urls=[mail_url, hook.url], alert_command=[sys.executable, "-c", append, str(heard)])
    settings.warehouse.write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(WarehouseDamaged):
            run_night(settings, settings.inbox)
    assert hook.titles() == ["night failed"]
    assert "warehouse.duckdb can not be opened" in hook.seen[0]["message"]
    assert str(settings.logs / "spbe.log") in hook.seen[0]["message"]
    assert len(server.seen) == 1
    assert "night failed" in server.seen[0].replace("_", " ")
    assert heard.read_text().count("--\n") == 1
    # The mend that the message names.
    settings.warehouse.unlink()
    run_night(settings, settings.inbox)
    alerts.tell(settings)
    assert hook.titles() == ["night failed", "night failed: well again"]
    assert len(server.seen) == heard.read_text().count("--\n") == 2
    assert not (settings.home / "alerts.json").exists()


def test_a_run_of_the_daemon_tells_by_itself_and_no_person_is_named(make: Make, hook: Hook) -> None:
    settings = make(alert_urls=[hook.url])
    # A file where the archive wants a folder: nothing that comes can be kept.
    settings.archive.rmdir()
    settings.archive.write_text(NIK)
    with dg.DagsterInstance.get() as instance:
        job = build_definitions(settings).resolve_job_def(RECEIVE)
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
        settings.archive.unlink()
        settings.prepare_home()
        # The first link alone makes no night well.
        assert job.execute_in_process(instance=instance).success
    assert hook.titles() == ["night failed"]
    assert "receive_files failed. raw__opd_register" in hook.seen[0]["message"]
    alerts.tell(settings, [f"the row of {NIK} stops the night\nand so on"])
    with alerts._opened(settings) as con:
        assert con is not None
        con.execute("delete from intake.alerts")
    alerts.tell(settings, [f"the row of {NIK} stops the night\nand so on"])
    assert NIK not in str(hook.seen)
    assert "stops the night" in hook.seen[-1]["message"]
    assert "and so on" not in hook.seen[-1]["message"]


def test_a_run_of_the_daemon_that_can_not_open_the_warehouse_tells_it(make: Make, hook: Hook) -> None:
    settings = make(alert_urls=[hook.url])
    job = build_definitions(settings).resolve_job_def(RECEIVE)
    settings.warehouse.write_bytes(b"no database" * 1000)
    with dg.DagsterInstance.get() as instance:
        for _ in range(2):
            assert not job.execute_in_process(instance=instance, raise_on_error=False).success
    assert hook.titles() == ["night failed"]
    assert "can not be opened" in hook.seen[0]["message"]


def test_a_channel_that_fails_is_tried_again_and_told_without_its_secrets(
    make: Make, hook: Hook, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    settings = make(alert_urls=[hook.url])
    with open_warehouse(settings.warehouse) as con:
        ledger.create_ledger(con)
    hook.status = 500
    small = settings.model_copy(update={"alert_min_free_gb": 1e9})
    alerts.tell(small)
    assert hook.seen == []
    with alerts._opened(settings) as con:
        assert con is not None
        [known] = alerts.known_alerts(settings, con)
        assert (known.cause, known.channel, known.told_at) == ("low disk", "json 1", None)
        assert known.problem
    hook.status = 200
    alerts.tell(small)
    alerts.tell(small)
    alerts.tell(settings)
    alerts.tell(settings)
    assert hook.titles() == ["low disk", "low disk: well again"]
    said = capfd.readouterr()
    assert PASSWORD not in said.out + said.err + caplog.text + repr(settings) + settings.model_dump_json()
    assert "not sent over json 1" in caplog.text


def test_alerts_are_nothing_that_results_rest_on(make: Make, hook: Hook) -> None:
    plain, telling = make(), make(alert_urls=[hook.url], alert_command=["true"])
    with open_warehouse(plain.warehouse) as con:
        ledger.create_ledger(con)
        assert wanted_state(con, plain) == wanted_state(con, telling)


def test_owed_sources_that_did_not_come_are_told(make: Make, hook: Hook) -> None:
    settings = make(alert_urls=[hook.url], as_of="2026-11-20")
    with open_warehouse(settings.warehouse) as con:
        ledger.create_ledger(con)
        con.execute(
            """
            create schema intermediate; create schema seeds;
            create table seeds.delivery_terms as from (
                values ('daily', 1), ('monthly', 10), ('annual', 31)) as t (frequency, grace_days);
            create table intermediate.int_sources__counted as
            select 'a' as instansi_code, window_kind, window_start::date as window_start, 'a-1' as opd_code,
                source_code, frequency, received as sources_received
            from (values
                ('month', '2026-09-01', 'usage', 'monthly', 1),
                ('month', '2026-10-01', 'usage', 'monthly', 0),
                ('month', '2026-09-01', 'complaint', 'monthly', 0),
                ('month', '2026-10-01', 'complaint', 'monthly', 1),
                ('ytd', '2026-01-01', 'system_inventory', 'annual', 0),
                ('month', '2026-10-01', 'service_log:xroad', 'daily', 5)
            ) as t (window_kind, window_start, source_code, frequency, received)"""
        )
    alerts.tell(settings)
    [told] = hook.seen
    assert told["title"].endswith("missing sources")
    # The inventory of 2026 is not due yet, that of 2025 was due before the home knew anything.
    assert "2 sources" in told["message"]
    assert "a-1 usage (for 2026-10-01 or later); a-1 service_log:xroad (for 2026-11-19" in told["message"]


def test_the_command_says_what_became_of_a_test(
    make: Make, hook: Hook, spbe: Callable[..., object], tmp_path: Path
) -> None:
    settings = make(alert_urls=[hook.url])
    done = spbe(settings.home, "alert", "test")
    assert (done.returncode, done.stdout) == (0, "json 1: sent\n"), done.stderr  # type: ignore[attr-defined]
    assert hook.titles() == ["test"]
    hook.status = 500
    for urls in ([hook.url], ["not-a-url " + PASSWORD]):
        (settings.home / "spbe.toml").write_text(f"alert_urls = {json.dumps(urls)}\n", encoding="utf-8")
        done = spbe(settings.home, "alert", "test", SPBE_ALERT_COMMAND="false")
        assert done.returncode == 1  # type: ignore[attr-defined]
        assert "command: ended with 1" in done.stdout  # type: ignore[attr-defined]
        assert PASSWORD not in done.stdout + done.stderr  # type: ignore[attr-defined]
    # A wrong value is a secret as well.
    wrong = spbe(settings.home, "alert", "test", SPBE_ALERT_URLS=f'["{PASSWORD}')
    assert wrong.returncode == 2  # type: ignore[attr-defined]
    assert "setting alert_urls" in wrong.stderr  # type: ignore[attr-defined]
    assert PASSWORD not in wrong.stdout + wrong.stderr  # type: ignore[attr-defined]
    assert "no channel" in spbe(_empty(tmp_path), "alert", "test").stderr  # type: ignore[attr-defined]


def _empty(folder: Path) -> Path:
    home = folder / "empty"
    home.mkdir(mode=0o700)
    (home / "spbe.toml").touch()
    return home
