"""How an answer is read out of a completion, decided from the training targets."""

import json
from collections.abc import Sequence

from harness.answer_reading import Reader
from harness.records import Example, Study


def reader_for(study: Study) -> Reader:
    """Return the task's rule; else `whole` where its targets have several lines or are JSON, or `first_line`.

    JSON targets are read whole even where each stands on one line: models like to spread an object
    over several lines or to fence it, and the JSON metrics accept both.
    """
    if study.answer is not None and study.answer.reads:
        return study.answer.reader
    return Reader("whole" if has_line_breaks(study.train) or _is_json(study.train) else "first_line")


def has_line_breaks(examples: Sequence[Example]) -> bool:
    """Whether any target, outer white space aside, has several lines."""
    return any("\n" in example.target.strip() for example in examples)


def _is_json(examples: Sequence[Example]) -> bool:
    containers = sum(_is_container(example.target) for example in examples)
    return 2 * containers > len(examples)


def _is_container(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False
