"""Answers with the working first: the mark or the last line where nearly all of them have a short result."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.answer_reading import AnswerRule, Reader
from harness.metrics.marks import ENGLISH, OF_CHOICES, OF_WORKING, OTHER_LANGUAGES, WITHOUT_SPACES
from harness.metrics.normalisation import tokens
from harness.metrics.quantities import read_target

NEARLY_ALL = 0.9  # of the answers
_SHORT = 8  # words; a longer result is not a result
_BOXED = r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}"
_TAGGED = r"(?s)<answer>\s*(.*?)\s*</answer>"
_ARROW = r"(?m)^=>\s*(.+)$"
# Where a pattern finds the result, as a description and as a prompt ask for it.
_PLACES = {
    _BOXED: ("in a box", "write the result in \\boxed{}"),
    _TAGGED: ("in <answer>", "write the result between <answer> and </answer>"),
    _ARROW: ("on a line behind '=>'", "end with a line of '=>' and the result"),
}
_ON_LAST_LINE = ("alone on the last line", "write the result alone on the last line")
_LETTER = re.compile(r"\W*[A-Za-z]\W*")
# The more telling first: 'the final answer is' holds 'answer is'.
_MARKS = (
    "####",
    *(word + end for word in (*ENGLISH, *OF_WORKING) for end in (" is:", " is", ":")),
    *(f"{word} is" for word in OF_CHOICES),
    *(word + end for word in OTHER_LANGUAGES for end in (":", " :")),
    *(word + end for word in WITHOUT_SPACES for end in ("：", ":")),
)


@dataclass(frozen=True, slots=True)
class Worked:
    """Where the result stands, as the task file's `answer` has it."""

    rule: AnswerRule
    key: str  # 'after', 'pattern' or 'take'
    value: str

    @property
    def request(self) -> str:
        """What a prompt asks for, so that the result stands there."""
        end = f"end with '{self.value}' and the result" if self.key == "after" else self._place[1]
        return f"Work it out step by step, and {end}."

    @property
    def where(self) -> str:
        """Where the result stands, in words."""
        return f"behind {self.value!r}" if self.key == "after" else self._place[0]

    @property
    def _place(self) -> tuple[str, str]:
        return _PLACES.get(self.value, _ON_LAST_LINE)


def find_working(targets: Sequence[str]) -> Worked | None:
    """Return where nearly all answers have a short result, with working before it: a mark, a box or the last line."""
    forms = [Worked(AnswerRule(Reader("first_line", mark)), "after", mark) for mark in _MARKS]
    forms += [Worked(AnswerRule(Reader("pattern", pattern=pattern)), "pattern", pattern) for pattern in _PLACES]
    last = Worked(AnswerRule(Reader("last_line")), "take", "last_line")
    found = next((form for form in forms if _fits(form, targets)), None)
    return found or (last if _fits(last, targets) and _has_number_last(last, targets) else None)


def says_numbers(results: Sequence[str]) -> bool:
    """Whether nearly all results are a number and nothing else but its unit, in LaTeX or not."""
    return sum(map(_is_number, results)) >= NEARLY_ALL * len(results)


def says_letters(results: Sequence[str]) -> bool:
    """Whether all results are letters of choices."""
    return all(map(_LETTER.fullmatch, results))


def _has_number_last(last: Worked, targets: Sequence[str]) -> bool:
    """Whether answers end in a line that is a number, and are no list of numbers."""
    first = [target.strip().partition("\n")[0] for target in targets]
    return says_numbers(_results(last, targets)) and not any(map(_is_number, first))


def _is_number(result: str) -> bool:
    try:
        found = read_target(result)
    except ValueError:
        return False
    return found is not None and found.is_bare


def _results(form: Worked, targets: Sequence[str]) -> list[str]:
    return [result for target in targets if (result := form.rule.reader.read(target))]


def _fits(form: Worked, targets: Sequence[str]) -> bool:
    pairs = [(target, result) for target in targets if (result := form.rule.reader.read(target))]
    if not pairs or len(pairs) < NEARLY_ALL * len(targets):
        return False
    is_short = median(len(tokens(result)) for _, result in pairs) <= _SHORT
    working = [re.sub(re.escape(result) + r"\W*$", "", target.strip()) for target, result in pairs]
    return is_short and median(len(tokens(text)) for text in working) > 2
