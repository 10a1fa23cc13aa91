"""What agencies owe by their register, and what of it has not come.

Belongs here: the one definition of a missing source, for alerts and checks. Stays out: telling of it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

_IS_COUNTED = "select 1 from duckdb_tables() where table_name = 'int_sources__counted'"
# Of every source that an OPD owes by its register, the period that was due last, days of grace and all. It is
# missing if neither it nor a later one came. What was due before the home knows any period is not asked for.
_MISSING = """
with owed as (
    select
        sources.*,
        min(sources.window_start) over (partition by sources.instansi_code) as known_from,
        $as_of::date - terms.grace_days::integer + 1 as due_before
    from intermediate.int_sources__counted as sources
    inner join seeds.delivery_terms as terms on sources.frequency = terms.frequency
),

sources as (
    select
        instansi_code,
        opd_code,
        source_code,
        known_from,
        (case frequency
            when 'daily' then due_before - 1
            when 'weekly' then date_trunc('week', due_before) - interval 7 days
            when 'monthly' then date_trunc('month', due_before) - interval 1 month
            when 'quarterly' then date_trunc('quarter', due_before) - interval 3 months
            when 'semiannual'
                then date_trunc('year', due_before) - case when month(due_before) > 6 then interval 0 months
                    else interval 6 months end
            else date_trunc('year', due_before) - interval 1 year
        end)::date as due_from,
        max(window_start) filter (
            sources_received > 0 and (window_kind = 'month' or frequency = 'annual')
        ) as last_window
    from owed
    group by all
),

logs as (
    select
        files.instansi_code,
        'service_log:' || files.log_format as source_code,
        max(lake.day) as last_day
    from intake.lake_files as lake
    inner join intake.files as files on lake.file_id = files.file_id
    where files.status in ('loaded', 'partly')
    group by all
)

select sources.opd_code, sources.source_code, sources.due_from
from sources
left join logs on sources.instansi_code = logs.instansi_code and sources.source_code = logs.source_code
where
    sources.due_from >= sources.known_from
    and case
        when sources.source_code like 'service_log:%' then coalesce(logs.last_day < sources.due_from, true)
        else coalesce(sources.last_window < date_trunc('month', sources.due_from), true)
    end
order by sources.due_from, sources.opd_code, sources.source_code
"""


class MissingSource(NamedTuple):
    """A source that an OPD owes by its register (`expects`) and that has not come.

    `source_code` is a kind, or `service_log:<format>`; `due_from` the first day of the period that was due.
    """

    opd_code: str
    source_code: str
    due_from: dt.date

    def __str__(self) -> str:
        return f"{self.opd_code} {self.source_code} (for {self.due_from} or later)"


def is_counted(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether an index was ever made: before that nobody knows what is owed."""
    return con.execute(_IS_COUNTED).fetchone() is not None


def missing_sources(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> list[MissingSource]:
    """What is owed and has not come by a day, days of grace and all; the longest overdue first."""
    return [MissingSource(*row) for row in con.execute(_MISSING, {"as_of": as_of}).fetchall()]
