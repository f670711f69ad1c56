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
    "zh": "Chinese", "ca": "Catalan", "hr": "Croatian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian",
    "ga": "Irish", "cy": "Welsh", "is": "Icelandic", "eu": "Basque", "gl": "Galician", "fa": "Persian", "ur": "Urdu",
    "bn": "Bengali", "ta": "Tamil", "te": "Telugu", "sw": "Swahili", "ms": "Malay", "la": "Latin",
}  # fmt: skip
# What else files call them: codes of three letters, and names in their own and some other languages.
_OTHERS = {
    "ar": "ara arabisch arabe árabe العربية", "bg": "bul bulgarisch български", "cs": "ces cze tschechisch čeština",
    "da": "dan dänisch dansk", "de": "deu ger deutsch allemand alemán tedesco niemiecki 德语 ドイツ語 독일어",
    "el": "ell gre griechisch ελληνικά", "en": "eng englisch anglais inglés inglese inglês английский angielski "
    "engels engelska 英语 英文 英語 영어", "es": "spa spanisch español espagnol spagnolo espanhol castellano",
    "et": "est", "fi": "fin finnisch suomi", "fr": "fra fre français französisch francés francese francês 法语",
    "gu": "guj", "he": "heb hebräisch עברית", "hi": "hin हिन्दी", "hu": "hun ungarisch magyar", "id": "ind bahasa",
    "it": "ita italienisch italiano italien", "ja": "jpn japanisch japonais japonés 日语 日本語 일본어",
    "ko": "kor koreanisch coréen 韩语 한국어", "lt": "lit", "lv": "lav", "nl": "nld dut niederländisch nederlands",
    "no": "nor nob norwegisch norsk", "pl": "pol polnisch polski", "pt": "por portugiesisch português portugais",
    "ro": "ron rum rumänisch română", "ru": "rus russisch russe ruso русский", "sv": "swe schwedisch svenska",
    "th": "tha ไทย", "tr": "tur türkisch türkçe", "uk": "ukr ukrainisch українська", "vi": "vie",
    "zh": "zho chi chinesisch chinois chino 中文 汉语 中国語 중국어", "ca": "cat català catalán", "hr": "hrv hrvatski",
    "sk": "slk", "sl": "slv", "sr": "srp", "eu": "eus euskara", "gl": "glg galego", "fa": "fas per farsi فارسی",
    "ur": "urd", "bn": "ben", "ta": "tam", "te": "tel", "sw": "swa kiswahili", "la": "lat latein", "cy": "cym",
}  # fmt: skip
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z]{2,4})?")
_NAMES = {name.casefold(): name for name in LANGUAGES.values()} | {
    other: LANGUAGES[code] for code, others in _OTHERS.items() for other in others.split()
}
_LONGEST_CODE = 3  # letters
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


def may_translate(question: str, target: str) -> bool:
    """Whether names let one think of a translation: of two sides, or one of them a language's."""
    names = [name for name in (question, target) if len(name.strip()) > _LONGEST_CODE or not name.isascii()]
    return are_sides(question, target) or any(map(is_language, names))


def is_language(name: str) -> bool:
    """Whether a text is the code of a language or a name of it."""
    return language_in(name) is not None


def language_in(name: str) -> str | None:
    """Return the English name of the language that a text names; None where it names none."""
    plain = name.strip().casefold()
    code = _CODE.fullmatch(plain)
    return _NAMES.get(plain) or (LANGUAGES.get(code[1]) or _NAMES.get(code[1]) if code else None)
