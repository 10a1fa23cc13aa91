"""What a stranger wrote: JSON that is read strictly, text that is shown so that it steers no terminal."""

import json
import unicodedata
from typing import Any, NoReturn

# Letters by their class, but nothing is seen of them.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def plain(text: str, longest: int = 200) -> str:
    """Give text of the other side as it may be shown: in one line, cut, nothing in it that steers a terminal.

    Control, bidi and zero-width characters, line ends, halves of characters and marks that pile up on a
    letter are written as their codes.

    Args:
        text: whatever came.
        longest: characters of it that are shown; what is cut ends in `…`.
    """
    cut = text if len(text) <= longest else text[:longest] + "…"
    return "".join(sign if is_plain(sign) else _code(sign) for sign in cut)


def is_plain(sign: str) -> bool:
    """Tell whether a character shows as itself, where it stands."""
    return sign.isprintable() and sign not in _UNSEEN and not unicodedata.category(sign).startswith("M")


def _code(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) <= 0xFFFF else f"\\U{ord(sign):08x}"


def read_json_object(content: bytes) -> dict[str, Any]:
    """Read a JSON object in which no name stands twice and no number is infinite.

    Args:
        content: its bytes; how many they may be is for the caller to see to.

    Raises:
        ValueError: it is none; the message says why in a line and repeats nothing of it.
    """
    try:
        read = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_refused)
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg}, line {error.lineno}") from error
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    if not isinstance(read, dict):
        raise ValueError("JSON, but no object")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("a name stands in one object twice")
    return read


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
