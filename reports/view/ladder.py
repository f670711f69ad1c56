"""The ladder: which rung earned its cost, and what the rule of thumb said beforehand."""

from dataclasses import dataclass

from harness.records import RuleOfThumb, Run, Rung
from reports import numbers
from reports.charts.ladder import ladder as draw
from reports.view.lookup import ORDER, score_of
from reports.view.shapes import FAMILIES, RUNGS, Cell, Figure, Table, table

BANDS = {
    "rethink": "Rethink: tuning alone is unlikely to fix it",
    "between": "Between: the rule is silent, measure",
    "promising": "Promising: tuning can push it higher",
    "nearly_sure": "Nearly sure: the prompt already does it",
}
SMOKE = "Smoke run: no verdict, so no rung of the ladder is judged."


@dataclass(frozen=True, slots=True)
class LadderSection:
    """The rungs as judged, and the rule of thumb beside them."""

    finding: str
    figure: Figure | None  # None in a smoke run, as are the rungs
    rungs: Table | None
    predicts: str
    measured: str


def ladder_section(run: Run) -> LadderSection:
    """Build the section on the ladder."""
    if run.is_fast:
        return LadderSection(SMOKE, None, None, "", "")
    rule = run.decision.rule
    return LadderSection(
        finding=_finding(run),
        figure=_figure(run),
        rungs=_rungs(run),
        predicts=rule.predicts if rule else "No prompt arm was measured, so the rule has nothing to say.",
        measured=rule.measured if rule else numbers.NOT_MEASURED,
    )


def _finding(run: Run) -> str:
    rungs = run.decision.rungs
    climbed = [rung for rung in rungs if rung.climbed]
    at_goal = [rung for rung in rungs if rung.family == "prompt" and rung.at_goal]
    if at_goal:
        return f"{at_goal[0].candidate} reaches the goal by prompting alone, so no higher rung is needed."
    if climbed:
        highest = climbed[-1]
        return (
            f"The highest rung that earned its cost is {RUNGS[highest.family]}:"
            f" {highest.candidate}, {numbers.rate(highest.score)}."
        )
    return "No rung above the prompt earned its cost on this evidence."


def _figure(run: Run) -> Figure:
    arms = [
        (evidence, score)
        for family in ORDER
        for evidence in run.evidence
        if evidence.family == family and (score := score_of(run, evidence.arm))
    ]
    candidates = frozenset(rung.candidate for rung in run.decision.rungs if rung.candidate)
    reaching = [evidence.arm for evidence, score in arms if score.low >= run.limits.goal]
    title = (
        f"{numbers.plural(len(reaching), 'arm')} of {len(arms)} "
        f"{'reaches' if len(reaching) == 1 else 'reach'} the goal of {numbers.percent(run.limits.goal)}"
        " with the whole interval"
    )
    rule = run.decision.rule
    return Figure(
        title,
        draw(arms, candidates, rule.bands if rule else (), run.limits),
        "Bars are 95% intervals. A filled mark is the rung's candidate, named on dev; the dashed line is the goal."
        " The shaded bands are a rule of thumb and decide nothing.",
        _bands(rule),
        draw(arms, candidates, rule.bands if rule else (), run.limits, is_narrow=True),
    )


def _bands(rule: RuleOfThumb | None) -> Table:
    bands = rule.bands if rule else ()
    arm = rule.prompt_arm if rule and rule.prompt_arm else "the best prompt"
    return table(
        f"How likely the true rate of {arm} lies in each band",
        ("Band", "From", "To", "Probability"),
        [
            (BANDS[band.name], numbers.percent(band.low), numbers.percent(band.high), numbers.percent(band.probability))
            for band in bands
        ],
        numbers=(1, 2, 3),
    )


def _rungs(run: Run) -> Table:
    return table(
        "The rungs, cheapest first",
        ("Rung", "Candidate", "Score", "Result", "Why"),
        [
            (
                FAMILIES[rung.family],
                rung.candidate or numbers.NOT_MEASURED,
                Cell(numbers.percent(rung.score.estimate), f"{numbers.bounds(rung.score)}, n = {rung.score.n}")
                if rung.score
                else numbers.NOT_MEASURED,
                _result(rung),
                rung.why,
            )
            for rung in run.decision.rungs
        ],
    )


def _result(rung: Rung) -> Cell:
    if rung.candidate is None:
        return Cell("no arm ran", mood="absent")
    if rung.climbed:
        return Cell("climbed", "reaches the goal" if rung.at_goal else "", "good")
    if rung.family == "prompt":
        return Cell("reaches the goal", mood="good") if rung.at_goal else Cell("start")
    return Cell("did not climb", "reaches the goal" if rung.at_goal else "")
