"""Columns of two languages: then the answers are translations."""

import re
from dataclasses import dataclass

from harness.drafting.names import words_of_name
from harness.drafting.values import Values, distinct

# In a prompt a language's name says more than its code.
LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian",
    "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip
_CODE = re.compile(r"([a-z]{2})(?:[-_][A-Za-z]{2,4})?")
_NAMES = {name.casefold() for name in LANGUAGES.values()}
_SIDES = ({"source", "src"}, {"target", "tgt"})
_SAYING = {"lang", "language", "locale"}


@dataclass(frozen=True, slots=True)
class Translated:
    """Two columns of texts in two languages."""

    languages: tuple[str, str]
    said_in: tuple[str, ...] = ()  # the columns that name them
    is_asked: bool = False  # they differ from row to row, so that the question needs them


def translation_in(rows: Values, question: str, target: str) -> Translated | None:
    """Return the languages of two columns: their own names, or what two others such as `target_lang` say; else None."""
    source, other = (name.rpartition(".")[2] for name in (question, target))
    if source != other and is_language(source) and is_language(other):
        return Translated((source, other))
    names = list(dict.fromkeys(name for row in rows for name in row))
    said_in = [
        name for side in _SIDES for name in names if words_of_name(name) & side and words_of_name(name) & _SAYING
    ]
    said = [distinct(rows, name) for name in said_in]
    if (
        not are_sides(question, target)
        or len(said) != 2
        or not all(said)
        or not all(map(is_language, set.union(*said)))
    ):
        return None
    is_asked = max(map(len, said)) > 1
    source, other = (
        f"the language in {name}" if is_asked else min(own) for name, own in zip(said_in, said, strict=True)
    )
    return Translated((source, other), tuple(said_in), is_asked)


def are_sides(question: str, target: str) -> bool:
    """Whether two columns are called source and target, as those of translations often are."""
    return all(not words_of_name(name).isdisjoint(side) for name, side in zip((question, target), _SIDES, strict=True))


def is_language(name: str) -> bool:
    """Whether a text is the code of a language, or its English name."""
    code = _CODE.fullmatch(name.strip())
    return name.strip().casefold() in _NAMES or (code is not None and code[1] in LANGUAGES)
