"""Number words written as digits, where they are all or nearly all that a text says."""

import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_OTHERS = (  # from one to twelve; '-' stands for a word that means something else too
    "eins zwei drei vier f\u00fcnf sechs sieben acht neun zehn elf zw\u00f6lf",
    "un deux trois quatre cinq six sept huit - dix onze douze",
    "uno dos tres cuatro cinco seis siete ocho nueve diez - doce",
)
_VALUES = {word: value for value, word in enumerate(_SMALL)}
_VALUES |= {word: 10 * place for place, word in enumerate(_TENS, 2)}
_VALUES |= {
    f"{ten}{mark}{unit}": _VALUES[ten] + _VALUES[unit] for ten in _TENS for mark in "- " for unit in _SMALL[1:10]
}
_VALUES |= {word: value for words in _OTHERS for value, word in enumerate(words.split(), 1) if word != "-"}
_PARTS = "half halves thirds? quarters? fourths? fifths? tenths? point mil cents? vingts?".split()  # of another number
_NUMBER = re.compile(
    rf"\W*({'|'.join(sorted(_VALUES, key=len, reverse=True))})(?:\s+(?!(?:{'|'.join(_PARTS)})\b)([^\W\d_]+))?\W*"
)


def in_digits(text: str, *, beside: bool = True) -> str:
    """Return a text that says a number word with its digits; any other as it is.

    Args:
        text: In small letters, or not.
        beside: Whether one more word may stand behind it, as in 'twelve eggs'.
    """
    found = _NUMBER.fullmatch(text.lower())
    if found is None or (found[2] and not beside):
        return text
    return f"{_VALUES[found[1]]} {found[2] or ''}".strip()
