"""What only the user can tell: raised where a guess may score the wrong thing."""

import shlex
from collections.abc import Sequence
from typing import Literal

from harness.drafting.names import shown_name
from harness.drafting.values import Values, is_empty
from harness.errors import TaskFileError

_SHOWN = 3  # values of a column
_LONGEST = 40  # characters of each

Flag = Literal["--target", "--input", "--lists"]
_MEANINGS = {"any": "any one of a row's answers is right", "all": "a row wants all of them"}


class InDoubt(TaskFileError):
    """Several columns may be meant; the flag that names one settles it."""

    def __init__(self, rows: Values, flag: Flag, why: str, columns: Sequence[str]) -> None:
        """Say what is in doubt.

        Args:
            rows: The rows, whose values are shown.
            flag: What settles it.
            why: The question, with what speaks for several columns.
            columns: Those that may be meant, the likeliest first.
        """
        self.flag = flag
        self.why = why
        self.columns = tuple(columns)
        samples = {name: _sample(rows, name) for name in columns}
        self.options = _MEANINGS if flag == "--lists" else samples  # what may be answered, with its meaning or values
        listed = "; ".join(f"{shown_name(name)} has {sample}" for name, sample in samples.items())
        super().__init__("the rows", [f"{why}: {listed}. {self._remedy()}"])

    def _remedy(self) -> str:
        if self.flag == "--lists":
            return "; ".join(f"give --lists {value} if {meaning}" for value, meaning in _MEANINGS.items()).capitalize()
        named = self.columns[:1] if self.flag == "--target" else self.columns[:2]
        return f"Say which with {self.flag}, such as {' '.join(f'{self.flag} {shlex.quote(name)}' for name in named)}"

    def at(self, where: str, said: Sequence[str]) -> "InDoubt":
        """Return the same doubt, with the file that it is about and what is to be known of that first."""
        self.why = "; ".join((*said, self.why))
        TaskFileError.__init__(self, where, ["; ".join((*said, fault)) for fault in self.faults])
        return self


def _sample(rows: Values, name: str) -> str:
    values = list(dict.fromkeys(" ".join(str(row[name]).split()) for row in rows if not is_empty(row, name)))
    cut = [value if len(value) <= _LONGEST else value[: _LONGEST - 3] + "..." for value in values[:_SHOWN]]
    return ", ".join(f"'{value}'" for value in cut) + (", ..." if len(values) > _SHOWN else "")
