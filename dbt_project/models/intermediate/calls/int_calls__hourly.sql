with business as (

    select
        *,
        unnest(hours) as hour_count
    from {{ ref('int_calls__classified') }}
    where is_business

)

select
    business.day,
    business.hour_count.hour,
    business.instansi_code,
    business.log_format,
    business.provider_opd,
    business.provider_system,
    business.service,
    cast(sum(business.hour_count.calls) as bigint) as calls,
    cast(
        coalesce(sum(business.hour_count.calls) filter (where business.succeeded), 0) as bigint
    ) as succeeded
from business
group by
    business.day,
    business.hour_count.hour,
    business.instansi_code,
    business.log_format,
    business.provider_opd,
    business.provider_system,
    business.service
