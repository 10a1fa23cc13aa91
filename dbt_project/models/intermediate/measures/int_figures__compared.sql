-- The macros below write long lines.
-- noqa: disable=LT05
with settings as (

    select figure_tolerance_rel from {{ source('raw', 'run_settings') }}

),

figures as (

    select
        *,
        -- A share is counted again from its parts, in hundredths where the unit is percent.
        case
            when denominator <> 0
                then
                    cast(numerator as double) / cast(denominator as double)
                    * case when {{ text_matches('lower(trim(unit))', "'^(%|percent|persen)'") }} then 100 else 1 end
        end as recounted_value
    from {{ ref('stg_published_figure__figures') }}

),

compared as (

    select
        figures.*,
        coalesce(cast(figures.field_value as double), figures.recounted_value) as compared_value,
        settings.figure_tolerance_rel
    from figures
    cross join settings

),

measured as (

    select
        *,
        abs(cast(published_value as double) - compared_value) as gap_abs,
        coalesce(
            cast(tolerance_abs as double),
            cast(coalesce(tolerance_rel, figure_tolerance_rel) as double) * abs(compared_value)
        ) as tolerance
    from compared

)

select
    instansi_code,
    sender_code,
    figure_id,
    period,
    name,
    unit,
    opd_code,
    system_code,
    system_name,
    area_code,
    cast(published_value as double) as published_value,
    published_where,
    published_on,
    cast(field_value as double) as field_value,
    field_method,
    field_on,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    recounted_value,
    compared_value,
    gap_abs,
    gap_abs / nullif(abs(compared_value), 0) as gap_rel,
    tolerance,
    compared_value is not null as is_compared,
    -- A hair of slack, far below any printed digit: both sides are doubles.
    gap_abs <= tolerance + 1e-9 * abs(compared_value) as is_equal,
    abs(recounted_value - cast(field_value as double)) <= 1e-6 * abs(recounted_value) as is_recount_equal,
    source,
    file_sha256,
    row_number
from measured
