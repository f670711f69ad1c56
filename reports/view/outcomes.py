"""How every item ended, and how well passages were found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.decision.words import join
from harness.records import INFRASTRUCTURE, ErrorBounds, Outcome, Run
from reports import numbers
from reports.view.shapes import OUTCOMES, Cell, Table, metric_name, table

BY_ANSWER, BY_DOCUMENT = "the passage with the answer", "the document named"
SCORED = (Outcome.SCORED, Outcome.REFUSED)  # a refusal is scored like any answer


@dataclass(frozen=True, slots=True)
class OutcomesSection:
    """Outcome classes by arm, and retrieval quality."""

    finding: str
    outcomes: Table
    errors_note: str
    forms: Table | None
    forms_note: str
    calibration: tuple[str, ...]
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
    return OutcomesSection(
        finding, _outcomes(run, ended), _errors_note(run, lost), *_forms(run), _calibration(run), *_retrieval(run)
    )


def _errors_note(run: Run, lost: int) -> str:
    if not lost:
        return ""
    judged = run.decision.scores
    left = max((score.n for score in judged.values()), default=0)
    same = (
        f": all are judged on the same {numbers.count(left)} of {numbers.plural(len(run.examples), 'test item')}"
        if not run.limits.is_adaptive
        else ""
    )
    shared = f" It is left out for every arm{same}; an invalid arm takes none from the others."
    text = (
        f"An item that could not be asked is never counted as wrong.{shared if judged else ''} Worst and best case: the"
        " arm's score over all the items that it was asked, were every lost one wrong, or right."
    )
    is_judged = run.decision.basis is not None
    if is_judged:
        text += " Both are corrected for the judge's errors; where nothing corrects them there is no claim."
    elif any(bound.worst is None for bound in run.decision.error_bounds):
        text += f" {metric_name(run.primary_metric)} is not a mean of items, so it has no worst and best case."
    if any(bound.arm in judged for bound in run.decision.error_bounds):
        text += _turned(run)
    unjudged = [bound.arm for bound in run.decision.error_bounds if bound.arm not in judged]
    if unjudged:
        text += f" What the items of {join(unjudged)} would change is not known: too many are lost to judge it."
    return text


def _turned(run: Run) -> str:
    """Say what the lost items of the judged arms could make of the verdict."""
    turned = run.decision.other_verdicts
    if turned is None:
        return ""
    if turned:
        return f" In such a case the verdict could be {' or '.join(turned)}."
    return " The verdict is the same in either case."


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
            row.append(_range(bounds.get(evidence.arm), is_judged=run.decision.basis is not None))
        rows.append(row)
    return table("How every test item ended", headings, rows, numbers=range(1, len(headings)), notes=notes)


def _range(bound: ErrorBounds | None, *, is_judged: bool) -> str:
    if bound is None:
        return "nothing lost"
    if bound.worst is None or bound.best is None:
        return "no claim" if is_judged else "not a mean of items"
    return f"{numbers.percent(bound.worst)} to {numbers.percent(bound.best)}"


def _forms(run: Run) -> tuple[Table | None, str]:
    """Tell form from knowledge: wrong answers that hold the right value, and the score were they right."""
    found = run.decision.form_misses
    if not any(one.count for one in found):
        return None, "No wrong answer of a judged arm holds the right value in another form." if found else ""
    rows = [
        [
            one.arm,
            numbers.count(one.wrong),
            numbers.count(one.count),
            numbers.NOT_MEASURED if one.figure is None else numbers.percent(one.figure),
            numbers.NOT_MEASURED if one.with_them is None else numbers.percent(one.with_them),
        ]
        for one in found
    ]
    headings = ("Arm", "Wrong", "Of these with the right value", "Score", "Score were these right")
    note = (
        "A wrong answer that holds the right value was written otherwise than the metric asks: a number or a date in"
        " another form, JSON or a label among other words. That is form, not knowledge, and mostly costs arms that were"
        " never shown the form."
    )
    return table("Wrong answers that hold the right value", headings, rows, numbers=range(1, 5)), note


def _calibration(run: Run) -> tuple[str, ...]:
    """Say how well calibrated probabilities are."""
    return tuple(
        f"{evidence.arm} gives its answers a probability of {numbers.percent(found.mean_probability)} on average, and"
        f" {numbers.percent(found.share_right)} of them are right (n = {numbers.count(found.n)}): expected calibration"
        f" error {numbers.percent(found.error)}, Brier score {numbers.plain(found.brier)}, both best at 0."
        for evidence in run.evidence
        if (found := evidence.calibration) is not None
    )


def _retrieval(run: Run) -> tuple[Table | None, str]:
    rows: list[Sequence[Cell | str]] = [
        (
            evidence.arm,
            judged_by,
            numbers.count(quality.k),
            numbers.percent(quality.recall),
            numbers.plain(quality.mrr),
            numbers.plain(quality.ndcg),
            numbers.count(quality.n),
        )
        for evidence in run.evidence
        for judged_by, quality in ((BY_ANSWER, evidence.answer_retrieval), (BY_DOCUMENT, evidence.retrieval))
        if quality is not None
    ]
    if not rows:
        none = "no arm that retrieves ran on questions whose answers stand in the documents or whose evidence is known"
        return None, f"Retrieval quality was not measured: {none}."
    headings = ("Arm", "Judged by", "Passages", "Recall", "MRR", "nDCG", "Questions")
    return table("How well passages were found", headings, rows, numbers=range(2, 7)), _retrieval_note(run)


def _retrieval_note(run: Run) -> str:
    """Say what the best search found, and what is not known of it."""
    by_answer = [(one, one.answer_retrieval) for one in run.evidence if one.answer_retrieval]
    if not by_answer:
        return _document_note(run)
    evidence, best = max(by_answer, key=lambda pair: pair[1].recall)
    name, asked = evidence.arm, len(evidence.predictions) if run.limits.is_adaptive else len(run.examples)
    note = (
        f"{name} was shown the passage that holds the answer for {numbers.count(best.found)} of"
        f" {numbers.plural(best.n, 'question')} within {numbers.plural(best.k, 'passage')}."
    )
    if best.score_found is not None and best.score_missed is not None:
        with_it, without = map(numbers.percent, (best.score_found, best.score_missed))
        note += (
            f" {metric_name(run.primary_metric)} is {with_it} on these and {without} on the others: what is wrong"
            " there is for retrieval to fix, not for the model."
        )
    if untold := asked - best.n:
        note += (
            f" For {numbers.plural(untold, 'question')} the passage is not known, as the answer stands in no line"
            " word for word."
        )
    return note


def _document_note(run: Run) -> str:
    found = [(evidence.arm, evidence.retrieval) for evidence in run.evidence if evidence.retrieval]
    name, best = max(found, key=lambda pair: pair[1].recall)
    note = (
        f"{name} finds {numbers.percent(best.recall)} of the documents that the rows name"
        f" within {numbers.plural(best.k, 'passage')} (n = {numbers.count(best.n)}). Any passage of such a document"
        " counts: whether the one with the answer was shown is not known, as answers stand in no line word for word."
    )
    is_one = len({example.evidence for example in run.examples if example.evidence}) == 1
    return f"{note} All rows name the same, so the figure says nothing." if is_one else note
