select * from {{ ref('int_system_findings__held') }}
union all
select * from {{ ref('int_exchange_findings__held') }}
union all
select * from {{ ref('int_call_findings__held') }}
union all
select * from {{ ref('int_claim_findings__held') }}
union all
select * from {{ ref('int_document_findings__held') }}
union all
select * from {{ ref('int_duty_findings__held') }}
