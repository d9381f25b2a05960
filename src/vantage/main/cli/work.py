"""`vantage work`: the worker process."""

import asyncio

import typer

from vantage.main.settings import SettingsError, load_settings
from vantage.main.worker import work as run_worker
from vantage.platform.telemetry.logs import configure_logs


def work() -> None:
    """Dial, process what arrived, publish events; SIGINT or SIGTERM ends it after the round that has begun."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        asyncio.run(run_worker(settings))
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
