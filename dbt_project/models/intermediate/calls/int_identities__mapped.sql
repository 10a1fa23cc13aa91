with counted as (

    select * from {{ ref('int_calls__counted_daily') }}

),

mapping as (

    select * from {{ ref('stg_gateway_identity__identities') }}

),

identities as (

    select distinct
        instansi_code,
        log_format,
        'consumer' as role,
        consumer_identity as identity
    from counted
    where consumer_identity is not null
    union all
    select distinct
        instansi_code,
        log_format,
        'provider' as role,
        provider_identity as identity
    from counted

),

candidates as (

    select
        identities.instansi_code,
        identities.log_format,
        identities.role,
        identities.identity,
        mapping.instansi_code as mapped_by,
        mapping.identity as matched_identity,
        mapping.opd_code,
        mapping.system_code,
        mapping.service_code,
        mapping.valid_from,
        mapping.valid_to,
        mapping.file_order,
        mapping.row_number
    from identities
    inner join mapping
        on
            identities.instansi_code = mapping.instansi_code
            and identities.log_format = mapping.log_format
            and identities.role = mapping.role
            and (
                identities.identity = mapping.identity
                or left(identities.identity, length(mapping.identity) + 1) = mapping.identity || '/'
                -- Their names are lists (tenant, owner, application; user name, own id): any may be mapped.
                or (
                    identities.log_format in ('wso2', 'kong')
                    and contains('/' || identities.identity || '/', '/' || mapping.identity || '/')
                )
            )
    union all
    -- A name that means the same everywhere, and that another instansi says is its own: an outside body.
    select
        identities.instansi_code,
        identities.log_format,
        identities.role,
        identities.identity,
        mapping.instansi_code as mapped_by,
        mapping.identity as matched_identity,
        'EXT:' || mapping.instansi_code as opd_code,
        cast(null as varchar) as system_code,
        cast(null as varchar) as service_code,
        mapping.valid_from,
        mapping.valid_to,
        mapping.file_order,
        mapping.row_number
    from identities
    inner join mapping
        on
            identities.instansi_code <> mapping.instansi_code
            and identities.log_format = mapping.log_format
            and identities.role = mapping.role
            and (
                identities.identity = mapping.identity
                or left(identities.identity, length(mapping.identity) + 1) = mapping.identity || '/'
            )
    where
        {{ has_global_ids('mapping.log_format') }}
        and mapping.opd_code not like 'EXT:%'

),

-- Days on which the answer may change.
starts as (

    select
        instansi_code,
        log_format,
        role,
        identity,
        cast('0001-01-01' as date) as valid_from
    from identities
    union
    select
        instansi_code,
        log_format,
        role,
        identity,
        valid_from
    from candidates
    union
    select
        instansi_code,
        log_format,
        role,
        identity,
        {{ day_plus('valid_to', 1) }} as valid_from
    from candidates
    where valid_to < cast('9999-12-31' as date)

),

spans as (

    select
        *,
        lead(valid_from) over (
            partition by instansi_code, log_format, role, identity
            order by valid_from
        ) as next_from
    from starts

),

chosen as (

    select
        spans.instansi_code,
        spans.log_format,
        spans.role,
        spans.identity,
        spans.valid_from,
        spans.next_from,
        candidates.matched_identity,
        candidates.opd_code,
        candidates.system_code,
        candidates.service_code
    from spans
    left join candidates
        on
            spans.instansi_code = candidates.instansi_code
            and spans.log_format = candidates.log_format
            and spans.role = candidates.role
            and spans.identity = candidates.identity
            and spans.valid_from between candidates.valid_from and candidates.valid_to
    qualify row_number() over (
        partition by spans.instansi_code, spans.log_format, spans.role, spans.identity, spans.valid_from
        order by
            candidates.mapped_by = spans.instansi_code desc nulls last,
            length(candidates.matched_identity) desc nulls last,
            candidates.mapped_by,
            candidates.file_order desc,
            candidates.row_number desc
    ) = 1

)

select
    instansi_code,
    log_format,
    role,
    identity,
    valid_from,
    coalesce({{ day_plus('next_from', -1) }}, cast('9999-12-31' as date)) as valid_to,
    matched_identity,
    coalesce(
        opd_code,
        case
            when log_format = 'xroad' then {{ xroad_member('identity') }}
            when left(identity, 1) = '/' then '/' || split_part(identity, '/', 2)
            else split_part(identity, '/', 1)
        end
    ) as opd_code,
    coalesce(
        system_code, case when log_format = 'kong' then split_part(identity, '/', 1) else identity end
    ) as system_code,
    service_code,
    opd_code is not null as is_mapped,
    system_code is not null as is_system
from chosen
