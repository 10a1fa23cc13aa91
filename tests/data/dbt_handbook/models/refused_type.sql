select {{ env_var('ODD_VALUE', 'value') }} as value from {{ source('raw', 'calls') }}
