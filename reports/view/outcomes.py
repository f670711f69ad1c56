"""How every item ended, and how well passages were found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import INFRASTRUCTURE, ErrorBounds, Outcome, Run
from reports import numbers
from reports.view.shapes import OUTCOMES, Cell, Table, metric_name, table

SCORED = (Outcome.SCORED, Outcome.REFUSED)  # a refusal is scored like any answer


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
    scored = sum(ended[outcome] for outcome in SCORED)
    if not asked:
        finding = "No arm answered a test item."
    else:
        finding = (
            f"{numbers.count(scored)} of {numbers.plural(asked, 'answer')} could be scored"
            f" ({numbers.percent(scored / asked)}); "
            + (f"{numbers.plural(lost, 'item')} could not be asked." if lost else "every item could be asked.")
        )
    return OutcomesSection(finding, _outcomes(run, ended), _errors_note(run, lost), *_retrieval(run))


def _errors_note(run: Run, lost: int) -> str:
    if not lost:
        return ""
    left = max((score.n for score in run.decision.scores.values()), default=0)
    text = (
        "An item that could not be asked is never counted as wrong. It is left out for every arm: all are judged"
        f" on the same {numbers.count(left)} of {numbers.plural(len(run.examples), 'test item')}; an invalid arm takes"
        " none from the others. Worst and best case: the arm's score over all the items that it was asked, were every"
        " lost one wrong, or right."
    )
    turned = run.decision.other_verdicts
    if turned is None:
        return f"{text} {metric_name(run.primary_metric)} is no mean of items, so it has no worst and best case."
    if turned:
        return f"{text} In such a case the verdict could be {' or '.join(turned)}."
    return f"{text} The verdict is the same in either case."


def _treatment(outcome: Outcome) -> str:
    if outcome in INFRASTRUCTURE:
        return "left out"
    return "scored" if outcome in SCORED else "counts as wrong"


def _outcomes(run: Run, ended: Counter[Outcome]) -> Table:
    kinds = [outcome for outcome in Outcome if ended[outcome]]
    bounds = {bound.arm: bound for bound in run.decision.error_bounds}
    headings = ["Arm", *(OUTCOMES[outcome].capitalize() for outcome in kinds), "Items"]
    notes = ["", *(_treatment(outcome) for outcome in kinds), ""]
    if bounds:
        headings.append("Worst to best case")
        notes.append("")
    rows: list[list[Cell | str]] = []
    for evidence in run.evidence:
        counts = Counter(prediction.outcome for prediction in evidence.predictions)
        if not evidence.predictions:
            status = f"{numbers.NOT_MEASURED}: {evidence.status}"
            rows.append([evidence.arm, Cell(status, mood="absent", span=len(headings) - 1)])
            continue
        row: list[Cell | str] = [evidence.arm, *(numbers.count(counts[outcome]) for outcome in kinds)]
        row.append(numbers.count(len(evidence.predictions)))
        if bounds:
            row.append(_range(bounds.get(evidence.arm)))
        rows.append(row)
    return table("How every test item ended", headings, rows, numbers=range(1, len(headings)), notes=notes)


def _range(bound: ErrorBounds | None) -> str:
    if bound is None:
        return "nothing lost"
    if bound.worst is None or bound.best is None:
        return "no mean of items"
    return f"{numbers.percent(bound.worst)} to {numbers.percent(bound.best)}"


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
        f"{best[0]} finds {numbers.percent(best[1].recall)} of the known evidence"
        f" within {numbers.plural(best[1].k, 'passage')} (n = {numbers.count(best[1].n)})."
    )
    return table("How well passages were found", ("Arm", "Passages", "Recall", "MRR", "nDCG", "Questions"), rows,
                 numbers=range(1, 6)), note  # fmt: skip
