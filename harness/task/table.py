"""CSV as people have it: parted by commas, semicolons or tabs, with quoted cells of several lines."""

import csv
import io
from collections.abc import Iterator

from harness.task.faults import Faults
from harness.task.rows import Row

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
HEADER = "header line"  # the unit of a fault that is no row's
LONGEST_CELL = 10_000_000  # characters; a quote that is never closed is what makes such cells


def delimiter_of(text: str, suffix: str) -> str:
    """Return the sign that parts the header's cells: the most frequent one outside quotes, else a comma.

    In a .tsv file one tab is enough: names may hold commas.
    """
    header = text.lstrip("\r\n").splitlines()[0]
    bare = "".join(header.split('"')[::2])
    if suffix == ".tsv" and "\t" in bare:
        return "\t"
    return max(DELIMITERS, key=bare.count)


def table_rows(text: str, suffix: str, file: str, faults: Faults) -> Iterator[Row]:
    """Yield the rows below the header; a row with more or fewer cells than the header is a fault."""
    csv.field_size_limit(LONGEST_CELL)
    delimiter = delimiter_of(text, suffix)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    header: list[str] = []
    number = 1  # a quoted cell may run over several lines: a row is named by its first
    try:
        for cells in reader:
            if not header:
                header = _header(cells, file, number, faults)
            elif len(cells) == len(header):
                yield Row(file, number, "line", dict(zip(header, cells, strict=True)))
            elif cells:
                counts = f"has {len(cells)} cell{'s' if len(cells) != 1 else ''}, the header {len(header)}"
                more = f"put quotes around {DELIMITERS[delimiter]} inside a cell"
                faults.add(file, f"{counts}; {more if len(cells) > len(header) else 'add what is missing'}", number)
            number = reader.line_num + 1
    except csv.Error as fault:
        faults.add(file, f"not valid CSV: {fault}; mend the quotes", number)


def _header(cells: list[str], file: str, number: int, faults: Faults) -> list[str]:
    names = [name.strip() for name in cells]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        faults.add(file, f"column '{twice[0]}' is in the header twice; rename one", number, HEADER)
    return names
