"""Which training rows are shown as solved examples."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from harness.program import Shot
from harness.records import Example, Study

Choice = Literal["diverse", "random"]

# The farthest-first choice compares every row with every chosen one; a sample of this size is diverse enough.
POOL = 200


def usable_rows(study: Study) -> list[Example]:
    """Return the training rows that can be shown: no repeats, and no question of dev.

    The turns before a question are shown with it. A system turn is not, as the question that is asked has one: rows
    with a system turn of their own are left out, unless all have one.
    """
    asked = {_key(example) for example in study.dev}
    fit = [example for example in study.train if _key(example) not in asked]
    fit = [example for example in fit if not _system(example)] or fit
    rows = {_key(e): e for e in reversed(fit)}
    return [example for example in fit if rows[_key(example)] is example]


def without_systems(rows: Sequence[Example]) -> list[str]:
    """Warn where the rows to be shown have different system turns, which are not shown with them."""
    different = len({_system(row) for row in rows})
    if different < 2:
        return []
    return [f"solved examples are shown without the system turns of their rows, which differ ({different} texts)"]


def fillable(wanted: Sequence[int], rows: Sequence[Example]) -> tuple[list[int], list[str]]:
    """Return the numbers of shots that these rows can fill, ascending, and a warning for each that they cannot."""
    numbers = sorted({min(number, len(rows)) for number in wanted})
    short = [number for number in wanted if number > len(rows)]
    return numbers, [f"{n} shots asked for, but only {len(rows)} training rows can be shown" for n in short]


def choose(rows: Sequence[Example], count: int, choice: Choice, seed: int) -> tuple[Shot, ...]:
    """Return `count` rows as shots; see `pick`."""
    return tuple(Shot.of(row) for row in pick(rows, count, choice, seed))


def pick(rows: Sequence[Example], count: int, choice: Choice, seed: int) -> list[Example]:
    """Choose `count` rows with the seed; a larger count repeats the smaller one's rows and adds to them.

    `random`: any rows. `diverse`: where targets repeat, every label in turn, common ones first;
    otherwise each next row shares the fewest words with those already chosen.
    """
    shuffled = random.Random(seed).sample(rows, len(rows))
    if choice == "diverse" and rows:
        labels = {row.target for row in rows}
        has_labels = 2 * len(labels) <= len(rows)
        shuffled = _label_by_label(shuffled) if has_labels else _farthest_first(shuffled[:POOL], count)
    return shuffled[:count]


def _label_by_label(rows: Sequence[Example]) -> list[Example]:
    by_label: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        by_label[row.target].append(row)
    labels = sorted(by_label.values(), key=len, reverse=True)  # stable: equal ones stay in seeded order
    return [label[turn] for turn in range(len(labels[0])) for label in labels if turn < len(label)]


def _farthest_first(rows: Sequence[Example], count: int) -> list[Example]:
    words = [frozenset(row.question.text.casefold().split()) for row in rows]
    chosen = [0]
    nearest = [_jaccard(words[0], other) for other in words]  # to any chosen row
    while len(chosen) < min(count, len(rows)):
        row = min((r for r in range(len(rows)) if r not in chosen), key=lambda r: nearest[r])
        chosen.append(row)
        nearest = [max(old, _jaccard(words[row], other)) for old, other in zip(nearest, words, strict=True)]
    return [rows[row] for row in chosen]


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Return the Jaccard index of two sets of words."""
    return len(a & b) / len(a | b) if a or b else 1.0


def _system(example: Example) -> tuple[str, ...]:
    return tuple(message.content for message in example.messages if message.role == "system")


def _key(example: Example) -> str:
    turns = [message.content for message in example.messages if message.role != "system"]
    asked = [*turns, *(column.text for column in example.columns)]
    return " ".join("\n".join(asked).casefold().split())
