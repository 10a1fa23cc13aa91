"""The fictional regency: what was planted is found, nothing else is, and measures equal a count by hand."""

import csv
import datetime as dt
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import generate_example as example
import pytest

WINDOW = dt.date(2026, 10, 1)


def planted(what: str) -> list[dict[str, str]]:
    with example.PLANTED.open(encoding="utf-8", newline="") as f:
        return [p for p in csv.DictReader(f) if p["what"] == what]


def test_planted_dirt_is_quarantined_and_nothing_else(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Row for row, with the rule that it breaks."""
    rows = example_warehouse.execute("select file_name, row_number, rules from raw.quarantine").fetchall()
    found = {(file, str(row)): rules for file, row, rules in rows}
    expected = {(p["file"], p["row"]): p["rule"] for p in planted("dirt")}
    assert sorted(found) == sorted(expected)
    assert {key: rule for key, rule in expected.items() if rule not in found[key]} == {}


def test_planted_findings_are_found_and_nothing_else(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Rule, unit and key of every finding on the regency."""
    rows = example_warehouse.execute(
        "select rule_id, unit_code, split_part(finding_key, '@', 1) from marts.fct_findings "
        "where instansi_code = ?",
        [example.INSTANSI],
    ).fetchall()
    expected = {(p["rule"], p["unit"], p["key"]) for p in planted("finding")}
    assert len(rows) == len(set(rows))
    assert set(rows) == expected


def test_every_statement_is_a_sentence_with_its_window(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """No word is left to fill in; all are open, first and last seen in the only month there is."""
    rows = example_warehouse.execute(
        "select statement, status, first_seen, last_seen from marts.fct_findings where instansi_code = ?",
        [example.INSTANSI],
    ).fetchall()
    for statement, status, first_seen, last_seen in rows:
        assert statement.endswith("."), statement
        assert not set("{}") & set(statement.replace("/{}", "")), statement
        assert (status, first_seen, last_seen) == ("open", WINDOW, dt.date(2026, 10, 31))


# Counted by hand on the lists in generate_example.py. 31 active systems: 7 with a published contract, 12 with
# an API of which 6 answered, 18 without exchange, 7 of vendors of which 4 without a contract, 21 in the
# Kominfo data centre, 27 with a function code for 18 functions, one of them in two OPDs. 13 OPDs: 10 with an
# edge, 9 over the hub. 12 edges seen, 2 of them mutual; 9 over the hub beside 4 declared without it; with 3
# that nobody uses 15, of which eight have agreement and codes (3 x 8) and four nothing declared (1 x 4). 12
# services, one with two users or more. 9 data sets with a promise, 6 kept. 446 rows of which 38 are dirt.
# Codes: 28 functions (one of a planned system), 10 data sets and 10 elements found, 6 rows refused for an
# unknown code. 4 elements, NIK typed again. 13 complaints, 9 in time. 5 sites, 3 alive. 4 figures to compare,
# 2 agree. 8 of 12 kecamatan. Owed in October: 13 inventories, an exchange list, an assessment, a figure list
# and 62 log days, of which an inventory, the figures and one day did not come.
BY_HAND = [
    ("I01", "main", 7, 31, None),
    ("I02", "main", 6, 12, 3),
    ("I02", "undeclared_live", 0, 6, None),
    ("I03", "main", 9, 13, 3),
    ("I03", "with_outside", 9, 14, None),
    ("I04", "main", 10, 13, 4),
    ("I04", "hub", 9, 13, None),
    ("I04", "with_outside", 0, 13, None),
    ("I05", "main", 1, 12, 1),
    ("I06", "main", 2, 12, None),
    ("I07", "main", 12, 13 * 12, None),
    ("I08", "main", 18, 31, 2),
    ("I14", "main", 6, 9, 3),
    ("I15", "main", 466, 504, 5),
    ("I16", "main", 48, 54, 4),
    ("I17", "main", 28, 45, 3),
    ("I18", "main", 1, 18, 5),
    ("I18", "repeated", 9, 27, None),
    ("I19", "main", 1, 4, 4),
    ("I20", "main", 4, 7, 2),
    ("I21", "main", 21, 31, 3),
    ("I21", "unknown", 0, 31, None),
    ("I22", "main", 9, 13, 3),
    ("I22", "never_answered", 2, 13, None),
    ("I23", "main", 3, 5, 3),
    ("I23", "reachable", 4, 5, None),
    ("I24", "main", 2, 4, 3),
    ("I25", "main", 8, 12, 3),
    ("I27", "main", 75, 78, None),
]


@pytest.mark.parametrize(("measure", "figure", "numerator", "denominator", "level"), BY_HAND)
def test_measure_equals_the_count_by_hand(
    example_warehouse: duckdb.DuckDBPyConnection,
    measure: str,
    figure: str,
    numerator: int,
    denominator: int,
    level: int | None,
) -> None:
    row = example_warehouse.execute(
        """
        select numerator, denominator, value, level, sources_received, sources_expected
        from marts.fct_indicator_values
        where
            instansi_code = ? and unit_kind = 'instansi' and window_kind = 'month' and window_start = ?
            and measure_id = ? and figure = ?
        """,
        [example.INSTANSI, WINDOW, measure, figure],
    ).fetchone()
    assert row == (numerator, denominator, pytest.approx(numerator / denominator), level, 75, 78)


def values(
    connection: duckdb.DuckDBPyConnection, measure: str, unit: str = example.INSTANSI
) -> dict[str, Any]:
    """The figures of a measure for a unit in October."""
    rows = connection.execute(
        "select figure, value from marts.fct_indicator_values "
        "where measure_id = ? and unit_code = ? and window_kind = 'month' and window_start = ?",
        [measure, unit, WINDOW],
    ).fetchall()
    return dict(rows)


def test_every_measure_has_a_value_for_the_regency(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """The example shows all 28; the declaration gap is told for the year alone."""
    rows = example_warehouse.execute(
        """
        select distinct measure_id from marts.fct_indicator_values
        where instansi_code = ? and unit_kind = 'instansi' and figure = 'main' and value is not null
        """,
        [example.INSTANSI],
    ).fetchall()
    assert {measure for (measure,) in rows} == {f"I{number:02d}" for number in range(1, 29)}


def xroad_calls() -> Iterator[dict[str, Any]]:
    """Business calls of the X-Road files, paired here by another route: one record per request id."""
    requests: dict[str, dict[str, Any]] = {}
    for path in sorted(Path(example.INBOX).glob(f"service_log/xroad/{example.INSTANSI}/*.gz")):
        for record in json.loads(gzip.decompress(path.read_bytes()))["records"]:
            if "requestInTs" in record:
                kept = requests.setdefault(record["xRequestId"], record)
                if record["securityServerType"] == "Client" and kept["securityServerType"] == "Producer":
                    requests[record["xRequestId"]] = record
    for call in requests.values():
        if call["serviceCode"] in ("getSecurityServerOperationalData", "listMethods"):
            continue
        if call["clientMemberCode"] != call["serviceMemberCode"]:
            yield call


def test_success_rate_equals_a_count_of_the_files(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Pairs, copies, single sides, metaservices and self-calls counted again in Python."""
    calls = list(xroad_calls())
    row = example_warehouse.execute(
        """
        select sum(calls), sum(succeeded) from intermediate.int_calls__windowed
        where instansi_code = ? and window_kind = 'month' and log_format = 'xroad'
        """,
        [example.INSTANSI],
    ).fetchone()
    assert row == (len(calls), sum(call["succeeded"] for call in calls))
    served = [call for call in calls if call["serviceMemberCode"] == "DISDUKCAPIL"]
    others = sum(call.provider == "DISDUKCAPIL" for call in other_calls())
    row = example_warehouse.execute(
        """
        select numerator, denominator from marts.fct_indicator_values
        where
            measure_id = 'I11' and figure = 'main' and window_kind = 'month'
            and unit_code = ?
        """,
        [example.opd("DISDUKCAPIL")],
    ).fetchone()
    assert row == (sum(call["succeeded"] for call in served) + others, len(served) + others)


def combined_calls() -> Iterator[tuple[str, str, int, dt.datetime]]:
    """Login, path without numbers, status and local time of each line of the web log that is no monitor's."""
    for path in sorted(Path(example.INBOX).glob(f"service_log/combined/{example.INSTANSI}/*.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            found = re.match(r'\S+ - (\S+) \[([^]]+)\] "(\S+) (\S+) [^"]*" (\d+)', line)
            if found and "UptimeRobot" not in line:
                user, stamp, method, path_, status = found.groups()
                route = "/".join("{}" if part.isdigit() else part for part in path_.split("?")[0].split("/"))
                at = dt.datetime.strptime(stamp, "%d/%b/%Y:%H:%M:%S %z")
                yield user, f"{method} {route}", int(status), at


@dataclass(frozen=True)
class OtherCall:
    """A call of the national SPLP or of the hospital's gateway; all of them succeed."""

    provider: str
    service: str
    duration_ms: int
    at: dt.datetime
    has_login: bool


def other_calls() -> Iterator[OtherCall]:
    """Calls of the two files that hold WSO2 text lines and Kong objects, without the broken lines."""
    [path] = Path(example.INBOX).glob(f"service_log/wso2/{example.INSTANSI}/*.gz")
    owners = {"VerifikasiNIK": ("DISDUKCAPIL", "verifikasiNIK"), "DataPegawai": ("BKPSDM", "dataPegawai")}
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        if line.endswith("}}"):
            values = dict(re.findall(r"(\w+)=([^,{}]+)", line))
            at = dt.datetime.fromisoformat(values["requestTimestamp"]).astimezone(example.WIB)
            milliseconds = int(values["responseLatency"])
            yield OtherCall(*owners[values["apiName"]], milliseconds, at, values["userName"] != "null")
    [path] = Path(example.INBOX).glob(f"service_log/kong/{example.INSTANSI}/*.gz")
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        record = json.loads(line)
        if "started_at" in record:
            at = dt.datetime.fromtimestamp(record["started_at"] / 1000, example.WIB)
            yield OtherCall("RSUD", "rujukBalik", record["latencies"]["request"], at, False)


def test_percentile_equals_numpy_style_interpolation(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """p95 of all calls with a duration, interpolated here by hand over the sorted durations."""
    durations = sorted(
        [c["responseOutTs"] - c["requestInTs"] for c in xroad_calls()]
        + [call.duration_ms for call in other_calls()]
    )
    place = (len(durations) - 1) * 0.95
    below = durations[int(place)]
    above = durations[min(int(place) + 1, len(durations) - 1)]
    expected = below + (above - below) * (place - int(place))
    assert values(example_warehouse, "I13")["main"] == pytest.approx(expected, abs=0.01)


def test_availability_equals_hours_of_the_files(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Hours with a success over hours with a call, per service, all four gateways together."""
    hours: dict[tuple[str, str, dt.datetime], bool] = {}
    for call in xroad_calls():
        at = dt.datetime.fromtimestamp(call["requestInTs"] / 1000, example.WIB)
        service = (call["serviceMemberCode"], call["serviceCode"])
        key = (*service, at.replace(minute=0, second=0, microsecond=0))
        hours[key] = hours.get(key, False) or call["succeeded"]
    for _, route, status, at in combined_calls():
        key = ("web", route, at.replace(minute=0, second=0))
        hours[key] = hours.get(key, False) or status < 400
    for other in other_calls():
        hours[other.provider, other.service, other.at.replace(minute=0, second=0, microsecond=0)] = True
    assert values(example_warehouse, "I12")["main"] == pytest.approx(sum(hours.values()) / len(hours))


def test_openness_and_concentration_equal_the_files(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Calls to others against calls within; squares of the providers' shares."""
    others = list(xroad_calls())
    within = {
        record["xRequestId"]
        for path in Path(example.INBOX).glob(f"service_log/xroad/{example.INSTANSI}/*.gz")
        for record in json.loads(gzip.decompress(path.read_bytes()))["records"]
        if record.get("serviceCode") == "kirimData" and "requestInTs" in record
    }
    web = list(combined_calls())
    elsewhere = Counter(call.provider for call in other_calls())
    outward = len(others) + sum(user != "-" for user, *_ in web) + elsewhere.total()
    openness = (outward - len(within)) / (outward + len(within))
    assert values(example_warehouse, "I09")["main"] == pytest.approx(openness)
    providers = Counter(call["serviceMemberCode"] for call in others) + elsewhere
    owners = {"disdik": "DISDIK", "bkpsdm": "BKPSDM", "lama": "/lama"}
    for _, route, *_ in web:
        parts = route.split("/")
        providers[owners[parts[2] if parts[1] == "api" else parts[1]]] += 1
    total = sum(providers.values())
    found = values(example_warehouse, "I10")
    assert found["main"] == pytest.approx(sum((n / total) ** 2 for n in providers.values()))
    assert found["top_1"] == pytest.approx(max(providers.values()) / total)


def test_reuse_counts_users_per_service(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """13 users of 12 services: verifikasiNIK has four, the reuse of the others is one or none."""
    found = values(example_warehouse, "I05")
    assert found == {"main": pytest.approx(1 / 12), "mean": pytest.approx(13 / 12), "median": 1.0}


def test_answers_and_use_equal_the_files(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Median hours to an answer; users over target, from the rows that loaded."""
    folder = Path(example.INBOX)
    with (folder / f"complaint/{example.INSTANSI}/2026-10/pengaduan.csv").open(encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r["complaint_id"] < "ADU-9"]
    hours = sorted(
        (dt.datetime.fromisoformat(r["first_answer_at"]) - dt.datetime.fromisoformat(r["received_at"]))
        / dt.timedelta(hours=1)
        for r in rows
        if r["first_answer_at"]
    )
    assert values(example_warehouse, "I22")["median_hours"] == hours[len(hours) // 2]
    with (folder / f"usage/{example.INSTANSI}/2026-10/pemakaian.csv").open(encoding="utf-8") as f:
        used = [r for r in csv.DictReader(f) if r["system_code"] and r["kecamatan_code"].startswith("99")]
    users = sum(int(r["active_users"]) for r in used) / sum(int(r["target_population"]) for r in used)
    assert values(example_warehouse, "I25")["users"] == pytest.approx(users)


def test_saved_hours_are_a_quarter_for_each_login(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Business calls with a person's login; those of the web log all call by a program's client."""
    logins = sum("messageUserId" in call for call in xroad_calls())
    logins += sum(call.has_login for call in other_calls())
    assert logins == 252
    assert values(example_warehouse, "I28")["main"] == pytest.approx(logins / 4)


def test_index_of_the_region_comes_from_its_own_measures(
    example_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """interop-1: weights of the rubric times the region's levels; every OPD has an index of its own."""
    rows = example_warehouse.execute(
        """
        select nodes.weight, levels.level
        from seeds.rulebook_nodes as nodes
        inner join marts.fct_indicator_values as levels on nodes.measure_id = levels.measure_id
        where
            nodes.rulebook_id = 'interop-1' and levels.figure = 'main' and levels.unit_code = ?
            and levels.window_kind = 'month'
        """,
        [example.INSTANSI],
    ).fetchall()
    weights = [Fraction(weight) for weight, _ in rows]
    assert sum(weights) == 100
    expected = sum(weight * level for weight, (_, level) in zip(weights, rows, strict=True)) / 100
    index = example_warehouse.execute(
        """
        select unit_kind, score_exact, coverage from marts.fct_scores
        where rulebook_id = 'interop-1' and node_kind = 'index' and instansi_code = ? and period = '2026-10'
        order by unit_kind
        """,
        [example.INSTANSI],
    ).fetchall()
    assert index[0] == ("instansi", str(expected), 1.0)
    assert [kind for kind, *_ in index[1:]] == ["opd"] * 13


# Level that documents and measures support, worked out by hand from the rules and the figures above; beside
# it the measure of the first rule that fails.
EVIDENCE = {
    7: (3, "aturan"),  # no decree is to show level 4
    11: (2, "arsitektur"),  # the document names level 2 alone
    13: (4, "perbaikan"),
    15: (2, "pelaksanaan"),
    16: (2, "I21"),  # 21 of 31 at home
    17: (None, "pelaksanaan"),  # nothing came: unknown
    18: (2, "I04"),  # 9 of 13 on the hub
    20: (2, "pelaksanaan"),
    21: (2, "pelaksanaan"),
    22: (2, "pelaksanaan"),
    23: (2, "pelaksanaan"),
    24: (1, "rencana"),  # its plan is a draft
    28: (3, "fitur"),
    42: (2, "fitur"),
    43: (3, "integrasi"),  # expired on 30 June
    44: (4, "reviu"),
    45: (5, None),
    46: (3, "integrasi"),
    47: (1, "fitur"),  # listed, and never sent
}


def test_evidence_levels_equal_the_rules_by_hand(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Nineteen indicators of 59/2020, each with the rule that ends its climb."""
    rows = example_warehouse.execute(
        """
        select cast(node_number as integer), evidence_level, coalesce(stop_measure_id, stop_document_id)
        from marts.fct_evidence_levels
        where instansi_code = ? and rulebook_id = 'permenpanrb-59-2020'
        """,
        [example.INSTANSI],
    ).fetchall()
    assert {number: (level, asked) for number, level, asked in rows} == EVIDENCE


def test_declaration_gap_is_weighted_by_aspect(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Declared minus evidence times weight, summed here by fractions; aspects sum to the whole."""
    rows = example_warehouse.execute(
        """
        select
            levels.gap, indicators.weight, aspects.weight, domains.weight
        from marts.fct_evidence_levels as levels
        inner join seeds.rulebook_nodes as indicators using (rulebook_id, node_id)
        inner join seeds.rulebook_nodes as aspects
            on aspects.rulebook_id = indicators.rulebook_id and aspects.node_id = indicators.parent_id
        inner join seeds.rulebook_nodes as domains
            on domains.rulebook_id = aspects.rulebook_id and domains.node_id = aspects.parent_id
        where
            levels.instansi_code = ? and levels.rulebook_id = 'permenpanrb-59-2020'
            and levels.gap is not null
        """,
        [example.INSTANSI],
    ).fetchall()
    expected = sum(int(gap) * Fraction(i) * Fraction(a) * Fraction(d) for gap, i, a, d in rows)
    found = dict(
        example_warehouse.execute(
            "select coalesce(figure_node, figure), value from marts.fct_indicator_values "
            "where measure_id = 'I26' and unit_code = ?",
            [example.INSTANSI],
        ).fetchall()
    )
    assert found["main"] == pytest.approx(float(expected))
    assert found["main"] == pytest.approx(sum(v for figure, v in found.items() if figure != "main"))


def test_network_tells_who_falls_apart(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Most calls go to Disdukcapil; without it two parts of four remain, and three OPDs were silos before."""
    rows = example_warehouse.execute(
        """
        select opd_code, is_isolated, is_largest_provider, falls_apart_without_largest
        from marts.fct_exchange_network where instansi_code = ? and window_start = ?
        """,
        [example.INSTANSI, WINDOW],
    ).fetchall()
    named = [{opd.removeprefix("99.99-") for opd, *flags in rows if flags[n]} for n in range(3)]
    assert named[0] == {"SETDA", "DISHUB", "DISPAR"}
    assert named[1] == {"DISDUKCAPIL"}
    # Five remain around the web gateway; RSUD with Dinkes, and DPMPTSP with Bapenda, are cut off.
    assert named[2] == {"RSUD", "DINKES", "DPMPTSP", "BAPENDA"}
    bridges = example_warehouse.execute(
        "select distinct consumer_opd, provider_opd from marts.fct_exchange_edges where is_bridge"
    ).fetchall()
    assert {(c.removeprefix("99.99-"), p.removeprefix("99.99-")) for c, p in bridges} == {
        ("DPMPTSP", "DISDUKCAPIL"),
        ("DPMPTSP", "BAPENDA"),
        ("BPKAD", "BKPSDM"),
        ("DISKOMINFO", "BKPSDM"),
    }


def test_a_persons_decision_on_an_overlap_is_kept(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Two systems for fees look alike; a person said that they differ, and no finding is made of them."""
    rows = example_warehouse.execute(
        """
        select system_code, other_system_code, basis, decision, decided_by from marts.fct_overlaps
        where instansi_code = ? order by system_code
        """,
        [example.INSTANSI],
    ).fetchall()
    assert rows == [
        ("APL-014", "APL-022", "similar_words", "not_overlap", "Bidang Aplikasi Diskominfo"),
        ("APL-018", "APL-025", "function_code", "overlap", None),
    ]


def test_every_measure_is_defined_and_every_rule_used(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """28 measures; thresholds for those that carry weight; each level of a ruled indicator asks something."""
    assert example_warehouse.execute("select count(*) from seeds.measures").fetchone() == (28,)
    weighted = example_warehouse.execute(
        """
        select measure_id from seeds.rulebook_nodes where measure_id is not null
        except select measure_id from seeds.interop_1_thresholds
        """
    ).fetchall()
    assert weighted == []
    gaps = example_warehouse.execute(
        """
        select rulebook_id, node_id from seeds.evidence_rules
        group by all having list_sort(list(distinct level)) <> [2, 3, 4, 5]
        """
    ).fetchall()
    assert gaps == []


def test_measures_without_input_have_no_value(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Banten sent a list of systems alone: what needs logs, contracts or a register is NULL, never 0."""
    rows = example_warehouse.execute(
        """
        select measure_id, value, level, sources_expected from marts.fct_indicator_values
        where instansi_code = '36' and unit_kind = 'instansi' and figure = 'main' order by measure_id
        """
    ).fetchall()
    found = {measure: (value, level) for measure, value, level, _ in rows if value is not None}
    # 114 active systems, of one the lists do not say where it runs; 103 run at the Kominfo office.
    assert found == {"I01": (0.0, None), "I15": (1.0, 5), "I21": (pytest.approx(103 / 113), 5)}
    assert {expected for *_, expected in rows} == {None}
    assert len(rows) == 27


def test_three_lists_of_banten_are_one_inventory(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """193 rows: 99 addresses of the first list, 18 more of the others, and two rows without one."""
    row = example_warehouse.execute(
        """
        select count(*), count(url), count(*) filter (where status = 'inactive'), count(distinct opd_code)
        from marts.dim_system where instansi_code = '36'
        """
    ).fetchone()
    addresses = set()
    for path in Path(example.INBOX).glob("system_inventory/36/2018/*.csv"):
        with path.open(encoding="utf-8", newline="") as f:
            addresses |= {r["URL"].strip().lower().rstrip("/") for r in csv.DictReader(f)} - {""}
    assert row == (len(addresses) + 2, len(addresses), 5, 48)


def test_an_earlier_year_shows_a_trend_and_a_new_regulation_a_break(
    example_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Two years under 59/2020 after one under 5/2018; weights of the annex of each."""
    domains = {"d1": 1.70, "d2": 2.10, "d3": (8 * 1.13 + 3 * 1.00) / 11, "d4": (55 * 2.90 + 36 * 2.83) / 91}
    weights = {"d1": 0.13, "d2": 0.25, "d3": 0.165, "d4": 0.455}
    index = sum(weights[d] * value for d, value in domains.items())
    rows = example_warehouse.execute(
        "select period, previous_period, previous_score, score, change, is_break from marts.fct_year_on_year "
        "where instansi_code = '99.99' and stage = 'final' and node_kind = 'index' order by period"
    ).fetchall()
    (broken, trend) = rows
    assert broken[:2] == ("2025", "2020") and broken[4:] == (None, True)
    assert broken[3] == pytest.approx(index, abs=1e-12)
    assert trend[:2] == ("2026", "2025") and not trend[5]
    assert trend[2] == pytest.approx(index, abs=1e-12)
    assert trend[4] == pytest.approx(trend[3] - index, abs=1e-12)


def test_an_agency_that_sent_its_own_opinion_alone_is_not_blamed(
    example_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Nothing is known of it: no level from evidence, no finding, and a sentence on what to send."""
    ask = example_warehouse.execute
    assert ask("select count(*) from marts.fct_findings where instansi_code = '99.98'").fetchall() == [(0,)]
    levels = ask(
        "select distinct state, evidence_level from marts.fct_evidence_levels where instansi_code = '99.98'"
    ).fetchall()
    assert levels == [("no_evidence", None)]
    asked = ask(
        "select len(lacking) > 0, count(*) from marts.fct_evidence_checklist "
        "where instansi_code = '99.98' and state = 'no_evidence' group by all"
    ).fetchall()
    assert asked == [(True, 19)]
    # Declared 4, shown 2: what levels 3 and 4 still ask for, each kind once.
    lacking = ask(
        "select kinds_lacking_for_declared, list(distinct level order by level) "
        "from marts.fct_evidence_checklist "
        "inner join marts.fct_evidence_rules using (instansi_code, period, rulebook_id, node_id) "
        "where instansi_code = '99.99' and node_id = 'p59.i18' and is_lacking_for_declared group by all"
    ).fetchall()
    assert lacking == [
        (
            [
                "OPD terhubung",
                "dokumentasi integrasi atau repositori API",
                "laporan reviu atau evaluasi berkala",
            ],
            [3, 4],
        )
    ]


def test_contracts_and_those_that_lack_are_judged_as_i20_counts_them(
    example_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Ends of kontrak.csv on 31 October; what Banten's lists do not tell is unknown, never missing."""
    ask = example_warehouse.execute
    rows = ask(
        "select system_code, contract_no, days_left, status from marts.fct_contracts "
        "where instansi_code = '99.99' order by system_code"
    ).fetchall()
    assert rows == [
        ("APL-005", "027/01/SPK/2026", 61, "ends_soon"),
        ("APL-009", "027/04/SPK/2025", -61, "ended"),
        ("APL-014", "027/03/SPK/2026", 120, "runs"),
        ("APL-019", None, None, "missing"),
        ("APL-022", None, None, "missing"),
        ("APL-032", "027/02/SPK/2026", 92, "runs"),
        ("APL-033", None, None, "missing"),
    ]
    counted = ask(
        "select numerator from marts.fct_indicator_values where measure_id = 'I20' and unit_code = ? "
        "and window_kind = 'month' and window_start = ?",
        [example.INSTANSI, WINDOW],
    ).fetchall()
    without = ask(
        "select count(distinct system_code) from marts.fct_contracts "
        "where instansi_code = '99.99' and is_third_party and not has_valid_contract"
    ).fetchall()
    assert without == counted
    told = ask(
        "select distinct status, unknown_reason from marts.fct_contracts where instansi_code = '36'"
    ).fetchall()
    assert told == [("unknown", "not_told")]


def test_data_sets_that_are_late_are_those_that_i14_does_not_count(
    example_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Six of nine are on time; the catalogue of katalog.csv promises each its frequency."""
    late = example_warehouse.execute(
        "select producer_opd, count(*), min(age_days) from marts.fct_datasets "
        "where instansi_code = '99.99' and is_late group by all order by all"
    ).fetchall()
    assert [(opd, count) for opd, count, _ in late] == [
        ("99.99-BPKAD", 1),
        ("99.99-DINKES", 1),
        ("99.99-DISKOMINFO", 1),
    ]
    told = example_warehouse.execute(
        "select count(is_late), count(*) filter (not is_late) from marts.fct_datasets "
        "where instansi_code = '99.99'"
    ).fetchall()
    assert told == [(9, 6)]


def test_services_have_their_quality_with_keys(example_warehouse: duckdb.DuckDBPyConnection) -> None:
    """Each number is the one of its measure and sums to the OPD's own; what is not told has a reason."""
    ask = example_warehouse.execute
    # Rates of parts weighted by their calls and hours are those of the whole, so nothing is lost or twice.
    sums = """
        select provider_opd, sum(succeeded), sum(calls), sum(hours_answered), sum(hours_called)
        from marts.fct_service_quality
        where instansi_code = '99.99' and window_kind = 'month' and success_rate is not null
        group by all order by all
    """
    main = """
        select unit_code, max(numerator) filter (where measure_id = 'I11'),
            max(denominator) filter (where measure_id = 'I11'),
            max(numerator) filter (where measure_id = 'I12'),
            max(denominator) filter (where measure_id = 'I12')
        from marts.fct_indicator_values
        where instansi_code = '99.99' and unit_kind = 'opd' and figure = 'main' and window_kind = 'month'
            and window_start = ? and measure_id in ('I11', 'I12')
        group by all having max(denominator) > 0 order by all
    """
    assert ask(sums).fetchall() == ask(main, [WINDOW]).fetchall() != []
    # A service has no percentile exactly where none of its days has one.
    silent = ask(
        "select distinct provider_system, service_code from marts.fct_service_quality "
        "where instansi_code = '99.99' and unknown_reason is not null order by all"
    ).fetchall()
    untimed = ask(
        "select provider_system, service_code from marts.fct_calls_daily "
        "where instansi_code = '99.99' group by all having count(duration_p95_ms) = 0 order by all"
    ).fetchall()
    assert silent == untimed != []


def test_what_a_finding_is_about_stands_in_keys_that_join(
    example_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """A system in the inventory, a service in the table of services, an indicator in its rulebook."""
    ask = example_warehouse.execute
    keys = [("finding_system", "system_code", "dim_system"), ("finding_node", "node_id", "dim_node")]
    for column, key, table in keys:
        rows = ask(
            f"select count(*), count(*) filter (where {column} not in (select {key} from marts.{table})) "
            f"from marts.fct_findings where {column} is not null"
        ).fetchall()
        assert rows[0][0] > 0 and rows[0][1] == 0, column
    service = ask(
        "select count(*) from marts.fct_findings as finding "
        "semi join marts.fct_service_quality as quality on finding.instansi_code = quality.instansi_code "
        "and finding.finding_system = quality.provider_system "
        "and finding.finding_service = quality.service_code"
    ).fetchall()
    with_service = ask("select count(finding_service) from marts.fct_findings").fetchall()
    assert service == with_service != [(0,)]
