{#- A regular expression is found anywhere in the text. -#}
{% macro text_matches(text, pattern) -%} regexp_matches({{ text }}, {{ pattern }}) {%- endmacro %}

{#- Words of a text for comparing: lower case, letters and digits, each once. -#}
{% macro word_set(text) -%}
    list_distinct(
        list_filter(
            string_split(regexp_replace(lower({{ text }}), '[^a-z0-9]+', ' ', 'g'), ' '),
            lambda word: length(word) > 1
        )
    )
{%- endmacro %}

{#- Share of words that two word sets have in common (Jaccard). -#}
{% macro word_overlap(a, b) -%}
    cast(length(list_intersect({{ a }}, {{ b }})) as double)
    / nullif(length(list_distinct(list_concat({{ a }}, {{ b }}))), 0)
{%- endmacro %}

{#- How alike two names are written, 0 to 1 (Jaro-Winkler). -#}
{% macro name_likeness(a, b) -%} jaro_winkler_similarity(lower({{ a }}), lower({{ b }})) {%- endmacro %}
