"""Open data: aggregates alone, small counts suppressed and said so, and what portals read of them."""

import csv
import hashlib
import json
import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from exports.database import CONFIG
from exports.gate import PersonalDataError
from exports.open_data import Terms, write_open_data
from exports.publish import publish_database

AS_OF = date(2026, 10, 31)
TERMS = Terms(5, "CC-BY-4.0", "https://data.contoh.go.id/spbe", "Diskominfo")
# One call of a person's login, two calls between two OPDs, and one bundle that was rejected.
FEW = """
    insert into marts.fct_exchange_edges by name
    select * replace ('99.99-DINSOS' as provider_opd, '99.99-DINKES' as consumer_opd, 2 as calls)
    from marts.fct_exchange_edges where calls > 5;
    insert into marts.fct_exchange_edges by name
    select * replace ('user-1a2b3c4d' as consumer_opd) from marts.fct_exchange_edges where calls > 5;
    insert into marts.fct_findings by name
    select * replace ('x' as finding_id, 'bundle_rejected' as rule_id) from marts.fct_findings limit 1;
"""


@pytest.fixture
def published(warehouse: Path, tmp_path: Path) -> Path:
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(FEW)
    publish_database(warehouse, tmp_path / "spbe.duckdb")
    return tmp_path / "spbe.duckdb"


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_open_data_tell_aggregates_and_no_small_count(published: Path, tmp_path: Path) -> None:
    folders = write_open_data(published, tmp_path / "open-data", TERMS, AS_OF)
    assert [folder.name for folder in folders] == ["99.99"]
    own = tmp_path / "open-data" / "99.99"
    measures = {row["measure_id"]: row for row in _rows(own, "ukuran")}
    assert (measures["I11"]["numerator"], measures["I11"]["value"]) == ("5120", "0.9481")
    # 3 of 5: both the three and the two that are left could be told.
    connected = measures["I04"]
    assert connected["is_suppressed"] == "true"
    assert {connected[name] for name in ("numerator", "denominator", "value", "level")} == {""}
    # 70 of 72: the two that did not come are as few.
    assert measures["I27"]["value"] == "" and measures["I27"]["is_suppressed"] == "true"
    # The year so far would tell a suppressed month.
    assert {row["window_kind"] for row in _rows(own, "ukuran")} == {"month"}
    edges = {(row["consumer_opd"], row["provider_opd"]): row for row in _rows(own, "hubungan")}
    assert edges["99.99-DINSOS", "99.99-DUKCAPIL"]["is_observed"] == "true"
    few = edges["99.99-DINKES", "99.99-DINSOS"]
    assert (few["is_observed"], few["link_level"], few["is_suppressed"]) == ("", "", "true")
    assert "calls" not in few
    findings = _rows(own, "temuan")
    assert all(row["findings"] == "" or int(row["findings"]) >= 5 for row in findings)
    assert "bundle_rejected" not in {row["rule_id"] for row in findings}
    # Neither persons nor sentences, whatever the file.
    for path in own.iterdir():
        content = path.read_bytes()
        assert b"user-1a2b3c4d" not in content and b"pengguna" not in content.replace(b"OPD pengguna", b"")
        assert b"berdiri sendiri" not in content
    assert "Cacah 1 sampai 4 disembunyikan" in (own / "BACA-SAYA.txt").read_text(encoding="utf-8")


def test_parquet_and_descriptions_say_what_the_csv_says(published: Path, tmp_path: Path) -> None:
    write_open_data(published, tmp_path / "open-data", TERMS, AS_OF)
    own = tmp_path / "open-data" / "99.99"
    package = json.loads((own / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        content = (own / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert "Counts from 1 to 4 are suppressed" in resource["description"]
        if resource["format"] == "csv":
            fields = resource["schema"]["fields"]
            assert [field["name"] for field in fields] == content.decode().split("\n", 1)[0].split(",")
            with duckdb.connect() as connection:
                parquet = connection.execute(f"from '{own / resource['name']}.parquet'")
                assert [column[0] for column in parquet.description] == [field["name"] for field in fields]
                assert len(parquet.fetchall()) == len(_rows(own, resource["name"]))
    catalogue = json.loads((own / "dcat.jsonld").read_text(encoding="utf-8"))
    assert catalogue["dct:license"]["@id"] == "https://creativecommons.org/licenses/by/4.0/"
    datasets = {dataset["dct:identifier"]: dataset for dataset in catalogue["dcat:dataset"]}
    measures = datasets["https://data.contoh.go.id/spbe/99.99/ukuran"]
    # What DCAT-AP asks of a dataset and of a distribution.
    assert {"dct:title", "dct:description", "dct:publisher", "dcat:theme"} <= measures.keys()
    for distribution in measures["dcat:distribution"]:
        assert distribution["dcat:accessURL"]["@id"].startswith(
            "https://data.contoh.go.id/spbe/99.99/ukuran."
        )
        assert {"dct:license", "dct:format", "dcat:mediaType", "spdx:checksum"} <= distribution.keys()
    [entry] = [e for e in json.loads((own / "ckan.json").read_text()) if e["name"] == "spbe-99-99-ukuran"]
    assert (entry["license_id"], len(entry["resources"])) == ("cc-by", 2)


def test_identifiers_are_stable_without_an_address_and_again_is_the_same(
    published: Path, tmp_path: Path
) -> None:
    terms = Terms(1, "CC0-1.0")
    write_open_data(published, tmp_path / "open-data", terms, AS_OF)
    own = tmp_path / "open-data" / "99.99"
    before = {path.name: path.read_bytes() for path in own.iterdir()}
    (own / "left.csv").write_text("x")
    write_open_data(published, tmp_path / "open-data", terms, AS_OF)
    assert {path.name: path.read_bytes() for path in own.iterdir()} == before
    catalogue = json.loads(before["dcat.jsonld"])
    assert catalogue["dcat:dataset"][0]["@id"] == "urn:spbe:open-data:99.99:indeks"
    assert "false" in {row["is_suppressed"] for row in _rows(own, "ukuran")}
    assert "true" not in {row["is_suppressed"] for row in _rows(own, "ukuran")}


def test_what_looks_personal_is_not_published(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(
            "update marts.dim_opd set opd_name = 'Dinas 1207010101800001' where opd_code = '99.99-DINSOS'"
        )
    publish_database(warehouse, tmp_path / "spbe.duckdb")
    with pytest.raises(PersonalDataError, match=r"hubungan\.csv row \d+, column consumer_name"):
        write_open_data(tmp_path / "spbe.duckdb", tmp_path / "open-data", TERMS, AS_OF)
    assert not (tmp_path / "open-data").exists()


def test_frictionless_finds_open_data_and_their_descriptions_valid(published: Path, tmp_path: Path) -> None:
    if os.environ.get("TEST_REQUIRE_ALL") != "1":
        pytest.importorskip("frictionless")
    import frictionless

    write_open_data(published, tmp_path / "open-data", TERMS, AS_OF)
    report = frictionless.validate(str(tmp_path / "open-data" / "99.99" / "datapackage.json"))
    assert report.valid, report.flatten(["name", "type", "message"])
