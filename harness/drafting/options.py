"""The answers to choose from: in columns of their own or in a list, and which one a row calls right."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from harness.columns import CHOICES, choice_label
from harness.drafting.names import TARGETS, is_choice, shown_name, usual, words_of_name
from harness.drafting.siblings import siblings
from harness.drafting.telling import is_ranking, telling_keys, without_telling
from harness.drafting.values import (
    NEARLY_ALL,
    Values,
    distinct,
    is_empty,
    is_number,
    is_text,
    nesting,
    plain_text,
)
from harness.metrics.choices import Choice, choices_of
from harness.metrics.label_sets import split_labels
from harness.records import Example

_MOST = 10
_TEXT_KEYS = ("text", "content", "value", "choice", "option", "answer", "body", "description")
_LABEL_KEYS = ("label", "id", "key", "letter", "index")  # of a choice that is an object
_MARKED = re.compile(r"[(\[]?([^\W\d_]|\d)[)\].:]*")  # 'b)', '(c)', '2.'
_INDEXING = {"answer", "correct", "label", "gold", "target", "key", "cop", "solution", "best", "right"}


@dataclass(frozen=True, slots=True)
class Options:
    """Where the choices of a row stand, and how its answer names one."""

    columns: tuple[str, ...]  # one a choice, or one with all of them in a list
    target: str
    first_index: int = 0  # the number of the first choice, where the answer is a number
    is_index: bool = False  # a number says the place, also where a choice is that number
    flag: str = ""  # the key that is true of the right choice, where choices are objects; then `target` is their column
    marks: tuple[str, ...] = ()  # letters of another alphabet that tell the columns apart

    def of(self, cells: dict[str, Any]) -> list[str]:
        """Return the texts of a row's choices.

        Raises:
            ValueError: If there are fewer than two.
        """
        texts = [text for text in self._texts(cells) if text]
        if len(texts) < 2:
            raise ValueError(f"'{self.columns[0]}' has fewer than two answers to choose from; fix or remove the row")
        return texts

    def _texts(self, cells: dict[str, Any]) -> list[str]:
        if len(self.columns) > 1:
            return [plain_text(cells.get(name)).strip() for name in self.columns]
        return [text.strip() for text in listed(cells.get(self.columns[0])) or []]

    def right(self, cells: dict[str, Any]) -> str:
        """Return the letter of the choice that a row calls right.

        Raises:
            ValueError: If it names none of them.
        """
        count, texts, answer = len(self.of(cells)), self._texts(cells), plain_text(cells.get(self.target)).strip()
        place = self._flagged(cells) if self.flag else self._place(answer, texts, _labels(cells.get(self.columns[0])))
        if place is None or not 0 <= place < len(texts) or not texts[place]:
            raise ValueError(f"'{self.target}' is '{answer}', none of the {count} answers to choose from")
        return chr(ord("A") + sum(map(bool, texts[:place])))  # empty ones are not shown

    def _flagged(self, cells: dict[str, Any]) -> int:
        flagged = _flagged(cells.get(self.columns[0]), self.flag)
        if len(flagged) != 1:
            raise ValueError(f"'{self.flag}' is true of {len(flagged)} answers to choose from; fix or remove the row")
        return flagged[0]

    def _place(self, answer: str, texts: Sequence[str], labels: Sequence[str]) -> int | None:
        if answer in labels:
            return labels.index(answer)
        if self.is_index and _is_number(_bare(answer)):
            return int(_bare(answer)) - self.first_index
        if answer in texts:
            return texts.index(answer)
        named = [
            at for at, name in enumerate(self.columns) if len(self.columns) > 1 and name.casefold() == answer.casefold()
        ]
        if named:
            return named[0]
        if (place := _place_of_both(answer, texts)) is not None:
            return place
        answer = _bare(answer)
        if answer.casefold() in self.marks:
            return self.marks.index(answer.casefold())
        if _is_number(answer):
            return int(answer) - self.first_index
        is_letter = len(answer) == 1 and answer.isascii() and answer.isalpha()
        return ord(answer.upper()) - ord("A") if is_letter else None


def _place_of_both(answer: str, texts: Sequence[str]) -> int | None:
    """Return the place of the choice whose letter or number and text an answer gives, as 'B. Oder' does."""
    for at, text in enumerate(texts):
        if text and len(answer) > len(text) and answer.casefold().endswith(text.casefold()):
            before = answer[: -len(text)]
            mark = _bare(before.rstrip(" \t\n-\u2013\u2014)].:"))
            if before[-1].isalnum():
                continue
            if mark.upper() == chr(ord("A") + at) or mark in (str(at), str(at + 1)):
                return at
    return None


def is_choice_with_text(item: Example) -> bool:
    """Whether an answer is the letter or number of a choice that its question lists, with the choice's text behind."""
    choices = choices_of(item)
    place = _place_of_both(item.target, list(choices.values()))
    return place is not None and Choice().score(list(choices)[place], item).value == 1  # the metric reads it so


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


def _flagged(value: Any, flag: str) -> list[int]:
    """Return the places of the choices that a flag calls right."""
    return [at for at, one in enumerate(value or ()) if isinstance(one, dict) and one.get(flag) in (True, 1)]


def _is_lettered(value: dict[str, Any]) -> bool:
    """Whether an object has a choice under each letter from A on, or number from 0 or 1 on."""
    return len(value) > 1 and any(
        "".join(value).upper() == keys[: len(value)] for keys in ("ABCDEFGHIJ", "0123456789", "123456789")
    )


def _labels(value: Any) -> list[str]:
    if isinstance(value, dict) and _is_lettered(value):
        return list(value)
    if isinstance(value, list):
        found = [next((one[key] for key in _LABEL_KEYS if key in one), None) for one in value if isinstance(one, dict)]
        return [str(one) for one in found] if len(found) == len(value) and None not in found else []
    labels = value.get("label") if isinstance(value, dict) else None
    return [str(one) for one in labels] if isinstance(labels, list) else []


def listed_answers(rows: Values, names: Sequence[str]) -> Options | None:
    """Return the choices where they stand in lists under 'answers', and another column says which is right."""
    column = next((name for name in names if usual(name) in ("answers", "answer", "choice")), None)
    cells = [row.get(column) for row in rows] if column else []
    if column is None or not all(isinstance(cell, list) and len(cell) > 1 for cell in cells):
        return None
    if flag := _flag_of(rows, column):
        return Options((column,), column, flag=flag)
    likely = [name for name in names if not words_of_name(name).isdisjoint(_INDEXING) and name != column]
    return find_options(rows, (column,), likely, None)


def option_columns(rows: Values, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold choices: several with one each, or one with lists of them; none otherwise."""
    for name in names:
        if usual(name) in CHOICES and all(
            len(listed(row.get(name)) or ()) > 1 for row in rows if not is_empty(row, name)
        ):
            return (name,)
    single = [name for name in names if is_choice(name)]
    stems = {usual(name)[:-1].rstrip("_") for name in single}
    if len(single) > 1 and len(stems) == 1:
        return tuple(sorted(single, key=usual))
    letters = [name for name in names if len(name) == 1 and name.upper() in "ABCDEFGH"]
    return tuple(letters) if len(letters) > 1 and "".join(letters).upper() == "ABCDEFGH"[: len(letters)] else ()


def sibling_options(rows: Values, columns: Sequence[str], names: Sequence[str], asked: str | None) -> Options | None:
    """Return the choices that stand in columns of no known name, where an answer's column names one of them for sure.

    Their names must call them choices, or count by letters as the answers do.

    Args:
        rows: The rows.
        columns: Those that may hold a choice.
        names: Those that may hold the answer.
        asked: The answer's column, where the user names it.
    """
    known = {*TARGETS, *_INDEXING}
    likely = [name for name in names if usual(name) in known or not words_of_name(name).isdisjoint(known)]
    found: list[Options] = []
    for one in siblings([name for name in columns if name != asked]):
        if not _differ(rows, one.columns):
            continue
        options = find_options(rows, one.columns, likely, asked, one.marks)
        said = _answers(rows, options.target) if options else set()
        letters = {answer.casefold() for answer in said if len(answer) == 1 and answer.isalpha()}
        is_mixed = not letters.isdisjoint(one.marks) and not letters <= set(one.marks)
        counts = len(one.columns) > 2 and one.marks and not any(map(_is_number, said))
        if options and not is_mixed and (one.are_choices or counts):
            found.append(options)
    return found[0] if len(found) == 1 else None


def refuse_unused_choices(rows: Values, columns: Sequence[str], target: str, question: str) -> None:
    """Refuse unused columns that may hold the choices whose letters or numbers are the answers.

    Raises:
        ValueError: With the names by which they are read as choices, and the flag that leaves them out.
    """
    groups = siblings(columns)
    texts = distinct(rows, target) if groups else ()
    said = {_bare(part.strip()).casefold() for text in texts for part in split_labels(text)}
    for one in groups:
        count = len(one.columns)
        numbers = [set(map(str, range(start, start + count))) for start in (0, 1)]
        are_letters = len(said) > 1 and (said <= set("abcdefghij"[:count]) or said <= set(one.marks))
        are_signs = all(len(sign) == 1 and sign.isalpha() for sign in said)
        are_places = count == len(said) > 2 and (said in numbers or are_signs)
        are_texts = all(is_text(rows, name) and not is_number(rows, name) for name in one.columns)
        if are_texts and (are_letters or are_places) and _differ(rows, one.columns):
            listed, letters = (", ".join(map(shown_name, names)) for names in (one.columns, "ABCDEFGHIJ"[:count]))
            raise ValueError(
                f"columns {listed} may be the answers to choose from, of which {shown_name(target)} names one: call "
                f"them {letters} if so; if not, name the question's columns, such as --input {quote(question)}"
            )


def _differ(rows: Values, columns: Sequence[str]) -> bool:
    """Whether what columns hold hardly ever repeats in a row: choices differ, and what several people say does not."""
    if any(nesting(rows, name) for name in columns):
        return False
    cells = [[str(row[name]).strip() for name in columns if not is_empty(row, name)] for row in rows]
    return sum(len(set(texts)) == len(texts) for texts in cells) >= NEARLY_ALL * len(rows)


def find_options(
    rows: Values, columns: Sequence[str], names: Sequence[str], asked: str | None, marks: tuple[str, ...] = ()
) -> Options | None:
    """Return the choices with the column that says which is right; None where no column does, or several may."""
    if not columns:
        return None
    asking = [name for name in ([asked] if asked else names) if name not in columns]
    likely = [name for name in asking if _points(rows, columns, name, marks)]
    named = [name for name in likely if not words_of_name(name).isdisjoint(_INDEXING)]
    found = [
        Options(
            tuple(columns),
            name,
            int(_counts_from_one(_answers(rows, name))),
            _are_places(rows, tuple(columns), name),
            marks=marks,
        )
        for name in named or likely
    ]
    if not found and len(columns) == 1 and asked in (None, columns[0]) and (flag := _flag_of(rows, columns[0])):
        return Options(tuple(columns), columns[0], flag=flag)
    return found[0] if found and all(_agree(rows, found[0], other) for other in found[1:]) else None


def _flag_of(rows: Values, name: str) -> str:
    """Return the key that is true of one choice in nearly every row; '' where choices have none."""
    cells = [row[name] for row in rows if isinstance(row.get(name), list)]
    for key in telling_keys(rows, name):
        if is_ranking(rows, name, key):
            continue
        if cells and sum(len(_flagged(cell, key)) == 1 for cell in cells) >= NEARLY_ALL * len(cells):
            return key
    return ""


def _answers(rows: Values, name: str) -> set[str]:
    return {_bare(plain_text(row[name]).strip()) for row in rows if not is_empty(row, name)}


def _bare(answer: str) -> str:
    """Return the letter or number that an answer is, without marks or a word: 'b)', '④', 'Option 2'; else the text."""
    if _is_number(answer):
        return answer
    plain = unicodedata.normalize("NFKC", answer)
    marked = _MARKED.fullmatch(plain)
    return marked[1] if marked else choice_label(usual(plain)) or answer


def _is_number(answer: str) -> bool:
    return answer.lstrip("-").isdecimal()


def _are_places(rows: Values, columns: tuple[str, ...], name: str) -> bool:
    """Whether a column's numbers say places, and not the texts of choices that are numbers themselves."""
    options, in_texts = Options(columns, name), True
    for row in rows:
        answer, texts = plain_text(row.get(name)).strip(), options._texts(row)
        if is_empty(row, name):
            continue
        if not _is_number(_bare(answer)) or int(_bare(answer)) > len(texts):
            return False
        in_texts = in_texts and answer in texts
    return not in_texts or all(isinstance(row.get(name), int | float) for row in rows if not is_empty(row, name))


def _agree(rows: Values, one: Options, other: Options) -> bool:
    """Whether two columns call the same choices right, as where one has the letter and one the text."""
    for row in rows:
        try:
            if one.right(row) != other.right(row):
                return False
        except ValueError:
            continue
    return True


def _counts_from_one(values: set[str]) -> bool:
    """Whether numbers count from 1: some hundred rows without a 0 say so."""
    return "0" not in values and all(value.isdecimal() for value in values)


def _points(rows: Values, columns: Sequence[str], name: str, marks: tuple[str, ...] = ()) -> bool:
    """Whether every value names a choice: by letter, number, label or text."""
    options = Options(tuple(columns), name)
    for row in rows:
        if isinstance(row.get(name), dict | bool) or (isinstance(row.get(name), list) and len(row[name]) != 1):
            return False
        if is_empty(row, name):
            continue
        try:
            options.of(row)
        except ValueError:
            continue
        texts = options._texts(row)
        answer = plain_text(row[name]).strip()
        if answer in texts or answer in _labels(row.get(columns[0])) or _place_of_both(answer, texts) is not None:
            continue
        answer = _bare(answer)
        is_place = answer.isdecimal() and int(answer) <= min(len(texts), _MOST)
        is_letter = len(answer) == 1 and answer.upper() in "ABCDEFGHIJ"[: len(texts)]
        if not (is_place or is_letter or answer == "-1" or answer in columns or answer.casefold() in marks):
            return False
    return any(not is_empty(row, name) for row in rows)
