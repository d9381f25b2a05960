"""Why the lead wants the property: to live in (or work in), to invest, to rent, to take on lease."""

import re
from collections.abc import Sequence

from .appointments import YES
from .models import Found, Purpose
from .text import Heard

_INVEST = re.compile(
    r"\b(invest\w*|investment|rokaan|resale|re sale|rental (?:income|yield|return)|returns?|(?:rent|lease|kiraye) (?:it )?(?:out|par dena|pe dena|par de|pe de|pe chadha\w*|par chadha\w*|apvu|apva|aapvu|par apva|par apvu|aapva|pe lagana|par lagana|ke liye dena|par apish)|let (?:it )?out|to let|buy to let|give (?:it )?on rent|put (?:it )?on rent|kiraye (?:pe|par|se) (?:dena|de|denge|dunga|chadha\w*)|appreciation|flip|paisa lagana|paise lagane|rent (?:it )?aayega|kiraye aayega)\b"
)
_SELF = re.compile(
    r"\b(self ?use|own (?:use|living|stay\w*|house|home|family|purpose|business|shop|clinic|kaam|office|practice)|self|personal use|for (?:us|me|myself|ourselves|my (?:family|parents|son|daughter|mother|father|wife|own|in ?laws|clinic|practice|business|firm|startup|company|brother and)|our (?:own|family|parents|team|clinic|business))|to (?:live|stay|shift)|live (?:in|there|here)|stay(?:ing)? (?:in it|there ourselves|together)|end use|"
    r"rehne|apna (?:hi )?(?:liye|use|rehne|ghar|kaam|business|dukan|shop|clinic|mate|family|upyog|karobar|dhandha)|khud (?:ke|rah\w*|reh\w*|ka|hi)|family (?:ke liye|mate|ke saath|sathe)|parents? (?:ke|mate)|mummy|papa ke liye|bachch?o\w* (?:ke|mate)|baccho|maa baap|mata pita|shift (?:hon\w*|kar\w*|thav\w*|ho)|we (?:will|want to) (?:live|stay|shift|move)|(?:i|we) (?:will )?(?:move|moving|shift\w*) in\b|"
    r"(?:parents?|family|kids|children|maa baap|badha)(?: \w+){0,3} (?:with us|rahenge|rahega|shift\w*|sathe)|ghar (?:mein|men|me) (?:aa|shift|rah\w*)|rehvu|ghar mate|dikra|dikri|bete ke liye|beti ke liye|(?:my|mera|apna) (?:clinic|startup|salon|boutique|practice|store|medical|parlour|bakery|team)|medical store|for living|banayenge|ghar banan\w*|build (?:a |my |our )?(?:house|home)|own (?:it )?use|joint family|marriage ke baad|shaadi ke baad|we are (?:\w+ )(?:of us|people|members))\b"
)
_RENT = re.compile(
    r"\b(?:(?:on|for|want|need|looking for|only|take) (?:\w+ ){0,2}rent(?:al)?|rent (?:pe|par|per|chahiye|lene|only)|to rent (?:a|it|one)|kiraye (?:pe|par|per|ka|ke|ki|se|nu|no|mate|na|e) (?:\w+ ){0,3}(?:chahiye|lene|milega|hai kya|dekh\w*|joi\w*|malse|ghar|flat)|rental flat|as (?:a )?tenant|tenant|bhade thi)\b"
)
_RENT_NOW = re.compile(
    r"\b(?:rented|in rent|on rent (?:now|currently|abhi)|paying|rent (?:de|bhar|pay)|kiraye (?:ke|ka|na|ki|pe|par|per) (?:ghar |makaan |flat )?(?:mein|me|ma|pe|par|rah\w*|reh\w*)|(?:living|staying|stay|live|abhi|currently) (?:\w+ ){0,3}(?:rent|kiraye)|\d+ (?:thousand )?rent|kiraye de|kiraye bhar|fed up of rent|tired of (?:paying )?rent)\b"
)
_LEASE = re.compile(
    r"\b(?:on lease|lease (?:pe|par|per|only|chahiye|lene|leni|basis|not|nahi)|leasing|take (?:\w+ ){0,3}lease|on lease|want (?:to )?(?:a )?lease|for lease|company lease)\b"
)
_NO = re.compile(r"\b(?:not|no|nahi|never|instead of)(?: for| on| really| an?)*(?: \w+)? ?$|\bnot (?:for |to )?$")
_NO_AFTER = re.compile(r"^ ?(?:ke liye |mate |to |ka |purpose )?(?:nahi|not)\b(?! to)")


def _hits(pattern: re.Pattern[str], text: str) -> list[int]:
    return [
        match.start()
        for match in pattern.finditer(text)
        if not re.search(r"\b(?:not|nahi|never|instead of|rather than)(?: for| on| an?| to)? ?$", text[: match.start()])
        and not _NO_AFTER.match(text[match.end() :])
        and not (
            re.search(r"\bno (?:for |on )?$", text[: match.start()])
            and not re.search(r"\bno no (?:for |on )?$", text[: match.start()])
        )
    ]


def purpose(turns: Sequence[Heard]) -> Found[Purpose] | None:
    """The last purpose the lead stated or agreed to."""
    best: Found[Purpose] | None = None
    for heard in turns:
        text = heard.text
        found: list[tuple[int, Purpose]] = []
        invest = _hits(_INVEST, text)
        found += [(at, "investment") for at in invest]
        renting_out = bool(
            re.search(r"\b(?:out|dena|denge|dunga|chadha|apvu|aapvu|apva|aapva|income|yield|lagana)\b", text)
        )
        if not renting_out and not _RENT_NOW.search(text):
            found += [(at, "rent") for at in _hits(_RENT, text)]
            found += [(at, "lease") for at in _hits(_LEASE, text)]
        found += [
            (at, "self_use")
            for at in _hits(_SELF, text)
            if not re.search(r"\b(?:already|currently)(?: \w+){0,3} ?$", text[:at])
            and not (
                re.search(r"\blive (?:in|here|there)\b", text[at:])
                and re.search(r"\b(?:i|we|they) (?:\w+ )?$", text[:at])
                and not re.search(r"\b(?:will|to) $", text[:at])
            )
            and not (re.match(r"rehne", text[at:]) and re.match(r"rehne (?:wal\w+|hu\b)", text[at:]))
        ]
        if not found and "purpose" in heard.asked and "name" not in heard.asked:
            question = heard.question.split(" . ")[-1]
            offers_self = bool(_SELF.search(question) or re.search(r"\b(?:own|self|live|rehne|family)\b", question))
            offers_invest = bool(_INVEST.search(question))
            if YES.search(text) and offers_self != offers_invest:
                found.append((0, "self_use" if offers_self else "investment"))
            elif re.search(
                r"^(?:own|apna|self|khud|first|pehla|mera|rehne|family|personal)\b|\b(?:own|apna|khud|family|personal|parents?|son|daughter|mother|father|beta|bete|beti|mummy|papa|rahenge|rahunga|rahish\w*|self|us)\b",
                text,
            ):
                found.append((0, "self_use"))
            elif re.search(r"^(?:second|dusra|latter)\b", text):
                found.append((0, "investment"))
        if not found:
            continue
        kinds = {kind for _, kind in found}
        if kinds & {"lease", "rent"} and "self_use" in kinds:
            kinds.discard("self_use")
            found = [item for item in found if item[1] in kinds]
        best = Found(max(found, key=lambda item: item[0])[1], heard.turn, 0.95 if "purpose" in heard.asked else 0.85)
    return best
