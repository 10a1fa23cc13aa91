"""`spbe init`: a new home, with every setting explained."""

import os
from pathlib import Path
from typing import Annotated

import typer

# What a fresh file system holds; a home may be one.
_NO_CONTENT = {"lost+found"}


def init(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to make; default: SPBE_HOME, else ./data.")
    ] = None,
) -> None:
    """Make a home: its folders, private to you, and a spbe.toml that explains every setting."""
    from orchestration.cli.common import wrong_use
    from orchestration.home import SETTINGS_FILE, is_home
    from orchestration.settings import Settings, make_home

    home = (folder or Path(os.environ.get("SPBE_HOME") or "data")).expanduser().resolve()
    if home.exists() and not home.is_dir():
        raise wrong_use(f"{home}: expected a folder, found a file")
    if home.exists() and is_home(home):
        raise wrong_use(f"{home} holds a home already; nothing was changed")
    if home.exists() and {path.name for path in home.iterdir()} - _NO_CONTENT:
        raise wrong_use(f"{home} holds other files; a home needs a folder of its own")
    make_home(Settings(home=home))
    print(f"The home is made: {home}")
    print("Next:")
    print(f"  1. edit {home / SETTINGS_FILE}: instansi says whose index it is")
    print(f"  2. export SPBE_HOME={home}")
    print(f"  3. put files into {home / 'inbox'}/<kind>/<instansi>/<period>/")
    print("     (`spbe template KIND -o FILE.xlsx` gives the form of a kind, `spbe check` tries a file)")
    print("  4. spbe run; every night by itself: `spbe service install`")
