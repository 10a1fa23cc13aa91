"""Versions of a bundle: what one rests on, what a new one changes, and the draft of one.

Belongs here: the basis of a version, the table of what changed, names in the outbox. Stays out: the files of
a bundle and their signing (`bundle.py`).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.quoting import literal

CHANGES = "perubahan.csv"
# Fields of bag-info.txt by which the next night sees whether anything happened.
RECEIVED, PROGRAM = "Received-SHA256", "Program-SHA256"
# As many as a sentence bears.
_NAMED = 3


@dataclass(frozen=True)
class Basis:
    """What a bundle rests on: what came in about its instansi, and the program with its rules and settings.

    Both are hexadecimal sha256; a day that passes changes neither.
    """

    received: str
    program: str

    def info(self) -> dict[str, str]:
        """The fields of `bag-info.txt` that keep it."""
        return {RECEIVED: self.received, PROGRAM: self.program}

    def is_that_of(self, info: dict[str, str]) -> bool:
        """Whether a bundle with these fields rests on the same."""
        return all(info.get(name) == value for name, value in self.info().items())


def received_digest(connection: duckdb.DuckDBPyConnection, instansi_code: str) -> str:
    """What came in about an instansi as one sha256: its files with their verdicts, and those it rests on.

    Files of others count where a score rests on them (the ministry's table); what another's log tells of its
    own calls shows in those calls. Neither receipt times nor the day of the run have a part.

    Args:
        connection: the published database, with all its rows.
        instansi_code: whose digest.
    """
    [digest] = connection.execute(
        """
        with rests_on as (
            select file_sha256 from fct_intake_files where instansi_code = $code
            union
            select file_sha256 from fct_scores where instansi_code = $code
        ),
        told as (
            select concat_ws('|', file_sha256, kind, file_name, status, rows_loaded, rows_quarantined) as line
            from rests_on inner join fct_intake_files using (file_sha256)
            union all
            select concat_ws('|', day, sum(calls), sum(succeeded))
            from fct_calls_daily
            where instansi_code = $code
            group by day
        )
        select sha256(coalesce(string_agg(line, chr(10) order by line), '')) from told
        """,
        {"code": instansi_code},
    ).fetchone() or ("",)
    return str(digest)


def newest_version(outbox: Path, group: str) -> int | None:
    """The number of the newest signed version of a bundle in the outbox; None where there is none."""
    versions = [
        int(found.group(1))
        for path in outbox.iterdir()
        if path.is_dir() and (found := re.fullmatch(re.escape(group) + r"-v(\d+)", path.name))
    ]
    return max(versions, default=None)


def draft_path(outbox: Path, group: str) -> Path:
    """Where the draft of the next version lies until it is released."""
    return outbox / f"{group}-draft"


def write_changes(
    connection: duckdb.DuckDBPyConnection,
    old: Path,
    target: Path,
    days: tuple[str, str],
    is_other_program: bool,
) -> str:
    """Write the numbers that a version changes, each with what it was and which files made it another.

    Args:
        connection: the published database, narrowed to the rows of the bundle.
        old: the folder `data/` of the version before.
        target: the CSV to be written, one row a number.
        days: last day of the data of the version before and of this one.
        is_other_program: the program, its rules or its settings are other ones.

    Returns:
        An Indonesian sentence: what was received or changed, how many numbers are others, which indices.
    """
    try:
        _compare(connection, old, days, is_other_program)
        said = _sentence(connection, is_other_program)
    except (duckdb.BinderException, duckdb.ConversionException):
        # Tables of a program that wrote other columns.
        connection.execute(_NOT_COMPARED)
        said = "angka versi sebelumnya tidak dapat dibandingkan: tabelnya dibuat program lain"
    connection.execute(
        f"copy (select * from changes order by all) to {literal(str(target))} (format csv, header)"
    )
    return said


def _compare(
    connection: duckdb.DuckDBPyConnection, old: Path, days: tuple[str, str], is_other_program: bool
) -> None:
    """Make the temporary tables `came` (files that are new or have another verdict) and `changes`."""
    for name in ("fct_intake_files", "fct_scores", "fct_indicator_values"):
        source = literal(str(old / f"{name}.csv"))
        connection.execute(
            f"create or replace temp table earlier_{name} as "
            f"select * from read_csv({source}, header = true, all_varchar = true)"
        )
    connection.execute(_CAME)
    if is_other_program:
        otherwise = "program atau aturannya berubah"
    elif days[0] != days[1]:
        otherwise = f"hari ukur bergeser dari {days[0]} ke {days[1]}"
    else:
        otherwise = "; ".join(_names_of_what_came(connection)) or "berkas instansi lain"
    connection.execute(_CHANGES.format(otherwise=literal(otherwise)))


def _names_of_what_came(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        name for (name,) in connection.execute("select distinct file_name from came order by 1").fetchall()
    ]


_CAME = """
    create or replace temp table came as
    select file_sha256, kind, file_name, status, rows_loaded::varchar as rows_loaded from fct_intake_files
    except
    select file_sha256, kind, file_name, status, rows_loaded from earlier_fct_intake_files
"""

# A score rests on the files of all scores of its assessment, a measure on those of the kinds that it needs.
_CHANGES = """
    create or replace temp table changes as
    with assessed as (
        select
            score.unit_code, score.period, score.rulebook_id, score.stage,
            string_agg(distinct came.file_name, '; ' order by came.file_name) as files
        from fct_scores as score inner join came on score.file_sha256 = came.file_sha256
        group by all
    ),
    needed as (
        select measure.measure_id, string_agg(distinct came.file_name, '; ' order by came.file_name) as files
        from dim_measure as measure
        inner join came on list_contains(string_split(replace(measure.needs, ' ', ''), ';'), came.kind)
        group by all
    ),
    scores as (
        select
            'nilai' as what, unit_code, period, rulebook_id || ' ' || stage as of_what, node_id as code,
            was.score::double as before, now.score as after, assessed.files
        from fct_scores as now
        full outer join earlier_fct_scores as was using (unit_code, period, rulebook_id, stage, node_id)
        left join assessed using (unit_code, period, rulebook_id, stage)
    ),
    measures as (
        select
            'ukuran' as what, unit_code, window_kind || ' ' || window_start as period,
            concat_ws('/', figure, figure_node, figure_system, figure_service) as of_what,
            measure_id as code, value
        from fct_indicator_values
    ),
    earlier_measures as (
        select
            'ukuran' as what, unit_code, window_kind || ' ' || window_start as period,
            concat_ws('/', figure, figure_node, figure_system, figure_service) as of_what, measure_id as code,
            value::double as value
        from earlier_fct_indicator_values
    ),
    compared as (
        select * from scores
        union all
        select what, unit_code, period, of_what, code, was.value as before, now.value as after, needed.files
        from measures as now
        full outer join earlier_measures as was using (what, unit_code, period, of_what, code)
        left join needed on code = needed.measure_id
    )
    select what, unit_code, period, of_what, code, before, after, coalesce(files, {otherwise}) as because
    from compared
    where before is distinct from after
"""


_NOT_COMPARED = """
    create or replace temp table changes as
    select
        null::varchar as what, null::varchar as unit_code, null::varchar as period, null::varchar as of_what,
        null::varchar as code, null::double as before, null::double as after, null::varchar as because
    where false
"""


def _sentence(connection: duckdb.DuckDBPyConnection, is_other_program: bool) -> str:
    """Say in one line what came and which numbers are others."""
    files = _names_of_what_came(connection)
    [count] = connection.execute("select count(*) from changes").fetchone() or (0,)
    indices = connection.execute(
        "select rulebook_id, stage, was.printed, now.printed::varchar "
        "from fct_scores as now inner join earlier_fct_scores as was "
        "using (unit_code, period, rulebook_id, stage, node_id) "
        "where now.node_kind = 'index' and now.unit_kind = 'instansi' "
        "and was.printed is distinct from now.printed::varchar order by all"
    ).fetchall()
    said = []
    if files:
        more = f" dan {len(files) - _NAMED} lainnya" if len(files) > _NAMED else ""
        said.append(f"{len(files)} berkas baru atau berstatus lain ({', '.join(files[:_NAMED])}{more})")
    if is_other_program:
        said.append("program atau aturannya berubah")
    said.append(f"{count} angka berubah" if count else "tidak ada angka yang berubah")
    said += [
        f"indeks {rulebook} {stage} dari {_shown(before)} menjadi {_shown(after)}"
        for rulebook, stage, before, after in indices[:_NAMED]
    ]
    return "; ".join(said)


def _shown(printed: str | None) -> str:
    return printed.replace(".", ",") if printed else "belum ada"
