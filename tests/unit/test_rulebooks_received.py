"""A user's own rulebook and its scores at the door: what is taken, and why a broken tree is not."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from expectations import trees
from orchestration import intake
from orchestration.settings import PROJECT, Settings

HEADER = "rulebook_id,node_id,parent_id,kind,name,weight,method,scale_min,scale_max\n"
GOOD = HEADER + "x,i,,index,I,,,0,100\nx,a,i,aspect,A,1,geometric,,\nx,b,i,aspect,B,3,,,\nx,a1,a,,A1,0.5,,,\n"


class Door:
    """An inbox and a warehouse; each file is received under a name of its own."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.settings.prepare_home()
        self.con = duckdb.connect(
            str(self.settings.warehouse), config={"storage_compatibility_version": "v1.2.0"}
        )
        intake.prepare_warehouse(self.con, self.settings)
        self.number = itertools.count()

    def receive(self, kind: str, content: str, name: str | None = None) -> tuple[str, str]:
        """Status and reason of the file."""
        path = self.settings.inbox / kind / (name or f"{next(self.number)}.csv")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        [record] = list(intake.receive(self.con, self.settings, self.settings.inbox, kind))
        return record.status, record.reason or ""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    door = Door(tmp_path_factory.mktemp("home"))
    yield door
    door.con.close()


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("x,i,,index,I,,,,\nx,a,i,,A,,,,\n", "baris 3: simpul a: Bobot harus diisi"),
        ("x,i,,index,I,,,,\nx,a,i,,A,0.0,,,\n", "baris 3: simpul a: Bobot harus lebih besar dari nol"),
        ("x,i,,index,I,,,,\nx,a,i,,A,0,,,\n", "baris 3: simpul a: Bobot harus lebih besar dari nol"),
        ("x,i,,index,I,,,,\nx,a,i,,A,berat,,,\n", "baris 3: simpul a: Kolom Bobot: ditem"),
        ("x,i,,index,I,,,,\nx,a,i,,A,1,harmonic,,\n", "baris 3: simpul a: Kolom Cara merata-rata"),
        ("x,i,,index,I,,,,\nx,a,i,,A,1,,,\nx,a,i,,A,1,,,\n", "baris 4: simpul a: Baris ini sama persis"),
        ("x,i,,index,I,,,,\nx,a,i,,A,1,,,\nx,a,i,,A,2,,,\n", "baris 3: simpul a: Buku aturan atau Simpul"),
        ("x,i,,index,I,,,,\nx,a,z,,A,1,,,\n", "baris 3: induk z dari simpul a tidak ada"),
        ("x,i,,index,I,,,,\nx,j,,index,J,,,,\n", "baris 3: simpul j tidak berinduk, padahal"),
        ("x,a,b,,A,1,,,\nx,b,a,,B,1,,,\n", "baris 2: buku aturan x tidak mempunyai simpul paling atas"),
        ("x,i,,index,I,,,,\nx,a,b,,A,1,,,\nx,b,a,,B,1,,,\n", "baris 3: simpul a tidak sampai"),
        ("x,i,,index,I,,,,\nx,a,a,,A,1,,,\n", "baris 3: simpul a: Sebuah simpul tidak boleh menjadi"),
        (
            "x,n0,,index,I,,,,\n" + "".join(f"x,n{i},n{i - 1},,N,1,,,\n" for i in range(1, 10)),
            "baris 11: simpul n9 lebih dari 8 tingkat",
        ),
        (
            "x,i,,index,I,,,,\nx,a,i,,A,0.3333333333,,,\nx,b,i,,B,0.6666666667,,,\n",
            "baris 3: bobot anak simpul i terlalu rinci",
        ),
        ("x,i,,index,I,,,0,100\nx,a,i,,A,1,,0,10\n", "baris 3: kolom scale_max buku aturan x berisi"),
        ("x,i,,index,I,,,0,\n", "baris 2: skala buku aturan x perlu nilai terendah dan tertinggi"),
        ("x,i,,index,I,,geometric,-1,1\n", "baris 2: simpul i memakai rata-rata geometric"),
        ("interop-1,i,,index,I,,,,\n", "baris 2: simpul i: Nama buku aturan ini milik peraturan"),
        ("permenpanrb-59-2020,i,,index,I,,,,\n", "baris 2: simpul i: Nama buku aturan ini milik peraturan"),
    ],
)
def test_broken_tree_refuses_the_whole_file_and_names_row_and_node(
    door: Door, rows: str, sentence: str
) -> None:
    """Whoever sends a broken tree reads which row to mend; no node of it is loaded."""
    status, reason = door.receive("rulebook", HEADER + rows)
    assert status == "rejected"
    assert reason.startswith(f"broken_rulebook: {sentence}")
    assert door.con.execute("select count(*) from raw.rulebook").fetchone() == (0,)


def test_equal_weights_of_many_digits_are_no_fault(door: Door) -> None:
    """A third written three times is one to one to one, however many digits it has."""
    thirds = "".join(f"thirds,{n},i,,N,0.3333333333,,,\n" for n in "abc")
    assert door.receive("rulebook", HEADER + "thirds,i,,index,I,,,,\n" + thirds)[0] == "loaded"
    door.con.execute("delete from received.rulebook")


def test_scores_are_held_to_the_rulebook_that_came_with_them(tmp_path: Path) -> None:
    """A value for an unknown node or off the scale is quarantined; any unit is taken; a newer tree counts."""
    door = Door(tmp_path)
    assert door.receive("rulebook", GOOD)[0] == "loaded"
    scores = "rulebook_id,instansi_code,period,stage,node_id,score\n"
    status, _ = door.receive(
        "scores", scores + "x,IDN,2023,final,a1,50\nx,IDN,2023,final,b,100.5\nx,IDN,2023,final,c,50\n"
    )
    assert status == "partly"
    quarantined = door.con.execute("select row_number, messages[1] from raw.quarantine order by 1").fetchall()
    assert [row for row, _ in quarantined] == [3, 4]
    assert "skala" in quarantined[0][1] and "Simpul harus ada" in quarantined[1][1]
    assert door.con.execute("select unit_code, node_id from raw.scores").fetchall() == [("IDN", "a1")]

    wider = GOOD.replace("0,100", "0,200") + "x,c,i,aspect,C,1,,,\n"
    assert door.receive("rulebook", wider, "newer.csv")[0] == "loaded"
    # The rows that the newer tree knows are taken from the file that was there.
    again = list(intake.receive(door.con, door.settings, door.settings.inbox, "scores"))
    assert [r.status for r in again] == ["loaded"]
    status, _ = door.receive("scores", scores + "x,IDN,2024,final,b,100.5\nx,IDN,2024,final,c,50\n")
    assert status == "loaded"
    door.con.close()


def test_an_outside_index_is_held_to_its_own_scale(door: Door) -> None:
    """SDI runs from 0 to 100, its indicator from 1 to 5; what is only evidence is no score."""
    header = "rulebook_id,unit_code,period,stage,node_id,score\n"
    rows = [
        ("p8.i05.outside", "68.75"),
        ("p8.i05", "68.75"),
        ("p8.i05.outside", "101"),
        ("p8.i10.outside", "3"),
    ]
    body = "".join(f"permenpanrb-8-2026,12.07,202{n},final,{node},{v}\n" for n, (node, v) in enumerate(rows))
    assert door.receive("scores", header + body)[0] == "partly"
    assert door.con.execute("select node_id, score from raw.scores").fetchall() == [
        ("p8.i05.outside", Decimal("68.75"))
    ]


def test_a_score_keeps_fifteen_digits_and_a_negative_one_is_told_of(tmp_path: Path) -> None:
    """Of a negative value there is no geometric mean: its sender hears that the node above may stay empty."""
    door = Door(tmp_path)
    book = HEADER + "y,i,,index,I,,,,\ny,a,i,aspect,A,1,geometric,,\ny,b,i,aspect,B,1,,,\ny,a1,a,,A1,1,,,\n"
    assert door.receive("rulebook", book)[0] == "loaded"
    rows = ("a1,-1.5", "b,-1.5", "i,0.123456789012345")
    body = "rulebook_id,period,stage,node_id,score\n" + "".join(f"y,2023,final,{row}\n" for row in rows)
    assert door.receive("scores", body)[0] == "loaded"
    assert door.con.execute("select node_id, score from raw.scores order by node_id").fetchall() == [
        ("a1", Decimal("-1.5")),
        ("b", Decimal("-1.5")),
        ("i", Decimal("0.123456789012345")),
    ]
    told = door.con.execute(
        "select node_id, _broken[1].severity, _broken[1].message from received.scores where len(_broken) > 0"
    ).fetchall()
    assert [(node, severity) for node, severity, _ in told] == [("a1", "warning")]
    assert "tidak ada rata-rata geometrik" in told[0][2]
    door.con.close()


def test_limits_are_those_of_the_models() -> None:
    """A tree that the door takes is one that the models can compute."""
    macros = PROJECT / "dbt_project" / "macros"
    assert f"max_depth() -%}} {trees.MAX_DEPTH} " in (macros / "tree.sql").read_text(encoding="utf-8")
    exact = (macros / "exact.sql").read_text(encoding="utf-8")
    # A value of ten million over the largest denominator, times the weights of its siblings, fits 38 digits.
    assert "cast(100000000000000 as" in exact
    assert 10**7 * 10**14 * trees.MAX_SIBLINGS_WEIGHT < 1.7 * 10**38
    # So does one of 15 decimals times the weights of leaves, or times the largest tree weight.
    assert 10**7 * 10**15 * max(trees.MAX_SIBLINGS_WEIGHT, 10**14) < 1.7 * 10**38


def test_scores_that_came_before_their_rulebook_are_judged_again(tmp_path: Path) -> None:
    """Scores that lie in the inbox before their rulebook need not be sent again and outrank nothing newer."""
    early = Door(tmp_path)
    head = "rulebook_id,unit_code,period,stage,node_id,score\n"
    status, _ = early.receive("scores", head + "late,U1,2026,final,a,40\n", "first.csv")
    assert status == "rejected"
    assert intake.new_files(early.con, early.settings.inbox, "scores") == []
    early.receive("scores", head + "late,U1,2026,final,b,50\n", "second.csv")
    early.receive("rulebook", HEADER + "late,i,,index,I,,,0,100\nlate,a,i,aspect,A,1,,,\n", "book.csv")
    again = list(intake.receive(early.con, early.settings, early.settings.inbox, "scores"))
    assert [(r.file_name.rsplit("/", 1)[-1], r.status) for r in again] == [("first.csv", "loaded")]
    # The next version of the rulebook knows the other node, too.
    early.receive(
        "rulebook",
        HEADER + "late,i,,index,I,,,0,100\nlate,a,i,aspect,A,1,,,\nlate,b,i,aspect,B,1,,,\n",
        "book.csv",
    )
    again = list(intake.receive(early.con, early.settings, early.settings.inbox, "scores"))
    assert [(r.file_name.rsplit("/", 1)[-1], r.status) for r in again] == [("second.csv", "loaded")]
    assert intake.new_files(early.con, early.settings.inbox, "scores") == []
    rows = early.con.execute("select node_id, score, _file_order from raw.scores order by node_id").fetchall()
    assert [row[:2] for row in rows] == [("a", Decimal(40)), ("b", Decimal(50))]
    assert rows[0][2] < rows[1][2]
    early.con.close()
