"""What is wrapped around the lines of a log is opened before its format is read, the same for every format.

Belongs here: telling by the beginning of a file whether its lines are wrapped (a container's JSON or prefix,
syslog, JSON arrays and documents), opening them, joining what was split. Forms of prefixes and names of keys
are rows of `envelopes.csv`. Stays out: bytes (`reading.py`), cutting JSON (`documents.py`), formats.
"""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import duckdb
from jinja2 import Template

from expectations.quoting import literal
from sources.errors import FileProblem, FileRejected, FileWaiting
from sources.logs.documents import CUT_DOCUMENT, Splitter, split_documents
from sources.logs.reading import (
    BAD_BYTE,
    BLANK,
    CHUNK_BYTES,
    Account,
    Block,
    Lines,
    block_of,
    clean_blocks,
    spool,
    whole_lines,
)
from sources.logs.record import LINES

# A container's line may hold a syslog line, and that a document; who wraps deeper has another aim.
_MAX_LAYERS = 4
_OPENING_BYTES = 1 << 16
# The longest first line that is looked at whole.
_LONGEST = 1 << 21
_OPENING_LINES = 20
# So many bytes of lines that go on are held for their ends.
_MAX_HELD = 4_000_000
_READ_BYTES = 1 << 18
_DOCUMENT = re.compile(rb'\s*(?:\[\s*[\[{"\]]|\{[^{}\[\]]*"records"\s*:\s*\[)')
# Keys that only a record has, so it is no envelope even if it has a key such as `message`.
_RECORD_KEYS = frozenset({"requestInTs", "apiName", "started_at", "request", "securityServerType"})
_TEMPLATE = Template(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


class _Form(NamedTuple):
    """One way to wrap a line: by a key of a JSON object, a prefix, or as a JSON string."""

    name: str
    kind: str
    part: str


@cache
def _forms() -> tuple[_Form, ...]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as rows:
        return tuple(_Form(row["name"], row["kind"], row["part"]) for row in csv.DictReader(rows))


@cache
def _prefix(form: _Form) -> re.Pattern[str]:
    return re.compile(form.part.replace(r"\x{FEFF}", "\ufeff"))


# Without its line end, and without control characters but tabs.
_CLEAN = (
    "regexp_replace(replace(rtrim({}, chr(10) || chr(13)), chr(10), ' '), '[\\x00-\\x08\\x0b-\\x1f]',"
    f" '{BAD_BYTE}', 'g')"
)
# A line goes on in the next one of its stream until one of them ends.
_JOIN = """
create or replace table joined as
with counted as (
    select
        *,
        coalesce(
            sum((not is_partial)::integer) over (
                partition by stream order by number rows between unbounded preceding and 1 preceding
            ),
            0
        ) as ended
    from opened
),

whole as (
    select
        stream,
        ended,
        min(number) as first_number,
        bool_and(is_partial) as is_open,
        string_agg(text, '' order by number) as text
    from counted
    group by stream, ended
    having bool_or(is_partial)
)

select
    counted.number,
    coalesce(counted.number = whole.first_number, true) as is_first,
    coalesce(whole.is_open, false) as is_open,
    coalesce(whole.text, counted.text) as text
from counted
left join whole on counted.stream = whole.stream and counted.ended = whole.ended
"""
_STRING = _Form("string", "string", "")
_ARRAYS = _Form("arrays", "document", "")


def opened(
    blocks: Iterator[Block], scratch: Path, account: Account, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Lines]:
    """The lines of a log without what is wrapped around them.

    Args:
        blocks: Clean text of the whole log.
        scratch: Where files may be written, with something behind the name. The caller deletes them.
        account: Gets what was left out.
        chunk_bytes: About how much is opened at once.

    Yields:
        Whole lines. An element of a JSON document is a line; else lines keep their numbers, a line that was
        split is joined at its first one, and the others have nothing on them.

    Raises:
        FileWaiting: A JSON document has not ended.
        FileRejected: The brackets of a JSON document do not match.
    """
    for layer in range(_MAX_LAYERS):
        beginning, blocks = _peek(blocks)
        form = _recognised(beginning)
        if form is None:
            break
        if form is _ARRAYS:
            lines = whole_lines(_split(blocks, account, layer), drop_blank=True)
            blocks = (block_of(block.text) for block in lines)
        else:
            blocks = _unwrapped(
                blocks, form, scratch.with_name(f"{scratch.name}-{layer}"), account, chunk_bytes
            )
    is_json = beginning.lstrip().startswith(b"{")
    lines = whole_lines(blocks)
    yield from _expanded(lines) if is_json else lines


def _split(blocks: Iterator[Block], account: Account, layer: int) -> Iterator[Block]:
    try:
        yield from split_documents(blocks, account)
    except FileWaiting:
        if layer:  # what stands inside an envelope that is whole will not grow
            raise FileRejected("unreadable", CUT_DOCUMENT) from None
        raise


def _peek(blocks: Iterator[Block]) -> tuple[bytes, Iterator[Block]]:
    """The first lines, at least one of them whole if it is not too long, and all blocks."""
    read: list[Block] = []
    size = 0
    for block in blocks:
        read.append(block)
        size += len(block.text)
        if size >= _LONGEST or (size >= _OPENING_BYTES and any(len(part.ends) for part in read)):
            break
    beginning = b"".join(block.text for block in read).lstrip()
    end = beginning.find(b"\n")
    cut = max(_OPENING_BYTES, end + 1 if end >= 0 else len(beginning))
    return beginning[:cut], chain(read, blocks)


def _recognised(beginning: bytes) -> _Form | None:
    """How the lines of a file are wrapped, by the first that tells; None: they are not."""
    if _DOCUMENT.match(beginning):
        return _ARRAYS
    lines = [line for line in beginning.split(b"\n")[:_OPENING_LINES] if line.strip()]
    for line in lines:
        if form := _form_of(line.decode(errors="replace")):
            return form
    # An object of many lines: none of them is one by itself.
    if (
        beginning.startswith(b"{")
        and _is_spread(lines)
        and not any(isinstance(_json(x), dict) for x in lines)
    ):
        return _ARRAYS
    return None


def _form_of(line: str) -> _Form | None:
    if line.startswith("{"):
        value = _json(line)
        return _key_form(value) if isinstance(value, dict) else None
    if line.lstrip().startswith('"'):
        return _STRING if isinstance(_json(line), str) else None
    prefixes = (form for form in _forms() if form.kind == "prefix")
    return next((form for form in prefixes if _prefix(form).match(line)), None)


def _is_spread(lines: list[bytes]) -> bool:
    """Whether the first line ends within an object or array, and the second one goes on there."""
    first = lines[0].rstrip()
    second = lines[1].lstrip()[:1] if len(lines) > 1 else b""
    return first == b"{" or (first[-1:] in b",:{[" and second in (b'"', b"}", b"["))


def _json(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _key_form(value: dict[str, object]) -> _Form | None:
    if isinstance(value.get("records"), list):
        return _ARRAYS
    if _RECORD_KEYS & value.keys():
        return None
    return next(
        (form for form in _forms() if form.kind == "key" and isinstance(value.get(form.part), str)), None
    )


def _expanded(blocks: Iterator[Lines]) -> Iterator[Lines]:
    """Lines of JSON; a line that is an array or holds records is its elements."""
    for block in blocks:
        if block.has_lists:
            pieces = [_elements(line) for line in block.text.splitlines(keepends=True)]
            text = b"".join(pieces)
            if text != block.text:
                yield from whole_lines(iter((block_of(text),)))
                continue
        yield block


def _elements(line: bytes) -> bytes:
    if not _DOCUMENT.match(line):
        return line
    splitter = Splitter()
    try:
        text = b"".join((*splitter.feed(line), *splitter.finish()))
    except FileProblem:
        return line
    kept = [element.strip() + b"\n" for element in text.split(b"\n") if element.strip()]
    return b"".join(kept) or line


def _unwrapped(
    blocks: Iterator[Block], form: _Form, scratch: Path, account: Account, chunk_bytes: int
) -> Iterator[Block]:
    return clean_blocks(_opened_bytes(whole_lines(blocks), form, scratch, account, chunk_bytes), account)


def _opened_bytes(
    lines: Iterator[Lines], form: _Form, scratch: Path, account: Account, chunk_bytes: int
) -> Iterator[bytes]:
    result = scratch.with_name(f"{scratch.name}.opened")
    # A connection of its own: another thread reads the log with the caller's.
    with closing(duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})) as con:
        con.execute("create table opened (number bigint, stream varchar, text varchar, is_partial boolean)")
        joins: bool | None = None if form.kind == "key" else _has_tag(form)
        chunks = spool(lines, scratch, chunk_bytes)
        chunk = next(chunks, None)
        while chunk:
            con.execute(
                "create or replace table raw_lines as"
                f" select line from {LINES.format(literal(str(chunk.path)))}"
            )
            con.execute(_open_all_sql(form), {"before": chunk.before})
            if joins is None:
                # Some collectors write no line ends at all: then each text is a line.
                joins = con.execute("select bool_or(not is_partial) from opened").fetchone() == (True,)
            following = next(chunks, None)
            _write_joined(con, result, joins, following is None, account)
            with result.open("rb") as file:
                while block := file.read(_READ_BYTES):
                    yield block
            chunk = following


def _write_joined(
    con: duckdb.DuckDBPyConnection, target: Path, joins: bool, is_last: bool, account: Account
) -> None:
    """Write the lines that are opened, one that goes on joined with its rest; keep those without an end."""
    written = "true"
    if joins and con.execute("select bool_or(is_partial) from opened").fetchone() == (True,):
        con.execute(_JOIN)
        row = con.execute(
            "select min(number) filter (is_first and is_open),"
            " sum(strlen(text)) filter (is_first and is_open) from joined"
        ).fetchone()
        first_open, open_bytes = row or (None, None)
        if first_open is not None and not is_last and open_bytes <= _MAX_HELD:
            written = f"number < {first_open}"
        row = con.execute(f"select count(*) from joined where not is_first and {written}").fetchone()
        account.joined_lines += row[0] if row else 0
        lines = "select case when is_first then text else '' end from joined"
    else:
        lines = "select text from opened"
    con.execute(
        f"copy ({lines} where {written} order by number) to {literal(str(target))}"
        " (format csv, header false, delim '\x01', quote '', escape '', nullstr '')"
    )
    con.execute(f"delete from opened where {written}")


def _has_tag(form: _Form) -> bool:
    return form.kind == "prefix" and "tag" in _prefix(form).groupindex


def _open_all_sql(form: _Form) -> str:
    groups = _prefix(form).groupindex if form.kind == "prefix" else {}
    return _TEMPLATE.render(
        key=form.part if form.kind == "key" else "",
        is_string=form.kind == "string",
        has_tag="tag" in groups,
        tag=groups.get("tag"),
        stream=groups.get("stream"),
        prefix=form.part,
        blank=BLANK,
        clean=_CLEAN.format("text"),
    )


def may_be_wrapped_sql(line: str) -> str:
    """SQL condition: `open_one_sql` may give another text than the line."""
    keys = " or ".join(f"""contains({line}, '"{form.part}"')""" for form in _forms() if form.kind == "key")
    prefixes = "|".join(form.part for form in _forms() if form.kind == "prefix")
    # A key may be written with escapes.
    return (
        f"case when left({line}, 1) = '{{' then {keys} or contains({line}, '\\')"
        f" else regexp_matches({line}, '{prefixes}') end"
    )


def open_one_sql(line: str) -> str:
    """SQL expression: what stands inside one line, by itself; the line where nothing is wrapped around it.

    The line is no other text than `opened` gives; a control character in what is inside is `BAD_BYTE`.
    """
    keys = [form.part for form in _forms() if form.kind == "key"]
    inside = ", ".join(
        f"case when json_type({line}, '$.{key}') = 'VARCHAR' then json_extract_string({line}, '$.{key}') end"
        for key in keys
    )
    is_record = " or ".join(f"json_exists({line}, '$.{key}')" for key in sorted(_RECORD_KEYS))
    prefixes = " ".join(
        f"when regexp_matches({line}, '{form.part}') then regexp_replace({line}, '{form.part}', '')"
        for form in _forms()
        if form.kind == "prefix"
    )
    text = (
        f"case when left({line}, 1) = '{{' then"
        f" case when json_valid({line}) and not ({is_record}) then coalesce({inside}, {line}) else {line} end"
        f" {prefixes} else {line} end"
    )
    return _CLEAN.format(text)
