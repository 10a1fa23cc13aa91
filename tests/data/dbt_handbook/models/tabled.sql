select value, day, id from {{ source('raw', 'calls') }}
