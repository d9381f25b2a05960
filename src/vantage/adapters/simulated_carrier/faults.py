"""Faults on demand: what goes wrong between a carrier and its customer, when a test asks for it."""

import itertools
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = {
    "webhook.lose": "never sent",
    "webhook.delay": "sent `seconds` later",
    "webhook.double": "sent twice",
    "webhook.reorder": "sent after the next webhook of the same call",
    "webhook.bad_signature": "sent with a signature that does not hold",
    "create.error": "POST /Call/ answers 500, but the call goes on",
    "create.hang": "POST /Call/ takes `seconds` to answer, but the call goes on",
    "create.refuse": "POST /Call/ answers 400 and nothing is placed",
    "create.throttle": "POST /Call/ answers 429 and nothing is placed",
    "stream.drop": "the media WebSocket breaks after `after` utterances of the agent",
}
EVENTS = ("ring", "answer", "hangup", "machine", "stream", "*")
_ids = itertools.count(1)


@dataclass(slots=True)
class Fault:
    """A rule that strikes `count` times (0: always), then is spent.

    `event` narrows webhook faults to one kind of webhook, `to` to one number (digits, or "*").
    """

    kind: str
    event: str = "*"
    to: str = "*"
    count: int = 1
    seconds: float = 0.0
    after: int = 1
    struck: int = 0
    id: int = field(default_factory=lambda: next(_ids))

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Unknown fault {self.kind!r}; there are: {', '.join(KINDS)}.")
        if self.event not in EVENTS:
            raise ValueError(f"Unknown event {self.event!r}; there are: {', '.join(EVENTS)}.")
        if self.count < 0 or self.seconds < 0 or self.after < 0:
            raise ValueError("count, seconds and after can't be negative.")
        self.to = self.to.lstrip("+")


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force."""
        self._rules.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._rules.clear()

    def strike(self, kind: str, to: str, event: str = "*") -> Fault | None:
        """The first rule in force that fits, used up by one; None when nothing goes wrong."""
        for rule in self._rules:
            if (
                rule.kind == kind
                and rule.event in ("*", event)
                and rule.to in ("*", to)
                and (rule.count == 0 or rule.struck < rule.count)
            ):
                rule.struck += 1
                return rule
        return None

    def listed(self) -> list[dict[str, Any]]:
        """All rules with how often each has struck."""
        return [asdict(rule) for rule in self._rules]
