"""Answers that people judged, in a column of the rows, with their labels in another."""

from collections import Counter
from typing import Any

from harness.answer_reading import AnswerRule
from harness.chat.markers import without_end
from harness.records import LabelledAnswer
from harness.task.answer_rule import has_result
from harness.task.row import Row
from harness.task.schema import Columns
from harness.task.turns import shown, text_of

# Words by which people call an answer good, bad, or as good as the target.
_WORDS = {
    **dict.fromkeys(("1", "1.0", "good", "yes", "true", "right", "correct", "better", "win"), 1.0),
    **dict.fromkeys(("0", "0.0", "bad", "no", "false", "wrong", "incorrect", "worse", "loss"), 0.0),
    **dict.fromkeys(("0.5", "tie", "same", "equal"), 0.5),
}


def half_labelled(columns: Columns, names: frozenset[str]) -> str:
    """Say that a file has people's labels without their answers, or answers without labels; '' where it has neither.

    Args:
        columns: As the task file names them.
        names: The columns of the file.
    """
    keys = {"labelled": columns.labelled, "label": columns.label}
    there = [key for key, name in keys.items() if name in names]
    missing = [key for key, name in keys.items() if name is not None and name not in names]
    if not there or not missing:
        return ""
    [has], [lacks] = there, missing
    return (
        f"has the column '{keys[has]}' (data.columns.{has}) and no column '{keys[lacks]}' (data.columns.{lacks}); a "
        f"label belongs to an answer: add the missing column or name the right one; its columns: "
        f"{', '.join(sorted(names))}"
    )


def labelled_in(row: Row, columns: Columns, rule: AnswerRule | None, ends: Counter[str]) -> tuple[LabelledAnswer, ...]:
    """Return the answers of a row that people judged; those without a label are left out.

    An empty answer is one: a model that said nothing. End markers are taken off, as they are of targets.

    Args:
        row: The row.
        columns: As the task file names them.
        rule: The task's, which reads the answers later.
        ends: Counts the markers that were taken off.

    Raises:
        ValueError: If a label is none that is known, an empty answer is not bad, or there are more or fewer labels
            than answers.
        SlowPattern: If the rule's pattern takes too long over an answer.
    """
    if columns.labelled is None or columns.label is None:
        return ()
    answers, labels = _list(row.values.get(columns.labelled)), _list(row.values.get(columns.label))
    if len(answers) != len(labels) and not all(map(_is_empty, labels)):
        raise ValueError(
            f"'{columns.labelled}' has {len(answers)} and '{columns.label}' {len(labels)}; give a label to each answer"
        )
    pairs = [pair for pair in zip(answers, labels, strict=False) if not _is_empty(pair[1])]
    found = tuple(
        LabelledAnswer(_answer(said, columns.labelled, ends), _label(label, columns.label)) for said, label in pairs
    )
    for said in found:
        if not said.text and said.label:
            raise ValueError(
                f"'{columns.label}' calls an empty answer good; an empty answer is never right: leave it out"
            )
        has_result(said.text, rule)  # for the sake of its fault: one without a result is taken as it is
    return found


def _answer(value: Any, name: str, ends: Counter[str]) -> str:
    if isinstance(value, str) and not value.strip():
        return ""
    text, marker = without_end(text_of(value, name))
    if marker:
        ends[marker] += 1
    return text


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _label(value: Any, name: str) -> float:
    found = _WORDS.get(str(value).strip().casefold())
    if found is None:
        raise ValueError(f"'{name}' is {shown(value)}; give 1 for a good answer, 0 for a bad one, 0.5 for a tie")
    return found
