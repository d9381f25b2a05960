"""Faults on demand, and the admin API that asks for them."""

import httpx
import pytest
from tests.adapters.house import House

from vantage.features.calling.carrier import CarrierUnknown


def admin(house: House) -> httpx.AsyncClient:
    config = house.carrier.config
    return httpx.AsyncClient(base_url=house.carrier.base_url, auth=(config.auth_id, config.auth_token), trust_env=False)


async def put(house: House, **fault: object) -> None:
    async with admin(house) as http:
        assert (await http.post("/sim/faults", json=fault)).status_code == 201


async def test_a_lost_webhook_never_comes_and_the_rule_is_spent(house: House) -> None:
    await put(house, kind="webhook.lose", event="ring")
    await house.call("eager")
    assert house.customer.events("ring") == []
    await house.call("eager", "+919812300002")
    assert len(house.customer.events("ring")) == 1


async def test_a_doubled_webhook_comes_twice_the_same(house: House) -> None:
    await put(house, kind="webhook.double", event="hangup")
    await house.call("eager")
    await house.customer.wait_for("hangup", 2)
    first, second = house.customer.events("hangup")
    assert first == second


async def test_a_late_webhook_comes_after_what_followed_it(house: House) -> None:
    await put(house, kind="webhook.delay", event="ring", seconds=0.8, to="+919812300001")
    await house.call("switched_off")
    await house.customer.wait_for("ring")
    kinds = [kind for kind, _, _ in house.customer.got]
    assert kinds == ["hangup", "ring"]


async def test_webhooks_out_of_order_overtake_each_other(house: House) -> None:
    await put(house, kind="webhook.reorder", event="ring")
    await house.call("switched_off")
    await house.customer.wait_for("ring")
    assert [kind for kind, _, _ in house.customer.got] == ["hangup", "ring"]


async def test_a_bad_signature_does_not_hold(house: House) -> None:
    await put(house, kind="webhook.bad_signature", event="answer")
    await house.call("eager")
    assert [signed for kind, _, signed in house.customer.got if kind in ("ring", "answer", "hangup")] == [
        True,
        False,
        True,
    ]


async def test_a_create_that_failed_may_have_placed_the_call_and_can_be_found(house: House) -> None:
    await put(house, kind="create.error")
    with pytest.raises(CarrierUnknown):
        await house.client.dial(house.customer.dial())
    hangup = await house.customer.wait_for("hangup", seconds=20)
    assert hangup["CallUUID"] in house.carrier.switchboard.calls


async def test_a_server_that_is_away_for_a_moment_still_gets_the_hangup(house: House) -> None:
    house.customer.status["hangup"] = 503
    await house.call("switched_off")
    await house.customer.wait_for("hangup", 3)
    assert len({form["CallUUID"] for form in house.customer.events("hangup")}) == 1


async def test_the_admin_api_is_locked_and_says_what_it_does_not_know(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.carrier.base_url, trust_env=False) as http:
        for path in ("/sim/faults", "/sim/calls", "/sim/people/919812300001"):
            assert (await http.get(path)).status_code == 401
    async with admin(house) as http:
        for body in (
            {},
            {"kind": "flood"},
            {"kind": "webhook.lose", "event": "x"},
            {"kind": "stream.drop", "count": -1},
        ):
            answer = await http.post("/sim/faults", json=body)
            assert answer.status_code == 400 and answer.json()["error"]
        await http.post("/sim/faults", json={"kind": "stream.drop"})
        assert len((await http.get("/sim/faults")).json()["faults"]) == 1
        assert (await http.delete("/sim/faults")).status_code == 204
        assert (await http.get("/sim/faults")).json()["faults"] == []
        assert (await http.put("/sim/people/919812300009", json={"character": "angel"})).status_code == 400
        assert (await http.put("/sim/people/919812300009", json={"character": "busy"})).status_code == 204
        assert (await http.get("/sim/people/919812300009")).json()["character"] == "busy"


async def test_the_carriers_own_account_of_a_call_has_every_word(house: House) -> None:
    hangup = await house.call("eager")
    async with admin(house) as http:
        call = (await http.get(f"/sim/calls/{hangup['CallUUID']}")).json()
        (same,) = (await http.get("/sim/calls", params={"to": "919812300001"})).json()["calls"]
        assert (await http.get("/sim/calls/unknown")).status_code == 404
    assert call == same
    assert [line["text"] for line in call["said"] if line["speaker"] == "person"] == house.customer.heard()
    assert [line["at_ms"] for line in call["said"]] == sorted(line["at_ms"] for line in call["said"])
