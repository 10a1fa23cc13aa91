{#- A name as a key to compare by: lower case, letters and digits only, single blanks. -#}
{% macro name_key(name) -%}
    nullif(trim(regexp_replace(lower({{ name }}), '[^a-z0-9]+', ' ', 'g')), '')
{%- endmacro %}

{#- An agency's name as a key to compare by: lower case, letters and digits only, without the word Pemerintah or
    Provinsi in front, the ministry's short forms Kab., Kep. and Sel. written out. -#}
{% macro instansi_name_key(name) -%}
    {%- set ns = namespace(x="' ' || regexp_replace(lower(" ~ name ~ "), '[^a-z0-9]+', ' ', 'g') || ' '") -%}
    {%- for found, put in [
        ("^ +pemerintah ", " "), ("^ +provinsi ", " "),
        (" kab ", " kabupaten "), (" kep ", " kepulauan "), (" sel ", " selatan "), (" +", ""),
    ] -%}
        {%- set ns.x = "regexp_replace(" ~ ns.x ~ ", '" ~ found ~ "', '" ~ put ~ "', 'g')" -%}
    {%- endfor -%}
    {{ ns.x }}
{%- endmacro %}

{#- A name as a code: lower case, runs of other characters become one hyphen. -#}
{% macro slug(name) -%}
    trim(regexp_replace(lower({{ name }}), '[^a-z0-9]+', '-', 'g'), '-')
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

{#- The member of an X-Road name: INSTANCE/CLASS/MEMBER of INSTANCE/CLASS/MEMBER/SUBSYSTEM. -#}
{% macro xroad_member(identity) -%}
    concat_ws(
        '/', split_part({{ identity }}, '/', 1), split_part({{ identity }}, '/', 2), split_part({{ identity }}, '/', 3)
    )
{%- endmacro %}
