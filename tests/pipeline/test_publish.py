"""The published database: what an analyst finds in it, and what never gets published."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from exports.database import CONFIG, list_tables, open_published
from exports.dictionary import Meaning
from exports.publish import QUESTIONS, Grain, PublishError, publish_database


def test_analyst_finds_every_mart_with_its_rows_and_comments(warehouse: Path, tmp_path: Path) -> None:
    published = tmp_path / "published" / "spbe.duckdb"
    tables = dict(publish_database(warehouse, published))
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        marts = list_tables(connection, "marts")
        counts = {
            mart.name: connection.execute(f"select count(*) from marts.{mart.name}").fetchall()[0][0]
            for mart in marts
        }
    assert tables == counts
    with open_published(published) as connection:
        found = list_tables(connection)
    assert [table for table in found if table.name not in ("readme", "labels")] == marts
    assert all(column.comment for table in found for column in table.columns)
    assert sorted(path.name for path in published.parent.iterdir()) == ["spbe.duckdb"]


def test_readme_lists_tables_and_questions_and_its_examples_run(published_marts: Path) -> None:
    with open_published(published_marts) as connection:
        rows = connection.execute(
            "select table_name, kind, description, example_query from readme"
        ).fetchall()
        questions = {name for name, kind, _, _ in rows if kind == "question"}
        assert questions == {path.stem for path in QUESTIONS.glob("*.sql")}
        assert len(questions) == 22
        for _, _, description, query in rows:
            assert description
            connection.execute(query).fetchall()
        commented = connection.execute(
            "select view_name from duckdb_views() where not internal and comment like '%?'"
        ).fetchall()
    assert {name for (name,) in commented} == questions


def test_every_column_of_every_question_says_what_it_means(published_marts: Path) -> None:
    with open_published(published_marts) as connection:
        columns = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() where not internal "
            "and table_name in (select view_name from duckdb_views() where not internal)"
        ).fetchall()
    assert not [(view, name) for view, name, comment in columns if not comment]
    with (QUESTIONS / "columns.csv").open(encoding="utf-8", newline="") as file:
        told = [row["column"] for row in csv.DictReader(file)]
    own = {f"{view}.{name}" for view, name, _ in columns} & set(told)
    assert sorted(told) == sorted(own | {name for view, name, _ in columns if f"{view}.{name}" not in own})
    # Indonesian, then English.
    assert not [(view, name) for view, name, comment in columns if not all(comment.partition(" / "))]
    assert not [comment for *_, comment in columns if comment.count(" / ") != 1]


@pytest.mark.long
@pytest.mark.parametrize("release", ["1.2.2", "1.3.2", "1.4.4"])
def test_every_table_and_question_opens_in_earlier_releases_of_duckdb(
    published_marts: Path, tmp_path: Path, release: str
) -> None:
    wanted = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tmp_path), f"duckdb=={release}"]
    subprocess.run(wanted, check=True)
    code = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
names = connection.execute("select table_name from information_schema.tables").fetchall()
for (name,) in names:
    connection.execute(f'select * from "{name}"').fetchall()
print(duckdb.__version__, len(names) > 30)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(published_marts)],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [release, "True"], done.stderr


def test_grain_and_key_stand_in_comment_and_readme(warehouse: Path, tmp_path: Path) -> None:
    published = tmp_path / "spbe.duckdb"
    publish_database(warehouse, published, grains={"dim_instansi": Grain("instansi", ("instansi_code",))})
    with open_published(published) as connection:
        [comment] = [table.comment for table in list_tables(connection) if table.name == "dim_instansi"]
        grains = connection.execute("select table_name, grain from readme where grain is not null").fetchall()
    assert comment == "Agencies. Grain: instansi. Primary key: instansi_code."
    assert dict(grains)["dim_instansi"] == "instansi"


def test_every_kind_column_code_and_rule_has_a_label_in_both_languages(published_marts: Path) -> None:
    with open_published(published_marts) as connection:
        [(rows, keys)] = connection.execute(
            "select count(*), count(distinct (label_group, label_key)) from labels"
        ).fetchall()
        words = "label_id, label_en, description_id, description_en"
        mute = connection.execute(
            f"select * from (select label_key, unnest([{words}]) as said from labels) "
            "where coalesce(trim(said), '') = ''"
        ).fetchall()
        groups = connection.execute("select distinct label_group from labels order by all").fetchall()
        # What was refused is told in both languages by a join.
        strangers = connection.execute(
            "select rule from (select unnest(rules) as rule from fct_quarantine) "
            "where rule not in (select label_key from labels where label_group = 'rule')"
        ).fetchall()
    assert rows == keys > 1000
    assert (mute, strangers) == ([], [])
    assert [group for (group,) in groups] == ["code", "column", "kind", "rule"]


def test_every_code_of_every_coded_column_has_its_label(published_marts: Path) -> None:
    """Joined by the published table's own name and its column's; lists count by their entries."""
    with open_published(published_marts) as connection:
        coded = connection.execute(
            "select distinct labels.table_name, labels.column_name, columns.data_type from labels "
            "inner join duckdb_columns() as columns on labels.table_name = columns.table_name "
            "and labels.column_name = columns.column_name where labels.label_group = 'code' order by all"
        ).fetchall()
        mute = []
        for table, column, data_type in coded:
            code = f"unnest({column})" if data_type.endswith("[]") else column
            mute += connection.execute(
                f"select distinct '{table}', '{column}', code from (select {code} as code from {table}) "
                "where code <> '' and code not in "
                "(select code from labels where table_name = $1 and column_name = $2)",
                [table, column],
            ).fetchall()
    # Of columns that are none, nothing would be mute.
    assert {table for table, _, _ in coded} >= {"fct_scores", "kontrak_dan_masa_berlaku", "indeks_per_tahap"}
    assert len(coded) > 50
    assert mute == []


def test_dictionary_says_what_every_column_means_in_english(warehouse: Path, tmp_path: Path) -> None:
    key = ("dim_opd", "opd_code")
    publish_database(warehouse, tmp_path / "spbe.duckdb", dictionary={key: Meaning("Kode OPD", "Kodenya.")})
    with open_published(tmp_path / "spbe.duckdb") as connection:
        rows = connection.execute("select * from data_dictionary where table_name = 'dim_opd'").fetchall()
        [comment] = connection.execute(
            "select comment from duckdb_columns() where (table_name, column_name) = ($1, $2)", list(key)
        ).fetchall()
        mute = connection.execute("select * from data_dictionary where description_en is null").fetchall()
        both = connection.execute(
            "select * from data_dictionary where contains(description_en, ' / ') "
            "and table_name in (select table_name from readme where kind = 'question')"
        ).fetchall()
    assert rows == [(*key, "Kode OPD", "Kodenya.", *comment)]
    assert (mute, both) == ([], [])


def test_every_ready_question_has_an_answer_on_data_that_has_one(published_marts: Path) -> None:
    with open_published(published_marts) as connection:
        rows = dict(
            connection.execute("""select table_name, "rows" from readme where kind = 'question'""").fetchall()
        )
    assert min(rows.values()) > 0, rows


def test_an_index_without_a_rank_says_why(warehouse: Path, tmp_path: Path) -> None:
    """No table of the year, no list of the state, no index: three reasons, and none where there is a rank."""
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(
            "insert into marts.fct_scores by name select unit_kind, '12.08' as unit_code, "
            "'12.08' as instansi_code, "
            "'2026' as period, rulebook_id, stage, node_id, node_kind, 2.5 as score from marts.fct_scores "
            "where node_kind = 'index' and unit_kind = 'instansi' and score is not null limit 1"
        )
        connection.execute("update marts.dim_instansi set is_mapped = false where instansi_code = '99.99'")
    publish_database(warehouse, tmp_path / "spbe.duckdb")
    with open_published(tmp_path / "spbe.duckdb") as connection:
        rows = connection.execute(
            "select instansi_code, kelompok, peringkat, sebab_tanpa_peringkat from peringkat_sejenis "
            "where instansi_code in ('12.07', '12.08', '99.99', '12') order by all"
        ).fetchall()
    assert all((rank is None) == bool(why) for *_, rank, why in rows)
    assert ("12.07", "kind", 17, None) in rows
    assert [row for row in rows if row[0] == "12"] == [("12", "kind", None, "belum ada indeks instansi ini")]
    not_loaded = "tabel indeks terbit untuk peraturan, tahun, dan tahap ini belum dimuat: tanpa pembanding"
    assert [row for row in rows if row[0] == "12.08"] == [
        ("12.08", "kind", None, not_loaded),
        ("12.08", "province", None, not_loaded),
    ]
    not_listed = "tidak ada dalam daftar kabupaten, kota, dan provinsi negara, jadi tidak dibandingkan"
    assert ("99.99", "kind", None, not_listed) in rows


def test_kinds_of_evidence_that_lack_are_told_up_to_the_declared_level(published_marts: Path) -> None:
    with open_published(published_marts) as connection:
        rows = connection.execute(
            "select nomor, tingkat_diminta, jenis_bukti, keadaan_bukti from bukti_yang_masih_kurang"
        ).fetchall()
    # Declared is 4: level 5 is beyond it, and not the next one.
    assert rows == [("18", 3, "laporan penggunaan", "fails"), ("18", 4, "laporan reviu", "unknown")]


def test_file_opens_in_duckdb_1_2_and_under_any_name(published_marts: Path, tmp_path: Path) -> None:
    renamed = shutil.copyfile(published_marts, tmp_path / "salinan analis.duckdb")
    with duckdb.connect(str(renamed), read_only=True) as connection:
        version = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where path is not null"
        ).fetchall()
        assert version == [("v1.2.0+",)]
        assert connection.execute("select count(*) from temuan_terbuka").fetchall() == [(4,)]


def test_same_marts_give_tables_in_the_same_order(warehouse: Path, tmp_path: Path) -> None:
    query = "select * from fct_scores"
    first = tmp_path / "first.duckdb"
    publish_database(warehouse, first)
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(
            "create table marts.shuffled as select * from marts.fct_scores order by hash(node_id)"
        )
        connection.execute("delete from marts.fct_scores")
        connection.execute("insert into marts.fct_scores select * from marts.shuffled")
        connection.execute("drop table marts.shuffled")
    second = tmp_path / "second.duckdb"
    publish_database(warehouse, second)
    with open_published(first) as old, open_published(second) as new:
        assert old.execute(query).fetchall() == new.execute(query).fetchall()


def test_undocumented_column_and_table_are_named_and_nothing_is_published(
    warehouse: Path, tmp_path: Path
) -> None:
    published = tmp_path / "spbe.duckdb"
    publish_database(warehouse, published)
    before = published.read_bytes()
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute("alter table marts.dim_opd add column luas_kantor integer")
        connection.execute("create table marts.baru as select 1 as satu")
    with pytest.raises(PublishError, match=r"baru \(table\).*baru\.satu.*dim_opd\.luas_kantor"):
        publish_database(warehouse, published)
    assert published.read_bytes() == before


def test_question_that_does_not_run_is_named(warehouse: Path, tmp_path: Path) -> None:
    questions = tmp_path / "questions"
    questions.mkdir()
    (questions / "luas.sql").write_text(
        "-- Berapa luas?\n-- How large?\nselect luas from dim_opd\n", encoding="utf-8"
    )
    with pytest.raises(PublishError, match=r"luas\.sql.*luas"):
        publish_database(warehouse, tmp_path / "spbe.duckdb", questions)
    (questions / "luas.sql").write_text("select 1\n", encoding="utf-8")
    with pytest.raises(PublishError, match=r"luas\.sql: line 1"):
        publish_database(warehouse, tmp_path / "spbe.duckdb", questions)
    assert not (tmp_path / "spbe.duckdb").exists()


def test_warehouse_held_by_another_process_is_a_clear_message(warehouse: Path, tmp_path: Path) -> None:
    script = (
        "import duckdb, sys\n"
        f"connection = duckdb.connect({str(warehouse)!r}, config={CONFIG!r})\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "open\n"
        with pytest.raises(PublishError, match="still held by another process after 1 s"):
            publish_database(warehouse, tmp_path / "spbe.duckdb", patience_seconds=1)
        holder.communicate("")
    assert publish_database(warehouse, tmp_path / "spbe.duckdb")


def test_missing_warehouse_and_missing_marts_are_named(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no warehouse"):
        publish_database(tmp_path / "none.duckdb", tmp_path / "spbe.duckdb")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty), config=CONFIG).close()
    with pytest.raises(PublishError, match="holds no table"):
        publish_database(empty, tmp_path / "spbe.duckdb")


def test_reader_of_the_old_file_is_not_disturbed(warehouse: Path, tmp_path: Path) -> None:
    published = tmp_path / "spbe.duckdb"
    publish_database(warehouse, published)
    script = (
        "import duckdb, sys\n"
        f"connection = duckdb.connect({str(published)!r}, read_only=True)\n"
        "print(connection.execute('select count(*) from dim_opd').fetchone()[0], flush=True)\n"
        "sys.stdin.readline()\n"
        "print(connection.execute('select count(*) from dim_opd').fetchone()[0], flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None and reader.stdout.readline() == "5\n"
        with duckdb.connect(str(warehouse), config=CONFIG) as connection:
            connection.execute("delete from marts.dim_opd where opd_code = '99.99-BAPPEDA'")
        assert dict(publish_database(warehouse, published))["dim_opd"] == 4
        assert reader.communicate("\n")[0] == "5\n"
