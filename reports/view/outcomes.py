"""How every item ended, and how well passages were found."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import INFRASTRUCTURE, Evidence, Outcome, Run
from reports import numbers
from reports.view.shapes import OUTCOMES, Cell, Table, table


@dataclass(frozen=True, slots=True)
class OutcomesSection:
    """Outcome classes by arm, and retrieval quality."""

    finding: str
    outcomes: Table
    errors_note: str
    retrieval: Table | None
    retrieval_note: str


def outcomes_section(run: Run) -> OutcomesSection:
    """Build the section on how items ended."""
    ended = Counter(p.outcome for evidence in run.evidence for p in evidence.predictions)
    asked = sum(ended.values())
    lost = sum(ended[outcome] for outcome in INFRASTRUCTURE)
    if not asked:
        finding = "No arm answered a test item."
    else:
        finding = (
            f"{numbers.count(ended[Outcome.SCORED])} of {numbers.plural(asked, 'answer')} could be scored"
            f" ({numbers.percent(ended[Outcome.SCORED] / asked)}); "
            + (f"{numbers.plural(lost, 'item')} could not be asked." if lost else "every item could be asked.")
        )
    return OutcomesSection(finding, _outcomes(run, ended), _errors_note(lost), *_retrieval(run))


def _errors_note(lost: int) -> str:
    if not lost:
        return ""
    return (
        "Items that could not be asked are no fault of the arm: they are left out of its figures. The range says what"
        " the score would be if all of them had been wrong, or right."
    )


def _outcomes(run: Run, ended: Counter[Outcome]) -> Table:
    kinds = [outcome for outcome in Outcome if ended[outcome]]
    has_errors = any(outcome in INFRASTRUCTURE for outcome in kinds)
    headings = ["Arm", *(OUTCOMES[outcome].capitalize() for outcome in kinds), "Items"]
    if has_errors:
        headings.append("Worst to best case")
    rows: list[list[Cell | str]] = []
    for evidence in run.evidence:
        counts = Counter(prediction.outcome for prediction in evidence.predictions)
        if not evidence.predictions:
            rows.append([evidence.arm, *[numbers.NOT_MEASURED] * (len(headings) - 1)])
            continue
        row: list[Cell | str] = [evidence.arm, *(numbers.count(counts[outcome]) for outcome in kinds)]
        row.append(numbers.count(len(evidence.predictions)))
        if has_errors:
            row.append(_bounded(run, evidence))
        rows.append(row)
    return table("How every test item ended", headings, rows, numbers=range(1, len(headings)))


def _bounded(run: Run, evidence: Evidence) -> str:
    """Return the mean if all lost items were wrong, and if all were right."""
    measured = [score.value for score in evidence.scores.get(run.primary_metric, ())]
    asked = len(evidence.predictions)
    lost = sum(not prediction.outcome.is_measured for prediction in evidence.predictions)
    if not lost:
        return "nothing lost"
    figure = evidence.aggregates.get(run.primary_metric)
    is_mean = figure is not None and measured and math.isclose(figure, sum(measured) / len(measured), abs_tol=1e-9)
    if len(measured) + lost != asked or not is_mean:  # only a mean of items can be bounded item by item
        return numbers.NOT_MEASURED
    worst, best = sum(measured) / asked, (sum(measured) + lost) / asked
    return f"{numbers.percent(worst)} to {numbers.percent(best)}"


def _retrieval(run: Run) -> tuple[Table | None, str]:
    found = [(evidence.arm, evidence.retrieval) for evidence in run.evidence if evidence.retrieval]
    if not found:
        return None, "Retrieval quality was not measured: no arm that retrieves ran on questions with known evidence."
    rows: list[Sequence[Cell | str]] = [
        (
            arm,
            numbers.count(quality.k),
            numbers.percent(quality.recall),
            numbers.plain(quality.mrr),
            numbers.plain(quality.ndcg),
            numbers.count(quality.n),
        )
        for arm, quality in found
    ]
    best = max(found, key=lambda pair: pair[1].recall)
    note = (
        f"{best[0]} finds {numbers.percent(best[1].recall)} of the known evidence within {best[1].k} passages"
        f" (n = {numbers.count(best[1].n)})."
    )
    return table("How well passages were found", ("Arm", "Passages", "Recall", "MRR", "nDCG", "Questions"), rows,
                 numbers=range(1, 6)), note  # fmt: skip
