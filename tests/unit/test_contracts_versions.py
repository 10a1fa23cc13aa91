"""A new contract is tried on what was received; old files stay valid under their own version."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from test_contracts_template import fill

from expectations import contract as contracts
from expectations import suite
from expectations.template import write_template
from orchestration import intake
from orchestration.cli.check import check
from orchestration.cli.common import Failure
from orchestration.intake import prepare
from orchestration.settings import Settings
from orchestration.trial import try_contract
from orchestration.warehouse import open_warehouse

KIND = "usage"
ROWS = (
    "system_code,kecamatan_code,active_users,counting_rule\nDAA-1,12.07.02,10,masuk\nDAA-2,12.07.03,,masuk\n"
)


class Home:
    """A home whose contracts a test may change."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder / "home")
        self.settings.prepare_home()

    def hand_in(self, name: str, content: str | Path) -> None:
        """Put a file of October 2026 into the inbox."""
        path = self.settings.inbox / KIND / "12.07" / "2026-10" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_text(content, encoding="utf-8")

    def receive(self) -> dict[str, tuple[str, str | None]]:
        """Receive what is new: file name to status and contract version."""
        with open_warehouse(self.settings.warehouse) as con:
            intake.prepare_warehouse(con, self.settings)
            records = list(intake.receive(con, self.settings, self.settings.inbox, KIND))
            ids = [r.file_id for r in records if r.rows_received]
            suite.create_judged_view(con, contracts.load_contract(KIND), ids)
        return {Path(r.file_name).name: (r.status, r.contract_version) for r in records}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as con:
            return con.execute(sql).fetchall()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "contracts"
    shutil.copytree(contracts.CONTRACTS, folder)
    monkeypatch.setattr(contracts, "CONTRACTS", folder)
    monkeypatch.setattr(contracts, "EARLIER", folder / "earlier")
    contracts.load_contract.cache_clear()
    # A program with another contract is another program.
    monkeypatch.setattr(prepare, "program_fingerprint", lambda: contracts.load_contract(KIND).version)
    yield Home(tmp_path)
    contracts.load_contract.cache_clear()


def draft(version: str, **changes: dict[str, Any]) -> Path:
    """Write a new version beside the contracts: columns changed or, where new, added."""
    document = yaml.safe_load((contracts.CONTRACTS / f"{KIND}.odcs.yaml").read_text(encoding="utf-8"))
    document["version"] = version
    properties = document["schema"][0]["properties"]
    for name, change in changes.items():
        known = next((p for p in properties if p["name"] == name), None)
        if known is None:
            known = {"name": name, "logicalType": "string", "physicalType": "varchar", "description": "Baru."}
            properties.append(known)
        known |= change
    path = contracts.CONTRACTS.parent / f"draft-{version}.odcs.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def put_in_force(path: Path) -> None:
    """What a maintainer does: the old file to `earlier/`, the new one in its place."""
    old = contracts.load_contract(KIND)
    contracts.EARLIER.mkdir(exist_ok=True)
    shutil.move(
        contracts.CONTRACTS / f"{KIND}.odcs.yaml", contracts.EARLIER / f"{KIND}-{old.version}.odcs.yaml"
    )
    shutil.copyfile(path, contracts.CONTRACTS / f"{KIND}.odcs.yaml")
    contracts.load_contract.cache_clear()


MUST = {"quality": [{"type": "library", "metric": "nullValues", "mustBe": 0, "severity": "error"}]}
NEW = {"new_column": {"businessName": "Kolom baru", "required": True, **MUST}}


def test_a_trial_counts_rows_that_would_newly_fail_or_pass(home: Home) -> None:
    """By sender, with the rule; nothing changes in the warehouse."""
    home.hand_in("a.csv", ROWS + "DAA-3,1212200,1,masuk\n")
    assert home.receive() == {"a.csv": ("partly", "2.0.1")}
    before = home.ask("select * from received.usage order by all")
    contract = contracts.read_contract(
        draft("3.0.0", active_users=MUST, kecamatan_code={"logicalTypeOptions": {}})
    )
    found = try_contract(home.settings, contract)
    outcome = found[("12.07", "12.07")]
    assert (outcome.rows, outcome.newly_failing, outcome.newly_passing) == (3, 1, 0)
    assert dict(outcome.rules) == {"usage.active_users.missing": 1}
    kind = {"kecamatan_code": {"logicalTypeOptions": {}, "relationships": []}}
    found = try_contract(home.settings, contracts.read_contract(draft("3.0.1", **kind)))
    assert found[("12.07", "12.07")].newly_passing == 1
    assert home.ask("select * from received.usage order by all") == before


def test_a_trial_tells_of_files_that_would_be_refused_as_a_whole(home: Home) -> None:
    home.hand_in("a.csv", ROWS)
    home.receive()
    found = try_contract(home.settings, contracts.read_contract(draft("3.0.0", **NEW)))
    outcome = found[("12.07", "12.07")]
    assert (outcome.newly_failing, dict(outcome.rules)) == (2, {"file.wrong_header": 2})


def test_the_command_tries_a_draft_and_fails_where_rows_would(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.hand_in("a.csv", ROWS)
    home.receive()
    with pytest.raises(Failure, match="1 rows that load today would fail"):
        check(KIND, contract_version=str(draft("3.0.0", active_users=MUST)))
    assert "usage.active_users.missing 1" in capsys.readouterr().out
    check(KIND, contract_version="2.0.1")
    with pytest.raises(Failure, match="no contract of usage there"):
        check(KIND, contract_version="9.9.9")


def test_rows_of_an_earlier_version_stay_and_are_not_judged_again(home: Home) -> None:
    """A new required column is NULL in them; the two judges do not compare them by the new rules."""
    home.hand_in("old.csv", ROWS)
    home.receive()
    put_in_force(draft("3.0.0", **NEW))
    home.hand_in("late.csv", ROWS.replace("12.07.03", "12.07.04"))
    with_column = [f"{line},{'new_column' if i == 0 else 'x'}" for i, line in enumerate(ROWS.splitlines())]
    home.hand_in("new.csv", "\n".join(with_column))
    assert home.receive() == {"late.csv": ("rejected", None), "new.csv": ("loaded", "3.0.0")}
    rows = home.ask("select _file_name, new_column from raw.usage order by all")
    names = [(Path(str(name)).name, value) for name, value in rows]
    assert names == [("new.csv", "x"), ("new.csv", "x"), ("old.csv", None), ("old.csv", None)]
    assert len(home.ask("select * from expectations.usage")) == 2


def test_a_template_sent_late_is_valid_under_its_own_version(home: Home, tmp_path: Path) -> None:
    """The workbook names its contract; a file that names none is held to the one in force."""
    path = tmp_path / "lama.xlsx"
    contract = contracts.load_contract(KIND)
    write_template(path, contract, {})
    fill(path, [c.example_of("12.07") for c in contract.columns])
    put_in_force(draft("3.0.0", **NEW))
    home.hand_in("lama.xlsx", path)
    assert home.receive() == {"lama.xlsx": ("loaded", "2.0.1")}
    assert home.ask("select system_code, new_column from raw.usage") == [("DAA-012", None)]
    assert home.ask("select count(*) from expectations.usage") == [(0,)]
