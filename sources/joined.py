"""Files of the lake that hold the records of several small logs of one day.

Belongs here: how such a file is named, what its footer tells, which logs are joined. Stays out: which logs
are read together (`orchestration/intake/receive_logs.py`), which files count (`sources/ledger.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from expectations.quoting import literal

# Of a log with more records on a day, reading costs so much that a file of its own costs nothing beside it.
MOST_RECORDS = 4_000
ENDING = ".joined.parquet"
# Key of the footer, and the shape of its value.
_KEY = "logs"
_SHAPE = '[{"file_id": "VARCHAR", "records": "BIGINT"}]'


def joined_name(file_ids: Collection[str]) -> str:
    """Name of the file that holds these logs, the same in whatever order they come."""
    return hashlib.sha256("\n".join(sorted(file_ids)).encode()).hexdigest() + ENDING


def name_without_some(name: str) -> str:
    """Name of what is left of a joined file after logs left it; its id stays."""
    file_id, _, times = name.removesuffix(ENDING).partition("-")
    return f"{file_id}-{int(times or 0) + 1:04d}{ENDING}"


def is_joined(name: str) -> bool:
    """Whether a file of the lake may hold several logs."""
    return name.endswith(ENDING)


def is_joined_sql(name: str) -> str:
    """The same as SQL."""
    return f"ends_with({name}, {literal(ENDING)})"


def footer_sql(records: Mapping[str, int]) -> str:
    """SQL of the entry of a footer (`kv_metadata`) that tells the records of each log, by `file_id`."""
    told = [{"file_id": file_id, "records": count} for file_id, count in records.items()]
    return f"{_KEY}: {literal(json.dumps(told))}"


def footers_sql(pattern: str) -> str:
    """SELECT of `file_name`, `file_id` and `records` from the footers of joined files.

    Args:
        pattern: SQL of their path, as a text.
    """
    return (
        "select file_name, unnest(logs, recursive := true) from (select file_name,"
        f" from_json(decode(value), {literal(_SHAPE)}) as logs from parquet_kv_metadata({pattern})"
        f" where decode(key) = {literal(_KEY)})"
    )
