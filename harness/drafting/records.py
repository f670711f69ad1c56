"""Rows of a file, as `read_columns` understood them, to the items of a task."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.chat.markers import without_end
from harness.drafting.columns import PAIRS, Reading
from harness.drafting.values import as_list, count_empty, is_empty
from harness.records import Example, Message
from harness.task.end_markers import ended
from harness.task.row import Row
from harness.task.shapes import pair_of, preference_of
from harness.task.turns import text_of

MOST_UNUSABLE = 0.1  # of the rows, apart from those without an answer; with more the file is better fixed first

ANSWERS = ("target", "output", "completion")  # the key of the answer's column, by shape


@dataclass(frozen=True, slots=True)
class Usable:
    """The rows that make items, and those that do not."""

    items: tuple[Example, ...]
    rejected: tuple[str | None, ...]  # the worse answer of each item, where rows are preference pairs
    left_out: tuple[str, ...]  # a place and a reason each
    ends: Mapping[str, int]  # end markers that were taken off answers, and how many


def usable_rows(rows: Sequence[Row], reading: Reading, documents: frozenset[str]) -> Usable:
    """Make an item of every row that has a question and an answer.

    Raises:
        ValueError: If more than a tenth of the rows cannot be used though they have an answer; with the first reasons.
    """
    items: list[Example] = []
    rejected: list[str | None] = []
    left_out: list[str] = []
    ends: Counter[str] = Counter()
    for row in rows:
        try:
            item, worse = _item(row.values, reading, documents)
        except ValueError as fault:
            left_out.append(f"{row.place}: {fault}")
        else:
            items.append(ended(item, ends))
            rejected.append(worse and without_end(worse)[0])
    answer = next((reading.needed[key] for key in ANSWERS if key in reading.needed), None)
    unanswered = count_empty([row.values for row in rows], answer) if answer else 0
    if len(left_out) - unanswered > MOST_UNUSABLE * len(rows):
        first = "\n".join(f"    {text}" for text in left_out[:10])
        raise ValueError(f"{len(left_out)} of {len(rows)} rows cannot be used; fix or remove them. The first:\n{first}")
    return Usable(tuple(items), tuple(rejected), tuple(left_out), ends)


def _item(values: dict[str, Any], reading: Reading, documents: frozenset[str]) -> tuple[Example, str | None]:
    cells = {name: written(value) for name, value in values.items()}
    worse: str | None = None
    if reading.shape == PAIRS:
        messages, target, worse = preference_of(cells)
    else:
        messages, target = pair_of(cells, reading.shape, reading.needed)
    if reading.context and not is_empty(cells, reading.context):
        last = f"{text_of(cells[reading.context], reading.context)}\n\n{messages[-1].content}"
        messages = (*messages[:-1], Message("user", last))
    return (
        Example(
            id=str(cells[reading.id]) if reading.id else "",
            messages=messages,
            target=target.strip(),
            group=_optional(cells, reading.group),
            evidence=_evidence(values, reading.evidence, documents),
        ),
        worse,
    )


def _optional(cells: dict[str, Any], name: str | None) -> str | None:
    return None if name is None or is_empty(cells, name) else text_of(cells[name], name)


def _evidence(values: dict[str, Any], name: str | None, documents: frozenset[str]) -> tuple[str, ...]:
    return tuple(str(item) for item in as_list(values.get(name)) if str(item) in documents) if name else ()


def written(value: Any) -> Any:
    """Return a cell as text where it has one plain form; texts, empty cells and turns stay as they are."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list) and (not value or isinstance(value[0], dict)):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
