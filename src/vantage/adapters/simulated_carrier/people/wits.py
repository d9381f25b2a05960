"""What a person makes of what the other side says: English, Hindi in Latin letters, and mixes."""

import re
from dataclasses import dataclass

_ASKS: dict[str, str] = {
    # What is asked of the person. The order is that in which a person would answer.
    "identity": r"(am i (speaking|talking) (to|with)|is (this|that) (?!a\b|the\b|your\b|ok|okay|fine|for\b|right|correct|good|still)[a-z]+ ?[a-z]*\?|may i speak|"
    r"can i speak|kya main .{0,30}baat|baat ho rahi|aap [a-z]+ (ji )?bol rahe)",
    "good_time": r"(good time|right time|have (a|two|a few|couple of) (minute|moment|min)|"
    r"couple of minutes|quick (minute|chat)|is now (ok|okay|fine)|do minute|baat kar sakte|"
    r"are you free|convenient)",
    "callback": r"(when (can|should|may|shall) (we|i) call|call you (back )?(at|when|later)|"
    r"(when|what|which)[^?]{0,30}(better|suitable|convenient|good|right) time|what time|which time|"
    r"kab call|kis time|kitne baje)",
    "budget": r"(budget|price range|how much (are|were|do|would) you|spend|invest how|"
    r"kitna (tak|lagana)|kitne tak)",
    "configuration": r"(how many (bed)?rooms|which (configuration|size|type)|configuration|"
    r"\d ?(,|or|ya|and|/) ?\d ?bhk|bhk\b|what (kind|type|sort) of (home|property|flat|apartment|"
    r"house|unit)|kitne bhk|kaunsa flat|bedrooms?)",
    "locality": r"(which (area|location|locality|part)|preferred (area|location|locality)|"
    r"what (area|location|locality)|where (are|would|do) you (look|prefer|want|like)|"
    r"location preference|kis area|kaun ?si location|kahan)",
    "timeline": r"(how soon|when (are|do|would) you (plan|look|want|like|need|hop|intend)|timeline|"
    r"time ?frame|by when|move in|moving in|possession.{0,20}\bneed|planning to (buy|purchase)|"
    r"kab tak|kab lena)",
    "purpose": r"(self.?use|own use|end.?use|invest(ment|ing)|to live in|khud ke liye)",
    "loan": r"(home loan|loan|finance|financing|bank)\b",
    "visit": r"(site visit|visit (the|our)|come (and|to|over) (see|visit|have)|see the (site|"
    r"project|flat|property|apartment|sample)|sample flat|show you|schedule a visit|book a visit|"
    r"dekhne|site dekh)",
    "interest": r"(are you (still )?(interested|looking)|interested in|still (looking|searching|"
    r"interested)|looking (for|to buy)|interest hai|dekh rahe)",
    "questions": r"(any (other )?questions?|anything else|something else|aur kuch|help you with)",
    "name": r"(your (good )?name|who am i (speaking|talking)|naam kya|aapka naam)",
}
_SAYS: dict[str, str] = {
    # What the other side tells.
    "is_ai": r"(\bai\b|a\.i\.|artificial|virtual (assistant|agent)|automated|voice assistant|"
    r"digital assistant|robot|bot\b)",
    "price": r"(₹|\brs\.?\b|rupees|\blakhs?\b|\blacs?\b|\bcrores?\b|\bcr\b|price (starts|is|from))",
    "possession": r"(possession|ready to move|hand ?over|under construction|by (december|march|june|"
    r"20\d\d)|completion|complete[sd]? (in|by))",
    "place": r"(located|minutes from|km from|near\b|close to|next to|opposite|off the)",
    "sorry": r"(sorry|apolog|maaf|maafi)",
    "removed": r"(not call you again|won't call|will not call|stop calling|remove(d)? (your|you)|"
    r"do.not.call|dnd|no more calls|taken? you off|off our list|take .{0,20}off)",
    "bye": r"(good ?bye|\bbye\b|have a (good|great|nice|lovely|wonderful)|"
    r"thank you for your time|thanks for your time|take care|goodbye|dhanyavaad|namaste$|"
    r"speak to you (then|soon)|see you (then|there|on))",
    "human": r"(connect you|transfer(ring)? you|colleague|our (sales )?(manager|executive|advisor|"
    r"expert|team) (will|shall|can|would)|a person will|someone (from|will)|human)",
    "call_later": r"((i|we)('ll| will| shall| can) call (you )?(back|again|later|then|at|tomorrow|"
    r"on|in)|call you (back )?(tomorrow|later|at|in the|on)|callback (is|has)|"
    r"phir (se )?call)",
    "booked": r"(booked|scheduled|confirmed|noted (your|a|the) visit|see you)",
}
_ASKS_RE = {name: re.compile(pattern) for name, pattern in _ASKS.items()}
_SAYS_RE = {name: re.compile(pattern) for name, pattern in _SAYS.items()}
_NEEDS_QUESTION = {"loan", "purpose", "interest", "locality", "configuration", "visit", "timeline"}


@dataclass(frozen=True, slots=True)
class Understood:
    """What was understood: questions in the order to be answered, and what was told."""

    asks: tuple[str, ...]
    says: frozenset[str]
    text: str
    question: bool


def understand(text: str) -> Understood:
    """Make sense of what the other side said in one turn."""
    lower = " ".join(text.lower().replace("’", "'").split())
    said = frozenset(name for name, pattern in _SAYS_RE.items() if pattern.search(lower))
    # Only what is asked counts as a question: "our 3 BHK homes are near…" is not one.
    asking = " ".join(
        sentence for sentence in re.split(r"(?<=[.!?])\s+", lower) if sentence.endswith("?") or _is_request(sentence)
    )
    asks = tuple(
        name
        for name, pattern in _ASKS_RE.items()
        if pattern.search(asking if name in _NEEDS_QUESTION or asking else lower)
        and (asking or name not in _NEEDS_QUESTION)
    )
    if {"configuration", "locality", "budget", "timeline", "visit"} & set(asks):
        # "Are you looking for 2 or 3 BHK?" asks one thing.
        asks = tuple(name for name in asks if name != "interest")
    if "call_later" in said and "callback" in asks and "?" not in lower:
        asks = tuple(name for name in asks if name != "callback")
    return Understood(asks, said, lower, "?" in lower or bool(asking))


def _is_request(sentence: str) -> bool:
    return bool(
        re.match(
            r"(please |kindly |could you |can you |may i |tell me |let me know |would you |"
            r"what |which |when |where |how |kya |kab |kitna |kitne |kaun|kis |kahan |"
            r"aap ka |aapka )",
            sentence,
        )
    )
