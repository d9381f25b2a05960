"""The XML that a customer answers with, read as Plivo reads it."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

SUPPORTED = ("Speak", "Play", "Wait", "Record", "Redirect", "Hangup", "Stream", "Dial")


class InvalidXml(ValueError):
    """The answer is not a Plivo XML document, or asks for what this carrier can't do."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Say this, so often."""

    text: str
    loop: int = 1


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the document at another address."""

    url: str
    method: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """`schedule` > 0: seconds from now, while the following elements run."""

    reason: str = ""
    schedule: float = 0.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Connect the call to a WebSocket; names as in Plivo's attributes."""

    url: str
    bidirectional: bool
    keep_call_alive: bool
    content_type: str
    stream_timeout: int
    extra_headers: str
    status_callback_url: str
    status_callback_method: str


@dataclass(frozen=True, slots=True)
class DialOut:
    """`<Dial>`: ring these numbers (digits) in turn, each so many seconds."""

    numbers: Sequence[str]
    caller_id: str
    timeout: float
    action: str
    method: str
    redirect: bool


Instruction = Speak | Wait | Redirect | Hangup | Stream | DialOut


def parse(body: bytes) -> list[Instruction]:
    """The document's elements in order.

    Raises InvalidXml for what is not well formed, has another root, or holds an element that is
    not in `SUPPORTED`.
    """
    try:
        # No entities, no network: the document comes from outside.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidXml(f"not XML: {error}") from error
    if b"<!DOCTYPE" in body:
        raise InvalidXml("a document type is not allowed")
    if root.tag != "Response":
        raise InvalidXml(f"the root is <{root.tag}>, not <Response>")
    return [read for child in root if (read := _instruction(child)) is not None]


def _instruction(element: etree._Element) -> Instruction | None:
    text = " ".join("".join(map(str, element.itertext())).split())
    attributes = {str(name): str(value) for name, value in element.attrib.items()}

    def get(name: str, default: str) -> str:
        return attributes.get(name, default)

    match element.tag:
        case "Speak":
            if not text:
                raise InvalidXml("<Speak> is empty")
            return Speak(text, max(1, _int(get("loop", "1"))))
        case "Play":
            return Wait(3.0)
        case "Wait":
            return Wait(float(_int(get("length", "1"))))
        case "Record":
            return None
        case "Redirect":
            return Redirect(_url(text, "Redirect"), get("method", "POST").upper())
        case "Hangup":
            reason = get("reason", "")
            if reason not in ("", "rejected", "busy"):
                raise InvalidXml(f'<Hangup reason="{reason}">: rejected or busy')
            return Hangup(reason, float(_int(get("schedule", "0"))))
        case "Stream":
            bidirectional = _bool(get("bidirectional", "false"))
            if bidirectional and get("audioTrack", "inbound") != "inbound":
                raise InvalidXml('<Stream bidirectional> needs audioTrack="inbound"')
            headers = get("extraHeaders", "")
            if len(headers) > 512:  # Plivo's limit
                raise InvalidXml("<Stream extraHeaders> is longer than 512 bytes")
            return Stream(
                url=_url(text, "Stream", ("ws://", "wss://")),
                bidirectional=bidirectional,
                keep_call_alive=_bool(get("keepCallAlive", "false")),
                content_type=get("contentType", "audio/x-l16;rate=8000"),
                stream_timeout=_int(get("streamTimeout", "86400")),
                extra_headers=headers,
                status_callback_url=get("statusCallbackUrl", ""),
                status_callback_method=get("statusCallbackMethod", "POST").upper(),
            )
        case "Dial":
            numbers = [
                "".join(character for character in (child.text or "") if character.isdigit())
                for child in element
                if child.tag == "Number"
            ]
            if not numbers or not all(numbers):
                raise InvalidXml("<Dial> needs a <Number> that is not empty")
            return DialOut(
                numbers=numbers,
                caller_id=get("callerId", ""),
                timeout=float(_int(get("timeout", "30"))),
                action=get("action", ""),
                method=get("method", "POST").upper(),
                redirect=_bool(get("redirect", "true")),
            )
        case other:
            raise InvalidXml(f"<{other}> is not an element this carrier knows ({', '.join(SUPPORTED)})")


def _bool(value: str) -> bool:
    return value.strip().lower() == "true"


def _int(value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise InvalidXml(f"{value!r} is not a whole number") from error


def _url(text: str, tag: str, schemes: tuple[str, ...] = ("http://", "https://")) -> str:
    if not text.startswith(schemes):
        raise InvalidXml(f"<{tag}> needs an address that starts with {' or '.join(schemes)}")
    return text
