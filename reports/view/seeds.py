"""What several seeds say: which one the verdict rests on, and what another training run or draw would score."""

from harness.records import Recipe, Run
from reports import numbers
from reports.view.shapes import Cell, Table, table


def seeds_table(run: Run) -> Table | None:
    """Return a row for each arm with several seeds; None where there is none."""
    if not run.decision.recipes:
        return None
    headings = (
        "Arm",
        "Test score by seed",
        "Differ by, points",
        "Error of the items, points",
        "Another seed, expected",
    )
    rows = [_row(run, recipe) for recipe in run.decision.recipes]
    caption = "Several seeds: the verdict is about the one marked so, the last column about another run or draw"
    return table(caption, headings, rows, numbers=(2, 3, 4))


def _row(run: Run, recipe: Recipe) -> tuple[Cell | str, ...]:
    judged = next(evidence.fit.seed for evidence in run.evidence if evidence.arm == recipe.arm)
    found = [
        f"seed {seed}: {numbers.percent(figure)}{' (judged)' if seed == judged else ''}"
        for seed, figure in zip(recipe.seeds, recipe.figures, strict=True)
    ]
    return (
        recipe.arm,
        ", ".join(found),
        numbers.size(recipe.between_seeds),
        numbers.size(recipe.item_error),
        Cell(
            f"{numbers.percent(recipe.new_run.low)} to {numbers.percent(recipe.new_run.high)}",
            f"95%, n = {numbers.count(recipe.new_run.n)}",
        ),
    )
