"""`spbe verify` on bundles that lie, starve or fool: an exit code and a last line, never a traceback."""

# ruff: noqa: E501  a case is a line
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import bagit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from exports.delivery.receipts import Receipt, write_receipt
from exports.signature import ensure_signing_key, fingerprint, public_key_path, public_pem
from exports.strangers import plain
from exports.verification import files, tables
from exports.verify import PUBLIC_KEY, SIGNATURE, TAG_MANIFEST, verify_bundle
from orchestration.cli.main import app

Spbe = Callable[..., subprocess.CompletedProcess[str]]
NAME = "spbe-99.99-2026-v1"
MANIFEST, PACKAGE = "manifest-sha256.txt", "data/datapackage.json"
TABLE = {"path": "t.csv", "format": "csv", "rows": 2, "schema": {"fields": [{"name": "a"}, {"name": "b"}]}}
pytestmark = pytest.mark.slow
ESC = "\x1b[31mVALID\x1b[0m"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing.key"
    ensure_signing_key(path)
    return path


@pytest.fixture(scope="module")
def foreign_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("foreign") / "signing.key"
    ensure_signing_key(path)
    return path


@pytest.fixture
def bundle(tmp_path: Path, key: Path) -> Path:
    return make(tmp_path, key)


def make(folder: Path, key: Path, name: str = NAME, info: Mapping[str, str] | None = None) -> Path:
    """A small bundle: one table and what describes it."""
    bundle = folder / name
    bundle.mkdir(parents=True)
    (bundle / "t.csv").write_text("a,b\n1,2\n3,4\n")
    (bundle / "datapackage.json").write_text(json.dumps({"resources": [TABLE]}))
    bagit.make_bag(str(bundle), {"External-Identifier": name, **(info or {})}, checksums=["sha256"])
    (bundle / "README.txt").write_text("How to verify.\n")
    seal(bundle, key)
    return bundle


def seal(bundle: Path, key: Path, *, is_counted: bool = True) -> None:
    """Hash and sign what lies there, as a hostile signer does; `is_counted=False` keeps the manifest."""

    def lines(inside: Callable[[str], bool]) -> bytes:
        found = [path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink()]
        named = {os.fsencode(path.relative_to(bundle)): path for path in found}
        chosen = sorted(name for name in named if inside(os.fsdecode(name)))
        hashes = {name: hashlib.sha256(named[name].read_bytes()).hexdigest().encode() for name in chosen}
        return b"".join(hashes[name] + b"  " + name + b"\n" for name in chosen)

    signing = ensure_signing_key(key)
    (bundle / PUBLIC_KEY).write_bytes(public_pem(signing.public_key()))
    if is_counted:
        (bundle / MANIFEST).write_bytes(lines(lambda name: name.startswith("data/")))
    tags = lines(lambda name: not name.startswith(("data/", TAG_MANIFEST)))
    (bundle / TAG_MANIFEST).write_bytes(tags)
    (bundle / SIGNATURE).write_bytes(signing.sign(tags))


def sparse(path: Path, size: int) -> None:
    with path.open("ab") as file:
        file.truncate(size)


def check(spbe: Spbe, bundle: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The verdict, of which every character shows."""
    done = spbe(bundle.parent / "no-home", "verify", bundle, *arguments)
    assert "Traceback" not in done.stdout + done.stderr
    assert all(line == plain(line, 2000) for line in done.stdout.splitlines())
    return done


def refused(done: subprocess.CompletedProcess[str], name: str = NAME) -> list[str]:
    """The problems that were told, of a bundle that is not valid."""
    *told, last = done.stdout.splitlines()
    assert done.returncode == 1, done.stdout + done.stderr
    assert last.startswith(f"{name}: NOT VALID, ")
    assert done.stderr == ""
    return told


# What of a bundle is written, before it is signed anew, and a piece of what is told of it.
def text(name: str, content: str | bytes) -> Callable[[Path], None]:
    def write(bundle: Path) -> None:
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def package(*resources: object, **others: object) -> Callable[[Path], None]:
    return text(PACKAGE, json.dumps({"resources": list(resources), **others}))


def more_info(line: bytes) -> Callable[[Path], None]:
    def write(bundle: Path) -> None:
        path = bundle / "bag-info.txt"
        path.write_bytes(path.read_bytes() + line)

    return write


SIGNED = {
    "fetch.txt": (text("fetch.txt", "https://example.org/x 5 data/x\n"), "layout: fetch.txt: expected no list"),
    "Fetch.TXT": (text("Fetch.TXT", "x"), "layout: Fetch.TXT: expected no list"),
    "name with escape": (text(f"data/{ESC}", "x"), r"layout: data/\u001b[31mVALID\u001b[0m: expected a plain"),
    "name with bidi": (text("data/\u202egpj.exe", "x"), r"layout: data/\u202egpj.exe: expected a plain name"),
    "name with line end": (text("data/a\nb", "x"), r"layout: data/a\u000ab: expected a plain name"),
    "name of zero width": (text("data/t\u200b.csv", "x"), r"layout: data/t\u200b.csv: expected a plain name"),
    "name with backslash": (text("data/..\\x", "x"), "expected a plain name"),
    "too deep": (text("data/" + "d/" * 20 + "x", "x"), "at most 8 deep, found this one"),
    "empty folder": (lambda bundle: (bundle / "data" / "x").mkdir(), "layout: data/x/: expected a folder with"),
    "pipe": (lambda bundle: os.mkfifo(bundle / "data" / "p"), "layout: data/p: expected a plain file"),
    "link": (lambda bundle: (bundle / "data" / "p").symlink_to("/etc/passwd"), "found a link or device"),
    "link to a folder": (lambda bundle: (bundle / "p").symlink_to("/"), "layout: p: expected a plain file"),
    "link to nothing": (lambda bundle: (bundle / "p").symlink_to("p"), "layout: p: expected a plain file"),
    "folder for a file": (
        lambda bundle: ((bundle / "README.txt").unlink(), (bundle / "README.txt" / "x").mkdir(parents=True)),
        "layout: README.txt: expected a file, found none",
    ),
    "another BagIt": (text("bagit.txt", "BagIt-Version: 1.0\n"), "layout: bagit.txt: expected the BagIt 0.97"),
    "long README": (text("README.txt", b"x" * 1_100_000), "README.txt: expected at most 1048576 bytes"),
    "many files": (
        lambda bundle: [(bundle / "data" / str(n)).touch() for n in range(files.MOST_FILES)],
        "layout: the bundle: expected at most 10000 files, found 10009",
    ),
    "info is no text": (more_info(b"X: \xff\n"), "bag-info: bag-info.txt: expected UTF-8"),
    "info twice": (more_info(f"External-Identifier: {NAME[:-1]}2\n".encode()), "each name once"),
    "info is no field": (more_info(f"{ESC}\n".encode()), r"found \u001b[31mVALID"),
    "other group": (more_info(b"Bag-Group-Identifier: spbe-99.99-2025\n"), "as the identifier, found spbe-99.99-2025"),
    "other version": (more_info(b"Bundle-Version: 2\n"), "Bundle-Version: 1, as the identifier, found 2"),
    "no identifier": (text("bag-info.txt", "Payload-Oxum: 1.2\n"), "v<n>, found none"),
    "long version": (
        text("bag-info.txt", f"External-Identifier: {NAME}{'1' * 5000}\n"),
        "expected External-Identifier: spbe-<instansi>",
    ),
    "package is no text": (text(PACKAGE, b"\xff"), "expected a data package, found not UTF-8"),
    "package is no JSON": (text(PACKAGE, "{"), "expected a data package, found no JSON"),
    "package is a list": (text(PACKAGE, "[]"), "found JSON, but no object"),
    "depth": (text(PACKAGE, "[" * 3_000_000), "found JSON nested too deeply"),
    "depth of objects": (text(PACKAGE, '{"a":' * 1_000_000), "found JSON nested too deeply"),
    "huge integer": (text(PACKAGE, '{"resources": ' + "9" * 5_000_000 + "}"), "expected a data package, found"),
    "infinite rows": (text(PACKAGE, '{"resources": Infinity}'), "found Infinity is no JSON"),
    "name twice": (text(PACKAGE, '{"resources": [], "resources": []}'), "stands in one object twice"),
    "no resources": (package(resources=5), "expected resources, a list of at most 10000"),
    "a million resources": (
        text(PACKAGE, '{"resources": [' + ",".join(["{}"] * 1_000_000) + "]}"),
        "expected resources, a list of at most 10000",
    ),
    "one file many times": (package(*[TABLE] * 9_000), "each file described once, found t.csv"),
    "long package": (text(PACKAGE, b" " * 9_000_000), f"{PACKAGE}: expected at most 8388608 bytes"),
    "resource is none": (package(5), "resource 1: expected an object with path and format"),
    "path is none": (package({"path": 5, "format": "csv"}), "resource 1: expected an object with path and format"),
    "path out of it": (package(TABLE, {"path": "../../x", "format": "csv"} | {"rows": 1, "schema": {"fields": []}}),
        "data/../../x: expected described and present, found only in datapackage.json"),
    "rows are true": (package({**TABLE, "rows": True}), "resource 1: a csv, but without its rows"),
    "rows are endless": (text(PACKAGE, json.dumps({"resources": [TABLE]}).replace("2", "1e999")), "without its rows"),
    "rows are huge": (package({**TABLE, "rows": 10**4000}), "000…, found 2 rows"),
    "no schema": (package({**TABLE, "schema": []}), "resource 1: a csv, but without"),
    "nameless field": (package({**TABLE, "schema": {"fields": [{}]}}), "resource 1: a field without a name"),
    "other hash": (package({**TABLE, "hash": f"sha256:{'0' * 64}"}), f"expected sha256 {'0' * 64}"),
    "hash is none": (package({**TABLE, "hash": 5}), "resource 1: hash: expected sha256:"),
    "fewer rows": (text("data/t.csv", "a,b\n1,2\n"), "data/t.csv: expected 2 rows, found 1 rows"),
    "column with escape": (text("data/t.csv", f"a,{ESC}\n1,2\n3,4\n"), r"columns …, b, found …, \u001b[31mVALID"),
    "empty table": (text("data/t.csv", ""), "expected columns a, b, found no more"),
    "table is no text": (text("data/t.csv", b"a,b\n1,\xff\n3,4\n"), "data/t.csv: expected UTF-8"),
    "open quote": (text("data/t.csv", 'a,b\n1,2\n3,"4\n'), "expected a CSV table, found unexpected end of data"),
    "row in one line": (text("data/t.csv", "a,b\n1," + "x" * 20_000_000), "found a row of more than 16777216"),
    "row in many lines": (text("data/t.csv", 'a,b\n1,"' + "x\n" * 9_000_000), "found a row of more than 16777216"),
    "row of many cells": (text("data/t.csv", "a,b\n" + "," * 17_000_000), "found a row of more than 16777216"),
}  # fmt: skip


@pytest.mark.parametrize("attack", SIGNED)
def test_what_a_hostile_signer_sends_is_told_in_one_line(
    attack: str, spbe: Spbe, bundle: Path, key: Path
) -> None:
    write, expected = SIGNED[attack]
    write(bundle)
    seal(bundle, key)
    told = refused(check(spbe, bundle, "--public-key", public_key_path(key)))
    assert any(expected in line for line in told), told
    assert len(told) <= 3
    assert all(len(line) < 800 for line in told)


DIGEST = "0" * 64
LINES = {
    "absolute": (f"{DIGEST}  /etc/passwd\n".encode(), "found 000"),
    "upwards": (f"{DIGEST}  data/../../x\n".encode(), "line 3: expected sha256 and a path inside the bundle"),
    "upwards at once": (f"{DIGEST}  ..\n".encode(), "sha256 and a path inside the bundle"),
    "roundabout": (f"{DIGEST}  data/./t.csv\n".encode(), "sha256 and a path inside the bundle"),
    "empty part": (f"{DIGEST}  data//t.csv\n".encode(), "sha256 and a path inside the bundle"),
    "backslash": (f"{DIGEST}  data\\t.csv\n".encode(), "sha256 and a path inside the bundle"),
    "drive": (f"{DIGEST}  C:\\t.csv\n".encode(), "sha256 and a path inside the bundle"),
    "control": (f"{DIGEST}  data/{ESC}\n".encode(), r"data/\u001b[31mVALID\u001b[0m"),
    "carriage return": (f"{DIGEST}  data/x\r\n".encode(), r"data/x\u000d"),
    "nul": (f"{DIGEST}  data/x\0y\n".encode(), r"data/x\u0000y"),
    "not UTF-8": (f"{DIGEST}  data/".encode() + b"\xff\n", f"{MANIFEST}: expected UTF-8"),
    "twice": (f"{DIGEST}  data/t.csv\n".encode(), "a file that no line before it names"),
    "other case": (f"{DIGEST}  data/T.CSV\n".encode(), "in whatever case, found data/T.CSV"),
    "composed": (
        f"{DIGEST}  data/\u00e9\n{DIGEST}  DATA/\u00c9\n".encode(),
        f"{MANIFEST} line 4: expected a file that no line before",
    ),
    "not of the data": (f"{DIGEST}  README.txt\n".encode(), f"expected data files in {MANIFEST}, no others"),
    "too many": (b"\n" * 10_001, "expected at most 10000 lines"),
    "too long": (b"\n" * 5_000_000, f"layout: {MANIFEST}: expected at most 4194304 bytes"),
    "no hash": (b"data/x\n", "expected sha256 and a path inside the bundle, found data/x"),
    "long line": (b"x" * 1_000_000 + b"\n", "xxx…"),
    "what is not there": (f"{DIGEST}  data/x\n".encode(), f"{MANIFEST}: data/x: expected a file, found none"),
}


@pytest.mark.parametrize("attack", LINES)
def test_a_line_of_a_manifest_leads_nowhere_else(attack: str, spbe: Spbe, bundle: Path, key: Path) -> None:
    added, expected = LINES[attack]
    with (bundle / MANIFEST).open("ab") as file:
        file.write(added)
    seal(bundle, key, is_counted=False)
    told = refused(check(spbe, bundle, "--public-key", public_key_path(key)))
    assert any(expected in line for line in told), told
    assert all(len(line) < 800 for line in told)


def test_a_name_that_is_no_text_is_escaped(spbe: Spbe, bundle: Path, key: Path) -> None:
    Path(os.fsdecode(os.fsencode(bundle) + b"/data/\xff")).touch()
    seal(bundle, key)
    [told] = refused(check(spbe, bundle, "--public-key", public_key_path(key)))
    assert r"data/\udcff: expected a plain name" in told


def test_a_file_of_ten_gigabytes_is_refused_by_its_size(bundle: Path, key: Path) -> None:
    sparse(bundle / "data" / "t.csv", 10 << 30)
    spbe = Path(sys.executable).with_name("spbe")
    command = ["sh", "-c", 'ulimit -v 600000; exec "$@"', "sh", spbe, "verify", bundle]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused(done) == ["layout: data/t.csv: expected at most 4294967295 bytes, found 10737418240 bytes"]


def test_many_big_files_are_refused_together(spbe: Spbe, bundle: Path) -> None:
    for number in range(5):
        sparse(bundle / "data" / f"{number}.csv", 4_000_000_000)
    [told] = refused(check(spbe, bundle))
    assert told.startswith("layout: the bundle: expected at most 17179869184 bytes")


def test_reading_takes_little_memory_whatever_the_size(bundle: Path, key: Path) -> None:
    """A row of any length and a file of a gigabyte, both signed, with less memory than either."""
    sparse(bundle / "data" / "t.csv", 1 << 30)
    digest = hashlib.sha256()
    with (bundle / "data" / "t.csv").open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    package({**TABLE, "hash": f"sha256:{digest.hexdigest()}"})(bundle)
    described = hashlib.sha256((bundle / PACKAGE).read_bytes()).hexdigest()
    (bundle / MANIFEST).write_text(f"{digest.hexdigest()}  data/t.csv\n{described}  {PACKAGE}\n")
    seal(bundle, key, is_counted=False)
    spbe = Path(sys.executable).with_name("spbe")
    command = ["sh", "-c", 'ulimit -v 600000; exec "$@"', "sh", spbe, "verify", bundle]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "expected a CSV table, found a row of more than" in refused(done)[-1]


def test_at_most_fifty_problems_are_told_and_the_rest_counted(spbe: Spbe, bundle: Path) -> None:
    for number in range(70):
        (bundle / "data" / f"{number}.csv").touch()
    told = refused(done := check(spbe, bundle, "--fingerprint", DIGEST))
    assert len(told) == 51
    assert told[-1] == "… 21 more problems"
    assert "NOT VALID, 71 problems; key in the bundle" in done.stdout.splitlines()[-1]
    (bundle / "data" / "dé").touch()
    on_old_terminal = spbe(bundle.parent / "no-home", "verify", bundle, PYTHONIOENCODING="ascii")
    assert refused(on_old_terminal)[-1] == r"\u2026 21 more problems"


@pytest.mark.parametrize("kind", ["rsa", "unknown curve", "empty", "signature cut", "signature long"])
def test_a_key_or_signature_of_another_kind_is_a_problem(
    kind: str, spbe: Spbe, bundle: Path, key: Path
) -> None:
    # An EC key whose curve has no name that anybody knows.
    curve = bytes.fromhex("3019301306072a8648ce3d020106082a8648ce3d03017f030200 04".replace(" ", ""))
    pem = b"-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n"
    if kind == "rsa":
        subprocess.run(["openssl", "genrsa", "-out", bundle.parent / "k"], capture_output=True, check=True)
        command = ["openssl", "rsa", "-in", bundle.parent / "k", "-pubout", "-out", bundle / PUBLIC_KEY]
        subprocess.run(command, capture_output=True, check=True)
    elif kind == "unknown curve":
        (bundle / PUBLIC_KEY).write_bytes(pem % base64.b64encode(curve))
    elif kind == "empty":
        (bundle / PUBLIC_KEY).write_bytes(b"")
    else:
        signature = (bundle / SIGNATURE).read_bytes()
        (bundle / SIGNATURE).write_bytes(signature[:-1] if kind == "signature cut" else signature + b"\0")
    told = refused(check(spbe, bundle, "--public-key", public_key_path(key)))
    assert told[0].startswith("signature: ")


def test_the_last_line_names_bundle_verdict_and_key(
    spbe: Spbe, bundle: Path, key: Path, foreign_key: Path
) -> None:
    own = fingerprint(ensure_signing_key(key).public_key())
    other = fingerprint(ensure_signing_key(foreign_key).public_key())
    paper = ":".join(own.upper()[at : at + 2] for at in range(0, 64, 2)).replace(":", " ", 3)
    known = f"{NAME}: valid, complete and unchanged; signed by known key {own}"
    for arguments in (
        ("--public-key", public_key_path(key)),
        ("--fingerprint", own),
        ("--fingerprint", f" {paper} "),
        ("--fingerprint", f"SHA256:{own}", "--public-key", public_key_path(key)),
    ):
        done = check(spbe, bundle, *arguments)
        assert (done.returncode, done.stdout.splitlines()) == (0, [known])
    unknown = check(spbe, bundle)
    assert unknown.returncode == 3
    assert unknown.stdout.splitlines()[-1] == (
        f"{NAME}: complete and unchanged since signing, but by UNKNOWN key {own}"
    )
    for arguments in (
        ("--public-key", public_key_path(foreign_key)),
        ("--fingerprint", other),
        ("--fingerprint", other, "--public-key", public_key_path(key)),
    ):
        done = check(spbe, bundle, *arguments)
        told = f"signature: public-key.pem: expected key {other}, found key {own}"
        assert refused(done) == [told]
        assert done.stdout.splitlines()[-1] == f"{NAME}: NOT VALID, 1 problem; key in the bundle {own}"


def test_a_home_knows_its_own_key_and_no_other(
    spbe: Spbe, bundle: Path, key: Path, foreign_key: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "keys").mkdir(parents=True)
    (home / "spbe.toml").touch()
    assert spbe(home, "verify", bundle).returncode == 3
    shutil.copy(public_key_path(key), home / "keys" / "signing.pub.pem")
    assert spbe(home, "verify", bundle).returncode == 0
    # Home or not, who says whose key it must be is obeyed.
    assert spbe(home, "verify", bundle, "--public-key", public_key_path(foreign_key)).returncode == 1
    shutil.copy(public_key_path(foreign_key), home / "keys" / "signing.pub.pem")
    assert spbe(home, "verify", bundle).returncode == 3
    (home / "keys" / "signing.pub.pem").write_text("bukan kunci")
    assert spbe(home, "verify", bundle).returncode == 3


def test_a_bundle_that_brings_a_home_along_is_not_known_by_it(spbe: Spbe, bundle: Path, key: Path) -> None:
    (bundle / "data" / "keys").mkdir()
    (bundle / "data" / "spbe.toml").touch()
    shutil.copy(public_key_path(key), bundle / "data" / "keys" / "signing.pub.pem")
    brought = [{"path": path, "format": "x"} for path in ("spbe.toml", "keys/signing.pub.pem")]
    package(TABLE, *brought)(bundle)
    seal(bundle, key)
    assert spbe(bundle / "data", "verify", bundle).returncode == 3
    plain_environment = {name: value for name, value in os.environ.items() if not name.startswith("SPBE_")}
    command = [Path(sys.executable).with_name("spbe"), "verify", "."]
    done = subprocess.run(command, cwd=bundle, env=plain_environment, capture_output=True, check=False)
    assert done.returncode == 3


def test_another_folder_name_is_a_problem(spbe: Spbe, bundle: Path, key: Path) -> None:
    renamed = bundle.rename(bundle.with_name("spbe-99.99-2026-v2"))
    told = refused(check(spbe, renamed, "--public-key", public_key_path(key)), renamed.name)
    assert told == [f"name: .: expected a folder named as its identifier says, {NAME}, found {renamed.name}"]
    hostile = renamed.rename(renamed.with_name(f"{ESC}\n{NAME}: valid"))
    done = check(spbe, hostile, "--public-key", public_key_path(key))
    refused(done, plain(hostile.name))
    missing = check(spbe, hostile.with_name(ESC))
    assert (missing.returncode, missing.stderr.count("\x1b")) == (2, 0)


def digest(bundle: Path) -> str:
    return hashlib.sha256((bundle / TAG_MANIFEST).read_bytes()).hexdigest()


def test_a_version_follows_the_one_that_it_names(spbe: Spbe, bundle: Path, key: Path, tmp_path: Path) -> None:
    name = "spbe-99.99-2026-v2"
    outbox = tmp_path / "outbox"
    (outbox / "receipts").mkdir(parents=True)
    receipt = Receipt(NAME, digest(bundle), 1, 1, "2026-11-01T00:00:00+00:00", "folder:x", None, False)
    earlier = (bundle, write_receipt(outbox, receipt, key))
    ways = [
        {"Replaces": NAME},
        {"Replaces": NAME, "Replaces-Tagmanifest-SHA256": digest(bundle)},
        {"Replaces": f"{NAME} sha256:{digest(bundle)}"},
    ]
    for number, info in enumerate(ways):
        second = make(tmp_path / str(number), key, name, info)
        for before in earlier:
            done = check(spbe, second, "--public-key", public_key_path(key), "--after", before)
            assert done.returncode == 0, done.stdout
        assert check(spbe, second, "--after", earlier[0]).returncode == 3


@pytest.mark.parametrize(
    ("name", "info", "expected"),
    [
        (NAME, {}, f"expected a version after {NAME}, found {NAME}"),
        ("spbe-99.99-2026-v0", {"Replaces": NAME}, f"expected a version after {NAME}, found spbe-99.99-2026-v0"),
        ("spbe-99.99-2027-v2", {"Replaces": NAME}, "a version of spbe-99.99-2026, found spbe-99.99-2027-v2"),
        ("spbe-99.98-2026-v2", {"Replaces": NAME}, "a version of spbe-99.99-2026, found spbe-99.98-2026-v2"),
        ("spbe-99.99-2026-12-v2", {"Replaces": NAME}, "a version of spbe-99.99-2026, found spbe-99.99-2026-12-v2"),
        ("spbe-99.99-2026-v3", {}, f"expected Replaces: {NAME}, found none"),
        ("spbe-99.99-2026-v3", {"Replaces": "spbe-99.99-2026-v2"}, f"Replaces: {NAME}, found spbe-99.99-2026-v2"),
        ("spbe-99.99-2026-v2", {"Replaces": f"{NAME} sha256:{DIGEST}"}, f"found {DIGEST}"),
        ("spbe-99.99-2026-v2", {"Replaces": f"{NAME} sha256:x"}, f"Replaces: {NAME}, found {NAME} sha256:x"),
        ("spbe-99.99-2026-v2", {"Replaces": NAME, "Replaces-Tagmanifest-SHA256": DIGEST}, f"found {DIGEST}"),
    ],
)  # fmt: skip
def test_what_does_not_follow_the_earlier_one_is_refused(
    name: str, info: dict[str, str], expected: str, spbe: Spbe, bundle: Path, key: Path, tmp_path: Path
) -> None:
    later = make(tmp_path / "later", key, name, info)
    receipt = tmp_path / "kept.json"
    receipt.write_text(json.dumps({"bundle": NAME, "tagmanifest_sha256": digest(bundle), "more": 1}))
    for before in (bundle, receipt):
        done = check(spbe, later, "--public-key", public_key_path(key), "--after", before)
        [told] = refused(done, name)
        assert told.startswith("after: bag-info.txt: expected ")
        assert expected in told


def test_another_key_than_the_earlier_ones_is_noted(
    spbe: Spbe, bundle: Path, foreign_key: Path, tmp_path: Path
) -> None:
    later = make(tmp_path / "later", foreign_key, "spbe-99.99-2026-v2", {"Replaces": NAME})
    done = check(spbe, later, "--after", bundle)
    assert done.returncode == 3
    assert f"note: {NAME} was signed by another key" in done.stdout


def test_what_can_not_be_compared_with_is_wrong_use(spbe: Spbe, bundle: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(bundle, tmp_path / "damaged" / NAME))
    (damaged / "README.txt").write_text("x")
    odd = {
        "list.json": "[]",
        "bomb.json": "[" * 60_000,
        "nobody.json": "{}",
        "named.json": json.dumps({"bundle": NAME}),
        "escape.json": json.dumps({"bundle": ESC, "tagmanifest_sha256": DIGEST}),
        "long.json": " " * 100_000 + "{}",
        "text.txt": ESC,
    }
    for name, content in odd.items():
        (tmp_path / name).write_text(content)
    given = [("--after", tmp_path / name) for name in odd]
    given += [("--after", damaged), ("--after", tmp_path / "none"), ("--public-key", tmp_path / "text.txt")]
    given += [("--public-key", tmp_path), ("--public-key", Path("/dev/zero")), ("--after", Path("/dev/zero"))]
    for option, value in given:
        done = check(spbe, bundle, option, value)
        assert (done.returncode, done.stdout) == (2, ""), value
        [line] = done.stderr.splitlines()
        assert line.isprintable()
    for text_of_key in ("", "abc", DIGEST[1:], DIGEST + "0", "g" * 64):
        assert check(spbe, bundle, "--fingerprint", text_of_key).returncode == 2
    assert check(spbe, bundle / "README.txt").returncode == 2
    assert check(spbe, tmp_path / ("x" * 300)).returncode == 2


def invoke(bundle: Path, *arguments: str) -> tuple[int, str]:
    """The same command in this process, for many tries."""
    result = CliRunner().invoke(app, ["verify", str(bundle), *arguments], env={"SPBE_HOME": ""})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output.splitlines()[-1]


def spoil(bundle: Path, data: st.DataObject) -> str:
    """Change one thing of a bundle; what was done."""
    inside = sorted(path for path in bundle.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(inside))
    content = path.read_bytes()
    how = data.draw(st.sampled_from(["byte", "remove", "add", "rename", "cut", "grow"]))
    at = data.draw(st.integers(0, len(content) - 1))
    if how == "byte":
        changed = bytes([content[at] ^ data.draw(st.integers(1, 255))])
        path.write_bytes(content[:at] + changed + content[at + 1 :])
    elif how == "remove":
        path.unlink()
    elif how == "add":
        path.with_name(path.name + data.draw(st.sampled_from(["~", ".bak", "\u202e", " ", "\n"]))).touch()
    elif how == "rename":
        path.rename(path.with_name(data.draw(st.sampled_from([path.name.swapcase(), "x", path.name + " "]))))
    elif how == "cut":
        path.write_bytes(content[:at])
    else:
        path.write_bytes(content + data.draw(st.binary(min_size=1, max_size=4)))
    return f"{how} {path.name} {at}"


# A folder for each try is made by the test itself.
tries = settings(
    deadline=None,
    max_examples=400 if os.environ.get("TEST_LONG") == "1" else 60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@tries
@given(st.data())
def test_any_one_change_is_told(bundle: Path, key: Path, tmp_path: Path, data: st.DataObject) -> None:
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    copy = Path(shutil.copytree(bundle, tmp_path / "copy" / NAME))
    done = spoil(copy, data)
    for arguments in ((), ("--public-key", str(public_key_path(key)))):
        code, last = invoke(copy, *arguments)
        assert code == 1, (done, last)
        assert last.startswith(f"{NAME}: NOT VALID, ")


@tries
@given(st.data())
def test_no_signed_content_escapes_as_an_exception(
    bundle: Path, key: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """A hostile signer may write anything: the file as it was with random bytes in it, or them alone."""
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    copy = Path(shutil.copytree(bundle, tmp_path / "copy" / NAME))
    name = data.draw(st.sampled_from(["bag-info.txt", MANIFEST, PACKAGE, "data/t.csv"]))
    content = (copy / name).read_bytes()
    start, end = sorted(data.draw(st.integers(0, len(content))) for _ in range(2))
    put = data.draw(
        st.binary(max_size=20) | st.text(max_size=20).map(lambda sign: sign.encode("utf-8", "replace"))
    )
    (copy / name).write_bytes(content[:start] + put + content[end:])
    seal(copy, key, is_counted=name != MANIFEST)
    code, last = invoke(copy, "--public-key", str(public_key_path(key)))
    assert code in (0, 1)
    assert last.startswith(f"{NAME}: ")


def test_a_file_that_changes_meanwhile_is_a_problem(
    bundle: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is what is read: a link or another file put in place later is refused."""
    table = bundle / "data" / "t.csv"

    def change() -> None:
        table.unlink()
        table.symlink_to("/dev/zero")

    before = files.check_declaration
    monkeypatch.setattr("exports.verify.check_declaration", lambda report: (change(), before(report)))
    [problem] = verify_bundle(bundle, public_key_path(key)).problems
    assert str(problem).startswith(f"{MANIFEST}: data/t.csv: expected a file that can be read")


def test_limits_leave_room_for_what_is_made() -> None:
    """Ten thousand documents of evidence, the longest names that a bundle has, fit the manifest."""
    line = len(f"{DIGEST}  data/dokumen/{DIGEST}.docx\n")
    assert files.MOST_FILES * line < files._LARGEST[MANIFEST]
    assert tables.LONGEST_ROW > 1_000_000
