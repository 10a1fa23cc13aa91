with files as (

    select * from {{ source('raw', 'intake_files') }}

),

-- Folders and name of a file that nobody answers for, without the folder of its kind, as words.
unanswered as (

    select distinct
        instansi_code,
        file_name,
        ' ' || {{ name_key("substr(file_name, strpos(file_name, '/'))") }} || ' ' as words
    from files
    where status = 'rejected' and opd_code = instansi_code

),

called as (

    {% for name in ['opd_code', "replace(opd_code, instansi_code || '-', '')", 'opd_name', 'short_name'] %}
    select
        instansi_code,
        opd_code,
        {{ name_key(name) }} as words
    from {{ ref('stg_opd_register__opds') }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

-- A name of three letters and more that stands there whole; of two OPDs neither.
matched as (

    select
        unanswered.instansi_code,
        unanswered.file_name,
        min(called.opd_code) as opd_code
    from unanswered
    inner join called
        on
            unanswered.instansi_code = called.instansi_code
            and called.words like '___%'
            and contains(unanswered.words, ' ' || called.words || ' ')
    group by unanswered.instansi_code, unanswered.file_name
    having count(distinct called.opd_code) = 1

)

select
    files.file_name,
    files.file_id,
    coalesce(matched.opd_code, files.opd_code) as answer_opd_code
from files
left join matched
    on
        files.status = 'rejected'
        and files.opd_code = files.instansi_code
        and files.instansi_code = matched.instansi_code
        and files.file_name = matched.file_name
