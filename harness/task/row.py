"""One record of a data file, and its place there."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in its file."""

    file: str  # the name the user gave
    number: int  # line, or row where the format has no lines; counted from 1
    unit: str  # 'line' or 'row'
    values: dict[str, Any]

    @property
    def place(self) -> str:
        """Where the row is, for a message: 'train.jsonl line 17'."""
        return f"{self.file} {self.unit} {self.number}"
