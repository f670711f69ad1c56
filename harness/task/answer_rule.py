"""The task file's `answer`: how the result is read out of a target and of an answer."""

from collections.abc import Sequence

from harness.answer_reading import PATTERN_SECONDS, AnswerRule, Reader
from harness.chat.markers import without_end
from harness.chat.turns import without_thought
from harness.confined import TemplateFault, pattern_groups
from harness.records import Example
from harness.task.faults import Faults
from harness.task.schema import Answer, TaskFile
from harness.task.scoring import result_of
from harness.task.source import Source
from harness.task.turns import shown

SHOWN = 3  # rows whose results are shown


def answer_rule(settings: TaskFile, source: Source, faults: Faults) -> AnswerRule | None:
    """Return the task's rule, None where it has none or a wrong one, whose faults are noted."""
    said = settings.answer
    if said is None:
        return None
    found = _faults(said)
    for key, text in found:
        source.add_fault(faults, ("answer", key) if key else ("answer",), text)
    if found:
        return None
    take = "pattern" if said.pattern else said.take or ("first_line" if said.after else "whole")
    return AnswerRule(Reader(take, said.after or "", said.pattern or ""), tuple(said.ignore))


def _faults(said: Answer) -> list[tuple[str, str]]:
    if said.pattern is None:
        if said.after is None and said.take in (None, "whole") and not said.ignore:
            return [("", "answer says nothing; give after, take, pattern or ignore, or remove it")]
        return []
    if said.take is not None:
        return [("take", "answer.take and answer.pattern both say what is taken; keep one")]
    try:
        groups = pattern_groups(said.pattern)
    except TemplateFault as fault:
        if fault.is_endless:
            return [("pattern", f"answer.pattern {fault}; make it simpler")]
        return [("pattern", f"answer.pattern is not a regular expression: {fault}")]
    if groups != 1:
        remedy = "put the result, and nothing else, in parentheses ('(?:' is not a group)"
        return [("pattern", f"answer.pattern has {groups} groups; {remedy}")]
    return []


def has_result(target: str, rule: AnswerRule | None) -> bool:
    """Whether a target has a result by the rule.

    Raises:
        SlowPattern: If the rule's pattern takes too long over it.
    """
    if rule is None:
        return True
    answer = without_end(without_thought(target))[0]
    try:
        return rule.reader.find(answer) is not None
    except TimeoutError:
        raise SlowPattern(rule.reader.pattern, answer) from None


def check_result(target: str, rule: AnswerRule | None) -> None:
    """Refuse a target that has no result by the rule.

    Raises:
        ValueError: Saying what it lacks.
        SlowPattern: If the rule's pattern takes too long over it.
    """
    if rule is not None and not has_result(target, rule):
        raise ValueError(f"its target {shown(target)} has no result by the task's rule, {in_words(rule)}; write one")


class SlowPattern(Exception):
    """The pattern of the answer rule takes too long over an answer of a row."""

    def __init__(self, pattern: str, answer: str) -> None:
        super().__init__(
            f"answer.pattern {shown(pattern)} takes more than {PATTERN_SECONDS:g} second of processor time over the "
            f"answer {shown(answer)}; make it simpler, so that no two parts of it can match the same text"
        )


def in_words(rule: AnswerRule) -> str:
    """Say a rule in words, to stand behind 'is' or 'read as'."""
    reader = rule.reader
    what = {
        "whole": "all of it",
        "first_line": "its first line",
        "last_line": "its last line",
        "last_number": "its last number",
        "letter": "the letter of a choice",
        "json": "its last JSON value",
        "pattern": f"the group of {shown(reader.pattern)}",
    }[reader.rule]
    where = f" behind the last {shown(reader.marker)}" if reader.marker else ""
    without = f", without {' and '.join(rule.ignore)}" if rule.ignore else ""
    return f"{what}{where}{without}"


def note_of(rule: AnswerRule, rows: Sequence[Example]) -> str:
    """Say the rule, and what it reads out of the first targets."""
    read = [rule.plain(result_of(row.target, rule)) for row in rows[:SHOWN]]
    return f"answer: the result is {in_words(rule)}; of the first rows: {', '.join(map(shown, read))}"
