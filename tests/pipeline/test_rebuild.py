"""A home whose warehouse is lost or damaged is made anew from archive and receipts."""

import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from killed_homes import begin, published

from sources.archive import find_archived
from sources.receipts import read_receipt, receipt_paths

Spbe = Callable[..., subprocess.CompletedProcess[str]]
INSTANSI = {"SPBE_INSTANSI": "99.99"}


def kill_rebuild(home: Path, word: str) -> None:
    process = begin(home, "rebuild", variables=INSTANSI, stderr=subprocess.PIPE)
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_home_is_made_anew_as_it_was(tmp_path: Path, example_home: Path, spbe: Spbe) -> None:
    home = tmp_path / "home"
    shutil.copytree(example_home, home)
    before, bundles = published(home), sorted((home / "outbox").iterdir())
    receipts = [read_receipt(path) for path in receipt_paths(home / "archive")]
    assert len(receipts) == len(before["fct_intake_files"])
    log = next(r.record for r in receipts if r.record.log_format and not r.record.bad_lines)
    old = find_archived(home / "archive", log.file_sha256)
    assert old is not None
    old.unlink()
    (home / "warehouse.duckdb").write_bytes(b"damaged" * 1000)

    refused = spbe(home, "run", **INSTANSI)
    assert refused.returncode == 1
    assert "spbe rebuild" in refused.stderr
    assert "Traceback" not in refused.stderr

    kill_rebuild(home, "file 1 of")
    half = spbe(home, "run", **INSTANSI)
    assert (half.returncode, half.stderr.count("\n")) == (1, 1)
    assert "half rebuilt" in half.stderr

    done = spbe(home, "rebuild", **INSTANSI)
    assert done.returncode == 0, done.stdout + done.stderr
    after = published(home)
    # The log whose bytes are gone is taken from the old lake.
    assert {name for name in before if before[name] != after[name]} == set()
    assert sorted((home / "outbox").iterdir()) == bundles
    (aside,) = home.glob("before-rebuild-*")
    assert (aside / "warehouse.duckdb").read_bytes().startswith(b"damaged")
    assert "Nothing changed" in spbe(home, "run", "--inbox", str(home / "inbox"), **INSTANSI).stdout


def test_a_home_without_receipts_says_so(tmp_path: Path, spbe: Spbe) -> None:
    spbe(tmp_path / "home", "init", str(tmp_path / "home"))
    done = spbe(tmp_path / "home", "rebuild")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no receipt" in done.stderr
