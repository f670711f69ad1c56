"""Faults are gathered, so that a user sees all of them at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import TaskFileError, shortened

SHOWN_PER_FILE = 50  # a file with many mistakes would bury the others
SHOWN_ALIKE = 3  # of one kind, in one line where there are more
_POSITION = re.compile(r"\[\d+\]")
_VALUE = re.compile(r"(?:(?<= is )|(?<= are both ))[^;]*(?=; )")

Found = Mapping[str, tuple[int, int, str, str]]  # by the whole line: line, column, unit, and what is wrong


class Faults:
    """The list of what is wrong, by the file it is wrong in."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, tuple[int, int, str, str]]] = {}  # by file
        self.guesses: dict[str, None] = {}  # what was read though it may be otherwise, in order, each once
        self.commits: dict[str, str] = {}  # of hub data sets, by owner/name: the one that rows were read at

    def add(self, file: str, text: str, line: int | None = None, unit: str = "line", column: int | None = None) -> None:
        """Note one fault; `text` says what is wrong and the remedy.

        Args:
            file: Name that the user knows the file by.
            text: The fault, with the value and what to do.
            line: Counted from 1; None when the file as a whole is meant.
            unit: 'row' for formats that have no lines.
            column: Counted from 1, in characters; None where a line is all that is known.
        """
        file = shortened(file)
        where = file if line is None else f"{file} {unit} {line}"
        if column is not None:
            where += f" column {column}"
        self._found.setdefault(file, {})[f"{where}: {text}"] = (line or 0, column or 0, unit, text)

    def guess(self, file: str, text: str) -> None:
        """Note what was guessed of a file that could be read."""
        self.guesses[f"{file}: {text}"] = None

    @property
    def count(self) -> int:
        """How many faults were found so far."""
        return sum(map(len, self._found.values()))

    def raise_any(self, path: Path) -> None:
        """Raise all faults together, or do nothing when there are none.

        Raises:
            TaskFileError: In order of lines; many of one kind are one line, and of each file there are at most
                `SHOWN_PER_FILE`, and the count of the rest.
        """
        if not self._found:
            return
        listed: list[str] = []
        for file, faults in self._found.items():
            lines = list(_lines(file, faults))
            listed += lines[:SHOWN_PER_FILE]
            if len(lines) > SHOWN_PER_FILE:
                listed.append(f"{file}: and {len(lines) - SHOWN_PER_FILE} more faults; fix these first")
        raise TaskFileError(str(path), listed, self.count)


def kind_of_fault(text: str) -> str:
    """Return what faults of one kind share: their text without positions in lists and without the value."""
    return _VALUE.sub("", _POSITION.sub("[]", text))


def numbered(numbers: Sequence[int], unit: str) -> str:
    """Name some rows of a file: 'lines 2, 6, 10 and 12 more'."""
    listed = ", ".join(map(str, numbers[:SHOWN_ALIKE]))
    more = f" and {len(numbers) - SHOWN_ALIKE} more" if len(numbers) > SHOWN_ALIKE else ""
    return f"{unit}{'s' if len(numbers) > 1 else ''} {listed}{more}"


def _lines(file: str, faults: Found) -> Iterator[str]:
    """Yield a line for each fault, in order; one for all of a kind where they are many."""
    ordered = sorted(faults, key=lambda fault: faults[fault][:2])
    kinds: dict[tuple[str, str], list[str]] = {}
    for fault in ordered:
        _, _, unit, text = faults[fault]
        kinds.setdefault((unit, kind_of_fault(text)), []).append(fault)
    many = {key: alike for key, alike in kinds.items() if len(alike) > SHOWN_ALIKE and faults[alike[0]][0]}
    for fault in ordered:
        _, _, unit, text = faults[fault]
        alike = many.get((unit, kind_of_fault(text)))
        if alike is None:
            yield fault
        elif fault == alike[0]:
            yield f"{file} {numbered([faults[one][0] for one in alike], unit)}: {text}"
