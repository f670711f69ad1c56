"""A line of the scorecard: what was measured, its bar, and whether it was reached."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of research/reliability.md, section 5."""

    row: str
    what: str
    figure: str
    bar: str
    passed: bool
    notes: tuple[str, ...] = ()  # what missed, or how it was measured

    @property
    def verdict(self) -> str:
        """One word."""
        return "pass" if self.passed else "MISS"


def share(row: str, what: str, faults: Sequence[str], tries: int, notes: Sequence[str] = ()) -> Figure:
    """Return the figure of a row whose bar is that nothing goes wrong in any try.

    Args:
        row: Number of the row.
        what: What was tried.
        faults: What went wrong, one line a try that failed.
        tries: How often it was tried.
        notes: How it was measured.
    """
    held = f"{tries - len(faults)}/{tries}"
    figure = (
        held if faults or not tries else f"{held} (95% upper bound of the rate of failure: {min(3 / tries, 1):.1%})"
    )
    return Figure(row, what, figure, f"{tries}/{tries}", bool(tries) and not faults, (*notes, *faults[:5]))


def as_text(figures: Sequence[Figure]) -> str:
    """One line a figure, with its notes below."""
    lines = []
    for one in figures:
        lines.append(f"{one.row:>3}  {one.verdict:<5} {one.what}: {one.figure} (bar: {one.bar})")
        lines.extend(f"          {note}" for note in one.notes)
    return "\n".join(lines)


def as_markdown(figures: Sequence[Figure]) -> str:
    """A table for docs/measurements.md."""
    lines = ["| row | what | figure | bar | |", "|---|---|---|---|---|"]
    for one in figures:
        notes = f" ({'; '.join(one.notes)})" if one.notes else ""
        lines.append(f"| {one.row} | {one.what}{notes} | {one.figure} | {one.bar} | {one.verdict} |")
    return "\n".join(lines)
