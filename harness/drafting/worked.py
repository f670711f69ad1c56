"""Answers with the working first: the mark behind which nearly all of them have a short result."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.answer_reading import AnswerRule, Reader

NEARLY_ALL = 0.9  # of the answers
_SHORT = 8  # words; a longer result is not a result
_BOXED = r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}"
# The more telling first: 'the final answer is' holds 'answer is'.
_MARKS = (
    "####",
    "final answer is:",
    "final answer is",
    "final answer:",
    "answer is:",
    "answer is",
    "answer:",
    "result:",
    "antwort:",
    "ergebnis:",
    "respuesta:",
    "resposta:",
    "risposta:",
    "réponse :",
    "réponse:",
    "ответ:",
    "答案：",
    "答案:",
    "答え：",
    "답:",
)


@dataclass(frozen=True, slots=True)
class Worked:
    """Where the result stands, as the task file's `answer` has it."""

    rule: AnswerRule
    key: str  # 'after' or 'pattern'
    value: str

    @property
    def request(self) -> str:
        """What a prompt asks for, so that the result stands there."""
        if self.key == "pattern":
            return "Work it out step by step, and write the result in \\boxed{}."
        return f"Work it out step by step, and end with '{self.value}' and the result."


def find_working(targets: Sequence[str]) -> Worked | None:
    """Return the mark that nearly all answers have in front of a short result, and working before it."""
    forms = [Worked(AnswerRule(Reader("first_line", mark)), "after", mark) for mark in _MARKS]
    forms.append(Worked(AnswerRule(Reader("pattern", pattern=_BOXED)), "pattern", _BOXED))
    return next((form for form in forms if _fits(form, targets)), None)


def _fits(form: Worked, targets: Sequence[str]) -> bool:
    pairs = [(target, result) for target in targets if (result := form.rule.reader.read(target))]
    if not pairs or len(pairs) < NEARLY_ALL * len(targets):
        return False
    is_short = median(len(result.split()) for _, result in pairs) <= _SHORT
    working = [re.sub(re.escape(result) + r"\W*$", "", target.strip()) for target, result in pairs]
    return is_short and median(len(text.split()) for text in working) > 2
