-- The macros below write long lines.
-- noqa: disable=LT05
-- Documents belong to a year: they are asked about in its last window.
with windows as (

    {{ finding_windows() }}

),

last_windows as (

    select
        *,
        {{ year_text('window_start') }} as period
    from windows
    qualify row_number() over (
        partition by instansi_code, year(window_start)
        order by window_end desc
    ) = 1

),

documents as (

    select
        documents.*,
        windows.window_start,
        windows.window_end,
        windows.window_words
    from {{ ref('int_documents__matched') }} as documents
    inner join last_windows as windows
        on
            documents.instansi_code = windows.instansi_code
            and documents.period = windows.period

),

-- Codes that an assessment names; where no list came at all, nobody knows what they are.
referred as (

    select distinct
        levels.instansi_code,
        levels.period,
        trim(unnest(levels.evidence_ref)) as document_code
    from {{ ref('stg_self_assessment__levels') }} as levels
    where exists (
        select 1
        from documents
        where
            documents.instansi_code = levels.instansi_code
            and documents.period = levels.period
    )

),

unlisted as (

    select
        referred.*,
        windows.window_start,
        windows.window_end,
        windows.window_words
    from referred
    inner join last_windows as windows
        on
            referred.instansi_code = windows.instansi_code
            and referred.period = windows.period
    left join documents
        on
            referred.instansi_code = documents.instansi_code
            and referred.period = documents.period
            and referred.document_code = documents.document_code
    where documents.document_code is null

),

orphans as (

    select
        files.*,
        windows.window_start,
        windows.window_end,
        windows.window_words
    from {{ ref('stg_evidence_document__files') }} as files
    inner join last_windows as windows
        on
            files.instansi_code = windows.instansi_code
            and files.period = windows.period
    left join documents
        on
            files.instansi_code = documents.instansi_code
            and files.file_sha256 = documents.document_sha256
    where documents.document_code is null

),

reused as (

    select
        documents.instansi_code,
        documents.period,
        documents.document_sha256,
        min(documents.document_path) as document_path,
        documents.window_start,
        documents.window_end,
        documents.window_words,
        count(distinct assigned.node_id) as indicators
    from documents
    inner join {{ ref('int_documents__assigned') }} as assigned
        on
            documents.instansi_code = assigned.instansi_code
            and documents.period = assigned.period
            and documents.document_code = assigned.document_code
    where documents.document_sha256 is not null
    group by all
    having count(distinct assigned.node_id) > {{ rule_parameter('document_reused', 'most_indicators', 'bigint') }}

)

{{ finding_rows(
    'document_missing',
    of='documents',
    key=joined_key('@', ['document_code', 'period']),
    subject='document_code',
    parts={'title': "coalesce(title, '')", 'file': "coalesce(document_file, 'tanpa nama berkas')", 'year': 'period'},
    evidence="'fct_documents: document_code = ' || document_code || ', period = ' || period",
    where="state = 'missing'",
) }}
union all
{{ finding_rows(
    'document_not_valid',
    of='documents',
    key=joined_key('@', ['document_code', 'period']),
    subject='document_code',
    parts={
        'title': "coalesce(title, '')",
        'year': 'period',
        'state': "
            case state
                when 'draft' then 'masih rancangan'
                when 'withdrawn' then 'sudah dicabut'
                when 'not_yet' then 'baru berlaku ' || " ~ day_words('document_date') ~ "
                else 'berlaku sampai ' || " ~ day_words('valid_until') ~ "
            end",
    },
    evidence="'fct_documents: document_code = ' || document_code || ', period = ' || period",
    where="state in ('draft', 'withdrawn', 'not_yet', 'expired')",
) }}
union all
{{ finding_rows(
    'document_not_listed',
    of='unlisted',
    key=joined_key('@', ['document_code', 'period']),
    subject='document_code',
    parts={'year': 'period'},
    evidence="'fct_evidence_checklist: evidence_ref = ' || document_code || ', period = ' || period",
) }}
union all
{{ finding_rows(
    'document_orphan',
    of='orphans',
    key='file_name',
    subject='file_name',
    parts={'year': 'period'},
    evidence="'fct_intake_files: file_name = ' || file_name",
) }}
union all
{{ finding_rows(
    'document_reused',
    of='reused',
    key='document_path',
    subject='document_path',
    size='indicators',
    parts={'indicators': number_text('indicators'), 'year': 'period'},
    evidence="'fct_documents: document_sha256 = ' || document_sha256",
) }}
