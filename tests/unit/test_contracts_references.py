"""Who and what a cell means: OPDs, systems, indicators, regulations and areas as real files spell them."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations.contract import load_contract
from expectations.reference_tables import believed_sender
from orchestration import intake
from orchestration.settings import Settings
from sources.kinds import InboxFile

REGISTER = [
    ("12.07-DINKES", "Dinas Kesehatan", "Dinkes", True),
    ("12.07-DINSOS", "Dinas Sosial", None, True),
    ("12.07-DISPAR", "Dinas Pariwisata", "Dispar", True),
    ("12.07-DISHUB", "Dinas Perhubungan", "Dishub", True),
    ("12.07-DISPERTAN", "Dinas Pertanian", None, True),
    ("12.07-KOMINFO", "Dinas Komunikasi dan Informatika", "Diskominfo", True),
    ("12.07-DP3A", "Dinas Pemberdayaan Perempuan & Perlindungan Anak", "DP3A", True),
    ("12.07-BAPENDA", "Badan Pendapatan Daerah (PPKD)", "Bapenda", True),
    ("12.07-LAMA", "Dinas Lama", None, False),
    # One body under two codes, the old one retired; and two that one name does not tell apart.
    ("12.07-DUKCAPIL-LAMA", "Dinas Kependudukan dan Pencatatan Sipil", None, False),
    ("12.07-DISDUKCAPIL", "Dinas Kependudukan dan Pencatatan Sipil", "Disdukcapil", True),
    ("12.07-UPT1", "UPT Pasar (Utara)", None, True),
    ("12.07-UPT2", "UPT Pasar (Selatan)", None, True),
]

Row = dict[str, str | None]
Judge = Callable[..., list[tuple[Row, dict[str, str]]]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("references")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(folder))
        made = Settings(home=folder)
        made.prepare_home()
    return made


@pytest.fixture(scope="module")
def judge(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """`judge(kind, rows, meta=…, register=…)`: of each row the stored cells, and its rules to messages."""
    connections = {}
    for known in (True, False):
        con = connections[known] = duckdb.connect()
        intake.prepare_check(con, settings)
        if known:
            con.executemany("insert into reference.opd_register values ('12.07', ?, ?, ?, ?)", REGISTER)
            con.execute(
                "insert into reference.system_inventory values "
                "('12.07', 'DAA-012', 'Simpeg', '12.07-DINKES'), ('12.07', 'DAA-013', null, null), "
                "('12.07', 'DAA-021', 'Antrean Puskesmas A', '12.07-DINKES'), "
                "('12.07', 'DAA-022', 'E-Kinerja', '12.07-DINSOS')"
            )

    def judged(
        kind: str, rows: list[dict[str, str]], *, meta: str = "", register: bool = True
    ) -> list[tuple[Row, dict[str, str]]]:
        con = connections[register]
        path = tmp_path_factory.mktemp(kind) / f"{kind}.csv"
        names = list(dict.fromkeys(name for row in rows for name in row))
        with path.open("w", encoding="utf-8", newline="") as f:
            csv.DictWriter(f, names).writeheader()
            csv.DictWriter(f, names).writerows(rows)
        if meta:
            Path(f"{path}.meta.toml").write_text(meta, encoding="utf-8")
        stat = path.stat()
        period = (rows[0].get("period") or "2025")[:4]
        file = InboxFile(path, path.name, kind, None, "12.07", period, stat.st_size, stat.st_mtime_ns)
        _, broken = intake.check_file(con, settings, file)
        relation = con.execute("select * exclude (_broken) from judged order by _row_number")
        columns = [d[0] for d in relation.description or []]
        return [
            (
                dict(zip(columns, row, strict=True)),
                {
                    rule.removeprefix(f"{kind}."): (severity[0] + " " + message)
                    for number, rule, severity, message in broken
                    if number == line
                },
            )
            for line, row in enumerate(relation.fetchall(), 2)
        ]

    return judged


def example(kind: str, **changed: str) -> dict[str, str]:
    """A right row of a kind, some cells changed."""
    return {
        c.name: (c.example or "").replace("99.99", "12.07") for c in load_contract(kind).columns
    } | changed


OPDS = {
    "12.07-DINSOS": "12.07-DINSOS",
    "12.07-dinsos": "12.07-DINSOS",
    "12.07-DINSOS Dinas Sosial": "12.07-DINSOS",
    "12.07-DINSOS - Dinas Sosial": "12.07-DINSOS",
    "12.07-DINSOS (Dinas Sosial)": "12.07-DINSOS",
    "Dinas Sosial (12.07-DINSOS)": "12.07-DINSOS",
    "DINAS  SOSIAL": "12.07-DINSOS",
    "Dinas Sosial Kabupaten Deli Serdang": "12.07-DINSOS",
    "Dinas Sosial Kab. Deli Serdang": "12.07-DINSOS",
    "Dinkes": "12.07-DINKES",
    "Dinas Kesehatan (Dinkes)": "12.07-DINKES",
    "Dinas Pemberdayaan Perempuan dan Perlindungan Anak": "12.07-DP3A",
    "Badan Pendapatan Daerah": "12.07-BAPENDA",
    "Dinas Kependudukan dan Pencatatan Sipil": "12.07-DISDUKCAPIL",
    "ext: BPS": "EXT:BPS",
    # Not this regency's, not one of two, not a guess.
    "Dinas Sosial Kota Medan": "Dinas Sosial Kota Medan",
    "UPT Pasar": "UPT Pasar",
    "DINSOS": "DINSOS",
    "Dinas Sosial Lama": "Dinas Sosial Lama",
}


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("system_inventory", "opd_code"),
        ("dataset_catalogue", "producer_opd"),
        ("declared_exchange", "provider_opd_code"),
        ("complaint", "opd_code"),
    ],
)
def test_every_column_that_names_an_opd_takes_the_same_spellings(
    judge: Judge, kind: str, column: str
) -> None:
    found = judge(kind, [example(kind, **{column: cell}) for cell in OPDS])
    assert {cell: row[column] for cell, (row, _) in zip(OPDS, found, strict=True)} == OPDS
    for (cell, code), (_, broken) in zip(OPDS.items(), found, strict=True):
        known = code.startswith(("12.07-", "EXT:"))
        assert ({f"{column}.reference", f"{column}.unnamed"} & set(broken) == set()) == known, cell
        assert f"{column}.name" not in broken, cell


def test_a_name_behind_a_code_is_compared(judge: Judge) -> None:
    cells = ("12.07-DINSOS Dinas Kesehatan", "12.07-DINKES Dinkes", "DAA-012 Simpeg", "DAA-012 Simpeg Baru")
    [first, second, third, fourth] = judge(
        "vendor_contract",
        [
            example(
                "vendor_contract",
                **{
                    "contract_no": str(i),
                    "opd_code": "",
                    ("system_code" if "DAA" in cell else "opd_code"): cell,
                },
            )
            for i, cell in enumerate(cells)
        ],
    )
    assert first[0]["opd_code"] == "12.07-DINSOS"
    assert first[1]["opd_code.name"].startswith('w Kolom Kode OPD: ditemukan "12.07-DINSOS Dinas Kes')
    assert second[0]["opd_code"] == "12.07-DINKES"
    assert "opd_code.name" not in second[1]
    assert (third[0]["system_code"], set(third[1])) == ("DAA-012", {"opd_code.missing"})
    assert "system_code.name" in fourth[1]


def test_a_near_name_of_a_system_is_a_question(judge: Judge) -> None:
    """A slip in a name is asked about; another code, be it a digit off, is no slip of the one at hand."""
    cells = ["Simpge", "DAA-014", "Perpustakaan Digital"]
    rows = [example("vendor_contract", contract_no=cell, system_code=cell) for cell in cells]
    found = judge("vendor_contract", rows)
    said = [broken["system_code.reference"] for _, broken in found]
    assert "mungkin DAA-012 (Simpeg)" in said[0]
    assert not [text for text in said[1:] if "mungkin" in text]


def test_a_slip_in_a_system_s_own_name_is_a_question(judge: Judge) -> None:
    """Of a system that its OPD has; the row loads. A known code or another number is meant as it stands."""
    cells = [
        ("", "Simpge"),
        ("NEW-1", "SIMPGE"),
        ("DAA-012", "Simpge"),
        ("", "simpeg"),
        ("", "Simpeg 2"),
        ("", "Antrean Puskesmas B"),
        ("", "Antrian Puskesmas A"),
        ("", "E-Kinerj"),
    ]
    found = judge(
        "system_inventory",
        [
            example("system_inventory", system_code=code, system_name=name, opd_code="Dinkes", url="")
            for code, name in cells
        ],
    )
    said = [broken.get("system_name.near") for _, broken in found]
    asked = 'w Kolom Nama aplikasi: ditemukan "{}", hampir sama dengan nama aplikasi OPD itu yang sudah ada; '
    asked += "dimuat sebagai aplikasi lain; mungkin {}."
    assert said == [
        asked.format("Simpge", "DAA-012 (Simpeg)"),
        asked.format("SIMPGE", "DAA-012 (Simpeg)"),
        *[None] * 4,
        asked.format("Antrian Puskesmas A", "DAA-021 (Antrean Puskesmas A)"),
        # Another OPD's.
        None,
    ]
    assert not [text for _, broken in found for text in broken.values() if text.startswith("e")]


NEAR = [
    ("Dinas Kesehtan", "12.07-DINKES (Dinas Kesehatan)"),
    ("Dinas Sosail", "12.07-DINSOS (Dinas Sosial)"),
    ("Dinsos", "12.07-DINSOS (Dinas Sosial)"),
    ("Dinas Kominfo", "12.07-KOMINFO (Dinas Komunikasi dan Informatika)"),
    ("Diskominfostan", "12.07-KOMINFO (Dinas Komunikasi dan Informatika)"),
    ("UPT Pasar", "12.07-UPT1 (UPT Pasar (Utara)) atau 12.07-UPT2 (UPT Pasar (Selatan))"),
    # Alike only to a machine.
    ("DISNAKER", None),
    ("Dishut", None),
    ("Dinas Pertanahan", None),
    ("Dinas Perikanan", None),
    ("Dinas Pendidikan", None),
    ("Bappeda", None),
]


@pytest.mark.parametrize(
    ("kind", "column", "rule"),
    [
        ("complaint", "opd_code", "w opd_code.unnamed"),
        ("system_inventory", "opd_name", "w opd_name.unnamed"),
        ("declared_exchange", "consumer_opd_code", "e consumer_opd_code.reference"),
    ],
)
def test_a_near_name_is_a_question_and_only_one_a_person_would_ask(
    judge: Judge, kind: str, column: str, rule: str
) -> None:
    """A row that can do without its OPD loads with a warning; one that rests on it does not."""
    severity, name = rule.split()
    empty = {"opd_code": ""} if kind == "system_inventory" else {}
    found = judge(kind, [example(kind, **empty, **{column: cell}) for cell, _ in NEAR])
    messages = [broken[name] for _, broken in found]
    assert all(message.startswith(severity) for message in messages)
    offered = [re.search(r'(?:", |; )mungkin (.*?)(?:; |[.]$)', m) for m in messages]
    assert [o and o[1] for o in offered] == [near for _, near in NEAR]


def test_an_unknown_code_is_refused_with_a_register_and_provisional_without(judge: Judge) -> None:
    rows = [example("complaint", opd_code="12.07-DINKE")]
    [(_, broken)] = judge("complaint", rows)
    assert broken["opd_code.reference"].endswith("mungkin 12.07-DINKES (Dinas Kesehatan).")
    for cell in ("12.07-DINKE", "Dinas Kesehatan"):
        [(row, broken)] = judge("complaint", [example("complaint", opd_code=cell)], register=False)
        assert (row["opd_code"], broken) == (cell, {})
    assert row["_opd_code"] == "12.07-dinas-kesehatan"


def test_a_retired_opd_is_a_warning_by_code_and_by_name(judge: Judge) -> None:
    rows = [
        {"opd_code": "12.07-LAMA", "system_name": "A"},
        {"opd_code": "", "opd_name": "dinas lama", "system_name": "B"},
    ]
    for row, broken in judge("system_inventory", rows):
        assert row["opd_code"] == "12.07-LAMA"
        assert broken["opd_code.retired"].startswith("w ")


def test_an_owner_s_name_gives_its_code(judge: Judge) -> None:
    """The register's name is kept beside it; a name that nobody knows stays as it was written."""
    rows = [
        {"opd_name": "DINKES", "system_name": "A"},
        {"opd_name": "12.07-DINKES Dinas Kesehatan", "system_name": "B"},
        {"opd_name": "Dinas  Baru", "system_name": "C"},
    ]
    found = [
        (row["opd_code"], row["opd_name"], row["_opd_code"]) for row, _ in judge("system_inventory", rows)
    ]
    known = ("12.07-DINKES", "Dinas Kesehatan", "12.07-DINKES")
    assert found == [known, known, (None, "Dinas Baru", "12.07")]


def test_an_empty_owner_is_the_sender(judge: Judge) -> None:
    """Not where another column names one, and not where the instansi itself sends."""
    meta = 'opd_code = "12.07-DISHUB"\n'
    [(row, broken)] = judge("system_inventory", [{"system_code": "A-1", "system_name": "S"}], meta=meta)
    assert (row["opd_code"], row["_opd_code"]) == ("12.07-DISHUB", "12.07-DISHUB")
    assert not [message for message in broken.values() if message.startswith("e")]
    rows = [{"opd_name": "", "system_name": "Sister"}, {"opd_name": "Dinkes", "system_name": "Simpeg"}]
    found = judge("system_inventory", rows, meta=meta)
    assert [row["opd_code"] for row, _ in found] == ["12.07-DISHUB", "12.07-DINKES"]
    [(row, broken), _] = judge("system_inventory", rows)
    assert (row["opd_code"], broken["row.owner"][0]) == (None, "e")
    [(row, broken)] = judge(
        "dataset_catalogue", [{"dataset_name": "Sekolah", "update_frequency": "annual"}], meta=meta
    )
    assert (row["producer_opd"], row["custodian_opd"]) == ("12.07-DISHUB", None)
    for kind in (
        "complaint",
        "vendor_contract",
        "website_check",
        "program",
        "published_figure",
        "self_assessment",
    ):
        [(row, _)] = judge(kind, [example(kind, opd_code="-")], meta=meta)
        assert row["opd_code"] == "12.07-DISHUB", kind


def test_twins_in_two_spellings_are_twins(judge: Judge) -> None:
    """Rows are compared by what their cells mean."""
    rows = [example("vendor_contract", opd_code=cell) for cell in ("12.07-DINKES", "Dinkes", "Dinas Sosial")]
    found = [
        set(broken) & {"key.duplicate", "key.conflict"} for _, broken in judge("vendor_contract", rows[:2])
    ]
    assert found == [set(), {"key.duplicate"}]
    found = [set(broken) for _, broken in judge("vendor_contract", rows)]
    assert all("key.conflict" in rules for rules in found)


def test_a_register_may_name_the_parent_it_registers(judge: Judge) -> None:
    rows = [
        {"opd_code": "12.07-INDUK", "opd_name": "Badan Induk", "parent_opd_code": ""},
        {"opd_code": "12.07-ANAK", "opd_name": "UPT Anak", "parent_opd_code": "Badan Induk"},
    ]
    assert [row["parent_opd_code"] for row, _ in judge("opd_register", rows)] == [None, "12.07-INDUK"]


NODES = [
    ("permenpanrb-59-2020", "p59.i03", "p59.i03"),
    ("permenpanrb-59-2020", "P59.I3", "p59.i03"),
    ("permenpanrb-59-2020", "Indikator 3", "p59.i03"),
    ("permenpanrb-59-2020", "indikator ke-3", "p59.i03"),
    ("permenpanrb-59-2020", "I.4", "p59.i04"),
    ("permenpanrb-59-2020", "I.04", "p59.i04"),
    ("permenpanrb-59-2020", "18", "p59.i18"),
    ("permenpanrb-59-2020", "3.0", "p59.i03"),
    ("permenpanrb-59-2020", "Indikator 3: Kebijakan Internal Manajemen Data", "p59.i03"),
    ("permenpanrb-59-2020", "3. Kebijakan Internal Manajemen Data", "p59.i03"),
    ("permenpanrb-59-2020", "kebijakan internal manajemen data", "p59.i03"),
    ("permenpanrb-59-2020", "Tingkat Kematangan Kebijakan Internal Arsitektur SPBE", "p59.i01"),
    ("permenpanrb-59-2020", "Aspek 2", "p59.a2"),
    ("permenpanrb-59-2020", "Domain 4", "p59.d4"),
    ("59/2020", "3", "p59.i03"),
    ("PermenPANRB 59 Tahun 2020", "3", "p59.i03"),
    ("Permenpan RB 59/2020", "3", "p59.i03"),
    ("Permen PAN & RB No. 59 Tahun 2020", "3", "p59.i03"),
    ("Peraturan Menteri PANRB Nomor 59 Tahun 2020 tentang Pemantauan dan Evaluasi SPBE", "3", "p59.i03"),
    ("5/2018", "3", "p5.i03"),
    ("8/2026", "Indikator 20", "p8.i20"),
    ("Pemdi", "I.5", "p8.i05"),
    # A number means nothing without its regulation, nor one that the regulation does not have.
    ("permenpanrb-8-2026", "Indikator 21", "Indikator 21"),
    ("permenpanrb-59-2020", "1.3", "1.3"),
    ("60/2020", "Indikator 3", "Indikator 3"),
]


def test_an_indicator_is_known_by_number_and_name_within_its_regulation(judge: Judge) -> None:
    levels = {"stage": "self", "level": "3", "evidence_ref": "a"}
    scores = {"stage": "self", "period": "2025", "score": "3"}
    for kind, rest, rule in (
        ("self_assessment", levels, "node_id.reference"),
        ("scores", scores, "row.node_of_rulebook"),
    ):
        found = judge(kind, [{"rulebook_id": book, "node_id": cell} | rest for book, cell, _ in NODES])
        assert [(row["node_id"], rule in broken) for row, broken in found] == [
            (node, not node.startswith("p")) for _, _, node in NODES
        ]


def test_near_indicators_and_regulations_are_named(judge: Judge) -> None:
    levels = {"rulebook_id": "permenpanrb-59-2020", "stage": "self", "level": "3", "evidence_ref": "a"}
    [(_, number), (_, name)] = judge(
        "self_assessment",
        [levels | {"node_id": "Indkator 3"}, levels | {"node_id": "Kebijakan Internal Managemen Data"}],
    )
    for broken in (number, name):
        message = broken["node_id.reference"]
        assert "mungkin p59.i03 (Tingkat Kematangan Kebijakan Internal Manajemen Data)" in message
    [(_, broken)] = judge(
        "self_assessment", [levels | {"rulebook_id": "permenpanrb-59-2021", "node_id": "3"}]
    )
    assert "; mungkin permenpanrb-59-2020" in broken["rulebook_id.reference"]


@pytest.mark.parametrize(
    ("cell", "stored", "rule", "offered"),
    [
        ("12.10", "12.10", None, None),
        ("12.07 Kabupaten Deli Serdang", "12.07", None, None),
        ("Kabupaten Deli Serdang", "12.07", None, None),
        ("panrb", "panrb", None, None),
        ("12.1", "12.1", "pattern", "12.10 (Kabupaten Labuhanbatu)"),
        ("1207", "1207", "pattern", "12.07 (Kabupaten Deli Serdang)"),
        ("1212", "1212", "pattern", "12.07 (Kabupaten Deli Serdang)"),
        ("12.99", "12.99", "reference", None),
    ],
)
def test_a_row_of_another_instansi_needs_a_code_that_exists(
    judge: Judge, cell: str, stored: str, rule: str | None, offered: str | None
) -> None:
    row = {
        "instansi_code": cell,
        "dimension": "Smart Living",
        "programs": "10",
        "achieved": "6",
        "not_achieved": "4",
    }
    [(kept, broken)] = judge("program_realization", [row])
    assert kept["instansi_code"] == stored
    faults = [name for name, message in broken.items() if message.startswith("e")]
    assert faults == ([f"instansi_code.{rule}"] if rule else [])
    if rule:
        assert (broken[faults[0]].partition("; mungkin ")[2].removesuffix(".") or None) == offered


def test_an_area_takes_its_name_along(judge: Judge) -> None:
    usage = {"system_code": "DAA-012", "period": "2025-10", "active_users": "1", "counting_rule": "masuk"}
    cells = (
        "12.07.02 Tanjung Morawa",
        "12.07.02 Kec. Tanjung Morawa",
        "12.07.02 Pancur Batu",
        "12.71.02",
        "1212200",
    )
    found = judge("usage", [usage | {"kecamatan_code": cell} for cell in cells])
    assert [row["kecamatan_code"] for row, _ in found] == ["12.07.02"] * 3 + ["12.71.02", "1212200"]
    assert ["kecamatan_code.name" in broken for _, broken in found] == [False, False, True, False, False]
    for _, broken in found[3:]:
        assert any(m.startswith("e") and "12.07.02 (Tanjung Morawa)" in m for m in broken.values())


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("12.07-DISHUB", "12.07-DISHUB"),
        ("12.07-DISHUB Dinas Perhubungan", "12.07-DISHUB"),
        ("Dishub", "12.07-DISHUB"),
        ("dinas perhubungan", "12.07-DISHUB"),
        ("12.07", "12.07"),
        ("12.07-HANTU", "12.07"),
    ],
)
def test_a_sender_is_believed_only_where_the_register_knows_it(
    settings: Settings, sender: str, code: str
) -> None:
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    assert believed_sender(con, "12.07", sender) == (sender, None)
    con.executemany("insert into reference.opd_register values ('12.07', ?, ?, ?, ?)", REGISTER)
    found, note = believed_sender(con, "12.07", sender)
    assert found == code
    assert note == (
        'pengirim "12.07-HANTU" tidak ada pada Daftar OPD 12.07; '
        "berkas ini diperlakukan sebagai kiriman 12.07"
        if sender == "12.07-HANTU"
        else None
    )
