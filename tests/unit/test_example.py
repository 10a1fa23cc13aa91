"""The example inbox: what stands in the tree is what the script writes, and nothing real is invented."""

import csv
import gzip
import io
import zipfile
from pathlib import Path

import generate_example as example

# Names of real bodies in the inbox; none may stand in the fictional part, nor the fictional one in theirs.
REAL_NAMES = ("banten", "deli serdang", "delipedia", "jumpa madu", "pardede")
MOST_BYTES = 2_000_000


def content(name: str, data: bytes) -> object:
    """What a file says; compressed bytes may differ between zlib versions, what they hold may not."""
    if name.endswith(".gz"):
        return gzip.decompress(data)
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return {part: book.read(part) for part in book.namelist()}
    return data


def fictional_files() -> dict[str, bytes]:
    return {
        str(path.relative_to(example.INBOX)): path.read_bytes()
        for path in example.INBOX.rglob("*")
        if path.is_file() and {example.INSTANSI, example.CITY} & set(path.parts)
    }


def test_tree_holds_what_the_script_writes() -> None:
    """A colleague who changes the script or a file by hand sees the difference."""
    written = example.build()
    in_tree = fictional_files()
    assert sorted(in_tree) == sorted(written.files)
    for name, data in written.files.items():
        assert content(name, in_tree[name]) == content(name, data), name
    assert example.PLANTED.read_bytes() == example.planted_bytes(written.planted)


def test_script_writes_the_same_bytes_every_time(tmp_path: Path) -> None:
    """Two runs, also into another folder, give equal files."""
    example.write(tmp_path / "inbox", tmp_path / "planted.csv")
    for name, data in example.build().files.items():
        assert (tmp_path / "inbox" / name).read_bytes() == data, name


def test_inbox_is_small() -> None:
    """It travels with the source; a clone stays quick."""
    assert sum(p.stat().st_size for p in example.INBOX.rglob("*") if p.is_file()) < MOST_BYTES


def test_no_invented_fact_about_a_real_body() -> None:
    """Real names stand in their own folders only, and the fictional regency in its own."""
    for path in example.INBOX.rglob("*"):
        if not path.is_file():
            continue
        name = str(path.relative_to(example.INBOX))
        held = content(name, path.read_bytes())
        texts = held.values() if isinstance(held, dict) else [held]
        text = b"\n".join(t for t in texts if isinstance(t, bytes)).decode(errors="replace").lower()
        if {example.INSTANSI, example.CITY} & set(path.parts):
            assert [n for n in REAL_NAMES if n in text] == [], name
        else:
            assert f"{example.INSTANSI}-" not in text, name
            assert "kabupaten contoh" not in text, name


def test_planted_rows_exist() -> None:
    """Every planted row can be looked up: its file is there, and long enough."""
    with example.PLANTED.open(encoding="utf-8", newline="") as f:
        planted = list(csv.DictReader(f))
    dirt = [p for p in planted if p["what"] == "dirt"]
    assert len(dirt) == len({(p["file"], p["row"]) for p in dirt}) >= 20
    for p in dirt:
        data = (example.INBOX / p["file"]).read_bytes()
        if p["file"].endswith((".csv", ".log.gz")):
            held = content(p["file"], data)
            assert isinstance(held, bytes)
            assert 1 < int(p["row"]) <= len(held.splitlines()), p
