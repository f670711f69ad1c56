"""Files of rows for `harness init`, and the tasks that are drafted of them."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.drafting import draft_task
from harness.task import Task, load_task
from harness.task.splits import normalised

SYLLABLES = "ka lo mi ru te po sa ni ve du".split()
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]  # so many that none is in every text
LABELS = ["billing", "bug", "praise", "question"]

Row = dict[str, Any]


def text(seed: object, words: int) -> str:
    """Words that no other seed gives in this order."""
    return " ".join(random.Random(str(seed)).sample(WORDS, words))


def label(number: int) -> str:
    return LABELS[number * number % 7 % 4]


def rows_of(make: Callable[[int], Row], count: int = 360) -> list[Row]:
    return [make(number) for number in range(count)]


def save(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def labelled(folder: Path) -> Path:
    return save(folder / "labels.jsonl", rows_of(lambda n: {"nr": n, "text": text(n, 9), "label": label(n)}))


def array(folder: Path) -> Path:
    rows = rows_of(lambda n: {"question": text(n, 7), "answer": text(n, 1), "context": text(f"c{n}", 30)})
    path = folder / "array.json"
    path.write_text(json.dumps(rows, indent=1))
    return path


def long_answers(folder: Path) -> Path:
    def row(n: int) -> Row:
        return {"doc_id": f"d{n // 5}", "article": text(n, 60), "summary": text(f"s{n}", 25)}

    return save(folder / "long.jsonl", rows_of(row))


def drafted(source: Path, **options: Any) -> Task:
    out = source.parent / "out"
    draft_task(source, out, **options)
    return load_task(out / "task.yaml")


def sides(task: Task) -> dict[str, set[str]]:
    """The questions of each split."""
    splits = {"train": task.study.train, "dev": task.study.dev, "test": task.test}
    return {name: {normalised(item) for item in items} for name, items in splits.items()}


def said(task: Task) -> str:
    """The task file with each comment on one line."""
    return task.file.read_text().replace("\n#   ", " ")
