"""`vantage demo`: an organisation to try everything on."""

import typer

from vantage.kernel.clock import SystemClock
from vantage.main.cli.db import owner, reached
from vantage.main.demo.make import make_demo
from vantage.main.demo.people import COLLEAGUES
from vantage.main.settings import Settings, SettingsError, load_settings
from vantage.platform.database.setup import Reached

PASSWORD_LENGTH = 14


def demo() -> None:
    """Make the demo organisation in the configured database, unless it is there; prints its logins."""
    try:
        settings = load_settings()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    with reached() as database:
        for line in prepare_demo(settings, database):
            typer.echo(line)


def prepare_demo(settings: Settings, database: Reached) -> list[str]:
    """Make it if need be; the lines that tell how to get in. The password is this installation's own."""
    password = settings.stored_secret("demo")[:PASSWORD_LENGTH]
    with owner(database) as connection:
        made = make_demo(connection, password=password, now=SystemClock().now())
    lines = ["The demo organisation was made." if made.made else "The demo organisation is there."]
    lines += [
        f"  {colleague.email:22} {password}   {colleague.role or colleague.system_role}" for colleague in COLLEAGUES
    ]
    return lines
