"""`spbe alert`: whether what is wrong would be heard."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Alerts: where they go, and whether they do."
)


@app.callback()
def _alert() -> None:
    pass


@app.command()
def test() -> None:
    """Send a test over every channel of the home and say what became of it."""
    from orchestration.alerts import send_test
    from orchestration.cli.common import Failure, open_home

    results = list(send_test(open_home()))
    if not results:
        raise Failure("no channel: set alert_urls or alert_command in spbe.toml of the home")
    for name, problem in results:
        print(f"{name}: {problem or 'sent'}")
    if any(problem for _, problem in results):
        raise typer.Exit(1)
