"""Writes the rows of one data file in the format it had."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.task.check.reading import Material
from harness.task.faults import Faults
from harness.task.rows import Row, read_rows


def rows_of(material: Material, split: str) -> list[Row]:
    """Read the rows of one split as they stand in the file, faulty ones too."""
    return read_rows(material.files()[split], split, material.path.parent, Faults())


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Replace the rows of a JSONL, JSON, CSV or Parquet file; text is written as UTF-8 with plain line ends."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        _write_parquet(path, rows)
    elif suffix == ".csv":
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
    elif suffix == ".json":
        path.write_text(_json(list(rows)) + "\n", encoding="utf-8", newline="")
    else:
        path.write_text("".join(_json(row) + "\n" for row in rows), encoding="utf-8", newline="")


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a character pair, which only an escape can write
        return json.dumps(value)
    return text


def _write_parquet(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.parquet.read_schema(path)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), path)
