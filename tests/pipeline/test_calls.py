"""Service logs from the inbox to the marts, by real intake and real dbt, as three nights in one home.

First night: the real samples and some days of a fictional gateway. Second: the late side of a call and a
mapping. Third: nothing new.
"""

import datetime as dt
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from orchestration import intake
from orchestration.settings import PROJECT, Settings
from orchestration.warehouse import open_warehouse
from sources import ledger

EXAMPLES = PROJECT / "sources" / "example_inbox" / "service_log"
MARTS = ("fct_calls_daily", "fct_exchange_edges", "fct_log_quality")
KEPT = ("int_calls__classified", "int_calls__hourly", "int_calls__totalled", "int_calls__duration_counts")
JAKARTA = ZoneInfo("Asia/Jakarta")


def at(text: str) -> int:
    """Milliseconds of a local time of October 2026: `05 23:59:59.9`."""
    return round(dt.datetime.fromisoformat(f"2026-10-{text}").replace(tzinfo=JAKARTA).timestamp() * 1000)


def side(kind: str, request: str | None, time: str, ms: int = 100, **changed: Any) -> str:
    """One side of a call from DINSOS/bansos to DISDUKCAPIL/siak, the request in the service's version."""
    record = {
        "securityServerType": kind,
        "xRequestId": request,
        "requestInTs": at(time),
        "responseOutTs": at(time) + ms,
        "clientXRoadInstance": "ID",
        "clientMemberClass": "GOV",
        "clientMemberCode": "DINSOS",
        "clientSubsystemCode": "bansos",
        "serviceXRoadInstance": "ID",
        "serviceMemberClass": "GOV",
        "serviceMemberCode": "DISDUKCAPIL",
        "serviceSubsystemCode": "siak",
        "serviceCode": "verifikasi",
        "serviceVersion": request,
        "messageId": "m",
        "requestSize": 10,
        "responseSize": 20,
        "succeeded": True,
    } | changed
    return json.dumps({name: value for name, value in record.items() if value is not None})


@dataclass
class Home:
    """A home of its own; `night` does intake, the touched days and the marts of calls."""

    settings: Settings
    inbox: Path
    days: set[dt.date] = field(default_factory=set)
    files_before: dict[str, int] = field(default_factory=dict)

    def put(self, name: str, lines: Sequence[str]) -> None:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")

    def night(self, command: str = "run") -> None:
        con = open_warehouse(self.settings.warehouse)
        intake.prepare_warehouse(con, self.settings)
        for kind in ("gateway_identity", "service_log"):
            for record in intake.receive(con, self.settings, self.inbox, kind):
                assert record.status in ("loaded", "partly"), record
        days = ledger.pending_days(con)
        con.close()
        self.days = set(days)
        dbt(self.settings, "run", "--select", "tag:daily")
        con = open_warehouse(self.settings.warehouse)
        ledger.settle_days(con, days)
        con.close()
        marts = [f"+{model}" for model in (*MARTS, *KEPT)]
        tests = ["--indirect-selection", "buildable"] if command == "build" else []
        dbt(self.settings, command, *tests, "--select", *marts, "--exclude", "tag:daily")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        con = open_warehouse(self.settings.warehouse)
        try:
            return con.execute(sql).fetchall()
        finally:
            con.close()

    def quality(self, name: str, columns: str) -> tuple[Any, ...]:
        [row] = self.rows(f"select {columns} from marts.fct_log_quality where file_name like '%{name}'")
        return row

    def marts(self) -> dict[str, list[tuple[Any, ...]]]:
        return {mart: self.rows(f"select * from marts.{mart} order by all") for mart in MARTS}

    def lake_files(self) -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in self.settings.lake.rglob("*.parquet")}


def dbt(settings: Settings, *arguments: str) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    os.environ["SPBE_WAREHOUSE"] = str(settings.warehouse)
    project = str(PROJECT / "dbt_project")
    places = ["--project-dir", project, "--profiles-dir", project]
    places += [
        "--target-path",
        str(settings.home / "target"),
        "--log-path",
        str(settings.home / "logs"),
        "-q",
    ]
    result = dbtRunner().invoke([*arguments, *places])
    DuckDBConnectionManager.close_all_connections()
    assert result.success, result.exception or [str(r.message) for r in result.result if r.message]


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    root = tmp_path_factory.mktemp("calls")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SPBE_")]:
            patch.delenv(name)
        patch.setenv("SPBE_HOME", str(root / "home"))
        settings = Settings(as_of=dt.date(2026, 10, 31))
        settings.prepare_home()
        home = Home(settings, root / "inbox")
        for name in ("xroad/@sample-xroad", "combined/@sample-apache"):
            target = home.inbox / "service_log" / name
            target.parent.mkdir(parents=True)
            shutil.copytree(EXAMPLES / name, target)
        home.put(
            "service_log/xroad/99.99/client.jsonl",
            [
                side("Client", "midnight", "05 23:59:59.9", 400),
                side("Client", "late", "05 10:00:00", 30),
                side("Client", "twice", "05 11:00:00", 10),
                side("Client", "twice", "05 11:00:00", 10),
                side("Client", "twice", "05 11:05:00", 20, succeeded=False),
                side("Client", "alone", "05 12:00:00", 1),
                side("Client", None, "05 13:00:00", 2),
                side("Client", None, "05 13:00:00", 2),
                side("Client", None, "05 13:00:01", 2),
                side("Client", "meta", "05 14:00:00", serviceCode="listMethods"),
                side("Client", "self", "05 15:00:00", serviceMemberCode="DINSOS"),
                side("Client", "both", "05 16:00:00", serviceMemberCode="DINSOS", serviceCode="getWsdl"),
                "{",
                "",
            ],
        )
        home.put(
            "service_log/xroad/99.99/producer.jsonl",
            [
                side("Producer", "midnight", "06 00:00:00.1", 150),
                side("Producer", "twice", "05 11:00:01", 5),
                side("Producer", "twice", "05 11:05:01", 6),
                side("Client", "twice", "05 11:00:00", 10),
                side("Producer", "only", "09 09:00:00", 7),
            ],
        )
        home.put(
            "service_log/xroad/88.88/odd.jsonl",
            [
                side("Client", None, "07 10:00:00", 50, messageId="m1", serviceVersion="message"),
                side("Producer", None, "07 10:00:00.1", 40, messageId="m1", serviceVersion="message"),
                # The same message again: another call.
                side("Client", None, "07 10:05:00", 60, messageId="m1", serviceVersion="message"),
                side("Producer", None, "07 10:05:00.1", 40, messageId="m1", serviceVersion="message"),
                # Only one gateway writes ids.
                side("Client", "x1", "07 11:00:00", 70, messageId="m2", serviceVersion="mixed"),
                side("Producer", None, "07 11:00:00.1", 40, messageId="m2", serviceVersion="mixed"),
                side("Client", None, "07 12:00:00", 80, messageId="m3", serviceVersion="far"),
                side("Producer", None, "07 12:10:00", 40, messageId="m3", serviceVersion="far"),
                side("Client", None, "07 23:59:59.9", 90, messageId="m4", serviceVersion="midnight"),
                side("Producer", None, "08 00:00:00.1", 40, messageId="m4", serviceVersion="midnight"),
                side("Client", "negative", "07 13:00:00", -5),
                side("Client", "slow", "07 13:00:00", 3_600_001),
                side("Client", "skew", "07 14:00:05", 300, requestOutTs=at("07 14:00:05")),
                side("Producer", "skew", "07 14:00:00", 200),
            ],
        )
        home.put(
            "service_log/combined/99.99/access.log",
            [
                f'10.0.0.1 - {user} [06/Oct/2026:09:00:00 +0700] "GET {path} HTTP/1.1" {code} 5 "-" "{agent}"'
                for user, path, code, agent in (
                    ("svc-bansos", "/api/disdik/siswa/123456", 200, "okhttp/4"),
                    ("-", "/api/disdik/siswa/123457", 404, "okhttp/4"),
                    ("-", "/api/disdik/siswa/123457", 200, "UptimeRobot/2.0"),
                    ("-", "/health/live", 200, "okhttp/4"),
                )
            ],
        )
        home.night("build")
        yield home


@pytest.fixture(scope="module")
def second_night(first_night: Home) -> Home:
    """The producer's side of `late` arrives, and a mapping of names that were there before."""
    first_night.files_before = first_night.lake_files()
    first_night.put("service_log/xroad/99.99/late.jsonl", [side("Producer", "late", "05 10:00:00", 20)])
    first_night.put(
        "gateway_identity/99.99/names.csv",
        [
            "log_format,role,identity,opd_code,system_code,valid_from",
            "xroad,both,ID/GOV/DINSOS,99.99-DINSOS,,2026-01-01",
            "xroad,both,ID/GOV/DISDUKCAPIL,99.99-CAPIL,,2026-01-01",
            "xroad,provider,ID/GOV/DISDUKCAPIL/siak,99.99-DISDUKCAPIL,APL-1,2026-01-01",
            "combined,consumer,svc-bansos,99.99-DINSOS,,2026-01-01",
            "combined,provider,/api/disdik/,99.99-DISDIK,APL-2,2026-01-01",
        ],
    )
    first_night.night()
    return first_night


def test_the_real_xroad_sample_is_327_pairs_and_no_business_call(first_night: Home) -> None:
    columns = (
        "records, bad_lines, duplicates, calls, pairs, metaservice_calls, self_calls, business_calls, orphans"
    )
    assert first_night.quality("opmon_2020-10-27_29.json", columns) == (654, 0, 0, 327, 327, 327, 327, 0, 0)
    assert first_night.rows("select * from marts.fct_calls_daily where instansi_code = 'sample-xroad'") == []


def test_the_real_apache_sample_loads_whole(first_night: Home) -> None:
    assert first_night.quality("access_sample.log", "lines, records, bad_lines, calls") == (
        2000,
        2000,
        0,
        2000,
    )
    [row] = first_night.rows(
        "select sum(calls), sum(response_bytes), count(distinct day) from marts.fct_calls_daily"
        " where instansi_code = 'sample-apache' and consumer_opd is null and not is_mapped"
    )
    log = (EXAMPLES / "combined/@sample-apache/access_sample.log").read_text().splitlines()
    sizes = [line.split('"')[2].split()[1] for line in log]
    assert row == (2000, sum(int(size) for size in sizes if size != "-"), 2)


def test_sides_pair_across_midnight_and_files_and_copies_drop(first_night: Home) -> None:
    calls = first_night.rows(
        "select split_part(service_code, '/', 2), day, list_transform(filed, lambda f: f.sides),"
        " list_transform(durations, lambda d: (d.duration_ms, d.calls)), succeeded, calls"
        " from intermediate.int_calls__counted_daily"
        " where instansi_code = '99.99' and log_format = 'xroad' and filed[1].has_own_id order by all"
    )
    fifth, ninth = dt.date(2026, 10, 5), dt.date(2026, 10, 9)
    assert calls == [
        ("alone", fifth, ["client"], [(1, 1)], 1, 1),
        ("both", fifth, ["client"], [(100, 1)], 1, 1),
        ("late", fifth, ["client"], [(30, 1)], 1, 1),
        ("meta", fifth, ["client"], [(100, 1)], 1, 1),
        ("midnight", fifth, ["both"], [(400, 1)], 1, 1),
        ("only", ninth, ["producer"], [(7, 1)], 1, 1),
        ("self", fifth, ["client"], [(100, 1)], 1, 1),
        ("twice", fifth, ["both"], [(10, 1), (20, 1)], 1, 2),
    ]


def test_sides_without_a_common_id_pair_by_message_and_time(first_night: Home) -> None:
    calls = first_night.rows(
        "select split_part(service_code, '/', 2), day, list_transform(filed, lambda f: f.sides),"
        " list_transform(filed, lambda f: f.is_paired_by_message),"
        " list_transform(durations, lambda d: d.duration_ms), calls"
        " from intermediate.int_calls__counted_daily where instansi_code = '88.88' order by all"
    )
    seventh = dt.date(2026, 10, 7)
    assert calls == [
        ("far", seventh, ["client", "producer"], [False, False], [40, 80], 2),
        ("message", seventh, ["both"], [True], [50, 60], 2),
        ("midnight", seventh, ["both"], [True], [90], 1),
        ("mixed", seventh, ["both"], [True], [70], 1),
        ("negative", seventh, ["client"], [False], None, 1),
        ("skew", seventh, ["both"], [False], [300], 1),
        ("slow", seventh, ["client"], [False], None, 1),
    ]
    columns = "records, duplicates, calls, pairs_by_message, odd_durations, skewed_calls, reused_ids"
    # A duration below nothing is none when it arrives; one of over a day is odd when its sides are paired.
    assert first_night.quality("odd.jsonl", columns) == (14, 0, 9, 4, 1, 1, 0)


def test_every_record_of_a_file_is_accounted_for(first_night: Home) -> None:
    columns = (
        "lines, records, bad_lines, blank_lines, duplicates, calls, pairs, orphans, metaservice_calls,"
        " self_calls, business_calls, calls_without_id"
    )
    client = first_night.quality("client.jsonl", columns)
    producer = first_night.quality("producer.jsonl", columns)
    assert [client[i] + producer[i] for i in (0, 1, 2, 3)] == [19, 17, 1, 1]
    # Two copies of one client record, one of them in the other file, and a copy of a record without an id.
    assert client[4] + producer[4] == 3
    assert [client[i] + producer[i] for i in (5, 6, 8, 9, 10, 11)] == [11, 3, 2, 2, 8, 2]
    # The newest record is four days after the others: five single sides are orphans, `only` is too young.
    assert client[7] + producer[7] == 5


def test_monitors_and_health_checks_are_counted_apart(first_night: Home) -> None:
    columns = "calls, business_calls, monitoring_calls, metaservice_calls, self_calls"
    assert first_night.quality("99.99/access.log", columns) == (4, 2, 1, 1, 0)


def test_unmapped_names_stay_and_a_login_is_a_pseudonym(first_night: Home) -> None:
    names = first_night.rows(
        "select distinct consumer_opd, consumer_system, provider_opd, provider_system, is_mapped"
        " from intermediate.int_calls__classified where instansi_code = '99.99' and is_business order by all"
    )
    xroad = ("ID/GOV/DINSOS", "ID/GOV/DINSOS/bansos", "ID/GOV/DISDUKCAPIL", "ID/GOV/DISDUKCAPIL/siak", False)
    assert xroad in names
    [login] = [name for name in names if str(name[0]).startswith("user-")]
    assert login[1:] == (login[0], "/api", "/api/disdik/siswa/{}", False)
    assert (None, None, "/api", "/api/disdik/siswa/{}", False) in names


def test_percentiles_are_those_of_the_single_calls(first_night: Home) -> None:
    [row] = first_night.rows(
        "select list((duration_ms, calls) order by duration_ms)"
        " from (select duration_ms, sum(calls)::integer as calls from intermediate.int_calls__duration_counts"
        " where instansi_code = '99.99' and day = '2026-10-05' group by duration_ms)"
    )
    assert row == ([(1, 1), (2, 2), (10, 1), (20, 1), (30, 1), (400, 1)],)
    rows = first_night.rows(
        "select duration_p50_ms, duration_p95_ms, timed_calls from marts.fct_calls_daily"
        " where instansi_code = '99.99' and service_code = 'verifikasi/twice'"
    )
    assert rows == [(Decimal("15.00"), Decimal("19.50"), 2)]


def test_a_late_side_finds_its_partner_and_only_its_days_are_redone(second_night: Home) -> None:
    # No record stands on the 4th, so no call of the 5th can have a side there.
    assert second_night.days == {dt.date(2026, 10, day) for day in (5, 6)}
    [call] = second_night.rows(
        "select filed[1].sides, durations[1].duration_ms, calls from intermediate.int_calls__counted_daily"
        " where service_code = 'verifikasi/late'"
    )
    assert call == ("both", 30, 1)
    assert second_night.quality("late.jsonl", "records, duplicates, calls") == (1, 0, 0)


def test_a_mapping_added_later_works_on_the_past_without_reading_logs_again(second_night: Home) -> None:
    calls = second_night.rows(
        "select distinct log_format, consumer_opd, provider_opd, provider_system, is_mapped"
        " from marts.fct_calls_daily where instansi_code = '99.99' order by all"
    )
    assert calls == [
        ("combined", "99.99-DINSOS", "99.99-DISDIK", "APL-2", True),
        ("combined", None, "99.99-DISDIK", "APL-2", True),
        ("xroad", "99.99-DINSOS", "99.99-DISDUKCAPIL", "APL-1", True),
    ]
    edges = second_night.rows(
        "select window_start, consumer_opd, provider_opd, channel, is_declared, is_observed, link_level"
        " from marts.fct_exchange_edges where instansi_code = '99.99' order by channel"
    )
    assert edges == [
        (dt.date(2026, 10, 1), "99.99-DINSOS", provider, channel, False, True, 1)
        for provider, channel in (("99.99-DISDIK", "combined"), ("99.99-DISDUKCAPIL", "xroad"))
    ]
    now = second_night.lake_files()
    assert {path: now[path] for path in second_night.files_before} == second_night.files_before


def test_a_night_without_news_changes_nothing(second_night: Home) -> None:
    before = second_night.marts()
    second_night.night()
    assert second_night.days == set()
    assert second_night.marts() == before


def test_days_added_one_at_a_time_are_the_same(second_night: Home) -> None:
    def rows() -> list[list[tuple[Any, ...]]]:
        return [second_night.rows(f"select * from intermediate.{model} order by all") for model in KEPT]

    before = rows()
    dbt(second_night.settings, "run", "--full-refresh", "--vars", "day_size_at_once: 1", "--select", *KEPT)
    assert rows() == before


def test_redoing_a_day_changes_nothing(second_night: Home) -> None:
    before = second_night.rows("select * from intermediate.int_calls__counted_daily order by all")
    # A mark that counting again takes away.
    second_night.rows("update intermediate.int_calls__counted_daily set calls = -1 where day = '2026-10-05'")
    second_night.rows("insert into intake.pending_days values ('2026-10-05')")
    dbt(second_night.settings, "run", "--select", "tag:daily")
    second_night.rows("delete from intake.pending_days")
    assert second_night.rows("select * from intermediate.int_calls__counted_daily order by all") == before


def test_no_login_or_address_is_in_any_text_of_the_warehouse(second_night: Home) -> None:
    # The digits of a hash may hold those of the login by chance.
    login = "regexp_matches(text, '(^|[^0-9])123457([^0-9]|$)')"
    with duckdb.connect(
        str(second_night.settings.warehouse),
        read_only=True,
        config={"storage_compatibility_version": "v1.2.0"},
    ) as con:
        names = "select table_schema || '.' || table_name from information_schema.tables"
        for (table,) in con.execute(names).fetchall():
            found = con.execute(
                f"select * from (select to_json(row)::varchar as text from {table} as row)"
                f" where contains(text, 'svc-bansos') or contains(text, '10.0.0.1') or {login}"
            ).fetchall()
            assert found == [], table


def test_only_days_that_changed_are_built_anew(second_night: Home) -> None:
    """A mark on every stored day stays on the days that the new file does not touch."""
    totals = (
        "select day, max(request_bytes) = -1, sum(calls) from marts.fct_calls_daily"
        " where instansi_code = '99.99' group by day"
    )
    before = {day: calls for day, _, calls in second_night.rows(totals)}
    second_night.rows("update intermediate.int_calls__totalled set request_bytes = -1")
    second_night.put("service_log/xroad/99.99/new.jsonl", [side("Client", "new", "06 10:00:00", 20)])
    second_night.night()
    assert second_night.days == {dt.date(2026, 10, day) for day in (5, 6, 7)}
    after = {day: row for day, *row in second_night.rows(totals)}
    changed = dt.date(2026, 10, 6)
    assert len(after) == len(before) > 2
    assert {day: [day != changed, calls + (day == changed)] for day, calls in before.items()} == after
    # A row that a crash took is there again.
    second_night.rows("delete from intermediate.int_calls__totalled where day = '2026-10-06'")
    second_night.night()
    assert {day: row for day, *row in second_night.rows(totals)} == after
