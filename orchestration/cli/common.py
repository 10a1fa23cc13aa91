"""What the commands share: settings, failures with an exit code, tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.settings import Settings


class Failure(Exception):
    """Ends a command with one line on standard error and an exit code."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def wrong_use(message: str) -> Failure:
    """A failure of the caller: exit code 2."""
    return Failure(message, exit_code=2)


def load_settings() -> Settings:
    """Settings of the home in SPBE_HOME (default `./data`), its folders made."""
    from orchestration.settings import Settings

    settings = Settings()
    settings.prepare_home()
    return settings


def existing(path: Path) -> Path:
    """The path, which must exist."""
    if not path.exists():
        raise wrong_use(f"{path} does not exist")
    return path


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], limit: int | None = None) -> None:
    """Rows as a plain table that fits copy and paste."""
    shown = rows if limit is None else rows[:limit]
    cells = [["" if v is None else str(v) for v in row] for row in shown]
    widths = [max([len(c), *(len(r[i]) for r in cells)]) for i, c in enumerate(columns)]
    print("  ".join(c.ljust(w) for c, w in zip(columns, widths, strict=True)).rstrip())
    print("  ".join("-" * w for w in widths))
    for row in cells:
        print("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
    if limit is not None and len(rows) > limit:
        print(f"… {len(rows) - limit} more rows")
