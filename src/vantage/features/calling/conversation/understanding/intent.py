"""What a lead's turn does: refuses, forbids, insults, asks for a person, is busy, is not the person at all.

Each name has a pattern over normalised text. Patterns look for the act, not for a mood: "not interested" is a
refusal, "remove my number" forbids calls, anger about a price is neither abuse nor a refusal.
"""

import re

PATTERNS: dict[str, re.Pattern[str]] = {
    "voicemail": re.compile(
        r"\b(?:leave (?:your|a|me a|the)(?: \w+){0,3} (?:message|name|number|voice)|leave .{0,30}(?:after the|beep|tone)|after the (?:beep|tone)|record your (?:message|voice)|voice ?mail|voice ?mailbox|the (?:person|subscriber|number|customer|party) you (?:are|have) (?:calling|trying|dial\w*|call\w*|tri\w*)|not answering (?:at|the)|(?:currently|is) (?:switched off|unavailable|not reachable|unreachable|out of coverage)|mailbox|can not (?:come to|take) (?:the|your) (?:call|phone)|get back to you as soon|beep ke baad|tone ke baad|beep pachhi|sandesh (?:chhod|record|chod)|message (?:chhod|chod|record|muki|mukjo)|vyakti .{0,20}(?:uttar|javab|jawab) nahi|you have reached(?! me)|you've reached(?! me)|uplabdh nahi|please try again later|uttar nahi de rahe|phone nahi utha)\b"
    ),
    "do_not_call": re.compile(
        r"\b(?:(?:do not|never|stop|no need to|should not|not to|please no|no more|quit|dont|refrain from) (?:ever |be |you |even |to )?(?:\w+ )?(?:call|calls|disturb\w*|ring\w*|contact|bother\w*|phon\w*|harass\w*|dial\w*)(?! (?:me )?(?:before|after|now|in the|at|during|today|between|till|until|on (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekend)))|"
        r"call (?:mat|nahi|bilkul nahi|na) (?:kar\w*|kij\w*|lag\w*|ghum\w*|mat|aana|aani|aaye|aave|do|na)|call (?:karna|karva|karvanu|kar na|lagana|aana) (?:mat|nahi|band|stop)|call na kar\w*|call (?:na|nahi|mat) (?:jo|sho|so|ye)\b|(?:dobara|fir se|phir se|phir|fari|farithi|aage se|aaj ke baad|have thi|havethi|have pachhi|kabhi bhi|kabhi|aainda|kyarey|again|further|any more|ab se) (?:\w+ ){0,3}(?:call|number)(?: \w+)? (?:mat|nahi|na|band|stop|no)\b|call (?:stop|band)|stop (?:karo|kar do|kijiye|these|this|the|all|your)?(?: \w+)? ?call\w*|(?:stop|band) kar\w* (?:ye |yeh |aa )?call|mat karna|call mat\b|mat call|"
        r"(?:remove|delete|take|strike|erase|cut|block|scrub|drop|hatao|nikalo|kadhi|kaadhi|kaad|kadhi|mita\w*|unsubscribe)(?: \w+){0,4} (?:number|name|contact|list|database|data|record)|(?:number|name|contact|naam|list)(?: \w+){0,4} (?:remove|delete|hatao|hata\w*|nikalo|nikaal\w*|kadhi|kaadhi|kadh\w*|mita\w*|out|off|block)|opt(?:ing)? out|unsubscribe|take me off|remove me|delete me|off (?:your|the|this) list|blacklist me|"
        r"do not disturb|dnd|(?:i am|number|hu) (?:\w+ )?(?:on|in|under|pe|par|ma) dnd|no (?:more )?(?:calls|phone calls|call) (?:please|from|again|any\s?more|to)|lose (?:my|this) number|forget (?:my|this) number|(?:pareshan|pareshaan|disturb|tang|heran) (?:mat|na|karna band|nahi|karo mat|karvanu)|not (?:to )?(?:be )?(?:called|contacted)|kripya (?:mujhe )?call na|consent (?:withdraw\w*|wapas|revok\w*|nahi)|(?:withdraw|revoke) (?:\w+ )?consent|call (?:nahi|na) (?:aana|aani|aavvo|aavo|aavva|aavu|aana) (?:chahiye|joi\w*))\b"
    ),
    "abusive": re.compile(
        r"\b(?:idiot\w*|stupid\w*|moron\w*|bastard\w*|rascal\w*|scoundrel\w*|bloody (?!good|expensive|high|hot)\w+|shut up|f+u+c+k\w*|bull ?shit|shit\w*|asshole\w*|ass ?hole|dumb\w*|duffer\w*|nonsense (?:people|fellow|company|man|woman|machine|bot)|fool(?:s|ish people)?|loser\w*|get lost|go to hell|piece of (?:shit|garbage|junk|trash|crap)|useless (?:fellow|people|machine|bot|thing|woman|man|idiot\w*)|"
        r"gadh[ea]\w*|gadha|gadhedo|gadheda\w*|kutt?[ae]\w*|kutra\w*|kutte|kamin[ae]\w*|haram\w*|saal[ae] (?!bad|mein|ke|tak|pehle|baad)\w*|saale|sale kut\w*|bewakoof\w*|bevkuf\w*|bevakuf\w*|bewkuf\w*|bewaquf\w*|ullu\w*|chutiya\w*|chutiy\w*|madar ?chod\w*|behen ?chod\w*|bhen ?chod\w*|bhosd\w*|gand\w?u\w*|badtam\w*|badtmiz\w*|nalayak\w*|nikamm\w*|bakwas (?:band|mat)|bakwaas (?:band|mat|stop)|bakwas stop|chor (?:ho|log|hai|sale|cho|chho)|choro|thieves|cheats?|chors|fraud (?:people|log|company|ho)|you fraud\w*|you liar|liars?|kameen\w*|tameez nahi|dimaag kharab|dimag kharab|dimag nahi|pagal (?:ho|hai|chho|cho|log|aadmi)|paagal (?:ho|hai|chho|log)|mental (?:ho|hai)|bhag (?:ja|yaha|yahan)|bhaag (?:ja|yaha|yahan)|dafa ho|dafaa ho|chal hat|nikal yaha|jahannum|akkal (?:nahi|vagar|nathi)|akal nahi|buddhi vagar\w*|nafat\w*|nalaik|dobi|halkat\w*|besharam\w*|sharam nahi|mooh band|muh band|monkey\w*|donkey\w*|pig|swine|crook\w*|gawar|ganwar|jahil|jaahil|luchch\w*|lucch\w*|tatti|garbage people|khoti\w*|moorkh\w*|murkh\w*|mur?akh\w*)\b"
    ),
    "wants_human": re.compile(
        r"\b(?:(?:real|actual|live|proper|human) (?:person|human|being|agent|people|man|someone)|human(?: being)?\b(?! error)|(?:talk|speak|connect|transfer|put|give|pass|hand|baat|vaat|jod\w*|milao|mila\w*|want|let me|get me|ask|need)(?: \w+){0,5} (?:person|human|manager|executive|someone|somebody|senior|supervisor|agent|representative|colleague|sales (?:person|man|team|guy|head|manager)|salesperson|salesman|staff|owner|director|boss|team|expert|advisor|adviser|rm|admi|legal|head)|"
        r"(?:manager|senior|executive|person|sales (?:person|team|manager|wale|wala|vala|head)|team|owner|legal wale|staff|kisi aadmi|koi aadmi|koi manas|boss|representative|sir|madam|ben|bhai)(?: \w+){0,3} (?:se|sathe|ko|ne|thi)(?: \w+){0,2} (?:baat|vaat|connect|jod\w*|mila\w*|call|do|bolo|bulao|line|transfer)|kisi (?:person|aadmi|senior|bande|banda|insaan|asli|samajhdar|jimmedar) (?:se|ko|ka)|(?:machine|robot|bot|computer|ai|recording|recorded)(?: \w+){0,2} (?:se|sathe|to|with)(?: \w+)? (?:nahi|no|not|baat nahi|vaat nahi)|(?:not|nahi|do not)(?: \w+){0,4} (?:machine|robot|bot|computer|recording)|person (?:se|sathe|ko|ne|joiye|chahiye|ke saath)|koi (?:person|aadmi|manas|sachu manas) (?:ne|ko|sathe|se|jode|joi\w*|chahiye)|"
        r"have (?:your |the |a |some )?(?:\w+ )?(?:manager|person|executive|someone|somebody|human|colleague|sales\w*|team)(?: \w+){0,3} (?:call|ring|phone|contact|speak|explain)|(?:your|the|a|some) (?:\w+ )?(?:manager|executive|person|senior|human|sales\w*) (?:should |can |must |to |please |will )?(?:call|ring|phone|explain|contact|talk)|someone (?:senior|real|human|who)|put me through|transfer (?:me|the call|this|karo|kar)|connect (?:me|karo|kar do|kara|karavo|karwa)|manager (?:ko|se|ne|sathe|do|please|bulao|chahiye|joi\w*)|in person (?:talk|se)|senior (?:ko|se|ne|sathe|do)|kisi (?:aur|jaankar|jankar|expert) (?:se|ko))\b"
    ),
    "wrong_number": re.compile(
        r"\b(?:wrong (?:number|person|no|party|call|guy|man)|galat (?:number|jagah|aadmi|person|call|no|vyakti)|number (?:galat|wrong|khoto|khotu)|raang nambar|not (?:me|my name|the person|that person|mr|mrs|him|her|ms|dr)\b(?=.*\b(?:number|name|here|know|call\w*|wrong|person)|$)|no (?:one|body) (?:here )?(?:by|of|with|named|called|is) (?:\w+ ){0,3}?(?:name|that|here)|nobody (?:by|of|here|named|called) |no \w+ (?:here|at this number|lives here|stays here)|i am not (?:mr|mrs|ms|miss|dr|that|the)\b|(?:yahan|yaha|idhar|ahi|ahiya|ahiyan|ahin|aahi) (?:koi|aisa|aavu|evu|kono|kon|koi aisa|koy)(?: \w+){0,3} (?:nahi|na)\b|(?:koi|kono) \w+ (?:nahi (?:hai|rehta|rehti|he|chhe)|naam|nahi rahta)|is naam (?:ka|ki|ke)|aa naam|e naam|aisa koi nahi|not my name|had this number before|this is not \w+'?s? (?:number|phone)|i (?:did not|never|have not) (?:enquir\w*|fill\w*|register\w*|ask\w*|gave|give)(?=.*\b(?:number|name|wrong)\b)|you have (?:dialled|dialed|got) (?:the )?wrong|khoto number|khotu number|main(?: \w+){0,2} nahi (?:hoon|hun|hu) (?:bhai|galat|ji)|do not know any \w+|kisi aur ka number|number (?:kisi|koi) (?:aur|bija)|bija koi(?:k)? no number|this number (?:belongs|is) (?:to )?(?:someone|somebody|other|mine now))\b"
    ),
    "already_bought": re.compile(
        r"\b(?:(?:i|we|have|already|has|just|husband|wife|father) (?:\w+ ){0,4}(?:bought|booked|purchased|finali[sz]ed|closed|taken|got|book|buy) (?!a (?:loan|brochure)|the (?:brochure|message|call|details|exam)|your|it,|this number|tomorrow|visit|enquir)(?:\w+ ){0,4}?(?:one|flat|home|house|another|elsewhere|somewhere|villa|plot|shop|office|in|with|other|last|already|apartment|property|place|it|from|from another|2 bhk|3 bhk|unit|resale)|already (?:bought|booked|purchased|book|buy|done|taken|finali[sz]ed|le (?:liya|chuk)|kharid\w*|khareed\w*|lai lidhu|registered|own one now)|bought (?:one|already|elsewhere|another|somewhere|a)|(?:token|advance|booking)(?: \w+){0,2} (?:given|paid|de diya|de di|diya|ho gaya|ho gayi|aapi|apai)|gave (?:the )?(?:token|advance|booking)|"
        r"(?:le liya|le li|le chuke|le chuka|khareed (?:liya|li|chuk\w*|lidh\w*|kari lidhu)|kharid (?:liya|li|chuk\w*)|book (?:kar (?:liya|di|diya|chuk\w*|li)|ho (?:gaya|gayi)|karva didh\w*|kari (?:didhu|lidhu|didho|lidho|nakhyu)|karavi lidh\w*|kara (?:liya|li|chuk\w*)|karwa (?:liya|li))|le (?:liya|li) hai|lai lidh\w*|lai lidho|lai lidhu|lidhu chhe|lidho chhe|lai chukya|lidhelu|levai gay\w*|lai nakhy\w*|registry (?:bhi )?(?:ho|kar)|final kar (?:liya|diya|chuk)|final (?:ho gaya|thai gay\w*)|deal (?:done|ho gay|close|pakki|thai)|saudo thai|thai gayu (?:book|lai)|talash khatam|mil gaya (?:ghar|flat|plot)|ghar le (?:liya|li)|(?:flat|ghar|plot|makaan|villa|shop|office|property) (?:le (?:liya|li|chuk\w*)|khareed|mil gaya)))\b"
    ),
    "not_interested": re.compile(
        r"\b(?:not (?:really |at all |that |very |so )?interested|no (?:longer )?interest(?:ed)?\b(?! rate)|no more interested|interest(?:ed)? (?:bilkul |hi |j |koi )?(?:nahi|no)\b|(?:koi|bilkul|mujhe|zara bhi) interest (?:nahi|hi nahi)|(?:do not|did not|dont) (?:want|need|require) (?:\w+ ){0,2}?(?:any|it|a flat|flat|plot|villa|house|home|property|this|now|anything|shop|office|apartment|to buy)|(?:nahi|nai) (?:chahiye|lene|khareed\w*|joi\w*)|(?:ghar|flat|plot|villa|shop|office|kuch|kuchh|property|kai|kashu|kasu|makaan|bilkul|mujhe|mane|hame|humko|amare|zaroorat|jarurat|jarur|requirement|abhi) (?:bhi )?nahi (?:chahiye|lene|khareed\w*|hai|joi\w*|chhe|levi|rahi|che|he|padi)(?! (?:kya|pata|samajh|socha|decide|tay|fix|nakki))(?=$| [.,!]| \w+)|chahiye (?:hi |j )?nahi|nahi chahiye|zaroorat (?:nahi|khatam)|jarur nahi|jarurat nahi|not (?:looking|buying|planning to buy|in the market|required|needed|purchasing)|no (?:need|requirement|plans? (?:to|of) buy\w*|thank\w*)|not (?:any ?more|now,? leave)|leave it|plan (?:cancel|drop|chhod|chod|badal|khatam|postpone|dropped|band|nathi have)\w*|dropped (?:the|my|our) (?:plan|idea)|(?:idea|plan) (?:\w+ )?(?:dropped|drop|cancel\w*|chhod diya|chod diya|khatam|shelved)|cancel (?:karo|kar do|it|kar dijiye|kari)|(?:ab|have) (?:nahi|rehne) (?:hai|do|chahiye|lene|de|joi\w*|levu)|rehne (?:do|dijiye|de)|rehva (?:do|dyo|de)|i (?:will )?pass|moved on|no , i am not(?= [.,]|$)|changed (?:my|our) mind|we are selling|not for (?:me|us)|chhodo|chodo|ab zaroorat|mood nahi|man nahi|vichar (?:nahi|badlay\w*|mandi val\w*|padto mukyo)|(?:levu|lene|leva|khareedna) (?:j |hi )?nahi|nahi lena|nahi levu|shelved|out of (?:the )?market|settled (?:abroad|in))\b"
    ),
    "busy": re.compile(
        r"\b(?:busy|driving|drive kar\w*|driv\w*|(?:gaadi|gadi|bike|car|scooter) (?:chal\w*|par|pe|mein|ma|me)|in (?:a |the |another )?(?:meeting|train|bus|metro|hospital|class|temple|office|traffic|court|cinema|movie|theatre|flight|library|gym|operation|surgery|interview|funeral|function|wedding|market|lift|prayer|exam|conference|queue|middle of|shower|auto|cab|car|bank)|at (?:work|a wedding|the (?:hospital|airport|temple|doctor|gym|bank|dentist|station|hairdresser)|a (?:funeral|function|hospital)|hospital|airport|office)|meeting (?:mein|me|ma|chal|chalu|hai|chhe)|can not (?:talk|speak|hear|take)(?! to (?:you|a))|not (?:a )?(?:good|right|convenient) time|bad time|(?:baad|pachhi|thodi der) (?:mein |me |ma |baad )?(?:\w+ )?(?:call|baat|vaat|kar\w*|phone|fari)|later|not now|abhi nahi|call (?:me |you )?(?:later|back|baad)|some other time|another time|(?:abhi|hamna|filhal|atyare) (?:\w+ ){0,3}(?:nahi|busy|baat nahi|vaat nahi|kaam|time nahi|samay nahi|meeting|office|train|class|gaadi|hospital)|time nahi|samay nahi|no time|baby|(?:train|bus|class|hospital|mandir|temple|flight|shaadi|puja|pooja|court|office|bank|market|lift|metro|dawakhana|davakhana|lagna|bazaar|kitchen|rasode|rasoda|rasoi|lecture|school|factory|site|fatak|airport) (?:mein|me|ma|par|pe|men|e) (?:hoon|hun|hu|hai|chhu|chhe|chu|che|baith\w*|khad\w*|chhie|aavel\w*|aay\w*|fas\w*|h|rah\w*)|kaam (?:kar|mein|me|ma|chal|chalu|che|chhe|par)|(?:voice|aawaz|awaz|avaj|avaaj|awaaz|avaz|network|line|aavaj|signal) (?:is |bahut |barabar |saaf |to )?(?:cut\w*|kat|kharab|break\w*|nahi|poor|weak|bad|jaay|tut\w*)|cutting|breaking up|khana kha\w*|jam rah\w*|jamva|so raha|so rahi|neend|sleeping|asleep|slept|eating|having (?:lunch|dinner|breakfast)|half asleep|cooking|guests?|mehmaan|mehman|doctor ke|patients?|between (?:patients|classes|meetings)|on another call|other (?:call|line)|dusri (?:call|line)|bija call|rush\w*|about to (?:board|leave)|boarding|nikal raha|nikal rahi|hang up now|ek minute ruk|kaam (?:ma|mein) chhu)\b"
    ),
    "other": re.compile(
        r"\b(?:(?:i am|hum|main|we are|hu|ame|am|this is|i'm|me|myself) (?:\w+ ){0,4}(?:broker|dealer|agent|channel partner|property dealer|consultant|realtor|journalist|reporter|builder|developer|competitor|dalal|press|maid|servant|driver|watchman|student|cook|nanny|receptionist|guard|security)|(?:broker|dealer|dalal|channel partner|property consultant|property dealer)(?: hoon| hun| hu| chhu| chu| hai| se| ka| here| bol\w*| thi)|reporter|journalist|newspaper|brokerage|commission (?:kitn\w*|ketl\w*|how|what|do|milega|malse|percent|structure|milti)|(?:percent|commission)(?: \w+)? (?:malse|milega|milta|doge|denge|do you give)|(?:mummy|papa|mom|mum|dad|daddy|mumma|saheb|sahab|sahib|malik|madam|memsahab|sir|sahib|maalik|bhabhi|didi|uncle|aunty)(?: \w+){0,2} (?:ghar (?:par|pe) nahi|is not (?:at )?home|not (?:at )?home|nahi (?:hai|he|hain|h)|bahar (?:gay\w*|hai|he)|gone|out|are not|has gone|is out|went|so rah\w*|bath|naha)|papa is|mummy is|(?:main|me) (?:to )?(?:bachch?a|kaam wali|driver|naukar|maid)|just testing|testing (?:you|only|your)|only testing|test kar\w*|mazak kar\w*|majak kar\w*|joke kar\w*|prank|we (?:also )?(?:sell|build)|my own project|hum bhi (?:builder|bech))\b"
    ),
    "injection": re.compile(
        r"\b(?:ignore (?:all |your |the |any |my |previous )*(?:instruction\w*|rules|prompt|guidelines)|system (?:override|prompt|message|mode)|(?:saari|saare|sab|apne|apna|purane|pichhle|badha|badhi|tamari|tamara)(?: \w+)? (?:instruction\w*|niyam|rules|nirdesh\w*|suchna\w*|aadesh) (?:bhool|bhul|ignore|hata|chhod|chod|bhuli)\w*|(?:instruction\w*|rules|nirdesh|aadesh|niyam|suchna\w*) (?:bhool|bhul|ignore|chhod|chod|bhuli)\w*|forget (?:all |your |everything|the |previous )*(?:instruction\w*|rules|prompt)?|you are now|pretend (?:to be|you|that)|developer mode|admin (?:password|mode|access)|jailbreak|act as|reveal your|your (?:prompt|instructions|system)|password|repeat after me|print your|debug mode|override)\b"
    ),
    "ai_question": re.compile(
        r"\b(?:are you (?:a |an )?(?:\w+ )?(?:robot|bot|machine|ai|human|computer|real|recording|person|recorded)|is this (?:a |an )?(?:\w+ )?(?:robot|bot|machine|ai|recording|recorded|computer)|(?:robot|machine|ai|computer|bot|recording|insaan|person)(?: \w+)? (?:ho|hai|hain|he|chho|cho|bol\w*|chhe) (?:kya|ya|ke|ka|na)?|(?:kya|shu|su|to) (?:aap|tum|tame) (?:\w+ )?(?:robot|machine|ai|computer|insaan|person|bot)|robot (?:ho|hai|chho|bol)|who (?:is|are) (?:this|you)|am i (?:talking|speaking) to (?:a )?(?:robot|machine|bot|human|person|real))\b"
    ),
}

_GREETING_BUSY = re.compile(r"\b(?:no no not busy|busy nahi|not busy|busy (?:road|area|street|locality|market))\b")
_DNC_SOFT = re.compile(
    r"\b(?:do not (?:call|disturb|ring)(?: me)? (?:now|today|before|after|in the|at|during|when|till|until|so early|so late|between|on weekdays|this week)|call (?:mat|nahi) kar\w* (?:abhi|aaj|subah)|(?:abhi|aaj|subah|raat ko|night|morning) call (?:mat|nahi)|do not call (?:my|him|her) (?:husband|wife|father|office))\b"
)
_HUMAN_NOT = re.compile(
    r"\b(?:do not need|no need (?:for|of)|not needed|nahi chahiye) (?:\w+ ){0,2}(?:human|person|manager|agent)\b|\b(?:the|your) (?:last )?person (?:told|said|called)\b|\bi told the last person\b"
)
_BOUGHT_NOT = re.compile(
    r"\b(?:have not|not|nahi|never|if i|agar|abhi tak|haven't|before i|years? ago|year pehle)(?: \w+){0,3} (?:bought|booked|book|buy|le liya|khareed|lidhu)\b|\bwill (?:book|buy)\b|\b(?:friend|dost|brother|neighbour|bhai|uncle|colleague|mitra|cousin|sister)\w*(?: \w+){0,4} (?:bought|booked|le liya|li hai|khareed\w*|lidhu|lidho)\b|\bto (?:book|buy)\b"
)
_REFUSAL_NOT = re.compile(
    r"\b(?:not interested in (?:villa|plot|resale|ground|\d|flat,|the \w+ (?:one|floor|tower))|investment nahi|(?:kiraye|rent|loan|villa|plot|ground floor|apartment|flat|floor|parking|\d bhk|duplex|resale) (?:\w+ )?nahi chahiye (?:\w+ )*[.,]? ?\w+ (?:hi |j )?chahiye)\b"
)


def acts(text: str) -> set[str]:
    """Names of the acts that a normalised lead's turn contains."""
    found = {name for name, pattern in PATTERNS.items() if pattern.search(text)}
    if "busy" in found and _GREETING_BUSY.search(text):
        found.discard("busy")
    if "do_not_call" in found and _DNC_SOFT.search(text):
        found.discard("do_not_call")
    if "wants_human" in found and (
        _HUMAN_NOT.search(text)
        or (
            "ai_question" in found
            and not re.search(
                r"\b(?:talk|speak|connect|give|want|put|transfer|baat|vaat|jod\w*|manager|senior|need)\b", text
            )
        )
    ):
        found.discard("wants_human")
    if "already_bought" in found and _BOUGHT_NOT.search(text):
        found.discard("already_bought")
    if "not_interested" in found and _REFUSAL_NOT.search(text):
        found.discard("not_interested")
    return found


OBJECTIONS: dict[str, re.Pattern[str]] = {
    "price": re.compile(
        r"\b(?:too (?:much|high|costly|expensive)|expensive|costly|mehenga|mahanga|mehanga|mahenga|mongh\w*|zyada (?:hai|bol)|jyada (?:hai|chhe)|beyond (?:me|my|our|us)|out of (?:my )?budget|can not afford)\b"
    ),
    "location": re.compile(
        r"\b(?:too far|far (?:away|from)|bahut door|door hai|dur chhe|jungle|outskirts|location (?:bahut|is not|not good))\b"
    ),
    "loan": re.compile(
        r"\b(?:loan (?:ka )?(?:tension|problem|issue|reject\w*|nahi)|rejected my loan|cibil|civil score|emi (?:zyada|too))\b"
    ),
    "family": re.compile(
        r"\b(?:(?:wife|husband|family|father|parents?) (?:se |ne |ko )?(?:puch\w*|pooch\w*|decid\w*|takes|ask)|ask my (?:wife|husband|family|father)|talk to (?:my )?(?:wife|husband|her|him))\b"
    ),
    "trust": re.compile(
        r"\b(?:fraud|delay\w*|court case|builder (?:bhag|ran|reputation)|rera (?:nahi|not)|not trust|bharosa)\b"
    ),
    "possession": re.compile(
        r"\b(?:possession (?:too )?late|under construction nahi|want ready|ready (?:chahiye|only)|too long)\b"
    ),
}
