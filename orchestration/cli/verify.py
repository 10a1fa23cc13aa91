"""`spbe verify`: check a bundle without trusting its sender."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exports.verify import Earlier, VerifyReport

_UNKNOWN_KEY = 3
_MOST_SHOWN = 50


def verify(
    bundle: Annotated[Path, typer.Argument(help="Folder of the bundle.")],
    public_key: Annotated[
        Path | None, typer.Option(help="The sender's public key, received by another way than the bundle.")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option(help="The key's fingerprint as on paper: 64 hexadecimal digits, colons or not."),
    ] = None,
    after: Annotated[
        Path | None,
        typer.Option(help="A bundle received before, or its receipt (JSON): this one must replace it."),
    ] = None,
) -> None:
    """Check layout, signature, manifests, extra and missing files, and the tables of a bundle.

    The last line names bundle, verdict and key. Exit 0: valid, by a known key (--public-key, --fingerprint,
    or that of the home which SPBE_HOME names). 1: changed or incomplete, by another key than the given one,
    or not the version after --after. 3: unchanged, but anybody may have signed it. 2: wrong use.
    """
    from exports.signature import KeyFileError
    from exports.verify import Verdict, verify_bundle
    from orchestration.cli.common import wrong_use

    # A bundle's own words come out on any terminal.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    _must_be(bundle, "a bundle", is_folder=True)
    if public_key:
        _must_be(public_key, "--public-key")
    wanted = _wanted(fingerprint) if fingerprint is not None else None
    earlier = _earlier(after) if after else None
    try:
        report = verify_bundle(
            bundle, public_key, key_fingerprint=wanted, known=_key_of_home(bundle), after=earlier
        )
    except KeyFileError as error:
        raise wrong_use(_shown(error)) from error
    _print(report)
    codes = {Verdict.VALID: 0, Verdict.CHANGED: 1, Verdict.UNKNOWN_KEY: _UNKNOWN_KEY}
    raise typer.Exit(codes[report.verdict])


def _print(report: VerifyReport) -> None:
    for note in report.notes:
        print(f"note: {note}")
    for problem in report.problems[:_MOST_SHOWN]:
        print(problem)
    if len(report.problems) > _MOST_SHOWN:
        print(f"… {len(report.problems) - _MOST_SHOWN} more problems")
    print(report.summary)


def _shown(text: object) -> str:
    from exports.strangers import plain

    return plain(str(text), 1000)


def _must_be(path: Path, what: str, *, is_folder: bool = False) -> None:
    """Wrong use where there is no such path; what a stranger named may stand in it."""
    from orchestration.cli.common import wrong_use

    try:
        exists, is_dir = path.exists(), path.is_dir()
    except OSError as error:
        raise wrong_use(f"{_shown(path)}: {error.strerror}") from error
    if not exists:
        raise wrong_use(f"{_shown(path)} does not exist")
    if is_folder and not is_dir:
        raise wrong_use(f"{_shown(path)}: expected the folder of {what}, found a file")


def _wanted(fingerprint: str) -> str:
    from exports.verify import parse_fingerprint
    from orchestration.cli.common import wrong_use

    try:
        return parse_fingerprint(fingerprint)
    except ValueError as error:
        raise wrong_use(f"--fingerprint: {error}") from error


def _earlier(path: Path) -> Earlier:
    from exports.verify import EarlierError, read_earlier
    from orchestration.cli.common import wrong_use

    _must_be(path, "--after")
    try:
        return read_earlier(path)
    except EarlierError as error:
        raise wrong_use(f"--after {_shown(path)}: {error}") from error


def _key_of_home(bundle: Path) -> set[str]:
    """The fingerprint of the home's own key, which the home knows.

    Only of the home that SPBE_HOME names: whoever packs a bundle can put a folder `data` with a key there.
    """
    from exports.signature import KeyFileError, fingerprint, public_key_path, read_public_key
    from orchestration.home import is_home

    named = os.environ.get("SPBE_HOME")
    if not named:
        return set()
    try:
        home = Path(named).expanduser().resolve()
        if not is_home(home) or home.is_relative_to(bundle.resolve()):
            return set()
        return {fingerprint(read_public_key(public_key_path(home / "keys" / "signing.key")))}
    except (OSError, KeyFileError):
        # A reader of the outputs may not look into `keys/`; `spbe doctor` tells of a damaged key.
        return set()
