"""What makes a user's rulebook a tree that can be computed; the first fault as an Indonesian sentence.

Belongs here: the demands on all rows of a `rulebook` file together. Half a tree gives a wrong index without
a word, so a fault refuses the whole file. Stays out: demands on one row (the contract), arithmetic (dbt).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Deepest level below the root, and the largest sum of integer weights of one parent's children: limits of the
# models (`macros/tree.sql`, `macros/exact.sql`), held equal by a test.
MAX_DEPTH = 8
MAX_SIBLINGS_WEIGHT = 1_000_000_000

_NODES = """
create or replace temp table tree_nodes as
select _row_number as row_number, rulebook_id, node_id, parent_id, coalesce(method, 'arithmetic') as method,
    cast(coalesce(cast(weight as decimal(38, 10)), 1) * 10000000000 as hugeint) as weight
from judged
"""

# Each query gives at most the faults of one sort: row number, sentence. They run in this order, since a later
# one takes for granted what an earlier one has ruled out.
_FAULTS = (
    # A row that its own rules refuse; its first message.
    """
    select _row_number, coalesce('simpul ' || node_id || ': ', '')
        || list_filter(_broken, lambda b: b.severity = 'error')[1].message
    from judged where len(list_filter(_broken, lambda b: b.severity = 'error')) > 0
    """,
    """
    select min(row_number), 'buku aturan ' || rulebook_id
        || ' tidak mempunyai simpul paling atas (simpul tanpa induk)'
    from tree_nodes group by rulebook_id having count(*) filter (parent_id is null) = 0
    """,
    """
    select row_number, 'simpul ' || node_id || ' tidak berinduk, padahal simpul paling atas '
        || rulebook_id || ' sudah ' || min_by(node_id, row_number) over (partition by rulebook_id)
    from tree_nodes where parent_id is null
    qualify row_number() over (partition by rulebook_id order by row_number) > 1
    """,
    """
    select n.row_number, 'induk ' || n.parent_id || ' dari simpul ' || n.node_id
        || ' tidak ada pada buku aturan ' || n.rulebook_id
    from tree_nodes as n
    left join tree_nodes as p on n.rulebook_id = p.rulebook_id and n.parent_id = p.node_id
    where n.parent_id is not null and p.node_id is null
    """,
    f"""
    with recursive walk as (
        select rulebook_id, node_id, row_number, 0 as depth from tree_nodes where parent_id is null
        union all
        select n.rulebook_id, n.node_id, n.row_number, walk.depth + 1
        from walk
        inner join tree_nodes as n on walk.rulebook_id = n.rulebook_id and walk.node_id = n.parent_id
        where walk.depth <= {MAX_DEPTH}
    ),
    deep as (select distinct rulebook_id from walk where depth > {MAX_DEPTH})
    select row_number, 'simpul ' || node_id || ' lebih dari {MAX_DEPTH} tingkat di bawah simpul paling atas'
    from walk where depth > {MAX_DEPTH}
    union all
    select n.row_number, 'simpul ' || n.node_id
        || ' tidak sampai ke simpul paling atas: rantai induknya berputar'
    from tree_nodes as n anti join walk on n.rulebook_id = walk.rulebook_id and n.node_id = walk.node_id
    where n.rulebook_id not in (select rulebook_id from deep)
    """,
    f"""
    select min(row_number), 'bobot anak simpul ' || parent_id || ' terlalu rinci untuk dihitung tepat: '
        || 'setelah dijadikan bilangan bulat jumlahnya melebihi {MAX_SIBLINGS_WEIGHT}; '
        || 'tulis dengan angka yang lebih sedikit'
    from tree_nodes where parent_id is not null
    group by rulebook_id, parent_id
    having sum(weight) // list_reduce(list(weight), lambda a, b: gcd(a, b)) > {MAX_SIBLINGS_WEIGHT}
    """,
    *(
        f"""
        select max(_row_number), 'kolom {column} buku aturan ' || rulebook_id || ' berisi dua nilai: '
            || min({column}) || ' dan ' || max({column})
        from judged group by rulebook_id having count(distinct cast({column} as {type_})) > 1
        """
        for column, type_ in (
            ("title", "varchar"),
            ("scale_min", "decimal(38, 10)"),
            ("scale_max", "decimal(38, 10)"),
            ("availability_threshold", "decimal(38, 10)"),
            ("missing_counts_as", "decimal(38, 10)"),
        )
    ),
    """
    select min(_row_number), 'skala buku aturan ' || rulebook_id
        || ' perlu nilai terendah dan tertinggi, yang terendah di bawah yang tertinggi'
    from judged group by rulebook_id
    having (max(scale_min) is null) <> (max(scale_max) is null)
        or max(cast(scale_min as decimal(38, 10))) >= max(cast(scale_max as decimal(38, 10)))
    """,
    """
    select min(n.row_number), 'simpul ' || min_by(n.node_id, n.row_number)
        || ' memakai rata-rata geometric, padahal skala buku aturan ' || n.rulebook_id
        || ' memuat nilai negatif'
    from tree_nodes as n inner join judged as j on n.rulebook_id = j.rulebook_id
    where n.method = 'geometric' and cast(j.scale_min as decimal(38, 10)) < 0
    group by n.rulebook_id
    """,
)


def find_fault(con: duckdb.DuckDBPyConnection) -> str | None:
    """The first fault of the rulebooks in the temporary table `judged`; None where every one is a tree.

    Returns:
        An Indonesian sentence that names the row and the node.
    """
    prepared = False
    for query in _FAULTS:
        if not prepared and "tree_nodes" in query:
            con.execute(_NODES)
            prepared = True
        row = con.execute(f"select * from ({query}) as t (row_number, fault) order by all limit 1").fetchone()
        if row:
            return f"baris {row[0]}: {row[1]}"
    return None
