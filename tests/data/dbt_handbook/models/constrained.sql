select id, value from {{ ref('tabled') }}
