"""What lies in an inbox is met without harm: links, pipes, odd names, files that change, lying archives."""

# ruff: noqa: E501  a case is a line
import gzip
import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sources.archive import ByteLimits, archive_file, find_archived, sweep_archive
from sources.errors import FileProblem, FileRejected, FileWaiting
from sources.kinds import scan_inbox
from sources.meta import read_meta
from sources.opener import open_entry

KINDS = ("program_realization", "system_inventory")
LIMITS = ByteLimits(1_000_000, 200)
FOLDER = "program_realization/12.07/2025"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / FOLDER).mkdir(parents=True)
    (tmp_path / "luar").mkdir()
    (tmp_path / "luar" / "rahasia.csv").write_text("rahasia")
    return tmp_path / "inbox"


def scanned(inbox: Path) -> dict[str, str]:
    """Name to the code of its problem."""
    return {
        f.name.removeprefix(f"{FOLDER}/"): f.problem.code if f.problem else ""
        for f in scan_inbox(inbox, KINDS, ("xroad",))
    }


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; people who run the product may not."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


ENTRIES: list[tuple[str, Callable[[Path], object], dict[str, str]]] = [
    ("dangling link", lambda at: (at / "a.csv").symlink_to(at / "tiada"), {"a.csv": "unsafe_path"}),
    ("link in a circle", lambda at: (at / "a.csv").symlink_to(at / "a.csv"), {"a.csv": "unsafe_path"}),
    ("link out", lambda at: (at / "a.csv").symlink_to(at / "../../../../luar/rahasia.csv"), {"a.csv": "unsafe_path"}),
    ("link to a folder out", lambda at: (at / "f").symlink_to(at / "../../../../luar"), {"f": "unsafe_path"}),
    ("link to a folder within", lambda at: (at / "f").symlink_to(at), {"f": "unsafe_path"}),
    ("pipe", lambda at: os.mkfifo(at / "a.csv"), {}),
    ("link to a pipe", lambda at: (os.mkfifo(at / "p"), (at / "a.csv").symlink_to(at / "p")), {}),
    ("device", lambda at: (at / "a.csv").symlink_to("/dev/zero"), {"a.csv": "unsafe_path"}),
    ("folder named as a table", lambda at: ((at / "x.csv").mkdir(), (at / "x.csv/a.csv").write_text("x")), {"x.csv/a.csv": ""}),
    ("bytes that are no text", lambda at: Path(os.fsdecode(bytes(at) + b"/a\xff.csv")).write_text("x"), {"a\ufffd.csv": ""}),
    ("longest name", lambda at: (at / ("n" * 251 + ".csv")).write_text("x"), {"n" * 251 + ".csv": ""}),
    ("time of the year 2999", lambda at: ((at / "a.csv").write_text("x"), os.utime(at / "a.csv", (32503680000, 32503680000))), {"a.csv": ""}),
    *(
        (f"unfinished {name}", lambda at, name=name: (at / name).write_text("x"), {})
        for name in ("a.csv.part", "a.csv.partial", "a.csv.filepart", "a.csv.crdownload", "a.csv.download",
                     "a.csv.tmp", ".a.csv", "~$a.xlsx", "Thumbs.db", "a.csv.PART", "a.csv.meta.toml")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "found"), [e[1:] for e in ENTRIES], ids=[e[0] for e in ENTRIES])
def test_every_entry_is_listed_refused_or_ignored(
    inbox: Path, make: Callable[[Path], object], found: dict[str, str]
) -> None:
    make(inbox / FOLDER)
    assert scanned(inbox) == found


def test_what_may_not_be_read_is_that_entrys_alone(inbox: Path) -> None:
    at = inbox / FOLDER
    for folder in [at, *(p for p in at.parents if "pytest" in str(p))]:
        folder.chmod(0o755)
    (inbox / FOLDER / "baik.csv").write_text("x")
    (inbox / FOLDER / "tertutup.csv").write_text("x")
    (inbox / FOLDER / "folder").mkdir(mode=0)
    (inbox / FOLDER / "tertutup.csv").chmod(0)
    with as_nobody():
        found = scanned(inbox)
        with pytest.raises(FileRejected) as refused:
            open_entry(inbox / FOLDER / "tertutup.csv", inbox)
    (inbox / FOLDER / "folder").chmod(0o755)
    assert found == {"baik.csv": "", "tertutup.csv": "", "folder": "unreadable"}
    assert refused.value.code == "unreadable"


def test_folders_without_end_are_one_refusal(inbox: Path) -> None:
    here = Path.cwd()
    os.chdir(inbox / FOLDER)
    try:
        for _ in range(1500):
            Path("d").mkdir()
            os.chdir("d")
    finally:
        os.chdir(here)
    (inbox / FOLDER / "baik.csv").write_text("x")
    found = sorted(scanned(inbox).values())
    # Too deep for the clean-up that pytest would try.
    subprocess.run(["rm", "-rf", str(inbox / FOLDER / "d")], check=True)
    assert found == ["", "unsafe_path"]


def test_what_was_opened_is_what_is_checked(inbox: Path) -> None:
    """A link that is put in place after the scan is refused at opening."""
    path = inbox / FOLDER / "a.csv"
    path.symlink_to(inbox.parent / "luar" / "rahasia.csv")
    for odd, code in ((path, "unsafe_path"), (inbox / FOLDER, "not_a_file")):
        with pytest.raises(FileRejected) as refused:
            open_entry(odd, inbox)
        assert refused.value.code == code
    with pytest.raises(FileWaiting):
        open_entry(inbox / "hilang.csv", inbox)


def test_the_bytes_kept_are_the_bytes_hashed_while_a_file_grows(inbox: Path, tmp_path: Path) -> None:
    path, archive = inbox / FOLDER / "tumbuh.csv", tmp_path / "archive"
    path.write_bytes(b"0" * 300_000)
    ended = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as f:
            for _ in range(200_000):
                if ended.is_set():
                    return
                f.write(b"1")

    writer = threading.Thread(target=grow)
    writer.start()
    waited = 0
    for _ in range(50):
        try:
            with open_entry(path, inbox) as source:
                archive_file(source, archive, LIMITS)
        except FileWaiting as problem:
            waited += problem.code == "changing"
    ended.set()
    writer.join()
    assert waited
    with open_entry(path, inbox) as source:
        archive_file(source, archive, LIMITS)
    kept = [p for p in archive.rglob("*") if p.is_file()]
    assert kept
    assert all(hashlib.sha256(p.read_bytes()).hexdigest() == p.name for p in kept)


def test_an_archived_content_is_checked_before_it_is_believed(inbox: Path, tmp_path: Path) -> None:
    path, archive = inbox / "a.csv", tmp_path / "archive"
    path.write_text("isi")
    with open_entry(path, inbox) as source:
        first = archive_file(source, archive, LIMITS)
    first.path.chmod(0o600)
    first.path.write_text("lain")
    with open_entry(path, inbox) as source:
        again = archive_file(source, archive, LIMITS)
    assert again.path.read_text() == "isi"
    # A gz and its plain twin are one content.
    packed = inbox / "a.csv.gz"
    packed.write_bytes(gzip.compress(b"isi"))
    with open_entry(packed, inbox) as source:
        twin = archive_file(source, archive, LIMITS)
    assert (twin.sha256, twin.path, twin.is_gzip) == (first.sha256, first.path, False)
    assert find_archived(archive, first.sha256) == first.path


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"x" * 1_000_001, "too_large"),
        (gzip.compress(b"\0" * 1_000_001), "too_large"),
        (gzip.compress(gzip.compress(b"x")), "unreadable"),
        (gzip.compress(os.urandom(9_000))[:5_000], "truncated"),
        (gzip.compress(os.urandom(9_000))[:5_000] + b"kacau" * 900, "unreadable"),
    ],
    ids=["large", "large once inflated", "packed twice", "cut", "spoilt"],
)
def test_what_is_refused_leaves_nothing_behind(
    inbox: Path, tmp_path: Path, content: bytes, code: str
) -> None:
    (inbox / "a.csv").write_bytes(content)
    with open_entry(inbox / "a.csv", inbox) as source, pytest.raises(FileProblem) as refused:
        archive_file(source, tmp_path / "archive", LIMITS)
    assert refused.value.code == code
    assert [p for p in (tmp_path / "archive").rglob("*") if p.is_file()] == []


def test_bytes_behind_a_gz_are_counted(inbox: Path, tmp_path: Path) -> None:
    whole = gzip.compress(b"satu\n") + gzip.compress(b"dua\n")
    for tail, junk in ((b"", 0), (b"\0" * 500, 0), (b"sisa", 4), (b"\x1f", 1)):
        (inbox / "a.gz").write_bytes(whole + tail)
        with open_entry(inbox / "a.gz", inbox) as source:
            kept = archive_file(source, tmp_path / "archive", LIMITS)
        assert (kept.sha256, kept.junk_bytes) == (hashlib.sha256(b"satu\ndua\n").hexdigest(), junk)


def test_half_copies_of_a_killed_run_are_swept(tmp_path: Path) -> None:
    for left in ("123.tmp", "ab/cd.123.tmp"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).write_text("x")
    (tmp_path / "ab" / "isi").write_text("x")
    sweep_archive(tmp_path)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["isi"]


BAD_METAS = [
    'constants = "x"', "constants = [1]", "[constants]\na = [1]", "[constants.a]\nb = 1", "period = 'kemarin'",
    "periode = '2025'", "x", "\0", "opd_code = [1]", "columns = 1", "[columns]\na = {b = 1}", "a" * 70_000,
    "constants = " + "[" * 5000 + "]" * 5000, "period = " + "9" * 5000, "opd_code = '" + "x" * 2000 + "'",
]  # fmt: skip


@pytest.mark.parametrize("content", BAD_METAS, ids=range(len(BAD_METAS)))
def test_a_bad_meta_is_a_sentence(inbox: Path, content: str) -> None:
    (inbox / "a.csv.meta.toml").write_text(content)
    with pytest.raises(FileRejected) as refused:
        read_meta(inbox / "a.csv", inbox)
    assert refused.value.code == "bad_meta"
    assert len(refused.value.message) < 400


def test_a_meta_is_read_through_the_same_door(inbox: Path) -> None:
    (inbox.parent / "luar" / "a.toml").write_text("opd_code = 'asing'")
    (inbox / "a.csv.meta.toml").symlink_to(inbox.parent / "luar" / "a.toml")
    with pytest.raises(FileRejected) as refused:
        read_meta(inbox / "a.csv", inbox)
    assert refused.value.code == "unsafe_path"
    (inbox / "b.csv.meta.toml").write_text(
        "\ufeffperiod = 2025\nopd_code = 'X'\n[constants]\na = true\nb = 2025-01-02\n[columns]\n\"Judul\" = 'url'\n"
    )
    meta = read_meta(inbox / "b.csv", inbox)
    assert (meta.period, meta.opd_code, meta.constants, meta.columns) == (
        "2025", "X", {"a": "true", "b": "2025-01-02"}, {"Judul": "url"},
    )  # fmt: skip
    assert read_meta(inbox / ("n" * 254), inbox).constants == {}
