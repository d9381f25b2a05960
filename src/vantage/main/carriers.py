"""Which carriers this installation can dial over, and how each signs and is answered."""

from collections.abc import Mapping

from vantage.adapters.plivo.answer_xml import TEXT, hangup_response, stream_response
from vantage.adapters.plivo.client import PlivoCarrier
from vantage.adapters.plivo.signature import validate
from vantage.features.calling.carrier import Carrier
from vantage.main.settings import Settings


class PlivoLanguage:
    """Plivo's signatures and answers, for Plivo itself and for the simulated carrier that speaks the same."""

    def __init__(self, tokens: list[str], content_type: str) -> None:
        self._tokens = tokens
        self._content_type = content_type

    def signed(self, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> bool:
        """Whether one of our accounts signed the request (V3)."""
        nonce = headers.get("X-Plivo-Signature-V3-Nonce", "")
        given = ",".join(
            filter(None, (headers.get("X-Plivo-Signature-V3", ""), headers.get("X-Plivo-Signature-Ma-V3", "")))
        )
        return any(validate(url, nonce, given, form, token) for token in self._tokens)

    def stream(self, websocket_url: str) -> str:
        """Connects the call to our stream."""
        return stream_response(websocket_url, content_type=self._content_type)

    def hangup(self) -> str:
        """Ends the call."""
        return hangup_response()


def public_url_of(settings: Settings) -> str:
    """Where the carrier reaches us."""
    return settings.public_url or f"http://{settings.host}:{settings.port}"


def carriers_of(settings: Settings) -> dict[str, Carrier]:
    """The carriers by the name in `organizations.carrier`. Plivo only with keys."""
    carriers: dict[str, Carrier] = {}
    if settings.carrier_auth_id and settings.carrier_auth_token:
        carriers["simulated"] = PlivoCarrier(
            settings.carrier_auth_id,
            settings.carrier_auth_token.get_secret_value(),
            base_url=settings.carrier_url or f"http://127.0.0.1:{settings.carrier_port}",
        )
    if settings.plivo_auth_id and settings.plivo_auth_token:
        carriers["plivo"] = PlivoCarrier(
            settings.plivo_auth_id,
            settings.plivo_auth_token.get_secret_value(),
            base_url=settings.plivo_base_url.removesuffix("/v1"),
        )
    return carriers


def language_of(settings: Settings) -> PlivoLanguage:
    """How requests from any of them are checked. Text is understood by the simulated carrier alone."""
    secrets = [
        token.get_secret_value()
        for token in (settings.carrier_auth_token, settings.plivo_auth_token)
        if token is not None
    ]
    return PlivoLanguage(secrets, TEXT)
