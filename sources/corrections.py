"""A file that mends rows of earlier files: which rows it names, what it keeps of them.

Belongs here: the column `_perbaikan_dari`, finding the rows it names, filling what the file leaves out. Stays
out: judging the mended rows (`expectations/`) and which version of a row counts (`ledger.py`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from expectations.relations import CORRECTED, JUDGED, LANDED
from expectations.spreadsheet import unguarded_sql

if TYPE_CHECKING:
    import duckdb

COLUMN = "_perbaikan_dari"
# Spellings of the two columns that only a correction has; the second is for people, nobody reads it.
HEADERS = {COLUMN: COLUMN, "_masalah": ""}
# What stands in a cell whose value is not shown: sent back so, the value stays as it was.
HIDDEN = "…"

_PARTS = r"^(.*?)(?:@([0-9a-f]{8,64}))?#([0-9]{1,15})$"
# Name of the rule that a reference breaks, and what should stand there.
_FAULTS = """
    case
        when named is null then {'rule': 'missing', 'expected':
            'perlu diisi berkas dan baris yang diperbaiki, misalnya inventaris.csv#12'}
        when row_number is null then {'rule': 'pattern', 'expected':
            'nama berkas (atau awal sha256-nya) dan nomor baris, misalnya inventaris.csv#12'}
        when files is null then {'rule': 'reference', 'expected':
            'berkas yang pernah diterima sebagai ' || $kind || '; berkas itu tidak dikenal'}
        when files > 1 then {'rule': 'reference', 'expected':
            'satu berkas; ada ' || files || ' berkas bernama itu, tulis nama lengkap dengan foldernya'}
        when not is_current then {'rule': 'reference', 'expected':
            'versi terakhir; berkas itu sudah digantikan versi baru'}
        when not is_there then {'rule': 'reference', 'expected':
            'baris isi berkas itu; baris ' || row_number || ' tidak ada padanya'}
        when $sender <> $instansi and owner_code is distinct from $sender
            then {'rule': 'sender', 'expected': 'berkas ini dikirim ' || mask_text($sender)
            || '; hanya OPD pemilik baris atau instansi yang boleh memperbaiki'}
        when count(*) over (partition by file_id, row_number, root_id, root_row) > 1
            then {'rule': 'repeated', 'expected':
            'satu perbaikan per baris; baris itu diperbaiki dua kali pada berkas ini'}
    end"""


def link_rows(
    con: duckdb.DuckDBPyConnection,
    kind: str,
    position: int,
    instansi_code: str,
    sender_code: str,
    knows_rows: bool = True,
) -> bool:
    """Find the rows that the landed rows of one file mend, into the temporary table `corrected`.

    A row is named as `<file>#<row>` or `<file>@<sha256 prefix>#<row>`, the file by its path in the inbox, the
    end of that path or the beginning of its sha256; it must be one of the same kind and instansi, and the
    sender's own unless the instansi itself mends it.

    Args:
        con: the intake connection, with `landed` and the ledger.
        kind: of the file.
        position: number of the landed cell that names the row.
        instansi_code: of the file.
        sender_code: the OPD that sent the file, the instansi's code where it sent it itself.
        knows_rows: False where the connection does not hold every received row; a row of a known file is then
            taken to be there.

    Returns:
        False where no row names another: an ordinary file that happens to have the column.
    """
    filled = con.execute(f"select count(*) from {LANDED} where length(trim(c{position})) > 0").fetchone()
    if not filled or not filled[0]:
        return False
    con.execute(
        f"""
        create or replace temp table {CORRECTED} as
        with named as (
            select _row_number, nullif(ltrim(trim(c{position}), ''''), '') as named,
                regexp_extract(named, '{_PARTS}', ['file', 'version', 'row']) as part
            from {LANDED}
        ),
        asked as (
            select _row_number, named, part.file as name,
                case
                    when part.version <> '' then part.version
                    when regexp_full_match(part.file, '[0-9a-f]{{8,64}}') then part.file
                end as version,
                try_cast(part.row as bigint) as row_number
            from named
        ),
        known as (
            select file_id, file_sha256, file_name, is_current or is_correction as is_newest, is_correction
            from intake.file_state
            where kind = $kind and instansi_code = $instansi and rows_received > 0
        ),
        found as (
            select n.name, n.version, count(*) as files, min(k.file_id) as file_id,
                bool_or(k.is_correction) as is_correction
            from (select distinct name, version from asked where row_number is not null) as n
            inner join known as k on case
                when n.version is not null then starts_with(k.file_sha256, n.version)
                else k.is_newest and (k.file_name = n.name or ends_with(k.file_name, '/' || n.name))
            end
            group by all
        ),
        linked as (
            select a._row_number, a.named, a.row_number, f.files, f.file_id,
                coalesce(c.root_id, f.file_id) as root_id,
                coalesce(c.root_row, a.row_number) as root_row,
                not $knows or (r._row_number is not null and not (f.is_correction and c.root_row is null))
                    as is_there,
                r._opd_code as owner_code
            from asked as a
            left join found as f on a.name = f.name and a.version is not distinct from f.version
            left join intake.corrections as c
                on f.file_id = c.file_id and a.row_number = c.row_number
            left join received.{kind} as r on f.file_id = r._file_id and a.row_number = r._row_number
        ),
        rooted as (
            select l.* replace (
                    -- The answer on a row goes to its OPD, or to its sender where no register knows that OPD.
                    case when o.opd_code is not null then l.owner_code else s.opd_code end as owner_code
                ), s.is_current, s.opd_code, s.period
            from linked as l left join intake.file_state as s
                on l.root_id = s.file_id
            left join (
                select distinct opd_code from reference.opd_register where instansi_code = $instansi
            ) as o on l.owner_code = o.opd_code
        ),
        judged as (
            select _row_number, file_id, row_number, root_id, root_row, opd_code, period,
                mask_text(named) as found, {_FAULTS} as fault
            from rooted
        )
        select * exclude (found) replace (
            case when fault is not null then {{
                'rule': $kind || '.{COLUMN}.' || fault.rule, 'severity': 'error',
                'column_name': '{COLUMN}', 'found': found, 'expected': fault.expected,
                'message': 'Kolom {COLUMN}' || case fault.rule
                    when 'missing' then ' kosong; '
                    when 'sender' then ': ditemukan "' || found || '", '
                    else ': ditemukan "' || found || '", seharusnya '
                end || fault.expected || '.'
            }} end as fault
        )
        from judged""",
        {"kind": kind, "instansi": instansi_code, "sender": sender_code, "knows": knows_rows},
    )
    return True


def recall_values(
    con: duckdb.DuckDBPyConnection, kind: str, known: Mapping[str, str], own: Collection[str]
) -> None:
    """Where only the shown copy of a refused row is at hand, take the values that a correction keeps from it.

    Args:
        con: a connection after `link_rows`; `received.<kind>` is changed.
        kind: of the file.
        known: header spelling in lower case to column name.
        own: every column of the kind.
    """
    rows = con.execute(
        f"select distinct r._file_id, r._row_number, r._raw_row from {CORRECTED} as k "
        f"inner join received.{kind} as r on k.file_id = r._file_id and k.row_number = r._row_number "
        "where k.fault is null and json_valid(r._raw_row)"
    ).fetchall()
    for file_id, number, copy in rows:
        shown = {known.get(" ".join(head.lower().split())): cell for head, cell in json.loads(copy).items()}
        found = {name: cell for name, cell in shown.items() if name in own}
        if found:
            values = ", ".join(f'"{name}" = ?' for name in found)
            con.execute(
                f"update received.{kind} set {values} where _file_id = ? and _row_number = ?",
                [*found.values(), file_id, number],
            )


def keep_values(
    con: duckdb.DuckDBPyConnection,
    kind: str,
    columns: Sequence[str | None],
    own: Sequence[str],
    hidden: Collection[str],
) -> list[str]:
    """Fill what a correction leaves out with the value the row had: absent columns, hidden cells, the period.

    Args:
        con: the intake connection, after `link_rows`; `landed` is changed.
        kind: of the file.
        columns: known name of each landed cell, None for one that nobody knows.
        own: every column of the kind.
        hidden: columns of which only a pseudonym is kept.

    Returns:
        Names of the columns that were added to `landed`, in order.
    """
    absent = [name for name in own if name not in columns]
    joins = f"""
        left join {CORRECTED} as k on l._row_number = k._row_number and k.fault is null
        left join received.{kind} as r on k.file_id = r._file_id and k.row_number = r._row_number"""
    old = {name: f'r."{name}"' for name in own}
    if "period" in old:
        old["period"] = "coalesce(r.period, r._period)"
    counted = ", ".join(f"count({old[name]})" for name in absent) or "1"
    counts = con.execute(f"select {counted} from {LANDED} as l {joins}").fetchone()
    added = [name for name, count in zip(absent, counts or (), strict=False) if count]
    cells = []
    for i, name in enumerate(columns):
        # A leading ' that we or a spreadsheet put before a formula sign is not part of the value.
        cell = unguarded_sql(f"l.c{i}")
        if name and name in hidden:
            cell = f"case when trim(l.c{i}) = '{HIDDEN}' then {old[name]} else {cell} end"
        elif name == "period":
            cell = f"coalesce(nullif(trim(l.c{i}), ''), {old[name]})"
        cells.append(f"{cell} as c{i}")
    more = "".join(f", {old[name]} as c{i}" for i, name in enumerate(added, len(columns)))
    con.execute(
        f"create or replace temp table {LANDED} as "
        f"select l.* replace ({', '.join(cells)}){more} from {LANDED} as l {joins}"
    )
    return added


def finish_rows(
    con: duckdb.DuckDBPyConnection,
    kind: str,
    columns: Sequence[str | None],
    headers: Sequence[str],
    own: Collection[str],
    hidden: Collection[str],
) -> None:
    """Put the faults of `corrected` on the judged rows, and what a row keeps: pseudonyms, sender, period.

    Args:
        con: the intake connection, with `landed`, `corrected` and `judged`; the last is changed.
        kind: of the file.
        columns: known name of each landed cell, the added ones included.
        headers: header of each landed cell.
        own: every column of the kind.
        hidden: columns of which only a pseudonym is kept.
    """
    kept = [
        f'case when l.c{i} = r."{name}" then r."{name}" else j."{name}" end as "{name}"'
        for i, name in enumerate(columns)
        if name in hidden
    ]
    known = [(i, name) for i, name in enumerate(columns) if name]
    shown = ", ".join(
        f"case when l.c{i} is not null then '{HIDDEN}' end" if name in hidden else f"cut_credentials(l.c{i})"
        for i, name in known
    )
    sender = (
        "case when j.opd_code is null then k.opd_code else j._opd_code end"
        if "opd_code" in own
        else "k.opd_code"
    )
    period = "j._period" if "period" in own else "k.period"
    con.execute(
        f"""
        create or replace temp table {JUDGED} as
        select j.* replace (
            {"".join(f"{cell}, " for cell in kept)}
            case when k.fault is null then {sender} else j._opd_code end as _opd_code,
            case when k.fault is null then {period} else j._period end as _period,
            coalesce(j._raw_row, case when k.fault is not null
                then mask_text(to_json(map($headers::varchar[], [{shown}]))::varchar) end) as _raw_row,
            case when k.fault is not null then list_prepend(k.fault, j._broken) else j._broken end as _broken
        )
        from {JUDGED} as j
        inner join {CORRECTED} as k on j._row_number = k._row_number
        inner join {LANDED} as l on j._row_number = l._row_number
        left join received.{kind} as r on k.file_id = r._file_id and k.row_number = r._row_number
        order by j._row_number""",
        {"headers": [headers[i] for i, _ in known]},
    )


def keep_links(con: duckdb.DuckDBPyConnection, kind: str, file_id: str) -> None:
    """Remember which rows the file mends; belongs into the transaction that keeps its rows."""
    con.execute("delete from intake.corrections where file_id = ?", [file_id])
    accepted = "len(list_filter({}, lambda b: b.severity = 'error')) = 0"
    con.execute(
        f"insert into intake.corrections select ?, ?, k._row_number, k.root_id, k.root_row, "
        f"{accepted.format('j._broken')}, not ({accepted.format('r._broken')}) from {CORRECTED} as k "
        f"inner join {JUDGED} as j on k._row_number = j._row_number inner join received.{kind} as r "
        "on k.root_id = r._file_id and k.root_row = r._row_number where k.fault is null",
        [kind, file_id],
    )
