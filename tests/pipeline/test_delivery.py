"""Bundles reach their receiver whole and once, whatever happens on the way, and a receipt proves it."""

import dataclasses
import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import bagit
import dagster as dg
import duckdb
import pytest
from pydantic import SecretStr
from sftp_server import Sftp, serving

from exports.aside import write_file
from exports.database import CONFIG
from exports.delivery.answers import answers_path, last_answers, unsettled
from exports.delivery.receipts import is_signed, read_receipt, receipt_path
from exports.delivery.run import Outcome, deliver, undelivered
from exports.delivery.target import Target, Terms, parse_target
from exports.signature import ensure_signing_key, public_key_path, public_pem
from exports.verify import PUBLIC_KEY, SIGNATURE, TAG_MANIFEST, verify_bundle
from orchestration import alerts, intake
from orchestration.assets.delivery import DELIVERY_KEY, build_delivery_assets
from orchestration.assets.outputs import BUNDLE_KEY
from orchestration.assets.upkeep import COPIES_KEY
from orchestration.delivery import deliver_home, deliver_last, standing
from orchestration.doctor import subjects
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.upkeep import _versions

CODE = "88.02"
LARGE = 3_000_000
Spbe = Callable[..., subprocess.CompletedProcess[str]]


@dataclasses.dataclass
class Sender:
    """A home as far as deliveries go: outbox, keys, and how it delivers."""

    outbox: Path
    keys: Path
    target: Target
    terms: Terms

    @property
    def signing_key(self) -> Path:
        return self.keys / "signing.key"

    def make(
        self, version: int, content: bytes = b"a,b\n1,2\n", day: str = "2026-10-31", period: str = "2026"
    ) -> Path:
        """A small bundle, signed as the real ones are."""
        folder = self.outbox / f"spbe-{CODE}-{period}-v{version}"
        folder.mkdir(parents=True)
        (folder / "tabel.bin").write_bytes(content)
        resources = [{"path": "tabel.bin", "format": "bin"}]
        (folder / "datapackage.json").write_text(json.dumps({"resources": resources}))
        info = {"External-Identifier": folder.name, "Bagging-Date": day, "Bag-Software-Agent": "test"}
        bagit.make_bag(str(folder), info, checksums=["sha256"])
        key = ensure_signing_key(self.signing_key)
        (folder / "README.txt").write_text("How to verify.\n")
        (folder / PUBLIC_KEY).write_bytes(public_pem(key.public_key()))
        bagit.Bag(str(folder)).save(manifests=False)
        (folder / SIGNATURE).write_bytes(key.sign((folder / TAG_MANIFEST).read_bytes()))
        return folder

    def deliver(self, **terms: object) -> Outcome:
        changed = dataclasses.replace(self.terms, **terms)  # type: ignore[arg-type]
        return deliver(self.outbox, CODE, self.target, changed, self.signing_key)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """The receiver's folder."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    return folder


@pytest.fixture
def server(tmp_path: Path, theirs: Path) -> Iterator[Sftp]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    keys = tmp_path / "home" / "keys"
    keys.mkdir(parents=True)
    write_file(keys / "delivery.key", key.export_private_key(), mode=0o600)
    authorized = tmp_path / "authorized_keys"
    authorized.write_bytes(key.export_public_key())
    (theirs / "masuk").mkdir()
    with serving(theirs, authorized) as sftp:
        yield sftp


@pytest.fixture
def sender(tmp_path: Path, server: Sftp) -> Sender:
    """Who delivers to `server`, without waiting long."""
    keys = tmp_path / "home" / "keys"
    return Sender(
        outbox=tmp_path / "home" / "outbox",
        keys=keys,
        target=parse_target(f"sftp://spbe@127.0.0.1:{server.port}/masuk"),
        terms=Terms(keys / "delivery.key", server.public_key, tries=2, wait_seconds=0.01, idle_seconds=5),
    )


def folder_sender(sender: Sender, theirs: Path) -> Sender:
    return dataclasses.replace(sender, target=parse_target(f"folder:{theirs / 'masuk'}"))


def digest(bundle: Path) -> str:
    return hashlib.sha256((bundle / TAG_MANIFEST).read_bytes()).hexdigest()


def is_whole(theirs: Path, bundle: Path) -> bool:
    """Whether the receiver finds the bundle valid, and its done file true by `sha256sum -c`."""
    there = theirs / "masuk"
    checked = subprocess.run(
        ["sha256sum", "-c", f"{bundle.name}.done"], cwd=there, capture_output=True, check=False
    )
    return checked.returncode == 0 and verify_bundle(there / bundle.name, None).is_valid


def names(theirs: Path) -> list[str]:
    return sorted(path.name for path in (theirs / "masuk").iterdir())


def answer(theirs: Path, folder: Path, /, **told: object) -> Path:
    path = theirs / "masuk" / f"{folder.name}.ack.json"
    content = {"bundle": folder.name, "tagmanifest_sha256": digest(folder), "status": "accepted"}
    path.write_text(json.dumps({**content, **told}))
    return path


def test_a_bundle_arrives_whole_and_its_receipt_is_signed(sender: Sender, server: Sftp, theirs: Path) -> None:
    bundle = sender.make(1)
    outcome = sender.deliver()
    assert (outcome.problems, outcome.waiting) == ([], [])
    assert names(theirs) == [bundle.name, f"{bundle.name}.done"]
    assert is_whole(theirs, bundle)
    path = receipt_path(sender.outbox, bundle.name)
    receipt = read_receipt(path)
    assert receipt and receipt == outcome.delivered[0]
    assert receipt.tagmanifest_sha256 == digest(bundle)
    files = [file for file in bundle.rglob("*") if file.is_file()]
    assert (receipt.files, receipt.bytes) == (len(files), sum(file.stat().st_size for file in files))
    assert receipt.target == f"sftp://spbe@127.0.0.1:{server.port}/masuk"
    assert receipt.host_key == server.host_key.get_fingerprint()
    assert dt.datetime.fromisoformat(receipt.delivered_at).utcoffset() == dt.timedelta(0)
    # As a stranger checks it.
    public = public_key_path(sender.signing_key)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", path, "-sigfile"]
    assert subprocess.run([*verify, f"{path}.sig"], check=False, capture_output=True).returncode == 0
    assert is_signed(path, public)
    path.write_bytes(path.read_bytes().replace(b"2026", b"2027"))
    assert not is_signed(path, public)


def test_nothing_is_delivered_twice(sender: Sender, server: Sftp) -> None:
    bundle = sender.make(1)
    sender.deliver()
    sent = dict(server.written)
    outcome = sender.deliver()
    assert (outcome.delivered, outcome.problems, server.written) == ([], [], sent)
    # A run that died before it wrote the receipt.
    receipt_path(sender.outbox, bundle.name).unlink()
    [receipt] = sender.deliver().delivered
    assert receipt.was_there and server.written == sent
    # One that died before the done file.
    receipt_path(sender.outbox, bundle.name).unlink()
    (server.root / "masuk" / f"{bundle.name}.done").unlink()
    assert sender.deliver().problems == []
    assert is_whole(server.root, bundle)
    assert {**server.written, f"{bundle.name}.done.part": 0} == {**sent, f"{bundle.name}.done.part": 0}


def test_what_waited_for_nights_goes_out_in_its_order(sender: Sender, server: Sftp, theirs: Path) -> None:
    made = [
        sender.make(1, day="2026-10-29"),
        sender.make(2, day="2026-10-30"),
        sender.make(1, day="2026-10-30", period="2027"),
        sender.make(10, day="2026-10-28"),
    ]
    expected = [made[0].name, made[1].name, made[3].name, made[2].name]
    assert [path.name for path in undelivered(sender.outbox, CODE)] == expected
    server.refuses_rename = True
    first = sender.deliver()
    assert first.waiting == expected
    assert first.failed and "no renaming here" in first.failed and "right to write" in first.failed
    server.refuses_rename = False
    outcome = sender.deliver()
    assert [receipt.bundle for receipt in outcome.delivered] == expected
    assert all(is_whole(theirs, bundle) for bundle in made)
    done = [Path(name).name for name in server.opened if name.endswith(".done.part")]
    assert done == [f"{name}.done.part" for name in expected]


def test_a_cut_connection_is_gone_on_from_where_it_was(sender: Sender, server: Sftp, theirs: Path) -> None:
    bundle = sender.make(1, content=os.urandom(LARGE))
    server.cut_after = 2_000_000
    first = sender.deliver(tries=1)
    assert first.failed and "cut" in first.failed and first.waiting == [bundle.name]
    [part] = (theirs / "masuk").iterdir()
    assert part.name.endswith(".part") and not list((theirs / "masuk").glob("*.done"))
    lies = (part / "data" / "tabel.bin").stat().st_size
    assert 1_000_000 < lies < LARGE
    before = server.written["tabel.bin"]
    assert sender.deliver().problems == []
    assert is_whole(theirs, bundle)
    assert server.written["tabel.bin"] - before < LARGE - 1_000_000


def test_what_lies_there_half_and_wrong_is_written_over(sender: Sender, server: Sftp, theirs: Path) -> None:
    bundle = sender.make(1, content=os.urandom(LARGE))
    server.cut_after = 2_500_000
    assert sender.deliver(tries=1).failed
    [half] = (theirs / "masuk").glob("*.part/data/tabel.bin")
    spoilt = bytearray(half.read_bytes())
    spoilt[1_500_000] ^= 1
    half.write_bytes(spoilt)
    assert sender.deliver().problems == []
    assert is_whole(theirs, bundle)


def test_a_cut_connection_is_tried_again_in_the_same_run(sender: Sender, server: Sftp, theirs: Path) -> None:
    bundle = sender.make(1, content=os.urandom(LARGE))
    server.cut_after = 2_000_000
    assert sender.deliver().problems == []
    assert server.logins == 2
    assert is_whole(theirs, bundle)


def test_a_silent_server_is_left_and_tried_again(sender: Sender, server: Sftp, theirs: Path) -> None:
    bundle = sender.make(1)
    server.silent_seconds = 3
    first = sender.deliver(idle_seconds=0.3, tries=1)
    assert first.failed and "silent for 0.3 seconds" in first.failed
    server.silent_seconds = 3
    assert sender.deliver(idle_seconds=1, tries=5).problems == []
    assert is_whole(theirs, bundle)


def test_a_run_that_lasts_too_long_ends_and_the_next_goes_on(sender: Sender, theirs: Path) -> None:
    bundle = sender.make(1)
    outcome = sender.deliver(max_seconds=0)
    assert outcome.failed and "deliver_max_seconds" in outcome.failed
    assert sender.deliver().problems == []
    assert is_whole(theirs, bundle)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"host_key": "other"}, "not the one of deliver_host_key"),
        ({"host_key": ""}, "deliver_host_key is empty"),
        ({"host_key": "ssh-ed25519 AAAA"}, "expected lines such as"),
        ({"host_key": "no_such_file"}, "is no file of known hosts"),
        ({"host_key": "known_hosts_of_others"}, "not the one of deliver_host_key"),
        ({"key_file": "other.key"}, "is not let in with"),
        ({"key_file": "missing.key"}, "ssh-keygen -t ed25519 -N '' -f"),
        ({"key_file": "open.key"}, "chmod 600"),
        ({"key_file": "signing.pub.pem"}, "not a private key"),
    ],
)
def test_keys_that_do_not_fit_end_it_in_one_line(
    sender: Sender, server: Sftp, changed: dict[str, str], said: str
) -> None:
    bundle = sender.make(1)
    other = asyncssh.generate_private_key("ssh-ed25519")
    for name, mode in (("other.key", 0o600), ("open.key", 0o644)):
        write_file(sender.keys / name, other.export_private_key())
        (sender.keys / name).chmod(mode)
    (sender.keys / "signing.pub.pem").chmod(0o600)
    public = other.export_public_key().decode()
    (sender.keys / "known_hosts_of_others").write_text(f"[127.0.0.1]:{server.port} {public}")
    terms: dict[str, object] = dict(changed)
    if changed.get("host_key") == "other":
        terms["host_key"] = public
    if "key_file" in changed:
        terms["key_file"] = sender.keys / changed["key_file"]
    outcome = sender.deliver(**terms)
    assert outcome.failed and said in outcome.failed and "\n" not in outcome.failed
    assert outcome.waiting == [bundle.name]
    assert names(server.root) == [] and server.logins == 0


@pytest.mark.parametrize("form", ["text", "line", "lines", "file"])
def test_a_host_key_may_be_pinned_in_any_usual_form(sender: Sender, server: Sftp, form: str) -> None:
    sender.make(1)
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    line = f"[127.0.0.1]:{server.port} {server.public_key}"
    (sender.keys / "known_hosts").write_text(f"{line}\n")
    forms = {
        "text": server.public_key,
        "line": line,
        "lines": f"# scan\n{other}{line}\n",
        "file": "known_hosts",
    }
    assert sender.deliver(host_key=forms[form]).problems == []


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("sftp://spbe@127.0.0.1:1/masuk", "can not be reached"),
        ("sftp://spbe@no-such-host.invalid:22/masuk", "no such host name"),
        ("sftp://spbe@127.0.0.1:{port}/salah", "there is no such folder"),
        ("sftp://nobody@127.0.0.1:{port}/masuk", ""),
        ("folder:/no/such/folder", "there is no such folder; mount it"),
    ],
)
def test_a_target_that_is_not_there_ends_it_in_one_line(
    sender: Sender, server: Sftp, target: str, said: str
) -> None:
    bundle = sender.make(1)
    there = dataclasses.replace(sender, target=parse_target(target.format(port=server.port)))
    outcome = there.deliver()
    if said:
        assert outcome.failed and said in outcome.failed and "\n" not in outcome.failed
        assert outcome.waiting == [bundle.name]
    else:
        # This server's keys are good for every name.
        assert outcome.problems == []


def test_a_full_disk_at_the_other_side_is_told_and_mended(sender: Sender, server: Sftp, theirs: Path) -> None:
    bundle = sender.make(1, content=os.urandom(LARGE))
    server.full_after = 1_000_000
    outcome = sender.deliver()
    assert outcome.failed and "No space left on device" in outcome.failed and "\x1b" not in outcome.failed
    assert outcome.waiting == [bundle.name]
    server.full_after = None
    assert sender.deliver().problems == []
    assert is_whole(theirs, bundle)


@pytest.mark.parametrize("kind", ["sftp", "folder"])
def test_another_content_under_the_same_name_is_never_written_over(
    sender: Sender, theirs: Path, kind: str, tmp_path: Path
) -> None:
    first, second = sender.make(1), sender.make(2)
    there = theirs / "masuk" / first.name
    shutil.copytree(first, there)
    (there / TAG_MANIFEST).write_text("other")
    before = {path: path.read_bytes() for path in there.rglob("*") if path.is_file()}
    who = sender if kind == "sftp" else folder_sender(sender, theirs)
    outcome = who.deliver()
    assert outcome.waiting == [first.name]
    [line] = outcome.problems
    assert "another content lies at the target" in line and "nothing is overwritten" in line
    assert [receipt.bundle for receipt in outcome.delivered] == [second.name]
    assert before == {path: path.read_bytes() for path in there.rglob("*") if path.is_file()}
    # The done file alone says the same.
    shutil.rmtree(there)
    (theirs / "masuk" / f"{first.name}.done").write_text("0" * 64)
    assert who.deliver().waiting == [first.name]
    # A whole tag manifest beside half the files is no bundle of ours, either.
    (theirs / "masuk" / f"{first.name}.done").unlink()
    shutil.copytree(first, there)
    (there / "data" / "tabel.bin").unlink()
    assert "is not whole" in who.deliver().problems[0]


def test_a_damaged_bundle_stays_and_keeps_no_other_back(sender: Sender) -> None:
    first, second = sender.make(1), sender.make(2)
    (first / "data" / "tabel.bin").write_bytes(b"changed")
    outcome = sender.deliver()
    assert [receipt.bundle for receipt in outcome.delivered] == [second.name]
    assert outcome.waiting == [first.name] and "does not verify" in outcome.problems[0]


def test_a_mounted_folder_is_a_target(sender: Sender, theirs: Path) -> None:
    who = folder_sender(sender, theirs)
    bundle = who.make(1, content=os.urandom(LARGE))
    assert who.deliver().problems == []
    assert is_whole(theirs, bundle)
    receipt = read_receipt(receipt_path(who.outbox, bundle.name))
    assert receipt and receipt.host_key is None and receipt.target == f"folder:{theirs / 'masuk'}"
    assert who.deliver().delivered == []
    answer(theirs, bundle)
    assert [told.status for told in who.deliver().answers] == ["accepted"]


def test_no_link_in_a_mounted_folder_is_followed(sender: Sender, theirs: Path, tmp_path: Path) -> None:
    who = folder_sender(sender, theirs)
    bundle = who.make(1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    part = theirs / "masuk" / f"{bundle.name}.{digest(bundle)[:12]}.part"
    part.symlink_to(elsewhere)
    outcome = who.deliver()
    assert outcome.failed and "found a link" in outcome.failed
    assert not list(elsewhere.iterdir())
    part.unlink()
    assert who.deliver().problems == []
    (theirs / "masuk" / f"{bundle.name}.ack.json").symlink_to(sender.signing_key)
    [told] = who.deliver().answers
    assert told.status == "unusable" and "PRIVATE" not in answers_path(who.outbox).read_text()


def test_a_folder_that_is_read_only_is_told(sender: Sender) -> None:
    # One in which root makes nothing, either.
    who = dataclasses.replace(sender, target=parse_target("folder:/sys"))
    bundle = who.make(1)
    outcome = who.deliver()
    assert outcome.failed and "write there" in outcome.failed
    assert outcome.waiting == [bundle.name]


def test_a_command_of_ones_own_gets_the_folder_and_no_shell(sender: Sender, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    program = "import sys, pathlib; pathlib.Path(sys.argv[1]).open('a').write(repr(sys.argv[2:]) + '\\n')"
    command = f'command:{sys.executable} -c "{program}" {heard} "$(touch {tmp_path}/bad); a b"'
    who = dataclasses.replace(sender, target=parse_target(command))
    first, second = who.make(1), who.make(2)
    outcome = who.deliver()
    assert outcome.problems == []
    said = heard.read_text().splitlines()
    assert said == [repr([f"$(touch {tmp_path}/bad); a b", str(bundle)]) for bundle in (first, second)]
    assert not (tmp_path / "bad").exists()
    assert "touch" not in receipt_path(who.outbox, first.name).read_text()
    assert "touch" not in repr(who.target)
    assert who.deliver().delivered == [] and len(heard.read_text().splitlines()) == 2


def test_nothing_is_sent_that_could_not_be_receipted(sender: Sender, server: Sftp) -> None:
    bundle = sender.make(1)
    sender.signing_key.unlink()
    outcome = sender.deliver()
    assert outcome.failed and "is lost" in outcome.failed
    assert outcome.waiting == [bundle.name] and server.logins == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("import sys; print('\x1b[1mfull', file=sys.stderr); sys.exit(3)", "ended with 3 (\\u001b[1mfull)"),
        ("import time; time.sleep(60)", "did not end in 1 seconds"),
    ],
)
def test_a_command_that_fails_leaves_the_bundle(sender: Sender, command: str, said: str) -> None:
    target = Target("command", words=(sys.executable, "-c", command))
    who = dataclasses.replace(sender, target=target)
    bundle = who.make(1)
    outcome = who.deliver(max_seconds=1, tries=1)
    assert outcome.failed and said in outcome.failed
    assert outcome.waiting == [bundle.name]
    gone = dataclasses.replace(sender, target=Target("command", words=("/no/such/program",))).deliver()
    assert gone.failed and "correct deliver_to" in gone.failed


def test_an_acknowledgement_is_kept_and_told_once(sender: Sender, theirs: Path) -> None:
    first, second = sender.make(1), sender.make(2)
    sender.deliver()
    at = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)).isoformat()
    reasons = ["kolom hilang \x1b[2J\u202e", "NIK 1207012309850003"]
    answer(theirs, first, status="rejected", reasons=reasons, at=at)
    (theirs / "masuk" / f"{second.name}.ack.txt").write_text("Accepted\r\nterima kasih\r\n")
    outcome = sender.deliver()
    assert [(told.bundle, told.status) for told in outcome.answers] == [
        (first.name, "rejected"),
        (second.name, "accepted"),
    ]
    assert outcome.problems == [] and sender.deliver().answers == []
    shown = str(outcome.answers[0])
    assert "\x1b" not in shown and "\u202e" not in shown and "1207012309850003" not in shown
    assert "1207012309850003" not in answers_path(sender.outbox).read_text()
    # A later version that was accepted settles it; what the receiver says later counts.
    assert unsettled(sender.outbox) == []
    (theirs / "masuk" / f"{second.name}.ack.txt").write_text("rejected\nsalah\n")
    sender.deliver()
    assert [told.bundle for told in unsettled(sender.outbox)] == [first.name, second.name]
    with duckdb.connect() as con:
        rows = con.execute(
            "select bundle, status, len(reasons) from read_json(?)", [str(answers_path(sender.outbox))]
        ).fetchall()
    assert sorted(rows) == sorted(
        [(first.name, "rejected", 2), (second.name, "accepted", 1), (second.name, "rejected", 1)]
    )


def test_an_acknowledgement_from_before_the_delivery_is_told(sender: Sender, theirs: Path) -> None:
    bundle = sender.make(1)
    sender.deliver()
    answer(theirs, bundle, at="2020-01-01T00:00:00+07:00")
    [told] = sender.deliver().answers
    assert told.status == "accepted" and told.problem and "clocks is wrong" in told.problem


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"[" * 60_000, "no JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "expected an object"),
        (b'{"status": "accepted"}', "expected an object"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b" " * 70_000, "larger than"),
        ({"bundle": "spbe-99-2026-v1"}, "another bundle"),
        ({"tagmanifest_sha256": "0" * 64}, "not that of the bundle"),
        ({"status": "Accepted"}, "expected accepted or rejected"),
        ({"status": ["accepted"]}, "expected accepted or rejected"),
        ({"reasons": "x"}, "a list of texts"),
        ({"reasons": [{"a": 1}]}, "a list of texts"),
        ({"at": "yesterday"}, "ISO 8601"),
        ({"at": "2026-11-30T08:15:00"}, "with its zone"),
        ({"at": 5}, "ISO 8601"),
        ({"more": 1}, "expected an object"),
    ],
)
def test_a_garbled_acknowledgement_is_neither_yes_nor_no(
    sender: Sender, theirs: Path, content: bytes | dict[str, object], said: str
) -> None:
    who = folder_sender(sender, theirs)
    bundle = who.make(1)
    who.deliver()
    if isinstance(content, bytes):
        (theirs / "masuk" / f"{bundle.name}.ack.json").write_bytes(content)
    else:
        answer(theirs, bundle, **content)
    outcome = who.deliver()
    assert outcome.problems == []
    [told] = outcome.answers
    assert told.status == "unusable" and told.problem and said in told.problem
    assert last_answers(who.outbox)[bundle.name] == told
    assert who.deliver().answers == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sftp://spbe@host.go.id/masuk", "sftp://spbe@host.go.id:22/masuk"),
        ("sftp://spbe@[2001:db8::1]:2222", "sftp://spbe@[2001:db8::1]:2222/~/."),
        ("sftp://spbe@host/~/a%20b", "sftp://spbe@host:22/~/a b"),
        ("/mnt/share", "folder:/mnt/share"),
        ("folder:/mnt/share", "folder:/mnt/share"),
        ("command:/usr/bin/curl --token rahasia", "command:curl"),
    ],
)
def test_a_target_is_shown_without_secrets(text: str, shown: str) -> None:
    assert parse_target(text).shown == shown


@pytest.mark.parametrize(
    "text",
    [
        *("sftp://spbe:rahasia@host/x", "sftp://host/x", "sftp://spbe@host:99999/x", "sftp://spbe@ho st/x"),
        *("ftp://rahasia@host/x", "relative/rahasia", "folder:relative", "command:", "command:'rahasia"),
    ],
)
def test_a_target_that_is_none_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_target(text)
    assert "rahasia" not in str(refused.value)


def test_a_setting_that_is_no_target_ends_a_command_without_repeating_it(tmp_path: Path, spbe: Spbe) -> None:
    done = spbe(tmp_path, "status", SPBE_DELIVER_TO="sftp://spbe:rahasia@host/x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "deliver_to" in done.stderr and "rahasia" not in done.stderr + done.stdout


@pytest.fixture
def settings(sender: Sender, server: Sftp, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home that delivers to `server`."""
    monkeypatch.setenv("SPBE_HOME", str(sender.outbox.parent))
    made = Settings(
        instansi=CODE,
        deliver_to=f"sftp://spbe@127.0.0.1:{server.port}/masuk",
        deliver_host_key=server.public_key,
        deliver_tries=1,
        alert_min_free_gb=0,
    )
    made.prepare_home()
    return made


def test_a_failed_delivery_and_a_rejection_are_alerts_until_they_are_mended(
    settings: Settings, sender: Sender, server: Sftp, theirs: Path, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    append = "import sys; open(sys.argv[1], 'a').write(sys.stdin.readline())"
    settings = settings.model_copy(
        update={
            "alert_command": Settings(alert_command=[sys.executable, "-c", append, str(heard)]).alert_command
        }
    )
    bundle = sender.make(1)
    server.refuses_rename = True
    outcome = deliver_last(settings)
    assert outcome and outcome.failed
    found = standing(settings)
    assert found and found.waiting == [bundle.name] and found.problem == outcome.failed
    alerts.tell(settings)
    server.refuses_rename = False
    deliver_home(settings)
    answer(theirs, bundle, status="rejected", reasons=["salah"])
    deliver_home(settings)
    alerts.tell(settings)
    second = sender.make(2)
    deliver_home(settings)
    answer(theirs, second)
    deliver_home(settings)
    alerts.tell(settings)
    titles = [line.partition(": ")[2] for line in heard.read_text().splitlines()]
    assert titles == [
        "delivery failed",
        "delivery failed: well again",
        "delivery rejected",
        "delivery rejected: well again",
    ]


def test_answers_lie_where_findings_are_made_of_them(
    settings: Settings, sender: Sender, server: Sftp, theirs: Path
) -> None:
    """In the order in which they came: a later one counts."""
    bundle = sender.make(1)
    deliver_home(settings)
    answer(theirs, bundle, status="rejected", reasons=["salah", "tanya 1207010101800001"])
    deliver_home(settings)
    answer(theirs, bundle)
    deliver_home(settings)
    settings.prepare_home()
    with duckdb.connect(str(settings.warehouse), config=CONFIG) as connection:
        intake.prepare_warehouse(connection, settings)
        rows = connection.execute(
            "select bundle, status, reasons from raw.acknowledgements order by answer_order"
        ).fetchall()
    assert rows == [(bundle.name, "rejected", ["salah", "tanya [NIK]"]), (bundle.name, "accepted", [])]


def test_the_doctor_knows_what_would_stop_a_delivery_and_a_receipt_that_proves_nothing(
    settings: Settings, sender: Sender
) -> None:
    bundle = sender.make(1)
    deliver_home(settings)
    look = subjects(settings, None, quick=True)["delivery"]
    assert list(look()) == []
    path = receipt_path(settings.outbox, bundle.name)
    path.write_bytes(path.read_bytes().replace(b"2026", b"2027"))
    (settings.keys / "delivery.key").unlink()
    said = [fault.what for fault in look()]
    assert len(said) == 2 and "ssh-keygen" in said[0] and path.name in said[1]


def test_a_fault_of_our_own_fails_no_night(settings: Settings, sender: Sender) -> None:
    sender.make(1)
    # What can not be written: receipts want a folder.
    (settings.outbox / "receipts").write_text("in the way")
    outcome = deliver_last(settings)
    found = standing(settings)
    assert found and found.problem
    assert outcome is None or outcome.failed


def test_what_was_not_delivered_is_never_pruned(settings: Settings, sender: Sender, server: Sftp) -> None:
    bundles = [sender.make(1), sender.make(2), sender.make(3)]
    pruned = settings.model_copy(update={"outbox_versions": 1})
    assert list(_versions(pruned)) == []
    assert [
        Path(s.name).name for s in _versions(pruned.model_copy(update={"deliver_to": SecretStr("")}))
    ] == [bundle.name for bundle in bundles[:2]]
    deliver_home(settings)
    assert [Path(s.name).name for s in _versions(pruned)] == [bundle.name for bundle in bundles[:2]]


def test_no_target_no_asyncssh() -> None:
    code = (
        "import sys, orchestration.cli.main, orchestration.alerts, exports.delivery.run;"
        "sys.exit('asyncssh' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def home(tmp_path: Path, example_home: Path, sender: Sender) -> Path:
    """A copy of the example's home, with the key that `server` lets in."""
    copied = Path(shutil.copytree(example_home, tmp_path / "copied"))
    shutil.copyfile(sender.terms.key_file, copied / "keys" / "delivery.key")
    (copied / "keys" / "delivery.key").chmod(0o600)
    return copied


def test_the_command_delivers_and_says_how_it_stands(
    home: Path, server: Sftp, theirs: Path, spbe: Spbe
) -> None:
    refused = spbe(home, "export", "--deliver")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "deliver_to" in refused.stderr
    target = f"sftp://spbe@127.0.0.1:{server.port}/masuk"
    wanted = {"SPBE_DELIVER_TO": target, "SPBE_DELIVER_TRIES": "1"}
    failed = spbe(home, "export", "--deliver", **wanted)
    assert failed.returncode == 1 and "deliver_host_key is empty" in failed.stderr
    assert "Traceback" not in failed.stderr
    [bundle] = (home / "outbox").glob("spbe-*-v*")
    told = spbe(home, "status", **wanted).stdout
    assert f"Delivery to {target}: 1 bundles wait" in told and "deliver_host_key is empty" in told
    wanted["SPBE_DELIVER_HOST_KEY"] = server.public_key
    done = spbe(home, "export", "--deliver", **wanted)
    assert done.returncode == 0, done.stderr
    assert f"delivered: {bundle.name} to {target}" in done.stdout
    assert is_whole(theirs, bundle)
    answer(theirs, bundle, status="rejected", reasons=["tabel kosong"])
    again = spbe(home, "export", "--deliver", **wanted)
    assert "Nothing waits for delivery." in again.stdout and "tabel kosong" in again.stdout
    told = spbe(home, "status", **wanted).stdout
    assert "nothing waits" in told and f"acknowledged: {bundle.name}: rejected: tabel kosong" in told


def test_a_run_that_finds_nothing_to_do_delivers_what_waits_and_never_fails_by_it(
    home: Path, theirs: Path, spbe: Spbe
) -> None:
    away = theirs / "away"
    wanted = {"SPBE_DELIVER_TO": f"folder:{away}"}
    failed = spbe(home, "run", "--example", **wanted)
    assert failed.returncode == 0, failed.stderr
    assert "there is no such folder; mount it" in failed.stdout
    assert "there is no such folder" in (home / "logs" / "spbe.log").read_text()
    assert not list((home / "outbox").glob("receipts/*"))
    away.mkdir()
    done = spbe(home, "run", "--example", **wanted)
    assert done.returncode == 0, done.stderr
    waiting = {path.name for path in (home / "outbox").glob("spbe-*-v*")}
    assert waiting == {path.name for path in away.iterdir() if path.is_dir()} != set()
    assert f"folder:{away}: nothing waits" in done.stdout


def test_the_last_link_of_a_night_delivers_and_never_fails_by_it(
    settings: Settings, sender: Sender, server: Sftp
) -> None:
    bundle = sender.make(1)
    server.refuses_rename = True
    warehouse = Warehouse(path=str(settings.warehouse), lock_path=str(settings.lock))
    assets = build_delivery_assets(settings)
    told = []
    with dg.DagsterInstance.get() as instance:
        for server.refuses_rename in (True, False):
            upstream = dg.AssetSelection.assets(DELIVERY_KEY)
            made = dg.materialize(
                assets, resources={"warehouse": warehouse}, instance=instance, selection=upstream
            )
            assert made.success
            told.append(made.asset_materializations_for_node("outbox__delivery")[0].metadata)
    assert "no renaming here" in str(told[0]["problem"].value) and told[0]["waiting"].value == 1
    assert (told[1]["problem"].value, told[1]["delivered"].value) == ("none", 1)
    assert receipt_path(settings.outbox, bundle.name).exists()
    assert build_delivery_assets(settings.model_copy(update={"deliver_to": SecretStr("")})) == []


def test_the_delivery_comes_after_all_else_of_the_last_link() -> None:
    [delivery] = build_delivery_assets(Settings(deliver_to="/mnt/share"))
    assert delivery.asset_deps[DELIVERY_KEY] == {BUNDLE_KEY, COPIES_KEY}
