"""`spbe verify`: check a bundle without trusting its sender."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    bundle: Annotated[Path, typer.Argument(help="Folder of the bundle.")],
    public_key: Annotated[
        Path | None, typer.Option(help="The sender's public key, received by another way than the bundle.")
    ] = None,
) -> None:
    """Check layout, signature, manifests, extra and missing files, and the tables of a bundle."""
    from exports.signature import KeyFileError
    from exports.verify import verify_bundle
    from orchestration.cli.common import Failure, existing, wrong_use

    if not existing(bundle).is_dir():
        raise wrong_use(f"{bundle}: expected the folder of a bundle, found a file")
    try:
        report = verify_bundle(bundle, existing(public_key) if public_key else None)
    except KeyFileError as error:
        raise wrong_use(str(error)) from error
    for note in report.notes:
        print(f"note: {note}")
    for problem in report.problems:
        print(f"{problem.check}: {problem.file}: expected {problem.expected}, found {problem.found}")
    if not report.is_valid:
        raise Failure(f"{bundle.name} is not valid: {len(report.problems)} problems")
    print(f"{bundle.name} is valid: signed, complete and unchanged")
