select day, day_version from {{ ref('day_versions') }}
