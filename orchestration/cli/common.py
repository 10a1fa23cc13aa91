"""What the commands share: settings, failures with an exit code, tables on the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.settings import Settings

# Characters that a cell keeps on a narrow terminal.
_LEAST_WIDTH = 8


class Failure(Exception):
    """Ends a command with one line on standard error and an exit code."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def wrong_use(message: str) -> Failure:
    """A failure of the caller: exit code 2."""
    return Failure(message, exit_code=2)


def load_settings() -> Settings:
    """Settings of the home, its folders made: for commands that write into it.

    `SPBE_HOME` may name a folder that is still to become a home; `./data` must be one already.
    """
    from orchestration.home import is_home
    from orchestration.settings import make_home

    settings = _settings()
    if is_home(settings.home):
        settings.prepare_home()
    elif _names_home():
        make_home(settings)
    else:
        raise no_home(settings.home)
    return settings


def open_home() -> Settings:
    """Settings of the home, which must be one: for commands that only read; nothing is made."""
    from orchestration.home import is_home

    settings = _settings()
    if not is_home(settings.home):
        raise no_home(settings.home)
    return settings


def _settings() -> Settings:
    """Settings of the home; a variable of ours that is none is a mistake in writing."""
    import difflib

    from orchestration.processes import LEADER
    from orchestration.settings import Settings

    # The last three are ours: what tools read, and what a command below `spbe ui` inherits.
    ours = {"SPBE_WAREHOUSE", "SPBE_CHANGED_ONLY", LEADER}
    known = {f"SPBE_{name.upper()}" for name in Settings.model_fields} | ours
    for name in sorted(os.environ):
        if name.startswith("SPBE_") and name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"perhaps {near[0]}" if near else "`spbe.toml` of a home holds them all"
            raise wrong_use(f"{name}: there is no such setting; {hint}")
    return Settings()


def open_published() -> Path:
    """The published database of the home; its readers need not be allowed to read the settings."""
    from orchestration.home import is_home
    from orchestration.settings import Settings

    home = Path(os.environ.get("SPBE_HOME") or "data").expanduser().resolve()
    published = Settings.model_construct(home=home).published
    if not is_home(home) and not published.exists():
        raise no_home(home)
    if not published.exists():
        raise Failure("nothing is published yet: `spbe run` first")
    return published


def open_home_or_none() -> Settings:
    """Settings of the home if there is one, else the defaults: for what an OPD does without a home."""
    from orchestration.home import is_home

    settings = _settings()
    if not is_home(settings.home):
        print(f"spbe: no home at {settings.home}, so without the lists that one publishes", file=sys.stderr)
    return settings


def no_home(folder: Path) -> Failure:
    """Wrong use: where a home should be there is none."""
    named = "SPBE_HOME names" if _names_home() else "SPBE_HOME is not set, and ./data is"
    return wrong_use(
        f"{named} no home: {folder} holds neither spbe.toml nor warehouse.duckdb\n"
        "`spbe init FOLDER` makes one; `export SPBE_HOME=FOLDER` names one"
    )


def _names_home() -> bool:
    return bool(os.environ.get("SPBE_HOME"))


def kind_names(incomplete: str) -> list[str]:
    """What the shell completes a kind to."""
    from expectations.contract import kinds

    return [kind for kind in kinds() if kind.startswith(incomplete)]


def existing(path: Path) -> Path:
    """The path, which must exist."""
    if not path.exists():
        raise wrong_use(f"{path} does not exist")
    return path


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], limit: int | None = None) -> None:
    """Rows as a plain table that fits copy and paste."""
    for line in table_lines(columns, rows if limit is None else rows[:limit]):
        print(line)
    if limit is not None and len(rows) > limit:
        print(f"… {len(rows) - limit} more rows")


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[object]], width: int | None = None
) -> Iterator[str]:
    """Lines of a plain table.

    Args:
        columns: the heads.
        rows: as many values each.
        width: of the terminal, in characters; where the table is wider, its widest cells are cut and end in
            `…`. None: nothing is cut.
    """
    cells = [["" if v is None else " ".join(str(v).splitlines()) for v in row] for row in rows]
    widths = [max([len(c), *(len(r[i]) for r in cells)]) for i, c in enumerate(columns)]
    while width is not None and sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > _LEAST_WIDTH:
        widths[widths.index(max(widths))] -= 1

    def line(values: Sequence[str]) -> str:
        cut = [v if len(v) <= w else v[: w - 1] + "…" for v, w in zip(values, widths, strict=True)]
        return "  ".join(c.ljust(w) for c, w in zip(cut, widths, strict=True)).rstrip()

    yield line(columns)
    yield "  ".join("-" * w for w in widths)
    yield from map(line, cells)
