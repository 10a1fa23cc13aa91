{#- A name as a key to compare by: lower case, letters and digits only, single blanks. -#}
{% macro name_key(name) -%}
    nullif(trim(regexp_replace(lower({{ name }}), '[^a-z0-9]+', ' ', 'g')), '')
{%- endmacro %}

{#- An address as a key to join by: lower case, without scheme, leading www. and trailing slashes. -#}
{% macro url_key(url) -%}
    nullif(
        regexp_replace(
            regexp_replace(lower(trim({{ url }})), '^([a-z][a-z0-9+.-]*://)?(www\.)?', ''), '/+$', ''
        ),
        ''
    )
{%- endmacro %}

{#- Aggregate: the first filled value by `position`. -#}
{% macro first_filled(column, position='position') -%}
    min_by({{ column }}, {{ position }}) filter (where {{ column }} is not null)
{%- endmacro %}

{#- Text of the month of a date, YYYY-MM. -#}
{% macro month_text(day) -%}
    substr(cast({{ day }} as varchar), 1, 7)
{%- endmacro %}

{#- Running number of the period that `day` falls in: two days of one period have one number, the next period
    the next one. Frequencies: daily, weekly (Monday to Sunday), monthly, quarterly, semiannual, annual. -#}
{% macro period_number(day, frequency) -%}
    case {{ frequency }}
        when 'daily' then datediff('day', cast('2000-01-03' as date), {{ day }})
        when 'weekly' then floor(datediff('day', cast('2000-01-03' as date), {{ day }}) / 7.0)
        when 'monthly' then year({{ day }}) * 12 + month({{ day }}) - 1
        when 'quarterly' then year({{ day }}) * 4 + quarter({{ day }}) - 1
        when 'semiannual' then year({{ day }}) * 2 + case when month({{ day }}) > 6 then 1 else 0 end
        when 'annual' then year({{ day }})
    end
{%- endmacro %}

{#- One row per part of a text. (Spark: explode(split(...)).) -#}
{% macro unnest_split(text, separator) -%}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}

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

{#- A sentence with its words in braces filled in, in the order of `words`: (word, column) pairs. Braces in what is
    put in are covered meanwhile, so that a name is never read as a word to fill in. -#}
{% macro filled_sentence(sentence, words) -%}
    {%- set ns = namespace(text=sentence) -%}
    {%- for word, column in words -%}
        {%- set given = "replace(coalesce(" ~ column ~ ", ''), '{', chr(57344))" -%}
        {%- set ns.text = "replace(" ~ ns.text ~ ", '{" ~ word ~ "}', " ~ given ~ ")" -%}
    {%- endfor -%}
    replace({{ ns.text }}, chr(57344), '{')
{%- endmacro %}
