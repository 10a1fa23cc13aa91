-- The macros below write long lines, and the linter does not read DuckDB's lambda.
-- noqa: disable=LT05,PRS
with windows as (

    select
        instansi_code,
        max(window_end) as window_end
    from {{ ref('int_windows__listed') }}
    where window_kind = 'ytd'
    group by instansi_code

),

systems as (

    select
        systems.*,
        coalesce(systems.system_name, '') || ' ' || coalesce(systems.function_text, '') || ' '
        || coalesce(systems.description, '') as words
    from {{ ref('int_systems__windowed') }} as systems
    inner join windows
        on
            systems.instansi_code = windows.instansi_code
            and systems.window_end = windows.window_end
    where
        systems.window_kind = 'ytd'
        and systems.system_kind is distinct from 'website'

),

worded as (

    select
        instansi_code,
        system_code,
        {{ unnest_list(word_set('words')) }} as word
    from systems

),

-- Words that every list bears, or too many systems of this one, say nothing on what a system does.
telling as (

    select worded.*
    from worded
    left join {{ ref('overlap_stopwords') }} as stopwords on worded.word = stopwords.word
    where stopwords.word is null
    qualify
        count(*) over (partition by worded.instansi_code, worded.word)
        <= {{ rule_parameter('function_overlap', 'common_word_systems') }}
        or count(*) over (partition by worded.instansi_code, worded.word)
        <= {{ rule_parameter('function_overlap', 'common_word_share') }} * (
            select count(*) from systems
            where systems.instansi_code = worded.instansi_code
        )

),

word_lists as (

    select
        instansi_code,
        system_code,
        array_agg(word order by word) as words
    from telling
    group by instansi_code, system_code

),

-- Pairs are sought among systems that share a telling word or a function: the work does not grow with n x n.
shared_words as (

    select
        a.instansi_code,
        a.system_code,
        b.system_code as other_system_code
    from telling as a
    inner join telling as b
        on
            a.instansi_code = b.instansi_code
            and a.word = b.word
            and a.system_code < b.system_code
    union
    select
        a.instansi_code,
        a.system_code,
        b.system_code as other_system_code
    from systems as a
    inner join systems as b
        on
            a.instansi_code = b.instansi_code
            and a.function_key = b.function_key
            and a.system_code < b.system_code

),

compared as (

    select
        pairs.instansi_code,
        pairs.system_code,
        pairs.other_system_code,
        a.system_name,
        b.system_name as other_system_name,
        a.opd_code,
        b.opd_code as other_opd_code,
        case when a.function_key = b.function_key then a.function_key end as function_key,
        coalesce({{ word_overlap('wa.words', 'wb.words') }}, 0) as word_score,
        coalesce(
            {{ name_likeness("array_to_string(wa.words, ' ')", "array_to_string(wb.words, ' ')") }}, 0
        ) as name_score
    from shared_words as pairs
    inner join systems as a
        on pairs.instansi_code = a.instansi_code and pairs.system_code = a.system_code
    inner join systems as b
        on pairs.instansi_code = b.instansi_code and pairs.other_system_code = b.system_code
    left join word_lists as wa
        on pairs.instansi_code = wa.instansi_code and pairs.system_code = wa.system_code
    left join word_lists as wb
        on pairs.instansi_code = wb.instansi_code and pairs.other_system_code = wb.system_code
    where a.opd_code <> b.opd_code

),

rule as (

    select
        {{ rule_parameter('function_overlap', 'likeness') }} as likeness,
        {{ rule_parameter('function_overlap', 'word_share') }} as word_share,
        {{ rule_parameter('function_overlap', 'spelling_weight') }} as spelling_weight

),

weighed as (

    select
        compared.*,
        cast(
            (1 - rule.spelling_weight) * word_score + rule.spelling_weight * name_score as double
        ) as both_score
    from compared
    cross join rule

),

scored as (

    select
        *,
        case
            when function_key is not null then 1.0
            else round(greatest(word_score, both_score), 4)
        end as score
    from weighed

)

select
    instansi_code,
    system_code,
    other_system_code,
    system_name,
    other_system_name,
    opd_code,
    other_opd_code,
    function_key,
    word_score,
    name_score,
    score
from scored
cross join rule
where
    function_key is not null
    or (score >= rule.likeness and word_score >= rule.word_share)
