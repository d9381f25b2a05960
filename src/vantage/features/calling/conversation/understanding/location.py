"""The locality the lead wants to buy in, spelled as spoken (in Latin letters)."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache

from .localities import LOCALITIES
from .models import Found, Setting
from .numbers import fold
from .text import Heard

_GENERIC = "nagar|road|extension|ext|colony|vihar|layout|puram|enclave|bagh|ganj|chowk|phata|link|marg|puri|gaon|wadi|circle|cross|highway|bypass|lake|garden|city|society|east|west|phase|bridge|metro|station|market|park|hills|kunj|khand|pura|pur|naka"
_NAMED = {fold(name.lower().replace(" ", "")): name for name in LOCALITIES}
_LENGTHS = sorted({len(name.split()) for name in LOCALITIES}, reverse=True)
_SECTOR = re.compile(r"\b(?:sector|sec|sektar|phase) (\d{1,3}[a-d]?)\b")
_NEAR = re.compile(
    r"\b(?:near(?: by| to)?|towards?|around|close to|somewhere (?:in|near|around)|side of|only in|prefer(?:ably|red)?(?: \w+)?|looking (?:in|at)|anywhere (?:in|near)) (?:the )?((?:[a-z]+ ?){1,3})"
)
_SIDE = re.compile(
    r"((?:[a-z]+ ){1,3})(?:side|area|ke aaspaas|ke paas|ke pass|ki taraf|ki side|ke nazdeek|ke nazdik|baju|ni baju|ni aaspaas|ni pase|vistar|taraf|ke kareeb|na aaspaas|pase|aaspaas|locality|mein hi|me hi|ma j)\b"
)
_IN = re.compile(
    r"((?:[a-z]+ ){1,2})(?:mein|me|men|ma|main) (?:\w+ ){0,3}(?:chahiye|lene|dekh\w*|ho|joi\w*|mil\w*|prefer|lenge|khareed\w*|hona|koi|kuch|hi|accha|achha)"
)
_STOP = frozenset(
    """
    carpet rera possession direction sir corner anything wale wali wala the a an my our your his her i we you is are
    was and or of to in at on for it this that there here some any same nothing road side area office school home
    house flat plot villa shop bhk bedroom budget lakh crore price metro station mera apna aap hum main woh wo ye
    yeh vo us hai he hain ho h chahiye se ke ka ki ko bhi hi toh tak par pe aur ya koi kuch acha achha ek do mein me
    men ma kya kahin jagah udhar idhar yahan wahan yaha waha just only then also not no yes haan ji madam ok near by
    around about month year day week hour minute baje morning evening afternoon night today tomorrow work workplace
    parents family wife friend college hospital airport market temple park looking want need something somewhere
    anywhere prefer better good east west north south city tarikh call visit site location ground floor top high
    diwali next weekend monday tuesday wednesday thursday friday saturday sunday mara maro chhe che pan ne na nu ni
    te e hu mane tame joiye thi sudhi clear loan ready investment self use people one two three buy move so but
    because if when where get what which right left other another both all more less kitne ketla bas sirf fakt
    please will would could should can go come take see look dekh dekhne soch kar karo raha rahe hoon hun tha dukan
    current new old company lunch time final range garden gate water view bank maximum minimum from with children
    kids project projects product township building society place places world country india town sahab sahib bhai
    ben didi bataiye bolo dono yehi wahi usi isi hamare meri uske unke agar lekin magar matlab thoda zyada kam sab
    sabse bahut most much very little bit
    """.split()
)
_AREA_NOT = re.compile(
    r"\b(?:i (?:live|stay|work)|we (?:live|stay)|(?:living|staying|working|work|stay|live|stays|lives|rent|rented) (?:in|at|near)|from|rehta|rehte|rehti|reh rah\w*|rah rah\w*|stay there|calling from|born in|posted (?:in|at)|sold|sell\w*|bought|booked|le liya|already|own (?:a|one)|rented|rent me|office (?:is )?(?:in|at))\b"
)
_THERE = re.compile(
    r"\b(?:udhar|wahi|wahin|vahi|wahan|same (?:area|side)|there only|near there|tya j|tyan j|tya|usi|wahi pe|around there|nearby|close by|so near|aaspaas|ke paas|paas mein|near)\b"
)
_REFUSED_BEFORE = re.compile(r"\b(?:not|no|nahi|except|instead of|leaving)(?: in| near| at| towards| that)? ?$")
_REFUSED_AFTER = re.compile(
    r"^ ?(?:mein |me |side |ma |to |area |is |ki taraf |wala |baju )*(?:nahi|not|too far|is far|door|dur|jungle|no\b|far|too)\b(?! only)"
)


def _title(words: str) -> str:
    return " ".join(word.capitalize() for word in words.split())


@lru_cache(maxsize=4096)
def _known(text: str) -> list[tuple[int, int, str]]:
    """Gazetteer names in the text, exact after folding or nearly so, with their places."""
    words = [(match.start(), match.end(), match.group()) for match in re.finditer(r"[a-z0-9']+", text)]
    found: list[tuple[int, int, str]] = []
    for size in _LENGTHS:
        for at in range(len(words) - size + 1):
            chunk = words[at : at + size]
            start, end = chunk[0][0], chunk[-1][1]
            if any(start < other[1] and other[0] < end for other in found) or re.search(r"[.,;?!]", text[start:end]):
                continue
            if all(word in _STOP for _, _, word in chunk):
                continue
            key = fold("".join(word for _, _, word in chunk))
            name = _NAMED.get(key)
            if name is None and len(key) >= 7 and size <= 3 and not any(word in _STOP for _, _, word in chunk):
                close = get_close_matches(key, _NAMED, n=1, cutoff=0.9)
                name = (
                    _NAMED[close[0]] if close and close[0][0] == key[0] and abs(len(close[0]) - len(key)) <= 1 else None
                )
            if name is not None:
                found.append((start, end, name))
    return sorted(found)


def _trim(words: str, *, tail: bool) -> str:
    """The run of words that can be a name, next to the preposition."""
    parts = words.split()
    if tail:  # name stands at the end: "baner side"
        kept: list[str] = []
        for word in reversed(parts):
            if word in _STOP and word not in {"city", "road", "park", "garden"}:
                break
            kept.insert(0, word)
        return " ".join(kept)
    kept = []
    for word in parts:
        if word in _STOP and not (
            kept and word in {"city", "road", "park", "garden", "east", "west", "market", "station"}
        ):
            break
        kept.append(word)
    return " ".join(kept)


def _candidates(heard: Heard) -> list[tuple[int, int, str, float]]:
    text = heard.text
    found = [(start, end, name, 0.95) for start, end, name in _known(text)]
    for match in _SECTOR.finditer(text):
        if match.group().startswith("phase"):
            continue
        found.append((match.start(), match.end(), f"Sector {match.group(1).upper()}", 0.9))
    if not found:
        for match in re.finditer(rf"\b((?:[a-z]+ ){{1,2}}(?:{_GENERIC}))\b", text):
            name = _trim(match.group(1), tail=True)
            if len(name.split()) > 1:
                found.append((match.end() - len(name), match.end(), _title(name), 0.8))
    if not found:
        for pattern, tail in (
            ((_SIDE, True), (_NEAR, False), (_IN, True))
            if "location" in heard.asked
            else ((_SIDE, True), (_NEAR, False))
        ):
            for match in pattern.finditer(text):
                name = _trim(match.group(1), tail=tail)
                if name and len(name) > 3 and not re.search(r"\d ?$", text[: match.start(1)]):
                    start = match.start(1) + (
                        match.group(1).rstrip().rfind(name) if tail else match.group(1).find(name)
                    )
                    found.append((start, start + len(name), _title(name), 0.7))
    if not found and "location" in heard.asked and heard.asked <= {"location", "visit", "configuration", "timeline"}:
        words = [
            _trim(part.strip(), tail=False)
            for part in re.split(r"[.,?!]| (?:ya|or|and|aur|only|hi|mein|me|ma) ", text)
            if part.strip()
        ]
        name = next((word for word in words if word and len(word) > 3 and len(word.split()) <= 3), "")
        if name:
            found.append((text.find(name), text.find(name) + len(name), _title(name), 0.65))
    return found


def location(turns: Sequence[Heard], setting: Setting) -> Found[str] | None:
    """The last place a home (or office, plot, shop) is wanted in; where the lead lives counts only if wanted there."""
    best: Found[str] | None = None
    banned = {fold(word.lower().replace(" ", "")) for word in (setting.city, setting.project) if word}
    for heard in turns:
        for start, end, name, sure in sorted(_candidates(heard)):
            text = heard.text
            if (
                fold(name.lower().replace(" ", "")) in banned
                or _REFUSED_BEFORE.search(text[:start])
                or _REFUSED_AFTER.match(text[end:])
            ):
                continue
            left = max(text.rfind(f" {mark} ", 0, start) for mark in ".,;?!")
            right = min((at for mark in ".,;?!" if (at := text.find(f" {mark}", end)) >= 0), default=len(text))
            clause = text[max(left, start - 45, 0) : min(right, end + 40)]
            if (
                _AREA_NOT.search(clause)
                and not (
                    _THERE.search(text[end:])
                    or (
                        re.search(r"\b(?:near|towards|around|want|chahiye|joi|so)\b", text[end : end + 60])
                        and not re.search(r"\bnot\b", text[end : end + 30])
                    )
                )
                and not re.search(r"\b(?:near|towards|close to|looking)(?: \w+)? ?$", text[:start])
            ):
                continue
            if re.match(r" (?:se|thi) (?:bol|aa|hu|hoon|call)\b", text[end:]) or re.search(
                r"\b(?:to|for) (?:go|travel\w*|trip) (?:to )?$", text[:start]
            ):
                continue
            best = Found(name, heard.turn, sure)
    return best
