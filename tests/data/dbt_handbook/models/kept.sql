select calls.day, calls.id, calls.value, versions.day_version, cast(getvariable('chosen_days') as date[]) as written_with
from {{ source('raw', 'calls') }} as calls
inner join {{ ref('day_versions') }} as versions on calls.day = versions.day
where {{ is_chosen_day('calls.day') }}
