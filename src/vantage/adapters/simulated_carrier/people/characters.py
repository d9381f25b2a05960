"""The characters: the same wits, different tempers."""

from random import Random

from vantage.adapters.simulated_carrier.people.mind import Mind, Pickup, Reply
from vantage.adapters.simulated_carrier.people.wishes import Wishes
from vantage.adapters.simulated_carrier.people.wits import Understood


class Eager(Mind):
    """Wants to buy, answers everything, would visit on Saturday."""


class Thoughtful(Mind):
    """Answers, asks back, won't visit yet."""

    visits = False


class Hinglish(Mind):
    """A buyer who mixes Hindi and English."""

    language = "hi-Latn"


class Talker(Mind):
    """Cuts into long speeches."""

    haste = 0.8


class Busy(Mind):
    """Asks to be called at another time, and has time then."""

    def react(self, heard: Understood) -> Reply | None:
        """Puts the caller off, names the time again when asked, leaves when it drags on."""
        if self.talked_before:
            if self.turns == 1:
                return Reply((self.say("called_back"),))
            return None
        if "bye" in heard.says or ("call_later" in heard.says and self.turns > 1):
            self.leaving = True
            return Reply()
        if self.turns == 1:
            return Reply((self.say("busy", callback=self.wishes.callback),))
        if "callback" in heard.asks:
            return Reply((self.say("callback_time", callback=self.wishes.callback),))
        self.patience -= 2
        if self.patience <= 0:
            return Reply((self.say("fed_up"),), hang_up=True)
        return Reply((self.say("busy", callback=self.wishes.callback),))


class Haggler(Mind):
    """Interested, but every price is too high."""

    def __init__(self, rng: Random, wishes: Wishes, talked_before: int = 0) -> None:
        super().__init__(rng, wishes, talked_before)
        self._rounds = 0
        self._curious = ["price"]

    def react(self, heard: Understood) -> Reply | None:
        """Haggles three times over whatever price is named."""
        if "price" in heard.says and "budget" not in heard.asks and self._rounds < 3:
            self._rounds += 1
            return Reply((self.say("too_high" if self._rounds < 3 else "haggle_end"),))
        return None


class NotInterested(Mind):
    """Says no, says it again, hangs up."""

    def react(self, heard: Understood) -> Reply | None:
        """No, whatever is asked."""
        if self.turns == 1 and set(heard.asks) <= {"identity", "name"} and heard.asks:
            return Reply((self.say("yes_speaking"),))
        if "bye" in heard.says:
            self.leaving = True
            return Reply()
        self.patience -= 3
        if self.patience > 0:
            return Reply((self.say("not_interested"),))
        return Reply((self.say("not_interested_firm"),), hang_up=True)


class Abusive(Mind):
    """Insults the caller, twice, and hangs up."""

    def react(self, heard: Understood) -> Reply | None:
        """Nothing pleases."""
        if "bye" in heard.says:
            self.leaving = True
            return Reply()
        if self.turns < 3:
            return Reply((self.say("abuse"),))
        return Reply((self.say("abuse_end"),), hang_up=True)


class WrongNumber(Mind):
    """Never enquired about anything."""

    def react(self, heard: Understood) -> Reply | None:
        """Says so, and hangs up on who doesn't listen."""
        if "bye" in heard.says or "sorry" in heard.says:
            self.leaving = True
            return Reply()
        if self.turns < 3:
            return Reply((self.say("wrong_number"),))
        return Reply((self.say("wrong_number_end"),), hang_up=True)


class DoNotCall(Mind):
    """Wants no more calls, and listens whether that was understood."""

    def react(self, heard: Understood) -> Reply | None:
        """Leaves content when told so, after three times anyway."""
        if "removed" in heard.says and self.turns > 1:
            self.leaving = True
            return Reply((self.say("do_not_call_end"),), hang_up=True)
        if self.turns > 3:
            return Reply((self.say("abuse_end"),), hang_up=True)
        return Reply((self.say("do_not_call"),))


class AsksForHuman(Mind):
    """Won't talk to a machine."""

    def react(self, heard: Understood) -> Reply | None:
        """Asks for a person until one is offered."""
        if self.leaving:
            return Reply()
        if "human" in heard.says and self.turns > 1:
            self.leaving = True
            return Reply((self.say("human_thanks"),))
        if self.turns > 4:
            return Reply((self.say("fed_up"),), hang_up=True)
        if self.turns == 1 and "is_ai" not in heard.says and heard.asks:
            return None
        return Reply((self.say("want_human"),))


class Injector(Mind):
    """Tries to talk the machine out of its rules, between honest answers."""

    def react(self, heard: Understood) -> Reply | None:
        """Every other turn."""
        if "bye" in heard.says and not heard.question:
            return None
        return Reply((self.say("injection"),)) if self.turns % 2 == 0 else None


class Silent(Mind):
    """Picks up and says nothing."""

    def pick_up(self) -> Reply:
        """Not a word."""
        return Reply()

    def react(self, heard: Understood) -> Reply | None:  # noqa: ARG002 - whatever is said
        """Not a word, and gone after a while."""
        return Reply(hang_up=self.turns > 5)

    def silence(self) -> Reply:
        """Waits a little longer than others."""
        self.silences += 1
        return Reply(hang_up=self.silences > 3)


class Voicemail(Mind):
    """A machine: its greeting, then it records whatever comes, then it ends."""

    def ring(self) -> Pickup:
        """After a long while, as they do."""
        return Pickup("answered", self.rng.uniform(18, 26), machine=True)

    def pick_up(self) -> Reply:
        """The greeting."""
        return Reply((self.say("voicemail"),))

    def react(self, heard: Understood) -> Reply | None:  # noqa: ARG002 - whatever is said
        """It doesn't answer."""
        return Reply(hang_up=self.turns > 3)

    def silence(self) -> Reply:
        """Silence ends the recording."""
        return Reply(hang_up=True)

    def interrupts(self, text: str) -> tuple[float, str] | None:  # noqa: ARG002 - whatever is said
        """It never does."""
        return None


class NoAnswer(Mind):
    """Lets it ring; some of them answer another time."""

    def ring(self) -> Pickup:
        """Every second such person answers from the second call on."""
        stubborn = self.rng.random() < 0.5
        if stubborn or self.talked_before == 0:
            return Pickup("no_answer", 45.0)
        return super().ring()


class Engaged(Mind):
    """On the phone with somebody else; free from the third call on."""

    def ring(self) -> Pickup:
        """The busy tone comes at once."""
        free = self.talked_before > 1
        return super().ring() if free else Pickup("busy", self.rng.uniform(1, 3))


class Rejects(Mind):
    """Looks at the number and declines."""

    def ring(self) -> Pickup:
        """After two or three rings."""
        return Pickup("rejected", self.rng.uniform(4, 9))


class SwitchedOff(Mind):
    """A phone that is off or out of coverage."""

    def ring(self) -> Pickup:
        """The network says so after some seconds."""
        return Pickup("out_of_service", self.rng.uniform(4, 8))


class Unallocated(Mind):
    """A number that nobody has."""

    def ring(self) -> Pickup:
        """The network says so."""
        return Pickup("invalid", self.rng.uniform(1, 3))


CHARACTERS: dict[str, type[Mind]] = {
    "eager": Eager,
    "thoughtful": Thoughtful,
    "hinglish": Hinglish,
    "talker": Talker,
    "busy": Busy,
    "haggler": Haggler,
    "not_interested": NotInterested,
    "abusive": Abusive,
    "wrong_number": WrongNumber,
    "do_not_call": DoNotCall,
    "human": AsksForHuman,
    "injector": Injector,
    "silent": Silent,
    "voicemail": Voicemail,
    "no_answer": NoAnswer,
    "engaged": Engaged,
    "rejects": Rejects,
    "switched_off": SwitchedOff,
    "unallocated": Unallocated,
}
