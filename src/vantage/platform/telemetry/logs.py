"""Logs as JSON lines (or coloured, on a terminal), and nothing personal in them.

Masking is the last step before a line is written, so it covers our own events, other libraries' and tracebacks alike.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

MASK: Final = "[masked]"

SECRET_KEYS: Final = re.compile(
    r"(^|_)(password|passphrase|secret|token|authorization|cookie|set_cookie|api_key|email|e_mail|phone|number|"
    r"caller_id|csrf|otp|signature|database_url|name)$",
    re.IGNORECASE,
)
_KEPT_KEYS: Final = frozenset({"logger_name", "event_name", "process_name", "line_number", "job_name", "app_name"})

# an id and an instant are long and full of digits, but no phone: seen first, they are kept
_PATTERN: Final = re.compile(
    r"(?P<kept>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*)"
    r"|(?P<email>[\w.+%-]+@[\w-]+(\.[\w-]+)+)"
    r"|(?P<jwt>\beyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?)"
    r"|(?P<bearer>\b(?:Bearer|Basic)\s+[\w.~+/=-]{6,})"
    r"|(?P<password>(?<=://)[^\s/@:]*:[^\s/@]+(?=@))"
    r"|(?P<pair>\b(?:token|password|secret|code|signature|key|t)=[^\s&;,\"']+)"
    r"|(?P<phone>(?<![\w.])\+?\d[\d \u00a0().-]{8,}\d(?!\w))",
    re.IGNORECASE,
)


def masked_text(text: str) -> str:
    """`text` without phone numbers (10 to 15 digits), e-mail addresses, tokens and passwords in URLs."""
    return _PATTERN.sub(_masked_match, text)


def _masked_match(match: re.Match[str]) -> str:
    found = match.group(0)
    if match.lastgroup == "kept" or match.group("kept"):
        return found
    if match.group("phone") and not 10 <= sum(character.isdigit() for character in found) <= 15:
        return found
    return MASK


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog step that masks a whole event, whatever lies in it."""
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: Any) -> Any:
    if SECRET_KEYS.search(key) and key not in _KEPT_KEYS and value not in (None, "", True, False):
        return MASK
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, bytes):
        return masked_text(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {str(inner): _masked(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return masked_text(str(value))


def configure_logs(level: str = "info", *, as_json: bool | None = None, stream: TextIO | None = None) -> None:
    """Sends structlog's and the standard library's logs to `stream` (standard error), masked, from `level` up.

    `as_json` None means: coloured on a terminal, JSON lines otherwise.
    """
    stream = stream or sys.stderr
    as_json = not stream.isatty() if as_json is None else as_json
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_event,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "urllib3"):  # they log whole addresses, with what people typed in them
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(own).handlers[:] = []
        logging.getLogger(own).propagate = own != "uvicorn.access"
