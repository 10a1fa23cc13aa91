"""A home on disk: who may read what in it, and the settings file that it begins with."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from exports.aside import rename_in, write_file
from orchestration.home import NoGroup, is_home, make_folders, share_outputs
from orchestration.settings import Settings, make_home, settings_text

# A group that everybody is a member of: one's own.
GROUP_NUMBER = os.getegid()


@pytest.fixture(autouse=True)
def lax_umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test begins with the laxest umask there is, and leaves ours as it was."""
    for name in [name for name in os.environ if name.startswith("SPBE_")]:
        monkeypatch.delenv(name)
    before = os.umask(0)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SPBE_HOME", "SPBE_WAREHOUSE", "DAGSTER_HOME"):
            patch.setenv(name, "")
            patch.delenv(name)
        yield
    os.umask(before)


@pytest.fixture
def group() -> str:
    import grp

    try:
        return grp.getgrgid(GROUP_NUMBER).gr_name
    except KeyError:
        pytest.skip("the group of this user has no name")


def modes(home: Path) -> dict[str, str]:
    return {
        path.relative_to(home).as_posix(): f"{stat.S_IMODE(path.stat().st_mode):o}"
        for path in (home, *home.rglob("*"))
    }


def fill(home: Path) -> None:
    outputs = ["published/spbe.duckdb", "published/report/index.html", "feedback/99.99-A/umpan_balik.html"]
    outputs.append("outbox/spbe-99.99-2026-v1/data/tabel.csv")
    for name in (*outputs, "warehouse.duckdb", "lake/day=1/a.parquet"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")


def test_a_home_is_its_owners_alone_whatever_the_umask_was(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Settings(home=home).prepare_home()
    fill(home)
    assert set(modes(home).values()) == {"700", "600"}


def test_a_home_that_stood_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home)
    assert modes(home)["warehouse.duckdb"] == "666"
    make_folders(home)
    found = modes(home)
    assert (found["."], found["warehouse.duckdb"], found["lake"], found["outbox"]) == (
        "700",
        "600",
        "700",
        "700",
    )
    # Nobody reaches what lies deeper; the outputs are walked, for they may be opened later.
    assert found["outbox/spbe-99.99-2026-v1/data/tabel.csv"] == "600"


def test_the_inbox_keeps_the_rights_that_its_owner_gave_it(tmp_path: Path, group: str) -> None:
    home = tmp_path / "home"
    make_folders(home)
    (home / "inbox").chmod(0o777)
    make_folders(home)
    assert modes(home)["inbox"] == "777"
    make_folders(home, group)
    # The group that may now pass through the home is the inbox's own: it reads outputs, not what was sent.
    assert modes(home)["inbox"] == "700"


def test_a_group_may_read_the_outputs_and_nothing_else(tmp_path: Path, group: str) -> None:
    home = tmp_path / "home"
    fill(home)
    make_folders(home, group)
    outputs = ("published", "feedback", "outbox")
    for name, mode in modes(home).items():
        is_folder = (home / name).is_dir()
        if name.startswith(outputs):
            assert mode == ("750" if is_folder else "640"), name
            assert (home / name).stat().st_gid == GROUP_NUMBER
        elif name == ".":
            assert mode == "710"
        elif "/" not in name:
            assert mode == ("700" if is_folder else "600"), name
    make_folders(home)
    assert {mode for name, mode in modes(home).items() if name.startswith(outputs)} == {"700", "600"}


def test_what_is_written_anew_is_never_shut_for_its_readers(tmp_path: Path, group: str) -> None:
    make_folders(tmp_path, group)
    published = tmp_path / "published" / "spbe.duckdb"
    write_file(published, b"old")
    share_outputs(tmp_path, group)
    write_file(published, b"new")
    assert modes(tmp_path)["published/spbe.duckdb"] == "640"
    aside = tmp_path / "published" / ".aside"
    aside.write_bytes(b"newer")
    rename_in(aside, published)
    assert modes(tmp_path)["published/spbe.duckdb"] == "640"


def test_a_link_in_the_outputs_leads_no_right_outside(tmp_path: Path, group: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x", encoding="utf-8")
    outside.chmod(0o600)
    make_folders(tmp_path / "home")
    (tmp_path / "home" / "outbox" / "link").symlink_to(outside)
    make_folders(tmp_path / "home", group)
    assert modes(tmp_path)["outside"] == "600"


def test_a_group_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoGroup, match="no-such-group: this machine has no such group"):
        make_folders(tmp_path / "home", "no-such-group")
    assert not (tmp_path / "home").exists()


def test_a_folder_is_a_home_by_its_settings_or_its_warehouse(tmp_path: Path) -> None:
    assert not is_home(tmp_path / "nowhere")
    (tmp_path / "inbox").mkdir()
    assert not is_home(tmp_path)
    (tmp_path / "warehouse.duckdb").touch()
    assert is_home(tmp_path)


def test_the_settings_file_explains_every_setting(tmp_path: Path) -> None:
    text = settings_text()
    for name, field in Settings.model_fields.items():
        if name != "home":
            assert len(re.findall(rf"^#{name} = ", text, re.MULTILINE)) == 1, name
            assert (field.description or "")[:40] in text
    assert all(len(line) <= 112 for line in text.splitlines())


def test_the_lines_of_the_settings_file_are_the_defaults(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    make_home(Settings(home=plain))
    assert Settings(home=plain).model_dump() == Settings(home=plain.parent).model_dump() | {"home": plain}
    every = re.sub(r"^#(\w+ = )", r"\1", settings_text(), flags=re.MULTILINE)
    (plain / "spbe.toml").write_text(every, encoding="utf-8")
    dumped = Settings(home=plain).model_dump(exclude={"home", "as_of"})
    assert dumped == Settings(home=tmp_path).model_dump(exclude={"home", "as_of"})


def test_a_given_setting_is_written_and_no_file_is_replaced(tmp_path: Path) -> None:
    make_home(Settings(home=tmp_path), instansi='9"9\\')
    assert Settings(home=tmp_path).instansi == '9"9\\'
    with pytest.raises(FileExistsError):
        make_home(Settings(home=tmp_path))


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPBE_HOME", "")
    monkeypatch.setenv("SPBE_INSTANSI", "")
    assert Settings().home == tmp_path / "data"
    assert Settings().instansi == "12.07"
