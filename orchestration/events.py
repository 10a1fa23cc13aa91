"""Dagster's event log, written without waiting for the disk at each event.

Belongs here: how events are stored. Stays out: which there are (Dagster, `dbt.py`, `checks.py`).
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool

_INDEX = "index"


class EventLog(SqliteEventLogStorage):
    """The files of Dagster's own SQLite log, with a connection that stays open.

    Dagster opens, syncs and closes a file for each event; a night has more than a thousand. Here a killed
    process loses no event, and a machine that loses power the last ones at most: what a run has done stands
    in the warehouse, not here.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._together: dict[str, sa.Connection] | None = None
        self._found: set[str] = set()
        super().__init__(base_dir, inst_data)
        # A batch holds it, and each of its events asks for it again.
        self._db_lock = threading.RLock()

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to set: the log lies where Dagster would put it."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "EventLog":
        """The log of the instance in DAGSTER_HOME."""
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data)

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Days in their order, in which ranges are meant; a file may bring an earlier one at any time."""
        return sorted(super().get_dynamic_partitions(partitions_def_name))

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that is there stays there."""
        return self._stays(table_name, lambda: super(EventLog, self).has_table(table_name))

    def has_secondary_index(self, name: str) -> bool:
        """Whether a summary is made along with the events."""
        return self._stays(f"index {name}", lambda: super(EventLog, self).has_secondary_index(name))

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        of_index = super()._has_asset_key_col_on_connection
        return self._stays(f"column {column_name}", lambda: of_index(conn, column_name))

    def _stays(self, name: str, ask: Callable[[], bool]) -> bool:
        """Dagster asks the file for each event what its tables are; what it once had, it has."""
        if name not in self._found and ask():
            self._found.add(name)
        return name in self._found

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction of each file; all or none."""
        with self._db_lock, ExitStack() as files:
            self._together = {}
            try:
                for shard in (*{event.run_id for event in events}, _INDEX):
                    self._together[shard] = files.enter_context(self._begun(shard))
                for event in events:
                    self.store_event(event)
            finally:
                self._together = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if self._together and shard in self._together:
                yield self._together[shard]
            else:
                with self._begun(shard) as connection:
                    yield connection

    @contextmanager
    def _begun(self, shard: str) -> Iterator[sa.Connection]:
        engine = self._engines.get(shard) or self._open(shard)
        with engine.connect() as connection, connection.begin():
            yield connection

    def _open(self, shard: str) -> sa.Engine:
        """Open a run's file or the index; of the runs one stays open."""
        for name in [name for name in self._engines if _INDEX not in (name, shard)]:
            self._engines.pop(name).dispose()
        engine = sa.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = normal"))
        self._initdb(engine)
        self._engines[shard] = engine
        return engine

    def dispose(self) -> None:
        """Close all files."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()
