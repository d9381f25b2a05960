"""Devanagari to the Latin spelling that people type, so that one set of grammars serves both scripts."""

_CONSONANTS = {
    "क": "k",
    "ख": "kh",
    "ग": "g",
    "घ": "gh",
    "ङ": "n",
    "च": "ch",
    "छ": "chh",
    "ज": "j",
    "झ": "jh",
    "ञ": "n",
    "ट": "t",
    "ठ": "th",
    "ड": "d",
    "ढ": "dh",
    "ण": "n",
    "त": "t",
    "थ": "th",
    "द": "d",
    "ध": "dh",
    "न": "n",
    "प": "p",
    "फ": "ph",
    "ब": "b",
    "भ": "bh",
    "म": "m",
    "य": "y",
    "र": "r",
    "ल": "l",
    "व": "v",
    "श": "sh",
    "ष": "sh",
    "स": "s",
    "ह": "h",
    "ळ": "l",
}
_NUKTA = {"क": "k", "ख": "kh", "ग": "g", "ज": "z", "फ": "f", "ड": "d", "ढ": "dh"}
_PRECOMPOSED = {"\u0958": "क़", "\u0959": "ख़", "\u095a": "ग़", "\u095b": "ज़", "\u095c": "ड़", "\u095d": "ढ़", "\u095e": "फ़"}
_VOWELS = {
    "अ": "a",
    "आ": "aa",
    "इ": "i",
    "ई": "i",
    "उ": "u",
    "ऊ": "u",
    "ऋ": "ri",
    "ए": "e",
    "ऐ": "ai",
    "ओ": "o",
    "औ": "au",
    "ऑ": "o",
    "ऍ": "e",
}
_MATRAS = {
    "ा": "aa",
    "ि": "i",
    "ी": "i",
    "ु": "u",
    "ू": "u",
    "ृ": "ri",
    "े": "e",
    "ै": "ai",
    "ो": "o",
    "ौ": "au",
    "ॉ": "o",
    "ॅ": "e",
}
_DIGITS = {chr(0x0966 + digit): str(digit) for digit in range(10)}


def _word(word: str) -> str:
    """One word; schwas that nobody speaks (at the end, and between vowel+consonant and consonant+vowel) go."""
    units: list[list[str]] = []  # [consonants or "", vowel]; the inherent vowel is written "@"
    for char in word:
        if char == "़" and units:
            continue
        if char in _CONSONANTS:
            units.append([_CONSONANTS[char], "@"])
        elif char in _MATRAS and units:
            units[-1][1] = _MATRAS[char]
        elif char == "्" and units:
            units[-1][1] = ""
        elif char in _VOWELS:
            units.append(["", _VOWELS[char]])
        elif char in "ंँ" and units:
            units.append(["n", ""])
        else:
            units.append([_DIGITS.get(char, char if char.isascii() and char.isalnum() else ""), ""])
    if len(units) > 1 and units[-1][1] == "@":
        units[-1][1] = ""
    for at in range(len(units) - 2, 0, -1):
        before, here, after = units[at - 1], units[at], units[at + 1]
        if here[1] == "@" and before[1] != "" and after[0] and after[1]:
            here[1] = ""
    latin = "".join(consonant + ("a" if vowel == "@" else vowel) for consonant, vowel in units)
    return latin.replace("nb", "mb").replace("np", "mp")


def romanise(text: str) -> str:
    """Text with every Devanagari word in Latin letters; anything else is left as it is."""
    for composed, pair in _PRECOMPOSED.items():
        text = text.replace(composed, pair)
    for base, latin in _NUKTA.items():
        if latin == "z":
            text = text.replace(base + "़", base)
    out: list[str] = []
    word: list[str] = []
    for char in text + " ":
        if "\u0900" <= char <= "\u097f" and char not in "।॥":
            word.append(char)
            continue
        if word:
            out.append(_word("".join(word)))
            word = []
        out.append(". " if char in "।॥" else char)
    return "".join(out).strip()
