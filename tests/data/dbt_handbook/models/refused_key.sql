select day, {{ env_var('REPEATED', 'id') }} as id from {{ source('raw', 'calls') }}
