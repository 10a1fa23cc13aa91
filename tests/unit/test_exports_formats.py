"""The pages of the shared formats: complete, in Indonesian, and without a request to anywhere."""

import datetime as dt
import re
from pathlib import Path

from expectations.contract import kinds, load_contract
from expectations.rules import rules_of
from expectations.suite import LastVerdict
from exports.reports.formats import write_formats


def test_a_page_tells_every_column_code_and_rule(tmp_path: Path) -> None:
    contracts = [load_contract(kind) for kind in kinds()]
    written = write_formats(tmp_path, contracts, {})
    index = written[0].read_text(encoding="utf-8")
    for contract, path in zip(contracts, written[1:], strict=True):
        page = path.read_text(encoding="utf-8").replace("&#39;", "'").replace("&#34;", '"')
        assert f'href="{path.name}"' in index
        for column in contract.columns:
            assert f"<code>{column.name}</code>" in page
            assert all(f"<code>{code}</code>" in page for code in column.codes)
        assert all(rule.expected in page for rule in rules_of(contract) if rule.column is None)
        assert "Hasil pemeriksaan" not in page


def test_a_page_calls_nobody(tmp_path: Path) -> None:
    for path in write_formats(tmp_path, [load_contract("usage")], {}):
        page = path.read_text(encoding="utf-8")
        assert "default-src 'none'" in page
        assert not re.findall(r'(?:src|href|action)="(?!data:,)[^"]*//', page)
        assert "<script" not in page


def test_a_page_shows_the_last_verdict_the_worst_first(tmp_path: Path) -> None:
    contract = load_contract("usage")
    found = {rule.id: 0 for rule in rules_of(contract)}
    found |= {"usage.system_code.reference": 9, "usage.row.period_is_month": 2, "usage.period.pattern": 3}
    judged = dt.datetime(2026, 11, 24, 1, 30)  # noqa: DTZ001  UTC, as it is kept
    _, page = write_formats(tmp_path, [contract], {"usage": LastVerdict(found, 40, judged)})
    text = page.read_text(encoding="utf-8")
    assert f"40 baris diperiksa terhadap {len(found)} aturan" in text
    assert "3 aturan dilanggar" in text
    shown = re.findall(r"<code>(usage\.[^<]*)</code>", text)
    assert shown == ["usage.period.pattern", "usage.row.period_is_month", "usage.system_code.reference"]


def test_a_page_tells_by_what_a_thing_may_be_named_and_who_is_meant_where_nobody_is(tmp_path: Path) -> None:
    pages = write_formats(tmp_path, [load_contract("complaint"), load_contract("self_assessment")], {})
    complaint, assessment = (path.read_text(encoding="utf-8") for path in pages[1:])
    assert "kode, nama, atau singkatan OPD pada Daftar OPD; kosong berarti OPD pengirim berkas" in complaint
    assert "kode, nomor, atau nama indikator pada Daftar indikator peraturan" in assessment
