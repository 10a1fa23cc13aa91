"""The key of the pseudonyms and the masking macros.

Belongs here: the key file, and loading the forms of personal values (`personal_forms.csv`) and `masking.sql`
into a connection. Stays out: the forms and the macros themselves, which are a table and SQL; which column is
masked (the contract or the log format says it).
"""

import csv
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import duckdb

KEY_BYTES = 32
_BLOCK = 64  # SHA-256 works in blocks of 64 bytes; HMAC pads the key to one block (RFC 2104).


def read_key(path: Path) -> bytes:
    """Return the pseudonym key, making it on first use.

    Args:
        path: The key file (`keys/pseudonym.key`); made with mode 0600, its folder with 0700.

    Returns:
        32 random bytes. Whoever holds them can link pseudonyms to persons; without them nobody can, and
        pseudonyms made with another key do not match.

    Raises:
        ValueError: The file exists and is not a key of ours.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)  # unlike a rename, never replaces a key that another run just made
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is not a pseudonym key ({2 * KEY_BYTES} hexadecimal digits expected)")
    return key


class Form(NamedTuple):
    """A row of `personal_forms.csv`: how a personal value is written, or what looks like one and is none.

    The rows work one after the other: what fits `pattern` (RE2 with the short forms of `_SHORT`) becomes
    `replacement`. A row `keep_…` puts `¤` between the parts of what is no personal value, so that no later
    row finds it; in the end they go. `masked` and `kept` are examples, ` || ` between them.
    """

    form_id: str
    name: str
    pattern: str
    replacement: str
    masked: str
    kept: str


def personal_forms() -> list[Form]:
    """The forms of personal values, in the order of the table."""
    with Path(__file__).with_name("personal_forms.csv").open(encoding="utf-8", newline="") as file:
        return [Form(**row) for row in csv.DictReader(file)]


# Short forms in patterns: the edge of a number before and behind (a group of its own), what may and what must
# stand between parts of a number, what may stand in a telephone number, the dot of an address.
_SHORT = {
    "«": r"(\b|[A-Za-z_])",
    "»": r"(\b|[A-Za-z_])",
    "~": r"(?: ?[./_+-] ?| {1,2})?",
    "≈": r"(?: ?[./_+-] ?| {1,2})",
    "¬": r"(?: ?[._-] ?| )?",
    "•": r"(?:\.|[\[({<] ?(?:\.|dot|titik) ?[\])}>])",
}
_KEPT_APART = "\ufdd3"  # stands for ¤: no character, so in no text
# Without one of these there is no form: an at sign, nine digits with what may stand between them, three
# places of an IPv4 address, two colons of an IPv6 address.
_CANDIDATE = (
    r"@|%40|&#64;|(?i:[\[({<] ?(?:at|et) ?[\])}>]| at )|[0-9](?:[ ./_+()-]{0,4}[0-9]){8}"
    r"|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9][\[({<] ?(?:\.|dot|titik) ?[\])}>][0-9]"
    r"|[0-9a-fA-F]:[0-9a-fA-F]{0,4}:"
)
# Of these candidates: digits of the shortest number, dots of an IPv4 address.
_FEWEST_DIGITS = 9
_DOTS_OF_ADDRESS = 3
# Times and UUIDs fill many cells, hold enough digits and are none.
_PLAIN = (
    r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?"
    r"(?:Z|[+-][0-9]{2}:?(?:[0-9]{2})?)?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
# Signs without a picture: format signs (zero-width, bidirectional, soft hyphen), enclosing marks, joiners,
# fillers, variation selectors, control signs; no tab and no line end.
_MARKS = (
    r"\p{Cf}\p{Me}\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{2065}\x{2800}\x{3164}"
    r"\x{FE00}-\x{FE0F}\x{FFA0}\x{FFF0}-\x{FFF8}\x{E0000}-\x{E0FFF}\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}"
)
_BLANKS = r"\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
_DASHES = (
    r"\x{058A}\x{05BE}\x{2010}-\x{2015}\x{2043}\x{207B}\x{2212}\x{2E3A}\x{2E3B}\x{301C}"
    r"\x{FE58}\x{FE63}\x{FF0D}"
)
# What a text with folded signs has; Latin letters, quotes, dashes and bullets of a good printer are not among
# it (a dash is, beside a digit). Wider than what is folded, so that the test is short.
_ODD = (
    r"[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}-\x{A0}\x{AD}\x{B2}\x{B3}\x{B7}\x{B9}\x{300}-\x{2012}"
    r"\x{2015}-\x{2017}\x{2023}-\x{2025}\x{2027}-\x{10FFFF}]|[0-9] ?[\x{2013}\x{2014}]"
    r"|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}"
)
# First digits of scripts that Unicode 15 to 17 added; Python 3.11 knows Unicode 14.
_NEW_ZEROS = (0x10D40, 0x116D0, 0x116DA, 0x11BF0, 0x11DE0, 0x11F50, 0x16D70, 0x1CCF0, 0x1E4F0, 0x1E5F1)
_DOTS = "\u00b7\u2024\u2027\u2219\u22c5\u3002\ufe52\uff0e\uff61"


@cache
def _plain_signs() -> dict[str, str]:
    """Plain sign to what stands in RE2's class of the signs read as it: digits of all scripts, wide signs."""
    others = {plain: f"\\x{{{ord(plain) + 0xFEE0:X}}}" for plain in "0123456789@.:/+-_()[]%"}
    others["."] += "".join(f"\\x{{{ord(dot):X}}}" for dot in _DOTS)
    others["@"] += r"\x{FE6B}"
    others["/"] += r"\x{2044}\x{2215}"
    others["-"] += _DASHES
    others[" "] = _BLANKS
    for code in range(0x80, 0x20000):
        digit = unicodedata.digit(chr(code), None)
        if digit is not None and not 0xFF10 <= code <= 0xFF19:
            others[str(digit)] += f"\\x{{{code:X}}}"
    for zero in _NEW_ZEROS:
        for digit in range(10):
            others[str(digit)] += f"\\x{{{zero + digit:X}}}"
    return others


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _replaced(x: str, steps: Iterable[tuple[str, str]]) -> str:
    """SQL of `x` with all matches of each pattern replaced, one pattern after the other."""
    for pattern, replacement in steps:
        x = f"regexp_replace({x}, {_literal(pattern)}, {_literal(replacement)}, 'g')"
    return x


def _signs_sql() -> str:
    """The macro `fold_signs(x)`: no marks without a picture; digits, blanks and dashes as plain ones."""
    steps = [(f"[{_MARKS}]+", "")]
    steps += [(f"[{others}]", plain) for plain, others in _plain_signs().items()]
    steps.append((r"([0-9@.])\p{M}+", r"\1"))
    return f"create or replace temp macro fold_signs(x) as {_replaced('x', steps)};"


def _forms_sql() -> str:
    """The macros `mask_forms`, made of the table of forms, and the tests that spare most texts it."""
    steps = []
    for form in personal_forms():
        pattern = form.pattern
        for short, meaning in _SHORT.items():
            pattern = pattern.replace(short, meaning)
        steps.append((pattern, form.replacement.replace("¤", _KEPT_APART)))
    return f"""
create or replace temp macro may_be_personal(x) as regexp_matches(x, {_literal(f"{_CANDIDATE}|{_ODD}")});
create or replace temp macro is_plain(x) as regexp_full_match(x, {_literal(_PLAIN)});
create or replace temp macro has_odd_signs(x) as regexp_matches(x, {_literal(_ODD)});
create or replace temp macro mask_forms(x) as
    replace({_replaced("x", steps)}, {_literal(_KEPT_APART)}, '');
"""


def install_masking(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Load the masking macros and the key into one connection.

    Args:
        con: The intake connection; a cursor or another connection does not see the macros.
        key: The key of `read_key`.

    Gives the connection `mask_text(x)`, `pseudonym(x)`, `ip_pseudonym(x)`, `mask_id(x)`, `agent_name(x)`,
    `mask_line(line, kept)`, `route_template(path)`, `gateway_identity_key(log_format, role, identity)`,
    `fold_text(x)` and `hmac256(x)`.
    """
    block = key.ljust(_BLOCK, b"\0")
    con.execute("set variable spbe_ipad = ?::blob", [bytes(byte ^ 0x36 for byte in block)])
    con.execute("set variable spbe_opad = ?::blob", [bytes(byte ^ 0x5C for byte in block)])
    # A macro can call only what exists when it is made.
    for sql in (_signs_sql(), _stored("personal_forms.sql"), _forms_sql(), _stored("masking.sql")):
        con.execute(sql)


def _stored(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def masked(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """A text that does not come from SQL, as it may be kept and shown.

    Args:
        con: Connection with `install_masking` done.
        text: Any text, a file name with bytes that are no Unicode too: each of them becomes U+FFFD.
    """
    return masked_all(con, [text])[0]


def masked_all(con: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> list[str]:
    """Texts as `masked` gives them, in one statement, which is dear to plan; none where all are plain."""
    found = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    asked = [i for i, text in enumerate(found) if not _is_surely_plain(text)]
    if asked:
        row = con.execute(
            "select list_transform(?::varchar[], lambda x: mask_text(x))", [[found[i] for i in asked]]
        ).fetchone()
        assert row is not None
        for i, text in zip(asked, row[0], strict=True):
            found[i] = text
    return found


def _is_surely_plain(text: str) -> bool:
    """Whether a text holds no candidate: only plain signs, few digits, no place of an address."""
    return (
        re.fullmatch(r"[A-Za-z0-9 .,_/-]*", text) is not None
        and sum(sign.isdigit() for sign in text) < _FEWEST_DIGITS
        and text.count(".") < _DOTS_OF_ADDRESS
        and " at " not in text.lower()
    )
