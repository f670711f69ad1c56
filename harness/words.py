"""The words of a text, as texts are compared by them."""

import re
import unicodedata
from collections.abc import Sequence

_UNSEEN = ("Mn", "Mc", "Me", "Cf")  # accents and other marks, joiners
_PUNCTUATION = r""".,;:!?'"`()\[\]{}…‘’“”«»¿¡\-–—。，、！？；：（）「」『』《》【】·"""
# Scripts without spaces between words: each sign counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# How many of their signs are about as long as a word of the others: Thai, Lao, Burmese and Khmer spell words out.
_SIGNS_OF_A_WORD = ((re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"), 4), (re.compile(f"[{_UNSPACED}]"), 2))
_FIRST_UNSPACED = "\u0e00"
# Sentence punctuation is not a word; every other sign is one, as '+' and '<' change what is asked.
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s{_PUNCTUATION}]")


# Scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_SPACELESS_WORD = 2  # characters
_SENTENCE_GAPS = 3  # a text in the mean


def gaps(text: str) -> float:
    """Return how many gaps between words a text has, with those that its script does not write."""
    spaceless = len(_SPACELESS.findall(text))
    return text.strip().count(" ") + max(0, spaceless // _SPACELESS_WORD - 1)


def are_sentences(texts: Sequence[str]) -> bool:
    """Whether texts are sentences that differ from one to the next: content rather than a mark."""
    return len(set(texts)) > len(texts) / 2 and sum(map(gaps, texts)) >= _SENTENCE_GAPS * len(texts) > 0


def words_of(text: str) -> list[str]:
    """Return the words of a text without case, accents, sentence punctuation, width of letters and unseen marks."""
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text)
        kept = (sign for sign in apart if unicodedata.category(sign) not in _UNSEEN)
        text = unicodedata.normalize("NFC", "".join(kept))
    return _WORD.findall(text.casefold())


def length_in_words(words: Sequence[str]) -> float:
    """Return how many words a text has, given its `words_of`: a sign of a script without spaces is a part of one."""
    return sum(1 if word < _FIRST_UNSPACED else _part_of_a_word(word) for word in words)


def _part_of_a_word(word: str) -> float:
    return next((1 / signs for script, signs in _SIGNS_OF_A_WORD if script.match(word)), 1)
