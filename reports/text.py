"""Text that strangers wrote, cut to what a report can show; `harness.visible` makes it safe to look at."""

from dataclasses import dataclass

from harness.visible import one_line as one_line
from harness.visible import visible as visible


@dataclass(frozen=True, slots=True)
class Clipped:
    """The start of a text, and how many characters were left out."""

    shown: str
    hidden: int  # 0: the text is whole

    @property
    def note(self) -> str:
        """What the reader is told about the rest; empty when there is none."""
        return f"… {self.hidden:,} more character{'s' if self.hidden != 1 else ''}" if self.hidden else ""

    def __str__(self) -> str:
        return self.shown + (f" {self.note}" if self.hidden else "")


def clip(text: str, limit: int) -> Clipped:
    """Keep the first `limit` characters and count the rest."""
    return Clipped(text[:limit], max(0, len(text) - limit))
