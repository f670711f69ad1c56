"""Where the leading arm gains and where it does not, by what items have in common."""

from dataclasses import dataclass

from harness.records import Run, Slice
from reports import numbers
from reports.text import one_line
from reports.view.names import option_name
from reports.view.shapes import Cell, Mood, Table, table

LONGEST = 60  # characters of a slice's name


@dataclass(frozen=True, slots=True)
class SlicesSection:
    """One table for each way of grouping the items."""

    finding: str
    warning: str
    tables: tuple[Table, ...]


def slices_section(run: Run) -> SlicesSection:
    """Build the section on slices."""
    slices = run.decision.slices
    if not slices:
        return SlicesSection("The items share nothing by which they could be grouped.", "", ())
    compared = [found for found in slices if found.gain is not None and found.gain.difference is not None]
    first = next((found.gain for found in slices if found.gain is not None), None)
    worse = [found for found in compared if found.gain and found.gain.difference and found.gain.difference.high < 0]
    names = f"“{option_name(run, first.arm)}” against “{option_name(run, first.against)}”" if first else "The lead"
    shown = f"on {len(worse)} it is worse" if worse else "on none is it shown to be worse"
    looked = numbers.plural(len(slices), "slice")
    warning = (
        f"{looked} were looked at, and nothing was decided on them: of {len(compared)} intervals, about"
        f" {max(1, round(0.05 * len(compared)))} miss the truth by chance. Take what stands out as a question for new"
        " items, not as an answer."
    )
    dimensions = dict.fromkeys(found.dimension for found in slices)
    return SlicesSection(
        f"{names} on {looked}: {shown}.",
        warning,
        tuple(
            _table(dimension, [found for found in slices if found.dimension == dimension]) for dimension in dimensions
        ),
    )


def _table(dimension: str, slices: list[Slice]) -> Table:
    headings = (
        "Slice",
        "Items",
        "Leading arm",
        "Prompt",
        "Gain, points",
        "Only the lead right",
        "Only the prompt right",
    )
    return table(f"By {dimension}", headings, [_row(found) for found in slices], numbers=range(1, 7))


def _row(found: Slice) -> list[Cell | str]:
    gain = found.gain
    gap = gain.difference if gain else None
    name = one_line(found.value)
    shown = Cell("too few items", mood="absent")
    if gap is not None:
        mood: Mood = "bad" if gap.high < 0 else "good" if gap.low > 0 else ""
        shown = Cell(numbers.points(gap.estimate), numbers.point_bounds(gap), mood)
    return [
        name if len(name) <= LONGEST else f"{name[:LONGEST]}… ({len(name) - LONGEST} more characters)",
        numbers.count(found.n),
        numbers.percent(found.figure),
        numbers.percent(found.against),
        shown,
        numbers.count(gain.wins if gain else None),
        numbers.count(gain.losses if gain else None),
    ]
