"""Who sits at which number, drawn from the seed; and what they remember of earlier calls."""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from random import Random

from vantage.adapters.simulated_carrier.people.characters import CHARACTERS
from vantage.adapters.simulated_carrier.people.person import Person
from vantage.adapters.simulated_carrier.people.wishes import Wishes

DEFAULT_MIX: Mapping[str, int] = {
    "eager": 6,
    "thoughtful": 4,
    "hinglish": 4,
    "talker": 2,
    "busy": 3,
    "haggler": 3,
    "not_interested": 4,
    "abusive": 1,
    "wrong_number": 1,
    "do_not_call": 1,
    "human": 1,
    "injector": 1,
    "silent": 1,
    "voicemail": 2,
    "no_answer": 4,
    "engaged": 1,
    "rejects": 1,
    "switched_off": 1,
}


def parse_mix(mix: str | Mapping[str, int]) -> Mapping[str, int]:
    """A mix of characters, `eager=3,busy=1` or a mapping; the numbers are weights.

    Raises ValueError for an unknown character, a weight that is no whole number >= 0, or a mix
    in which nobody is left.
    """
    if isinstance(mix, str):
        pairs = [piece.partition("=") for piece in mix.split(",") if piece.strip()]
        try:
            mix = {name.strip(): int(weight) if sep else 1 for name, sep, weight in pairs}
        except ValueError as error:
            raise ValueError("A mix looks like eager=3,busy=1 with whole numbers.") from error
    unknown = sorted(set(mix) - set(CHARACTERS))
    if unknown:
        raise ValueError(f"Unknown in the mix: {', '.join(unknown)}. There are: {', '.join(CHARACTERS)}.")
    if any(weight < 0 for weight in mix.values()) or not sum(mix.values()):
        raise ValueError("The weights of a mix can't be negative, and one must be above 0.")
    return mix


class Town:
    """The people at the ends of all numbers. Nobody exists before being called."""

    def __init__(self, seed: int, mix: str | Mapping[str, int]) -> None:
        self._seed = seed
        self._mix = parse_mix(mix)
        self._pinned: dict[str, str] = {}
        self._calls: Counter[str] = Counter()
        self._engaged: set[str] = set()

    def pin(self, number: str, character: str) -> None:
        """Let this character sit at the number, whatever the seed says.

        Raises ValueError for an unknown character.
        """
        parse_mix({character: 1})
        self._pinned[number] = character

    def character_at(self, number: str) -> str:
        """The name of the character who sits there."""
        if number in self._pinned:
            return self._pinned[number]
        names = sorted(self._mix)
        weights = [self._mix[name] for name in names]
        return self._chance(number, "who").choices(names, weights)[0]

    def wishes_at(self, number: str) -> Wishes:
        """The secret of who sits there."""
        character = CHARACTERS[self.character_at(number)]
        return Wishes.draw(self._chance(number, "wishes"), character.language)

    def answer(self, number: str) -> Person:
        """The person there, about to be rung; each call is remembered."""
        character = self.character_at(number)
        before = self._calls[number]
        self._calls[number] += 1
        mind = CHARACTERS[character](self._chance(number, f"call {before}"), self.wishes_at(number), before)
        return Person(character, mind, number, self._engaged)

    def _chance(self, number: str, purpose: str) -> Random:
        digest = sha256(f"{self._seed}:{number}:{purpose}".encode()).digest()
        return Random(int.from_bytes(digest[:8]))  # noqa: S311 - repeatable on purpose
