"""How a person listens and answers: the wits that every character has.

A mind is pure: the same seed, number and words heard give the same words said.
"""

from dataclasses import dataclass
from random import Random

from vantage.adapters.simulated_carrier.party import Outcome
from vantage.adapters.simulated_carrier.people.phrases import say
from vantage.adapters.simulated_carrier.people.wishes import Wishes
from vantage.adapters.simulated_carrier.people.wits import Understood, understand

_MOST_TURNS = 40
_MOST_SILENCES = 2
_QUESTION_ANSWERED_BY = {
    "price": ("price",),
    "possession": ("possession", "price"),
    "place": ("place",),
    "rera": ("rera",),
    "loan": ("bank", "loan"),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person does in turn: says this, then perhaps hangs up."""

    words: tuple[str, ...] = ()
    hang_up: bool = False


@dataclass(frozen=True, slots=True)
class Pickup:
    """What ringing comes to, after so many seconds."""

    outcome: Outcome
    seconds: float
    machine: bool = False


class Mind:
    """Somebody who wants a home and answers what is asked. Characters differ from here."""

    language: str | None = None
    visits = True
    haste = 0.0

    def __init__(self, rng: Random, wishes: Wishes, talked_before: int = 0) -> None:
        self.rng = rng
        self.wishes = wishes
        self.talked_before = talked_before
        self.patience = wishes.patience
        self.turns = 0
        self.silences = 0
        self.leaving = False
        self._told: dict[str, str] = {}
        self._asked: str | None = None
        self._curious = list(wishes.curious)

    # What the carrier calls

    def ring(self) -> Pickup:
        """Most people answer after some seconds."""
        return Pickup("answered", self.rng.uniform(3, 14))

    def pick_up(self) -> Reply:
        """The first words."""
        return Reply((self.say("hello"),))

    def hear(self, text: str) -> Reply:
        """Answer one turn of the other side."""
        self.turns += 1
        self.silences = 0
        if self.turns > _MOST_TURNS:
            return Reply((self.say("fed_up"),), hang_up=True)
        heard = understand(text)
        parts: list[str] = []
        if self._ignored(heard):
            self.patience -= 1
            parts.append(self.say("not_answered"))
        reply = self.react(heard)
        if reply is not None:
            return reply
        if "bye" in heard.says and not heard.question:
            # The one who called hangs up; who doesn't is left.
            self.leaving = True
            return Reply()
        parts += self.answers(heard)
        if self.patience <= 0:
            return Reply((*parts[:1], self.say("fed_up")), hang_up=True)
        return Reply((" ".join(parts),))

    def silence(self) -> Reply:
        """The other side has said nothing for a while."""
        self.silences += 1
        if self.leaving:
            return Reply(hang_up=True)
        if self.silences > _MOST_SILENCES:
            return Reply((self.say("hang_up_silence"),), hang_up=True)
        return Reply((self.say("still_there"),))

    def interrupts(self, text: str) -> tuple[float, str] | None:
        """Cut in? Long speeches tempt the hasty."""
        if len(text) > 90 and self.rng.random() < self.haste:  # six seconds
            return self.rng.uniform(0.3, 0.6), self.say("interrupt")
        return None

    def overheard(self) -> None:
        """They talked on although I cut in."""
        self.patience -= 1

    # What characters change

    def react(self, heard: Understood) -> Reply | None:  # noqa: ARG002 - for characters
        """A character's own way with this turn; None leaves it to the wits."""
        return None

    # Wits

    def say(self, intent: str, **blanks: str) -> str:
        """One way to say it, in this person's language."""
        return say(self.rng, intent, self.wishes.language, **blanks)

    def answers(self, heard: Understood) -> list[str]:
        """Answers to at most two questions, then perhaps a question back."""
        parts = [self._answer(ask) for ask in heard.asks[:2]]
        parts = list(dict.fromkeys(part for part in parts if part))
        if not parts and heard.question and not heard.asks:
            self.patience -= 1
            parts.append(self.say("what"))
        self._asked = None
        greeted = {"identity", "good_time"} & set(heard.asks)
        if self._curious and not greeted and (not parts or self.rng.random() < 0.4):
            parts.append(self._wonder())
        return parts or [self.say("okay")]

    def _wonder(self) -> str:
        self._asked = self._curious.pop(0)
        return self.say(f"ask_{self._asked}")

    def _ignored(self, heard: Understood) -> bool:
        """Did they pass over what I asked?"""
        if self._asked is None:
            return False
        needed = _QUESTION_ANSWERED_BY[self._asked]
        self._asked = None
        words = ("check", "confirm", "get back", "share", "send", "colleague", "team", "detail")
        return not (
            any(need in heard.says or need in heard.text for need in needed)
            or any(word in heard.text for word in words)
        )

    def _answer(self, ask: str) -> str:
        if ask in self._told:
            self.patience -= 1
            return self.say("told_you", again=self._told[ask])
        wishes, rng = self.wishes, self.rng
        blanks: dict[str, str] = {}
        intent = ask
        match ask:
            case "identity":
                return self.say("yes_speaking")
            case "good_time":
                return self.say("go_on")
            case "name":
                return self.say("yes_speaking")
            case "questions":
                return self._wonder() if self._curious else self.say("nothing_else")
            case "interest":
                intent = "interested"
            case "budget":
                blanks = {"budget": wishes.budget_said(rng)}
            case "configuration":
                blanks = {"configuration": wishes.configuration}
            case "locality":
                blanks = {"locality": wishes.locality}
            case "timeline":
                blanks = {"timeline": wishes.timeline_said(rng)}
            case "purpose":
                intent = f"purpose_{wishes.purpose}"
            case "loan":
                intent = "loan_yes" if wishes.loan else "loan_no"
            case "callback":
                intent, blanks = "callback_time", {"callback": wishes.callback}
            case "visit":
                intent = "visit_yes" if self.visits else "visit_no"
                blanks = {"visit": wishes.visit} if self.visits else {}
        said = self.say(intent, **blanks)
        self._told[ask] = said if said.startswith(("I ", "I'")) else said[0].lower() + said[1:]
        return said
