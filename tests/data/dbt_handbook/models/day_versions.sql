select day, hash(list(value order by id)) as day_version, count(*) as size
from {{ source('raw', 'calls') }}
group by day
