"""`vantage serve`: one web process."""

import typer
import uvicorn

from vantage.main.settings import SettingsError, load_settings


def serve() -> None:
    """Run the web process on VANTAGE_HOST and VANTAGE_PORT, against DATABASE_URL."""
    try:
        settings = load_settings()
        if settings.database_url is None:
            raise SettingsError("DATABASE_URL is not set. `vantage up` starts the embedded PostgreSQL and sets it.")
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    uvicorn.run(
        "vantage.main.asgi:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
