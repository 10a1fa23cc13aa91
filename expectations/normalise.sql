-- Macros that bring a cell to the one spelling a contract knows. They are temporary: they live on one intake
-- connection. Spelling tables and the home's time zone are variables of that connection (`normalise.py`).
-- A macro copies its argument wherever it names it, so each is one step and none calls a costly other.

-- Most cells are plain already: one test spares them two replacements.
create or replace temp macro clean_text(x) as
nullif(
    case
        when regexp_matches(x, '[^!-~ ]|  |^ | $')
            then trim(
                regexp_replace(
                    regexp_replace(
                        x,
                        '[\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}\x{2066}-\x{2069}\x{FEFF}\x{00AD}]',
                        '', 'g'
                    ),
                    '[\s\x{00A0}\x{2000}-\x{200A}\x{202F}\x{3000}]+', ' ', 'g'
                )
            )
        else x
    end, ''
);

create or replace temp macro true_false(x) as coalesce(getvariable('spbe_yes_no')[lower(x)], x);

-- A day as YYYY-MM-DD, from the forms of formats 0; what is none stays as it is, and then does not parse.
create or replace temp macro iso_date(x) as
case
    when regexp_full_match(x, '\d{4}-\d{2}-\d{2}') then x
    when regexp_full_match(x, '\d{4}[-/.]\d{1,2}[-/.]\d{1,2}')
        then coalesce(
            strftime(try_strptime(regexp_replace(x, '[/.]', '-', 'g'), '%Y-%m-%d'), '%Y-%m-%d'), x
        )
    when regexp_full_match(x, '\d{1,2}[/.-]\d{1,2}[/.-]\d{4}')
        then coalesce(
            strftime(try_strptime(regexp_replace(x, '[/.]', '-', 'g'), '%d-%m-%Y'), '%Y-%m-%d'), x
        )
    when regexp_full_match(x, '\d{1,2}[/.-]\d{1,2}[/.-]\d{2}')
        then coalesce(
            strftime(try_strptime(regexp_replace(x, '[/.]', '-', 'g'), '%d-%m-%y'), '%Y-%m-%d'), x
        )
    when regexp_full_match(x, '\d{1,2}[ -][a-zA-Z]+[ -](\d{4}|\d{2})')
        then coalesce(
            strftime(
                coalesce(
                    try_strptime(
                        regexp_extract(x, '^\d+') || '-'
                        || getvariable('spbe_months')[regexp_extract(lower(x), '[a-z]+')] || '-'
                        || regexp_extract(x, '\d+$'), '%d-%m-%Y'
                    ),
                    try_strptime(
                        regexp_extract(x, '^\d+') || '-'
                        || getvariable('spbe_months')[regexp_extract(lower(x), '[a-z]+')] || '-'
                        || regexp_extract(x, '\d+$'), '%d-%m-%y'
                    )
                ), '%Y-%m-%d'
            ), x
        )
    when regexp_full_match(x, '(19|20)\d{2}(\.0+)?') then left(x, 4) || '-01-01'
    -- The serial number of a day in a spreadsheet, 1954 to 2091.
    when regexp_full_match(x, '[2-6]\d{4}([.,]0+)?')
        then strftime(date '1899-12-30' + cast(left(x, 5) as integer), '%Y-%m-%d')
    else x
end;

-- First of three steps to a time: `day¦H:M:S¦fraction¦zone`, where the whole cell is a day and a time.
create or replace temp macro split_time(x) as
case
    when regexp_full_match(x, '[2-6]\d{4}[.,]\d*[1-9]\d*')
        then strftime(
            timestamp '1899-12-30'
            + to_seconds(cast(round(cast(replace(x, ',', '.') as double) * 86400) as bigint)),
            '%Y-%m-%d¦%H:%M:%S¦¦'
        )
    when regexp_matches(x, '\d[.:]\d\d')
        then regexp_replace(
            x,
            '(?i)^(.*?\d)(?:[ T]|,? (?:pukul|pkl\.?|jam) )'
            || '(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(?:[.,](\d{1,9}))?)?'
            || ' ?\(?(z|wib|wita|wit|utc|gmt|(?:utc|gmt)? ?[+-](?:\d{1,2}(?::\d\d)?|\d{4}))?\)?$',
            '\1¦\2:\3:\4¦\5¦\6'
        )
    else x
end;

-- Second step: the day as YYYY-MM-DD, what follows it as it is.
create or replace temp macro iso_day_part(x) as
case
    when contains(x, '¦') then iso_date(split_part(x, '¦', 1)) || substr(x, strpos(x, '¦'))
    else iso_date(x)
end;

-- A zone as minutes before UTC; up to 14 hours, as no place has more; no zone: NULL.
create or replace temp macro zone_minutes(zone) as
coalesce(
    getvariable('spbe_zones')[zone],
    case
        when regexp_full_match(zone, '(utc|gmt)? ?[+-](0?\d|1[0-4])(:?[0-5]\d)?')
            then case
                when
                    abs(
                        cast(regexp_extract(zone, '[+-](\d{1,2}?)(:?\d\d)?$', 1) as integer) * 60
                        + coalesce(
                            try_cast(right(regexp_extract(zone, '[+-]\d{1,2}?(:?\d\d)?$', 1), 2) as integer),
                            0
                        )
                    ) <= 840
                    then case when contains(zone, '-') then -1 else 1 end * (
                        cast(regexp_extract(zone, '[+-](\d{1,2}?)(:?\d\d)?$', 1) as integer) * 60
                        + coalesce(
                            try_cast(right(regexp_extract(zone, '[+-]\d{1,2}?(:?\d\d)?$', 1), 2) as integer),
                            0
                        )
                    )
            end
    end
);

create or replace temp macro split_moment(x) as
try_strptime(
    split_part(x, '¦', 1) || ' ' || split_part(x, '¦', 2)
    || case when ends_with(split_part(x, '¦', 2), ':') then '00' else '' end, '%Y-%m-%d %H:%M:%S'
) + to_microseconds(cast(rpad(left(split_part(x, '¦', 3), 6), 6, '0') as bigint));

-- Third step: UTC. A time without a zone is of the home's zone, and so is the midnight of a day alone.
create or replace temp macro utc_time(x) as
coalesce(
    cast(
        case
            when not contains(x, '¦')
                then timezone('UTC', timezone(getvariable('spbe_time_zone'), try_strptime(x, '%Y-%m-%d')))
            when split_part(x, '¦', 4) = ''
                then timezone('UTC', timezone(getvariable('spbe_time_zone'), split_moment(x)))
            else split_moment(x) - to_minutes(zone_minutes(lower(split_part(x, '¦', 4))))
        end as varchar
    ), x
);

-- The day of a time on the clock of the home.
create or replace temp macro local_day(x) as
case
    when not contains(x, '¦') then x
    when split_part(x, '¦', 4) = '' then coalesce(strftime(split_moment(x), '%Y-%m-%d'), x)
    else coalesce(
        strftime(
            timezone(
                getvariable('spbe_time_zone'),
                timezone('UTC', split_moment(x) - to_minutes(zone_minutes(lower(split_part(x, '¦', 4)))))
            ), '%Y-%m-%d'
        ), x
    )
end;

-- "16 GB" is 16; "99 juta" is not 99, and "60 %" is not 60.
create or replace temp macro without_unit(x) as
case
    when not regexp_matches(x, '[a-zA-Z−]') then x
    when regexp_matches(lower(x), getvariable('spbe_no_units')) then x
    else regexp_replace(
        replace(x, '−', '-'),
        '^((?:(?:[Rr][Pp]\.?|IDR) ?)?[+-]?[0-9][0-9.,]*(?:,-)?) ?[a-zA-Z][a-zA-Z²³/.]*$', '\1'
    )
end;

-- Exponents as spreadsheets write them: 1.5E+3, 1e-05.
create or replace temp macro without_exponent(x) as
case
    when regexp_full_match(x, '[+-]?\d{1,15}([.,]\d{1,20})?[eE][+-]?\d{1,2}')
        then coalesce(
            rtrim(rtrim(cast(try_cast(replace(x, ',', '.') as decimal(38, 18)) as varchar), '0'), '.'),
            cast(try_cast(replace(x, ',', '.') as decimal(38, 10)) as varchar),
            x
        )
    else x
end;

-- A whole number; dots in groups of three are thousands (formats 0b).
create or replace temp macro plain_count(x) as
case
    when regexp_full_match(x, '[+-]?\d+') then x
    when regexp_full_match(x, '[+-]?\d{1,3}(\.\d{3})+(,0+)?') then replace(split_part(x, ',', 1), '.', '')
    when regexp_full_match(x, '[+-]?\d+[.,]0+') then regexp_extract(x, '^[+-]?\d+')
    else x
end;

-- Rupiah: "Rp 99.000.000,-" beside the forms of a count.
create or replace temp macro without_rupiah(x) as
regexp_replace(regexp_replace(x, '^(?:[Rr][Pp]\.?|IDR) ?', ''), '[.,] ?[-–—]+$', '');

-- A number with a comma or a dot before its decimals; a level or a score has no thousands.
create or replace temp macro plain_score(x) as
case
    when regexp_full_match(x, '[+-]?\d+(\.\d+)?') then x
    when regexp_full_match(x, '[+-]?\d{1,3}(\.\d{3})+,\d+') then replace(replace(x, '.', ''), ',', '.')
    when regexp_full_match(x, '[+-]?\d+,\d+') then replace(x, ',', '.')
    when regexp_full_match(x, '[.,]\d+') then '0.' || substr(x, 2)
    else x
end;

-- A number that may have decimals and whose dots in groups of three are thousands.
create or replace temp macro plain_amount(x) as
case
    when regexp_full_match(x, '[+-]?\d{1,3}(\.\d{3})+(,\d+)?') then replace(replace(x, '.', ''), ',', '.')
    else plain_score(x)
end;

-- A share: "60 %" is 0.6, and so is "60 persen".
create or replace temp macro without_percent(x) as
case
    when regexp_matches(lower(x), getvariable('spbe_percent'))
        then coalesce(
            cast(
                cast(
                    try_cast(
                        plain_score(regexp_extract(x, '^[+-]?[0-9]+(?:[.,][0-9]+)?')) as decimal(28, 10)
                    ) * 0.01 as decimal(38, 10)
                ) as varchar
            ), x
        )
    else plain_score(x)
end;

-- The user and password of an address go; what is left in their place tells that they were there.
create or replace temp macro cut_credentials(x) as
case
    when not contains(x, '@') or regexp_matches(lower(x), '^\s*mailto:') then x
    else regexp_replace(
        regexp_replace(x, '://[^/?#\s]*@', '://…@', 'g'), '^(\s*)[^/?#@:\s]+:[^/?#\s]*@', '\1…@'
    )
end;

-- Why a text is no address of the web: `scheme`, `host` (no letters with a dot, no number of a host) or NULL.
-- Most are plain; the lambda spares a statement the compiling of the long pattern until a row needs it.
create or replace temp macro url_fault(x) as
case
    when
        not regexp_full_match(
            x, '(https?://)?([a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,}([/?#].*)?'
        )
        then list_transform(
            [x],
            lambda url:
            case
                when regexp_full_match(
                    url,
                    '((?i:https?)://)?(…@)?((([\p{L}\p{N}_]([\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?\.)+'
                    || '(\p{L}[\p{L}\p{M}]+|(?i:xn--[a-z0-9-]+))\.?)'
                    || '|((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)'
                    || '|\[[0-9a-fA-F:]*:[0-9a-fA-F:.]*\])'
                    || '(:\d{1,5})?([/?#].*)?'
                ) then null
                when regexp_matches(
                    lower(url),
                    '^([a-z][a-z0-9+.-]*)://'
                    || '|^(javascript|data|mailto|file|ftp|tel|about|vbscript|intent|blob|sms|whatsapp):'
                ) and not regexp_matches(lower(url), '^https?://') then 'scheme'
                when url is not null then 'host'
            end
        )[1]
end;

create or replace temp macro http_url(x) as
case when url_fault(x) is null then replace(x, '…@', '') end;

-- Two spellings of one address: scheme, capitals of the host and a last slash say nothing.
create or replace temp macro same_url(x) as
rtrim(
    lower(regexp_extract(x, '^(?:[a-zA-Z]+://)?([^/?#]*)', 1))
    || regexp_extract(x, '^(?:[a-zA-Z]+://)?[^/?#]*(.*)$', 1), '/'
);
