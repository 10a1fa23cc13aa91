"""From the inbox to the warehouse: the hand-over between `sources` and `expectations`.

`receive.py` says which files are new. A file is walked in this order: `receive_one.py` (opened, archived;
whatever goes wrong is that file's) ► `judge.py` (read and judged) ► `keep.py` (one transaction); logs and
small tables are walked many at a time (`receive_logs.py`, `receive_tables.py`). `prepare.py` gives a
connection what they need. Belongs here: the order of steps and the transactions. Stays out: how a file is
read (`sources/`), what a good row is (`expectations/`) and what runs when (`assets/`, `jobs.py`).
"""

from orchestration.intake.check import BrokenRule, check_file
from orchestration.intake.keep import drop_old_logs, old_logs, queue_first_day
from orchestration.intake.mend import (
    damaged_lake,
    mend_lake,
    sweep_lake,
    watch_archive,
    write_missing_receipts,
)
from orchestration.intake.prepare import (
    FIRST_KINDS,
    open_ledger,
    prepare_check,
    prepare_warehouse,
    pseudonym_key_id,
    table_kinds,
)
from orchestration.intake.receive import new_files, receive
from orchestration.intake.receive_one import keep_again, receive_again, receive_file

__all__ = [
    "FIRST_KINDS",
    "BrokenRule",
    "check_file",
    "damaged_lake",
    "drop_old_logs",
    "keep_again",
    "mend_lake",
    "new_files",
    "old_logs",
    "open_ledger",
    "prepare_check",
    "prepare_warehouse",
    "pseudonym_key_id",
    "queue_first_day",
    "receive",
    "receive_again",
    "receive_file",
    "sweep_lake",
    "table_kinds",
    "watch_archive",
    "write_missing_receipts",
]
