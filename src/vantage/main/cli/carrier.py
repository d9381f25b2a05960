"""`vantage carrier`: the simulated carrier as a process of its own."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from vantage.adapters.simulated_carrier import DEFAULT_MIX, CarrierConfig, build_app


def carrier(
    auth_id: Annotated[
        str,
        typer.Option(envvar="VANTAGE_CARRIER_AUTH_ID", help="Plivo-like account id: MA and 18 capitals or digits."),
    ],
    auth_token: Annotated[
        str,
        typer.Option(
            envvar="VANTAGE_CARRIER_AUTH_TOKEN",
            show_default=False,
            help="Signs webhooks and opens the API. Rather by environment: a command line is seen by others.",
        ),
    ],
    port: Annotated[int, typer.Option(envvar="VANTAGE_CARRIER_PORT", min=1, max=65535)] = 8010,
    host: Annotated[str, typer.Option(help="The handset is open to whoever reaches this address.")] = "127.0.0.1",
    speed: Annotated[
        float, typer.Option(min=0, help="1 is real time, 10 ten times as fast, 0 as fast as possible.")
    ] = 1.0,
    handset_speed: Annotated[float, typer.Option(min=0, help="The same for calls answered in the browser.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Draws who sits at which number and what they say.")] = 1,
    mix: Annotated[
        str | None, typer.Option(help="Characters and weights, such as eager=3,busy=1. Without it: a usual town.")
    ] = None,
    calls_per_second: Annotated[
        float, typer.Option(min=0, help="Calls started per second; more wait. 0 is unlimited, Plivo gives 2.")
    ] = 2.0,
    journal: Annotated[
        Path | None, typer.Option(help="A file in which calls outlive a restart of the carrier.")
    ] = None,
) -> None:
    """Run the simulated carrier: Plivo's protocol, people with wits of their own, a handset in the browser."""
    try:
        config = CarrierConfig(
            auth_id=auth_id,
            auth_token=auth_token,
            seed=seed,
            speed=speed,
            handset_speed=handset_speed,
            calls_per_second=calls_per_second,
            journal=journal,
            mix=DEFAULT_MIX if mix is None else mix,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    uvicorn.run(
        build_app(config),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
