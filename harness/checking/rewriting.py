"""Writes the rows of one data file in the format it had."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.checking.reading import Material
from harness.task.encodings import decode_any
from harness.task.faults import Faults
from harness.task.row import Row
from harness.task.rows import read_rows
from harness.task.table import DELIMITERS, delimiter_of


def rows_of(material: Material, split: str) -> list[Row]:
    """Read the rows of one split as they stand in the file, faulty ones too."""
    return read_rows(material.files()[split], split, material.content.path.parent, Faults())


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Replace the rows of a JSONL, JSON, CSV, TSV or Parquet file; text is written as UTF-8 with plain line ends."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        _write_parquet(path, rows)
    elif suffix in (".csv", ".tsv"):
        delimiter = "\t" if suffix == ".tsv" else delimiter_of(decode_any(path.read_bytes()).text, suffix)
        path.write_text(_table(rows, delimiter), encoding="utf-8", newline="")
    elif suffix == ".json":
        path.write_text(_json(list(rows)) + "\n", encoding="utf-8", newline="")
    else:
        path.write_text("".join(_json(row) + "\n" for row in rows), encoding="utf-8", newline="")


def _table(rows: Sequence[dict[str, Any]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    names = list(rows[0])
    # The reader takes the most frequent sign of the header for the delimiter, but counts none inside quotes.
    unsure = any(sign in name for sign in DELIMITERS for name in names)
    header = csv.writer(
        text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL if unsure else csv.QUOTE_MINIMAL
    )
    header.writerow(names)
    csv.DictWriter(text, names, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


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
