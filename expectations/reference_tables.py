"""The tables of schema `reference`: lists that come with the product, and lists of what was received.

Belongs here: what fills them. Stays out: how a value is looked up in them (`references.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.spellings import fill_spellings, find_opd, install_spellings

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

# Seeds of the dbt project that a file is judged by, too; a table each.
_SEEDS = {
    "rulebooks": "rulebooks/rulebooks.csv",
    "rulebook_nodes": "rulebooks/rulebook_nodes.csv",
    "outside_index_bands": "rulebooks/outside_index_bands.csv",
    "ref_data_rad": "reference/ref_data_rad.csv",
    "ref_layanan_ral": "reference/ref_layanan_ral.csv",
    "ref_proses_bisnis_rab": "reference/ref_proses_bisnis_rab.csv",
}
_AREAS = """
    create or replace table reference.area as
    select
        kode_kemendagri as area_code,
        nama as area_name,
        (
            select min(left(kode_bps, 4)) from read_csv($kecamatan, header = true, all_varchar = true) as k
            where k.instansi_code = r.kode_kemendagri
        ) as bps_code,
        null::varchar as parent_code
    from read_csv($regencies, header = true, all_varchar = true) as r
    union all
    select kode_kemendagri, nama, kode_bps, instansi_code
    from read_csv($kecamatan, header = true, all_varchar = true)
"""
_FUNCTION_CODES = """
    create or replace view reference.function_codes as
    select code, parent, name_id from reference.ref_layanan_ral
    union all
    select code, parent, name_id from reference.ref_proses_bisnis_rab
"""
# Indices of other bodies that become the value of an indicator are received as scores of `<node>.outside`.
_OUTSIDE_NODES = """
    select
        rulebook_id,
        node_id || '.outside' as node_id,
        min(outside_lower_inclusive)::decimal(38, 15) as scale_min,
        max(outside_upper_exclusive)::decimal(38, 15) as scale_max,
        false as is_under_geometric
    from reference.outside_index_bands
    where rule not like 'the band is evidence%'
    group by rulebook_id, node_id
"""
_REGULATION_NODES = f"""
    select
        nodes.rulebook_id,
        nodes.node_id,
        books.scale_min::decimal(38, 15) as scale_min,
        books.scale_max::decimal(38, 15) as scale_max,
        false as is_under_geometric
    from reference.rulebook_nodes as nodes
    inner join reference.rulebooks as books on nodes.rulebook_id = books.rulebook_id
    union all
    {_OUTSIDE_NODES}
"""
_RECEIVED_OPDS = """
    create or replace view reference.opd_register as
    select
        coalesce(instansi_code, _instansi_code) as instansi_code,
        opd_code,
        opd_name,
        short_name,
        coalesce(is_active, true) as is_active
    from raw.opd_register
    qualify row_number() over (
        partition by coalesce(instansi_code, _instansi_code), opd_code
        order by _file_order desc, _row_number desc
    ) = 1
"""
_RECEIVED_SYSTEMS = """
    create or replace view reference.system_inventory as
    select distinct _instansi_code as instansi_code, system_code, system_name, _opd_code as opd_code
    from raw.system_inventory
    where system_code is not null
"""


def _nodes_sql(books: str) -> str:
    """Nodes of the users' rulebooks of `books`; one below a geometric mean, at any depth, says so.

    `books` selects rulebook_id, node_id, parent_id, method, scale_min and scale_max.
    """
    return f"""
        with recursive books as ({books}),
        under as (
            select child.rulebook_id, child.node_id
            from books as above
            inner join books as child
                on above.rulebook_id = child.rulebook_id and above.node_id = child.parent_id
            where above.method = 'geometric'
            union
            select child.rulebook_id, child.node_id
            from under
            inner join books as child
                on under.rulebook_id = child.rulebook_id and under.node_id = child.parent_id
        )
        select rulebook_id, node_id, scale_min, scale_max, under.node_id is not null as is_under_geometric
        from books left join under using (rulebook_id, node_id)
    """


# Nodes that a score may name: the regulations' and those of the rulebooks received so far.
_RECEIVED_BOOKS = """
    select
        rulebook_id, node_id, parent_id, method,
        (max(scale_min) over book)::decimal(38, 15) as scale_min,
        (max(scale_max) over book)::decimal(38, 15) as scale_max
    from raw.rulebook
    window book as (partition by rulebook_id)
    qualify _file_order = max(_file_order) over book
"""
_PUBLISHED_BOOKS = (
    "select rulebook_id, node_id, parent_id, method, scale_min, scale_max from published.dim_node"
)


def fill_lists(con: duckdb.DuckDBPyConnection, seeds: Path) -> None:
    """Fill the lists that come with the product; safe to repeat.

    Args:
        con: Has schema `reference`.
        seeds: `seeds/` of the dbt project.
    """
    for name, file in _SEEDS.items():
        con.execute(
            f"create or replace table reference.{name} as select * from read_csv(?, header = true)",
            [str(seeds / file)],
        )
    areas = {"regencies": "wilayah_kabupaten_kota.csv", "kecamatan": "kecamatan.csv"}
    con.execute(_AREAS, {name: str(seeds / "reference" / file) for name, file in areas.items()})
    con.execute(_FUNCTION_CODES)
    fill_spellings(con)


def view_received(con: duckdb.DuckDBPyConnection) -> None:
    """In a warehouse: OPDs, systems and nodes as the accepted rows of schema `raw` name them."""
    con.execute(_RECEIVED_OPDS)
    # A code that we issued and gave back is a known one, too.
    issued = con.execute(
        "select 1 from information_schema.tables where table_schema = 'marts' and table_name = 'dim_system'"
    ).fetchone()
    con.execute(
        _RECEIVED_SYSTEMS
        + (
            " union select instansi_code, system_code, system_name, opd_code from marts.dim_system"
            if issued
            else ""
        )
    )
    con.execute(
        "create or replace view reference.score_nodes as "
        f"{_REGULATION_NODES} union all ({_nodes_sql(_RECEIVED_BOOKS)})"
    )


def copy_published(con: duckdb.DuckDBPyConnection) -> None:
    """In a database of its own: OPDs, systems and nodes of the attached database `published`."""
    con.execute(
        "create table reference.opd_register as"
        " select instansi_code, opd_code, opd_name, null::varchar as short_name, is_active"
        " from published.dim_opd where is_mapped"
    )
    con.execute(
        "create table reference.system_inventory as"
        " select distinct instansi_code, system_code, system_name, opd_code from published.dim_system"
    )
    con.execute(
        f"create table reference.score_nodes as ({_nodes_sql(_PUBLISHED_BOOKS)}) union all {_OUTSIDE_NODES}"
    )


def know_none(con: duckdb.DuckDBPyConnection) -> None:
    """In a database of its own where nothing is published: no OPD, no system, the regulations' nodes."""
    know_nobody(con)
    con.execute(f"create table reference.score_nodes as {_REGULATION_NODES}")


def know_nobody(con: duckdb.DuckDBPyConnection) -> None:
    """In a database of its own: the lists of OPDs and systems, empty."""
    con.execute(
        "create table reference.opd_register (instansi_code varchar, opd_code varchar, opd_name varchar,"
        " short_name varchar, is_active boolean)"
    )
    con.execute(
        "create table reference.system_inventory"
        " (instansi_code varchar, system_code varchar, system_name varchar, opd_code varchar)"
    )


def has_register(con: duckdb.DuckDBPyConnection, instansi_code: str, held: str | None = None) -> bool:
    """Whether any OPD of an instansi is known.

    Args:
        con: with the lists of `reference`.
        instansi_code: of the instansi.
        held: a table with entries of the register, which is asked first: planning the view costs much more.
    """
    return any(
        con.execute(f"select 1 from {table} where instansi_code = ? limit 1", [instansi_code]).fetchone()
        for table in (held, "reference.opd_register")
        if table
    )


def believed_sender(
    con: duckdb.DuckDBPyConnection, instansi_code: str, sender: str
) -> tuple[str, str | None]:
    """The OPD that a file says it is of, as the register of its instansi has it, and what to tell the sender.

    A code, `CODE NAME`, name or short name gives the code. A sender that the register at hand does not know
    is not believed: the file is then the instansi's own, so that rows without an owner are refused. Without
    a register anyone is believed.

    Args:
        con: with the lists of `reference`; its temporary tables of spellings are replaced.
        instansi_code: of the file.
        sender: as the file's folder or `.meta.toml` says.

    Returns:
        The sender's code, and a sentence in Indonesian where it is not the one that was said.
    """
    sender = sender.strip()
    if not sender or sender == instansi_code:
        return instansi_code, None
    if not has_register(con, instansi_code):
        return sender, None
    install_spellings(con)
    code = find_opd(con, instansi_code, sender)
    if code is None:
        return instansi_code, (
            f'pengirim "{sender}" tidak ada pada Daftar OPD {instansi_code}; '
            f"berkas ini diperlakukan sebagai kiriman {instansi_code}"
        )
    return code, None
