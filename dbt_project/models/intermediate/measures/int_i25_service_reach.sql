-- On the list of the reference where there is one, else every code that the agency's own files name.
with listed as (

    select
        instansi_code,
        kode_kemendagri as kecamatan_code
    from {{ ref('kecamatan') }}

),

-- More users than people are no share of them (a total since launch, mostly): such a row has no part in the
-- figure on users, and its warning stays with the sender.
usage as (

    select
        *,
        case when active_users <= target_population then active_users end as counted_users,
        case
            when coalesce(active_users <= target_population, true) then target_population
        end as counted_target
    from {{ ref('stg_usage__months') }}

),

kecamatan as (

    select * from listed
    union
    select distinct
        instansi_code,
        kecamatan_code
    from usage
    where instansi_code not in (select listed.instansi_code from listed)

),

kecamatan_counts as (

    select
        instansi_code,
        kecamatan
    from {{ ref('int_kecamatan__counted') }}

),

owners as (

    select
        instansi_code,
        system_code,
        max_by(opd_code, period) as opd_code
    from {{ ref('int_systems__joined') }}
    group by instansi_code, system_code

),

-- People who use a system in several months are the same people: of a window the highest month counts.
used as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        owners.opd_code,
        usage.system_code,
        usage.kecamatan_code,
        max(usage.counted_users) as counted_users,
        max(usage.counted_target) as counted_target,
        coalesce(max(usage.active_users), 0) > 0 or coalesce(max(usage.transactions), 0) > 0 as is_used
    from {{ ref('int_windows__listed') }} as windows
    inner join usage
        on
            windows.instansi_code = usage.instansi_code
            and {{ period_touches('usage.period', 'windows') }}
    left join owners
        on
            usage.instansi_code = owners.instansi_code
            and usage.system_code = owners.system_code
    group by all

),

counted as (

    select
        {{ unit_keys('units') }},
        max(kecamatan_counts.kecamatan) filter (where used.kecamatan_code is not null) as kecamatan,
        count(distinct kecamatan.kecamatan_code) filter (where used.is_used) as reached,
        sum(used.counted_users) as users,
        sum(used.counted_target) as target
    from {{ ref('int_units__windowed') }} as units
    left join kecamatan_counts on units.instansi_code = kecamatan_counts.instansi_code
    left join used
        on
            {{ same_window('units', 'used') }}
            and {{ counts_for('units', 'used.opd_code') }}
    -- A code that is not on the list is no kecamatan of the agency.
    left join kecamatan
        on
            used.instansi_code = kecamatan.instansi_code
            and used.kecamatan_code = kecamatan.kecamatan_code
    group by all

)

{{ measure_rows('I25', 'counted', shares=[
    ('main', 'case when kecamatan is not null then reached end', 'coalesce(kecamatan, 0)'),
    ('users', 'users', 'coalesce(target, 0)'),
]) }}
