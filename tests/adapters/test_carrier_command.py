"""`vantage carrier` as an operator starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from vantage.adapters.simulated_carrier.answer_xml import SUPPORTED
from vantage.adapters.simulated_carrier.faults import KINDS
from vantage.adapters.simulated_carrier.people.characters import CHARACTERS

PROGRAM = "import typer; from vantage.main.cli.carrier import carrier; typer.run(carrier)"
CREDENTIALS = {"VANTAGE_CARRIER_AUTH_ID": "MA" + "X" * 18, "VANTAGE_CARRIER_AUTH_TOKEN": "of-a-test"}


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_serves_and_stops_cleanly() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("--port", str(port), "--speed", "0", "--mix", "eager=1", **CREDENTIALS)
    try:
        for _ in range(200):
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        else:
            pytest.fail("The carrier did not come up.")
        assert answer.json() == {"status": "ok"}
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
    assert "Traceback" not in output
    assert "of-a-test" not in output


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ((), {}, "auth"),
        ((), CREDENTIALS | {"VANTAGE_CARRIER_AUTH_ID": "me"}, "18 capital"),
        (("--mix", "angel=1"), CREDENTIALS, "angel"),
        (("--speed", "-1"), CREDENTIALS, "speed"),
    ],
)
def test_it_says_what_is_wrong(arguments: tuple[str, ...], environment: dict[str, str], sentence: str) -> None:
    process = start(*arguments, **environment)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert sentence in output


def test_its_page_of_docs_names_every_character_fault_and_option() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulated-carrier.md").read_text("utf-8")
    for name in (*CHARACTERS, *KINDS, *SUPPORTED, "--journal", "--speed", "--seed", "--mix", "--calls-per-second"):
        assert name in page, name
