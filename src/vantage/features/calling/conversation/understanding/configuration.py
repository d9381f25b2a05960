"""What the lead wants to buy: `"<n> BHK"`, villa, plot, office, shop, in the order settled on."""

import re
from collections.abc import Sequence

from .models import Found, Setting
from .text import Heard

_ROOMS = re.compile(
    r"(?<![\w.])(\d(?:\.5)?)(?: ?(?:or|ya|to|-|and|aur|se|,|ke|ane|/|with|k) ?(\d(?:\.5)?))? ?(?:bhk|bedroom|b h k)\b"
)
_KIND = re.compile(r"\b(villa|plot|office|shop)\b")
_KINDS = {"villa": "villa", "plot": "plot", "office": "office", "shop": "shop"}
_WANT = re.compile(
    r"\b(chahiye|want|need|looking|lene|khareed|buy|interested|interest|dekhne|dekh|joi\w*|lav|prefer|only|space|budget|le rahe|bhi|hi|j|take|give me|show|for us|yes|haan|purchase|own|invest\w*|mate|ke liye|talash|chalega|dikhao|batao|price|wala|vala|vali|wali|bacha|available|plan|final|pakka)\b"
)
# The lead is not asking for it: it is a place they are at, a home they have, or somebody else's.
_ELSEWHERE_BEFORE = re.compile(
    r"\b(my|in|at|from|mera|apna|this|new|her|his|the|se|sell\w*|selling|sold|bech\w*|own a|have a|already|rented|current\w*|abhi|living in|live in|stay in|staying in|staying at|renting|old|purana|purane|present|friend\w*|dost|bhai|brother|neighbou?r\w*|like|in laws|near|to the|near my|juno|juna|atyare|vech\w*)( a| an| the| own| ek)?( big| small| rented| old)? ?$"
)
_ELSEWHERE_AFTER = re.compile(
    r"^ ?(?:mein|me|men|ma|pe|par|per|se|ke paas|ki|ke|na|thi|e|nu|time|timings?|se nikal|hours?|trip|work|call|band|ka kaam|boy|mate nikal|tower|jaa?|wale|already|market|number|bechn\w*|bik\w*|vech\w*|hai hi|stop|he)\b"
)
_REST = re.compile(
    r"^ ?(?:mein|me|men|ma|pe|par|se|stop) (?:hoon|hun|hu|h|hai|he|chhu|chu|baith\w*|rah\w*|rehte|rehta|nikal|jaa?|seedha|karke|busy|kaam|chhie|chhe)\b"
)
_NOT_THIS = re.compile(
    r"\b(?:not (?:a |an |the )?|no |nahi |instead of (?:a )?|rather than (?:a )?|mat (?:do|dikhao) )$"
)
_REFUSED_AFTER = re.compile(
    r"^ ?(?:to |toh |ka )?(?:nahi|not|nako|mat|no longer|no need)\b(?! (?:\w+ )?(?:milega|mil|mile|hai kya))"
)
_SIZE = re.compile(
    r"^(?:\s*(?:no|haan|yes|ji|sir|madam|bas|only|just|actually|ok|,|\.))*\s*(\d(?:\.5)?)(?: (?:or|ya|aur|and|to|se|-) (\d(?:\.5)?))?(?! ?(?:lakh|crore|baje|month|year|day|week|hour|minute|tarikh|percent|thousand|am|pm|\d|\.))\b"
)
_ABOUT_SIZE = re.compile(r"\b(bhk|bedroom|which one|size|configuration|kitne)\b")
_ALSO = re.compile(r"\b(bhi|also|too|or|ya|pan|as well|even)\b")
_THIRD = re.compile(
    r"\b(e ne|usko|uska|unko|they have|he has|she has|someone else|friend\w* (?:has|have|got|bought)|dost (?:ne|ka)|bhai ne|sold|bech diya|sell|selling|bechna|bechne|bechni|vechva|vechvu|rent out my)\b"
)


def _canonical(count: str) -> str | None:
    value = count.removesuffix(".0")
    return f"{value} BHK" if value in {"1", "1.5", "2", "2.5", "3", "3.5", "4", "5"} else None


def _mentions(heard: Heard, setting: Setting) -> list[tuple[int, int, str]]:
    """Positions and names of what the turn asks for, wanted or not yet judged."""
    text = heard.text
    villas = "villa" in setting.configurations and not any("BHK" in name for name in setting.configurations)
    found: list[tuple[int, int, str]] = []
    for match in _ROOMS.finditer(text):
        tail = text[match.end() :][:40]
        if villas or re.match(r" (?:ka |ki |ke |nu )?villa\b", tail):
            found.append((match.start(), match.end(), "villa"))
            continue
        for count in match.groups():
            name = _canonical(count) if count else None
            if name:
                found.append((match.start(), match.end(), name))
    for match in _KIND.finditer(text):
        name = _KINDS[match.group(1)]
        offered = name in setting.configurations or not setting.configurations
        tail, head = text[match.end() :], text[: match.start()]
        if name in {"office", "shop"}:
            wanted = re.search(
                r"\b(chahiye|want|need|looking|lene|khareed|buy|purchase|lease|take|space|invest\w*|dekh\w*|enquir\w*|interested)\b",
                text,
            )
            if _REST.match(tail) or (_ELSEWHERE_AFTER.match(tail) and not (offered and wanted)):
                continue
            if (
                _ELSEWHERE_BEFORE.search(head)
                and not re.match(r"^ space\b", tail)
                and not (offered and re.search(r"\b(?:for|ke liye|khareed\w*|buy)\b", text))
            ):
                continue
            if not offered and not re.match(r"^ (?:space|chahiye|lene|khareed)\b", tail):
                continue
        if (
            name == "plot"
            and not offered
            and not re.match(r"^ (?:chahiye|lene|khareed|dekh|hai kya|he kya)|^$|^ [.,?]", tail)
        ):
            continue
        found.append((match.start(), match.end(), name))
    found = [(start, end, "plot" if name == "flat" else name) for start, end, name in sorted(found)]
    if "plot" in setting.configurations and not found and len(setting.configurations) == 1:
        sized = re.search(r"\b(plat|flat|\d+ (?:by|x) \d+)\b", text)
        if sized and _WANT.search(text):
            found.append((sized.start(), sized.end(), "plot"))
    if not found and "configuration" in heard.asked and _ABOUT_SIZE.search(heard.question) and not villas:
        answer = _SIZE.match(text)
        settled = re.findall(r"\b(\d)(?: hi| j)? chahiye", text)
        if settled and (name := _canonical(settled[-1])):
            return [(text.rfind(settled[-1]), text.rfind(settled[-1]) + 1, name)]
        if answer:
            found += [
                (answer.start(), answer.end(), name)
                for count in answer.groups()
                if count and (name := _canonical(count))
            ]
    return found


def configuration(turns: Sequence[Heard], setting: Setting) -> Found[tuple[str, ...]] | None:
    """The lead's last word on what they want; "also" adds to it, a refusal takes away, a new one replaces."""
    kept: list[str] = []
    where = -1
    for heard in turns:
        wanted: list[str] = []
        refused: list[str] = []
        text = heard.text
        for start, end, name in _mentions(heard, setting):
            head, tail = text[:start], text[end:]
            clause = re.split(r"[.;?!]", head)[-1] + " " + text[start:end] + re.split(r"[.;?!,]", tail)[0]
            if _NOT_THIS.search(head + " ") or _NOT_THIS.search(head) or _REFUSED_AFTER.match(tail):
                refused.append(name)
            elif (
                (
                    name in {"villa", "plot"}
                    and re.search(r"\b(?:mera|apna|my own|have a|already have)(?: ek| own| big)? ?$", head)
                    and re.match(r" (?:hai|he|che|chhe|already)\b| ?$| [.,]", tail)
                )
                or (
                    re.search(r"\b(?:\d+ (?:lakh|crore) for|joking)\b", head[-24:] + tail[:60])
                    and re.search(r"\b(?:joking|really|loot|mazak)\b", text)
                )
                or _THIRD.search(clause)
                or (
                    "BHK" in name
                    and _ELSEWHERE_BEFORE.search(head)
                    and not re.search(r"\b(?:looking|interested|the)\b[^.]*$", head)
                )
                or re.match(r"^ (?:mein|me|men|ma) (?:\w+ ){0,2}(?:reh\w*|rahe?\w*|live)\b", tail)
            ):
                continue
            elif name not in wanted:
                wanted.append(name)
        if "villa" in wanted and any("BHK" in name for name in wanted):
            wanted = [name for name in wanted if "BHK" not in name]
        wanted = [name for name in wanted if name not in refused or (len(wanted) == 1 and name not in refused)]
        if (
            re.search(r"\b(?:no|nahi|not|sorry|actually|instead|nako)\b", text)
            and len(wanted) == 2
            and not _ALSO.search(text)
        ):
            wanted = wanted[-1:]
        if refused:
            kept = [name for name in kept if name not in refused]
        if wanted:
            if kept and re.search(r"\b(?:bhi|also|as well)\b", text) and not set(wanted) <= set(kept):
                kept = kept + [name for name in wanted if name not in kept]
            else:
                kept = wanted
            where = heard.turn
    return Found(tuple(kept), where, 0.9) if kept else None
