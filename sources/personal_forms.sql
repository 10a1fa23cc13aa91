-- A text as a reader sees it. `has_odd_signs` and `fold_signs` are made by `privacy.py` of Unicode's digits.

-- JSON's escapes of what is no control sign, quote or backslash, so that a JSON text stays one.
create or replace temp macro decode_escapes(x) as
array_to_string(
    list_transform(
        regexp_extract_all(
            x,
            '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|[^\\]+|\\'
        ),
        lambda piece: case
            when regexp_full_match(piece, '\\u.{4}\\u.{4}')
                then chr(
                    (('0x' || piece[3:6])::integer - 55296) * 1024
                    + ('0x' || piece[9:12])::integer - 56320 + 65536
                )
            when
                regexp_full_match(
                    piece,
                    '\\u(00[2-7][0-9a-fA-F]|00[a-fA-F].|0[1-9a-fA-F]..|[1-9a-cA-Ce-fE-F]...|[dD][0-7]..)'
                )
                and not regexp_full_match(piece, '\\u00(22|5[cC]|7[fF])')
                then chr(('0x' || piece[3:6])::integer)
            else piece
        end
    ),
    ''
);

-- Escapes in addresses of pages: of marks without a picture, and of what stands between digits of a number.
create or replace temp macro decode_percents(x) as
replace(
    replace(
        replace(
            regexp_replace(
                regexp_replace(
                    x, '(?i)%e2%80%(8[b-f]|a[a-e])|%e2%81%a0|%c2%ad|%ef%(bb%bf|b8%8f)|%cd%8f', '', 'g'
                ),
                '%20|%C2%A0', ' ', 'g'
            ),
            '%2B', '+'
        ),
        '%2E', '.'
    ),
    '%3A', ':'
);

-- One expression in which each step stands once: a macro repeats its argument, and what is repeated is
-- compiled again in every statement.
create or replace temp macro fold_text(x) as
fold_signs(decode_percents(case when contains(x, '\u') then decode_escapes(x) else x end));
