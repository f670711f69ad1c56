"""Answers that people judged, in a column of the rows, with their labels in another."""

from typing import Any

from harness.records import LabelledAnswer
from harness.task.row import Row
from harness.task.schema import Columns
from harness.task.turns import shown, text_of

# Words by which people call an answer good, bad, or as good as the target.
_WORDS = {
    **dict.fromkeys(("1", "1.0", "good", "yes", "true", "right", "correct", "better", "win"), 1.0),
    **dict.fromkeys(("0", "0.0", "bad", "no", "false", "wrong", "incorrect", "worse", "loss"), 0.0),
    **dict.fromkeys(("0.5", "tie", "same", "equal"), 0.5),
}


def labelled_in(row: Row, columns: Columns) -> tuple[LabelledAnswer, ...]:
    """Return the answers of a row that people judged; those without a label are left out.

    Raises:
        ValueError: If a label is none that is known, or there are more or fewer labels than answers.
    """
    if columns.labelled is None or columns.label is None:
        return ()
    answers, labels = _list(row.values.get(columns.labelled)), _list(row.values.get(columns.label))
    if len(answers) != len(labels) and not all(map(_is_empty, labels)):
        raise ValueError(
            f"'{columns.labelled}' has {len(answers)} and '{columns.label}' {len(labels)}; give a label to each answer"
        )
    pairs = [pair for pair in zip(answers, labels, strict=False) if not _is_empty(pair[1])]
    return tuple(LabelledAnswer(text_of(said, columns.labelled), _label(label, columns.label)) for said, label in pairs)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _label(value: Any, name: str) -> float:
    found = _WORDS.get(str(value).strip().casefold())
    if found is None:
        raise ValueError(f"'{name}' is {shown(value)}; give 1 for a good answer, 0 for a bad one, 0.5 for a tie")
    return found
