"""Real files of every kind and log format, spoilt by chance.

Belongs here: the good files, how bytes, workbooks and JSON are spoilt, the same way for the same seed. Stays
out: what must come of it (`test_fuzz.py`).
"""

import csv
import gzip
import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from odd_files import LIMITS, book, ods_book, ods_row, raw_book, sheet_data
from odd_logs import ENVELOPES, LINES

from sources.kinds import LOG_KIND

EXAMPLE = Path(__file__).parents[2] / "sources" / "example_inbox"
# Of a log this much is enough to spoil.
_LARGEST_SEED = 20_000

WORDS = (
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b'"',
    b"'",
    b";",
    b",",
    b"\t",
    b"\\",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\x8b",
    b"-1",
    b"NaN",
    b"1e999",
    b"9" * 40,
    b"9" * 400,
    b"=1+1",
    b"#REF!",
    b"{{ x }}",
    b"$x",
    b"?",
    b"%s",
    b"]",
    b"[",
    b"{",
    b"}",
    b"null",
    b"<!--",
    b"]]>",
    b"&#0;",
    b"&x;",
    b"<",
    b"'; drop table intake.files; --",
    b"1999-13-45",
    b"\xf0\x9f\x98\x80",
    b"A" * 3_000,
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"_perbaikan_dari",
)
XML_WORDS = (
    b"",
    b"-1",
    b"0",
    b"4294967296",
    b"XFD1048576",
    b"ZZZ0",
    b"A1:XFD1048576",
    b"s",
    b"e",
    b"16384",
    b"99999999999",
    b"&#0;",
    b"&x;",
    b"<",
    b"]]>",
    b"<!--",
    b"1999-13-45",
    b"A" * 3_000,
    b"\xff",
)
ODD_VALUES: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    2**200,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\0",
    "x" * 5_000,
    "\ud800",
    "2026-02-30",
    [],
    {},
    [[[[[]]]]],
    {"": {"": 1}},
    [1, "a", None],
    {"$x": 1, "a'b\"c": 2},
)


@dataclass(frozen=True)
class Seed:
    """A good file: the folder that says its kind, how its name ends, its bytes."""

    folder: str
    ending: str
    content: bytes


def _tables() -> Iterator[tuple[str, list[list[str]]]]:
    for path in sorted(EXAMPLE.rglob("*.csv")):
        text = path.read_text(encoding="utf-8-sig")
        rows = list(
            csv.reader(io.StringIO(text), delimiter=";" if text.count(";") > text.count(",") else ",")
        )
        yield path.relative_to(EXAMPLE).parts[0], rows[:30]


def all_seeds() -> list[Seed]:
    """Every kind as CSV, workbook, ODS and JSON, every log format plain, packed and in every envelope."""
    seeds = []
    for kind, rows in _tables():
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        head, *body = rows
        objects = [dict(zip(head, row, strict=False)) for row in body]
        lines = [json.dumps(o, ensure_ascii=False) for o in objects]
        clean = [[re.sub("[<>&]", "", cell) for cell in row] for row in rows]
        seeds += [
            Seed(kind, "csv", text.getvalue().encode()),
            Seed(kind, "csv.gz", gzip.compress(text.getvalue().encode(), mtime=0)),
            Seed(kind, "json", f"[{','.join(lines)}]".encode()),
            Seed(kind, "jsonl", "\n".join(lines).encode()),
            Seed(kind, "xlsx", book({"Data": rows, "Lagi": rows[:4], "Catatan": [["x"]]})),
            Seed(kind, "xlsx", raw_book({"Data": sheet_data(clean)})),
            Seed(kind, "ods", ods_book("".join(map(ods_row, clean)))),
        ]
    for path in sorted((EXAMPLE / LOG_KIND).rglob("*.gz"))[::5]:
        folder = "/".join(path.relative_to(EXAMPLE).parts[:2])
        plain = gzip.decompress(path.read_bytes())[:_LARGEST_SEED]
        seeds += [Seed(folder, "log", plain), Seed(folder, "log.gz", gzip.compress(plain, mtime=0))]
    for form, line in LINES.items():
        folder = f"{LOG_KIND}/{form}"
        every = "\n".join(put(line(n)) for n, put in enumerate(ENVELOPES.values(), 1))
        seeds.append(Seed(folder, "log", every.encode()))
        if form in ("xroad", "kong"):
            seeds.append(Seed(folder, "json", f'{{"records":[{line(1)},{line(2)},{line(3)}]}}'.encode()))
    return seeds


# How bytes are spoilt. Each takes a source of chance, the bytes and those of another file.


def _flip(chance: random.Random, content: bytes, _: bytes) -> bytes:
    spoilt = bytearray(content)
    for _n in range(chance.choice((1, 1, 3, 20))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _cut(chance: random.Random, content: bytes, _: bytes) -> bytes:
    return content[: chance.randrange(len(content))]


def _cut_out(chance: random.Random, content: bytes, _: bytes) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randrange(1, 400) :]


def _insert(chance: random.Random, content: bytes, _: bytes) -> bytes:
    for _n in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(content) + 1)
        content = content[:at] + chance.choice(WORDS) * chance.choice((1, 1, 1, 50)) + content[at:]
    return content


def _splice(chance: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: chance.randrange(len(content))] + other[chance.randrange(len(other)) :]


def _swap(chance: random.Random, content: bytes, _: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[at:] + content[:at]


def _repeat(chance: random.Random, content: bytes, _: bytes) -> bytes:
    start = chance.randrange(len(content))
    piece = content[start : start + chance.choice((1, 10, 300))]
    return content[:start] + piece * chance.choice((2, 100, 3_000)) + content[start:]


def _line_ends(chance: random.Random, content: bytes, _: bytes) -> bytes:
    return content.replace(b"\n", chance.choice((b"\r", b"\r\n", b"\n\n", b"\r\r\n", b"\0\n", b"", b"\x0b")))


def _lines(chance: random.Random, content: bytes, other: bytes) -> bytes:
    lines = content.split(b"\n") + other.split(b"\n")[:3]
    chance.shuffle(lines)
    return b"\n".join(lines[: chance.randrange(1, len(lines) + 1)])


def _encoding(chance: random.Random, content: bytes, _: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(
        chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp1252", "utf-8-sig")), "replace"
    )


def _noise(chance: random.Random, content: bytes, _: bytes) -> bytes:
    return content[: chance.choice((0, 2, 8, 64))] + chance.randbytes(chance.choice((1, 100, 5_000)))


def _pack(chance: random.Random, content: bytes, _: bytes) -> bytes:
    packed = gzip.compress(content, mtime=0)
    return chance.choice((packed, packed + b"x", packed[:-5], packed * 2, packed + b"\0" * 100))


def _members(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """A workbook whose XML is spoilt, in a zip that is whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            members = {name: old.read(name) for name in old.namelist()}
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError):
        return _flip(chance, content, other)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as new:
        chosen = chance.choice(list(members))
        for name, member in members.items():
            fate = chance.random()
            if name != chosen:
                new.writestr(name, member)
            elif fate > 0.1 and member:
                new.writestr(name, chance.choice((_xml, _xml, _xml, *BYTES))(chance, member, other))
    return made.getvalue()


def _xml(chance: random.Random, member: bytes, _: bytes) -> bytes:
    """A number, an attribute, a tag or a reference of it in another form."""
    places = list(re.finditer(rb'"[^"<>]*"|>[^<>]+<|</?[A-Za-z:]+', member))
    if not places:
        return member
    start, end = chance.choice(places).span()
    odd, edge = chance.choice(XML_WORDS), member[start : start + 1]
    inside = {b'"': b'"' + odd + b'"', b">": b">" + odd + b"<"}.get(edge, edge + b"row")
    return member[:start] + inside + member[end:]


def _value(chance: random.Random, value: object, depth: int = 0) -> object:
    if depth > 6 or chance.random() < 0.1:
        return chance.choice(ODD_VALUES)
    if isinstance(value, list) and value:
        at = chance.randrange(len(value))
        return [*value[:at], _value(chance, value[at], depth + 1), *value[at + 1 :]]
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        fate = chance.random()
        if fate < 0.2:
            return {k: v for k, v in value.items() if k != key}
        if fate < 0.3:
            return {
                chance.choice(("", "$a", key.upper(), "\0", key + " ")) if k == key else k: v
                for k, v in value.items()
            }
        return value | {key: _value(chance, value[key], depth + 1)}
    return chance.choice(ODD_VALUES)


def _json(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """A document, or a line of lines, with other values, keys or a key twice."""
    lines = [content] if content[:1] in (b"[", b"{") and b"\n" not in content else content.split(b"\n")
    at = chance.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except (ValueError, RecursionError):
        return _insert(chance, content, other)
    for _n in range(chance.choice((1, 2, 5))):
        value = _value(chance, value)
    spoilt = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.random() < 0.2:
        spoilt = re.sub(rb'("[^"]*": ?[^,{}\[\]]*)', rb"\1, \1", spoilt, count=1)
    return b"\n".join([*lines[:at], spoilt, *lines[at + 1 :]])


BYTES = (
    _flip,
    _cut,
    _cut_out,
    _insert,
    _splice,
    _swap,
    _repeat,
    _line_ends,
    _lines,
    _encoding,
    _noise,
    _pack,
)
BY_ENDING: Mapping[str, Callable[[random.Random, bytes, bytes], bytes]] = {
    "xlsx": _members,
    "ods": _members,
    "json": _json,
    "jsonl": _json,
    "log": _json,
}
METAS = (
    b"",
    b"period = 2025\n",
    b"[constants]\nsource = 'a'\n",
    b"opd_code = '12.07-DINSOS'\n",
    b"[columns]\n'No' = 'note'\n",
    b"x",
    b"\xff",
    b"constants = 1\n",
)


def spoil(told: str, seeds: list[Seed], inbox: Path) -> Path:
    """Lay a file into an inbox; the same text `told` gives the same file, named so."""
    chance = random.Random(told)
    seed, other = chance.choice(seeds), chance.choice(seeds)
    content = seed.content
    structured = BY_ENDING.get(seed.ending)
    for _n in range(chance.choice((1, 1, 1, 2, 3))):
        if content:
            spoilers = (structured,) if structured and chance.random() < 0.7 else BYTES
            content = chance.choice(spoilers)(chance, content, other.content)
    folder = other.folder if chance.random() < 0.15 else seed.folder
    ending = other.ending if chance.random() < 0.15 else seed.ending
    instansi = chance.choice(("12.07", "99.99", "77.01", "@kota-rekaan"))
    path = inbox / folder / instansi / f"{told}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content[: 2 * LIMITS["table_max_bytes"]])
    if chance.random() < 0.1:
        path.with_name(path.name + ".meta.toml").write_bytes(_insert(chance, chance.choice(METAS), b""))
    return path
