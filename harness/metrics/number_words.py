"""Number words, written in digits where a text has none."""

import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
# From two to twelve, without words that mean something else too: French 'neuf' (new), English 'once' and 'due'.
_OTHERS = (
    "zwei drei vier f\u00fcnf sechs sieben acht neun zehn elf zw\u00f6lf",
    "deux trois quatre cinq six sept huit - dix onze douze",
    "dos tres cuatro cinco seis siete ocho nueve diez - doce",
    "- tre quattro cinque sei sette otto nove dieci undici dodici",
    "dois três quatro cinco seis sete oito nove dez onze doze",
)
_ALONE = {"one", "ein", "eins", "un", "une", "uno", "una"}  # articles and pronouns, unless nothing else is said
_VALUES = {word: value for value, word in enumerate(_SMALL)}
_VALUES |= {word: 10 * place for place, word in enumerate(_TENS, 2)}
_VALUES |= {
    f"{ten}{mark}{unit}": _VALUES[ten] + _VALUES[unit] for ten in _TENS for mark in "- " for unit in _SMALL[1:10]
}
_VALUES |= {word: value for words in _OTHERS for value, word in enumerate(words.split(), 2) if word != "-"}
_WORDS = re.compile(rf"\b(?:{'|'.join(sorted(_VALUES.keys() - _ALONE, key=len, reverse=True))})\b", flags=re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def in_digits(text: str) -> str:
    """Return a text with its number words as digits; one that has a digit stays as it is."""
    if _DIGIT.search(text):
        return text
    if text.strip(" \t\n.!*\"'").casefold() in _ALONE:
        return "1"
    return _WORDS.sub(lambda match: str(_VALUES[match[0].casefold()]), text)
