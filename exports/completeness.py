"""What a bundle's README says of its numbers: what was owed, came, is late or waits, by which regulation.

Belongs here: the sentences in a bundle's README, told from the tables that lie in the bundle. Stays out:
counting (`fct_completeness`, `fct_indicator_sources`, `fct_scores`).
"""

from pathlib import Path

import duckdb

from expectations.quoting import literal

# Lines of what is overdue; the table holds all.
_MOST_LINES = 12


def state_completeness(data: Path) -> str:
    """Indonesian and English lines on what the numbers of a bundle rest on.

    Args:
        data: folder with `fct_completeness.csv` and `fct_indicator_sources.csv`; without them there is
            nothing to say, which is a dash.
    """
    owed, resting = (data / f"{name}.csv" for name in ("fct_completeness", "fct_indicator_sources"))
    if not owed.is_file():
        return "  -"
    with duckdb.connect() as connection:
        connection.execute(f"create view told as {_OF_THE_LONGEST_WINDOW.format(source=_csv(owed))}")
        lines = _totals(connection) + _overdue(connection)
        if resting.is_file():
            connection.execute(f"create view resting as select * from {_csv(resting)}")
            lines += _indicators(connection)
    return "\n".join(f"  {line}" for line in lines)


def state_regulations(data: Path) -> str:
    """Indonesian and English lines on scores by a regulation that does not evaluate their year.

    Args:
        data: folder with `fct_scores.csv` and `dim_rulebook.csv`.
    """
    scores, rulebooks = (_csv(data / f"{name}.csv") for name in ("fct_scores", "dim_rulebook"))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            select distinct period, book.rulebook_id, book.first_eval_year, coalesce(book.last_eval_year, '')
            from {scores} as score inner join {rulebooks} as book on score.rulebook_id = book.rulebook_id
            where not is_rulebook_of_year::boolean order by all
            """
        ).fetchall()
    lines = [
        line
        for period, rulebook, first, last in rows
        for line in (
            f"{period}, {rulebook}: menilai tahun {first}-{last}; nilainya bukan evaluasi {period}.",
            f"{period}, {rulebook}: it evaluates the years {first}-{last}; not the evaluation of {period}.",
        )
    ]
    lines = lines or [
        "Setiap nilai dihitung menurut peraturan tahunnya.",
        "Every score is computed by the regulation of its year.",
    ]
    return "\n".join(f"  {line}" for line in lines)


def _csv(path: Path) -> str:
    return f"read_csv({literal(str(path))}, header = true, all_varchar = true)"


# The year to date, or in the bundle of a month that month.
_OF_THE_LONGEST_WINDOW = """
    select
        opd_code,
        kind || case when log_format <> '' then ':' || log_format else '' end as source,
        frequency, window_start, window_end, owed_from,
        columns('(sources|files|rows)_.*')::bigint
    from {source}
    qualify rank() over (order by window_end::date - window_start::date desc, window_end desc) = 1
"""


def _totals(connection: duckdb.DuckDBPyConnection) -> list[str]:
    row = connection.execute(
        """
        select
            min(window_start), max(window_end), coalesce(sum(sources_expected), 0),
            coalesce(sum(sources_received), 0), coalesce(sum(sources_overdue), 0),
            sum(files_received), sum(files_refused), sum(files_waiting), sum(rows_waiting),
            min(owed_from) filter (frequency <> 'annual')
        from told
        """
    ).fetchone()
    if row is None or row[0] is None:
        return ["-"]
    first, last, owed, came, late, received, refused, waiting, rows, since = row
    rest = owed - came - late
    return [
        f"{first} .. {last}",
        f"Wajib {owed} (berkas, atau hari log), datang {came}, terlambat {late}, belum jatuh tempo {rest};",
        f"berkas yang berlaku {received}, ditolak {refused}, menunggu {waiting}; perlu diperbaiki:"
        f" {rows} baris.",
        f"Owed {owed} (files, or days of logs), received {came}, late {late}, not due yet {rest};",
        f"files that count {received}, refused {refused}, waiting {waiting}; rows to be mended {rows}.",
        *(_owed_since(since) if since and since > first else []),
    ]


def _owed_since(day: str) -> list[str]:
    return [
        f"Selain yang wajib setahun sekali, dihitung sejak {day}: bulan pertama yang ada kirimannya.",
        f"Save for what is owed once a year, counted from {day}: the first month of which anything came.",
    ]


def _overdue(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select opd_code, source, sources_overdue, sources_expected from told "
        "where sources_overdue > 0 order by sources_overdue desc, opd_code, source"
    ).fetchall()
    lines = [f"  {opd} {source}: {late} / {owed}" for opd, source, late, owed in rows[:_MOST_LINES]]
    if len(rows) > _MOST_LINES:
        lines.append(f"  … +{len(rows) - _MOST_LINES} (data/fct_completeness.csv)")
    return ["Terlambat / late:", *lines] if lines else []


def _indicators(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        """
        with indicators as (
            select
                rulebook_id, node_id, bool_and(is_for_level::boolean) as is_declared_alone,
                coalesce(bool_or(files_received::bigint = 0) filter (where not is_for_level::boolean), false)
                    as lacks_files
            from resting
            group by all
        )
        select
            rulebook_id, count(*) as indicators, count(*) filter (where is_declared_alone) as declared,
            count(*) filter (where lacks_files) as lacking
        from indicators
        group by all
        order by all
        """
    ).fetchall()
    lines = []
    for rulebook, count, declared, lacking in rows:
        read = count - declared
        lines += [
            f"{rulebook}: {count} indikator, {declared} hanya dari penilaian mandiri, {read} juga dari",
            f"berkas, dokumen, atau log; pada {lacking} di antaranya ada jenis yang tidak datang.",
            f"{rulebook}: {count} indicators, {declared} by the self assessment alone, {read} also by",
            f"files, documents or logs; of {lacking} of these a kind did not come.",
        ]
    return lines
