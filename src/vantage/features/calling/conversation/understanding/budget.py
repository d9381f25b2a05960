"""What the buyer is ready to pay in all, in Decimal rupees: single amounts, limits and ranges.

An amount is kept only when nothing near it says that it is something else (rent, rate, loan, instalment,
someone else's price, a quoted price that is refused). The last amount the lead stands by wins.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .models import Found, Setting
from .numbers import SCALE
from .text import Heard

_NUMBER = r"(\d+(?:\.\d+)?)"
_COUNTED = r"(?:bhk|bedroom|month|year|week|day|hour|minute|baje|percent|tarikh|am|pm|sqft|gaj|by|x|floor|flat|number|shop|office|acre|people|log)"
_MONEY = re.compile(
    rf"{_NUMBER} (crore|lakh|thousand)(?: (?:and |aur |ane )?{_NUMBER}(?: (lakh|thousand)| rupees)?(?! (?:{_COUNTED}|to|se|crore)\b))?"
    rf"|(?<![\d/] ){_NUMBER}(?! (?:{_COUNTED}\b|/|\d))"
)
_JOIN = re.compile(
    r"^ ?(?:to|se|-|ya|or|and|thi|aur|ane|se le ?kar|till|tak|upto)? ?(?:maximum|max|zyada se zyada)? ?$"
)

_UPPER = re.compile(
    r"\b(up ?to|max|maximum|under|below|within|not more than|no more than|less than|at most|ceiling|limit|tops|not above|not exceed\w*|"
    r"can ?not (?:go|cross|stretch|exceed|pay|spend|afford) (?:above|beyond|past|over|more)|not (?:go|going) (?:above|beyond|past|over|more)|cap|"
    r"not (?:a )?(?:single )?(?:rupee|paisa) more|more than that|nothing (?:above|over|beyond)|se kam|vadhu ma vadhu|vadhare ma vadhare|zyada se zyada|jyada se jyada|last|upar nahi|jyada nahi|zyada nahi)\b"
)
_UPPER_AFTER = re.compile(
    r"^(?: rupees| ka| ki| ke| na| nu| ni| mein| me| men| budget| hi| j)* (tak|sudhi|se (?:1 |ek )?(?:rupya |rupaya |rupee |paisa )?(?:upar|zyada|jyada|aage|adhik) (?:to )?(?:nahi|mat|no)|thi (?:vadhare|vadhu|upar|vadhi) (?:to )?(?:nahi|na|no)|ke (?:andar|neeche|niche|bhitar)|ki andar|andar|ni andar|max|maximum|tops|"
    r"is (?:my |the |our )?(?:ceiling|limit|max|maximum|cap|last|upper limit)|at (?:the )?most|ceiling|limit|or (?:less|below|under)|and not|not more|se kam(?! nahi)|ma j patavu|no more|last|and no more|se (?:upar|zyada) (?:\w+ ){0,3}nahi|thi (?:upar|vadhare) (?:\w+ ){0,2}nahi)\b"
)
_LOWER = re.compile(
    r"\b(at ?least|minimum|not below|not less than|above|more than|starting from|kam se kam|ochha ma ochhu|ochhama ochhu|from|no less than|over)( \w+)? ?$"
)
_LOWER_AFTER = re.compile(
    r"^(?: ka| ke| rupees)* (se (?:kam|neeche) nahi|se upar(?! nahi)(?: ka| ki| ke| hi| wala)|minimum|plus|\+|and above|or more|onwards|and up|thi ochhu nahi|se zyada ka|thi upar nu)\b"
)
_AROUND = re.compile(
    r"\b(around|about|approx\w*|roughly|near(?:ly)?|somewhere|lagbhag|aaspaas|kuch|close to|some)( \w+){0,2} ?$"
)

_NOT_BUDGET_BEFORE = re.compile(
    r"\b(emi|instal?ment|hafte|kist|salary|income|package|rent|kiraye|deposit|token|advance|down ?payment|booking amount|bayana|maintenance|turnover|"
    r"loan|bank|sanction\w*|eligib\w*|pin ?code|sector|flat number|flat no|house|room|tower|wing|floor|plot number|last digit\w*|ending|number|sqft|carpet|area|per|ticket|gst|tax|registration|stamp|parking|commission|brokerage|age|umar|discount|phase|tarikh|member\w*)\b"
)
_NOT_BUDGET_AFTER = re.compile(
    r"^(?: ka| ki| ke| nu| no| na| ni| rupees| only| mein)* ?(mat|emi|rent|kiraye|per|a month|/ ?(?:month|sqft)|every month|each month|monthly|month|loan|ka rate|price (?:to )?nahi|deposit|token|advance|down|salary|package|sqft|gaj|"
    r"percent|members?|log|people|har month|mahina|dar month|sanction\w*|maintenance|eligib\w*|approved|years?|floor|st floor|th floor|feet|km|kilometer|discount|parking|metre|meter|se (?:start|shuru))\b"
)
_OTHERS = re.compile(
    r"\b(friend\w*|dost\w*|neighbou?r\w*|padosi\w*|colleague\w*|cousin\w*|uncle\w*|chacha\w*|mama ne|mamaji|brother(?! and)\w*|bhai (?:ne|no|nu|ka|ki|ke)|bhaiya ne|bhaiye|kaka\w*|jija\w*|boss|sister\w*|behen (?:ne|ka)|someone|kisi ne|others?|relative\w*|rishtedar\w*|saala|mausa|fufa|company|builder|part(?:y|ies)|clients?|customers?)\b"
)
_PAST = re.compile(
    r"\b(bought|cost me|paid|purchased|sold|liya tha|khareeda|kharida|khareed tha|becha|bech diya|mila tha|got (?:it|mine|a)|last (?:one|time)|previous|pehle|was (?:for|at)|(?:third|second|first) one|lidhu|lidho|lidhi|lidhelu|vechyu|years? ago|year pehle|me liya|le liya)\b"
)
_QUOTED = re.compile(
    r"\b(you (?:said|told|are (?:saying|asking|quoting)|people|quoted)|your (?:man|person|colleague|website|ad|brochure|agent|executive|guy)|he said|she said|they (?:said|told|are)|told me|advert\w*|website|ad (?:said|says|mein|me|ma)|hoarding|banner|paper|"
    r"bol rahe|bola tha|bataya|bata rahe|keh rahe|kaha tha|likha (?:tha|hai)|quoted|other (?:builder|project|product)|market (?:price|rate)|valuation|tame kaho|kidhu|kahe(?:lu|ta)|aap (?:bol|keh)|joking|asking price)\b"
)
_REFUSED = re.compile(
    r"\b(too (?:much|high|costly|expensive)|expensive|costly|beyond (?:me|us|my|our|budget)|mehenga|mehanga|mahenga|mahanga|mehnga|mongh?u|mongha|zyada (?:hai|he|h|ho|bol|lag)|jyada (?:hai|he|ho|lag|chhe)|bahut (?:zyada|jyada)|out of (?:my |our )?(?:budget|range|reach)|"
    r"not (?:possible|affordable|in my budget)|can ?not afford|nahi (?:ho payega|dunga|de sakta|de sakti|denge|chalega|hoga|jamega|soch)|budget se bahar|soch bhi nahi|aukat|vadhare (?:chhe|che|kahevay)|joke|mazak|loot|robbery|really)\b"
)
_CORRECTED = re.compile(
    r"^ ?(?:lakh |crore |rupees )?[, ]*(?:nahi likh\w*|nahi|no+\b|not\b|sorry|i mean|wait|actually|galat|arre|matlab)"
)
_KEYWORD = re.compile(
    r"\b(budget|ceiling|limit|range|spend|under|below|invest(?:ing|ment)?|afford|max|maximum|up ?to|tops|stretch|go till|go up|lagbhag|paisa|price)\b"
)
_PER_MONTH = re.compile(
    r"\b(per month|a month|monthly|every month|mahina|har month|dar month|month (?:ka|ke|ki|na|no)|rent|kiraye)\b"
)
_RENTING = re.compile(
    r"\b(?:on rent|on lease|kiraye (?:pe|par|per|ka|ke|ki|se|nu|no|mate|na) (?:\w+ ){0,2}(?:chahiye|lene|dekh|joi)|want (?:to|a) (?:\w+ ){0,2}(?:rent|lease)|take (?:\w+ )?on (?:rent|lease)|rent (?:pe|par|per)|lease (?:pe|par))\b"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount of money in a text: rupees from `low` to `high`, and where it stands."""

    low: Decimal
    high: Decimal
    start: int
    end: int
    stated: bool  # the unit was spoken
    ranged: bool = False


def _scale(value: Decimal, setting: Setting) -> Decimal | None:
    """Rupees for a number without unit: the unit that brings it near the project's prices, else the usual one."""
    if value >= 100_000:
        return value
    if value >= 1000 or value <= 0:
        return None
    choices = [value * SCALE["lakh"], value * SCALE["crore"]]
    if setting.price_min and setting.price_max:
        near = [sum_ for sum_ in choices if setting.price_min / 3 <= sum_ <= setting.price_max * 3]
        return near[0] if len(near) == 1 else (choices[1] if value < 10 else choices[0]) if near else None
    return choices[1] if value < 10 else choices[0]


def amounts(text: str, setting: Setting) -> list[Amount]:
    """Every amount in a normalised text, ranges joined, in order of appearance."""
    singles: list[tuple[Decimal, str | None, int, int]] = []
    for match in _MONEY.finditer(text):
        first, unit, second, second_unit, bare = match.groups()
        if bare is not None:
            singles.append((Decimal(bare), None, match.start(), match.end()))
            continue
        value, end = Decimal(first) * SCALE[unit], match.end()
        if second is not None:
            if second_unit:
                part = Decimal(second) * SCALE[second_unit]
            elif unit == "crore" and 5 <= Decimal(second) < 100:
                part = Decimal(second) * SCALE["lakh"]
            else:
                part = Decimal(-1)
            if 0 < part < SCALE[unit]:
                value += part
            else:
                end = match.end(2)
                if second_unit:
                    singles.append((value, unit, match.start(), end))
                    value, unit, end = Decimal(second) * SCALE[second_unit], second_unit, match.end()
        singles.append((value, unit, match.start(), end))
    found: list[Amount] = []
    at = 0
    while at < len(singles):
        value, said, start, end = singles[at]
        if at + 1 < len(singles):
            next_value, next_said, next_start, next_end = singles[at + 1]
            if _JOIN.match(text[end:next_start]) and next_start - end < 24:
                low: Decimal | None
                high: Decimal | None
                low, high = (value if said else None), (next_value if next_said else None)
                if said is None and next_said is not None:
                    low = value * SCALE[next_said]
                elif said is not None and next_said is None:
                    high = next_value * SCALE[said]
                elif said is None:
                    low = _scale(value, setting)
                    high = _scale(next_value, setting)
                    if high is not None and low is not None and low > high:
                        low = value * SCALE["lakh"]
                if low is not None and high is not None and low > high and said is None and next_said == "crore":
                    low = value * SCALE["lakh"]
                if low is not None and high is not None and low < high <= low * 4:
                    found.append(Amount(low, high, start, next_end, bool(said or next_said), True))
                    at += 2
                    continue
        scaled = value if said else _scale(value, setting)
        if scaled is not None:
            found.append(Amount(scaled, scaled, start, end, bool(said) or value >= 100_000))
        at += 1
    return found


def _clause(text: str, start: int, end: int, marks: str = ".,;?!") -> tuple[str, str]:
    """Words before and after a span within its clause."""
    left = max(text.rfind(f" {mark} ", 0, start) for mark in marks)
    right = min((at for mark in marks if (at := text.find(f" {mark}", end)) >= 0), default=len(text))
    return text[left + 1 if left >= 0 else 0 : start], text[end:right]


def _is_budget(heard: Heard, amount: Amount, following: Amount | None) -> bool:
    text = heard.text
    before, after = _clause(text, amount.start, amount.end)
    near_before, near_after = " ".join(before.split()[-6:]), " " + " ".join(after.split()[:7])
    sentence_before, sentence_after = _clause(text, amount.start, amount.end, ".?!")
    sentence = sentence_before + " # " + sentence_after
    if amount.high < 500_000:
        return False
    if _NOT_BUDGET_AFTER.match(after):
        return False
    veto = list(_NOT_BUDGET_BEFORE.finditer(near_before))
    if veto and not re.search(r"\b(budget|total|price)\b", near_before[veto[-1].end() :]):
        return False
    if re.search(r"\b(loan|sanction\w*|bank)\b", after) and not re.search(r"\bbudget\b", before + after):
        return False
    if (
        _PER_MONTH.search(near_after)
        or "rent" in heard.asked
        or (_RENTING.search(text) and not re.search(r"\b(?:chadha\w*|dena|denge|dunga|out|apvu|aapvu)\b", text))
    ):
        return False
    own = re.search(
        r"\b(my|our|mera|apna|hamara|mari|i) (?:\w+ ){0,2}(?:budget|ceiling|limit|range)|\b(?:mine|i can|main|mujhe|hum|i will|we can)\b",
        before,
    )
    clause = before + " # " + after
    if not own and (_OTHERS.search(clause) or _PAST.search(clause)):
        return False
    if not own and _QUOTED.search(clause):
        return False
    last_of_question = text[amount.end :].split(".")[0].split(",")[0]
    if "?" in last_of_question and not _KEYWORD.search(last_of_question) and "budget" not in heard.asked:
        return False
    gap = (
        sentence_after if following is None or following.start - amount.end > 60 else text[amount.end : following.start]
    )
    if _REFUSED.search(gap[:80]) and not _UPPER_AFTER.match(after):
        return False
    if re.search(r"\bnahi (?:dunga|de|soch)|\bnot (?:paying|giving)\b", near_after) and not _UPPER_AFTER.match(after):
        return False
    if following is not None and _CORRECTED.match(text[amount.end :]) and following.start - amount.end < 60:
        return False
    if amount.stated:
        return True
    # A bare number needs a reason to be money.
    if re.search(r"\b(?:lakh|crore)\b", heard.question) and _UPPER_AFTER.match(after):
        return True
    if (
        re.search(r"\b(?:until|till|by|age|at|since|baje|number|floor|sector|of|aged) ?$", before)
        and "budget" not in heard.asked
    ):
        return False
    return bool(
        "budget" in heard.asked
        or _KEYWORD.search(sentence)
        or (_AROUND.search(before) and amount.low >= 1_500_000 and after.strip() == "")
    )


def budget(turns: Sequence[Heard], setting: Setting) -> tuple[Found[Decimal] | None, Found[Decimal] | None]:
    """The last (minimum, maximum) in rupees that the lead stands by; either may be None."""
    low: Found[Decimal] | None = None
    high: Found[Decimal] | None = None
    for heard in turns:
        found = amounts(heard.text, setting)
        kept = [
            amount
            for at, amount in enumerate(found)
            if _is_budget(heard, amount, found[at + 1] if at + 1 < len(found) else None)
        ]
        if not kept:
            continue
        amount = kept[-1]
        _before, after = _clause(heard.text, amount.start, amount.end, ".;?!")
        near, rest = _clause(heard.text, amount.start, amount.end)
        sure = 0.95 if amount.stated else 0.8
        if amount.ranged:
            low, high = Found(amount.low, heard.turn, sure), Found(amount.high, heard.turn, sure)
            continue
        around = bool(_AROUND.search(near)) or bool(
            re.match(r"^(?: ke| ka| na| ni)? ?(?:aaspaas|lagbhag|around|approx|or so|ish|jetlu)\b", rest)
        )
        floor = bool(_LOWER.search(near)) or bool(_LOWER_AFTER.match(rest))
        if re.search(r"\b(?:not|no|nothing|can ?not) (?:\w+ ){0,2}(?:more than|above|over)\b", near):
            floor = False
        ceiling = not floor and (bool(_UPPER_AFTER.match(rest)) or bool(_UPPER.search(near)))
        ceiling = ceiling or (not floor and not around and bool(_UPPER.search(after[:70])))
        # "minimum 70, maximum 85": two halves of one range.
        if ceiling and len(kept) > 1:
            first_before, first_after = _clause(heard.text, kept[-2].start, kept[-2].end)
            if _LOWER.search(first_before) or _LOWER_AFTER.match(first_after):
                low, high = Found(kept[-2].low, heard.turn, sure), Found(amount.high, heard.turn, sure)
                continue
        if floor:
            low, high = Found(amount.low, heard.turn, sure), None
        elif ceiling and not around:
            low, high = None, Found(amount.high, heard.turn, sure)
        else:
            low, high = Found(amount.low, heard.turn, sure), Found(amount.high, heard.turn, sure)
    return low, high
