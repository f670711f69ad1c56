"""What a judge said of the arms, how far people agree with it, and what it took."""

from dataclasses import dataclass

from harness.decision.words import join
from harness.records import UNCORRECTED, Interval, JudgedArm, JudgeFindings, Run
from reports import numbers
from reports.view.shapes import Cell, Table, metric_name, table

POOR_KAPPA = 0.4  # Landis and Koch 1977, doi:10.2307/2529310, call less 'fair' at best
BIASED = 0.2  # from one half, of the share of first choices


@dataclass(frozen=True, slots=True)
class JudgePart:
    """One judge: sentences, and its scores by arm."""

    title: str
    sentences: tuple[str, ...]
    table: Table


def judge_parts(run: Run) -> tuple[JudgePart, ...]:
    """Build a part for each judge among the metrics; none where there is none."""
    return tuple(_part(found, run) for found in run.judging)


def _part(found: JudgeFindings, run: Run) -> JudgePart:
    sentences = (_role(found), _agreement(found), _basis(found), *_doubts(found), _cost(found), _dev(found, run))
    title = f"What {metric_name(found.metric)} says"
    return JudgePart(title, tuple(filter(None, sentences)), _table(found))


def _role(found: JudgeFindings) -> str:
    if found.decides:
        return f"The verdict rests on what {found.model} says of the answers, corrected by people's labels."
    return f"{found.model} was asked about the answers; what it says is shown and decides nothing."


def _agreement(found: JudgeFindings) -> str:
    agreed = found.agreement
    if agreed is None:
        return "No answer was labelled by people, so nothing says how often the judge is right: do not rely on it."
    text = (
        f"Of {numbers.plural(agreed.n, 'answer')} that people labelled, the judge says what they say of"
        f" {numbers.percent(agreed.raw.estimate)} (95% interval {numbers.bounds(agreed.raw)})"
    )
    if agreed.kappa is None:
        return f"{text}; Cohen's kappa is not known, as both gave one and the same label throughout."
    text += f"; Cohen's kappa is {_kappa(agreed.kappa)}"
    if agreed.kappa.high < POOR_KAPPA:
        return f"{text}: a poor judge of this task. Write a clearer rubric, or take a more capable model as judge."
    if agreed.kappa.low < POOR_KAPPA:
        return f"{text}: whether it is a good judge of this task is not shown; more labels would tell."
    return f"{text}."


def _kappa(kappa: Interval) -> str:
    low, high = numbers.plain(kappa.low, 2), numbers.plain(kappa.high, 2)
    return f"{numbers.plain(kappa.estimate, 2)} ({low} to {high}; 0 is chance, 1 is full agreement)"


def _basis(found: JudgeFindings) -> str:
    if found.agreement is None:
        return ""
    if found.basis == "own":
        return (
            "The corrected figures rest on labels of the arms' own answers (prediction-powered inference, PPI++): they"
            " hold where the labelled test rows were drawn at random."
        )
    if found.basis == "transferred":
        return (
            "People labelled other answers than the arms' own, so the corrected figures (Rogan and Gladen's estimate,"
            " Fieller's interval) hold where the judge errs on the arms' answers as often as on those."
        )
    return "There are too few labels, or of one kind alone, to correct the judge's figures."


def _doubts(found: JudgeFindings) -> list[str]:
    said = []
    if found.first_share is not None and abs(found.first_share - 0.5) > BIASED:
        said.append(
            f"It takes the choice that is listed first in {numbers.percent(found.first_share)} of its replies; each"
            " answer is asked about in both orders, and what the order decides counts as a tie."
        )
    if found.own_arms:
        verb = "stands" if len(found.own_arms) == 1 else "stand"
        said.append(
            f"{join(list(found.own_arms))} {verb} on the very model that judges, and models tend to favour answers of"
            " their own."
        )
    if lost := sum(arm.unjudged for arm in found.arms):
        said.append(
            f"{numbers.plural(lost, 'answer')} could not be judged and {'is' if lost == 1 else 'are'} missing, not bad;"
            " the table gives the worst and the best case."
        )
    return said


def _cost(found: JudgeFindings) -> str:
    return (
        f"It read {numbers.plural(found.tokens, 'token')} in {numbers.seconds(found.seconds)} for"
        f" {numbers.plural(found.answers, 'different answer')}; that is in no arm's cost."
    )


def _dev(found: JudgeFindings, run: Run) -> str:
    if not found.decides:
        return ""
    chosen = run.task.get("metric", {}).get("options", {}).get(found.metric, {}).get("choose_by", "chrf")
    return f"Arms made their choices on dev by {metric_name(str(chosen))}, as the judge never sees their answers there."


def _table(found: JudgeFindings) -> Table:
    headings = ("Arm", "Judge's score", "Corrected", "Ties", "Labelled by people", "Answers")
    rows = [
        [
            arm.arm,
            Cell(numbers.percent(arm.raw), _case(arm)),
            _corrected(arm.corrected),
            numbers.count(arm.ties),
            numbers.count(arm.labelled),
            numbers.count(arm.n),
        ]
        for arm in found.arms
    ]
    notes = ("", UNCORRECTED, "95% interval", "the orders disagree", "of its own answers", "")
    return table("What the judge says of each arm", headings, rows, numbers=range(1, 6), notes=notes)


def _case(arm: JudgedArm) -> str:
    if not arm.unjudged:
        return ""
    return f"{arm.unjudged} not judged: {numbers.percent(arm.worst)} to {numbers.percent(arm.best)}"


def _corrected(interval: Interval | None) -> Cell | str:
    if interval is None:
        return numbers.NOT_MEASURED
    if "no claim" in interval.method:
        return Cell("no claim", mood="absent")
    return Cell(numbers.percent(interval.estimate), numbers.bounds(interval))
