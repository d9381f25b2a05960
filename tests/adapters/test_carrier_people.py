"""Each character's journey, over the wire and in its mind."""

import re
from collections import Counter

import pytest
from tests.adapters.house import House

from vantage.adapters.simulated_carrier.people import DEFAULT_MIX, Town, parse_mix
from vantage.adapters.simulated_carrier.people.characters import CHARACTERS
from vantage.adapters.simulated_carrier.people.mind import Mind
from vantage.adapters.simulated_carrier.people.wits import understand

NUMBER = "919812300001"


def mind(character: str, seed: int = 1, calls_before: int = 0) -> Mind:
    town = Town(seed, DEFAULT_MIX)
    town.pin(NUMBER, character)
    for _ in range(calls_before):
        town.answer(NUMBER)
    return town.answer(NUMBER)._mind


def journey(person: Mind, *heard: str) -> tuple[str, bool]:
    """All that the person said, and whether it hung up."""
    said = list(person.pick_up().words)
    for text in heard:
        reply = person.hear(text)
        said += reply.words
        if reply.hang_up:
            return " ".join(said), True
    return " ".join(said), False


async def test_an_eager_buyer_tells_the_secret_when_asked_and_agrees_to_visit(house: House) -> None:
    await house.call("eager")
    wishes = house.carrier.town.wishes_at(NUMBER)
    said = " ".join(house.customer.heard())
    assert wishes.configuration in said
    assert wishes.visit.lower() in said.lower()
    assert re.search(r"\d", said)


async def test_a_talker_interrupts_a_long_speech_and_the_rest_is_not_heard(house: House) -> None:
    house.customer.script = ("Our homes have a clubhouse, a pool, a gym and a school next door. " * 4,) * 4 + (
        "Goodbye.",
    )
    hangup = await house.call("talker")
    lines = house.carrier.switchboard.calls[hangup["CallUUID"]].said
    cut = [line for line in lines if line.speaker == "agent" and line.interrupted]
    assert cut
    assert all(len(line.text) < len(house.customer.script[0]) - 20 for line in cut)
    assert any(frame["event"] == "clearedAudio" for frame in house.customer.frames)


async def test_an_agent_who_talks_on_when_interrupted_costs_patience(house: House) -> None:
    house.customer.clears = False
    house.customer.script = ("Our homes have a clubhouse, a pool, a gym and a school next door. " * 3,) * 2 + (
        "Goodbye.",
    )
    hangup = await house.call("talker")
    lines = house.carrier.switchboard.calls[hangup["CallUUID"]].said
    assert not any(line.interrupted for line in lines)


async def test_a_voicemail_speaks_its_greeting_and_answers_nothing(house: House) -> None:
    house.customer.script = ("Hello, this is Asha from Skyline Homes. Please call us back.", "Goodbye.")
    hangup = await house.call("voicemail")
    assert len(house.customer.heard()) == 1
    assert "beep" in house.customer.heard()[0] or "tone" in house.customer.heard()[0]
    assert hangup["HangupSource"] == "Callee"


async def test_not_interested_hangs_up_on_who_insists(house: House) -> None:
    hangup = await house.call("not_interested")
    assert (hangup["HangupCauseCode"], hangup["HangupSource"]) == ("4000", "Callee")


@pytest.mark.parametrize("seed", range(20))
def test_busy_names_a_time_and_has_time_when_called_back(seed: int) -> None:
    person = mind("busy", seed)
    said, gone = journey(person, "Hello, this is Asha from Skyline Homes. Is this a good time?")
    assert person.wishes.callback in said
    assert not gone
    said, gone = journey(
        mind("busy", seed, calls_before=1), "Hello again, is this a better time?", "What is your budget?"
    )
    assert re.search(r"\d", said)


@pytest.mark.parametrize("seed", range(20))
def test_the_unwilling_say_so_in_words_one_can_find(seed: int) -> None:
    opening = "Hello, this is Asha, an AI assistant from Skyline Homes. You asked about our flats."
    expected = {
        "wrong_number": r"wrong number|galat number|nobody of that name",
        "do_not_call": r"remove|list|stop calling|don't call|call mat|band karo|hata do",
        "abusive": r"idiot|fool|stupid|bewakoof|mad|pagal",
        "human": r"human|real person|someone|insaan|manager",
        "not_interested": r"not interested|not looking|already|nahi",
    }
    for character, words in expected.items():
        said, _ = journey(mind(character, seed), opening, "Is this a good time?")
        assert re.search(words, said.lower()), (character, said)


def test_do_not_call_is_content_once_told_so() -> None:
    said, gone = journey(
        mind("do_not_call"), "Hello from Skyline Homes.", "I have removed your number, we will not call you again."
    )
    assert gone and "idiot" not in said


def test_a_haggler_haggles_three_times() -> None:
    prices = ["Our 2 BHK homes start at ₹ 72 lakh."] * 5
    said, _ = journey(mind("haggler"), "Hello from Skyline Homes.", *prices)
    assert (
        len(
            re.findall(
                r"discount|best price|ten percent|das percent|come down|better price|final price|mehenga", said.lower()
            )
        )
        >= 3
    )


def test_an_injector_tries_to_command() -> None:
    said, _ = journey(mind("injector"), *["Shall I tell you more about the project?"] * 4)
    assert re.search(r"ignore all|developer mode|system message|forget your rules", said.lower())


def test_the_silent_say_nothing_and_leave() -> None:
    said, gone = journey(mind("silent"), *["Hello? Are you there?"] * 8)
    assert (said, gone) == ("", True)


def test_asking_the_same_again_and_again_ends_the_call() -> None:
    said, gone = journey(mind("eager"), *["What is your budget?"] * 12)
    assert gone
    assert re.search(r"already told|as i said|again\?", said.lower())


def test_a_question_that_is_passed_over_annoys() -> None:
    person = next(one for seed in range(50) if (one := mind("eager", seed)).wishes.curious)
    patience = person.patience
    for _ in range(6):
        person.hear("We have many amenities.")
    assert person.patience < patience


def test_nobody_talks_for_ever() -> None:
    for character in CHARACTERS:
        person = mind(character)
        assert journey(person, *["Let me tell you about our amenities."] * 60)[1], character


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Am I speaking with Rohan?", ("identity",)),
        ("Is this a good time to talk?", ("good_time",)),
        ("May I know your budget?", ("budget",)),
        ("Aapka budget kitna hai?", ("budget",)),
        ("Are you looking for a 2 BHK or a 3 BHK?", ("configuration",)),
        ("Which area do you prefer?", ("locality",)),
        ("When are you planning to buy?", ("timeline",)),
        ("Kab tak lena hai?", ("timeline",)),
        ("Would you like to visit the site on Saturday?", ("visit",)),
        ("Is it for self-use or investment?", ("purpose",)),
        ("Will you need a home loan?", ("loan",)),
        ("When should I call you back?", ("callback",)),
        ("Our 3 BHK homes are near the metro and start at 95 lakh.", ()),
        ("Is there anything else I can help you with?", ("questions",)),
    ],
)
def test_questions_are_understood(text: str, asks: tuple[str, ...]) -> None:
    assert understand(text).asks == asks


def test_who_sits_where_depends_on_seed_and_number_alone() -> None:
    numbers = [f"91981230{at:04}" for at in range(2000)]
    town, again, other = Town(7, DEFAULT_MIX), Town(7, DEFAULT_MIX), Town(8, DEFAULT_MIX)
    seats = [town.character_at(number) for number in numbers]
    assert seats == [again.character_at(number) for number in reversed(numbers)][::-1]
    assert seats != [other.character_at(number) for number in numbers]
    counts = Counter(seats)
    assert set(counts) == set(DEFAULT_MIX)
    total = sum(DEFAULT_MIX.values())
    for character, weight in DEFAULT_MIX.items():
        assert abs(counts[character] / 2000 - weight / total) < 0.04
    assert {Town(1, "busy=1").character_at(number) for number in numbers} == {"busy"}


def test_a_mix_that_makes_no_sense_is_refused() -> None:
    for mix in ("angel=1", "busy=-1", "busy=0", "busy=x", ""):
        with pytest.raises(ValueError, match=r"mix|weight|Unknown"):
            parse_mix(mix)
