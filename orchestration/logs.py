"""The log files of a home: what its commands and runs did, kept for years in little room.

Belongs here: the files, their size and how many are kept. Stays out: what of dbt's words is written
(`dbt.py`), Dagster's events.
"""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from orchestration.settings import Settings

_LOG_BYTES = 5_000_000
_KEPT = 4
_OURS = ("orchestration", "exports", "sources", "expectations")
_FORM = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


def log_file(path: Path, form: str) -> RotatingFileHandler:
    """A log that is turned over at 5 MB, four old ones kept; its folder is made.

    Args:
        path: the file, made with the first line.
        form: a line, as `logging.Formatter` reads it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(form))
    return handler


def log_to_home(settings: Settings) -> None:
    """Write what our packages log to `logs/spbe.log`."""
    handler = log_file(settings.logs / "spbe.log", _FORM)
    for name in _OURS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, RotatingFileHandler) for known in logger.handlers):
            logger.addHandler(handler)
        logger.setLevel(logging.INFO)
