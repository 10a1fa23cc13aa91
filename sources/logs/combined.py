"""The web logs of nginx and Apache, common or combined, one record per request.

`address ident login [dd/Mon/yyyy:HH:MM:SS ±zzzz] "METHOD path PROTO" status bytes "referer" "user-agent"`,
read from the bracket backwards: before the address may stand a duration, a site (`host.name` or `host:port`)
and a list of forwarded addresses, of which the first is the client; anything else makes the line a bad one.
Needed are time, request and status; referer and agent may be missing, numbers and quoted fields may follow
and are not kept. There is no duration; the provider is the route, with the site before it where the line
names one, the consumer the login if there is one. Query strings, referers and user agents are not kept (of an
agent its product name).
"""

import re
from pathlib import Path

from jinja2 import Template

from sources.logs.record import (
    CLOCK_IN_UTC,
    LINES,
    MAX_MESSAGE_BYTES,
    MAX_OFFSET,
    NO_ANSWERS,
    UNREADABLE,
    UNREADABLE_WHEN,
    LogFormat,
    Problem,
)

_IPV4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_IPV6 = r"[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?"
_ADDRESS = rf"(?:{_IPV4}(?::[0-9]{{1,5}})?|{_IPV6})"
_HOST = r"[0-9._-]*[A-Za-z][A-Za-z0-9._-]*"
_DOTTED = (
    r"[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+|[0-9][A-Za-z0-9_.-]*\.[A-Za-z][A-Za-z0-9-]+"
)
# An IPv6 address has several colons.
_SITE = rf"(?:(?:{_DOTTED})|[A-Za-z0-9.-]+:[0-9]{{1,5}})"
_LISTED = rf"(?:{_ADDRESS}|unknown|-)"
_BEFORE = (
    r"^(?:[0-9]+(?:\.[0-9]+)?(?:s|ms|us)? )?"
    rf"(?:(?:(?P<site>{_SITE}) )?(?:- )?"
    rf"(?:(?:(?:unknown|-), ?)*(?P<address>{_ADDRESS})(?:, ?{_LISTED})*(?: {_ADDRESS})? )"
    rf"|(?P<far_site>{_SITE}) (?P<far>{_DOTTED}) "
    rf"|(?P<host>{_HOST}|unix:|-) )"
    r"(?P<ident>[^ ,]+) (?P<login>[^ ].*)$"
)
_TEMPLATE = Template(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
_GIVEN = {
    "backslash": "\ue002",
    "quote": "\ue003",
    "method": "[A-Za-z][A-Za-z_-]{1,19}",
    "ipv4": _IPV4,
    "address": _ADDRESS,
    "host": _HOST,
    "address_token": rf"(?:^|[ ,])(?:-|{_IPV4}|{_IPV6})(?:[ ,:]|$)",
    "before": _BEFORE,
    "names": ("site", "address", "far_site", "far", "host", "ident", "login"),
    # Durations and other numbers behind the bytes, with or without a name.
    "more": r"(?:(?:[A-Za-z_]+=)?[0-9.,:-]*(?:ms|us|s)? ?)*",
    "time": r"^([0-9]{2}/[A-Za-z]{3}/[0-9]{4}[: ][0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8})"
    r"(?:[.,][0-9]{1,9})? ?(|[Zz]|[+-][0-9]{2}:?[0-9]{2})$",
    "clock_in_utc": CLOCK_IN_UTC.format("clock"),
    "max_bytes": MAX_MESSAGE_BYTES,
    "max_offset": MAX_OFFSET,
    "no_answers": NO_ANSWERS,
}


_PLAIN = re.compile(rb'[^ ,]+ - [^ ]+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "')


def _fields(lines: str, unreadable: str = UNREADABLE_WHEN, *, plain_only: bool = False) -> str:
    return _TEMPLATE.render(lines=lines, unreadable=unreadable, plain_only=plain_only, **_GIVEN)


def _fast_fields(scratch: str, opening: bytes) -> str:
    # Where lines are written the usual way, the few others are left for the careful look.
    first = opening.split(b"\n")[:-1][:20]
    is_plain = 2 * sum(_PLAIN.match(line) is not None for line in first) > len(first)
    source = f"(select 0 as line_number, line from {LINES.format(scratch)})"
    return f"select * exclude (line_number, line) from ({_fields(source, 'false', plain_only=is_plain)})"


FORMAT = LogFormat(
    name="combined",
    fields=_fields,
    fast_fields=_fast_fields,
    is_ours="regexp_matches(line, '\\[([0-9]{2}/[A-Za-z]{3}/[0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}).*\\].*\"')",
    problems=(
        *UNREADABLE,
        Problem(
            "quotes",
            "not is_unreadable and (quotes < 2 or quotes % 2 = 1)",
            "'permintaan (lalu perujuk dan agen, jika ada) masing-masing dalam tanda kutip'",
            "quotes || ' tanda kutip'",
        ),
        Problem(
            "head",
            "not is_unreadable and not has_bracket",
            "'waktu dalam kurung siku sebelum permintaan, seperti [17/Feb/2026:09:00:00 +0700]'",
            between=", tidak ditemukan",
        ),
        Problem(
            "address",
            "not is_unreadable and has_bracket and not has_place",
            "'alamat, ident, dan pengguna sebelum waktu (di depannya hanya lama, situs, atau daftar alamat"
            " terusan)'",
            "'susunan lain'",
        ),
        Problem(
            "time",
            "has_bracket and request_time is null",
            "'waktu seperti 17/Feb/2026:09:00:00 +0700 atau ISO, zona paling jauh 14 jam'",
            "'waktu yang tidak ada'",
            between="; ditemukan ",
        ),
        Problem(
            "status",
            "not is_unreadable and quotes >= 2 and not has_tail",
            "'status tiga angka (atau - jika tanpa jawaban) dan jumlah bita (atau -) sesudah permintaan'",
            between=", tidak ditemukan",
        ),
    ),
    started_at="request_time",
    masks={
        "login": "pseudonym",
        "host": "ip_pseudonym",
        "site": "mask_identity",
        "target": "route_template",
        "agent": "agent_name",
    },
    names={},
    record={
        "protocol": "protocol",
        "method": "method",
        "status_code": "status",
        "succeeded": "coalesce(status < 400, false)",
        "response_bytes": "bytes",
    },
    named={
        "consumer_identity": "login",
        "provider_identity": "coalesce(site || target, target, '-')",
        "service_code": "coalesce(method || ' ' || target, '-')",
        "user_pseudo": "login",
        "ip_pseudo": "host",
        "agent": "agent",
    },
    hash_columns=(),
    kept_words=(
        *("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "HTTP", "http", "https", "Mozilla"),
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ),
)
