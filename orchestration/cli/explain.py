"""`spbe explain`: the path of a number down to the rows and files it rests on."""

from typing import Annotated

import typer


def explain(
    instansi: Annotated[str, typer.Argument(help="Code of an instansi, an OPD or another unit.")],
    period: Annotated[str, typer.Argument(help="Evaluation year or window, as 2023.")],
    node: Annotated[str | None, typer.Argument(help="Node of a rulebook, as p59.i18; default: all.")] = None,
    rulebook: Annotated[str | None, typer.Option(help="Only this rulebook.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only this stage: self, document, … final.")] = None,
) -> None:
    """Trace a number: index, domain, aspect, indicator, each with weight and points, to row and file."""
    from exports.explain import NothingToExplain
    from exports.explain import explain as trace
    from orchestration.cli.common import open_published, wrong_use

    try:
        found = trace(open_published(), instansi, period, node, rulebook, stage)
    except NothingToExplain as error:
        raise wrong_use(str(error)) from error
    for number, explanation in enumerate(found):
        if number:
            print()
        for line in explanation.lines():
            print(line)
