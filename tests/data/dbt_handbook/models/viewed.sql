select id from {{ ref('tabled') }}
