"""What is kept of a judged file, in one transaction; and what is dropped.

Belongs here: rows, bad lines, ledger and waiting days of one file; logs whose time is over. Stays out:
judging; what runs that were killed left (`mend.py`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from expectations import contract as contracts
from expectations import quarantine
from expectations.relations import BAD_LINES, JUDGED, JUDGED_TOGETHER
from orchestration.intake.prepare import pseudonym_key_id
from orchestration.settings import Settings
from sources import corrections, joined, lake, ledger
from sources.archive import continues, drop_archived, find_archived
from sources.kinds import LOG_KIND
from sources.ledger import FileRecord, LakeFile
from sources.left_out import LeftOut
from sources.logs import writing
from sources.personal_forms import masked_all
from sources.receipts import receipt_of, write_receipt
from sources.received import ReceivedFile, Verdict

if TYPE_CHECKING:
    import duckdb

_LONGEST_REASON = 2000


def keep_file(
    con: duckdb.DuckDBPyConnection, settings: Settings, file: ReceivedFile, verdict: Verdict
) -> Verdict:
    """Keep what became of a file, and its receipt: all of it or, if that fails, nothing.

    Returns:
        The verdict as it was kept: every text masked.
    """
    [verdict] = _all_masked([verdict])
    record = verdict.record
    is_log = record.kind == LOG_KIND
    has_lines = is_log and record.status in ("loaded", "partly")
    with _transaction(con):
        replaced = [
            (file_id, sha256)
            for file_id, sha256, size in ledger.earlier_versions(con, record)
            if not is_log or _continues(settings, record, sha256, size)
        ]
        if has_lines:
            _keep_bad_lines(con, record.file_id)
        elif record.rows_received and not is_log:
            _keep_rows(con, record)
        place = ledger.record_file(con, record, [file_id for file_id, _ in replaced], verdict.left_out)
        left: Sequence[LakeFile] = ()
        if is_log:
            gone = [file_id for file_id, _ in replaced]
            left = _note_in_lake(con, settings, [verdict], {record.file_name: gone})
        if verdict.media_type:
            ledger.note_documents(con, {record.file_id: verdict.media_type})
        _forget_unlisted(con, [record])
        # Before the ledger says so: a receipt too many is written over when the file is received again.
        _write_receipts(con, settings, [file], [record], [place])
    lake.remove_files(settings.lake, left)
    return verdict


def keep_logs(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Sequence[ReceivedFile],
    verdicts: Sequence[Verdict],
) -> list[Verdict]:
    """Keep what became of several logs as `keep_file` does of each: all of it or, if that fails, nothing.

    Args:
        con: with the bad lines of all in `writing.BAD_LINES_OF_LOGS`.
        settings: the home.
        files: of different names and contents.
        verdicts: one for each.
    """
    verdicts = _all_masked(verdicts)
    records = [verdict.record for verdict in verdicts]
    read = [verdict for verdict in verdicts if verdict.record.status in ("loaded", "partly")]
    with _transaction(con):
        known = ledger.known_of(con, [record.file_name for record in records])
        replaced = {
            record.file_name: [
                earlier.file_id
                for earlier in known[record.file_name]
                if earlier.is_earlier(record)
                and _continues(settings, record, earlier.sha256, earlier.size_bytes)
            ]
            for record in records
        }
        ids = [verdict.record.file_id for verdict in read]
        con.execute("delete from intake.bad_lines where list_contains(?, file_id)", [ids])
        con.execute(
            f"insert into intake.bad_lines by name from {writing.BAD_LINES_OF_LOGS} "
            "where list_contains(?, file_id)",
            [ids],
        )
        found = [(verdict.record, verdict.left_out) for verdict in verdicts]
        places = ledger.record_files(con, found, known, replaced)
        left = _note_in_lake(con, settings, verdicts, replaced)
        _write_receipts(con, settings, files, records, places)
    lake.remove_files(settings.lake, left)
    return verdicts


def _note_in_lake(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    verdicts: Sequence[Verdict],
    replaced: Mapping[str, Sequence[str]],
) -> list[LakeFile]:
    """Note what logs have in the lake now, and let the days wait for counting that this touches.

    Args:
        con: within the transaction that keeps the logs.
        settings: the home.
        verdicts: on logs; of a duplicate nothing changes, since what it is equal to stays.
        replaced: by file name, ids of the versions that a log takes the place of.

    Returns:
        Files that are to be removed when all is kept.
    """
    judged = [verdict for verdict in verdicts if verdict.record.status != "duplicate"]
    now = {v.record.file_id: v if v.record.status in ("loaded", "partly") else None for v in judged}
    gone = [file_id for file_ids in replaced.values() for file_id in file_ids]
    before = ledger.files_of_logs(con, [*now, *gone])
    left = ledger.note_lakes(con, {file_id: v.lake_files if v else () for file_id, v in now.items()}, gone)
    leave_joined(con, settings, left)
    days: dict[str, set[dt.date]] = defaultdict(set)
    for verdict in judged:
        record = verdict.record
        touched = days[record.instansi_code]
        touched.update(verdict.days if now[record.file_id] else ())
        for file_id in (record.file_id, *replaced[record.file_name]):
            touched.update(file.day for file in before[file_id])
    for code, touched in days.items():
        ledger.queue_days(con, lake.with_neighbours(settings.lake, touched), code)
    return left


def leave_joined(con: duckdb.DuckDBPyConnection, settings: Settings, left: Sequence[LakeFile]) -> None:
    """Give the logs that stay in joined files ones without those that left, in the ledger and in the lake.

    Args:
        con: within the transaction in which they left.
        settings: the home.
        left: the files, which are to be removed afterwards; what a crash leaves of them is swept.
    """
    for file in left:
        if not joined.is_joined(file.name):
            continue
        ledger.begin_lake(con, lake.file_id_of(file.name))
        staying = ledger.logs_in(con, file)
        # Where it is gone, it is found so later, and its logs are read again.
        if staying and (now := lake.leave_joined(con, settings.lake, file, staying)):
            ledger.note_instead(con, file, now)


def keep_tables(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Sequence[ReceivedFile],
    verdicts: Sequence[Verdict],
) -> list[Verdict]:
    """Keep what became of several tables as `keep_file` does of each: all of it or, if that fails, nothing.

    Args:
        con: with the rows of all in `judged_together`.
        settings: the home.
        files: of one kind, of different names and contents, no correction among them; none of what they
            replace lies under another name, too.
        verdicts: one for each.
    """
    verdicts = _all_masked(verdicts)
    records = [verdict.record for verdict in verdicts]
    kind = records[0].kind
    with _transaction(con):
        known = ledger.known_of(con, [record.file_name for record in records])
        replaced = {
            record.file_name: [e.file_id for e in known[record.file_name] if e.is_earlier(record)]
            for record in records
        }
        ids = [record.file_id for record in records if record.rows_received]
        if ids:
            con.execute(f"delete from received.{kind} where list_contains(?, _file_id)", [ids])
            con.execute(
                f"insert into received.{kind} by name select * from {JUDGED_TOGETHER} "
                "order by list_position(?, _file_id), _row_number",
                [ids],
            )
        found = [(verdict.record, verdict.left_out) for verdict in verdicts]
        places = ledger.record_files(con, found, known, replaced)
        media_types = {v.record.file_id: v.media_type for v in verdicts if v.media_type}
        ledger.note_documents(con, media_types)
        _forget_unlisted(con, records)
        _write_receipts(con, settings, files, records, places)
    return verdicts


@contextmanager
def _transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    con.execute("begin")
    try:
        yield
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _write_receipts(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Sequence[ReceivedFile],
    records: Sequence[FileRecord],
    places: Sequence[int],
) -> None:
    key = pseudonym_key_id(con)
    for file, record, place in zip(files, records, places, strict=True):
        write_receipt(settings.archive, receipt_of(file, record, place, key))


def _all_masked(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts as they may be kept and shown."""
    texts: list[str] = []
    for verdict in verdicts:
        record, items = verdict.record, verdict.left_out
        texts += [record.log_format or "", record.reason_text or "", *(record.sheets or [])]
        texts += [*(i.place for i in items), *(i.message for i in items)]
    clean = iter(masked_all(texts))
    return [_with_texts(verdict, clean) for verdict in verdicts]


def _with_texts(verdict: Verdict, clean: Iterator[str]) -> Verdict:
    """A verdict with the next texts of `clean` in the place of its own."""
    record, items = verdict.record, verdict.left_out
    log_format, reason = next(clean), next(clean)
    shown = replace(
        record,
        log_format=log_format or None,
        reason_text=reason[:_LONGEST_REASON] or None,
        sheets=[next(clean) for _ in record.sheets or []] or None,
    )
    places = [next(clean) for _ in items]
    messages = [next(clean)[:_LONGEST_REASON] for _ in items]
    left_out = [
        LeftOut(item.code, place, item.count, message)
        for item, place, message in zip(items, places, messages, strict=True)
    ]
    return replace(verdict, record=shown, left_out=left_out)


def _continues(settings: Settings, record: FileRecord, earlier_sha256: str, earlier_size: int) -> bool:
    """Whether a log is an earlier one of its path grown; if not, the path was used again, and both count."""
    path = find_archived(settings.archive, record.file_sha256)
    earlier = find_archived(settings.archive, earlier_sha256)
    if path is None or earlier is None:  # its retention is over: only the sizes are left to compare
        return record.size_bytes >= earlier_size
    return continues(path, earlier)


def _keep_rows(con: duckdb.DuckDBPyConnection, record: FileRecord) -> None:
    kind = record.kind
    quarantine.create_received(con, contracts.load_contract(kind, record.contract_version))
    con.execute(f"delete from received.{kind} where _file_id = ?", [record.file_id])
    con.execute(f"insert into received.{kind} by name select * from {JUDGED}")
    if record.is_correction:
        corrections.keep_links(con, kind, record.file_id)


def _forget_unlisted(con: duckdb.DuckDBPyConnection, records: Sequence[FileRecord]) -> None:
    """A content whose meta came later is another hand's now: what it was before is listed nowhere.

    The files are of one kind.
    """
    kind = records[0].kind
    if kind in contracts.kinds():
        con.execute(
            f"delete from received.{kind} where list_contains(?, _file_sha256) "
            "and _file_id not in (select file_id from intake.files)",
            [[record.file_sha256 for record in records]],
        )


def _keep_bad_lines(con: duckdb.DuckDBPyConnection, file_id: str) -> None:
    con.execute("delete from intake.bad_lines where file_id = ?", [file_id])
    con.execute(
        f"insert into intake.bad_lines by name select ? as file_id, * from {BAD_LINES}",
        [file_id],
    )


def queue_first_day(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Let the last complete day wait where no day was ever computed and none waits.

    The models of a day make the tables that the index reads, and a home need not have a log.
    """
    made = con.execute(
        "select 1 from information_schema.tables where table_schema = 'intermediate' "
        "and table_name = 'int_calls__counted_daily'"
    ).fetchone()
    if not made and not ledger.pending_days(con):
        ledger.queue_days(con, [settings.last_complete_day()])


def old_logs(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """sha256 of the contents whose time in the archive is over: logs that came longer ago than the settings
    keep them, in days that the home lived through.

    What was read of them stays in the lake. Content that is also a table's is none.
    """
    lived = ledger.lived_days(con, dt.datetime.now(dt.UTC).date())
    rows = con.execute(
        "select file_sha256 from intake.files as file group by file_sha256 "
        "having bool_and(kind = ?) and (not ? or ? - coalesce((select max(lived_days) from intake.clock "
        "where day <= max(file.received_at)::date), 0) > ?)",
        [LOG_KIND, settings.archive_logs, lived, settings.archive_log_days],
    ).fetchall()
    return [sha256 for (sha256,) in rows]


def drop_old_logs(con: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Delete them from the archive; how many there were."""
    return sum(drop_archived(settings.archive, sha256) for sha256 in old_logs(con, settings))
