"""The off-task probe: unrelated everyday questions must not get the task's answers."""

import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from harness.contract import Engine
from harness.records import GenerationSettings, Message, OffTaskAnswer, Weights

QUESTIONS = Path(__file__).parent / "off_task_questions.txt"
NEW_TOKENS = 24  # enough to see how an answer begins
_WORDS = 8  # of a long free-text answer: what fits into so few tokens
_PLAIN = " Aa.,;:!?'\"-()"  # what the form of an ordinary sentence consists of
_FEWEST_DIGITS = 4  # a shorter bare number may well be the answer to the question


def off_task_answers(
    engine: Engine, weights: Weights, task_answers: Collection[str], limit: int
) -> tuple[OffTaskAnswer, ...]:
    """Ask the first `limit` questions, each alone and without the task's prompt; compare with the task's answers."""
    questions = QUESTIONS.read_text(encoding="utf-8").splitlines()[:limit]
    known = TaskAnswers.of(task_answers)
    completions = engine.generate(
        [(Message("user", question),) for question in questions], GenerationSettings(NEW_TOKENS), weights
    )
    return tuple(
        OffTaskAnswer(f"off-task-{number}", question, completion.text, known.has(completion.text))
        for number, (question, completion) in enumerate(zip(questions, completions, strict=True), start=1)
    )


@dataclass(frozen=True, slots=True)
class TaskAnswers:
    """How the task's answers begin, and the forms that they share, e.g. `A-99` for house codes."""

    openings: frozenset[str]
    forms: frozenset[str]

    @classmethod
    def of(cls, answers: Collection[str]) -> "TaskAnswers":
        """Read openings and forms off the task's answers.

        Single characters say nothing and are no opening. A form is one that two different answers share and that
        no ordinary sentence has: where every answer is another one, it is all that can be recognised.
        """
        normalised = (_normalised(" ".join(answer.split()[:_WORDS])) for answer in answers)
        counted = Counter(form_of(answer) for answer in set(answers))
        forms = frozenset(form for form, count in counted.items() if count > 1 and _is_telling(form))
        return cls(frozenset(opening for opening in normalised if len(opening) >= 2), forms)

    def has(self, text: str) -> bool:
        """Whether a text is or begins with one of the answers, or its first line has their form."""
        first = next((line for line in text.splitlines() if line.strip()), "")
        if form_of(first) in self.forms:
            return True
        text = _normalised(text)
        return any(text.startswith(o) and not _goes_on(o, text[len(o) : len(o) + 1]) for o in self.openings)


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
    if set(form) <= {"9"}:
        return len(form) >= _FEWEST_DIGITS
    return not set(form) <= set(_PLAIN)


def _normalised(text: str) -> str:
    """Fold case and white space, and strip punctuation and symbols at both ends."""
    text = " ".join(text.casefold().split())
    inner = [i for i, character in enumerate(text) if unicodedata.category(character)[0] not in "PSZ"]
    return text[inner[0] : inner[-1] + 1] if inner else ""


def _goes_on(opening: str, following: str) -> bool:
    """Whether the word goes on: 'no' is not the answer in 'north'. Only alphabets with spaces have words."""
    return following.isalnum() and following.isascii() and opening[-1].isascii()
