"""Columns whose names differ in one letter, number or word that counts: 'A_text' and 'B_text', 'Вариант А' and 'Б'."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.columns import CHOICE_STEMS

_LETTERS = (
    "a b c d e f g h i j", "а б в г д е ж з", "α β γ δ ε ζ", "א ב ג ד ה ו",
    "أ ب ج د ه و", "ا ب ج د ه و", "أ ب ت ث ج ح", "ا ب ت ث ج ح", "क ख ग घ ङ", "ก ข ค ง จ",
    "甲 乙 丙 丁 戊", "ア イ ウ エ オ", "가 나 다 라 마", "ㄱ ㄴ ㄷ ㄹ ㅁ",
)  # fmt: skip
_NUMBERS = (
    "1 2 3 4 5 6 7 8 9 10", "0 1 2 3 4 5 6 7 8 9", "i ii iii iv v vi", "一 二 三 四 五",
    "one two three four five six", "first second third fourth fifth sixth",
)  # fmt: skip
_SERIES = tuple(tuple(line.split()) for line in (*_LETTERS, *_NUMBERS))
_CHOICE = re.compile(rf"\b(?:{CHOICE_STEMS}|candidate|alternative)s?\b|选项|選項|選択肢|보기|خيار|विकल्प|ตัวเลือก")
_TOKEN = re.compile(r"[a-z]+|\d+|[^\W\da-z_]+")
_GAP = "\ufffc"  # stands for the token that differs, and is in no name


@dataclass(frozen=True, slots=True)
class Siblings:
    """Columns that belong together, in the order that their names count."""

    columns: tuple[str, ...]
    marks: tuple[str, ...] = ()  # letters that tell the columns apart; none where numbers or words do
    are_choices: bool = False  # their names say so


def siblings(names: Sequence[str]) -> list[Siblings]:
    """Return the columns whose names count from the first letter or number on, the most columns first.

    Those that one sign of an unknown alphabet tells apart are siblings too, in the order of the file.
    """
    places: dict[tuple[str, int], dict[int, str]] = defaultdict(dict)
    unknown: dict[str, list[str]] = defaultdict(list)  # columns that one sign tells apart
    for name in names:
        for rest, mark in _marked(name):
            unknown[rest] += [name] * (len(mark) == 1)
            for number, series in enumerate(_SERIES):
                if mark in series:
                    places[rest, number].setdefault(series.index(mark), name)
    found: list[Siblings] = []
    for (rest, number), by_place in places.items():
        columns = tuple(by_place[at] for at in sorted(by_place))
        is_whole = 1 < len(columns) == 1 + max(by_place)
        if is_whole and not any(set(columns) <= set(other.columns) for other in found):
            marks = _SERIES[number][: len(columns)] if number < len(_LETTERS) else ()
            found.append(Siblings(columns, marks, _CHOICE.search(rest.replace("_", " ")) is not None))
    known = {name for one in found for name in one.columns}
    others = [tuple(columns) for columns in unknown.values() if len(columns) > 2 and known.isdisjoint(columns)]
    found += map(Siblings, dict.fromkeys(others))
    return sorted(found, key=lambda one: -len(one.columns))


def _marked(name: str) -> Iterator[tuple[str, str]]:
    """Return what a name may count by: each of its words and numbers, and the last sign of a word, with the rest."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", unicodedata.normalize("NFKC", name.strip())).casefold()
    for found in _TOKEN.finditer(spaced):
        start, end = found.span()
        yield spaced[:start] + _GAP + spaced[end:], found[0]
        if len(found[0]) > 1 and not found[0].isascii():
            yield spaced[: end - 1] + _GAP + spaced[end:], found[0][-1]
