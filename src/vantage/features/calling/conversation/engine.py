"""One call as a conversation: hears text, acts through tools, answers. The same for text, voice and rehearsal.

Deterministic: the same words at the same instant give the same replies. What the lead says is read as data;
no wording of theirs changes the rules. Figures come from the inventory's answer in this call only.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from vantage.kernel.clock import Clock

from . import policy
from .script import Brief, Criteria, Script, Tools, Words, setting_of
from .state import EndReason, Reply, State, ToolCall
from .understanding.extract import understand
from .understanding.intent import OBJECTIONS, acts
from .understanding.models import Turn
from .understanding.text import normalise


class Conversation:
    """A call from `open()` until a reply has `end`; after that every call raises RuntimeError."""

    def __init__(self, script: Script, brief: Brief, tools: Tools, clock: Clock) -> None:
        self.script, self.brief, self.tools = script, brief, tools
        self.state = State(language=brief.language)
        self._now: datetime = clock.now().astimezone(ZoneInfo(brief.time_zone))
        self._ran: list[ToolCall] = []

    @property
    def started_at(self) -> datetime:
        """The instant from which relative dates count, in the lead's zone."""
        return self._now

    async def open(self) -> Reply:
        """The first words: who calls, for whom, and that it is an AI."""
        return self._reply(self._words(self.script.opening))

    async def hear(self, text: str, at_ms: int) -> Reply:
        """Answer one utterance; `at_ms` counts from the start of the call. Empty text is silence."""
        self._still_open()
        if not text.strip():
            return await self.silence()
        state = self.state
        self._ran = []
        state.silences = 0
        state.turns.append(Turn("lead", text))
        state.times_ms.append(at_ms)
        heard = normalise(text)
        before = state.known
        state.known = known = understand(state.turns, setting_of(self.brief, self._now))
        performed = acts(heard)
        state.language = policy.speech_language(heard, state.language)
        if known.outcome and known.outcome.value == "voicemail":
            return await self.voicemail()
        if known.do_not_call:
            self._ran.append(ToolCall("mark_do_not_call", "asked"))
            await self.tools.mark_do_not_call("asked not to be called")
            return await self._end("do_not_call", policy.DO_NOT_CALL)
        if "abusive" in performed:
            return await self._end("abusive", policy.ABUSIVE)
        if known.outcome and known.outcome.value == "wrong_number":
            return await self._end("wrong_number", policy.WRONG)
        if "wants_human" in performed and not known.callback_at and state.asked["human"] < 1:
            state.asked["human"] += 1
            self._ran.append(ToolCall("transfer", "asked for a person"))
            if await self.tools.transfer("asked for a person"):
                await self._record()
                state.end = "transferred"
                return self._reply(self._words(policy.CONNECT))
            state.asked["when"] += 1
            return self._reply(self._words(policy.NOBODY))
        if (
            known.callback_at
            and (before.callback_at is None or before.callback_at.value != known.callback_at.value)
            and not known.site_visit_at
        ):
            self._ran.append(ToolCall("schedule_callback", known.callback_at.value.isoformat()))
            if await self.tools.schedule_callback(known.callback_at):  # type: ignore[arg-type]
                return await self._end("completed", policy.CALLBACK)
            return await self._again("when", policy.NO_SLOT)
        if known.outcome and known.outcome.value in {"not_interested", "already_bought"}:
            return await self._end("not_interested", policy.REFUSED)
        if known.outcome and known.outcome.value == "busy":
            return await self._again("when", policy.WHEN, give_up="busy", farewell=policy.LATER)
        said: list[str] = []
        if known.site_visit_at and (
            before.site_visit_at is None or before.site_visit_at.value != known.site_visit_at.value
        ):
            self._ran.append(ToolCall("book_site_visit", known.site_visit_at.value.isoformat()))
            if not await self.tools.book_site_visit(known.site_visit_at):  # type: ignore[arg-type]
                return await self._again("slot", policy.NO_SLOT)
            state.done.add("visit")
            said.append(self._words(policy.VISIT))
        if "injection" in performed:
            said.append(self._words(policy.CANNOT))
        if "ai_question" in performed:
            said.append(self._words(policy.I_AM_AI))
        said += await self._answers(heard)
        for name, pattern in OBJECTIONS.items():
            if pattern.search(heard) and name not in state.done and name in self.script.objections:
                state.done.add(name)
                said.append(self._words(self.script.objections[name]))
        if len(state.times_ms) >= self.script.max_turns:
            return await self._end("limit", self.script.closing, said)
        question = policy.next_question(self.script, state, self.brief)
        if question is not None:
            state.asked[question.field] += 1
            return self._reply(" ".join([*said, self._words(question.words)]))
        if "visit" not in state.done and state.asked["visit"] < 1:
            state.asked["visit"] += 1
            return self._reply(" ".join([*said, self._words(self.script.call_to_action)]))
        return await self._end("completed", self.script.closing, said)

    async def silence(self) -> Reply:
        """The lead said nothing for the silence time; after `max_silences` the call ends."""
        self._still_open()
        self._ran = []
        self.state.silences += 1
        if self.state.silences > self.script.max_silences:
            return await self._end("silence", self.script.closing)
        return self._reply(self._words(policy.SILENT))

    async def voicemail(self) -> Reply:
        """A machine answered: one short message, then hang up."""
        self._still_open()
        return await self._end("voicemail", policy.VOICEMAIL)

    def interrupted(self, spoken: str) -> None:
        """Barge-in: the lead cut the last reply; only `spoken` of it was heard."""
        for at in range(len(self.state.turns) - 1, -1, -1):
            if self.state.turns[at].speaker == "agent":
                self.state.turns[at] = Turn("agent", spoken.rstrip() + "—")
                return

    async def _answers(self, heard: str) -> list[str]:
        said: list[str] = []
        for topic in policy.topics_asked(heard)[:2]:
            if self.state.asked[f"answer {topic}"] >= self.script.max_repeats:
                continue
            self.state.asked[f"answer {topic}"] += 1
            if topic in {"price", "configuration", "area"}:
                known = self.state.known
                criteria = Criteria(
                    known.configuration.value if known.configuration else (),
                    known.budget_min.value if known.budget_min else None,
                    known.budget_max.value if known.budget_max else None,
                )
                self._ran.append(ToolCall("search_inventory", ", ".join(criteria.configurations)))
                units = await self.tools.search_inventory(criteria)
                if units:
                    said.append(policy.units_answer(units, self.state.language, price=topic == "price"))
                    continue
            said.append(self.brief.facts.get(topic) or self._words(policy.UNKNOWN))
        return said

    async def _again(
        self, what: str, words: Words, give_up: EndReason = "completed", farewell: Words | None = None
    ) -> Reply:
        self.state.asked[what] += 1
        if self.state.asked[what] > self.script.max_repeats:
            return await self._end(give_up, farewell or self.script.closing)
        return self._reply(self._words(words))

    async def _record(self) -> None:
        self._ran.append(ToolCall("record_intent"))
        await self.tools.record_intent(self.state.known)

    async def _end(self, reason: EndReason, words: Words, said: list[str] | None = None) -> Reply:
        if any(turn.speaker == "lead" for turn in self.state.turns):
            await self._record()
        self._ran.append(ToolCall("end_call", reason))
        await self.tools.end_call(reason)
        self.state.end = reason
        return self._reply(" ".join([*(said or []), self._words(words)]))

    def _words(self, words: Words) -> str:
        return policy.say(words, self.state.language, self.brief)

    def _reply(self, text: str) -> Reply:
        for banned in self.script.never_say:
            if banned.lower() in text.lower():
                text = self._words(policy.UNKNOWN)
        self.state.turns.append(Turn("agent", text))
        return Reply(text, tuple(self._ran), self.state.end)

    def _still_open(self) -> None:
        if self.state.end is not None:
            raise RuntimeError(f"The call has ended ({self.state.end}): open a new conversation.")
