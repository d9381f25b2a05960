import json
import logging
from collections.abc import Iterator
from io import StringIO
from uuid import UUID

import pytest
import structlog

from vantage.platform.telemetry.logs import MASK, configure_logs, masked_text

PERSON = UUID(int=1)


@pytest.fixture
def logged() -> Iterator[StringIO]:
    stream = StringIO()
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logs("info", as_json=True, stream=stream)
    yield stream
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "personal",
    [
        "+91 98000 00001",
        "09800000001",
        "+919800000001",
        "98000-00001",
        "asha.rao@example.com",
        "Bearer abcdef.123456",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "token=abc123def",
        "postgresql://vantage:hunter2@db.example/x",
    ],
)
def test_what_is_personal_is_masked_anywhere(personal: str) -> None:
    line = masked_text(f"called {personal} twice")
    assert MASK in line
    assert personal not in line
    assert "hunter2" not in line
    assert line.startswith("called ")


@pytest.mark.parametrize(
    "kept",
    [
        "5bc42172-eff7-474e-99dc-d5d187bc9f0f",
        "2026-11-23T00:20:00.123456+00:00",
        "1,00,000 leads in 12.5 s",
        "order 12345",
        "HTTP/1.1 200",
    ],
)
def test_what_is_not_personal_is_kept(kept: str) -> None:
    assert masked_text(kept) == kept


def test_events_tracebacks_and_foreign_lines_are_masked(logged: StringIO) -> None:
    log = structlog.get_logger("test")
    log.info("called", phone="+919800000001", nested={"email": "a@example.com", "lead_id": str(PERSON)}, seconds=3.5)
    try:
        raise RuntimeError("no route to +919800000002")  # a traceback is needed
    except RuntimeError:
        log.exception("failed")
    logging.getLogger("library").warning("mail to %s bounced", "b@example.com")
    text = logged.getvalue()
    assert "98000" not in text
    assert "@example" not in text
    first, second, third = (json.loads(line) for line in text.splitlines())
    assert (first["phone"], first["nested"]["lead_id"], first["seconds"]) == (MASK, str(PERSON), 3.5)
    assert "RuntimeError" in second["exception"]
    assert third["event"] == f"mail to {MASK} bounced"
