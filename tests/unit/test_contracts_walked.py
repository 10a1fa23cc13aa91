"""The rules of formats 0 and 0b on the values of a cell, walked for every column of every contract.

Each column takes the dirt of its type in a row that is otherwise right; a case tells what the law makes of
it: the value that loads, a warning without the value, or a refused row.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pytest

from expectations import quarantine
from expectations.contract import Column, Contract, kinds, load_contract, value_aliases
from orchestration import intake
from orchestration.settings import Settings
from sources import ledger

RECEIVED = dt.datetime(2026, 11, 24, 12)  # noqa: DTZ001  UTC, as the ledger keeps it
# Varied so that no two rows share a key; elsewhere the instansi is.
KEYS = {
    "gateway_identity": "identity",
    "opd_register": "opd_code",
    "overlap_decision": "system_code",
    "published_index": "agency",
    "rulebook": "node_id",
    "scores": "unit_code",
}
MISSING = ["-", "–", "null", "N/A", " ", "#REF!", "#KOSONG!"]
WORDS = ["tidak ada", "Belum Ada"]
# Cell to the value that loads, None: it does not parse.
YES_NO = {
    "Sudah": "true",
    "Terintegrasi": "true",
    "1": "true",
    "belum ada": "false",
    "T": "false",
    "mungkin": None,
}
DATES = {
    "2023-03-03": "2023-03-03",
    "03/03/2023": "2023-03-03",
    "03-03-23": "2023-03-03",
    "3 Maret 2023": "2023-03-03",
    "2023": "2023-01-01",
    "44988": "2023-03-03",
    "2023-03-03 23:30": "2023-03-03",
    "2023-03-03T20:00Z": "2023-03-04",
    "2023-03-03 xyz": None,
    "30 Februari 2023": None,
    "03/13/2023": None,
    "1944-12-31": None,
    "2999-01-01": None,
    "NaN": None,
}
TIMES = {
    "2023-03-03 08:00": "2023-03-03 01:00:00",
    "2023-03-03 8:00": "2023-03-03 01:00:00",
    "2023-03-03 08.00": "2023-03-03 01:00:00",
    "2023-03-03T08:00:30": "2023-03-03 01:00:30",
    "2023-03-03 08:00 WITA": "2023-03-03 00:00:00",
    "2023-03-03 08:00 WIT": "2023-03-02 23:00:00",
    "2023-03-03 08:00Z": "2023-03-03 08:00:00",
    "2023-03-03 08:00:00.250+07:00": "2023-03-03 01:00:00.25",
    "2023-03-03 08:00-0500": "2023-03-03 13:00:00",
    "2023-03-03 08:00+15:00": None,
    "2023-03-03 08:00 xyz": None,
    "2023-03-03 25:00": None,
    "03/03/2023 08.00": "2023-03-03 01:00:00",
    "3 Maret 2023 pukul 08.00 WIB": "2023-03-03 01:00:00",
    "2023-03-03": "2023-03-02 17:00:00",
    "2999-01-01 08:00": None,
    "1944-12-31 08:00": None,
}
NEVER_NUMBERS = [
    "NaN",
    "inf",
    "-Infinity",
    "99 juta",
    "5 ribuan",
    "tiga",
    "1207264105900096",
    "1e30",
    "3 kurang",
]
NUMBERS: dict[str, dict[str, str | None]] = {
    "count": {
        "1.234": "1234",
        "1234 orang": "1234",
        "12,0": "12",
        "1,2e3": "1200",
        "60%": None,
        "1,234,567": None,
    },
    "money": {
        "Rp 99.000.000,-": "99000000",
        "Rp99.000.000,00": "99000000",
        "99.000,5": None,
        "5 %": None,
        "Rp 0": None,
    },
    "score": {"3,5": "3.5", "1.25": "1.25", "3 poin": "3", "2,5e0": "2.5", "60%": None, "60 persen": None},
    "share": {"60%": "0.6", "60 persen": "0.6", "0,4": "0.4", "40,5 %": "0.405", "6 dari 10": None},
}


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("walked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(folder))
        settings = Settings(home=folder)
        settings.prepare_home()
        made = duckdb.connect()
        intake.prepare_check(made, settings)
        yield made
        made.close()


class Judged(NamedTuple):
    """A row: its values as text where it loads, its errors and warnings as rules, its messages."""

    values: dict[str, str | None]
    errors: list[str]
    warnings: list[str]
    messages: list[str]


def judge(
    con: duckdb.DuckDBPyConnection, contract: Contract, rows: list[dict[str, str]], faults: list[str | None]
) -> list[Judged]:
    """What becomes of rows of cells by column, each with what its reader found wrong with it."""
    names = [c.name for c in contract.columns]
    cells = {f"c{i}": pa.array([r[n] or None for r in rows], pa.string()) for i, n in enumerate(names)}
    numbers = range(2, len(rows) + 2)
    nothing = pa.nulls(len(rows), pa.string())
    table = pa.table(
        {"_row_number": numbers, "_surplus": nothing, "_fault": pa.array(faults, pa.string()), **cells}
    )
    con.register("rows", table)
    con.execute("create or replace temp table landed as select * from rows")
    con.unregister("rows")
    record = ledger.FileRecord(
        *("a.csv", "sha", contract.kind, None, "12.07", "12.07", "2023", 1, 1, None),
        received_at=RECEIVED,
    )
    facts = quarantine.FileFacts("sha", "12.07", "12.07", record.period, {}, RECEIVED, file_id=record.file_id)
    quarantine.judge_landed(con, contract, names, names, facts)
    con.execute(f"delete from received.{contract.kind}; delete from intake.files")
    con.execute(f"insert into received.{contract.kind} by name select * from judged")
    ledger.record_file(con, record)
    con.execute(quarantine.raw_view_sql(contract))
    broken = con.execute("select _row_number, _broken from judged order by 1").fetchall()
    shown = ", ".join(f'cast("{n}" as varchar)' for n in names)
    loaded = {
        row[0]: dict(zip(names, row[1:], strict=True))
        for row in con.execute(f"select _row_number, {shown} from raw.{contract.kind}").fetchall()
    }
    return [
        Judged(
            loaded.get(number, {}),
            [b["rule"] for b in tags if b["severity"] == "error"],
            [b["rule"] for b in tags if b["severity"] == "warning"],
            [b["message"] for b in tags],
        )
        for number, tags in broken
    ]


def cases(column: Column, words: set[str]) -> dict[str, str | None]:
    """Cell to the value that loads, "" where it is missing, None where it is no value of the column.

    `words` are those to which the column itself gives a meaning.
    """
    found: dict[str, str | None] = dict.fromkeys(MISSING, "")
    if column.type == "boolean":
        return found | YES_NO
    found |= {word: "" for word in WORDS if word.lower() not in words}
    if column.zero_is_missing:
        found["0"] = ""
    if column.number:
        found |= dict.fromkeys(NEVER_NUMBERS)
        # The examples' unit is percent: a number of that unit has no thousands.
        form = "score" if column.unit_column else column.number
        for cell, value in NUMBERS[form].items():
            is_whole = value is None or column.type != "bigint" or Decimal(value) == int(Decimal(value))
            found[cell] = value if is_whole and is_within(column, value) else None
        if column.zero_is_missing and column.number == "money":
            found["Rp 0"] = ""
    elif column.type == "date":
        found |= DATES
    elif column.type == "timestamp":
        found |= TIMES
    elif column.name == "period":
        found |= {"Tahun 2025": None, "2099": None, "1999": None, "2025-13": None}
    elif column.name == "instansi_code":
        found |= {"12.1": None, "1207": None, "12.07.01": None}
    elif column.is_url:
        found |= {
            "a.contoh.go.id/x": "a.contoh.go.id/x",
            "10.1.2.3:8080": "10.1.2.3:8080",
            "https://situs.भारत/": "https://situs.भारत/",
            **dict.fromkeys(
                ["localhost", "http://localhost/x", "sedang dibuat", "Ada", "ftp://a.id", "x@a.id"], ""
            ),
        }
    elif column.codes:
        found["kata yang tidak dikenal"] = None
    return found


def is_within(column: Column, value: str | None) -> bool:
    """Whether a number lies within the bounds of its column."""
    if value is None:
        return False
    year = RECEIVED.year + 1 if column.latest else None
    highest = column.maximum if column.maximum is not None else year
    low, high = Decimal(str(column.minimum)), Decimal(str(highest))
    return low <= Decimal(value) <= high


@pytest.mark.parametrize("kind", kinds())
def test_every_column_takes_the_dirt_of_its_type_as_the_law_says(
    kind: str, con: duckdb.DuckDBPyConnection
) -> None:
    contract = load_contract(kind)
    aliases = value_aliases(kind)
    right = {c.name: (c.example or "").replace("99.99", "12.07") for c in contract.columns}
    tried: list[tuple[Column, str, str | None]] = []
    for column in contract.columns:
        if not (column.personal or column.transform):
            words = {w.lower() for w in (*column.codes, *aliases.get(column.name, {}))}
            tried += [(column, cell, value) for cell, value in cases(column, words).items()]
    rows = [
        right | {KEYS.get(kind, "instansi_code"): f"u{i}", c.name: cell}
        for i, (c, cell, _) in enumerate(tried)
    ]
    wrong = []
    for (column, cell, value), row in zip(tried, judge(con, contract, rows, [None] * len(rows)), strict=True):
        mine = f"{kind}.{column.name}."
        rules = [r.removeprefix(mine) for r in (*row.errors, *row.warnings) if r.startswith(mine)]
        errors = [r for r in row.errors if r.startswith(mine)]
        if value is None:
            as_said = bool(rules) and bool(errors) == (column.invalid == "error")
        elif value == "":
            as_said = bool(errors) == (column.missing == "error")
            as_said &= ("formula" in rules) == cell.startswith("#")
        else:
            as_said = not errors
        kept = row.values.get(column.name)
        if row.values and column.number and kept is not None and value:
            as_said &= Decimal(kept) == Decimal(value)
        elif row.values:
            as_said &= kept == (value or None)
        if not as_said:
            wrong.append((column.name, cell, value, kept, rules))
    assert not wrong


def test_a_row_that_can_not_be_read_says_why(con: duckdb.DuckDBPyConnection) -> None:
    contract = load_contract("usage")
    faults = ["kunci active_users tertulis dua kali", "tanda kutip yang tidak ditutup"]
    row = {c.name: (c.example or "").replace("99.99", "12.07") for c in contract.columns}
    rows = [row | {"instansi_code": f"u{i}"} for i in range(len(faults))]
    said = [j.messages[-1] for j in judge(con, contract, rows, list(faults))]
    assert said == [f"Baris ini tidak dapat dibaca: {fault}." for fault in faults]


def test_what_a_row_says_of_its_instansi_and_period_is_used_and_what_is_empty_falls_back(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """One key stands once a period; a wrong period lies with the file's own until it is mended."""
    contract = load_contract("system_inventory")
    right = {c.name: "" for c in contract.columns} | {
        "system_code": "A-1",
        "opd_name": "Dinas",
        "url": "a.go.id",
    }
    said = [("", ""), ("", "2024"), ("12.10", "2025-02"), ("12.1", ""), ("", "Tahun 2024")]
    rows = [right | {"instansi_code": i, "period": p} for i, p in said]
    judged = judge(con, contract, rows, [None] * len(rows))
    own = con.execute("select _instansi_code, _period from judged order by _row_number").fetchall()
    assert own == [
        ("12.07", "2023"),
        ("12.07", "2024"),
        ("12.10", "2025-02"),
        ("12.07", "2023"),
        ("12.07", "2023"),
    ]
    assert judged[1].errors == judged[2].errors == []
    assert "system_inventory.instansi_code.pattern" in judged[3].errors
    assert "system_inventory.period.pattern" in judged[4].errors


@pytest.mark.parametrize("header", ["$opd_code", '"; drop table landed; --', "{x}", "'", "%s", "k" * 30_000])
def test_a_header_is_never_part_of_a_statement(header: str, con: duckdb.DuckDBPyConnection) -> None:
    contract = load_contract("usage")
    con.execute(
        "create or replace temp table landed as select 2 as _row_number, null::varchar as _surplus, "
        "null::varchar as _fault, 'x' as c0, 'y' as c1, 'z' as c2"
    )
    facts = quarantine.FileFacts("sha", "12.07", "12.07", "2023-01", {"counting_rule": header}, RECEIVED)
    quarantine.judge_landed(con, contract, ["system_code", None, None], ["a", header, header], facts)
    (row,) = con.execute("select _raw_row, counting_rule, len(_broken) > 0 from judged").fetchall()
    assert (header in row[0].replace('\\"', '"'), row[1], row[2]) == (True, header, True)


def test_a_number_of_a_person_in_a_cell_that_holds_none_is_not_kept(con: duckdb.DuckDBPyConnection) -> None:
    nik = "1207264105900096"
    for kind in ("system_inventory", "usage", "vendor_contract", "dataset_catalogue"):
        contract = load_contract(kind)
        rows = [{c.name: (nik if c is own else "") for c in contract.columns} for own in contract.columns]
        judge(con, contract, rows, [None] * len(rows))
        found = con.execute(
            f"select count(*) from received.{kind} as r where contains(cast(r as varchar), '{nik}')"
        ).fetchall()
        assert found == [(0,)], kind
