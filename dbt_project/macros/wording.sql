{#- A number as Indonesians write it: dot for thousands, comma for decimals, at most two, no trailing zeros. -#}
{% macro number_text(x) -%}
    regexp_replace(
        replace(replace(replace(format('{:,.2f}', cast({{ x }} as double)), ',', '#'), '.', ','), '#', '.'),
        ',?0+$', ''
    )
{%- endmacro %}

{#- A window in words: "Oktober 2026", "Januari s.d. Oktober 2026", "tahun 2026". -#}
{% macro window_text(window_start, window_end) -%}
    case
        when {{ month_text(window_start) }} = {{ month_text(window_end) }}
            then {{ month_name(window_start) }} || ' ' || year({{ window_end }})
        when month({{ window_start }}) = 1 and month({{ window_end }}) = 12 then 'tahun ' || year({{ window_end }})
        else
            {{ month_name(window_start) }} || ' s.d. ' || {{ month_name(window_end) }} || ' '
            || year({{ window_end }})
    end
{%- endmacro %}

{#- The Indonesian name of the month of a date. -#}
{% macro month_name(day) -%}
    case month({{ day }})
        {%- for name in [
            'Januari', 'Februari', 'Maret', 'April', 'Mei', 'Juni', 'Juli', 'Agustus', 'September', 'Oktober',
            'November', 'Desember',
        ] %}
        when {{ loop.index }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}

{#- A day in words: "3 Oktober 2026". -#}
{% macro day_words(day) -%}
    day({{ day }}) || ' ' || {{ month_name(day) }} || ' ' || year({{ day }})
{%- endmacro %}

{#- A sentence with its names in braces filled in from `parts`, a map of them; one that the map has not is left out.
    What is put in is not read again: a name in it may hold braces. -#}
{% macro filled_sentence(sentence, parts) -%}
    array_to_string(
        list_transform(
            string_split({{ sentence }}, '{'),
            lambda piece: case
                when contains(piece, '}')
                    then coalesce({{ parts }}[split_part(piece, '}', 1)], '') || substr(piece, strpos(piece, '}') + 1)
                else piece
            end
        ),
        ''
    )
{%- endmacro %}
