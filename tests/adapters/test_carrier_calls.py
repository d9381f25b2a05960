"""A call from the request to its record, over real HTTP and WebSockets."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.adapters.house import House, MakeHouse

from vantage.adapters.simulated_carrier import running_carrier
from vantage.adapters.simulated_carrier.faults import Fault


async def test_an_answered_call_is_told_step_by_step_and_every_webhook_is_signed(house: House) -> None:
    hangup = await house.call("eager")
    kinds = [kind for kind, _, _ in house.customer.got if kind != "stream"]
    assert kinds == ["ring", "answer", "hangup"]
    assert all(signed for _, _, signed in house.customer.got)
    ring, answer = house.customer.events("ring")[0], house.customer.events("answer")[0]
    assert (ring["CallStatus"], answer["CallStatus"], hangup["CallStatus"]) == ("ringing", "in-progress", "completed")
    assert ring["CallUUID"] == answer["CallUUID"] == hangup["CallUUID"] == hangup["RequestUUID"]
    assert (answer["From"], answer["To"], answer["Direction"]) == ("918045670000", "919812300001", "outbound")
    assert (hangup["HangupCauseCode"], hangup["HangupCauseName"]) == ("4010", "End Of XML Instructions")
    assert int(hangup["Duration"]) > 10
    assert int(hangup["BillDuration"]) % 60 == 0
    minutes = int(hangup["BillDuration"]) // 60
    assert Decimal(hangup["TotalCost"]) == minutes * house.carrier.config.rate_per_minute
    await house.customer.wait_for("stream", 2)
    assert [form["Event"] for form in house.customer.events("stream")] == ["StartStream", "StopStream"]


async def test_words_go_both_ways_and_checkpoints_come_back_in_order(house: House) -> None:
    hangup = await house.call("eager")
    said = house.said(hangup["CallUUID"])
    assert [text for speaker, text in said if speaker == "agent"] == list(house.customer.script)
    assert [text for speaker, text in said if speaker == "person"] == house.customer.heard()
    played = [frame["name"] for frame in house.customer.frames if frame["event"] == "playedStream"]
    assert played == [f"line {at}" for at in range(len(house.customer.script))]
    start = house.customer.frames[0]
    assert start["event"] == "start"
    assert start["start"]["callId"] == hangup["CallUUID"]
    assert start["start"]["mediaFormat"]["encoding"] == "text/plain;charset=utf-8"
    numbers = [frame["sequenceNumber"] for frame in house.customer.frames]
    assert numbers == sorted(set(numbers))


async def test_a_finished_call_has_a_record_and_can_be_found_by_number(house: House) -> None:
    since = datetime.now(UTC) - timedelta(seconds=5)
    hangup = await house.call("eager")
    record = await house.client.fetch(hangup["CallUUID"])
    assert record is not None
    assert (record.state, record.to, record.hangup_code) == ("ended", "+919812300001", 4010)
    assert record.duration_seconds == int(hangup["Duration"])
    assert record.cost == Decimal(hangup["TotalCost"])
    assert record.answered_at is not None and record.ended_at is not None
    assert await house.client.find("+919812300001", since) == [record]
    assert await house.client.find("+919812300002", since) == []
    assert await house.client.find("+919812300001", datetime.now(UTC) + timedelta(minutes=1)) == []
    assert await house.client.fetch("00000000-0000-4000-8000-000000000000") is None


async def test_an_unanswered_call_ends_with_a_webhook_without_duration_and_cost(house: House) -> None:
    expected = {
        "no_answer": ("timeout", "6010"),
        "engaged": ("busy", "3010"),
        "rejects": ("busy", "3020"),
        "switched_off": ("failed", "2010"),
        "unallocated": ("failed", "2000"),
    }
    for at, (character, outcome) in enumerate(expected.items()):
        hangup = await house.call(character, f"+9198123001{at:02}")
        assert (hangup["CallStatus"], hangup["HangupCauseCode"]) == outcome, character
        assert (hangup["Duration"], hangup["BillDuration"], hangup["TotalCost"]) == ("0", "0", "0.00000")
        assert hangup["AnswerTime"] == ""
    assert house.customer.events("answer") == []


async def test_a_network_gives_up_before_a_very_patient_caller(house: House) -> None:
    hangup = await house.call("no_answer", ring_timeout_seconds=100)
    assert (hangup["CallStatus"], hangup["HangupCauseCode"]) == ("no-answer", "3000")


async def test_machine_detection_is_reported_to_its_own_address(house: House) -> None:
    address = f"{house.customer.base_url}/machine"
    await house.call("voicemail", machine_detection_url=address)
    form = await house.customer.wait_for("machine")
    assert (form["Machine"], form["Event"]) == ("true", "MachineDetection")
    await house.call("eager", "+919812300002", machine_detection_url=address)
    assert (await house.customer.wait_for("machine", 2))["Machine"] == "false"


async def test_a_live_call_is_seen_and_can_be_hung_up(make_house: MakeHouse) -> None:
    async with make_house(speed=1.0) as house:
        house.carrier.town.pin("919812300001", "engaged")
        house.customer.xml = "<Response><Wait length='60'/></Response>"
        house.carrier.town.pin("919812300001", "no_answer")
        dialled = await house.client.dial(house.customer.dial())
        await house.customer.wait_for("ring")
        live = await house.client.fetch(dialled.request_uuid)
        assert live is not None and live.state == "live"
        assert [call.call_uuid for call in await house.client.find("+919812300001", datetime.now(UTC))] == [
            dialled.request_uuid
        ]
        assert await house.client.hangup(dialled.request_uuid) is True
        hangup = await house.customer.wait_for("hangup")
        assert (hangup["CallStatus"], hangup["HangupCauseCode"], hangup["HangupSource"]) == (
            "cancel",
            "1000",
            "API Request",
        )
        assert await house.client.hangup(dialled.request_uuid) is False


async def test_calls_above_the_rate_wait_in_the_carriers_queue_and_can_be_cancelled(make_house: MakeHouse) -> None:
    async with make_house(calls_per_second=1.0) as house:
        dialled = [await house.client.dial(house.customer.dial(f"+91981230000{at}")) for at in range(1, 4)]
        last = await house.client.fetch(dialled[-1].request_uuid)
        assert last is not None and last.state == "queued"
        assert await house.client.hangup(dialled[-1].request_uuid) is True
        async with asyncio.timeout(10):
            while not any(f["CallUUID"] == dialled[-1].request_uuid for f in house.customer.events("hangup")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert all(form["CallUUID"] != dialled[-1].request_uuid for form in house.customer.events("ring"))


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("<Response></Response>", "4010"),
        ("<Response><Speak>Namaste</Speak><Wait length='2'/></Response>", "4010"),
        ("<Response><Hangup/></Response>", "4000"),
        ("<Response><Hangup reason='rejected'/></Response>", "3020"),
        ("", "8011"),
        ('{"error": "oops"}', "8011"),
        ("<Response><Say>Namaste</Say></Response>", "8011"),
        ("<Response><Stream>ws://127.0.0.1:1/</Stream></Response>", "8011"),
    ],
)
async def test_answers_are_obeyed_or_refused_as_plivo_does(house: House, xml: str, code: str) -> None:
    house.customer.xml = xml or " "
    hangup = await house.call("eager")
    assert hangup["HangupCauseCode"] == code
    assert hangup["CallStatus"] == "completed"


async def test_a_redirect_is_followed_and_its_failure_has_its_own_code(house: House) -> None:
    house.customer.xml = f"<Response><Redirect>{house.customer.base_url}/elsewhere</Redirect></Response>"
    hangup = await house.call("eager")
    assert len(house.customer.events("elsewhere")) == 1
    assert hangup["HangupCauseCode"] == "8014"


async def test_an_answer_address_that_fails_ends_the_call_with_7011(house: House) -> None:
    house.customer.status["answer"] = 500
    hangup = await house.call("eager")
    assert hangup["HangupCauseCode"] == "7011"
    assert len(house.customer.events("answer")) == 3


async def test_a_dropped_stream_is_connected_again_and_goes_on(house: House) -> None:
    house.carrier.faults.add(Fault(kind="stream.drop", after=2))
    hangup = await house.call("eager")
    assert house.customer.starts == 2
    starts = [frame["start"] for frame in house.customer.frames if frame["event"] == "start"]
    assert starts[0]["callId"] == starts[1]["callId"]
    assert hangup["HangupCauseCode"] == "4010"


async def test_a_stream_that_never_connects_is_tried_three_times_and_reported(house: House) -> None:
    house.customer.xml = house.customer.stream_xml().replace("/ws<", "/nothing<")
    hangup = await house.call("eager")
    assert hangup["HangupCauseCode"] == "4010"
    await house.customer.wait_for("stream", 2)
    assert {form["Event"] for form in house.customer.events("stream")} == {"StartStream", "DroppedStream"}


async def test_the_same_seed_numbers_and_words_give_the_same_talk(make_house: MakeHouse) -> None:
    async def transcripts(seed: int) -> list[list[tuple[str, str]]]:
        async with make_house(
            seed=seed, mix="eager=3,haggler=2,talker=2,hinglish=2,engaged=1,not_interested=1"
        ) as house:
            for at in range(12):
                await house.client.dial(house.customer.dial(f"+9198123002{at:02}", ring_timeout_seconds=30))
            await house.customer.wait_for("hangup", 12, 60.0)
            calls = sorted(house.carrier.switchboard.calls.values(), key=lambda call: call.request.to)
            return [[(call.party, call.status)] + [(one.speaker, one.text) for one in call.said] for call in calls]

    first = await transcripts(5)
    assert first == await transcripts(5)
    assert first != await transcripts(6)


async def test_calls_cut_off_by_a_crash_end_as_failed_at_the_next_start(make_house: MakeHouse, tmp_path: Any) -> None:
    journal = tmp_path / "carrier.jsonl"
    async with make_house(journal=journal, speed=1.0) as house:
        house.customer.xml = "<Response><Wait length='60'/></Response>"
        house.carrier.town.pin("919812300001", "no_answer")
        dialled = await house.client.dial(house.customer.dial())
        await house.customer.wait_for("ring")
        settings = {"auth_id": house.carrier.config.auth_id, "auth_token": house.carrier.config.auth_token}
        # The carrier goes, its customer stays.
        await house.carrier.switchboard.stop()
        async with running_carrier(journal=journal, **settings) as second:
            hangup = await house.customer.wait_for("hangup")
            assert (hangup["CallUUID"], hangup["CallStatus"]) == (dialled.request_uuid, "failed")
            assert second.switchboard.calls[dialled.request_uuid].ended


async def test_a_number_that_is_on_the_phone_is_busy_for_a_second_call(make_house: MakeHouse) -> None:
    async with make_house(speed=1.0) as house:
        house.carrier.town.pin("919812300001", "no_answer")
        first = await house.client.dial(house.customer.dial())
        await house.customer.wait_for("ring")
        await house.client.dial(house.customer.dial())
        hangup = await house.customer.wait_for("hangup")
        assert hangup["CallStatus"] == "busy"
        assert hangup["CallUUID"] != first.request_uuid


async def test_a_colleague_is_dialled_and_the_outcome_goes_to_the_action_address(house: House) -> None:
    colleague = "<Dial timeout='20' action='{0}/dialled'><Number>+919812300002</Number></Dial>"
    house.carrier.town.pin("919812300002", "eager")
    house.customer.xml = f"<Response>{colleague.format(house.customer.base_url)}</Response>"
    await house.call("human")
    (dialled,) = house.customer.events("dialled")
    assert dialled["DialStatus"] == "completed"
    house.carrier.town.pin("919812300002", "engaged")
    await house.call("human", "+919812300003")
    assert house.customer.events("dialled")[-1]["DialStatus"] == "busy"


async def test_a_live_stream_can_be_transferred(make_house: MakeHouse) -> None:
    async with make_house(speed=8.0) as house:
        house.customer.elsewhere = "<Response><Hangup/></Response>"
        config = house.carrier.config
        base = f"{house.carrier.base_url}/v1/Account/{config.auth_id}/Call/"
        async with httpx.AsyncClient(auth=(config.auth_id, config.auth_token), trust_env=False) as http:
            unknown = await http.post(f"{base}unknown/", json={"aleg_url": f"{house.customer.base_url}/elsewhere"})
            assert unknown.status_code == 404
            house.carrier.town.pin("919812300001", "eager")
            dialled = await house.client.dial(house.customer.dial())
            await house.customer.wait_for("answer", seconds=30.0)
            moved = await http.post(
                f"{base}{dialled.request_uuid}/",
                json={"legs": "aleg", "aleg_url": f"{house.customer.base_url}/elsewhere"},
            )
            assert moved.status_code == 202
        hangup = await house.customer.wait_for("hangup")
        assert (hangup["HangupCauseCode"], hangup["HangupSource"]) == ("4000", "Answer XML")


async def test_a_call_ends_when_its_time_is_up(make_house: MakeHouse) -> None:
    async with make_house(speed=20.0) as house:
        house.customer.xml = "<Response><Wait length='600'/></Response>"
        hangup = await house.call("eager", time_limit_seconds=10)
        assert hangup["HangupCauseCode"] == "4020"


async def test_a_machine_can_be_hung_up_on(house: House) -> None:
    config = house.carrier.config
    house.carrier.town.pin("919812300001", "voicemail")
    async with httpx.AsyncClient(auth=(config.auth_id, config.auth_token), trust_env=False) as http:
        made = await http.post(
            f"{house.carrier.base_url}/v1/Account/{config.auth_id}/Call/",
            json={
                "from": "918045670000",
                "to": "919812300001",
                "answer_url": f"{house.customer.base_url}/answer",
                "hangup_url": f"{house.customer.base_url}/hangup",
                "machine_detection": "hangup",
            },
        )
    assert made.status_code == 201
    assert (await house.customer.wait_for("hangup"))["HangupCauseCode"] == "9100"


async def test_without_a_hangup_address_the_end_goes_to_the_answer_address(house: House) -> None:
    house.customer.xml = "<Response></Response>"
    config = house.carrier.config
    house.carrier.town.pin("919812300001", "eager")
    async with httpx.AsyncClient(auth=(config.auth_id, config.auth_token), trust_env=False) as http:
        for body, missing in (({}, "from"), ({"from": "918045670000", "to": "919812300001"}, "answer_url")):
            refused = await http.post(f"{house.carrier.base_url}/v1/Account/{config.auth_id}/Call/", json=body)
            assert refused.status_code == 400 and missing in refused.json()["error"]
        await http.post(
            f"{house.carrier.base_url}/v1/Account/{config.auth_id}/Call/",
            json={"from": "918045670000", "to": "919812300001", "answer_url": f"{house.customer.base_url}/answer"},
        )
    await house.customer.wait_for("answer", 2)
    assert [form["Event"] for form in house.customer.events("answer")] == ["StartApp", "Hangup"]
