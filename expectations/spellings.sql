-- What people write for a code. A view `said_<resolver>` has rows (scope, said, code, is_code, rank, is_active):
-- `scope` is the instansi or the rulebook within which it holds, '' where it holds everywhere; `is_code` tells a
-- code or a number from a name. Of two codes with one spelling the lower rank has it; within a rank nobody has it,
-- for that would be a guess. `spellings.py` runs the sections, each after a line `-- section:`.

-- section: macros
-- A spelling as a key to compare by: case, blanks and signs say nothing, save between two numbers.
create or replace temp macro spelling_key(x) as
regexp_replace(
    regexp_replace(
        trim(regexp_replace(replace(lower(x), '&', ' dan '), '[^\p{L}\p{N}]+', ' ', 'g')),
        '(\p{L}) ', '\1', 'g'
    ),
    ' (\p{L})', '\1', 'g'
);

-- The words of a name that tell it from others, short forms written out.
create or replace temp macro telling_words(x) as
array_to_string(
    list_filter(
        list_transform(
            string_split(trim(regexp_replace(lower(x), '[^\p{L}\p{N}]+', ' ', 'g')), ' '),
            lambda w: coalesce(getvariable('opd_words')[w], w)
        ),
        lambda w: w <> ''
    ),
    ' '
);

-- Whether two texts of telling words differ as a slip of the pen does.
create or replace temp macro is_slip(a, b) as
a <> b
and least(length(a), length(b)) >= 5
and damerau_levenshtein(a, b) <= greatest(1, greatest(length(a), length(b)) // 8);

-- The words that number or letter one of many: who changes them means another.
create or replace temp macro numbering_words(x) as
list_sort(list_filter(string_split(x, ' '), lambda w: regexp_matches(w, '^([a-z]|[ivx]+)$|[0-9]')));

-- How alike two texts of telling words are, 0 to 1; 0 where a person would not take one for the other.
create or replace temp macro alike(a, b) as
case
    when a = '' or b = '' then 0
    when a = b then 1
    when is_slip(a, b) then 1 - damerau_levenshtein(a, b) / greatest(length(a), length(b))
    when
        len(list_intersect(string_split(a, ' '), string_split(b, ' ')))
        = least(len(string_split(a, ' ')), len(string_split(b, ' ')))
        and len(list_intersect(string_split(a, ' '), string_split(b, ' '))) * 2
        >= greatest(len(string_split(a, ' ')), len(string_split(b, ' ')))
        then 0.8
    else 0
end;

-- section: opd
-- A name with that of the regency behind it is the same name.
create or replace temp view said_opd as
select
    instansi_code as scope,
    opd_code as said,
    opd_code as code,
    true as is_code,
    0 as rank,
    is_active
from known_opds
union all
select
    instansi_code,
    unnest([opd_name, short_name]),
    opd_code,
    false,
    1,
    is_active
from known_opds
union all
select
    known.instansi_code,
    known.opd_name || ' ' || unnest([area.area_name, area.bare, 'Kab ' || area.bare, 'Pemkab ' || area.bare]),
    known.opd_code,
    false,
    2,
    known.is_active
from known_opds as known
inner join (
    select
        area_code,
        area_name,
        regexp_replace(area_name, '^(Kabupaten|Kota|Provinsi) ', '') as bare
    from reference.area
) as area on known.instansi_code = area.area_code
union all
select
    instansi_code,
    regexp_replace(opd_name, '\([^)]*\)', ' ', 'g'),
    opd_code,
    false,
    3,
    is_active
from known_opds;

-- section: system
create or replace temp view said_system as
select
    instansi_code as scope,
    system_code as said,
    system_code as code,
    true as is_code,
    0 as rank,
    true as is_active
from reference.system_inventory
where instansi_code in (select _instansi_code from texts)
union all
select
    instansi_code,
    system_name,
    system_code,
    false,
    1,
    true
from reference.system_inventory
where system_name is not null and instansi_code in (select _instansi_code from texts);

-- section: area
create or replace temp view said_area as
select
    '' as scope,
    unnest([area_code, area_name]) as said,
    area_code as code,
    unnest([true, false]) as is_code,
    0 as rank,
    true as is_active
from reference.area
where length(area_code) <= 5;

-- section: rulebook
create or replace temp view said_rulebook as
select
    '' as scope,
    rulebook_id as said,
    rulebook_id as code,
    true as is_code,
    0 as rank,
    true as is_active
from reference.rulebooks
union all
select
    '',
    concat_ws(' ', issuer.word, numbered.word, books.number, linking.word, books.year),
    books.rulebook_id,
    true,
    1,
    true
from (
    select
        rulebook_id,
        regexp_extract(rulebook_id, '-(\d+)-\d{4}$', 1) as number,
        regexp_extract(rulebook_id, '-(\d{4})$', 1) as year
    from reference.rulebooks
) as books
cross join (select word from rulebook_words where part = 'issuer') as issuer
cross join (select word from rulebook_words where part = 'number') as numbered
cross join (select word from rulebook_words where part = 'between') as linking
where books.number <> ''
union all
select
    '',
    word,
    rulebook_id,
    true,
    1,
    true
from rulebook_words
where part = 'name';

-- section: node
create or replace temp view said_node as
with nodes as (

    select
        rulebook_id,
        node_id,
        node_kind,
        name,
        cast(number as varchar) as number
    from reference.rulebook_nodes

),

-- Forms leave out words that every name of a regulation begins or ends with.
shorter as (

    select
        rulebook_id,
        node_id,
        name
    from nodes
    union
    select
        nodes.rulebook_id,
        nodes.node_id,
        regexp_replace(nodes.name, '^' || forms.form || ' ', '') as name
    from nodes
    inner join node_forms as forms on forms.node_kind = 'prefix'

),

names as (

    select
        rulebook_id,
        node_id,
        name
    from shorter
    union
    select
        shorter.rulebook_id,
        shorter.node_id,
        regexp_replace(shorter.name, ' ' || forms.form || '$', '') as name
    from shorter
    inner join node_forms as forms on forms.node_kind = 'suffix'

)

select
    rulebook_id as scope,
    unnest([node_id, regexp_replace(node_id, '([a-z])0+(\d)', '\1\2', 'g')]) as said,
    node_id as code,
    true as is_code,
    0 as rank,
    true as is_active
from nodes
union all
select
    nodes.rulebook_id,
    replace(forms.form, '{n}', unnest([nodes.number, lpad(nodes.number, 2, '0')])),
    nodes.node_id,
    true,
    1,
    true
from nodes
inner join node_forms as forms on nodes.node_kind = forms.node_kind
where nodes.number is not null
union all
select
    rulebook_id,
    name,
    node_id,
    false,
    2,
    true
from names;

-- section: found
-- The code of each of `cells` (value, scope) among `spelled`: the whole cell, else a code with a name behind it,
-- else the name without what stands in brackets. `rest` is the name behind a code, '' where there is none.
create or replace temp table found as
with candidates as (

    select
        value,
        scope,
        { 'head': value, 'rest': '' } as part,
        false as is_code,
        1 as place
    from cells
    union all
    select
        value,
        scope,
        regexp_extract(value, '^(\S+) (.+)$', ['head', 'rest']),
        true,
        2
    from cells
    union all
    select
        value,
        scope,
        regexp_extract(value, '^(.+?) ?(?:[:;,(–—]| - | tentang )(.+)$', ['head', 'rest']),
        true,
        3
    from cells
    union all
    select
        value,
        scope,
        regexp_extract(value, '^([\p{L}. ]*\d+)[. ]+(\D.+)$', ['head', 'rest']),
        true,
        4
    from cells
    union all
    select
        value,
        scope,
        { 'head': regexp_replace(value, '\([^)]*\)', ' ', 'g'), 'rest': '' },
        false,
        5
    from cells
    where contains(value, '(')
    union all
    select
        value,
        scope,
        regexp_extract(value, '^(.+)\(([^)]+)\)$', ['rest', 'head']),
        true,
        6
    from cells

)

select
    candidates.value,
    candidates.scope,
    min_by(spelled.code, candidates.place) as code,
    min_by(candidates.part.rest, candidates.place) as rest
from candidates
inner join spelled
    on
        candidates.scope = spelled.scope
        and spelling_key(candidates.part.head) = spelled.spelling
        and (spelled.is_code or not candidates.is_code)
group by candidates.value, candidates.scope;
