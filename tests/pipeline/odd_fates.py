"""Whether a case met its fate: ledger, quarantine, what was left out, values of its rows.

Belongs here: the assertions on one `Case` in a warehouse. Stays out: cases (`odd_files.py`, `odd_logs.py`)
and how they came into the warehouse.
"""

import duckdb
from odd_files import Case, folder_of, mark_of


def check_fate(con: duckdb.DuckDBPyConnection, number: int, case: Case) -> None:
    """Raise where what became of a case, the `number`-th of its inbox, is not what must."""
    found = _listed(con, number, case)
    if case.status == "ignored":
        assert found == []
        return
    assert len(found) == 1, f"listed: {found}"
    name, file_id = found[0]
    status, reason, loaded, total, quarantined = con.execute(
        "select status, coalesce(reason, ''), rows_loaded, rows_received, rows_quarantined "
        "from raw.intake_files where file_name = ?",
        [name],
    ).fetchone()  # type: ignore[misc]
    assert status in case.status.split("|"), reason
    assert not reason.startswith("internal"), reason
    assert all(word in reason for word in case.reason), reason
    assert total == loaded + quarantined
    if case.loaded is not None:
        assert loaded == case.loaded, reason
    if case.broken is not None:
        _check_refused(con, name, case)
    told = con.execute("select code, message from raw.left_out where file_name = ?", [name]).fetchall()
    assert set(case.left_out) <= {code for code, _ in told}, told
    for sql, expected in case.values:
        rows = con.execute(f"{_views(case)} {sql}", {"id": file_id, "name": name}).fetchall()
        assert [row[0] if len(row) == 1 else row for row in rows] == expected, (sql, reason, told)


def _listed(con: duckdb.DuckDBPyConnection, number: int, case: Case) -> list[tuple[str, str]]:
    """Name and file_id of what the ledger holds of a case."""
    mark = mark_of(case, number)
    whole = "/".join(part for part in (folder_of(case, number), case.name) if part)
    return con.execute(
        "select file_name, file_id from raw.intake_files "
        + ("where file_name = ?" if mark is None else "where contains(file_name, ?)"),
        [mark or whole],
    ).fetchall()


def _views(case: Case) -> str:
    rows = "lake.service_calls where file_id" if case.is_log else f"raw.{case.kind} where _file_id"
    parts = {
        "named": "select $id::varchar as id, $name::varchar as name",
        "rows": f"select * from {rows} = (select id from named)",
        "refused": "select * from raw.quarantine where file_id = (select id from named)",
        "warned": "select * from raw.row_warnings where file_id = (select id from named)",
        "told": "select * from raw.left_out where file_name = (select name from named)",
    }
    return "with " + ", ".join(f"{part} as ({sql})" for part, sql in parts.items())


def _check_refused(con: duckdb.DuckDBPyConnection, name: str, case: Case) -> None:
    """The quarantined rows of a file are those of the case, each with its rule and words."""
    rows = con.execute(
        "select row_number, row_place, rules, messages from raw.quarantine where file_name = ? "
        "order by row_number",
        [name],
    ).fetchall()
    expected = case.broken or ()
    assert len(rows) == len(expected), rows
    for (number, place, rules, messages), (wanted, rule, words) in zip(rows, expected, strict=True):
        assert wanted in (number, place), rows
        hits = [
            message
            for found, message in zip(rules, messages, strict=True)
            if (found.startswith(rule[:-1]) if rule.endswith("*") else found == rule)
        ]
        assert hits, (rules, messages)
        assert any(all(word in message for word in words) for message in hits), messages
