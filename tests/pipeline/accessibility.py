"""What a browser finds wrong with a page at each width that it is read at, and on paper."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A telephone, a tablet upright and across, a desk.
WIDTHS = (360, 768, 1024, 1280)
# Of A4 within its margins.
PAPER = 680
# A heading of cards is there for who listens, not for who looks.
_SIDEWAYS = """width => {
    const own = [...document.querySelectorAll('body *:not(thead, thead *, script)')];
    const page = document.querySelector('.page');
    const inner = e => e.getBoundingClientRect().right - parseFloat(getComputedStyle(e).paddingRight);
    const named = e => e.tagName + ': ' + e.textContent.trim().slice(0, 80);
    return [
        ...(document.documentElement.scrollWidth > width ? ['the page scrolls sideways'] : []),
        ...own.filter(e => e.getBoundingClientRect().right > width + 1).map(e => 'beyond ' + named(e)),
        ...own.filter(e => page && e.matches('.page :is(table, th, td, p, li, pre)')
            && e.getBoundingClientRect().right > inner(page) + 1).map(e => 'out of the page ' + named(e)),
        ...own.filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible'
            && !['INPUT', 'SELECT'].includes(e.tagName)).map(e => 'hidden ' + named(e)),
    ];
}"""
_SMALLEST = """() => Math.min(99, ...[...document.querySelectorAll('svg text')].map(text =>
    parseFloat(getComputedStyle(text).fontSize)
    * text.ownerSVGElement.getBoundingClientRect().width / 360))"""


def page_faults(browser: "Browser", page: Path) -> list[str]:
    """Look at a page at each of `WIDTHS` and on paper.

    Returns:
        What lies beyond its edge or behind a scroll, letters of a drawing too small to read, each request and
        each word on the console, each rule of axe-core that it breaks at the least and the greatest width,
        with its first place; each said with where it was seen.
    """
    script = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    # The page's policy lets no foreign script in, so it is lifted for axe.
    context = browser.new_context(bypass_csp=True)
    found: list[str] = []
    try:
        opened = context.new_page()
        opened.on("request", lambda asked: found.append(f"request {asked.url}"))
        opened.on("console", lambda message: found.append(f"console {message.text}"))
        opened.on("pageerror", lambda error: found.append(f"error {error}"))
        opened.goto(page.as_uri())
        for width in (*WIDTHS, PAPER):
            media = "print" if width == PAPER else "screen"
            opened.emulate_media(media=media)
            opened.set_viewport_size({"width": width, "height": 900})
            seen = opened.evaluate(_SIDEWAYS, width)
            if width == WIDTHS[0] and opened.evaluate(_SMALLEST) < 9.5:
                seen.append("letters of a drawing are too small")
            if width in (WIDTHS[0], WIDTHS[-1]):
                opened.evaluate(script)
                broken = opened.evaluate("axe.run()")["violations"]
                seen += [f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in broken]
            found += [f"{media} {width}: {fault}" for fault in seen]
    finally:
        context.close()
    return [fault for fault in found if not fault.startswith(("request file:", "request data:"))]
