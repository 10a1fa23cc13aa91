with counted as (

    select
        {{ unit_keys('units') }},
        bool_or(opds.is_logged) as is_logged,
        count(opds.opd_code) as opds,
        count(*) filter (where opds.is_provider or opds.is_consumer) as connected,
        count(*) filter (where opds.is_provider) as providers,
        count(*) filter (where opds.is_consumer) as consumers,
        count(*) filter (where opds.is_on_hub) as on_hub,
        count(*) filter (where opds.is_outside) as with_outside
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_opd_edges__windowed') }} as opds
        on
            {{ same_window('units', 'opds') }}
            and {{ counts_for('units', 'opds.opd_code') }}
    group by all

)

{{ measure_rows('I04', 'counted', shares=[
    ('main', 'case when is_logged then connected end', 'opds'),
    ('as_provider', 'case when is_logged then providers end', 'opds'),
    ('as_consumer', 'case when is_logged then consumers end', 'opds'),
    ('hub', 'case when is_logged then on_hub end', 'opds'),
    ('with_outside', 'case when is_logged then with_outside end', 'opds'),
]) }}
