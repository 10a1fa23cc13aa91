"""The ministry's session: from a received folder and a fingerprint on paper to `accepted`."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from exports.database import CONFIG
from exports.publish import publish_database

Spbe = Callable[..., subprocess.CompletedProcess[str]]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def house(warehouse: Path, tmp_path: Path) -> Path:
    """The sender's home, as far as an export needs it."""
    home = tmp_path / "house"
    home.mkdir()
    (home / "spbe.toml").write_text(
        f'instansi = "99.99"\nas_of = 2026-10-31\ndeliver_to = "folder:{tmp_path / "masuk"}"\n'
        'bundle_contact = "Diskominfo, 061-123"\n'
    )
    (tmp_path / "masuk").mkdir()
    publish_database(warehouse, home / "published" / "spbe.duckdb")
    return home


def test_from_a_received_folder_and_a_key_on_paper_to_accepted(
    house: Path, warehouse: Path, tmp_path: Path, spbe: Spbe
) -> None:
    """Stock tools as the README says, `bagit`, then `spbe verify`; the answer comes home."""
    received, nobody = tmp_path / "masuk", tmp_path / "nobody"
    sent = spbe(house, "export", "--deliver")
    assert sent.returncode == 0, sent.stderr
    # The letter: the key's fingerprint, as the sender reads it off his own key.
    key = run("openssl pkey -pubin -in keys/signing.pub.pem -outform DER | sha256sum", house).stdout[:64]
    paper = ":".join(key[at : at + 2].upper() for at in range(0, 64, 2))

    first = received / "spbe-99.99-2026-v1"
    assert run(f"sha256sum -c {first.name}.done", received).returncode == 0
    readme = (first / "README.txt").read_text(encoding="utf-8")
    assert "Diskominfo, 061-123" in readme and "KELENGKAPAN" in readme
    commands = [line.strip() for line in readme.partition("COMMANDS\n")[2].splitlines() if line.strip()]
    shown, signature, tags, payload, extra = [run(command, first) for command in commands]
    assert shown.stdout[:64] == key
    assert "Signature Verified Successfully" in signature.stdout
    assert (tags.returncode, payload.returncode, extra.stdout) == (0, 0, "")
    bag = [sys.executable, "-m", "bagit", "--validate", str(first)]
    assert subprocess.run(bag, capture_output=True, check=False).returncode == 0
    # Without the paper it may be anybody's; with it, it is valid.
    assert spbe(nobody, "verify", str(first)).returncode == 3
    checked = spbe(nobody, "verify", str(first), "--fingerprint", paper)
    assert checked.returncode == 0
    assert checked.stdout.splitlines()[-1].startswith("spbe-99.99-2026-v1: valid, complete and unchanged")

    # Another's bundle passes the stock commands but for the paper.
    other = tmp_path / "other"
    shutil.copytree(house, other, ignore=shutil.ignore_patterns("keys", "outbox"))
    assert spbe(other, "export").returncode == 0
    forged = other / "outbox" / first.name
    assert run(commands[1], forged).returncode == 0
    assert run(commands[0], forged).stdout[:64] != key
    assert spbe(nobody, "verify", str(forged), "--fingerprint", paper).returncode == 1

    # Something is missing: rejected, in one line that a person types.
    (received / f"{first.name}.ack.txt").write_text("rejected\nindikator 15 tanpa dokumen\n")
    heard = spbe(house, "export", "--deliver")
    assert f"{first.name}: rejected: indikator 15 tanpa dokumen" in heard.stdout

    # What was asked for comes in: the next version, which says what it replaces and what changed.
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(
            "insert into marts.fct_intake_files by name "
            "select * replace ('self_assessment/99.99/2026/susulan.csv' as file_name, "
            "sha256('susulan') as file_sha256) from marts.fct_intake_files "
            "where kind = 'self_assessment' limit 1"
        )
    publish_database(warehouse, house / "published" / "spbe.duckdb")
    assert spbe(house, "export", "--deliver").returncode == 0
    second = received / "spbe-99.99-2026-v2"
    known = ["--fingerprint", paper, "--after"]
    assert spbe(nobody, "verify", str(second), *known, str(first)).returncode == 0
    assert "susulan.csv" in (second / "README.txt").read_text(encoding="utf-8")
    # The old one passed off as the newest is not.
    assert spbe(nobody, "verify", str(first), *known, str(second)).returncode == 1

    tag_sha256 = run("sha256sum tagmanifest-sha256.txt", second).stdout[:64]
    answer = {"bundle": second.name, "tagmanifest_sha256": tag_sha256, "status": "accepted"}
    (received / f"{second.name}.ack.json").write_text(json.dumps(answer))
    heard = spbe(house, "export", "--deliver")
    assert f"acknowledged: {second.name}: accepted" in heard.stdout
    status = spbe(house, "status").stdout
    assert "nothing waits" in status and "rejected" not in status
