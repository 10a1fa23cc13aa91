"""`spbe export`: build the ministry's bundle of an instansi and a period."""

from typing import Annotated

import typer


def export(
    instansi: Annotated[str | None, typer.Option(help="Instansi code; default: the settings'.")] = None,
    period: Annotated[
        str | None, typer.Option(help="YYYY or YYYY-MM; default: the latest with an index.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why a new version replaces the old one.")] = None,
) -> None:
    """Build the signed bundle from the published database; a new version only where its content changed."""
    from exports.bundle import build_bundle, latest_period
    from orchestration.cli.common import open_home, open_published, wrong_use

    settings = open_home()
    open_published()
    settings.prepare_home()
    code = instansi or settings.instansi
    try:
        made = build_bundle(
            settings.published,
            settings.outbox,
            instansi_code=code,
            period=period or latest_period(settings.published, code),
            signing_key=settings.keys / "signing.key",
            as_of=settings.last_complete_day(),
            reason=reason,
        )
    except (LookupError, ValueError) as error:
        raise wrong_use(str(error).strip("'\"")) from error
    settings.share_outputs()
    print(f"{made.path}{'' if made.is_new else ' (unchanged)'}")
