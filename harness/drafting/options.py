"""A row's answers to choose from, in columns of their own or in a list, and which one it calls right."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from harness.columns import choice_label
from harness.drafting.names import usual
from harness.drafting.telling import without_telling
from harness.drafting.values import (
    plain_text,
)
from harness.metrics.choices import Choice, choices_of
from harness.metrics.label_sets import split_labels
from harness.metrics.normalisation import label, normalise
from harness.records import Example

LETTERS = "ABCDEFGHIJ"  # of choices, and so the most of them
_TEXT_KEYS = ("text", "content", "value", "choice", "option", "answer", "body", "description")
_LABEL_KEYS = ("label", "id", "key", "letter", "index")  # of a choice that is an object
_LETTERS = re.compile(f"[{LETTERS}]+")
_MARKED = re.compile(r"[(\[]?([^\W\d_]|\d)[)\].:]*")  # 'b)', '(c)', '2.'


@dataclass(frozen=True, slots=True)
class Options:
    """Where the choices of a row stand, and how its answer names one."""

    columns: tuple[str, ...]  # one a choice, or one with all of them in a list
    target: str
    first_index: int = 0  # the number of the first choice, where the answer is a number
    is_index: bool = False  # a number says the place, also where a choice is that number
    flag: str = ""  # the key that is true of the right choice, where choices are objects; then `target` is their column
    marks: tuple[str, ...] = ()  # letters of another alphabet that tell the columns apart
    others: tuple["Options", ...] = ()  # by further columns that say the right choice
    has_several: bool = False  # rows call several choices right
    has_flags: bool = False  # a row's answer is a list of flags, one a choice: true or 1 of those that are right

    def of(self, cells: dict[str, Any]) -> list[str]:
        """Return the texts of a row's choices.

        Raises:
            ValueError: If there are fewer than two.
        """
        texts = [text for text in self.texts(cells) if text]
        if len(texts) < 2:
            raise ValueError(f"'{self.columns[0]}' has fewer than two answers to choose from; fix or remove the row")
        return texts

    def texts(self, cells: dict[str, Any]) -> list[str]:
        """Return the texts of all places, '' where a row has no choice there."""
        if len(self.columns) > 1:
            return [plain_text(cells.get(name)).strip() for name in self.columns]
        return [text.strip() for text in listed(cells.get(self.columns[0])) or []]

    def right(self, cells: dict[str, Any]) -> str:
        """Return the letter of the choice that a row calls right; of several all, with commas between them.

        Raises:
            ValueError: If it names none of them, or its columns name different ones.
        """
        if self.has_flags:
            return ", ".join(self._letter(cells, at) for at in self._flagged_places(cells))
        if self.has_several:
            one = replace(self, has_several=False)
            named = {one.right({**cells, self.target: part}) for part in named_in(cells.get(self.target)) or [""]}
            return ", ".join(sorted(named))
        place = self.place(cells)
        if place is None:
            said = f"'{self.target}' is '{self._answer(cells)}', none of the {len(self.of(cells))} answers"
            raise ValueError(f"{said} to choose from; fix or remove the row")
        for other in self.others:
            if other.place(cells) not in (None, place):
                said = f"'{self.target}' is '{self._answer(cells)}', and '{other.target}' is '{other._answer(cells)}'"
                raise ValueError(f"{said}: they are different answers to choose from; fix or remove the row")
        return self._letter(cells, place)

    def _letter(self, cells: dict[str, Any], place: int) -> str:
        return chr(ord("A") + sum(map(bool, self.texts(cells)[:place])))  # empty ones are not shown

    def _flagged_places(self, cells: dict[str, Any]) -> list[int]:
        """Return the places of the choices that a list of flags calls right; it may leave out choices that are empty.

        Raises:
            ValueError: If it has another length than the choices, or calls none right.
        """
        texts, flags = self.texts(cells), cells.get(self.target)
        places = [at for at, text in enumerate(texts) if text or are_flags(flags, len(texts))]
        if not are_flags(flags, len(places)):
            said = f"'{self.target}' has no flag (true or false, 1 or 0) for each of the {len(self.of(cells))} answers"
            raise ValueError(f"{said} to choose from; fix or remove the row")
        right = [at for at, flag in zip(places, flags, strict=True) if flag and texts[at]]
        if not right:
            raise ValueError(f"'{self.target}' marks no answer as right; fix or remove the row")
        return right

    def place(self, cells: dict[str, Any]) -> int | None:
        """Return the place of the choice that a row calls right; None where it names none of them.

        Raises:
            ValueError: If a row has fewer than two choices, or calls several right.
        """
        self.of(cells)
        if self.has_flags:
            places = self._flagged_places(cells)
            return places[0] if len(places) == 1 else None
        texts, labels = self.texts(cells), labels_in(cells.get(self.columns[0]))
        place = self._flagged(cells) if self.flag else self._place(self._answer(cells), texts, labels)
        return place if place is not None and 0 <= place < len(texts) and texts[place] else None

    def _answer(self, cells: dict[str, Any]) -> str:
        return plain_text(cells.get(self.target)).strip()

    def _flagged(self, cells: dict[str, Any]) -> int:
        found = flagged(cells.get(self.columns[0]), self.flag)
        if len(found) != 1:
            raise ValueError(f"'{self.flag}' is true of {len(found)} answers to choose from; fix or remove the row")
        return found[0]

    def _place(self, answer: str, texts: Sequence[str], labels: Sequence[str]) -> int | None:
        if answer in labels:
            return labels.index(answer)
        if self.is_index and is_whole_number(bare_answer(answer)):
            return int(bare_answer(answer)) - self.first_index
        if answer in texts:
            return texts.index(answer)
        named = [
            at for at, name in enumerate(self.columns) if len(self.columns) > 1 and name.casefold() == answer.casefold()
        ]
        if named:
            return named[0]
        if (place := place_of_both(answer, texts)) is not None:
            return place
        answer = bare_answer(answer)
        if answer.casefold() in self.marks:
            return self.marks.index(answer.casefold())
        if is_whole_number(answer):
            return int(answer) - self.first_index
        is_letter = len(answer) == 1 and answer.isascii() and answer.isalpha()
        return ord(answer.upper()) - ord("A") if is_letter else None


def unlettered(texts: Sequence[str]) -> Sequence[str]:
    """Return a row's choices without the letters of their places, where all of them begin so."""
    mark = r"(?:[)\]]\s*|[.:]\s+)(?=\S)"
    found = [re.match(rf"[(\[]?{chr(ord('A') + at)}{mark}", text, re.IGNORECASE) for at, text in enumerate(texts)]
    return [text[match.end() :] for text, match in zip(texts, found, strict=True) if match] if all(found) else texts


def named_in(value: Any) -> list[str]:
    """Return the choices that a cell names: a list's items, the letters of 'ACD', or what commas separate."""
    if isinstance(value, list):
        return [plain_text(one).strip() for one in value]
    text = plain_text(value).strip()
    if _LETTERS.fullmatch(text) and list(text) == sorted(set(text)):
        return list(text)
    return [part.strip() for part in split_labels(text) if part.strip()]


def place_of_both(answer: str, texts: Sequence[str]) -> int | None:
    """Return the place of the choice whose letter or number and text an answer gives, as 'B. Oder' does."""
    for at, text in enumerate(texts):
        if text and len(answer) > len(text) and answer.casefold().endswith(text.casefold()):
            before = answer[: -len(text)]
            mark = bare_answer(before.rstrip(" \t\n-\u2013\u2014)].:"))
            if before[-1].isalnum():
                continue
            if mark.upper() == chr(ord("A") + at) or mark in (str(at), str(at + 1)):
                return at
    return None


def is_choice_with_text(item: Example) -> bool:
    """Whether an answer is the letter or number of a choice that its question lists, with the choice's text behind."""
    choices = choices_of(item)
    place = place_of_both(item.target, list(choices.values()))
    return place is not None and Choice().score(list(choices)[place], item).value == 1  # the metric reads it so


def names_choice(item: Example) -> bool:
    """Whether an answer names a choice that its question lists, by its letter or number, its text, or both."""
    is_label = label(item.target).rstrip(")].:") in choices_of(item)
    return is_label or is_choice_with_text(item) or is_text_of_choice(item)


def is_text_of_choice(item: Example) -> bool:
    """Whether an answer is the text of a choice that its question lists."""
    return normalise(item.target) in map(normalise, choices_of(item).values())


def listed(value: Any) -> list[str] | None:
    """Return the choices of one cell: a list of texts, or an object with one under 'text'."""
    if isinstance(value, dict) and _is_lettered(value):
        return [plain_text(one) for one in value.values()]
    if isinstance(value, dict):
        value = next((value[key] for key in ("text", "texts", "choices") if isinstance(value.get(key), list)), None)
    return [_text_of_choice(one) for one in value] if isinstance(value, list) else None


def _text_of_choice(value: Any) -> str:
    """Return the text of a choice; of an object what it says, without its label and what calls it right."""
    if not isinstance(value, dict):
        return plain_text(value)
    said = without_telling(value)
    return plain_text(next((said[key] for key in _TEXT_KEYS if isinstance(said.get(key), str)), said))


def are_flags(value: Any, count: int) -> TypeGuard[list[int]]:
    """Whether a cell is a list of so many flags: true and false, or 1 and 0."""
    return isinstance(value, list) and len(value) == count and all(flag in (0, 1) for flag in value)


def flagged(value: Any, flag: str) -> list[int]:
    """Return the places of the choices that a flag calls right."""
    return [at for at, one in enumerate(value or ()) if isinstance(one, dict) and one.get(flag) in (True, 1)]


def _is_lettered(value: dict[str, Any]) -> bool:
    """Whether an object has a choice under each letter from A on, or number from 0 or 1 on."""
    return len(value) > 1 and any(
        "".join(value).upper() == keys[: len(value)] for keys in (LETTERS, "0123456789", "123456789")
    )


def labels_in(value: Any) -> list[str]:
    """Return the labels that one cell has for its choices: keys, or what stands under 'label'; none of any other."""
    if isinstance(value, dict) and _is_lettered(value):
        return list(value)
    if isinstance(value, list):
        found = [next((one[key] for key in _LABEL_KEYS if key in one), None) for one in value if isinstance(one, dict)]
        return [str(one) for one in found] if len(found) == len(value) and None not in found else []
    labels = value.get("label") if isinstance(value, dict) else None
    return [str(one) for one in labels] if isinstance(labels, list) else []


def bare_answer(answer: str) -> str:
    """Return the letter or number that an answer is, without marks or a word: 'b)', '④', '2.0'; else the text."""
    if is_whole_number(answer.removesuffix(".0")):
        return answer.removesuffix(".0")
    plain = unicodedata.normalize("NFKC", answer)
    marked = _MARKED.fullmatch(plain)
    return marked[1] if marked else choice_label(usual(plain)) or answer


def is_whole_number(answer: str) -> bool:
    """Whether an answer is digits, behind a minus or not."""
    return answer.lstrip("-").isdecimal()
