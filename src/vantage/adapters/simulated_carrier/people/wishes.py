"""What a person secretly wants, and the ways to say it."""

from dataclasses import dataclass
from random import Random

LOCALITIES = (
    "Whitefield", "Sarjapur Road", "Hebbal", "Electronic City", "Yelahanka", "Baner", "Kharadi",
    "Hinjewadi", "Wakad", "Thane West", "Powai", "Gachibowli", "Kondapur", "Kokapet", "Noida Extension",
    "Dwarka Expressway", "Perungudi", "Sholinganallur",
)  # fmt: skip
_BUDGETS = {  # in lakh: lowest, highest, step
    "1 BHK": (35, 65, 5),
    "2 BHK": (55, 110, 5),
    "3 BHK": (85, 220, 5),
    "4 BHK": (180, 400, 10),
    "villa": (200, 500, 25),
    "plot": (30, 120, 5),
}
_TIMELINES = {
    "now": ("as soon as possible", "immediately, if the deal is right", "within this month",
            "jaldi, is mahine mein"),
    "quarter": ("in two to three months", "within 3 months", "in the next couple of months",
                "do teen mahine mein"),
    "half": ("in about six months", "in five or six months", "6 months or so",
             "chhe mahine ke andar"),
    "year": ("sometime next year", "in a year or so, no hurry", "not before next year",
             "agle saal tak"),
}  # fmt: skip
VISITS = ("this Saturday at 11 in the morning", "Sunday around 4 pm", "Saturday evening, 5 pm",
          "tomorrow at 10:30 am", "Sunday morning, 11 o'clock")  # fmt: skip
CALLBACKS = ("after 6 pm today", "tomorrow at 11 am", "tomorrow evening around 7",
             "on Saturday at 10 in the morning", "in two hours")  # fmt: skip
CALLBACKS_HINGLISH = ("kal subah 11 baje", "aaj shaam 6 baje ke baad", "kal shaam 7 baje",
                      "Saturday ko 10 baje", "do ghante baad")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wishes:
    """One person's secret. Budgets are in lakh rupees (100 lakh = 1 crore)."""

    configuration: str
    budget_low: int
    budget_high: int
    locality: str
    timeline: str
    purpose: str
    loan: bool
    visit: str
    callback: str
    language: str
    patience: int
    curious: tuple[str, ...]

    @classmethod
    def draw(cls, rng: Random, language: str | None = None) -> "Wishes":
        """A person's wishes out of this stream of chance."""
        configuration = rng.choices(tuple(_BUDGETS), (1, 5, 5, 1, 1, 1))[0]
        low, high, step = _BUDGETS[configuration]
        budget = rng.randrange(low, high + 1, step)
        spread = rng.choice((0, 0, step, 2 * step))
        tongue = language or rng.choices(("en", "hi-Latn"), (3, 1))[0]
        index = rng.randrange(len(CALLBACKS))
        return cls(
            configuration=configuration,
            budget_low=budget,
            budget_high=budget + spread,
            locality=rng.choice(LOCALITIES),
            timeline=rng.choice(tuple(_TIMELINES)),
            purpose=rng.choice(("self", "self", "investment")),
            loan=rng.random() < 0.6,
            visit=rng.choice(VISITS),
            callback=(CALLBACKS if tongue == "en" else CALLBACKS_HINGLISH)[index],
            language=tongue,
            patience=rng.randrange(4, 9),
            curious=tuple(rng.sample(("price", "possession", "place", "rera", "loan"), rng.randrange(3))),
        )

    def budget_said(self, rng: Random) -> str:
        """The budget as this person would put it this time."""
        low, high = self.budget_low, self.budget_high
        if low != high:
            return rng.choice((f"{_amount(low)} to {_amount(high)}", f"between {_amount(low)} and {_amount(high)}"))
        ways = [f"around {_amount(low)}", f"up to {_amount(low)}", f"about {_amount(low)}"]
        if low >= 100 and low % 100 == 0:
            ways.append(f"{low // 100} crore")
        elif low > 100:
            ways += [f"{low // 100} crore {low % 100} lakh", f"{low / 100:g} cr"]
        else:
            ways += [f"{low} lakhs", f"not more than {low}L", f"{low} lacs max"]
        return rng.choice(ways)

    def timeline_said(self, rng: Random) -> str:
        """The timeline in this person's language."""
        *english, hinglish = _TIMELINES[self.timeline]
        return hinglish if self.language != "en" and rng.random() < 0.7 else rng.choice(english)


def _amount(lakh: int) -> str:
    return f"{lakh / 100:g} crore" if lakh >= 100 else f"{lakh} lakh"
