"""The log files of a home: what its commands and runs did, kept for years in little room.

Belongs here: where our own log goes. Stays out: dbt's (`dbt.py` names its file), Dagster's events.
"""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

from orchestration.settings import Settings

MAX_BYTES = 5_000_000
_KEPT = 4
_OURS = ("orchestration", "exports", "sources", "expectations")
_FORM = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


def log_to_home(settings: Settings) -> None:
    """Write what our packages log to `logs/spbe.log`, turned over at 5 MB, four old ones kept."""
    settings.logs.mkdir(exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(
        settings.logs / "spbe.log", maxBytes=MAX_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter(_FORM))
    for name in _OURS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, RotatingFileHandler) for known in logger.handlers):
            logger.addHandler(handler)
        logger.setLevel(logging.INFO)
