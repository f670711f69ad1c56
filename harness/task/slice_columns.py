"""`data.slices`: columns by whose values the report groups test rows. No other rows have them, and no arm sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.plugins import suggest
from harness.records import Example
from harness.task.placed import Placed
from harness.task.prompt_columns import column_of


class SliceColumns:
    """The columns that a task names, for the rows of its test."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(dict.fromkeys(names))

    def added(self, made: list[Placed[Example]], role: str) -> list[Placed[Example]]:
        """Return what was made of a row, with the row's own values where it is of the test.

        Raises:
            ValueError: If a value cannot be stored.
        """
        if role != "test" or not self.names:
            return made
        cells = made[0].row.values
        found = tuple(column_of(name, cells.get(name), name) for name in self.names)
        return [Placed(one.row, replace(one.item, slices=found)) for one in made]

    def faults(self, file: str, role: str, names: frozenset[str]) -> Iterator[tuple[int, str]]:
        """Yield the place in `data.slices` of each column that a test file lacks, and what to say of it."""
        for place, name in enumerate(self.names):
            if role == "test" and name not in names:
                yield place, f"data.slices: {file} has no column '{name}'{suggest(name, dict.fromkeys(names))}"
