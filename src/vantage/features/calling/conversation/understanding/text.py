"""From what the recogniser heard to plain text that the grammars read.

`normalise` lower-cases, romanises, mends words that recognisers mishear, gives each word one spelling
(`chaiye`, `chahie` -> `chahiye`; `mahine` -> `month`) and writes numbers in digits. Commas and full stops
stay as tokens, because clauses decide what a number belongs to.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from .devanagari import romanise
from .numbers import digits, fold, unit_of

# Heard as other words: (pattern, what was said). Order matters.
_MISHEARD: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"[’‘`]", "'"),
        (r"₹|\brs\.?(?=\s*\d)|\binr\b", " rupees "),
        (
            r"\b(?:b\.?\s?h\.?\s?k|bhkay|bhk's|bi (?:ech|h|etch|aich) ?(?:ke|k|kay)|be h ?k|b hk|bh k|bhke|beach k|bi\.? ?hk|beechke|bhkey|bhek|bhak|bee aitch kay|bi ech ke|bech ke|bi ach ke|bhq|be etch ke|bi et ke|bh kay|bhke|bij?ech ?ke)\b",
            " bhk ",
        ),
        (r"\bbhk\b\.", "bhk"),
        (r"\b(?:to|too|tu) (?:be|bi) (?:h ?k|ech ke|etch ke|aich ke)\b", " 2 bhk "),
        (r"\b(?:to|too|tu) (?=bhk\b)", " 2 "),
        (r"\b(?:tree|free|thee|three|thri) (?=bhk\b|bed)", " 3 "),
        (r"\b(?:fore|far) (?=bhk\b|bed)", " 4 "),
        (r"\b(?:wan|won|van) (?=bhk\b|bed|point\b|crore\b|crow\b|cr\b)", " 1 "),
        (r"\bto (?=(?:crore|crores|crow|cr|karod)\b)", " 2 "),
        (r"\b(?:sight|side|cite|site) (?:visit|vizit|wisit)\b", "site visit"),
        (r"\b(?:visa ?t|vijit|vizit|wisit|vsit|visitt)\b", "visit"),
        # परसों is romanised to the same letters.
        (
            r"\b(real|sales|human|actual|live|any|some|a|the|your|one) parson\b|\bparson (?=please|you are)",
            r"\1 person ",
        ),
        (r"\bthis ?count\b", "discount"),
        (r"\b(sun|mon|tues|wednes|thurs|fri|satur) day\b", r"\1day"),
        (r"\bof(?:f)? (?:is|iss|ice)\b", "office"),
        (r"\b(?:du|doo|do) (?:kaan|kan)\b", "dukaan"),
        (r"\bwhat'?s? ?sap+\b|\bwhats app\b|\bwats ?app?\b", "whatsapp"),
        (r"\bdon'?t no\b|\bdont know\b", "don't know"),
        (r"\bin ?vest ?men?t\b|\binvestmant\b", "investment"),
        (r"\b(?:what )?in (?:rest|trust)ed\b", "interested"),
        (r"\b(can|won|don|didn|doesn|wouldn|isn|wasn|aren|shouldn|couldn|haven) t\b", r"\1't"),
        (r"\b(can|don|didn|doesn|wouldn|isn|wasn|aren|shouldn|couldn|haven|hasn)t\b", r"\1't"),
        (r"\bwon't\b|\bwont\b", "will not"),
        (r"\bcan't\b|\bcannot\b", "can not"),
        (r"n't\b", " not"),
        (r"\b(i)'m\b", r"\1 am"),
        (r"'re\b", " are"),
        (r"'ll\b", " will"),
        (r"'ve\b", " have"),
        (r"\bsq(?:uare)?\.? ?(?:ft|feet|foot|fit|fut)\b\.?|\bsqft\b", "sqft"),
        (r"\bo'? ?clock\b", "baje"),
        (r"\b([ap])\.? ?m\b\.?", r"\1m"),
        (r"\baas ?pa+ss?\b|\bas ?pa+s\b|\baju ?ba+ju\b|\baas ?paas\b", "aaspaas"),
        (r"\bhalf past (\w+)\b", r"saadhe \1 baje"),
        (r"\bquarter past (\w+)\b", r"sava \1 baje"),
        (r"\bquarter to (\w+)\b", r"paune \1 baje"),
    )
)

_SPELLINGS: dict[str, str] = {
    "chahiye": "chaiye chahie chahiyeh chaheye chahiyen chayie chaahie chaahiye chahye joiye joye joie joeye chhaiye",
    "nahi": "nahin nai nhi nay naheen nathi nahii nahee naa nehi nahe",
    "mat": "mut matt",
    "month": "months mahina mahine mahino mahinon mahinaa maheene mahinaon mahinama mahinaama mnth mahinamaa maas manth mahena",
    "year": "years saal sal varsh varas saalon varshe yr",
    "week": "weeks hafta hafte haftey hafton saptah athvadiya athvadiyu athvadia athvadiye weak hafto",
    "day": "days din divas dino dinon divasma",
    "hour": "hours ghanta ghante ghanton kalak kalaak ghantey",
    "minute": "minutes min mins minat minit",
    "baje": "bajey baj vage vagye wage vagya wagye bajeh baaje vaagye bje vagey bajee",
    "tomorrow": "tmrw tommorow tomorow kal kale kaal aavtikale tomarrow tomarow tumorrow",
    "today": "aaj aaje aj",
    "dayafter": "parso parson parsoon paramdivse parmdivse paramdivas parmadivse paraso",
    "morning": "subah suba savare savaare savar subha sawere savere subeh sabah moning",
    "afternoon": "dopahar dopehar bapore baporna dopher bapor dupahar dopahr dupehar dophar",
    "evening": "shaam sham sanje saanje saanj shyam sanjhe shaamko evning ivning",
    "night": "raat raatre rat ratre",
    "monday": "somvar somvaar somwar somwaar mon",
    "tuesday": "mangalvar mangalvaar mangalwar mangal tue tues manglvar mangalvare mangalwaar",
    "wednesday": "budhvar budhvaar budhwar budh wed wensday budhwaar wednes budhvare",
    "thursday": "guruvar guruvaar guruwar brihaspativar veervar thu thurs thur guruvare thrusday guruwaar",
    "friday": "shukravar shukravaar shukrawar fri shukrvar shukravare shukrawaar shukrvaar",
    "saturday": "shanivar shanivaar shaniwar shani shanichar shanivare saturdey shaniwaar saterday",
    "sunday": "ravivar ravivaar raviwar itvar itwar itwaar itvaar ravivare sundey raviwaar",
    "call": "phone fone fon kol phon calls calling called phoan cal kaul",
    "haan": "ha han haa haanji hanji hanh",
    "price": "prize rate daam keemat kimat bhaav bhav kimmat prise kimath",
    "person": "parson parsan persan insaan insan aadmi manas maanas vyakti",
    "message": "massage msg",
    "wife": "wipe waif patni wyf",
    "number": "nambar numbar nambr numbur no.",
    "flat": "flet flats phlet plet",
    "plot": "plots plaut zameen jameen plat zamin jamin ploat",
    "villa": "willa villas bungalow bangla bunglow kothi bangalow vila bunglo willas bungalo villo",
    "office": "offices ofis daftar daphtar aafis ophis offis",
    "shop": "shops dukaan dukan dookan dukano dukaane showroom dukaanen",
    "bedroom": "bedrooms bed beds bedrum kamre kamra rooms room kamaron kamro bedrum bedaroom ordaa",
    "lene": "lena leni lenaa levu leva levanu levani levano",
    "haider": "haidar",
    "mujhe": "mereko muje mujhko mujh",
    "abhi": "abi hamna hamana atyare haal filhal abhee",
    "busy": "bizi bijy bizzy vyast bisi",
    "meeting": "miting meating mitting mitinga miting",
    "interest": "intrest interst intrust interrest",
    "interested": "intrested interasted intersted",
    "invest": "nivesh rokan rokaan invesment invesht",
    "investment": "invesment nivesh rokaan rokan invesstment",
    "site": "sait",
    "visit": "vizit vijit mulakat mulaqat",
    "possession": "posession pozession posetion",
    "diwali": "deepawali deewali diwaali dipavali divali deepavali devali",
    "dussehra": "dasara dussera dashera vijayadashami dasera dushahra",
    "budget": "bajat bajet bajut budjet bujet baget bajett bazat",
    "crore": "crores karod karor",
    "lakh": "lakhs lac lacs laakh",
    "thousand": "hazar hazaar hajar",
    "galat": "galt khotu khoto galath",
    "tak": "takk takh",
    "sudhi": "sudhee",
    "wrong": "rong",
    "hatao": "hata hatado hatavo hataiye hatva hatva hatavi hataa hataao",
    "lagbhag": "lagbag kareeb karib takriban takreeban lagabhag aashre",
    "baad": "pachhi pachi bad pachhee",
    "after": "aftar",
    "kiraye": "kiraya kirae bhada bhade bhadu bhadey kirayaa bhaade bhaadu kiraaye kirai kiraae",
    "khareed": "kharid khareedna kharidna khareedni kharidni kharidvu kharidva khareedne kharidne",
    "dost": "mitra bhaibandh yaar dosto",
    "apna": "apne apni aapna potanu potana pota khud khudka swayam potani",
    "rehne": "rahne rehna rahna rehva rahva rehvaa rahvaa rehane rahane",
    "loan": "lone lon karz karza karj",
    "tarikh": "tareekh tarik tarikhe tareek taareekh taarikh date tarkh",
    "manager": "maneger manejar menejar",
    "real": "asli sacha",
    "building": "bilding",
    "stage": "stej",
    "jaldi": "jaldee jldi",
    "turant": "turat fatafat furant fauran tatkal tarat",
    "next": "agle agla agli aavta aavti nekst aavte aagle aglaa aavata",
    "thursday's": "",
    "send": "bhejo bhej bhejna moklo mokli mokaljo bhejdo bhejiye bhejie mokalo mokalsho",
    "dekhne": "dekhna dekhni jova jovaa dekhte dekhenge dekhunga jova",
    "aaunga": "aunga aata aati aaungi aaenge aayenge aayegi avish aavish aavishu aavishun aavsu aate aavshu aavshun aaenge aungi aavis aavasu aavso ayenge aenge avsu avshu aaungaa aayunga aunge aaoonga",
    "nikalo": "nikal nikaldo kadho kadhi nikaliye",
    "delete": "dilit delit",
    "stop": "band bandh",
    "family": "parivar pariwar femili famili femily",
    "meri": "mari maari",
    "mera": "mere maro maru maaru maaro mara hamara hamare amaru amare amara",
    "already": "olredi alredy",
    "urgent": "arjent",
    "looking": "luking",
    "registry": "rejistri registri rajistri",
}
_CANONICAL: dict[str, str] = {name: name for name in _SPELLINGS}
_FOLDED: dict[str, str] = {}
for _name, _others in _SPELLINGS.items():
    for _other in _others.split():
        _CANONICAL.setdefault(_other, _name)
for _spelling, _name in _CANONICAL.items():
    if len(_spelling) >= 4:
        _FOLDED.setdefault(fold(_spelling), _name)
# English words whose folded form meets a Hindi or Gujarati one.
_LEAVE = {
    "sun",
    "room",
    "rooms",
    "kol",
    "fine",
    "later",
    "hall",
    "door",
    "been",
    "soon",
    "good",
    "wood",
    "mall",
    "call",
    "tell",
    "meet",
    "need",
    "feel",
    "will",
    "all",
    "off",
    "see",
    "too",
    "week",
    "weak",
    "bell",
    "less",
    "maar",
    "lena",
    "manga",
    "rate",
    "bad",
    "band",
    "hal",
    "sham",
    "loan",
    "lone",
    "days",
    "pass",
    "bill",
    "full",
    "hair",
    "near",
    "wait",
    "sat",
    "vage",
    "mere",
    "side",
}
_TOKEN = re.compile(r"\d+(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)?|[.,;:?!/+-]")
_GUJARATI = re.compile(
    r"\b(chhe|chhu|chho|mane|tame|tamara|tamaru|nathi|joiye|joye|maro|maru|mari|kem|pachhi|sathe|karjo|karso|vage|wage|hamna|atyare|levu|levanu|sudhi|thi|ne|che|pan|hu|aavish|avish)\b"
)


@lru_cache(maxsize=8192)
def _canonical(token: str) -> str:
    if token in _CANONICAL:
        return _CANONICAL[token]
    if len(token) >= 5 and token not in _LEAVE:
        return _FOLDED.get(fold(token), token)
    return token


def is_gujarati(text: str) -> bool:
    """Whether at least two function words of Gujarati stand in the (lower-case) text."""
    return len(set(_GUJARATI.findall(text))) >= 2


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """One line of canonical words, digits and clause marks, separated by single spaces.

    >>> normalise("sava pachees lack tak de sakta hu")
    '25.25 lakh tak de sakta hu'
    """
    lowered = romanise(text).lower()
    gujarati = is_gujarati(lowered)
    for pattern, said in _MISHEARD:
        lowered = pattern.sub(said, lowered)
    raw = _TOKEN.findall(re.sub(r"(\d)(st|nd|rd|th)\b", r"\1 tarikh", lowered))
    tokens = [
        token if token in {"mon", "rate", "room", "rooms"} and token != "mon" else _canonical(token) for token in raw
    ]
    if gujarati:
        tokens = ["17" if token == "sattar" else token for token in tokens]
    spaced = digits(tokens)
    out: list[str] = []
    for _at, token in enumerate(spaced):
        unit = unit_of(token)
        if unit and out and (out[-1].replace(".", "").replace(",", "").isdigit()) and token != "rate":
            out.append(unit)
            continue
        out.append(token.replace(",", "") if token[:1].isdigit() else token)
    return " ".join(out)


@dataclass(frozen=True, slots=True)
class Heard:
    """A lead's turn with the question it answers.

    `turn` indexes the call's turns; `text` is normalised, `raw` romanised with its capitals; `question` is the
    agent's turn just before, normalised ("" when there is none); `asked` names the topics it asks about.
    """

    turn: int
    raw: str
    text: str
    question: str
    asked: frozenset[str]


_TOPICS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (topic, re.compile(pattern))
    for topic, pattern in (
        (
            "budget",
            r"\b(budget|price range|spend|range|kitna (?:rahega|theek|tak|kharch)|kitne tak|ketlu|ketla sudhi|kitne mein|how much|comfortable|figure|amount|invest karna|paisa|price (?:soch|rakh)|kharch|soch rakha|kitna soch)\b",
        ),
        (
            "configuration",
            r"\b(configuration|bhk|bedroom|kitne (?:kamre|bhk|bedroom)|ketla bedroom|what kind|which (?:flat|home|unit|type|one|size|apartment)|what size|how big|kaun ?sa flat|kaunsa|kis tarah|villa|plot|shop or|office or|type|size|requirement|zarurat|zaroorat|kaun sa|kayo flat|kevu)\b",
        ),
        (
            "location",
            r"\b(area|location|locality|where|kahan|kaha|kidhar|which part|side|jagah|ilaaka|ilake|kya vistar|vistar|ma joiye|kyan|neighbourhood|part of)\b",
        ),
        (
            "timeline",
            r"\b(when|kab|kab tak|kyare|how soon|timeline|move|shift|possession|planning to (?:buy|move)|time ?frame|kitne (?:month|time|samay)|ketla (?:month|samay)|by what time)\b",
        ),
        (
            "purpose",
            r"\b(investment|invest|self use|own use|for yourself|apna|rehne|own family|live in|purpose|kiske liye|self|own house|your own|khud|banayenge)\b",
        ),
        (
            "callback",
            r"\b(call (?:you )?(?:back|later|kab|karun|karu|karoon)|ring you|when (?:may|can|should|shall) (?:i|we) (?:call|ring|reach)|(?:kab|kis samay|kitne baje|kyare) (?:call|karun)|call .*\b(?:kab|kitne baje|kyare)|better time|good time to call|suitable time|convenient time|kab baat|what time .* (?:call|ring)|which time)\b",
        ),
        (
            "visit",
            r"\b(visit|come (?:over|and|to|on|by)|see it|see the|aayenge|aaunga|dekhne|which day|what day|what time|kis day|kab aa|site|walk through|show you|kitne baje|kaun ?sa day|kayo day|weekend|open house)\b",
        ),
        ("rent", r"\b(rent|lease|kiraye|monthly)\b"),
        ("name", r"\b(am i speaking|have i reached|is that|is this|speaking (?:to|with)|se baat ho|sathe vaat)\b"),
    )
)


@lru_cache(maxsize=4096)
def topics(question: str) -> frozenset[str]:
    """Topics that a normalised agent turn asks about; only its last sentences count."""
    sentences = [part for part in re.split(r"[.!]", question) if part.strip()]
    asked = " . ".join(sentences[-2:])
    return frozenset(topic for topic, pattern in _TOPICS if pattern.search(asked))
