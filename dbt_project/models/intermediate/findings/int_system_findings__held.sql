with windows as (

    {{ finding_windows() }}

),

systems as (

    select
        systems.*,
        windows.window_words
    from {{ ref('int_systems__windowed') }} as systems
    inner join windows on {{ same_window('systems', 'windows') }}

),

last_contracts as (

    select
        instansi_code,
        system_code,
        max(ends_on) as ends_on
    from {{ ref('stg_vendor_contract__contracts') }}
    group by instansi_code, system_code

),

without_contract as (

    select
        systems.*,
        last_contracts.ends_on
    from systems
    left join last_contracts
        on
            systems.instansi_code = last_contracts.instansi_code
            and systems.system_code = last_contracts.system_code
    where systems.is_third_party and not systems.has_valid_contract

),

decisions as (

    select * from {{ ref('stg_overlap_decision__decisions') }}

),

-- Systems of two OPDs with one function code, unless a person said that they differ; and look-alikes of which
-- a person said that they do not.
same_functions as (

    select
        a.instansi_code,
        a.window_start,
        a.window_end,
        a.window_words,
        a.opd_code,
        coalesce(
            case when a.function_key = b.function_key then a.function_key end,
            least(a.system_code, b.system_code) || '+' || greatest(a.system_code, b.system_code)
        ) as finding_key,
        a.system_name,
        b.system_name as other_name,
        b.system_name || ' (' || coalesce(opds.opd_name, b.opd_code) || ')' as other_label
    from systems as a
    inner join systems as b
        on
            {{ same_window('a', 'b') }}
            and a.opd_code <> b.opd_code
    left join decisions
        on
            a.instansi_code = decisions.instansi_code
            and least(a.system_code, b.system_code) = decisions.system_code
            and greatest(a.system_code, b.system_code) = decisions.other_system_code
    left join {{ ref('int_opd__resolved') }} as opds
        on
            b.instansi_code = opds.instansi_code
            and b.opd_code = opds.opd_code
    where
        coalesce(decisions.decision, case when a.function_key = b.function_key then 'overlap' end) = 'overlap'

),

built_twice as (

    select
        same_functions.instansi_code,
        same_functions.opd_code,
        same_functions.finding_key,
        same_functions.window_start,
        same_functions.window_end,
        same_functions.window_words,
        max(functions.name_id) as function_name,
        count(distinct same_functions.other_name) as others,
        string_agg(distinct same_functions.system_name, ', ' order by same_functions.system_name)
            as own_systems,
        string_agg(distinct same_functions.other_label, ', ' order by same_functions.other_label)
            as other_systems
    from same_functions
    left join {{ ref('ref_layanan_ral') }} as functions on same_functions.finding_key = functions.code
    group by
        same_functions.instansi_code,
        same_functions.opd_code,
        same_functions.finding_key,
        same_functions.window_start,
        same_functions.window_end,
        same_functions.window_words

)

{{ finding_rows(
    'silo_system',
    of='systems',
    where='is_silo',
    opd='opd_code',
    key='system_code',
    system='system_code',
    subject='system_name',
    evidence="'dim_system: system_code = ' || system_code",
) }}
union all
{{ finding_rows(
    'third_party_without_contract',
    of='without_contract',
    opd='opd_code',
    key='system_code',
    system='system_code',
    subject='system_name',
    parts={
        'vendor': "coalesce(vendor_name, 'nama tidak disebut')",
        'day': day_words('measured_to'),
        'contract': "
            case
                when ends_on is null then 'tidak ada kontrak yang dikirim'
                when ends_on < measured_to then 'kontrak terakhir berakhir ' || " ~ day_words('ends_on') ~ "
                else 'kontraknya belum mulai'
            end",
    },
    evidence="'dim_system: system_code = ' || system_code",
) }}
union all
{{ finding_rows(
    'umum_built_by_opd',
    of='systems',
    where="app_class = 'umum' and builder_kind in ('own_opd', 'kominfo', 'vendor')",
    opd='opd_code',
    key='system_code',
    system='system_code',
    subject='system_name',
    parts={
        'builder': "
            case builder_kind
                when 'own_opd' then 'oleh OPD sendiri'
                when 'kominfo' then 'oleh Kominfo'
                else 'oleh pihak ketiga'
            end",
    },
    evidence="'dim_system: system_code = ' || system_code",
) }}
union all
{{ finding_rows(
    'function_overlap',
    of='built_twice',
    opd='opd_code',
    key='finding_key',
    subject='coalesce(function_name, finding_key)',
    size='others',
    parts={'own_systems': 'own_systems', 'other_systems': 'other_systems'},
    evidence="
        'fct_overlaps: opd_code or other_opd_code = ' || opd_code || ', function_key = ' || finding_key",
) }}
