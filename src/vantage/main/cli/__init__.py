"""The command `vantage`: each command in its own file, loaded only when it is the one that was asked for."""

import sys
from importlib import import_module
from typing import Final

import typer

app = typer.Typer(help="Quinite Vantage.", no_args_is_help=True, pretty_exceptions_show_locals=False)

COMMANDS: Final = ("up", "serve", "carrier", "demo", "work")
GROUPS: Final = ("db", "billing")


@app.callback()
def _together() -> None:
    """Quinite Vantage."""


def _mount(asked: str | None) -> None:
    # help of all, or one command: importing the others would cost its start half a second
    for name in COMMANDS:
        if asked in (None, name):
            app.command(name)(getattr(import_module(f"{__name__}.{name}"), name))
    for name in GROUPS:
        if asked in (None, name):
            app.add_typer(import_module(f"{__name__}.{name}").app, name=name)


def main() -> None:
    """Runs the command of this process's arguments."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    _mount(asked if asked in {*COMMANDS, *GROUPS} else None)
    app()
