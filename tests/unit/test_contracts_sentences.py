"""What a sender reads: for every sort of rule, and for every rule over a whole row, the exact sentence.

Each case of `tests/data/contract_sentences.csv` is the example row of a contract with some cells changed; all
cases of a kind are one file.
"""

import csv
import json
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from expectations import quarantine
from expectations.contract import load_contract
from expectations.rules import rules_of
from orchestration import intake
from orchestration.settings import Settings
from sources.kinds import InboxFile

REGISTER = [
    ("12.07-DINKES", "Dinas Kesehatan", "Dinkes", True),
    ("12.07-DINSOS", "Dinas Sosial", "Dinsos", True),
    ("12.07-DISDUKCAPIL", "Dinas Kependudukan dan Pencatatan Sipil", "Disdukcapil", True),
    ("12.07-LAMA", "Dinas Lama", None, False),
]
# kind, rule, changed cells, sentence
CASES: list[tuple[str, str, dict[str, str], str]] = [
    (row["kind"], row["rule"], json.loads(row["changed"]), row["sentence"])
    for row in csv.DictReader(
        (Path(__file__).parent.parent / "data" / "contract_sentences.csv").open(encoding="utf-8", newline="")
    )
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("sentences")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(folder))
        made = Settings(home=folder)
        made.prepare_home()
    return made


@pytest.fixture(scope="module")
def said(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[tuple[str, str]]]:
    """Case to the (rule, sentence) pairs on its row."""
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    con.executemany("insert into reference.opd_register values ('12.07', ?, ?, ?, ?)", REGISTER)
    con.execute(
        "insert into reference.system_inventory values "
        "('12.07', 'DAA-001', 'Antrean Rumah Sakit', '12.07-DINKES'), ('12.07', 'DAA-012', null, null)"
    )
    by_kind = defaultdict(list)
    for number, (kind, _, changed, _) in enumerate(CASES):
        by_kind[kind].append((number, changed))
    found: dict[int, list[tuple[str, str]]] = {}
    for kind, cases in by_kind.items():
        contract = load_contract(kind)
        names = [c.name for c in contract.columns]
        path = tmp_path_factory.mktemp(kind) / f"{kind}.csv"
        with path.open("w", encoding="utf-8", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(names)
            example = {c.name: (c.example or "").replace("99.99", "12.07") for c in contract.columns}
            writer.writerow(example.values())
            for _, changed in cases:
                row = list((example | changed).values())
                extra = row[-1].split(",") if row[-1].startswith("x,") else [row[-1]]
                writer.writerow([*row[:-1], *extra])
        stat = path.stat()
        file = InboxFile(path, path.name, kind, None, "12.07", "2022", stat.st_size, stat.st_mtime_ns)
        _, broken = intake.check_file(con, settings, file)
        for line, (number, _) in enumerate(cases, 3):
            found[number] = [(rule, message) for row, rule, _, message in broken if row == line]
    return found


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{kind}.{rule}" for kind, rule, _, _ in CASES])
def test_the_sentence_names_what_was_found_and_expected(
    number: int, said: dict[int, list[tuple[str, str]]]
) -> None:
    kind, rule, _, sentence = CASES[number]
    assert dict(said[number]).get(f"{kind}.{rule}") == sentence, said[number]


def test_every_sort_of_rule_and_every_row_rule_has_its_sentence_here() -> None:
    """Save a row that can not be read, which the readers' tests have, and the user's own trees."""
    rules = {r.id: r for kind in intake.table_kinds() for r in rules_of(load_contract(kind))}
    tested = {f"{kind}.{rule}" for kind, rule, _, _ in CASES}
    assert {rules[r].kind for r in tested} == {r.kind for r in rules.values()} - {"unreadable"}
    row_rules = {r.id for r in rules.values() if r.kind == "row"}
    own = {r for r in row_rules if r.split(".")[0] in ("rulebook", "scores", "overlap_decision")}
    assert row_rules - tested - own == set()


def test_rows_are_judged_alike_however_many_at_a_time(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twins and shared addresses are found across the borders of what is worked on at a time."""
    path = tmp_path / "a.csv"
    lines = [f"D-{i % 5},a{i % 4}.id,{'salah' if i % 3 else 'Aktif'},Dinas,x{i % 2}" for i in range(20)]
    path.write_text("system_code,url,status,opd_name,note\n" + "\n".join(lines), encoding="utf-8")
    stat = path.stat()
    file = InboxFile(path, path.name, "system_inventory", None, "12.07", None, stat.st_size, stat.st_mtime_ns)
    judged = []
    for size in (3, 20, 21, 50_000):
        monkeypatch.setattr(quarantine, "_CHUNK", size)
        con = duckdb.connect()
        intake.prepare_check(con, settings)
        _, broken = intake.check_file(con, settings, file)
        judged.append((con.execute("select * from judged order by _row_number").fetchall(), broken))
    assert len(judged[0][0]) == 20
    assert all(one == judged[0] for one in judged)
    assert {"system_inventory.key.conflict", "system_inventory.url.repeated"} <= {b[1] for b in judged[0][1]}


def test_no_two_rules_of_a_contract_say_the_same(settings: Settings) -> None:
    """A sentence tells which rule spoke."""
    for kind in intake.table_kinds():
        sentences = [
            rule.message_sql(rule.found_sql(), rule.expected_sql()) for rule in rules_of(load_contract(kind))
        ]
        assert len(sentences) == len(set(sentences)), kind


def test_a_secret_in_an_address_is_in_no_message_and_no_copy_of_the_row(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("url,opd_code,status\nhttps://admin:rahasia@a.id,12.07-X,salah\n", encoding="utf-8")
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    stat = path.stat()
    file = InboxFile(path, path.name, "system_inventory", None, "12.07", None, stat.st_size, stat.st_mtime_ns)
    intake.check_file(con, settings, file)
    row = con.execute("select cast(j as varchar), url from judged as j").fetchone()
    assert row is not None
    assert "rahasia" not in row[0]
    assert row[1] == "https://a.id"


def test_the_text_of_a_complaint_is_kept_nowhere(settings: Settings, tmp_path: Path) -> None:
    """Neither loaded nor in the copy of a row that breaks a rule."""
    path = tmp_path / "a.csv"
    path.write_text(
        "complaint_id,channel,received_at,status,text\n7,lapor,kemarin,received,Ibu Siti di Jalan Merdeka\n",
        encoding="utf-8",
    )
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    stat = path.stat()
    file = InboxFile(path, path.name, "complaint", None, "12.07", None, stat.st_size, stat.st_mtime_ns)
    _, broken = intake.check_file(con, settings, file)
    row = con.execute("select cast(j as varchar) from judged as j").fetchone()
    assert row is not None
    assert "complaint.received_at.type" in [rule for _, rule, _, _ in broken]
    assert "Siti" not in row[0]
