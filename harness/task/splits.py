"""Splits dev off train, samples train, and looks for rows that stand on both sides of a split."""

import random
from collections.abc import Sequence

from harness.records import Example, Feedback, Preference
from harness.task.faults import Faults
from harness.task.placed import Placed
from harness.task.turns import shown

SHARE = 0.2

Rows = list[Placed[Example]]
AnyPlaced = Placed[Example] | Placed[Preference] | Placed[Feedback]


def asked(item: Example | Preference | Feedback) -> str:
    """Return all that an item asks: its turns but the system's, and the columns that the prompt shows."""
    turns = [message.content for message in item.messages if message.role != "system"]
    return "\n".join([*turns, *(column.text for column in item.columns)])


def normalised(item: Example | Preference | Feedback) -> str:
    """Return what an item asks without case and white space: what makes inputs identical."""
    return " ".join(asked(item).casefold().split())


def split_off_dev(train: Rows, seed: int) -> tuple[Rows, Rows]:
    """Move about a fifth of the rows to dev, as `split_off` does."""
    return split_off(train, "dev", seed)


def split_off(train: Rows, name: str, seed: int) -> tuple[Rows, Rows]:
    """Move about a fifth of the rows to another split, whole groups at a time and at least one.

    Rows without a group are grouped by equal input. Groups are drawn in seeded order while they fit;
    when none fits, the smallest one is taken. File order is kept.

    Returns:
        The rest of train, and the other split, which is empty when train has a single group.
    """
    sizes: dict[str, int] = {}
    for placed in train:
        key = _group_of(placed.item)
        sizes[key] = sizes.get(key, 0) + 1
    if len(sizes) < 2:
        return train, []
    drawn = sorted(sizes)
    random.Random(f"{name} {seed}").shuffle(drawn)
    chosen: set[str] = set()
    room = round(SHARE * len(train))
    for key in drawn:
        if sizes[key] <= room:
            chosen.add(key)
            room -= sizes[key]
    chosen = chosen or {min(drawn, key=lambda key: sizes[key])}
    taken = [placed for placed in train if _group_of(placed.item) in chosen]
    return [placed for placed in train if _group_of(placed.item) not in chosen], taken


def _group_of(example: Example) -> str:
    return f"input {normalised(example)}" if example.group is None else f"group {example.group}"


def sample_rows(rows: Rows, limit: int, seed: int) -> Rows:
    """Return a seeded sample of `limit` rows in file order; all rows when there are no more."""
    if len(rows) <= limit:
        return rows
    kept = sorted(random.Random(f"train {seed}").sample(range(len(rows)), limit))
    return [rows[index] for index in kept]


def check_leaks(held_out: Rows, learnt_from: Sequence[AnyPlaced], faults: Faults) -> None:
    """Note every pair of rows, one on each side, with the same input or the same group."""
    inputs = {normalised(placed.item): placed.row.place for placed in reversed(learnt_from)}
    groups = {
        placed.item.group: placed.row.place
        for placed in reversed(learnt_from)
        if isinstance(placed.item, Example) and placed.item.group is not None
    }
    reported: set[str] = set()
    for placed in held_out:
        row, example = placed.row, placed.item
        if other := inputs.get(normalised(example)):
            text = f"has the same input as {other}, {shown(example.question.text)}; keep it on one side only"
            faults.add(row.file, text, row.number, row.unit)
        if example.group in groups and example.group not in reported:
            reported.add(str(example.group))
            text = f"group '{example.group}' is also in {groups[example.group]}; keep a group on one side only"
            faults.add(row.file, text, row.number, row.unit)
