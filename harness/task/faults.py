"""Faults are gathered, so that a user sees all of them at once."""

from pathlib import Path

from harness.errors import TaskFileError

SHOWN_PER_FILE = 50  # a file with one systematic mistake would bury the others


class Faults:
    """The list of what is wrong, by the file it is wrong in."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, tuple[int, int]]] = {}  # by file; each fault with line and column

    def add(self, file: str, text: str, line: int | None = None, unit: str = "line", column: int | None = None) -> None:
        """Note one fault; `text` says what is wrong and the remedy.

        Args:
            file: Name that the user knows the file by.
            text: The fault, with the value and what to do.
            line: Counted from 1; None when the file as a whole is meant.
            unit: 'row' for formats that have no lines.
            column: Counted from 1, in characters; None where a line is all that is known.
        """
        where = file if line is None else f"{file} {unit} {line}"
        if column is not None:
            where += f" column {column}"
        self._found.setdefault(file, {})[f"{where}: {text}"] = (line or 0, column or 0)

    @property
    def count(self) -> int:
        """How many faults were found so far."""
        return sum(map(len, self._found.values()))

    def raise_any(self, path: Path) -> None:
        """Raise all faults together, or do nothing when there are none.

        Raises:
            TaskFileError: In order of lines; of each file at most `SHOWN_PER_FILE`, and the count of the rest.
        """
        if not self._found:
            return
        listed: list[str] = []
        for file, faults in self._found.items():
            listed += sorted(faults, key=lambda fault: faults[fault])[:SHOWN_PER_FILE]
            if len(faults) > SHOWN_PER_FILE:
                listed.append(f"{file}: and {len(faults) - SHOWN_PER_FILE} more faults; fix these first")
        raise TaskFileError(str(path), listed, self.count)
