with windows as (

    select * from {{ ref('int_windows__listed') }}

),

opds as (

    select * from {{ ref('int_opd__resolved') }}

),

registers as (

    select distinct instansi_code
    from opds
    where is_mapped

)

select
    instansi_code,
    window_kind,
    window_start,
    window_end,
    measured_to,
    'instansi' as unit_kind,
    instansi_code as unit_code
from windows
union all
select
    windows.instansi_code,
    windows.window_kind,
    windows.window_start,
    windows.window_end,
    windows.measured_to,
    'opd' as unit_kind,
    opds.opd_code as unit_code
from windows
inner join opds on windows.instansi_code = opds.instansi_code
left join registers on windows.instansi_code = registers.instansi_code
where
    -- Where a register came in, only its OPDs are units; a name that it does not know is none.
    opds.is_mapped = (registers.instansi_code is not null)
    and coalesce(opds.valid_from <= windows.measured_to, true)
    and coalesce(opds.valid_to >= windows.window_start, opds.is_active)
    and opds.opd_code <> windows.instansi_code
