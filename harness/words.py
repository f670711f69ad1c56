"""The words of a text, as texts are compared by them."""

import re
import unicodedata

_UNSEEN = ("Mn", "Mc", "Me", "Cf")  # accents and other marks, joiners
_PUNCTUATION = r""".,;:!?'"`()\[\]{}…‘’“”«»¿¡\-–—。，、！？；：（）「」『』《》【】·"""
# Scripts without spaces between words: each sign counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Sentence punctuation is no word; every other sign is one, as '+' and '<' change what is asked.
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s{_PUNCTUATION}]")


def words_of(text: str) -> list[str]:
    """Return the words of a text without case, accents, sentence punctuation, width of letters and unseen marks."""
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text)
        kept = (sign for sign in apart if unicodedata.category(sign) not in _UNSEEN)
        text = unicodedata.normalize("NFC", "".join(kept))
    return _WORD.findall(text.casefold())
