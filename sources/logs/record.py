"""The canonical record of a service log, and what a format must say to give it.

Belongs here: the columns of the lake, the shape of a format, how a line's problems become SQL. Stays out: any
one format.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from expectations.quoting import literal
from sources.logs.reading import BAD_BYTE, CUT

# The Parquet columns of the lake without the partition column `day`; one row per log record.
LAKE_COLUMNS: Mapping[str, str] = {
    "instansi_code": "varchar",
    "log_format": "varchar",
    "file_id": "varchar",
    "line_number": "bigint",
    "record_id": "varchar",
    "side": "varchar",
    "message_id": "varchar",
    "started_at": "timestamp",
    "hour": "integer",
    "consumer_identity": "varchar",
    "provider_identity": "varchar",
    "service_code": "varchar",
    "protocol": "varchar",
    "method": "varchar",
    "status_code": "integer",
    "succeeded": "boolean",
    "fault_code": "varchar",
    "duration_ms": "bigint",
    "forward_ms": "bigint",
    "backend_ms": "bigint",
    "request_bytes": "bigint",
    "response_bytes": "bigint",
    "user_pseudo": "varchar",
    "ip_pseudo": "varchar",
    "agent": "varchar",
    "record_hash": "bigint",
}

# The lines of a scratch file (an SQL literal) as a relation `(line)`.
LINES = (
    "read_csv({}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '', header = false,"
    " auto_detect = false, strict_mode = false)"
)

# A moment later than this cannot be a time in ms; it also keeps the conversion from overflowing.
LAST_MS = 32_503_680_000_000  # year 3000

# Columns that are equal in exact copies of a record that has an id and one side.
JSON_RECORD = (
    *("record_id", "started_at", "consumer_identity", "provider_identity", "service_code", "protocol"),
    *("method", "status_code", "succeeded", "fault_code", "duration_ms", "backend_ms", "request_bytes"),
    *("response_bytes", "user_pseudo", "ip_pseudo", "agent"),
)

# More bytes than any message has; a day of such sizes still fits a sum of 64 bits.
MAX_MESSAGE_BYTES = 10**14

# A longer or negative duration is none: clocks differ.
MAX_DURATION_MS = 86_400_000

# No place on earth is further from UTC.
MAX_OFFSET = 1400

# A record without an id of its own has this sign before its issued id.
ISSUED_ID = "#"


@dataclass(frozen=True)
class Problem:
    """One reason to quarantine a line.

    Attributes:
        rule: Name of the rule, without the format.
        when: SQL condition over the format's fields; NULL counts as false.
        expected: SQL expression: in Indonesian, what should stand there.
        found: SQL expression: what stood there; NULL where nothing did. As `expected` it may show lengths,
            types and numbers, never text of the line.
        column: The field that it is about; None: the line.
        between: What stands between both in the sentence of them.
    """

    rule: str
    when: str
    expected: str
    found: str = "null::varchar"
    column: str | None = None
    between: str = ", ditemukan "


@dataclass(frozen=True)
class LogFormat:
    """How lines of one log format become canonical records.

    Attributes:
        name: As in the inbox folder and in the lake.
        fields: Gives, from the name of a relation `(line_number, line)`, the SELECT that reads each line
            once: columns `line_number, line` and the fields that the other attributes use. It never raises.
        fast_fields: Gives, from the scratch file as an SQL literal and the first bytes in it, a SELECT of one
            row a line, in order, with the same fields (no `line_number`, no `line`), which may take a line
            for bad that is good, never a bad one for good; None: there is none for such a file.
        is_ours: SQL condition: the line looks like this format, even if it cannot be used.
        problems: All reasons to quarantine a line, in the order in which they are told.
        started_at: SQL expression, UTC timestamp.
        masks: Field to macro. The macro runs once per distinct value; only its result leaves the door.
        names: Field to how words for no name are left out of it before it is masked; else WHOLE.
        record: Lake column to SQL expression over fields that need no mask; a column that neither this nor
            `named` has is NULL.
        named: Lake column to SQL expression over the masked fields and the columns of `record`.
        hash_columns: Lake columns that are equal in an exact duplicate; empty where the format has none
            (two equal lines of a web log are two requests).
        kept_words: Words that stay readable in a quarantined line.
    """

    name: str
    fields: Callable[[str], str]
    fast_fields: Callable[[str, bytes], str | None]
    is_ours: str
    problems: Sequence[Problem]
    started_at: str
    masks: Mapping[str, str]
    names: Mapping[str, str]
    record: Mapping[str, str]
    named: Mapping[str, str]
    hash_columns: Sequence[str]
    kept_words: Sequence[str]


UNREADABLE = (
    Problem(
        "bytes",
        f"contains(line, '{BAD_BYTE}')",
        "'teks UTF-8 tanpa karakter kendali'",
        f"length(line) - length(replace(line, '{BAD_BYTE}', '')) || ' bita yang bukan teks'",
    ),
    Problem(
        "line_length",
        f"contains(line, '{CUT}')",
        "'baris paling panjang 1 MB'",
        "'baris yang lebih panjang (dipotong)'",
    ),
)
UNREADABLE_WHEN = " or ".join(problem.when for problem in UNREADABLE)

# What stood where a JSON object should: of a line that is none.
NO_OBJECT = (
    "case when json_valid(line) then 'JSON yang bukan objek'"
    " else 'JSON yang terpotong atau rusak (' || length(line) || ' karakter)' end"
)


# Parameters `first_day` (date) and `latest` (UTC timestamp); `day` is the local date.
TIME_RANGE = Problem(
    "time_range",
    "day < $first_day or started_at > $latest",
    "'waktu dari ' || $first_day::varchar || ' sampai ' || $latest::varchar || ' UTC'",
    "started_at::varchar",
)


def _words(file: str) -> list[str]:
    with Path(__file__).with_name(file).open(encoding="utf-8", newline="") as rows:
        return [row["word"] for row in csv.DictReader(rows)]


def _literals(words: Sequence[str]) -> str:
    return ", ".join(literal(word) for word in words)


# A moment written without a zone, in UTC: the variable is the home's zone, set by who reads.
ZONE_VARIABLE = "spbe_log_zone"
CLOCK_IN_UTC = f"timezone('UTC', timezone(getvariable('{ZONE_VARIABLE}')::varchar, {{}}))"

# Lists of SQL literals, in small letters: what gateways write where there is no name, and no answer.
_NO_NAMES = _words("no_names.csv")
_NO_ANSWERS = _words("no_answers.csv")
NO_NAMES = _literals(_NO_NAMES)
NO_ANSWERS = _literals(_NO_ANSWERS)
_LONGEST_NO_NAME = max(len(word.encode()) for word in _NO_NAMES)
_FIRSTS_OF_NO_NAME = "".join(sorted({case(word[0]) for word in _NO_NAMES for case in (str.lower, str.upper)}))
# Words for no answer that are numbers; the others are no number anyway.
_NO_STATUS = sorted({int(word) for word in _NO_ANSWERS if word.lstrip("-").isdigit()})


def is_no_name_sql(text: str) -> str:
    """SQL condition: a text is missing or a word that stands for no name."""
    # A list of constants behind `in` becomes a join of all columns of a row.
    is_word = f"list_contains(['', {NO_NAMES}], lower({text}))"
    # The cheap tests first: how long it is, and how it begins.
    begins_so = f"contains({literal(_FIRSTS_OF_NO_NAME)}, left({text}, 1))"
    return f"({text} is null or (strlen({text}) <= {_LONGEST_NO_NAME} and {begins_so} and {is_word}))"


# A word of two parts would be two parts of a name; twice, since two of them share a slash.
_SLASHED = "|".join(re.escape(word) for word in _NO_NAMES if "/" in word)
_JOINED = "regexp_replace({}, '(?i)(^|/)(" + _SLASHED + ")(/|$)', '\\1\\3', 'g')"
_PARTED = _JOINED.format(_JOINED.format("{0}"))
# How words for no name are left out of a value: a value that is one, the parts of it that are, or those of an
# X-Road name of instance, class, member and perhaps subsystem. NULL if no name is left.
WHOLE, PARTS, MEMBER = "whole", "parts", "member"
NAMED_SQL = {
    WHOLE: f"case when lower({{0}}) not in ({NO_NAMES}) then {{0}} end",
    PARTS: f"nullif(array_to_string(list_filter(string_split({_PARTED}, '/'),"
    f" lambda part: lower(part) not in ('', {NO_NAMES})), '/'), '')",
    MEMBER: f"case when lower(split_part({_PARTED}, '/', 3)) in ('', {NO_NAMES}) then null"
    f" when lower(split_part({_PARTED}, '/', 4)) in ('', {NO_NAMES})"
    f" then array_to_string(string_split({_PARTED}, '/')[:3], '/') else {{0}} end",
}


def status_sql(text: str) -> str:
    """SQL expression: the code of an answer as a number, NULL where there was none or it is no number."""
    status = f"try_cast({text} as bigint)"
    for number in _NO_STATUS:
        status = f"nullif({status}, {number})"
    return status


def is_no_status_sql(status: str, text: str) -> str:
    """SQL condition: the text of a code, which `status_sql` made a number of, is neither a number nor a word
    for no answer.
    """
    is_word = f"list_contains(['', {NO_ANSWERS}], lower({text}))"
    # The cheap test first: most calls have a code.
    return f"{status} is null and {text} is not null and try_cast({text} as bigint) is null and not {is_word}"


def duration_sql(milliseconds: str) -> str:
    """SQL expression: a duration of 0 ms to 1 day, else NULL."""
    return f"case when {milliseconds} between 0 and {MAX_DURATION_MS} then {milliseconds} end"


def is_nested_sql(text: str) -> str:
    """SQL condition: a column of texts read from JSON holds an object or array where a name belongs."""
    # Twice as fast as `starts_with`.
    return f"prefix({text}, '{{') or prefix({text}, '[')"


def is_bad_sql(log_format: LogFormat) -> str:
    """SQL condition: the line, whose bytes are text, has a problem."""
    problems = [*(p for p in log_format.problems if p not in UNREADABLE), TIME_RANGE]
    # In a `case` a test is asked of those rows alone that the tests before left open.
    return f"case when {_any_sql(problems)} then true else false end"


def _any_sql(problems: Sequence[Problem]) -> str:
    return " or ".join(f"({problem.when})" for problem in problems)


def problems_sql(log_format: LogFormat) -> str:
    """SQL list of broken rules (`expectations.rules.BROKEN_TYPE`) of a line, NULL for a good line.

    The cheap test comes first.
    """
    problems = [*log_format.problems, TIME_RANGE]
    told = ", ".join(
        f"case when {problem.when} then {{'rule': '{log_format.name}.{problem.rule}', "
        f"'column_name': {literal(problem.column) if problem.column else 'null'}, "
        f"'expected': {problem.expected}, 'between': {literal(problem.between)}, "
        f"'found': {problem.found}}} end"
        for problem in problems
    )
    # The sentence is made of the fields in one place: planning one for each problem would cost more.
    return (
        f"case when {_any_sql(problems)}"
        f" then list_transform(list_filter([{told}], lambda p: p is not null), lambda p: "
        "{'rule': p.rule, 'severity': 'error', 'column_name': p.column_name, 'found': p.found, "
        "'expected': p.expected, 'message': concat('kolom ' || p.column_name || ': ', 'diharapkan ', "
        "p.expected, p.between, p.found)}) end"
    )
