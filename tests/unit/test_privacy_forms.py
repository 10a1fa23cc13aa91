"""A personal value in any spelling never survives the mask, and what looks like one but is none stays."""

import hashlib
import ipaddress
import itertools
import os
import re
import unicodedata
from collections.abc import Callable

import duckdb
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.id import nik as stdnum_nik
from stdnum.id import npwp as stdnum_npwp

from sources import personal_forms as forms
from sources.personal_forms import personal_forms
from sources.privacy import install_masking

LONG = os.environ.get("TEST_LONG") == "1"
property_settings = settings(
    deadline=None,
    max_examples=3_000 if LONG else 60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MARKS = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff\u00ad\ufe0f\u034f\u180e\u061c"
SCRIPTS = [
    [chr(start + digit) for digit in range(10)]
    for start in range(0x80, 0x20000)
    if unicodedata.digit(chr(start), None) == 0 and unicodedata.category(chr(start)) == "Nd"
]
IMPERSONAL = [
    "Dinas", "layanan (baru)", "50%", "RAL.02.03.01", "12.07.05.2003", "12.07-DISHUB", "DAA-012", "v1.2.3",
    "8.0.0.1", "188.45/123/2020", "08:00:00", "2026-10-18", "18/10/2026", "Rp\u00a01.234.567.890.123",
    "caf\u00e9", "\u2013", "\u200b",
]  # fmt: skip
# Between the parts of a number, as people write it.
BETWEEN = [" ", ".", "-", "/", "_", " - ", "\u00a0", "\u2013", "\u2011", "\u3000"]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    install_masking(con, bytes(32))
    return con


def masked(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """The text as SQL masks it, which is as Python does."""
    row = con.execute("select mask_text(?)", [text]).fetchone()
    assert row is not None
    assert forms.masked(text) == row[0]
    return str(row[0])


EXAMPLES = [(form.form_id, text) for form in personal_forms() for text in form.masked.split(" || ") if text]
KEPT = [(form.form_id, text) for form in personal_forms() for text in form.kept.split(" || ") if text]


@pytest.mark.parametrize(("form", "text"), EXAMPLES)
def test_an_example_of_a_form_is_masked(con: duckdb.DuckDBPyConnection, form: str, text: str) -> None:
    left = re.sub(r"\[(NIK|NIP|NPWP|telepon|email|IP)\]", "#", masked(con, text))
    assert "#" in left
    assert not set(plain_digits(text).split()) & set(plain_digits(left).split()) or form == "ipv4"


@pytest.mark.parametrize(("form", "text"), KEPT)
def test_what_only_looks_like_a_form_stays(con: duckdb.DuckDBPyConnection, form: str, text: str) -> None:
    assert masked(con, text) == text
    assert masked(con, f'{{"kolom": "{text}", "lain": "(tahun 2024) {text}; Rp 5.000"}}').count(text) == 2


def plain(text: str) -> str:
    """Folded by Python's own tables: no marks, digits of all scripts and wide signs as the plain ones."""
    signs = []
    for sign in unicodedata.normalize("NFKC", text):
        digit = unicodedata.digit(sign, None)
        if digit is not None:
            signs.append(str(digit))
        elif unicodedata.category(sign) not in ("Cf", "Mn", "Me", "Cc"):
            signs.append(sign)
    return "".join(signs).lower()


def plain_digits(text: str) -> str:
    return re.sub(r"\D", "", plain(text))


prose = st.text(st.sampled_from("abdeghiknpstuABX ,;:()\"'\n\u00e9\u2026_-"), max_size=12)


@st.composite
def grouped(draw: st.DrawFn, digits: str, *groupings: tuple[int, ...]) -> str:
    """Digits in one of the groupings, with one kind of separator or several."""
    sizes = draw(st.sampled_from(groupings))
    cuts = list(itertools.accumulate(sizes))
    assert cuts[-1] == len(digits), (digits, sizes)
    parts = [digits[start:end] for start, end in itertools.pairwise([0, *cuts])]
    kinds = draw(st.lists(st.sampled_from(BETWEEN), min_size=1, max_size=2))
    gaps = [draw(st.sampled_from(kinds)) for _ in parts[1:]]
    return "".join(itertools.chain.from_iterable(zip(parts, [*gaps, ""], strict=True)))


@st.composite
def disguised(draw: st.DrawFn, text: str) -> str:
    """The text with marks inserted anywhere and its digits in any script; or as JSON escapes of that."""
    script = draw(st.sampled_from([list("0123456789"), *SCRIPTS]))
    mixed = draw(st.booleans())
    signs = [
        script[int(sign)] if sign.isdigit() and (not mixed or draw(st.booleans())) else sign for sign in text
    ]
    for _ in range(draw(st.integers(0, 3))):
        signs.insert(draw(st.integers(0, len(signs))), draw(st.sampled_from(MARKS)))
    result = "".join(signs)
    if draw(st.integers(0, 5)) == 0:
        units = result.encode("utf-16-be")
        return "".join(
            chr(unit) if unit < 128 else f"\\u{unit:04x}"
            for unit in (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
        )
    return result


@st.composite
def niks(draw: st.DrawFn) -> str:
    place = draw(
        st.sampled_from(["1207", "1271", "1901", "2171", "3171", "3273", "5171", "6471", "7371", "9471"])
    )
    day = draw(st.integers(1, 28)) + draw(st.sampled_from([0, 40]))
    born = f"{day:02}{draw(st.integers(1, 12)):02}{draw(st.integers(0, 99)):02}"
    number = f"{place}{draw(st.integers(1, 40)):02}{born}{draw(st.integers(1, 1899)):04}"
    assert stdnum_nik.is_valid(number), number
    return draw(
        grouped(
            number, (16,), (6, 6, 4), (4, 4, 4, 4), (2, 2, 2, 6, 4), (2, 2, 2, 2, 2, 2, 4), (6, 2, 2, 2, 4),
            (8, 8), (2,) * 8, (1,) * 16, (6, 10), (12, 4),
        )
    )  # fmt: skip


@st.composite
def npwps(draw: st.DrawFn) -> str:
    body = f"{draw(st.integers(1, 99)):02}{draw(st.integers(0, 999_999)):06}"
    number = (
        f"{body}{luhn.calc_check_digit(body)}{draw(st.integers(1, 999)):03}{draw(st.integers(0, 999)):03}"
    )
    assume(stdnum_npwp.is_valid(number))
    if draw(st.booleans()):
        return draw(grouped("0" + number, (16,), (4, 4, 4, 4), (3, 3, 3, 1, 3, 3)))
    return draw(grouped(number, (15,), (2, 3, 3, 1, 3, 3), (9, 3, 3), (9, 6)))


@st.composite
def nips(draw: st.DrawFn) -> str:
    born = f"{draw(st.integers(1955, 2005))}{draw(st.integers(1, 12)):02}{draw(st.integers(1, 28)):02}"
    began = f"{draw(st.integers(1980, 2026))}{draw(st.integers(1, 12)):02}{draw(st.integers(1, 2))}"
    number = f"{born}{began}{draw(st.integers(1, 999)):03}"
    return draw(grouped(number, (18,), (8, 6, 1, 3), (4, 4, 4, 4, 2), (8, 10), (4, 2, 2, 4, 2, 1, 3)))


@st.composite
def phones(draw: st.DrawFn) -> str:
    between = draw(st.sampled_from([" ", "-", ".", ""]))
    first, second = f"{draw(st.integers(100, 9999))}", f"{draw(st.integers(1000, 9999))}"
    if draw(st.booleans()):
        start = draw(st.sampled_from(["0", "62", "+62", "+62 ", "(+62) "])) + f"8{draw(st.integers(11, 99))}"
        return between.join([start, f"{draw(st.integers(1000, 9999))}", second])
    start = draw(st.sampled_from(["(061) ", "061-", "061 ", "+62 61 ", "(0622)", "+6261"]))
    return f"{start}{first}{between}{second}"


@st.composite
def emails(draw: st.DrawFn) -> str:
    name = draw(
        st.from_regex(r"[a-z]{3,9}[._]?[a-z0-9]{2,5}", fullmatch=True, alphabet=st.characters(codec="ascii"))
    )
    at = draw(st.sampled_from(["@", "%40", "[at]", " [at] ", "(at)", " (at) ", "{AT}", "\uff20", " at "]))
    dot = draw(
        st.sampled_from([" dot ", " titik "] if at == " at " else [".", ".", "[dot]", " [dot] ", "(titik)"])
    )
    return name + at + dot.join(["warga", draw(st.sampled_from(["go", "co", "my"])), "id"])


addresses = st.one_of(
    st.integers(0x0B00_0000, 0xDFFF_FFFF).map(lambda number: str(ipaddress.IPv4Address(number))),
    st.integers(0x0B00_0000, 0xDFFF_FFFF).map(
        lambda number: str(ipaddress.IPv4Address(number)).replace(".", "[.]")
    ),
    st.integers(0x2000 << 112, 0x4000 << 112).map(lambda number: str(ipaddress.IPv6Address(number))),
    st.integers(0x2000 << 112, 0x4000 << 112).map(lambda number: ipaddress.IPv6Address(number).exploded),
    st.sampled_from(["2001:db8::9", "fe80::1ff:fe23:4567:890a", "2404:8000::1", "FD12:3456:789A::1"]),
)


@pytest.mark.parametrize("values", [niks, npwps, nips, phones], ids=["NIK", "NPWP", "NIP", "phone"])
@property_settings
@given(data=st.data())
def test_a_number_in_any_spelling_never_survives(
    con: duckdb.DuckDBPyConnection, values: Callable[[], st.SearchStrategy[str]], data: st.DataObject
) -> None:
    value = data.draw(values())
    text = data.draw(prose) + data.draw(disguised(value)) + data.draw(prose)
    result = masked(con, text)
    assert plain_digits(value) not in plain_digits(result)
    assert "[" in result


@property_settings
@given(before=prose, value=emails(), after=prose, data=st.data())
def test_an_email_in_any_spelling_never_survives(
    con: duckdb.DuckDBPyConnection, before: str, value: str, after: str, data: st.DataObject
) -> None:
    result = plain(masked(con, f"{before} {data.draw(disguised(value))} {after}"))
    assert plain(value) not in result
    assert re.split(r"[@%\[({ ]", value)[0] not in result


@property_settings
@given(before=prose, value=addresses, after=prose, data=st.data())
@example(before="", value="10.213.77.145", after="", data=None)
def test_an_address_in_any_spelling_never_survives(
    con: duckdb.DuckDBPyConnection, before: str, value: str, after: str, data: st.DataObject | None
) -> None:
    # Zeros at the end are a network or a version, one digit in each place numbers a section.
    assume(not re.search(r"\.0\W+0$|::$|^\d(\W+\d){3}$", value.replace("[.]", ".")))
    written = data.draw(disguised(value)) if data else value
    assert plain(value) not in plain(masked(con, f"{before} {written} {after}"))


@property_settings
@given(st.lists(
    st.one_of(
        st.sampled_from(IMPERSONAL),
        st.dates().map(str),
        st.datetimes().map(lambda moment: moment.strftime("%d-%m-%Y, %H:%M:%S")),
        st.uuids().map(str),
        st.binary(max_size=8).map(lambda content: hashlib.sha256(content).hexdigest()),
        st.integers(0, 99_999_999).map(str),
    ),
    max_size=4,
))  # fmt: skip
def test_a_text_with_nothing_personal_comes_back_as_it_was(
    con: duckdb.DuckDBPyConnection, words: list[str]
) -> None:
    text = ", ".join(words)
    assert masked(con, text) == text


@property_settings
@given(st.text(max_size=40))
def test_any_text_has_a_mask(con: duckdb.DuckDBPyConnection, text: str) -> None:
    once = masked(con, text)
    assert masked(con, once) == once


def test_a_name_with_bytes_that_are_no_text_is_masked_too() -> None:
    assert forms.masked("NIK\udce9 1207010101900001.csv") == "NIK\ufffd [NIK].csv"
