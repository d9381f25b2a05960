"""The answers to Plivo's "the person has answered, what now?"."""

from plivo import plivoxml

TEXT = "text/plain;charset=utf-8"
"""Content type of the simulated carrier's text stream; Plivo itself knows only audio types."""


def stream_response(websocket_url: str, *, content_type: str, status_callback_url: str | None = None) -> str:
    """XML that connects the call to our media WebSocket, both ways, until we end it.

    `keepCallAlive` is set because Plivo otherwise runs to the end of the XML and hangs up.
    `content_type` is `TEXT`, or an audio type such as `audio/x-mulaw;rate=8000`.
    """
    stream = plivoxml.StreamElement(
        websocket_url,
        bidirectional=True,
        keepCallAlive=True,
        audioTrack="inbound",
        contentType=content_type,
        statusCallbackUrl=status_callback_url,
        statusCallbackMethod="POST" if status_callback_url else None,
    )
    return str(plivoxml.ResponseElement().add(stream).to_string())


def hangup_response(reason: str | None = None) -> str:
    """XML that ends the call; `reason` is None, "rejected" or "busy"."""
    return str(plivoxml.ResponseElement().add(plivoxml.HangupElement(reason=reason)).to_string())
