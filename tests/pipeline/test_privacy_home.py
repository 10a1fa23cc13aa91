"""No personal value that a sender writes is under the home, but in the archive and in the inbox.

Planted in every spelling, at random places of files of every kind (cells of all columns, headers, keys, names
of sheets, folders and files, `.meta.toml`) and in lines of all four log formats, good ones and bad ones;
everything runs, then every text column of every database and Parquet file is read, every workbook, gz and
PDF, and the raw bytes of the rest: a search in bytes alone cannot fail on compressed columns. The seed is
printed on failure.
"""

import csv
import io
import json
import os
import random
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from home_texts import texts

from expectations.contract import Column, Contract, kinds, load_contract

NIK = "1207019912990417"
EMAIL = "siti.rahmawati77@surel-warga.id"
PHONE = "081377712399"
ADDRESS = "10.213.77.145"
LOGIN = "rahmawati_siti77"
FIXED = (NIK, EMAIL, PHONE, ADDRESS, LOGIN, EMAIL.replace("@", "%40"))
MOMENT = 1_792_299_600_000  # 2026-10-18 05:00 UTC
SEEDS = [20261018, *(range(5) if os.environ.get("TEST_LONG") == "1" else ())]
MARKS = "\u200b\u200d\u202a\u2060\ufeff\u00ad"
ZEROS = "0\u0660\u06f0\u0966\u0e50\uff10\U0001d7ce"


@dataclass
class Planter:
    """Makes personal values, each once, and remembers where each was planted."""

    seed: int
    planted: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def value(self, place: str, *, plain: bool = False, is_url: bool = False) -> str:
        """A new value, spelled at random; `plain`: without marks and with plain digits, as in a file name.

        Where a site belongs (`is_url`) a host in numbers is its address, nobody's.
        """
        of = self.random
        kind = of.choice(["nik", "nip", "npwp", "phone", "email", *([] if is_url else ["ip"])])
        digits = "".join(of.choices("0123456789", k=4))
        day, month, year = of.randint(1, 28), of.randint(1, 12), of.randint(55, 99)
        between = of.choice(["", " ", ".", "-"])
        if kind == "nik":
            sizes = of.choice([(6, 6, 4), (4, 4, 4, 4), (2, 2, 2, 6, 4), (16,)])
            bare = f"120726{day + of.choice([0, 40]):02}{month:02}{year:02}{digits}"
        elif kind == "nip":
            sizes, bare = (8, 6, 1, 3), f"19{year}{month:02}{day:02}2005{month:02}1{digits[1:]}"
        elif kind == "npwp":
            sizes, bare = (2, 3, 3, 1, 3, 3), f"0{of.randint(10**13, 10**14 - 1)}"
        elif kind == "phone":
            sizes, bare = (4, 4, 4), f"0813{of.randint(10**7, 10**8 - 1)}"
        elif kind == "email":
            name = f"warga{digits}{of.randint(100, 999)}"
            self.planted[name] = place
            return f"{name}{'@' if plain else of.choice(['@', '[at]', ' (at) ', '%40'])}surel-uji.id"
        else:
            bare = f"10.{of.randint(20, 250)}.{of.randint(20, 250)}.{of.randint(20, 250)}"
            self.planted[bare] = place
            return bare
        self.planted[bare] = place
        parts, start = [], 0
        for size in sizes:
            parts.append(bare[start : start + size])
            start += size
        written = between.join(parts)
        if plain:
            return written
        zero = ord(of.choice(ZEROS))
        signs = [chr(zero + int(sign)) if sign.isdigit() else sign for sign in written]
        if of.random() < 0.5:
            signs.insert(of.randint(1, len(signs) - 1), of.choice(MARKS))
        return "".join(signs)


def xroad() -> list[str]:
    record = {
        "securityServerType": "Client",
        "securityServerInternalIp": ADDRESS,
        "requestInTs": MOMENT,
        "responseOutTs": MOMENT + 30,
        "clientXRoadInstance": "ID",
        "clientMemberClass": "GOV",
        "clientMemberCode": "DINSOS",
        "clientSubsystemCode": EMAIL,
        "serviceXRoadInstance": "ID",
        "serviceMemberClass": "GOV",
        "serviceMemberCode": "DISDUKCAPIL",
        "serviceCode": f"cari-{NIK}",
        "messageId": f"m-{NIK}",
        "messageUserId": LOGIN,
        "xRequestId": f"r-{PHONE}",
        "succeeded": False,
        "faultCode": f"Server.{EMAIL}",
        "faultString": f"tidak ada {NIK} milik {LOGIN}",
        "restPath": f"/warga/{NIK}?telp={PHONE}",
        "representedPartyCode": LOGIN,
    }
    good = json.dumps(record)
    return [
        good,
        good[:-60],
        json.dumps(record | {"requestInTs": LOGIN}),
        json.dumps(record | {"securityServerType": ADDRESS}),
    ]


def wso2() -> list[str]:
    event = {
        "apiName": "Warga",
        "apiVersion": "1.0.0",
        "apiCreatorTenantDomain": "kab.go.id",
        "apiResourceTemplate": f"/warga/{NIK}",
        "applicationName": f"app {PHONE}",
        "applicationOwner": EMAIL,
        "proxyResponseCode": "200",
        "responseLatency": "12",
        "correlationId": f"c-{NIK}",
        "requestTimestamp": "2026-10-18T05:00:00Z",
        "userIp": ADDRESS,
        "userAgent": f"Aplikasi ({LOGIN}; {EMAIL})",
        "destination": f"https://{ADDRESS}/cari?nik={NIK}",
    }
    inner = f"properties={{apiContext=/warga/{NIK}, userName={LOGIN}}}"
    pairs = ", ".join(f"{name}={value}" for name, value in event.items())
    text = f"09:00:00,412 INFO LogCounterMetric Metric Name: apim:response Metric Value: {{{pairs}, {inner}}}"
    old = event | {"userName": LOGIN, "userTenantDomain": "kab.go.id", "properties": {"userName": LOGIN}}
    return [
        text,
        json.dumps({"log": text, "stream": "stdout"}),
        json.dumps(old),
        text[:-9],
        text.replace("2026-10-18T05:00:00Z", LOGIN),
        json.dumps(old)[:-3],
    ]


def kong() -> list[str]:
    record = {
        "request": {
            "method": "GET",
            "uri": f"/warga/{NIK}?email={EMAIL}",
            "id": f"id-{PHONE}",
            "headers": {"x-user": LOGIN, "authorization": EMAIL},
            "querystring": {"nik": NIK},
        },
        "response": {"status": 200, "headers": {"set-cookie": LOGIN}},
        "latencies": {"request": 5, "proxy": 4},
        "started_at": MOMENT,
        "client_ip": ADDRESS,
        "consumer": {"username": EMAIL, "custom_id": NIK},
        "authenticated_entity": {"id": LOGIN},
        "service": {"name": "warga", "host": ADDRESS},
    }
    good = json.dumps(record)
    return [
        good,
        good[:-20],
        json.dumps(record | {"started_at": LOGIN}),
        json.dumps(record | {"service": {}}),
    ]


def combined() -> list[str]:
    good = (
        f'{ADDRESS} - {LOGIN} [18/Oct/2026:12:00:00 +0700] "GET /warga/{NIK}/{EMAIL}?telp={PHONE} HTTP/1.1"'
        f' 200 5 "https://kab.go.id/cari?nik={NIK}" "Aplikasi ({LOGIN})"'
    )
    return [
        good,
        good[:-4],
        good.replace("18/Oct", "31/Feb"),
        good.replace("GET /warga", f"GET {EMAIL} /warga"),
        f"{LOGIN} {NIK} {EMAIL} {PHONE} {ADDRESS}",
    ]


LOGS = {"xroad": xroad(), "wso2": wso2(), "kong": kong(), "combined": combined()}


def usual(column: Column, number: int) -> str:
    """A cell that the contract takes; no system is named, so that none is looked for."""
    if column.reference and column.reference[0] == "system_inventory":
        return ""
    if column.codes:
        return column.codes[0]
    if column.example and column.key is None:
        return column.example
    usuals = {"date": "2026-01-15", "timestamp": "2026-01-15 08:00:00", "boolean": "Ya"}
    if column.type in usuals:
        return usuals[column.type]
    if column.type in ("bigint", "decimal(38,10)"):
        return str(number)
    return f"https://situs{number}.uji.go.id" if column.is_url else f"{column.example or 'Nama'} {number}"


def table_of(contract: Contract, planter: Planter) -> list[list[str]]:
    """Header and one row for each column, with a personal value in it; more beside words in a free text."""
    rows = [[column.name for column in contract.columns]]
    for number, planted in enumerate(contract.columns, 1):
        row = [usual(column, number) for column in contract.columns]
        value = planter.value(f"cell {contract.kind}.{planted.name}", is_url=planted.is_url)
        row[number - 1] = value if planter.random.random() < 0.5 else f"milik {value}, lama"
        rows.append(row)
    return rows


def as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def as_json(rows: list[list[str]]) -> bytes:
    return json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]).encode()


def as_workbook(rows: list[list[str]], sheet: str = "Data") -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_urls": False})
    page = book.add_worksheet(sheet[:31])
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.add_worksheet("Lain").write(0, 0, "catatan")
    book.close()
    return buffer.getvalue()


def tables(planter: Planter) -> dict[str, bytes]:
    """Path in the inbox to content: a table of every kind, then files that are wrong as a whole."""
    files = {}
    forms = [("csv", as_csv), ("json", as_json), ("xlsx", as_workbook)]
    for kind in kinds():
        ending, write = planter.random.choice(forms)
        files[f"{kind}/88.08/2026/isi.{ending}"] = write(table_of(load_contract(kind), planter))
    good = [["dimension", "programs", "achieved", "not_achieved"], ["Smart Living", "10", "6", "4"]]
    base = "program_realization"

    def odd(name: str, content: bytes, meta: str | None = None) -> None:
        files[f"{base}/88.08/{name}"] = content
        if meta is not None:
            files[f"{base}/88.08/{name}.meta.toml"] = meta.encode()

    new = planter.value
    odd("kolom-lain.csv", as_csv([[*row, new("header") if row is good[0] else "x"] for row in good]))
    odd("tanpa-judul.csv", as_csv([[new("first row, no header"), "10", "6", "4"], *good[1:]]))
    odd("judul-salah.csv", as_csv([["dimension", new("header instead of a column")], ["Smart Living", "1"]]))
    odd("judul-di-atas.csv", as_csv([[new("title row")], *good]))
    odd("kunci.json", as_json([[*row, new("JSON key") if row is good[0] else "x"] for row in good]))
    odd("objek.json", json.dumps({new("JSON key of an object"): good[1]}).encode())
    odd(
        "dalam.json", json.dumps([{"dimension": {new("JSON key within"): new("JSON value within")}}]).encode()
    )
    odd("rusak.json", f'[{{"dimension": "{new("broken JSON")}", "programs": '.encode())
    odd("lembar.xlsx", as_workbook(good, new("sheet", plain=True).replace("/", "-")))
    odd("lembar-salah.xlsx", as_workbook([[new("header in a workbook")]], new("sheet", plain=True)))
    odd("surplus.csv", as_csv([*good, ["Smart Branding", "1", "1", "0", new("surplus cell")]]))
    odd("kutip.csv", as_csv(good) + f'"Smart Economy {new("broken quote")},1,1,0\n'.encode())
    odd("bukan-tabel.xlsx", new("no workbook").encode())
    odd(f"{new('file name', plain=True)}.csv", as_csv(good))
    odd(f"{new('folder', plain=True)}/isi.csv", as_csv([*good, ["Smart People", "1", "1", "0"]]))
    odd(f"{new('folder of a file that is refused', plain=True)}/{new('its name', plain=True)}.csv", b"x\n1\n")
    odd("meta-periode.csv", as_csv(good), f'period = "{new("meta period")}"\n')
    odd("meta-opd.csv", as_csv(good), f'opd_code = "{new("meta opd_code")}"\n')
    odd("meta-kunci.csv", as_csv(good), f'"{new("meta key")}" = "x"\n')
    odd("meta-tetap.csv", as_csv([r[:3] for r in good]), f'[constants]\nnot_achieved = "{new("constant")}"\n')
    odd("meta-kolom.csv", as_csv(good), f'[constants]\n"{new("constant of no column")}" = "x"\n')
    odd("meta-rusak.csv", as_csv(good), f"opd_code = {new('broken meta')}\n")
    files[f"{new('folder of no kind', plain=True)}/88.08/isi.csv"] = as_csv(good)
    files[f"service_log/{new('folder of no log format', plain=True)}/isi.log"] = b"x\n"
    files[f"{base}/@warga-{new_digits(planter)}/2026/isi.csv"] = as_csv(good)
    for log_format in LOGS:
        files[f"service_log/{log_format}/88.08/{new('log file name', plain=True)}.log"] = new(
            "bad line"
        ).encode()
    return files


def new_digits(planter: Planter) -> str:
    """A telephone number for a folder of an instansi, which takes letters, digits and dashes."""
    number = f"0812{planter.random.randint(10**7, 10**8 - 1)}"
    planter.planted[number] = "folder of the instansi"
    return number


@dataclass
class Home:
    path: Path
    planter: Planter


@pytest.fixture(scope="module", params=SEEDS)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = tmp_path_factory.mktemp("privacy") / "home"
    planter = Planter(request.param)
    files = {
        f"service_log/{name}/88.08/catatan.log": ("\n".join(lines) + "\n").encode()
        for name, lines in LOGS.items()
    }
    files[f"gateway_identity/88.08/2026/{NIK}.csv"] = as_csv(
        [
            ["log_format", "role", "identity", "opd_code"],
            ["combined", "consumer", LOGIN, "88.08-A"],
            ["kong", "consumer", EMAIL, "88.08-A"],
            ["kong", "consumer", NIK, "bukan kode OPD"],
            ["kongg", "consumer", LOGIN, "88.08-A"],
        ]
    )
    files |= tables(planter)
    for name, content in files.items():
        path = home / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    settings = {"SPBE_INSTANSI": "88.08", "SPBE_AS_OF": "2026-10-31", "SPBE_ARCHIVE_LOGS": "false"}
    done = subprocess.run(
        [sys.executable, "-c", "from orchestration.cli.main import main; main()", "run"],
        env={**os.environ, "SPBE_HOME": str(home), **settings},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"seed {request.param}: " + done.stdout + done.stderr
    (home / "told.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return Home(home, planter)


def test_what_was_planted_was_read_and_refused_as_planted(home: Home) -> None:
    with duckdb.connect(str(home.path / "published" / "spbe.duckdb"), read_only=True) as con:
        counts = con.execute(
            "select log_format, records, bad_lines from fct_log_quality where records > 0 order by all"
        ).fetchall()
        received = con.execute("select distinct kind from fct_intake_files").fetchall()
    assert counts == [("combined", 2, 3), ("kong", 1, 3), ("wso2", 3, 3), ("xroad", 1, 3)]
    assert {kind for (kind,) in received} >= set(kinds())


def folded(text: str) -> str:
    """Digits of all scripts plain, marks gone, escapes read, and nothing between the digits of a number."""
    if "\\u" in text:
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not text.isascii():
        text = "".join(
            sign
            if sign < "\x80"
            else str(digit)
            if (digit := unicodedata.digit(sign, None)) is not None
            else ""
            if unicodedata.category(sign) == "Cf"
            else sign
            for sign in text
        )
    return re.sub(r"(?<=\d)[ /_-]{1,3}(?=\d)", "", text)


def leaks(home: Path, planted: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """(where it was planted, value, file under the home, table or part) of every planted value found."""
    found = set()
    for path in sorted(p for p in home.rglob("*") if p.is_file()):
        if path.relative_to(home).parts[0] in ("inbox", "archive"):
            continue
        places: dict[str, list[str]] = {}
        for place, text in texts(path):
            places.setdefault(place, []).append(text)
        for place, several in places.items():
            text = "\n".join(several)
            # Raw bytes hold no text of another script that the readers above would not give.
            plain = text if place == "bytes" else folded(text)
            dotless = re.sub(r"(?<=\d)\.(?=\d)", "", plain)
            where = str(path.relative_to(home))
            found |= {
                (planted[value], value, where, place)
                for value in planted
                if value in plain or (value.isdigit() and value in dotless)
            }
    return sorted(found)


def test_no_planted_value_is_under_the_home(home: Home) -> None:
    found = leaks(home.path, home.planter.planted | dict.fromkeys(FIXED, "logs"))
    assert not found, f"seed {home.planter.seed}:\n" + "\n".join(map(str, found))
    suffixes = {path.suffix for path in home.path.rglob("*")}
    assert suffixes >= {".duckdb", ".parquet", ".xlsx", ".db", ".html"}


def test_received_bytes_of_logs_are_not_kept_when_switched_off(home: Home) -> None:
    kept = b"".join(p.read_bytes() for p in (home.path / "archive").rglob("*") if p.is_file())
    assert b"Metric Name" not in kept
    assert b"log_format,role" in kept
