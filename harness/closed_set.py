"""When answers are the labels of a closed set: one rule for `init`, `check`, the arms and the report."""

from collections.abc import Mapping

MOST_LABELS = 250
FEW_LABELS = 50  # more need more rows each, as names of people and places repeat too
ROWS_PER_LABEL = 5
LABEL_CHARACTERS = 60
_MANY_ROWS_PER_LABEL = 8
_MOST_ONCE = (2, 0.1, 0.02)  # labels that occur once: so many, or this share of the labels, or of the rows


def is_closed_set(counts: Mapping[str, int], *, is_named: bool = False) -> bool:
    """Whether texts are labels: few and short for their number, and hardly one that never repeats.

    Args:
        counts: How often each text occurs.
        is_named: Whether they are called labels, so that many need no more rows each than few.
    """
    labels, rows = len(counts), sum(counts.values())
    needed = ROWS_PER_LABEL if is_named or labels <= FEW_LABELS else _MANY_ROWS_PER_LABEL
    once = sum(count == 1 for count in counts.values())
    number, of_labels, of_rows = _MOST_ONCE
    return (
        1 < labels <= MOST_LABELS
        and needed * labels <= rows
        and once <= max(number, of_labels * labels, of_rows * rows)
        and all(len(text) <= LABEL_CHARACTERS and "\n" not in text for text in counts)
    )
