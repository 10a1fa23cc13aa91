"""Great Expectations and the quarantine count the same rows for every rule of every contract, on random rows.

So does a second judge (`second_judge.py`) where both of them read the rule's own SQL.
"""

import csv
import datetime as dt
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from second_judge import count_broken

from expectations import quarantine, suite
from expectations.contract import Column, Contract, load_contract, value_aliases
from expectations.rules import rules_of
from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import ledger

ROWS = 150
TEMPORARY = "select table_name from duckdb_tables() where temporary order by 1"
REGISTER = """instansi_code,opd_code,opd_name,is_active
12.07,12.07-DINKES,Dinas Kesehatan,Ya
12.07,12.07-DINSOS,Dinas Sosial,Ya
12.07,12.07-LAMA,Dinas Lama,Tidak
"""
INVENTORY = (
    "system_code,system_name,opd_code\nDAA-001,Siak,12.07-DINKES\nDAA-012,Simpeg Terpadu,12.07-DINSOS\n"
)
# A slip in a name that its OPD has: two cells must fit, which random ones seldom do.
SLIPS = {"system_inventory": {"system_code": "", "system_name": "Simpeg Terpaud", "opd_code": "12.07-DINSOS"}}
DIRT = [
    *(
        "",
        "-",
        "n/a",
        "0",
        "tidak ada",
        "x",
        "=1+1",
        "\u200b 12 ",
        "Ya",
        "Belum",
        "1",
        "3",
        "16 GB",
        "99 juta",
    ),
    *("1.234,5", "Rp 99.000.000,-", "-5", "6", "NaN", "Infinity", "1e5", "250 %", "2101", "2026", "1999"),
    *("3 Maret 2026", "03/03/26", "2026-02-30", "1944-12-31", "2999-01-01", "45000", "2026-10-05 08:00"),
    *("open;closed", "csv;zip", "web\nmobile", "0812-3456-7890", "a@b.id", "Baik", "e" * 64, "combined"),
    *("permenpanrb-59-2020", "permenpanrb-5-2018", "p59.i18", "p59.i99", "2026-10", "2099", "2025-01"),
    *("#REF!", "#KOSONG!", "K" * 2001, "1207264105900096", "60%", "2026-03-03 8:00 WIB", "12.1", "localhost"),
    *("ID/GOV/12.07-DINSOS", "/api/dikbud/1", "dinsos", "xroad"),
]
URLS = ["http://a.id/x", "https://u:p@A.id/X/", "ftp://a.id", "javascript:alert(1)", "a.id/x", "WWW.A.ID"]
KNOWN = {
    "opd_register": ["12.07-DINKES", "12.07-DINKE", "12.07-LAMA", "Dinas Sosial", "EXT:BPS", "all_opd"],
    "system_inventory": ["DAA-001", "DAA-999", "EXT:x"],
    "area": [
        "12.07.02",
        "12.07.99",
        "12.71.02",
        "1212200",
        "12.1",
        "12",
        "99",
        "12.07.02.2001",
        "12.07.99.2001",
    ],
    "codes": [
        "01.01",
        "01.01.01 Strategi Pertahanan",
        "01.01.01 Lain",
        "01.01.01.07",
        "99.99.99",
        "77.01.01",
    ],
}


def cells(column: Column, contract: Contract) -> st.SearchStrategy[str]:
    """Cells of a column: right, in another spelling, wrong as people are wrong there, or any text."""
    right = [column.example or "", *column.codes, *value_aliases(contract.kind).get(column.name, {})]
    likely = URLS if column.is_url else DIRT
    if column.reference:
        prefix = (column.example or "")[:4] if column.accepts_children else ""
        likely = [prefix + known for known in KNOWN.get("codes" if prefix else column.reference[0], DIRT)]
    text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=6)
    return st.one_of(
        st.just(column.example or ""),
        st.sampled_from(right),
        st.sampled_from(likely),
        st.sampled_from(DIRT),
        text,
    )


def random_rows(contract: Contract) -> list[list[str]]:
    """Random rows of a contract; the same ones every time."""
    found: list[list[str]] = []

    @settings(
        max_examples=ROWS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*(cells(c, contract) for c in contract.columns)))
    def collect(row: tuple[str, ...]) -> None:
        found.append(list(row))

    collect()
    # Twins, and twins that differ in one cell: the rules on keys need them.
    examples = [[(c.example or "").replace("99.99", "12.07") for c in contract.columns]] * 2
    changed = [*examples[0][:-1], "lain"]
    slips = SLIPS.get(contract.kind, {})
    slip = [slips.get(c.name, cell) for c, cell in zip(contract.columns, examples[0], strict=True)]
    return [*found[:-1], slip, found[-1], *examples, changed, *found[:5]]


class Home:
    """A prepared warehouse with a register and an inventory, that judges landed rows."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder)
        self.settings.prepare_home()
        self.con = open_warehouse(self.settings.warehouse)
        intake.prepare_warehouse(self.con, self.settings)
        self.received_at = dt.datetime(2026, 11, 24, 12)  # noqa: DTZ001  UTC, as the ledger keeps it

    def judge(self, contract: Contract, sha256: str, columns: list[str], rows: list[list[str]]) -> str:
        """What the intake does with landed rows, for any columns; the id of the file that `sha256` names."""
        surplus = ["x" if i % 50 == 0 else None for i in range(len(rows))]
        faults = ["quote" if i % 70 == 0 else None for i in range(len(rows))]
        landed = {
            f"c{i}": pa.array([row[i] or None for row in rows], pa.string()) for i in range(len(columns))
        }
        table = pa.table(
            {"_row_number": range(2, len(rows) + 2), "_surplus": surplus, "_fault": faults, **landed}
        )
        self.con.register("rows", table)
        self.con.execute("create or replace temp table landed as select * from rows")
        self.con.unregister("rows")
        record = ledger.FileRecord(
            *(sha256, sha256, contract.kind, None, "12.07", "12.07", "2026-10", 1, 1, None),
            self.received_at,
            absent_columns=quarantine.absent_columns(contract, columns, {}, False),
        )
        facts = quarantine.FileFacts(
            sha256,
            *("12.07", "12.07", "2026-10", {}, self.received_at, "12.07", "2026-10"),
            file_id=record.file_id,
        )
        quarantine.judge_landed(self.con, contract, columns, columns, facts)
        self.con.execute(f"insert into received.{contract.kind} by name select * from judged")
        ledger.record_file(self.con, record)
        return record.file_id


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("verdicts")
        patch.setenv("SPBE_HOME", str(folder))
        home = Home(folder)
    for kind, text in (("opd_register", REGISTER), ("system_inventory", INVENTORY)):
        header, *rows = csv.reader(text.splitlines())
        home.judge(load_contract(kind), f"given-{kind}", header, rows)
    return home


def test_all_judges_count_the_same_rows(home: Home) -> None:
    contracts = [load_contract(kind) for kind in intake.table_kinds()]
    counts: dict[str, int] = {}
    for contract in contracts:
        rows = random_rows(contract)
        columns = [c.name for c in contract.columns]
        # A second file that lacks a column which is asked for: one note, not one warning a row.
        lacked = next((c.name for c in contract.columns if c.missing == "warning"), columns[-1])
        at = columns.index(lacked)
        files = [home.judge(contract, f"a-{contract.kind}", columns, rows)]
        fewer = [row[:at] + row[at + 1 :] for row in rows[: ROWS // 3]]
        files.append(home.judge(contract, f"b-{contract.kind}", columns[:at] + columns[at + 1 :], fewer))
        suite.create_judged_view(home.con, contract, files)
        counts |= suite.quarantine_counts(home.con, contract, files)
    before = home.con.execute(TEMPORARY).fetchall()
    verdicts = suite.verdicts(home.con, contracts)
    assert home.con.execute(TEMPORARY).fetchall() == before
    found = {v.rule.id: v.unexpected for v in verdicts}
    assert set(found) == {rule.id for c in contracts for rule in rules_of(c)}
    assert {rule: (n, counts[rule]) for rule, n in found.items() if n != counts[rule]} == {}
    asked = {rule: count_broken(home.con, c, rule) for c in contracts for rule in rules_of(c)}
    second = {rule: n for rule, n in asked.items() if n is not None}
    assert {rule.id: (n, counts[rule.id]) for rule, n in second.items() if n != counts[rule.id]} == {}
    # Rows that break nothing would prove nothing: every sort of rule is broken somewhere.
    broken = Counter(v.rule.kind for v in verdicts if v.unexpected)
    assert set(broken) == {rule.kind for c in contracts for rule in rules_of(c)}
    assert {rule.kind for rule, n in second.items() if n} == {rule.kind for rule in second}
