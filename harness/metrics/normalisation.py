"""The one way in which the metrics look at text: what counts as the same, and what is a token.

`normalise` makes two spellings of one answer equal and keeps every mark that can change a meaning:
minus signs, decimal points, per cent and currency signs, inner hyphens, articles.
"""

import itertools
import re
import unicodedata

# One code point for each mark that keyboards, editors and models write in several ways.
_SAME_MARK = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032", "'"),  # curly and modifier apostrophes, prime
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),  # curly quotes, double prime
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),  # hyphens, en dash, minus sign
        # zero-width space, word joiner, byte-order mark, soft hyphen, direction marks: they show nothing
        **dict.fromkeys("\u200b\u2060\ufeff\u00ad\u200e\u200f", ""),
    }
)
_SENTENCE_MARKS = ".,;:!?\u3002\u3001\u061f\u060c\u061b\u0964"  # Latin, CJK, Arabic, Devanagari
_PAIRS = (
    ("**", "**"), ("*", "*"), ("`", "`"), ('"', '"'), ("'", "'"),
    ("\u00ab", "\u00bb"), ("\u300c", "\u300d"), ("\u300e", "\u300f"), ("\u300a", "\u300b"),
)  # fmt: skip
_OPENING_MARKS = "\u00bf\u00a1"  # Spanish

# Scripts written without spaces between words: a character is a token.
_SPACELESS = re.compile(
    "[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana, Han
    "\U00020000-\U0003ffff]"
)
# These part words wherever they stand, except the first two between digits: 1,500 and 12:30 are one token.
_BREAKS = re.compile(
    r"(?<!\d)[,:]|[,:](?!\d)|[;!?()\[\]{}<>\"\u00ab\u00bb\u2026\u2014\u3001-\u3003\u3008-\u301f\u30fb"
    r"\u061f\u060c\u061b\u0964]"
)
# A word's outer marks; a leading minus or point belongs to a number (-5, .5), a leading # or @ to a name.
_WORD_END = ".,:'*`"
_WORD_START = "'*`\u00bf\u00a1"


def normalise(text: str, *, keep_case: bool = False) -> str:
    """Return the form in which two texts are compared.

    NFKC (but superscripts, subscripts and fractions stay: 10² is not 102), casefold, apostrophes,
    quotes, hyphens and minus signs of one form, white space collapsed, one paired quotation or
    emphasis around the whole and sentence marks at the end removed. '-5', '1.5', 'K-12', '50%', '$5',
    'C#' and 'the' keep every character; a text of marks alone stays as it is. `keep_case` leaves case as it is.
    """
    plain = fold(text, keep_case=keep_case)
    while (stripped := _without_outer_marks(plain)) not in (plain, ""):
        plain = stripped
    return plain


def label(text: str) -> str:
    """Return a class label: the first non-empty line, normalised, without brackets around it."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    plain = normalise(line)
    while len(plain) > 2 and plain[0] + plain[-1] in ("()", "[]", "{}", "<>"):
        plain = normalise(plain[1:-1])
    return plain


def tokens(text: str) -> list[str]:
    """Cut a text into the units that F1, contains and ROUGE count.

    Words are separated by white space and sentence marks, without their outer marks; inner ones stay
    ('-5', '1.5', 'K-12', 'don't'). Chinese, Japanese, Thai, Lao, Khmer and Myanmar give one token a
    character, with its combining marks. Pure punctuation is not a token.
    """
    found: list[str] = []
    for word in _BREAKS.sub(" ", fold(text)).split():
        found.extend(_units(word))
    return found


def fold(text: str, *, keep_case: bool = False) -> str:
    """Return the text with one form for each character, case folded unless `keep_case`, and white space collapsed."""
    parts = itertools.groupby(text, key=_is_raised_or_fraction)
    plain = "".join("".join(run) if is_kept else unicodedata.normalize("NFKC", "".join(run)) for is_kept, run in parts)
    marked = plain.translate(_SAME_MARK)
    folded = marked if keep_case else marked.casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def _is_raised_or_fraction(character: str) -> bool:
    return unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>"))


def _without_outer_marks(text: str) -> str:
    text = text.rstrip(_SENTENCE_MARKS + " ").lstrip(_OPENING_MARKS)
    for start, end in _PAIRS:
        inner = text[len(start) : len(text) - len(end)]
        if text.startswith(start) and text.endswith(end) and inner and start not in inner and end not in inner:
            return inner.strip()
    return text


def _units(word: str) -> list[str]:
    pieces: list[str] = []
    is_run = False  # the last piece is a run of ordinary characters
    for character in word:
        is_mark = unicodedata.category(character).startswith("M")
        is_single = bool(_SPACELESS.match(character)) and not is_mark
        if pieces and (is_mark or (is_run and not is_single)):
            pieces[-1] += character
        else:
            pieces.append(character)
            is_run = not is_single
    bare = (piece.rstrip(_WORD_END).lstrip(_WORD_START) for piece in pieces)
    return [piece for piece in bare if not all(unicodedata.category(c).startswith("P") for c in piece)]
