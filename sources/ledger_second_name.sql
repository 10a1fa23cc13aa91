-- Contents (parameter `replaced`) that no longer count under the name they came by first count by another name they lie
-- under, unless that name holds something newer.
update intake.files as f
set
    status = case when o.rows_quarantined > 0 then 'partly' else 'loaded' end,
    reason_code = null,
    reason_text = null,
    rows_received = o.rows_received,
    rows_loaded = o.rows_loaded,
    rows_quarantined = o.rows_quarantined,
    warnings = o.warnings,
    sheets = o.sheets,
    absent_columns = o.absent_columns,
    contract_version = o.contract_version
from (
    select
        twin.file_name,
        gone.*  exclude (file_name)
    from intake.files as twin
    inner join intake.files as gone on twin.file_id = gone.file_id and gone.status = 'replaced'
    where
        twin.status = 'duplicate'
        and list_contains($replaced, twin.file_id)
        and twin.file_order = (
            select max(newest.file_order) from intake.files as newest where newest.file_name = twin.file_name
        )
    qualify row_number() over (partition by twin.file_id order by twin.file_order) = 1
) as o
where f.file_id = o.file_id and f.file_name = o.file_name;
