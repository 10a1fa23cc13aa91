"""Writes the page of all settings from their model; `--check` fails where the page is another."""

import sys
from pathlib import Path

from orchestration.settings import Settings, meaning

PAGE = Path(__file__).parents[1] / "orchestration" / "SETTINGS.md"
HEAD = """# Settings
All of them, written from their model (`orchestration/settings.py`) by `make pages`. They stand in
`spbe.toml` of a home; a variable of the environment (`SPBE_` and the name in capitals) outweighs the file.

| Setting | Default | What it says |
|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        shown = "" if default is None else f"`{default}`"
        rows.append(f"| `{name}` | {shown} | {meaning(field).replace('|', chr(92) + '|')} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.exit("orchestration/SETTINGS.md is not what the settings say: make pages")
