"""Target cells that hold several answers: each of them right, or together one set of labels."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from harness.task.turns import shown, text_of

_PLACED = {"text", "answer_start", "answer_end", "start", "end"}
NO_ANSWER = "without an answer; where none is right, write so, such as 'no answer', else give one or remove the row"


def is_list(value: Any) -> bool:
    """Whether a cell holds several answers: a list, or SQuAD's object whose `text` is one."""
    return isinstance(value, list) or (isinstance(value, dict) and isinstance(value.get("text"), list))


def text_in(answer: Any) -> Any:
    """Return the text of an answer that is an object with its place beside it, as SQuAD's file has them."""
    is_placed = isinstance(answer, dict) and "text" in answer and answer.keys() <= _PLACED
    return answer["text"] if is_placed else answer


def answers_of(value: Any, name: str, *, is_set: bool) -> tuple[str, ...]:
    """Return the right answers of a cell, each once: the most frequent first, which is trained on, then in order.

    Args:
        value: The cell.
        name: Its column.
        is_set: The list is one answer, a set of labels, and comes back as JSON.

    Raises:
        ValueError: If there is none, or one is not text.
    """
    found, place = (value, name) if isinstance(value, list) else (value["text"], f"{name}.text")
    texts = [text_of(text_in(answer), f"{place}[{index}]") for index, answer in enumerate(found)]
    if is_set:
        return (json.dumps(texts, ensure_ascii=False),)
    if not texts:
        raise ValueError(f"'{name}' is {shown(value)}, {NO_ANSWER}")
    return tuple(text for text, _ in Counter(texts).most_common())


def with_one_answer(
    cells: Mapping[str, Any], column: str, *, is_set: bool
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return a row's cells with one answer, and further right ones; a list is several, or one set of labels.

    Raises:
        ValueError: As `answers_of` does.
    """
    if not is_list(cells.get(column)):
        return cells, ()
    answers = answers_of(cells[column], column, is_set=is_set)
    return {**cells, column: answers[0]}, answers[1:]
