"""`spbe release`: make the draft of a bundle its next version."""

from typing import Annotated

import typer


def release(
    reason: Annotated[
        str,
        typer.Option(help="Why it is released, such as the number of a decree; it stands in the bundle."),
    ],
    instansi: Annotated[str | None, typer.Option(help="Instansi code; default: the settings'.")] = None,
    period: Annotated[
        str | None, typer.Option(help="YYYY or YYYY-MM; default: that of the only draft.")
    ] = None,
) -> None:
    """Sign the draft that a night left (export_release = manual); its tables stay as they are."""
    from exports.bundle import release_draft
    from orchestration.cli.common import Failure, open_home, wrong_use
    from orchestration.warehouse import run_lock

    settings = open_home()
    if not reason.strip():
        raise wrong_use("--reason: expected a text, found none")
    # A night could build the draft anew meanwhile.
    with run_lock(settings.lock, "spbe release"):
        try:
            made = release_draft(
                settings.outbox,
                instansi_code=instansi or settings.instansi,
                period=period,
                signing_key=settings.keys / "signing.key",
                reason=reason,
            )
        except LookupError as error:
            raise wrong_use(str(error).strip("'\"")) from error
        except ValueError as error:
            raise Failure(f"{error}; spbe export builds it anew") from error
    settings.share_outputs()
    print(made.path)
