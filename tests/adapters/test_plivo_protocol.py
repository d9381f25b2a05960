"""Plivo's own SDK against the carrier, and our client against what a carrier may answer."""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import plivo
import pytest
from plivo import exceptions
from plivo.rest import client as sdk
from plivo.utils.signature_v3 import construct_post_url, get_signature_v3
from tests.adapters.house import House

from vantage.adapters.plivo import PlivoCarrier, hangup_response, stream_response, validate
from vantage.adapters.plivo.answer_xml import TEXT
from vantage.adapters.simulated_carrier import CarrierConfig
from vantage.adapters.simulated_carrier.answer_xml import Hangup, InvalidXml, Stream, parse
from vantage.features.calling.carrier import (
    Carrier,
    CarrierNotReached,
    CarrierRefused,
    CarrierThrottled,
    CarrierUnknown,
    Dial,
)

DIAL = Dial(
    caller_id="+918045670000",
    to="+919812300001",
    answer_url="http://127.0.0.1:1/answer",
    hangup_url="http://127.0.0.1:1/hangup",
)


@pytest.fixture
def official(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[plivo.RestClient]:
    base = f"{house.carrier.base_url}/v1/Account"
    for name in ("API_VOICE_BASE_URI", "API_VOICE_BASE_URI_FALLBACK_1", "API_VOICE_BASE_URI_FALLBACK_2"):
        monkeypatch.setattr(sdk, name, base)
    with plivo.RestClient(house.carrier.config.auth_id, house.carrier.config.auth_token) as client:
        client.session.trust_env = False
        yield client


async def test_the_official_sdk_places_fetches_lists_and_ends_calls_unchanged(
    house: House, official: plivo.RestClient
) -> None:
    house.carrier.town.pin("919812300001", "eager")
    made = await asyncio.to_thread(
        official.calls.create,
        from_="+918045670000",
        to_="+919812300001",
        answer_url=f"{house.customer.base_url}/answer",
        hangup_url=f"{house.customer.base_url}/hangup",
    )
    assert made.message == "call fired"
    hangup = await house.customer.wait_for("hangup")
    record = await asyncio.to_thread(official.calls.get, made.request_uuid)
    assert record.to_number == "919812300001"
    assert record.total_amount == hangup["TotalCost"]
    assert record.hangup_cause_code == 4010
    listed = await asyncio.to_thread(official.calls.list, to_number="919812300001")
    assert [one.call_uuid for one in listed] == [made.request_uuid]
    assert listed.meta.count == 1
    assert (await asyncio.to_thread(official.calls.live_call_list_ids)).calls == []
    with pytest.raises(exceptions.ResourceNotFoundError):
        await asyncio.to_thread(official.calls.hangup, made.request_uuid)

    house.customer.xml = "<Response><Wait length='50'/><Wait length='50'/></Response>"
    house.carrier.town.pin("919812300002", "no_answer")
    made = await asyncio.to_thread(
        official.calls.create,
        from_="918045670000",
        to_="919812300001<919812300002",
        answer_url=f"{house.customer.base_url}/answer",
    )
    assert len(made.request_uuid) == 2


async def test_the_official_sdk_understands_the_carriers_refusals(house: House, official: plivo.RestClient) -> None:
    with pytest.raises(exceptions.ValidationError, match="to parameter is not a valid"):
        await asyncio.to_thread(official.calls.create, from_="918045670000", to_="abc", answer_url="http://a.example/")
    official.session.auth = (house.carrier.config.auth_id, "wrong")
    with pytest.raises(exceptions.AuthenticationError):
        await asyncio.to_thread(official.calls.get, "x")


async def test_the_official_sdk_dials_three_times_on_5xx_and_ours_once(
    house: House, official: plivo.RestClient
) -> None:
    for _ in range(3):
        house.carrier.faults.add(_fault("create.error"))
    with pytest.raises(exceptions.PlivoServerError):
        await asyncio.to_thread(
            official.calls.create, from_="918045670000", to_="919812300001", answer_url=DIAL.answer_url
        )
    assert len(house.carrier.switchboard.calls) == 3
    house.carrier.faults.add(_fault("create.error"))
    with pytest.raises(CarrierUnknown):
        await house.client.dial(DIAL)
    assert len(house.carrier.switchboard.calls) == 4


def _fault(kind: str, **more: Any) -> Any:
    from vantage.adapters.simulated_carrier.faults import Fault  # noqa: PLC0415

    return Fault(kind=kind, **more)


async def test_refused_throttled_unknown_and_not_reached_are_told_apart(house: House) -> None:
    house.carrier.faults.add(_fault("create.refuse"))
    with pytest.raises(CarrierRefused, match="refused on demand"):
        await house.client.dial(DIAL)
    house.carrier.faults.add(_fault("create.throttle"))
    with pytest.raises(CarrierThrottled) as throttled:
        await house.client.dial(DIAL)
    assert throttled.value.retry_after_seconds == 1
    assert house.carrier.switchboard.calls == {}

    config = house.carrier.config
    hasty = PlivoCarrier(config.auth_id, config.auth_token, base_url=house.carrier.base_url, timeout_seconds=0.3)
    house.carrier.faults.add(_fault("create.hang", seconds=1.0))
    with pytest.raises(CarrierUnknown):
        await hasty.dial(DIAL)
    await hasty.aclose()
    assert len(house.carrier.switchboard.calls) == 1

    stranger = PlivoCarrier(config.auth_id, "wrong", base_url=house.carrier.base_url)
    with pytest.raises(CarrierRefused) as refused:
        await stranger.dial(DIAL)
    assert refused.value.status == 401
    await stranger.aclose()
    nobody = PlivoCarrier(config.auth_id, config.auth_token, base_url="http://127.0.0.1:1")
    with pytest.raises(CarrierNotReached):
        await nobody.dial(DIAL)
    await nobody.aclose()


async def test_an_answer_that_names_no_call_counts_as_maybe_placed() -> None:
    for answer in (httpx.Response(201, json={"message": "call fired"}), httpx.Response(201, text="<html>")):
        transport = httpx.MockTransport(lambda _, answer=answer: answer)
        async with httpx.AsyncClient(transport=transport) as http:
            carrier: Carrier = PlivoCarrier("MA", "token", client=http)
            with pytest.raises(CarrierUnknown):
                await carrier.dial(DIAL)


def test_a_signature_holds_for_its_words_only() -> None:
    url, nonce, token = "https://crm.example/hooks?b=2&a=1", "9f8e", "secret"
    form: dict[str, str | list[str]] = {"To": "919812300001", "Digits": ["2", "1"], "Empty": ""}
    signed = get_signature_v3(token.encode(), bytes(construct_post_url(url, dict(form))).decode(), nonce).decode()
    assert validate(url, nonce, signed, form, token)
    assert validate(url, nonce, f"other=,{signed}", form, token)
    assert not validate(url, nonce, signed, form | {"To": "919812300002"}, token)
    assert not validate(url, "9f8f", signed, form, token)
    assert not validate(url, nonce, signed, form, "other")
    assert not validate("https://crm.example/hooks?b=2&a=3", nonce, signed, form, token)
    assert not validate(url, nonce, "", form, token)
    assert not validate(url, "", signed, form, token)
    assert not validate(url, nonce, "ünsigniert", form, token)


def test_our_xml_is_read_by_the_carrier_as_it_was_meant() -> None:
    url = "wss://crm.example/media/7?token=a&b=c"
    (stream,) = parse(stream_response(url, content_type=TEXT, status_callback_url="https://crm.example/s").encode())
    assert isinstance(stream, Stream)
    assert (stream.url, stream.bidirectional, stream.keep_call_alive) == (url, True, True)
    assert (stream.content_type, stream.status_callback_url) == (TEXT, "https://crm.example/s")
    assert parse(hangup_response("busy").encode()) == [Hangup("busy")]


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<Response>",
        "<Answer/>",
        "<Response><Speak/></Response>",
        "<Response><Hangup reason='tired'/></Response>",
        "<Response><Stream>http://crm.example/</Stream></Response>",
        "<Response><Redirect/></Response>",
        "<Response><Wait length='long'/></Response>",
        "<Response><Dial/></Response>",
        "<Response><Stream bidirectional='true' audioTrack='both'>wss://crm.example/</Stream></Response>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Response><Speak>&e;</Speak></Response>",
    ],
)
def test_what_plivo_would_not_take_is_refused(xml: str) -> None:
    with pytest.raises(InvalidXml):
        parse(xml.encode())


def test_a_carrier_without_proper_credentials_does_not_start() -> None:
    token = secrets.token_hex(8)
    with pytest.raises(ValueError, match="18 capital letters"):
        CarrierConfig(auth_id="simulated", auth_token=token)
    with pytest.raises(ValueError, match="auth token is empty"):
        CarrierConfig(auth_id="MA" + "A" * 18, auth_token="")
    with pytest.raises(ValueError, match="Unknown in the mix: angel"):
        CarrierConfig(auth_id="MA" + "A" * 18, auth_token=token, mix="angel=1")
