-- What stands inside the lines of `raw_lines (line)`: adds to `opened (number, stream, text, is_partial)`.
-- A line that is not wrapped stands as it is. The text holds no control characters but tabs.
insert into opened
with found as (
    select
        number,
        line,
        {% if key %}
        case
            when left(ltrim(line), 1) = '{' and json_valid(line)
                then json_extract_string(line, ['$.{{ key }}', '$.stream'])
        end as parts
        {% elif is_string %}
        case
            when left(ltrim(line), 1) = '"' and json_valid(line) then [json_extract_string(line, '$'), null]
        end as parts
        {% elif has_tag %}
        case when regexp_matches(line, '{{ prefix }}')
            then [
                regexp_replace(line, '{{ prefix }}', '') || case
                    when regexp_extract(line, '{{ prefix }}', {{ tag }}) = 'P' then '' else chr(10)
                end,
                regexp_extract(line, '{{ prefix }}', {{ stream }})
            ]
        end as parts
        {% else %}
        [regexp_replace(line, '{{ prefix }}', ''), null] as parts
        {% endif %}
    from (select rowid + $before as number, nullif(line, '{{ blank }}') as line from raw_lines)
),

told as (
    select
        *,
        coalesce(parts[1], line, '') as text,
        split_part(coalesce(parts[1], line, ''), chr(10), 1) as first_line
    from found
)

select
    number,
    coalesce(parts[2], '') as stream,
    -- The usual first, since the careful look costs more than all else: one line, without a CR, NUL or 0x01,
    -- which the file of opened lines would not keep apart. `clean_blocks` marks the other controls there.
    case
        when (text = first_line or text = first_line || chr(10))
            and not contains(first_line, chr(13))
            and not contains(line, '\u0')
            then first_line
        else {{ clean }}
    end as text,
    coalesce(not ends_with(parts[1], chr(10)), false) as is_partial
from told
