"""`vantage billing`: what is due."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from vantage.features.billing.run import run
from vantage.main.cli.db import reached

app = typer.Typer(help="Subscriptions and invoices.", no_args_is_help=True)


@app.callback()
def _together() -> None:
    """Subscriptions and invoices."""


@app.command("run")
def run_billing(
    at: Annotated[datetime | None, typer.Option(help="As if it were this instant (UTC).")] = None,
) -> None:
    """End trials, renew subscriptions, issue the month's invoices; running it again changes nothing."""
    instant = (at or datetime.now(UTC)).replace(tzinfo=UTC)
    with reached() as database:
        if database.app_url is None:
            typer.echo("There is no login for the application: run `vantage db init` first.", err=True)
            raise typer.Exit(1)
        for name, count in asyncio.run(run(database.app_url, instant)):
            typer.echo(f"{name:18} {count}")
