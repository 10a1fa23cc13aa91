select id, 'unsaid' as other from {{ ref('tabled') }}
