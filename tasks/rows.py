"""How the generators of this package write their rows."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

Row = dict[str, str]


def write_splits(folder: Path, splits: Mapping[str, Iterable[Row]]) -> None:
    """Write `<split>.jsonl` for each split into `folder`; equal rows give equal bytes on every system."""
    for split, rows in splits.items():
        write_jsonl(folder / f"{split}.jsonl", rows)


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    """Write one JSON object a line."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(lines, encoding="utf-8", newline="\n")
