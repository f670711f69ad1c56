"""Where the leading arm gains and where it does not, by what items have in common."""

from dataclasses import dataclass

from harness.records import UNCORRECTED, Run, Slice
from reports import numbers
from reports.text import one_line
from reports.view.gain import SMOKE
from reports.view.names import option_name
from reports.view.shapes import Cell, Mood, Table, table

NO_CLAIM = Cell("no claim", mood="absent")
LONGEST = 60  # characters of a slice's name


@dataclass(frozen=True, slots=True)
class SlicesSection:
    """One table for each way of grouping the items."""

    finding: str
    warning: str
    tables: tuple[Table, ...]


def slices_section(run: Run) -> SlicesSection:
    """Build the section on slices."""
    if run.is_fast:
        return SlicesSection(SMOKE, "", ())
    slices = run.decision.slices
    if not slices:
        return SlicesSection("The items share nothing by which they could be grouped.", "", ())
    compared = [
        found
        for found in slices
        if found.gain and found.gain.difference and "no claim" not in found.gain.difference.method
    ]
    first = next((found.gain for found in slices if found.gain is not None), None)
    worse = [found for found in compared if found.gain and found.gain.difference and found.gain.difference.high < 0]
    names = f"“{option_name(run, first.arm)}” against “{option_name(run, first.against)}”" if first else "The lead"
    shown = f"on {len(worse)} it is worse" if worse else "on none is it shown to be worse"
    looked = numbers.plural(len(slices), "slice")
    missed = (
        f": of {len(compared)} intervals, about {max(1, round(0.05 * len(compared)))} miss the truth by chance"
        if compared
        else "; no gain on them can be claimed"
    )
    warning = (
        f"{looked} were looked at, and nothing was decided on them{missed}. Take what stands out as a question for new"
        " items, not as an answer."
    )
    is_judged = run.decision.basis is not None
    dimensions = dict.fromkeys(found.dimension for found in slices)
    return SlicesSection(
        f"{names} on {looked}: {shown}.",
        warning,
        tuple(
            _table(dimension, [found for found in slices if found.dimension == dimension], is_judged=is_judged)
            for dimension in dimensions
        ),
    )


def _table(dimension: str, slices: list[Slice], *, is_judged: bool) -> Table:
    headings = (
        "Slice",
        "Items",
        "Leading arm",
        "Prompt",
        "Gain, points",
        "Lead scores higher",
        "Prompt scores higher",
    )
    notes = ("", "", "", "", "", *[UNCORRECTED if is_judged else "items"] * 2)
    rows = [_row(found, is_judged=is_judged) for found in slices]
    return table(f"By {dimension}", headings, rows, numbers=range(1, 7), notes=notes)


def _row(found: Slice, *, is_judged: bool) -> list[Cell | str]:
    gain = found.gain
    gap = gain.difference if gain else None
    name = one_line(found.value)
    shown = Cell("too few items", mood="absent")
    if gap is not None and "no claim" in gap.method:
        shown = NO_CLAIM
    elif gap is not None:
        mood: Mood = "bad" if gap.high < 0 else "good" if gap.low > 0 else ""
        shown = Cell(numbers.points(gap.estimate), numbers.point_bounds(gap), mood)
    return [
        name if len(name) <= LONGEST else f"{name[:LONGEST]}… ({len(name) - LONGEST} more characters)",
        numbers.count(found.n),
        *(NO_CLAIM if is_judged and one is None else numbers.percent(one) for one in (found.figure, found.against)),
        shown,
        numbers.count(gain.wins if gain else None),
        numbers.count(gain.losses if gain else None),
    ]
