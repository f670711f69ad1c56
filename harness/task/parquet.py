"""Parquet files of rows: their footer is looked at first, as a kilobyte may stand for a million rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.task.extents import table_fault
from harness.task.text import MOST_BYTES

_ROWS = 1_000  # decoded at a time


class TooLarge(Exception):
    """A file that stands for more than is read."""


def parquet_rows(path: Path) -> tuple[list[dict[str, Any]], dict[bytes, bytes]]:
    """Return the rows of a Parquet file, and the metadata of its schema.

    Raises:
        TooLarge: If it stands for too many rows, columns, cells or bytes.
        Exception: What pyarrow raises of a damaged file.
    """
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path, read_dictionary=_texts(path)) as file:
        footer = file.metadata
        groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
        values = sum(group.column(at).num_values for group in groups for at in range(group.num_columns))
        cells = max(footer.num_rows * len(file.schema_arrow), values)
        if fault := table_fault(footer.num_rows, footer.num_columns, cells, sum(g.total_byte_size for g in groups)):
            raise TooLarge(fault)
        return list(_records(file)), dict(file.schema_arrow.metadata or {})


def _texts(path: Path) -> list[str]:
    """Return the columns of texts: these stay packed until their length is known."""
    import pyarrow.parquet

    schema = pyarrow.parquet.read_metadata(path).schema
    return [column.path for column in schema if column.physical_type == "BYTE_ARRAY"]


def _records(file: Any) -> Iterator[dict[str, Any]]:
    size = 0
    for batch in file.iter_batches(batch_size=_ROWS):
        size += sum(_unpacked(column) for column in batch.columns)
        if size > MOST_BYTES:
            raise TooLarge(table_fault(0, 0, 0, size))
        yield from batch.to_pylist()


def _unpacked(array: Any) -> int:
    """Return how many bytes an array takes with each of its texts written out."""
    import pyarrow
    from pyarrow import compute

    if pyarrow.types.is_dictionary(array.type):
        lengths = compute.binary_length(array.dictionary).take(array.indices)
        return compute.sum(lengths).as_py() or 0
    if pyarrow.types.is_struct(array.type):
        return sum(map(_unpacked, array.flatten()))
    if pyarrow.types.is_list(array.type) or pyarrow.types.is_large_list(array.type):
        return _unpacked(array.flatten())
    return int(array.nbytes)
