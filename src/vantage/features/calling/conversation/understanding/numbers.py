"""Spoken numbers to digits: English, Hindi and Gujarati words in Latin script, with Indian fractions.

`digits(tokens)` rewrites number words in place ("sava pachees lakh" -> "25.25 lakh"), so that every later
grammar reads digits only. A word that is also an ordinary word ("do", "be", "che", "to") counts as a number
only before a unit or beside another number.
"""

from decimal import Decimal

_WORDS: dict[int, str] = {
    0: "zero shunya",
    1: "one ek won wan",
    2: "two do be bey",
    3: "three teen tin tran traan thri",
    4: "four char chaar",
    5: "five paanch panch paach pach",
    6: "six chhe chhah che chha cheh chhai chey",
    7: "seven saat sat",
    8: "eight aath ath",
    9: "nine nau nav",
    10: "ten das dus",
    11: "eleven gyarah gyara gyaarah agyar agiyar igyarah",
    12: "twelve barah baarah bara baara bar",
    13: "thirteen terah tehrah ter",
    14: "fourteen chaudah chauda chaud",
    15: "fifteen pandrah pandra pandar",
    16: "sixteen solah sola sol",
    17: "seventeen satrah satra",
    18: "eighteen atharah athara adhar attharah",
    19: "nineteen unnis unnees ognis",
    20: "twenty bees bis vees",
    21: "ikkis ikkees ekvis",
    22: "bais baais baees bavis",
    23: "teis teyis tevis",
    24: "chaubis chaubees chovis",
    25: "pachees pachis pachchis pacchis pachhis",
    26: "chhabbis chabbis",
    27: "sattais sattavis",
    28: "atthais athais aththavis",
    29: "untis unattis ogantris",
    30: "thirty tees tis tris",
    31: "ikattis iktis ektris",
    32: "battis batris",
    33: "taintis tentis tetis",
    34: "chauntis chautis chotris",
    35: "paintis pentis paitis pantis pantris",
    36: "chhattis chattis chhatris",
    37: "saintis sadtris",
    38: "adtis artis adtris",
    39: "untalis unchalis",
    40: "forty fourty chalis chalees",
    41: "iktalis ektalis",
    42: "bayalis bayaalis betalis",
    43: "taintalis tetalis",
    44: "chavalis chauvalis chumalis",
    45: "paintalis pentalis paitalis pistalis paintalees",
    46: "chhiyalis chetalis",
    47: "saintalis sudtalis",
    48: "adtalis artalis",
    49: "unchas unanchas",
    50: "fifty pachas pacchas pachchas paccha",
    51: "ikyavan ekavan",
    52: "bavan baavan",
    53: "tirpan tirepan",
    54: "chauvan chawan chopan",
    55: "pachpan panchavan pachavan",
    56: "chhappan chappan",
    57: "sattavan satavan",
    58: "atthavan athavan",
    59: "unsath",
    60: "sixty saath sath saith",
    61: "iksath",
    62: "basath",
    63: "tirsath",
    64: "chausath",
    65: "painsath pensath paisath pansath",
    66: "chhiyasath",
    67: "sadsath",
    68: "adsath arsath",
    69: "unhattar unsattar",
    70: "seventy sattar sittar sitter",
    71: "ikhattar",
    72: "bahattar bahatar",
    73: "tihattar",
    74: "chauhattar",
    75: "pachhattar pachattar pichhattar pichattar pachahattar panchoter pancoter pachhatar",
    76: "chhihattar",
    77: "satattar sathattar",
    78: "athattar athhattar",
    79: "unasi unyasi",
    80: "eighty assi asi ensi ensee",
    81: "ikyasi",
    82: "bayasi",
    83: "tirasi",
    84: "chaurasi",
    85: "pachasi pichasi pachyasi panchyasi panchasi",
    86: "chhiyasi",
    87: "sattasi satasi",
    88: "athasi atthasi",
    89: "navasi",
    90: "ninety nabbe nabbey navve nevu nevun nabe",
    91: "ikyanve",
    92: "banve bayanve",
    93: "tiranve",
    94: "chauranve",
    95: "pachanve pichanve panchanve panchanu pachyanve",
    96: "chhiyanve",
    97: "sattanve",
    98: "atthanve athanve",
    99: "ninyanve ninyanbe",
}


def fold(word: str) -> str:
    """Collapse the spellings that one Hindi or Gujarati sound has in Latin letters (`chaalees` = `chalis`)."""
    for long, short in (
        ("aa", "a"),
        ("ee", "i"),
        ("oo", "u"),
        ("ii", "i"),
        ("uu", "u"),
        ("w", "v"),
        ("z", "j"),
        ("ph", "f"),
    ):
        word = word.replace(long, short)
    kept = [char for at, char in enumerate(word) if at == 0 or char != word[at - 1]]
    return "".join(kept)


CARDINALS: dict[str, int] = {}
for _value, _names in _WORDS.items():
    for _name in _names.split():
        CARDINALS[_name] = _value
_FOLDED: dict[str, int] = {}
for _name, _value in CARDINALS.items():
    # `saath` (60) and `saat` (7) stay apart after folding; a clash keeps the first, smaller reading.
    if len(_name) > 4:
        _FOLDED.setdefault(fold(_name), _value)

_ENGLISH_TENS = {"twenty", "thirty", "forty", "fourty", "fifty", "sixty", "seventy", "eighty", "ninety"}
_ENGLISH_ONES = {"one", "won", "wan", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
# Also ordinary words of English, Hindi or Gujarati.
_AMBIGUOUS = {
    "do",
    "be",
    "bey",
    "che",
    "chhe",
    "cheh",
    "chey",
    "chha",
    "sat",
    "sath",
    "saath",
    "bar",
    "bara",
    "baara",
    "ter",
    "nav",
    "sol",
    "to",
    "too",
    "won",
    "wan",
    "pach",
    "asi",
    "saith",
    "das",
    "dus",
    "a",
    "an",
    "sitter",
    "for",
    "bis",
    "tin",
    "chhai",
    "tis",
    "ath",
    "chaud",
}
SCALE = {"lakh": Decimal(100_000), "crore": Decimal(10_000_000), "thousand": Decimal(1000)}
_LAKH = {
    "lakh",
    "lakhs",
    "lac",
    "lacs",
    "lock",
    "locks",
    "lack",
    "lacks",
    "laakh",
    "lakhh",
    "l",
    "luck",
    "lakhon",
    "lak",
}
_CRORE = {
    "crore",
    "crores",
    "cr",
    "crs",
    "crow",
    "crows",
    "karod",
    "karor",
    "caror",
    "croar",
    "kror",
    "krod",
    "crowd",
    "karode",
    "karodh",
}
_THOUSAND = {"thousand", "hazar", "hazaar", "hajar", "hajaar", "k", "thousands", "hjar", "haazar"}
_COUNTED = {
    "month",
    "year",
    "week",
    "day",
    "hour",
    "minute",
    "baje",
    "bhk",
    "bhks",
    "bedroom",
    "bedrooms",
    "bed",
    "kamre",
    "kamra",
    "room",
    "percent",
    "tarikh",
    "point",
    "rupees",
    "am",
    "pm",
    "sau",
    "hundred",
    "sqft",
    "gaj",
    "flat",
    "shop",
    "office",
    "villa",
}
_RANGE = {"to", "se", "thi", "ya", "or", "-"}


def unit_of(token: str) -> str | None:
    """`lakh`, `crore` or `thousand` when the token says (or was misheard from) one of them, else None."""
    if token in _LAKH:
        return "lakh"
    if token in _CRORE:
        return "crore"
    return "thousand" if token in _THOUSAND else None


def cardinal(token: str) -> Decimal | None:
    """Value of a single token: digits (`1,20,000`, `1.25`) or a number word, else None."""
    if token[:1].isdigit():
        return Decimal(token.replace(",", ""))
    if token in CARDINALS:
        return Decimal(CARDINALS[token])
    folded = fold(token)
    return Decimal(_FOLDED[folded]) if len(token) > 4 and folded in _FOLDED else None


def _is_unit(token: str) -> bool:
    return token in _COUNTED or (token not in {"l", "k"} and unit_of(token) is not None)


def _stands_as_number(tokens: list[str], at: int) -> bool:
    """Whether an ambiguous word at `at` is followed by a unit, directly or through more numbers."""
    ahead = at + 1
    while ahead < len(tokens) and ahead <= at + 4:
        token = tokens[ahead]
        if _is_unit(token):
            return True
        if token in _AMBIGUOUS or token in _RANGE or cardinal(token) is not None:
            ahead += 1
            continue
        return False
    return False


def _simple(tokens: list[str], at: int) -> tuple[Decimal, int] | None:
    """A whole number at `at` and the index after it: `twenty five`, `do sau das`, `85`."""
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token in {"to", "too", "for", "a", "an"}:
        nearest = tokens[at + 1] if at + 1 < len(tokens) else ""
        if token in {"to", "too", "for"} and nearest in {"bhk", "bedroom"}:
            return Decimal(4 if token == "for" else 2), at + 1
        if (
            token in {"a", "an"}
            and unit_of(nearest) in {"lakh", "crore"}
            and nearest not in {"lock", "lack", "crow", "luck", "l", "crowd"}
        ):
            return Decimal(1), at + 1
        return None
    value = cardinal(token)
    if value is None or (token in _AMBIGUOUS and not _stands_as_number(tokens, at)):
        return None
    end = at + 1
    if token in _ENGLISH_TENS and end < len(tokens) and tokens[end] in _ENGLISH_ONES:
        value, end = value + CARDINALS[tokens[end]], end + 1
    if end < len(tokens) and tokens[end] in {"hundred", "sau"} and value < 100:
        value, end = value * 100, end + 1
        rest_at = end + 1 if end < len(tokens) and tokens[end] == "and" else end
        rest = _simple(tokens, rest_at) if rest_at < len(tokens) and not tokens[rest_at][:1].isdigit() else None
        if rest and rest[0] < 100:
            value, end = value + rest[0], rest[1]
    return value, end


def number_at(tokens: list[str], at: int) -> tuple[Decimal, int] | None:
    """The number that starts at token `at`, with Indian and decimal fractions, and the index after it."""
    token, after = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
    if token in {"dedh", "dedhh", "derh", "dodh", "daidh", "ded"}:
        return Decimal("1.5"), at + 1
    if token in {"dhai", "adhai", "dhaai", "adhi", "dhayi", "adhee", "dhaee"} and (_is_unit(after) or len(token) > 4):
        return Decimal("2.5"), at + 1
    if token in {
        "sava",
        "sawa",
        "savaa",
        "savva",
        "paune",
        "pone",
        "pauna",
        "pona",
        "sadhe",
        "saade",
        "sade",
        "saadhe",
        "sadha",
        "sada",
    }:
        step = (
            {"s": Decimal("0.25"), "p": Decimal("-0.25")}[token[0]]
            if token[1] != "a" or token[2] != "d"
            else Decimal("0.5")
        )
        if token.startswith("saa"):
            step = Decimal("0.5")
        if token in {"paune", "pone", "pauna", "pona"}:
            step = Decimal("-0.25")
        if _is_unit(after) and unit_of(after) and step != Decimal("0.5"):
            return Decimal(1) + step, at + 1
        base = _simple(tokens, at + 1)
        return (base[0] + step, base[1]) if base and step else None
    if token in {"half", "aadha", "aadhe", "adha", "adhe", "ardha", "ardho"} and after in {
        "an",
        "crore",
        "lakh",
        "hour",
        "crow",
        "a",
    }:
        return Decimal("0.5"), at + (2 if after in {"an", "a"} else 1)
    base = _simple(tokens, at)
    if base is None:
        return None
    value, end = base
    rest = tokens[end:]
    if len(rest) >= 2 and rest[0] in {"point", "poin", "dashamlav", "pont"} and value == int(value):
        decimals, at_decimal = "", end + 1
        while at_decimal < len(tokens):
            digit = cardinal(tokens[at_decimal])
            if digit is None or digit >= 100 or (decimals and digit >= 10) or tokens[at_decimal] in {"to", "be"}:
                break
            step_over = _simple(tokens, at_decimal) if digit >= 20 else None
            decimals += str(step_over[0] if step_over else digit)
            at_decimal = step_over[1] if step_over else at_decimal + 1
        if decimals:
            return Decimal(f"{value}.{decimals}"), at_decimal
    for pattern, plus in (
        (("and", "a", "half"), ".5"),
        (("and", "half"), ".5"),
        (("and", "a", "quarter"), ".25"),
        (("aur", "aadha"), ".5"),
    ):
        if tuple(rest[: len(pattern)]) == pattern:
            return value + Decimal(plus), end + len(pattern)
    return value, end


def plain(value: Decimal) -> str:
    """Decimal without exponent or trailing zeros: `25.25`, `70`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def digits(tokens: list[str]) -> list[str]:
    """Tokens with every spoken number written in digits and every misheard unit after a number set right."""
    out: list[str] = []
    at = 0
    while at < len(tokens):
        found = number_at(tokens, at)
        if found is None:
            out.append(tokens[at])
            at += 1
            continue
        value, at = found
        out.append(plain(value))
        if at < len(tokens):
            unit = unit_of(tokens[at])
            if unit:
                out.append(unit)
                at += 1
                if unit == "crore" and at + 2 < len(tokens) and tokens[at : at + 3] == ["and", "a", "half"]:
                    out[-2] = plain(value + Decimal("0.5"))
                    at += 3
    return out
