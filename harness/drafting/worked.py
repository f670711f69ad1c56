"""Answers with the working first: the mark or the last line where nearly all of them have a short result."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.answer_reading import AnswerRule, Reader
from harness.closed_set import is_closed_set
from harness.drafting.endings import SHORT_RESULT, ending_of
from harness.drafting.values import NEARLY_ALL
from harness.metrics.marks import ENGLISH, OF_CHOICES, OF_WORKING, OTHER_LANGUAGES, WITHOUT_SPACES
from harness.metrics.normalisation import tokens
from harness.metrics.quantities import read_target
from harness.task.turns import shown

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
# A word that names a result; any other, such as 'Ticket' or 'Team', may name something that stands beside it.
_NAMED = re.compile(
    rf"\b(?:{'|'.join((*ENGLISH, *OF_WORKING, *OF_CHOICES, *OTHER_LANGUAGES, 'ans', 'verdict'))})\b"
    rf"|{'|'.join(WITHOUT_SPACES)}"
)
_WORD = re.compile(r"[^\W\d_]{2}")
_SENTENCE = re.compile(r"[.。!]\s*[^\W\d_][^.。!]{3,80}[.。!]?\Z")
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
    around: tuple[str, str] | None = None  # what stands before and behind the result, where a pattern says both

    @property
    def request(self) -> str:
        """What a prompt asks for, so that the result stands there."""
        before, behind = self.around or (self.value, "")
        end = f"end with '{before}'{', the result and ' if behind else ' and the result'}"
        end += f"'{behind}'" if behind else ""
        return f"Work it out step by step, and {end if self.around or self.key == 'after' else self._place[1]}."

    @property
    def where(self) -> str:
        """Where the result stands, in words."""
        before, behind = self.around or (self.value, "")
        if behind:
            return f"between {before!r} and {behind!r}"
        return f"behind {before!r}" if self.around or self.key == "after" else self._place[0]

    @property
    def _place(self) -> tuple[str, str]:
        return _PLACES.get(self.value, _ON_LAST_LINE)


def find_working(targets: Sequence[str]) -> Worked | None:
    """Return where nearly all answers have a short result, with working before it: a mark, a box or the last line."""
    forms = [Worked(AnswerRule(Reader("first_line", mark)), "after", mark) for mark in _MARKS]
    forms += [Worked(AnswerRule(Reader("pattern", pattern=pattern)), "pattern", pattern) for pattern in _PLACES]
    last = Worked(AnswerRule(Reader("last_line")), "take", "last_line")
    found = next((form for form in forms if _fits(form, targets)), None)
    if found and not _ends_in_sentence(found, targets):
        return found
    ending = _around(targets)
    return ending or found or (last if _fits(last, targets) and _has_number_last(last, targets) else None)


def doubted_ending(targets: Sequence[str]) -> list[str]:
    """Say behind what the result may stand, where it is not sure that one does."""
    ending = ending_of(targets)
    if ending is None or not (ending.has_sign or says_numbers(ending.results)):
        return []
    key, value = ("pattern", ending.pattern) if ending.behind or ending.mark else ("after", ending.before)
    said = f"nearly all answers end with {shown(ending.before)} and something short; if that is the result,"
    return [f"{said} answer: {{{key}: {json.dumps(value, ensure_ascii=False)}}} scores it alone"]


def _around(targets: Sequence[str]) -> Worked | None:
    """Return what nearly all answers have around numbers, letters of choices or a few words at their end.

    A word for a result stands before them, or a sign with no word at all, such as '###' or 'A:'.
    """
    ending = ending_of(targets)
    if ending is None:
        return None
    is_named = _NAMED.search(ending.before.casefold()) is not None
    if not is_named and not (ending.has_sign and _WORD.search(ending.before) is None):
        return None
    is_plain = says_numbers(ending.results) or says_letters(ending.results)
    if not is_plain and not (ending.has_sign and is_closed_set(Counter(ending.results))):
        return None
    if not ending.behind and not ending.mark:
        return Worked(AnswerRule(Reader("first_line", ending.before)), "after", ending.before)
    around = (ending.before, ending.behind)
    return Worked(AnswerRule(Reader("pattern", pattern=ending.pattern)), "pattern", ending.pattern, around)


def _ends_in_sentence(form: Worked, targets: Sequence[str]) -> bool:
    """Whether all results end in one further sentence, as Minerva's hope that they are correct."""
    ends = Counter(match[0] for result in _results(form, targets) if (match := _SENTENCE.search(result)))
    return form.key == "after" and sum(ends.values()) >= NEARLY_ALL * len(targets) and len(ends) == 1


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
    is_short = median(len(tokens(result)) for _, result in pairs) <= SHORT_RESULT
    working = [re.sub(re.escape(result) + r"\W*$", "", target.strip()) for target, result in pairs]
    return is_short and median(len(tokens(text)) for text in working) > 2
