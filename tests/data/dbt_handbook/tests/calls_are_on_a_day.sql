select * from {{ ref('tabled') }} where day is null
