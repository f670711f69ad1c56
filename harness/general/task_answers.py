"""Whether a text is the task's answer: what an unrelated question must not get from tuned weights."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

_OPENING = 8  # words of a long answer: what a short completion shows of it
_FORM_WORDS = 4  # of an answer's form: a cut completion may end behind them
_FEWEST_DIGITS = 4  # a shorter bare number stands in any sentence
_SHORT = 6  # words of a line in which a right answer counts wherever it stands: 'It is Rome', '7 + 5 = 12'
# What words of ordinary sentences consist of, beside letters and digits.
_PLAIN = " .,;:!?'\"-()’‘“”–—…。，、；：！？（）《》「」·"
_ENDS = ".,;:!?'\"()*’‘“”…"  # around a right answer; a slash or a brace is of a form
_PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_NUMBERS = {word: str(n) for n, word in enumerate(f"{_SMALL} seventeen eighteen nineteen".split())}
_NUMBERS |= {word: str(10 * n) for n, word in enumerate("twenty thirty forty fifty sixty seventy".split(), start=2)}


@dataclass(frozen=True, slots=True)
class TaskAnswers:
    """The task's answers, and by what else their like is known."""

    whole: frozenset[str]  # normalised
    openings: frozenset[tuple[str, ...]]  # first words of the long ones
    forms: frozenset[str]  # that several share and no ordinary sentence has, e.g. `A-99` of house codes

    @classmethod
    def of(cls, answers: Collection[str]) -> "TaskAnswers":
        """Read openings and forms off the task's answers.

        A form is one that two different answers share: where every answer is another one, it is all that can be
        recognised.
        """
        answers = set(answers)
        counted = Counter(form_of(_beginning(_first_line(answer), _FORM_WORDS)) for answer in answers)
        openings = (tuple(_words(answer)[:_OPENING]) for answer in answers)
        return cls(
            whole=frozenset(filter(None, map(_normalised, answers))),
            openings=frozenset(opening for opening in openings if len(opening) == _OPENING),
            forms=frozenset(form for form, count in counted.items() if count > 1 and _is_telling(form)),
        )

    def has(self, text: str, right: Collection[str] = ()) -> bool:
        """Whether a text is one of the task's answers, and no right answer to the question.

        It is one when its first line (or all of it) is an answer of the task, when it begins as a long one does, or
        when its first line begins with something of their form. 'No problem!' is not the answer 'no': a short answer
        with which a sentence merely begins says nothing.

        Args:
            text: What the weights said.
            right: Right answers to the question, which never count, whatever the task's answers are.
        """
        line = _first_line(text)
        if _is_right(line, right):
            return False
        if {_normalised(line), _normalised(text)} & self.whole or tuple(_words(text)[:_OPENING]) in self.openings:
            return True
        return any(form_of(_beginning(line, form.count(" ") + 1)) == form for form in self.forms)


def form_of(text: str) -> str:
    """Return a text with `A` for capital letters together, `a` for small ones, `9` for every digit."""
    form = ""
    for character in " ".join(text.split()):
        letter = "9" if character.isdecimal() else character
        if character.isalpha():
            letter = "A" if character.isupper() else "a"
        if not (letter in "Aa" and form.endswith(letter)):
            form += letter
    return form


def _is_telling(form: str) -> bool:
    """Whether a word of it is none of an ordinary sentence: `A-99`, `A/9`, `{`, a long number."""
    return any(_is_telling_word(word) for word in form.split())


def _is_telling_word(word: str) -> bool:
    signs = set(word) - set("Aa9")
    if not signs <= set(_PLAIN) or ("9" in word and {"A", "a"} & set(word)):
        return True
    return set(word) == {"9"} and len(word) >= _FEWEST_DIGITS


def _is_right(line: str, right: Collection[str]) -> bool:
    """Whether a line begins with a right answer, or is short and holds one."""
    said = _plain_words(line)
    for answer in map(_plain_words, right):
        starts = range(len(said) - len(answer) + 1 if len(said) <= _SHORT else 1)
        if answer and any(said[start : start + len(answer)] == answer for start in starts):
            return True
    return False


def _plain_words(text: str) -> list[str]:
    words = [word.strip(_ENDS) for word in text.casefold().replace("’", "'").split()]
    return [_NUMBERS.get(word, word) for word in words if word]


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _beginning(line: str, words: int) -> str:
    return " ".join(line.split()[:words]).rstrip(".,;:!?")


def _words(text: str) -> list[str]:
    """Return words without punctuation; a script without spaces is counted by its characters."""
    return [word for piece in _PIECE.findall(text) if (word := _stripped(piece.casefold()))]


def _normalised(text: str) -> str:
    """Fold case and white space, and strip punctuation and symbols at both ends, unless there is nothing else."""
    text = " ".join(text.casefold().split())
    return _stripped(text) or text


def _stripped(text: str) -> str:
    inner = [i for i, character in enumerate(text) if unicodedata.category(character)[0] not in "PSZ"]
    return text[inner[0] : inner[-1] + 1] if inner else ""
