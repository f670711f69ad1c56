"""Any two arms against each other on the same items, with the items that flip either way."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.records import UNCORRECTED, Comparison, Run
from reports import numbers
from reports.view.examples import Caps
from reports.view.flips import Flips, flips
from reports.view.gain import SMOKE
from reports.view.names import option_name
from reports.view.shapes import Cell, Table, table


@dataclass(frozen=True, slots=True)
class PairsSection:
    """Every arm against every other one."""

    finding: str
    pairs: Table | None
    note: str
    flips: tuple[Flips, ...] = ()  # examples, of the pairs with the leading arm and with the best prompt


def pairs_section(run: Run, caps: Caps | None = None) -> PairsSection:
    """Build the section; each cell is the arm of the row against the arm of the column, `caps` bounds the examples."""
    if run.is_fast:
        return PairsSection(SMOKE, None, "")
    by_names = {(found.arm, found.against): found for found in run.decision.pairs}
    arms = list(dict.fromkeys(name for pair in run.decision.pairs for name in (pair.against, pair.arm)))
    if len(arms) < 2:
        return PairsSection("Fewer than two arms can be judged, so there is no pair to compare.", None, "")
    note = (
        "In points, with 95% intervals, on the items that both answered; below, on how many items the row's arm and the"
        f" column's arm scores higher{_judged(run)}. Below the table are examples of the"
        " pairs with the leading arm and with the best prompt. To read all items of any pair, choose both arms under"
        " “Right with” and “and wrong with” in the section on test items."
        f" {_warning(len(run.decision.pairs))}"
    )
    rows = [_row(arm, arms, by_names) for arm in arms]
    compared = table("The arm of the row against the arm of the column", ("Arm", *arms), rows, numbers=())
    return PairsSection(_finding(run), compared, note, flips(run, caps or Caps()))


def _judged(run: Run) -> str:
    return "" if run.decision.basis is None else f" ({UNCORRECTED})"


def _warning(count: int) -> str:
    return f"Of {numbers.plural(count, 'interval')} about one in twenty misses the true difference."


def _finding(run: Run) -> str:
    measured = [found for found in run.decision.pairs if found.difference is not None]
    apart = [
        found for found in measured if found.difference and (found.difference.low > 0 or found.difference.high < 0)
    ]
    text = f"{len(apart)} of {numbers.plural(len(run.decision.pairs), 'pair')} have an interval without zero."
    if not measured:
        return text
    most = max(measured, key=lambda found: min(found.wins, found.losses))
    names = f"“{option_name(run, most.arm)}” and “{option_name(run, most.against)}”"
    if min(most.wins, most.losses) == 0:
        return text
    return (
        f"{text} {names} complement each other most: the first scores higher on {numbers.plural(most.wins, 'item')},"
        f" the second on {numbers.count(most.losses)}."
    )


def _row(arm: str, arms: list[str], by_names: Mapping[tuple[str, str], Comparison]) -> list[Cell | str]:
    cells: list[Cell | str] = [arm]
    for other in arms:
        if (found := by_names.get((arm, other))) is not None:
            cells.append(_cell(found, is_turned=False))
        elif (found := by_names.get((other, arm))) is not None:
            cells.append(_cell(found, is_turned=True))
        else:
            cells.append(Cell("same arm", mood="absent"))
    return cells


def _cell(found: Comparison, *, is_turned: bool) -> Cell:
    wins, losses = (found.losses, found.wins) if is_turned else (found.wins, found.losses)
    flips = f"{wins} : {losses}"
    gap = found.difference
    if gap is None:
        return Cell(numbers.NOT_MEASURED, flips, "absent")
    estimate, low, high = (-gap.estimate, -gap.high, -gap.low) if is_turned else (gap.estimate, gap.low, gap.high)
    if gap.is_uncorrected:
        return Cell(numbers.points(estimate), f"{UNCORRECTED}\n{flips}", "absent")
    return Cell(numbers.points(estimate), f"{numbers.points(low)} to {numbers.points(high)}\n{flips}")
