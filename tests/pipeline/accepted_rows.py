"""Inboxes full of odd rows that the contracts accept, made from the contracts themselves, by a seed.

Belongs here: what a cell of a column may hold at its bounds, and what makes a row of a kind whole. Stays
out: what must come of it (`test_accepted_rows.py`). A contract that changes changes what is made; a row that
it refuses after all is quarantined, which does no harm.
"""

import csv
import datetime as dt
import functools
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]

from expectations.contract import Column, Contract, load_contract
from sources.logs.record import LAST_MS, MAX_MESSAGE_BYTES

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
# One with a register, a list of kecamatan and most files; one with another; one that only a folder names.
INSTANSI = ("12.07", "36.01", "@kota-ujung")
OPDS = ("12.07-DINKES", "12.07-DISDIK", "12.07-DISKOMINFO", "36.01-DINSOS", "36.01-BAPPEDA", "EXT:BPS")
SYSTEMS = ("DAA-001", "DAA-002", "DAA-003", "siak|lokal", "SYS 4", "Aplikasi 'Lima'", "日本")
RULEBOOK = "buku-{}"
# Words that a database, a path, a page or a sentence might take for something else.
WORDS = (
    "Dinas Kesehatan",
    "Layanan Perizinan",
    "O'Brien; drop table x --",
    'kata "dalam" kutip',
    "baris\nbaru",
    "日本語の名前",
    "Ångström – naïve ✓",
    "👩‍💻 emoji",
    "../../etc/passwd",
    "a/b\\c:d*e?",
    "{unit} {subject} {window} {a}",
    "<script>alert(1)</script>",
    "=1+1",
    "%s %d {{ ref('x') }}",
    "a|b",
    "|",
    "...",
    "CON",
    "x" * 32_000,
    "ỳ" * 300,
    "e\u0301" * 40,
    "1e308",
    "0001-01-01",
    "NULL ",
)
URLS = (
    "https://siak.example.go.id/",
    "siak.example.go.id",
    "http://www.SIAK.example.go.id//",
    "https://xn--e1afmkfd.example/%00?q='#x",
    "https://министерство.рф/страница",
    "http://10.0.0.1:8080",
    "https://" + "a" * 60 + ".example.com/" + "b" * 3000,
    "https://www.",
)


@functools.cache
def seed_rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def listed(table: str) -> tuple[str, ...]:
    """Codes of a reference list, a few of each."""
    if table == "opd_register":
        return OPDS
    if table == "system_inventory":
        return SYSTEMS
    if table == "area":
        return tuple(r["kode_kemendagri"] for r in seed_rows("reference/kecamatan.csv"))
    if table == "rulebooks":
        return tuple(r["rulebook_id"] for r in seed_rows("rulebooks/rulebooks.csv"))
    if table == "rulebook_nodes":
        return tuple(r["node_id"] for r in seed_rows("rulebooks/rulebook_nodes.csv"))
    names = {
        "ref_data_rad": ["ref_data_rad"],
        "ref_layanan_ral": ["ref_layanan_ral"],
        "function_codes": ["ref_layanan_ral", "ref_proses_bisnis_rab"],
    }[table]
    return tuple(r["code"] for n in names for r in seed_rows(f"reference/{n}.csv"))


def text_of_pattern(pattern: str, pick: random.Random) -> str:
    """A text that a regular expression of a contract admits."""

    def made(parsed: Sequence[tuple[object, object]]) -> str:
        text = ""
        for op, given in parsed:
            name = str(op)
            if name == "LITERAL":
                text += chr(int(given))  # type: ignore[call-overload]
            elif name == "ANY":
                text += pick.choice("aZ9 é日'|")
            elif name == "IN":
                kind, what = pick.choice(list(given))  # type: ignore[call-overload]
                text += (
                    chr(what if str(kind) == "LITERAL" else pick.choice(what))
                    if str(kind) != "CATEGORY"
                    else " "
                )
            elif name == "MAX_REPEAT":
                low, high, inner = given  # type: ignore[misc]
                most = min(int(high), int(low) + 6)
                text += "".join(made(inner) for _ in range(pick.randint(low, most)))
            elif name == "SUBPATTERN":
                text += made(given[-1])  # type: ignore[index]
            elif name == "BRANCH":
                text += made(pick.choice(given[1]))  # type: ignore[index]
        return text

    return made(list(_parser.parse(pattern)))


@dataclass
class Maker:
    """Makes cells and rows for one file of one sender; `pick` decides everything."""

    pick: random.Random
    instansi: str
    today: dt.date

    def chance(self, of: float) -> bool:
        return self.pick.random() < of

    def text(self) -> str:
        return self.pick.choice(WORDS) if self.chance(0.5) else f"Nama {self.pick.randint(1, 12)}"

    def whole(self, column: Column) -> str:
        low = int(column.minimum if column.minimum is not None else -(10**17))
        high = int(column.maximum if column.maximum is not None else 10**18 - 1)
        if column.latest:
            high = self.today.year + int(column.latest.split()[0])
        edges = [low, low + 1, high, high - 1, low - 1, high + 1]
        plain = [self.pick.randint(max(low, 0), max(min(high, 5000), low, 0))]
        return str(self.pick.choice(edges if self.chance(0.3) else plain))

    def decimal(self, column: Column) -> str:
        low = float(column.minimum) if column.minimum is not None else None
        edges = ["0", "0.0000000001", "1", "12345.6789"]
        edges += [f"{low:.10f}"] if low is not None else ["-9999999999999999999999999999.9999999999"]
        edges += (
            [f"{column.maximum:.10f}"] if column.maximum is not None else ["9999999999999999999999999999"]
        )
        plain = f"{self.pick.uniform(max(low or 0, 0), min(column.maximum or 100, 100)):.4f}"
        return self.pick.choice(edges) if self.chance(0.3) else plain

    def day(self, column: Column) -> dt.date:
        first = dt.date.fromisoformat(str(column.minimum or "1945-01-01"))
        last = self.today
        if column.latest:
            count, unit = column.latest.split()
            last += dt.timedelta(days=int(count) * (365 if unit.startswith("year") else 1))
        edges = [first, first + dt.timedelta(days=1), last, self.today, self.today.replace(month=2, day=28)]
        near = self.today - dt.timedelta(days=self.pick.randint(0, 200))
        return self.pick.choice(edges) if self.chance(0.3) else min(max(near, first), last)

    def period(self, pattern: str) -> str:
        year = self.today.year
        years = [str(year), str(year), str(year - 1), str(year + 1), "2000", "2018", "2020"]
        chosen = self.pick.choice(years)
        can_be_month = "0[1-9]" in pattern
        only_month = can_be_month and not pattern.endswith(")?$")
        if only_month or (can_be_month and self.chance(0.4)):
            chosen += f"-{self.pick.choice(['01', '02', '12', f'{self.today.month:02}'])}"
        return chosen

    def cell(self, column: Column) -> str:  # noqa: PLR0911  one branch a sort of column
        """One cell of a column; empty now and then where it may be."""
        if not column.required and self.chance(0.25):
            return ""
        if column.is_list:
            values = column.codes or (*WORDS[:3], "NIK", "nop", "p59.i18")
            return ";".join(self.pick.sample(values, self.pick.randint(1, min(3, len(values)))))
        if column.codes:
            return self.pick.choice(column.codes)
        if column.name == "period":
            return self.period(column.pattern or "0[1-9])?$")
        if column.name == "instansi_code":
            return (
                self.instansi.removeprefix("@") if self.chance(0.7) else self.pick.choice(["36", "kota-lain"])
            )
        if column.reference and not self.chance(0.08):
            codes = [*column.also_accepted, *listed(column.reference[0])]
            own = [c for c in codes if c.startswith((self.instansi, "EXT"))]
            return self.pick.choice(own if own and self.chance(0.8) else codes)
        if column.is_url:
            return self.pick.choice(URLS)
        if column.pattern and "|^" not in column.pattern:
            return text_of_pattern(column.pattern, self.pick)
        if column.pattern:
            return text_of_pattern(self.pick.choice(column.pattern.split("|^")), self.pick).strip("^$")
        makers: dict[str, Callable[[Column], str]] = {
            "bigint": self.whole,
            "decimal(38,10)": self.decimal,
            "boolean": lambda _: self.pick.choice(["Ya", "Tidak"]),
            "date": lambda c: self.day(c).isoformat(),
            "timestamp": lambda c: (
                f"{self.day(c)} {self.pick.choice(['00:00:00', '23:59:59', '12:30:15'])}+00:00"
            ),
        }
        if column.type in makers:
            return makers[column.type](column)
        if column.name in ("system_code", "other_system_code"):
            return self.pick.choice(SYSTEMS)
        if column.name.endswith("opd_code") or column.name == "unit_code":
            return self.pick.choice([*OPDS, self.instansi.removeprefix("@")])
        return self.text()

    def row(self, contract: Contract) -> dict[str, str]:
        row = {c.name: self.cell(c) for c in contract.columns}
        mend = getattr(self, f"mend_{contract.kind}", None)
        if mend:
            mend(row, contract)
        for first, last in (("starts_on", "ends_on"), ("valid_from", "valid_to")):
            if first in row and row[first] and row[last] and row[last] < row[first]:
                row[first], row[last] = row[last], row[first]
        return row

    # What several columns say together.
    def mend_opd_register(self, row: dict[str, str], _: Contract) -> None:
        own = self.instansi.removeprefix("@")
        if self.chance(0.8):
            row["opd_code"] = self.pick.choice([o for o in OPDS if o.startswith(own)] or [f"{own}-DINAS"])
        row["instansi_code"] = ""
        if self.chance(0.5):
            row["expects"] = "usage=daily;usage=annual; service_log:kong=weekly;complaint=monthly"

    def mend_program_realization(self, row: dict[str, str], _: Contract) -> None:
        achieved, other = self.pick.choice([(0, 0), (10**18 - 1, 0), (3, 4), (5 * 10**17, 4 * 10**17)])
        row |= {"programs": str(achieved + other), "achieved": str(achieved), "not_achieved": str(other)}
        row["dimension"] = self.pick.choice(["Smart Living", "Smart Economy", self.text()])

    def mend_self_assessment(self, row: dict[str, str], _: Contract) -> None:
        node = self.pick.choice(seed_rows("rulebooks/rulebook_nodes.csv"))
        row |= {"rulebook_id": node["rulebook_id"], "node_id": node["node_id"]}
        row["level"] = self.pick.choice(["", "1", "2", "3", "4", "5", "5.0", "0", "2.3333333333"])
        row["evidence_ref"] = self.pick.choice(
            ["", "peraturan.pdf; arsitektur spbe", "peta rencana;日本", WORDS[2]]
        )

    def mend_scores(self, row: dict[str, str], _: Contract) -> None:
        if self.chance(0.5):
            node = self.pick.choice(seed_rows("rulebooks/rulebook_nodes.csv"))
            row |= {"rulebook_id": node["rulebook_id"], "node_id": node["node_id"]}
            row["score"] = self.pick.choice(["", "1", "5", "3", "0", "2.5"])
        else:
            row |= {
                "rulebook_id": RULEBOOK.format(self.pick.randint(0, 2)),
                "node_id": f"n{self.pick.randint(0, 9)}",
            }
            row["score"] = self.pick.choice(
                ["", "0", "1", "5", "0.0000000001", "9999999.9999999999", "-10000000"]
            )

    def mend_declared_exchange(self, row: dict[str, str], _: Contract) -> None:
        if row["provider_opd_code"] == row["consumer_opd_code"]:
            row["consumer_opd_code"] = "EXT:Badan Pusat | Statistik"

    def mend_gateway_identity(self, row: dict[str, str], _: Contract) -> None:
        name = self.pick.choice(
            [
                "ID/GOV/12.07-DINSOS",
                "ID/GOV/12.07-DISDUKCAPIL/siak",
                "pbb",
                "/api",
                "/api/v1/",
                "dinsos",
                self.text(),
            ]
        )
        row["identity"] = name

    def mend_published_index(self, row: dict[str, str], _: Contract) -> None:
        row["agency"] = self.pick.choice(
            ["Kabupaten Deli Serdang", "Kab. Deli Serdang", "日本省", "---", self.text()]
        )
        row["year"] = self.pick.choice(["2018", "2020", "2023", "2024", row["year"]])

    def mend_published_figure(self, row: dict[str, str], _: Contract) -> None:
        row["unit"] = self.pick.choice(["percent", "%", "users", row["unit"]])
        row["denominator"] = row["denominator"] if row["denominator"].strip("0.") else "3"

    def mend_usage(self, row: dict[str, str], _: Contract) -> None:
        if self.chance(0.5):
            row["active_users"], row["target_population"] = "700", "500"


# Keys that many rows share, so that files meet each other's rows; others come from the column.
SHARED_KEYS = {
    "complaint_id": "K-{}",
    "dataset_code": "DAD-{}",
    "exchange_code": "X-{}",
    "program_code": "P-{}",
    "figure_id": "F-{}",
    "contract_no": "SPK/{}",
}


def table_file(contract: Contract, maker: Maker, rows: int) -> str:
    """A CSV of rows of a kind, one row per key."""
    made: dict[tuple[str, ...], dict[str, str]] = {}
    for _ in range(rows):
        row = maker.row(contract)
        for name, form in SHARED_KEYS.items():
            if name in row and maker.chance(0.9):
                row[name] = form.format(maker.pick.randint(1, 30))
        made[tuple(row[k] for k in contract.key)] = row
    if contract.kind == "rulebook":
        return csv_of(contract, rulebook_rows(maker))
    return csv_of(contract, list(made.values()))


def csv_of(contract: Contract, rows: Sequence[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [c.name for c in contract.columns])
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def rulebook_rows(maker: Maker) -> list[dict[str, str]]:
    """Trees of up to eight levels with weights at their bounds."""
    rows = []
    for book in range(3):
        scale = maker.pick.choice([("", ""), ("1", "5"), ("0", "0.0000000001"), ("-10000000", "10000000")])
        facts = {
            "rulebook_id": RULEBOOK.format(book),
            "scale_min": scale[0],
            "scale_max": scale[1],
            "availability_threshold": maker.pick.choice(["", "0", "1", "0.0000000001"]),
            "missing_counts_as": maker.pick.choice(["", "", "0", "1"]) if scale[1] != "0.0000000001" else "",
            "title": maker.text(),
        }
        weights = maker.pick.choice(
            [["1", "3", "7"], ["0.0000000001", "0.0000000007"], ["1000000000"], ["0.3", "0.33"], ["99999999"]]
        )
        nodes = [
            facts | {"node_id": "n0", "parent_id": "", "weight": "", "kind": "index", "name": maker.text()}
        ]
        for number in range(1, 10):
            # A chain of eight and one beside it, or a bush.
            above = nodes[min(number, 8) - 1] if book == 0 else maker.pick.choice(nodes[:4])
            nodes.append(
                facts
                | {
                    "node_id": f"n{number}",
                    "parent_id": above["node_id"],
                    "weight": maker.pick.choice(weights),
                    "kind": "node",
                    "name": maker.text(),
                    "method": maker.pick.choice(
                        ["", "arithmetic", "geometric"] if scale[0] != "-10000000" else [""]
                    ),
                }
            )
        rows += nodes
    return rows


DURATIONS = (0, 1, 280, 3_600_000, 3_600_001, 86_400_000, 2**31, -1, -5, LAST_MS, -LAST_MS)
SIZES = (0, 1, 812, 2**31, 2**40, MAX_MESSAGE_BYTES)
STATUSES = (100, 200, 204, 301, 399, 400, 404, 500, 599, 999)
NAMES = ("12.07-DINSOS", "12.07-DISDUKCAPIL", "DINAS | satu", "日本", "a'b;c", "-", "UNKNOWN")


def moments(maker: Maker) -> int:
    """A time in ms: one of three days, close to midnight or not, or at an end of what is possible."""
    day = dt.datetime.combine(
        maker.today - dt.timedelta(days=maker.pick.choice([2, 3])), dt.time(), tzinfo=dt.UTC
    )
    at = int(day.timestamp() * 1000) + maker.pick.choice(
        [0, 1, 16 * 3_600_000 + 3_599_999, 61_200_000, 43_210_123]
    )
    first = int(dt.datetime(2015, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
    return maker.pick.choice([first, first - 7 * 3_600_000]) if maker.chance(0.04) else at


def maybe(maker: Maker, record: dict[str, object], *names: str) -> dict[str, object]:
    """The record without some of its fields that may be absent."""
    return {k: v for k, v in record.items() if k not in names or maker.chance(0.7)}


def xroad_line(maker: Maker) -> str:
    pick, at = maker.pick, moments(maker)
    record: dict[str, object] = {
        "securityServerType": pick.choice(["Client", "Producer"]),
        "requestInTs": at,
        "requestOutTs": pick.choice([at + 10, at, 1, LAST_MS]),
        "responseInTs": pick.choice([at + 200, 0, LAST_MS]),
        "responseOutTs": pick.choice([at + 280, at, 1, at - 5, LAST_MS]),
        "xRequestId": f"x-{pick.randint(1, 12)}",
        "messageId": f"m-{pick.randint(1, 6)}",
        "messageUserId": pick.choice(NAMES),
        "requestSize": pick.choice(SIZES),
        "responseSize": pick.choice(SIZES),
        "succeeded": pick.choice([True, False]),
        "statusCode": pick.choice(STATUSES),
        "serviceType": pick.choice(["REST", "WSDL"]),
        "serviceCode": pick.choice(["verifikasi", "listMethods", "日本", "a|b"]),
        "serviceVersion": "v1",
    }
    for role in ("client", "service"):
        record[f"{role}XRoadInstance"] = "ID"
        record[f"{role}MemberClass"] = "GOV"
        record[f"{role}MemberCode"] = pick.choice(NAMES)
        record[f"{role}SubsystemCode"] = pick.choice(["siak", "b c", "x/y"])
    optional = ("requestOutTs", "responseInTs", "responseOutTs", "xRequestId", "messageId", "messageUserId")
    absent = (
        "requestSize",
        "responseSize",
        "statusCode",
        "serviceType",
        "serviceVersion",
        "clientSubsystemCode",
    )
    return json.dumps(maybe(maker, record, *optional, *absent, "serviceSubsystemCode", "clientMemberCode"))


def wso2_line(maker: Maker) -> str:
    pick = maker.pick
    at = dt.datetime.fromtimestamp(moments(maker) / 1000, dt.UTC).isoformat(timespec="milliseconds")
    record: dict[str, object] = {
        "apiName": pick.choice(["VerifikasiNIK", "日本", "a|b"]),
        "proxyResponseCode": pick.choice(STATUSES),
        "apiCreatorTenantDomain": pick.choice(NAMES),
        "apiMethod": pick.choice(["GET", "POST"]),
        "apiVersion": "1.0.0",
        "correlationId": f"w-{pick.randint(1, 12)}",
        "applicationName": pick.choice(NAMES),
        "applicationOwner": pick.choice(NAMES),
        "requestTimestamp": at,
        "eventType": pick.choice(["response", "fault"]),
        "apiResourceTemplate": pick.choice(["/verifikasi", "/*"]),
        "responseLatency": pick.choice(DURATIONS),
        "backendLatency": pick.choice(DURATIONS),
        "responseSize": pick.choice(SIZES),
        "userIp": "10.30.4.7",
        "userAgent": pick.choice(["Java", "kube-probe/1.2"]),
    }
    absent = (
        "apiCreatorTenantDomain",
        "applicationName",
        "applicationOwner",
        "responseLatency",
        "backendLatency",
    )
    return json.dumps(maybe(maker, record, *absent, "responseSize", "correlationId", "apiResourceTemplate"))


def kong_line(maker: Maker) -> str:
    pick = maker.pick
    record: dict[str, object] = {
        "request": {"method": "GET", "uri": pick.choice(["/pbb/v1/1", "/"]), "size": pick.choice(SIZES)},
        "response": {"status": pick.choice(STATUSES), "size": pick.choice(SIZES)},
        "latencies": {"request": pick.choice(DURATIONS), "proxy": pick.choice(DURATIONS)},
        "started_at": moments(maker),
        "client_ip": "10.30.4.7",
        "consumer": {"username": pick.choice(NAMES), "custom_id": pick.choice(NAMES)},
        "service": {"name": pick.choice(["pbb", "日本", "a|b"]), "host": "pbb.local"},
        "route": {"name": pick.choice(["pbb-v1", "x y"])},
    }
    if maker.chance(0.7):
        record["request"]["id"] = f"k-{pick.randint(1, 12)}"  # type: ignore[index]
    return json.dumps(maybe(maker, record, "latencies", "client_ip", "consumer", "route"))


def combined_line(maker: Maker) -> str:
    pick = maker.pick
    at = dt.datetime.fromtimestamp(moments(maker) / 1000, dt.UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    path = pick.choice(["/api/v1/penerima?nik=1", "/", "/health", "/a'b/日本", "/" + "p" * 5000])
    return (
        f'10.30.4.7 - {pick.choice(["-", "dinsos", "o_brien"])} [{at}] "GET {path} HTTP/1.1" '
        f'{pick.choice(STATUSES)} {pick.choice([*SIZES, "-"])} "-" "okhttp/4.9"'
    )


LINES = {"xroad": xroad_line, "wso2": wso2_line, "kong": kong_line, "combined": combined_line}


def fill_inbox(inbox: Path, kinds: Sequence[str], seed: int, today: dt.date, rows: int = 25) -> None:
    """Write, for one seed, a file of every kind and a log of every format, for agencies of its own choice."""
    pick = random.Random(seed)
    codes = [code for code in OPDS if not code.startswith("EXT")]
    for number, kind in enumerate(kinds):
        # Files of several seeds meet: the same agencies, OPDs, systems, keys and periods.
        instansi = INSTANSI[(seed + number) % len(INSTANSI)]
        maker = Maker(pick, instansi, today)
        month = kind == "usage" or pick.random() < 0.3
        period = f"{today:%Y-%m}" if month else str(today.year - pick.randint(0, 1))
        file = inbox / kind / instansi / period / f"benih {seed}" / "berkas.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(table_file(load_contract(kind), maker, rows), encoding="utf-8")
        if pick.random() < 0.5:
            file.with_name(file.name + ".meta.toml").write_text(
                f'opd_code = "{pick.choice(codes)}"\n', encoding="utf-8"
            )
    for log_format, line in LINES.items():
        maker = Maker(pick, pick.choice(INSTANSI), today)
        file = inbox / "service_log" / log_format / maker.instansi / f"benih {seed}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(line(maker) for _ in range(2 * rows)) + "\n", encoding="utf-8")
