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
