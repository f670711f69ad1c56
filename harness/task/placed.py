"""Items with the rows that they were made of, and their ids: their own, or made of their content."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from harness.records import Example, Feedback, Preference
from harness.task.faults import Faults
from harness.task.row import Row
from harness.task.turns import text_of

Item = TypeVar("Item", Example, Preference, Feedback)


@dataclass(frozen=True, slots=True)
class Placed(Generic[Item]):
    """An item and the row it was made of."""

    row: Row
    item: Item


def listed(made: Any) -> list[Placed[Any]]:
    """Return what was made of one row, an item or several, as a list."""
    return made if isinstance(made, list) else [made]


def hashed(found: list[Placed[Item]]) -> list[Placed[Item]]:
    """Give each item the hash of its content; equal ones are numbered: 'ab12', 'ab12-2'."""
    seen: dict[str, int] = {}
    named = []
    for placed in found:
        short = hashlib.sha256(canonical(placed.item).encode()).hexdigest()[:12]
        seen[short] = seen.get(short, 0) + 1
        identity = short if seen[short] == 1 else f"{short}-{seen[short]}"
        named.append(Placed(placed.row, replace(placed.item, id=identity)))
    return named


def identified(
    found: list[Placed[Example]], column: str, faults: Faults, *, is_by_answer: bool
) -> list[Placed[Example]]:
    """Give each example the id in a column of its row; one that has none, or another's, is noted and left out.

    Args:
        found: The examples.
        column: The column with the ids.
        faults: Where what is wrong is noted.
        is_by_answer: A row's answers are examples of their own: 'id-1', 'id-2'.
    """
    taken: dict[str, Row] = {}
    answers: Counter[int] = Counter()  # of each row so far
    named = []
    for placed in found:
        row = placed.row
        answers[row.number] += 1
        try:
            identity = text_of(row.values.get(column), column)
            if is_by_answer:
                identity = f"{identity}-{answers[row.number]}"
            if identity in taken:
                raise ValueError(f"id '{identity}' is that of {taken[identity].place} too; make ids unique")
        except ValueError as fault:
            faults.add(row.file, str(fault), row.number, row.unit)
            continue
        taken[identity] = row
        named.append(Placed(row, replace(placed.item, id=identity)))
    return named


def canonical(item: Example | Preference | Feedback) -> str:
    """Return an item's content as one JSON text; equal items give equal text."""
    content: list[Any] = [item.id, [[message.role, message.content] for message in item.messages]]
    if isinstance(item, Example):
        content += [item.target, item.group, list(item.evidence)]
        content += [list(item.accepted)] if item.accepted else []  # other rows keep the hash that they had before
        content += [[[said.text, said.label] for said in item.labelled]] if item.labelled else []
    elif isinstance(item, Preference):
        content += [item.chosen, item.rejected]
    else:
        content += [item.answer, item.is_good]
    if item.columns:  # a row without any keeps the text that it had before there were columns
        content.append([[column.name, column.text, column.is_json] for column in item.columns])
    return json.dumps(content, ensure_ascii=False)
