"""The PDF of a page: its own HTML, walked by typst, so that paper and screen share template and numbers.

Belongs here: turning the `<main>` of a page into what `templates/print.typ` walks. Stays out: what a page
says (its template), how it looks on paper (`print.typ`). The engine is one wheel with its fonts; it reads no
other file and asks no network, and the same page gives the same bytes.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

HERE = Path(__file__).parent / "templates"
# An archive's format whose text a screen reader can follow.
_STANDARDS = ["a-3a", "ua-1"]
# Of a page that rests on nothing received; the clock is never asked.
_NO_DAY = "2015-01-01"
# What only a screen shows.
_ON_SCREEN = "screen"
_MAIN = re.compile(r"<main\b.*</main>", re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_DRAWN = re.compile(r"^(svg [^{]*)\{([^}]*)\}", re.MULTILINE)
_VARIABLE = re.compile(r"(--[\w-]+):\s*([^;]+);")

# How wide a letter of a drawing is, of its height: about that of a digit.
_LETTER = 0.47

Node = dict[str, Any] | str


class Printer:
    """A print engine that has read fonts and template, for many pages; `engine` names both."""

    def __init__(self) -> None:
        # Here, not above: what needs no PDF does not pay for the engine.
        import typst

        looks = b"".join((HERE / name).read_bytes() for name in ("print.typ", "style.css"))
        self.engine = f"typst-{version('typst')}-{hashlib.sha256(looks).hexdigest()[:12]}"
        self._compiler = typst.Compiler(str(HERE / "print.typ"), root=str(HERE), ignore_system_fonts=True)

    def pdf(self, page: bytes) -> bytes:
        """Print the `<main>` of a page.

        Args:
            page: a whole page whose `<main>` is well-formed as XML; the `data-date` of it, if any, is the day
                that the file bears.

        Raises:
            ValueError: the page has no `<main>`.
        """
        import typst

        try:
            return self._compile(page, "pdf", pdf_standards=_STANDARDS)
        except typst.TypstError:
            # The standards refuse a sign that the fonts do not have, such as one of another script in a name;
            # without them it is a box.
            return self._compile(page, "pdf")

    def pictures(self, page: bytes) -> list[bytes]:
        """Draw the same pages as PNG, one for each sheet of paper."""
        drawn = self._compile(page, "png", ppi=110)
        return drawn if isinstance(drawn, list) else [drawn]

    def _compile(self, page: bytes, form: Literal["pdf", "png"], **options: Any) -> Any:
        text = page.decode()
        main, title = _MAIN.search(text), _TITLE.search(text)
        if not main or not title:
            raise ValueError("a page to be printed has a <title> and one <main>")
        root = ElementTree.fromstring(main[0])
        told = {
            "title": ElementTree.fromstring(title[0]).text,
            "one": "one" in root.get("class", "").split(),
            "colours": _colours(),
            "body": list(_children(root)),
        }
        day = datetime.fromisoformat(root.get("data-date") or _NO_DAY).replace(tzinfo=UTC)
        return self._compiler.compile(
            format=form, sys_inputs={"page": json.dumps(told)}, timestamp=day, **options
        )


def _children(element: ElementTree.Element) -> Iterator[Node]:
    if text := _text(element.text):
        yield text
    for child in element:
        if _ON_SCREEN not in child.get("class", "").split():
            yield _node(child)
        if text := _text(child.tail):
            yield text


def _text(text: str | None) -> str:
    # As a browser: any white space is one blank; what stands between blocks is nothing.
    found = re.sub(r"[ \t\r\n]+", " ", text or "")
    return "" if found == " " and "\n" in (text or "") else found


def _node(element: ElementTree.Element) -> Node:
    if element.tag == "svg":
        return {"tag": "svg", "alt": element.get("aria-label", ""), "picture": _picture(element)}
    return {
        "tag": element.tag,
        "class": element.get("class", "").split(),
        "href": element.get("href", ""),
        "columns": element.get("data-columns", "").split(),
        "head": element.get("scope") == "col",
        "span": int(element.get("colspan", "1")),
        "children": list(_children(element)),
    }


def _picture(element: ElementTree.Element) -> str:
    drawing = ElementTree.fromstring(ElementTree.tostring(element))
    drawing.set("xmlns", "http://www.w3.org/2000/svg")
    style = ElementTree.Element("style")
    style.text = _style()
    drawing.insert(0, style)
    for group in list(drawing.iter()):
        for place, child in reversed(list(enumerate(group))):
            if "halo" in child.get("class", "").split():
                child.set("class", child.get("class", "").replace("halo", ""))
                group.insert(place, _paper_behind(child))
    drawing.tail = None
    return ElementTree.tostring(drawing, encoding="unicode")


def _paper_behind(text: ElementTree.Element) -> ElementTree.Element:
    # Around each letter, as a browser draws it, paper would cover the letter before it.
    size = 12.5 if {"label", "value"} & set(text.get("class", "").split()) else 11
    width = _LETTER * size * len("".join(text.itertext())) + 2
    start = {"middle": width / 2, "end": width - 1}.get(text.get("text-anchor", ""), 1)
    x, y = float(text.get("x", 0)) - start, float(text.get("y", 0)) - 0.8 * size
    box = {"x": x, "y": y, "width": width, "height": size}
    return ElementTree.Element(
        "rect", {name: f"{value:.1f}" for name, value in box.items()} | {"fill": _colours()["--paper"]}
    )


@cache
def _colours() -> dict[str, str]:
    """The page's colours by the name of their variable."""
    css = (HERE / "style.css").read_text(encoding="utf-8")
    return {name: value.strip() for name, value in _VARIABLE.findall(css)}


@cache
def _style() -> str:
    """The page's own rules for drawings, with plain colours: an engine for drawings knows no variables."""
    css = (HERE / "style.css").read_text(encoding="utf-8")
    rules = [
        f"{', '.join(part.strip().removeprefix('svg ') for part in names.split(','))} {{{body}}}"
        for names, body in re.findall(
            r"^ *(svg [^{]*)\{([^}]*)\}", css.replace("} svg", "}\nsvg"), re.MULTILINE
        )
    ]
    text = re.sub(r"var\((--[\w-]+)\)", lambda found: _colours()[found[1]], "\n".join(rules))
    return "text { font-family: 'Libertinus Serif' }\n" + text
