"""Writes train.jsonl, dev.jsonl and test.jsonl of this folder; the same seed gives the same bytes.

Run it with `python -m tasks.random_labels.generate`. The messages are those of support_routing; each gets
one of four labels by lot, in equal shares, so that nothing in a message says which.
"""

import random
from pathlib import Path

from tasks.rows import Row, write_splits
from tasks.support_routing import generate as support_routing

SEED = 33
LABELS = ("north", "south", "east", "west")


def rows_by_split() -> dict[str, list[Row]]:
    """Return the messages of each split with labels drawn by lot."""
    random_source = random.Random(SEED)
    return {split: _labelled(rows, random_source) for split, rows in support_routing.rows_by_split().items()}


def _labelled(rows: list[Row], random_source: random.Random) -> list[Row]:
    labels = [LABELS[index % len(LABELS)] for index in range(len(rows))]
    random_source.shuffle(labels)
    return [
        {"id": row["id"], "message": row["message"], "team": label, "problem": row["problem"]}
        for row, label in zip(rows, labels, strict=True)
    ]


def write(folder: Path) -> None:
    """Write the three files into `folder`."""
    write_splits(folder, rows_by_split())


if __name__ == "__main__":
    write(Path(__file__).parent)
