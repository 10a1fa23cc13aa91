-- A ledger whose reasons were `code: sentence`, and whose bad lines were lists of rules and of sentences:
-- they become fields. What only the sentences told, what was found and what was expected, stays in them.
alter table intake.files add column reason_code varchar;
alter table intake.files rename column reason to reason_text;
update intake.files
set
    reason_code = nullif(regexp_extract(reason_text, '^([a-z_]+): ', 1), ''),
    reason_text = regexp_replace(reason_text, '^[a-z_]+: ', '')
where status in ('rejected', 'duplicate', 'waiting');
create table intake.bad_lines_before as
select
    list_transform(
        list_zip(rules, messages), lambda b: { 'rule': b[1], 'severity': 'error', 'message': b[2] }
    ) as broken,
    * exclude (rules, messages)
from intake.bad_lines;
drop table intake.bad_lines;
