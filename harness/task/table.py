"""CSV as people have it: separated by commas, semicolons, tabs or bars, with quoted cells of several lines."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from harness.task.faults import Faults
from harness.task.row import Row

BAR = "|"
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", BAR: "bars"}
HEADER = "header line"  # the unit of a fault that is not a row's
LONGEST_CELL = 10_000_000  # characters; a quote that is never closed is what makes such cells
LINES_COMPARED = 50  # below the header
_DECLARED = re.compile(r"\Asep=([,;\t|])(?=[\r\n])")  # the line that Excel puts before the header


def delimiter_of(text: str, suffix: str) -> str:
    """Return the sign that parts the header's cells: the most frequent one outside quotes, else a comma.

    A first line such as 'sep=;' names it. In a .tsv file one tab is enough: names may hold commas. Bars count where no
    other sign is. Of signs that are equally frequent, it is the one that the lines below have as often as the header.
    """
    if declared := _DECLARED.match(text):
        return declared[1]
    lines = text.lstrip("\r\n").splitlines()[: 1 + LINES_COMPARED]
    header, *below = ("".join(line.split('"')[::2]) for line in lines)
    if suffix == ".tsv" and "\t" in header:
        return "\t"
    signs = [sign for sign in DELIMITERS if sign in header and sign != BAR]
    if not signs:
        return BAR if BAR in header else ","
    most = max(map(header.count, signs))
    likely = [sign for sign in signs if header.count(sign) == most]
    return max(likely, key=lambda sign: sum(line.count(sign) == most for line in below))


def table_rows(text: str, suffix: str, file: str, faults: Faults) -> Iterator[Row]:
    """Yield the rows below the header; a row with more or fewer cells than the header is a fault.

    Columns without a name, such as the numbers that pandas writes, are left out; one that holds something is noted.
    """
    csv.field_size_limit(LONGEST_CELL)
    delimiter = delimiter_of(text, suffix)
    lines = io.StringIO(_DECLARED.sub("", text, count=1), newline="")  # what is left of that line is empty
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    header: list[str] = []
    unnamed: set[int] = set()  # those that hold something
    number = 1  # a quoted cell may run over several lines: a row is named by its first
    try:
        for cells in reader:
            if not header:
                header = _header(cells, file, number, faults)
            elif len(cells) == len(header):
                unnamed.update(at for at, name in enumerate(header) if not name and cells[at].strip())
                values = {name: cell for name, cell in zip(header, cells, strict=True) if name}
                yield Row(file, number, "line", values)
            elif cells:
                counts = f"has {len(cells)} cell{'s' if len(cells) != 1 else ''}, the header {len(header)}"
                more = f"put quotes around {DELIMITERS[delimiter]} inside a cell"
                more += ", or remove the lines above the header" if len(header) == 1 else ""
                faults.add(file, f"{counts}; {more if len(cells) > len(header) else 'add what is missing'}", number)
            number = reader.line_num + 1
    except csv.Error as fault:
        faults.add(file, f"not valid CSV: {fault}; fix the quotes", number)
    if unnamed:
        columns = ", ".join(str(at + 1) for at in sorted(unnamed))
        faults.guess(file, f"what has no name in the header is left out (column {columns}); name it if it is needed")


def _header(cells: list[str], file: str, number: int, faults: Faults) -> list[str]:
    names = [name.strip() for name in cells]
    if len(names) > 1 and not any(names[1:]):
        text = f"names {sum(map(bool, names))} of {len(names)} columns; remove the lines above the header, or name them"
        faults.add(file, text, number, HEADER)
    twice = sorted(name for name, times in Counter(filter(None, names)).items() if times > 1)
    if twice:
        faults.add(file, f"column '{twice[0]}' is in the header twice; rename one", number, HEADER)
    return names
