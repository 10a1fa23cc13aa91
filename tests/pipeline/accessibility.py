"""What axe-core finds wrong with a page, in a browser of its own width."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def accessibility_faults(browser: "Browser", page: Path, width: int) -> list[str]:
    """Each broken rule with its first place; the page's policy lets no script in, so it is lifted."""
    script = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    context = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 900})
    try:
        opened = context.new_page()
        opened.goto(page.as_uri())
        opened.evaluate(script)
        found = opened.evaluate("axe.run()")["violations"]
    finally:
        context.close()
    return [f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in found]
