with systems as (

    select * from {{ ref('int_systems__windowed') }}
    where function_key is not null

),

functions as (

    select
        instansi_code,
        window_kind,
        window_start,
        function_key,
        count(distinct opd_code) as opds
    from systems
    group by instansi_code, window_kind, window_start, function_key

),

counted as (

    select
        {{ unit_keys('units') }},
        count(systems.system_code) as systems,
        count(distinct functions.function_key) as functions,
        count(distinct functions.function_key) filter (where functions.opds > 1) as shared
    from {{ ref('int_units__windowed') }} as units
    left join systems
        on
            {{ same_window('units', 'systems') }}
            and {{ counts_for('units', 'systems.opd_code') }}
    left join functions
        on
            {{ same_window('systems', 'functions') }}
            and systems.function_key = functions.function_key
    group by all

)

{{ measure_rows('I18', 'counted', shares=[
    ('main', 'shared', 'functions'),
    ('repeated', 'systems - functions', 'systems'),
]) }}
