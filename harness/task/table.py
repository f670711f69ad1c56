"""CSV as people have it: separated by commas, semicolons or tabs, with quoted cells of several lines."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from harness.task.faults import Faults
from harness.task.row import Row

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
HEADER = "header line"  # the unit of a fault that is not a row's
LONGEST_CELL = 10_000_000  # characters; a quote that is never closed is what makes such cells
LINES_COMPARED = 50  # below the header
_DECLARED = re.compile(r"\Asep=([,;\t])(?=[\r\n])")  # the line that Excel puts before the header


def delimiter_of(text: str, suffix: str) -> str:
    """Return the sign that parts the header's cells: the most frequent one outside quotes, else a comma.

    A first line such as 'sep=;' names it. In a .tsv file one tab is enough: names may hold commas. Of signs that are
    equally frequent, it is the one that the lines below have as often as the header.
    """
    if declared := _DECLARED.match(text):
        return declared[1]
    lines = text.lstrip("\r\n").splitlines()[: 1 + LINES_COMPARED]
    header, *below = ("".join(line.split('"')[::2]) for line in lines)
    if suffix == ".tsv" and "\t" in header:
        return "\t"
    most = max(map(header.count, DELIMITERS))
    likely = [sign for sign in DELIMITERS if header.count(sign) == most]
    return max(likely, key=lambda sign: sum(line.count(sign) == most for line in below)) if most else ","


def table_rows(text: str, suffix: str, file: str, faults: Faults) -> Iterator[Row]:
    """Yield the rows below the header; a row with more or fewer cells than the header is a fault."""
    csv.field_size_limit(LONGEST_CELL)
    delimiter = delimiter_of(text, suffix)
    lines = io.StringIO(_DECLARED.sub("", text, count=1), newline="")  # what is left of that line is empty
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
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
        faults.add(file, f"not valid CSV: {fault}; fix the quotes", number)


def _header(cells: list[str], file: str, number: int, faults: Faults) -> list[str]:
    names = [name.strip() for name in cells]
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        faults.add(file, f"column '{twice[0]}' is in the header twice; rename one", number, HEADER)
    return names
