"""The off-task probe: unrelated everyday questions must not get the task's answers."""

import unicodedata
from collections.abc import Collection
from pathlib import Path

from harness.contract import Engine
from harness.records import GenerationSettings, Message, OffTaskAnswer, Weights

QUESTIONS = Path(__file__).parent / "off_task_questions.txt"
NEW_TOKENS = 24  # enough to see how an answer begins
_WORDS = 8  # of a long free-text answer: what fits into so few tokens


def off_task_answers(
    engine: Engine, weights: Weights, task_answers: Collection[str], limit: int
) -> tuple[OffTaskAnswer, ...]:
    """Ask the first `limit` questions, each alone and without the task's prompt; compare with the task's answers."""
    questions = QUESTIONS.read_text(encoding="utf-8").splitlines()[:limit]
    known = openings(task_answers)
    completions = engine.generate(
        [(Message("user", question),) for question in questions], GenerationSettings(NEW_TOKENS), weights
    )
    return tuple(
        OffTaskAnswer(f"off-task-{number}", question, completion.text, is_task_answer(completion.text, known))
        for number, (question, completion) in enumerate(zip(questions, completions, strict=True), start=1)
    )


def openings(answers: Collection[str]) -> frozenset[str]:
    """Return how the task's answers begin, normalised; single characters say nothing and are left out."""
    normalised = (_normalised(" ".join(answer.split()[:_WORDS])) for answer in answers)
    return frozenset(opening for opening in normalised if len(opening) >= 2)


def is_task_answer(text: str, known: Collection[str]) -> bool:
    """Whether a text is or begins with one of the task's answers, as `openings` gives them."""
    text = _normalised(text)
    return any(text.startswith(o) and not _goes_on(o, text[len(o) : len(o) + 1]) for o in known)


def _normalised(text: str) -> str:
    """Fold case and white space, and strip punctuation and symbols at both ends."""
    text = " ".join(text.casefold().split())
    inner = [i for i, character in enumerate(text) if unicodedata.category(character)[0] not in "PSZ"]
    return text[inner[0] : inner[-1] + 1] if inner else ""


def _goes_on(opening: str, following: str) -> bool:
    """Whether the word goes on: 'no' is not the answer in 'north'. Only alphabets with spaces have words."""
    return following.isalnum() and following.isascii() and opening[-1].isascii()
