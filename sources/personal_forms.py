"""Personal values in a text: how they are written, and the text without them.

Belongs here: the forms of `personal_forms.csv`, what hides a form from a pattern, what a text must hold to be
looked at. Stays out: pseudonyms and their key (`privacy.py`); which text is masked (the contract or the log
format says it).
"""

from __future__ import annotations

import csv
import itertools
import re
import unicodedata
from array import array
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


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
PLAIN = (
    r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?"
    r"(?:Z|[+-][0-9]{2}:?(?:[0-9]{2})?)?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
# What a text with folded signs has; Latin letters, quotes, dashes and bullets of a good printer are not among
# it (a dash is, beside a digit). Wider than what is folded, so that the test is short.
_ODD = (
    r"[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}-\x{A0}\x{AD}\x{B2}\x{B3}\x{B7}\x{B9}\x{300}-\x{2012}"
    r"\x{2015}-\x{2017}\x{2023}-\x{2025}\x{2027}-\x{10FFFF}]|[0-9] ?[\x{2013}\x{2014}]"
    r"|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}"
)
# For RE2, as `PLAIN`: what a text must hold to be looked at.
CANDIDATE = f"{_CANDIDATE}|{_ODD}"
_ODD_SIGN = re.compile(re.sub(r"\\x\{([0-9A-F]+)\}", lambda code: f"\\U{int(code[1], 16):08x}", _ODD))
_PLAIN_TEXT = re.compile(PLAIN)
_SIGNS_OF_PLAIN = re.compile(r"[A-Za-z0-9 .,_/-]*")
# Signs without a picture that are no format signs or enclosing marks: joiners, fillers, variation selectors,
# control signs; no tab and no line end.
_FILLERS = frozenset(
    itertools.chain(
        *(range(first, last + 1) for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xFFF0, 0xFFF8))),
        *(range(first, last + 1) for first, last in ((0xE0000, 0xE0FFF), (0x00, 0x08), (0x0E, 0x1F))),
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x2800, 0x3164, 0xFFA0, 0x0B, 0x0C, 0x7F),
    )
)
# First digits of scripts that Unicode 15 to 17 added; Python 3.11 knows Unicode 14.
_NEW_ZEROS = (0x10D40, 0x116D0, 0x116DA, 0x11BF0, 0x11DE0, 0x11F50, 0x16D70, 0x1CCF0, 0x1E4F0, 0x1E5F1)
_READ_AS = {
    code: plain
    for plain, codes in {
        " ": (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
        "-": (
            0x058A,
            0x05BE,
            *range(0x2010, 0x2016),
            0x2043,
            0x207B,
            0x2212,
            0x2E3A,
            0x2E3B,
            0x301C,
            0xFE58,
            0xFE63,
        ),
        ".": (0xB7, 0x2024, 0x2027, 0x2219, 0x22C5, 0x3002, 0xFE52, 0xFF61),
        "/": (0x2044, 0x2215),
        "@": (0xFE6B,),
    }.items()
    for code in codes
}
_READ_AS |= {ord(plain) + 0xFEE0: plain for plain in "@.:/+-_()[]%"}
_READ_AS |= {zero + digit: str(digit) for zero in _NEW_ZEROS for digit in range(10)}
# JSON's escapes; of what is a control sign, quote or backslash they stay, so that a JSON text stays one.
_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}")
# Escapes in addresses of pages: of marks without a picture, and of what stands between digits of a number.
_MARKS_IN_PERCENTS = re.compile(
    r"%e2%80%(8[b-f]|a[a-e])|%e2%81%a0|%c2%ad|%ef%(bb%bf|b8%8f)|%cd%8f", re.IGNORECASE | re.ASCII
)
_PERCENTS = {"%20": " ", "%C2%A0": " ", "%2B": "+", "%2E": ".", "%3A": ":"}
_BEHIND_SIGN = re.compile(r"([0-9@.])([^\x00-\u02ff]+)")
# Texts that were masked are remembered, up to so many of up to so many signs.
_REMEMBERED = 50_000
_LONGEST_REMEMBERED = 500


class _Signs(dict[int, str]):
    """Code of a sign to what it is read as, filled as signs come."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        if code in _READ_AS:
            read = _READ_AS[code]
        elif code >= 0x80 and (digit := unicodedata.digit(sign, None)) is not None:
            read = str(digit)
        elif code in _FILLERS or unicodedata.category(sign) in ("Cf", "Me"):
            read = ""
        else:
            read = sign
        self[code] = read
        return read


_signs = _Signs()
_known: dict[str, str] = {}


def _unescaped(found: re.Match[str]) -> str:
    units = [int(unit, 16) for unit in found[0].split("\\u")[1:]]
    if len(units) == 2:
        return chr((units[0] - 0xD800) * 0x400 + units[1] - 0xDC00 + 0x10000)
    is_text = 0x20 <= units[0] < 0x80 or 0xA0 <= units[0] < 0xD800 or units[0] >= 0xE000
    return chr(units[0]) if is_text and units[0] not in (0x22, 0x5C, 0x7F) else found[0]


def _without_marks(found: re.Match[str]) -> str:
    behind = itertools.dropwhile(lambda sign: unicodedata.category(sign)[0] == "M", found[2])
    return found[1] + "".join(behind)


def fold_text(text: str) -> str:
    """A text as a reader sees it: no marks without a picture, digits, blanks and dashes of all scripts as
    the plain ones, escapes of JSON and of addresses as what they stand for.
    """
    if "\\u" in text:
        text = _ESCAPE.sub(_unescaped, text)
    if "%" in text:
        text = _MARKS_IN_PERCENTS.sub("", text)
        for escape, plain in _PERCENTS.items():
            text = text.replace(escape, plain)
    return _BEHIND_SIGN.sub(_without_marks, text.translate(_signs))


@cache
def _steps() -> list[tuple[str, str]]:
    """Pattern and replacement of each form."""
    steps = []
    for form in personal_forms():
        pattern = form.pattern
        for short, meaning in _SHORT.items():
            pattern = pattern.replace(short, meaning)
        steps.append((pattern, form.replacement.replace("¤", _KEPT_APART)))
    return steps


def to_arrow(texts: Sequence[str]) -> Any:
    """Texts as an Arrow array of strings.

    `pyarrow.array` would import pandas first, which takes longer than masking most files; where two threads
    ask at once, one of them meets half of pandas.
    """
    import pyarrow as pa

    encoded = [text.encode() for text in texts]
    ends = array("i", itertools.accumulate(map(len, encoded), initial=0))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def _without_forms(texts: Sequence[str]) -> list[str]:
    """Texts after all forms, by the RE2 of Arrow: its time is bounded whatever the text."""
    import pyarrow.compute as pc

    left = to_arrow(texts)
    for pattern, replacement in _steps():
        left = pc.replace_substring_regex(left, pattern, replacement)
    masked: list[str] = pc.replace_substring(left, _KEPT_APART, "").to_pylist()
    return masked


def mask_texts(texts: Sequence[str]) -> list[str]:
    """Texts without personal values, in the forms of `personal_forms.csv`.

    A text without any comes back as it was; of one with odd signs and some, the rest comes back folded.
    """
    if len(_known) > _REMEMBERED:
        _known.clear()
    # Another thread may clear what is remembered meanwhile, so each text is looked up once.
    found = {text: left for text in texts if (left := _known.get(text)) is not None}
    new = [text for text in dict.fromkeys(texts) if text not in found]
    if new:
        folded = [fold_text(text) if _ODD_SIGN.search(text) else text for text in new]
        for text, seen, left in zip(new, folded, _without_forms(folded), strict=True):
            found[text] = text if seen == left or _PLAIN_TEXT.fullmatch(text) else left
            if len(text) <= _LONGEST_REMEMBERED:
                _known[text] = found[text]
    return [found[text] for text in texts]


def masked(text: str) -> str:
    """A text that does not come from SQL, as it may be kept and shown.

    Args:
        text: Any text, a file name with bytes that are no Unicode too: each of them becomes U+FFFD.
    """
    return masked_all([text])[0]


def masked_all(texts: Sequence[str]) -> list[str]:
    """Texts as `masked` gives them."""
    found = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    asked = [i for i, text in enumerate(found) if not _is_surely_plain(text)]
    if asked:
        for i, text in zip(asked, mask_texts([found[i] for i in asked]), strict=True):
            found[i] = text
    return found


def _is_surely_plain(text: str) -> bool:
    """Whether a text holds no candidate: only plain signs, few digits, no place of an address."""
    return (
        _SIGNS_OF_PLAIN.fullmatch(text) is not None
        and sum(sign.isdigit() for sign in text) < _FEWEST_DIGITS
        and text.count(".") < _DOTS_OF_ADDRESS
        and " at " not in text.lower()
    )
