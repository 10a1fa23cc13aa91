"""Dagster's notes on runs, schedules and sensors, without getting ready anew for each statement.

Belongs here: how these notes are stored. Stays out: events (`events.py`), which notes there are (Dagster).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import NullPool


class _OneEngine:
    """Dagster makes an engine for each statement, which then learns the database and compiles the statement.

    A daemon that waits asks some every second. The connections stay as they are: one a statement, so that
    threads and processes do not meet.
    """

    _conn_string: str

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to set: the file lies where Dagster would put it."""
        return {}

    @cached_property
    def _engine(self) -> sa.Engine:
        return sa.create_engine(
            self._conn_string, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        )

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A connection and a transaction, for a statement or a few."""
        with self._engine.begin() as connection:
            yield connection


class Runs(_OneEngine, SqliteRunStorage):
    """Dagster's own notes on runs."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "Runs":
        """The notes of the instance in DAGSTER_HOME."""
        return cls.from_local(str(Path(os.environ["DAGSTER_HOME"]) / "history"), inst_data)


class Schedules(_OneEngine, SqliteScheduleStorage):
    """Dagster's own notes on schedules and sensors."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "Schedules":
        """The notes of the instance in DAGSTER_HOME."""
        made = cls.from_local(str(Path(os.environ["DAGSTER_HOME"]) / "schedules"), inst_data)
        assert isinstance(made, cls)
        return made
