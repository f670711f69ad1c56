"""Whether a perfect score would show the goal on a task's own test items, by the decision's own interval."""

import math
from collections.abc import Sequence

import numpy as np

from harness.answer_reading import AnswerRule
from harness.checking import Finding, Hit
from harness.contract import Metric
from harness.decision.arms import MetricSpec, read_arms
from harness.decision.intervals import FEWEST_PER_LABEL, exact
from harness.decision.ladder import ArmScores
from harness.planning.items import contest_of, first_enough, items_for_goal, shows_goal
from harness.planning.record import GoalItems
from harness.planning.worlds import PlannedArm, Setting, prompt_tail
from harness.records import Evidence, Example, Fit, Interval, Limits, Outcome, Prediction, Score
from harness.task.scoring import ResultMetric, result_of


def perfect_score(
    test: Sequence[Example], prompts: int, limits: Limits, metric: Metric, rule: AnswerRule | None = None
) -> Interval | None:
    """Return the interval of a prompt that answers every test item with its target.

    Args:
        test: The test items; their groups count.
        prompts: Prompt arms of the task: the best of several is tested a little more strictly.
        limits: The thresholds.
        metric: The primary one; it scores the targets' results.
        rule: How the task reads these.

    Returns:
        None where there are too few items to judge anything.
    """
    items = [example.id for example in test]
    asked = tuple(Prediction(item, "", "", Outcome.SCORED, "stop", 0, 0, 0.0) for item in items)
    scores = tuple(_right(metric, example, rule) for example in test)
    names = [f"prompt {number}" for number in range(max(1, prompts))]
    evidence = [
        Evidence(Fit(name), name, "prompt", "ok", dev_score=1.0, predictions=asked, scores={metric.name: scores})
        for name in names
    ]
    groups = {example.id: example.group for example in test}
    metric_spec = MetricSpec(metric.name, metric.kind, metric.aggregate, groups)
    arm_scores = ArmScores(read_arms(evidence, names, metric.name, limits), metric_spec, limits)
    candidate = arm_scores.judged_arms.candidate("prompt")
    return None if candidate is None else arm_scores.bounds(candidate, arm_scores.prompt_tails[candidate.name])


def _right(metric: Metric, example: Example, rule: AnswerRule | None) -> Score:
    if isinstance(metric, ResultMetric):
        return metric.perfect(example)
    return metric.score(result_of(example.target, rule), example)


def setting_of(test: Sequence[Example], arms: Sequence[PlannedArm], limits: Limits, metric: Metric) -> Setting:
    """Return what simulated runs of a task share; a figure that is not a mean of items is simulated as a rate."""
    kind = "rate" if metric.kind == "aggregate" else metric.kind
    return Setting(tuple(arms), limits, kind, tuple(example.group for example in test))


def goal_items(setting: Setting, perfect: Interval | None, metric: Metric) -> GoalItems:
    """Say what the goal asks of the test set: of a perfect score, and of an arm halfway between the goal and 100%.

    Args:
        setting: The run.
        perfect: What `perfect_score` says of its items.
        metric: The primary one.
    """
    goal, rate = setting.limits.goal, (1 + setting.limits.goal) / 2
    is_reachable = perfect is not None and perfect.low >= goal
    is_rare = perfect is not None and "the label" in perfect.method
    return GoalItems(
        goal=goal,
        items=setting.items,
        is_reachable=is_reachable,
        remedy="" if is_reachable else _enough(setting, perfect, metric),
        rate=rate,
        items_for_rate=None if is_rare else items_for_goal(setting, rate),
    )


def find_goal_out_of_reach(
    test: Sequence[Example], prompts: int, limits: Limits, metric: Metric, rule: AnswerRule | None = None
) -> list[Finding]:
    """Find a goal that these items cannot show, not even by a perfect score."""
    if not test:
        return []
    found = perfect_score(test, prompts, limits, metric, rule)
    if found is not None and found.low >= limits.goal:
        return []
    arms = [PlannedArm(f"prompt {number}", "prompt") for number in range(max(1, prompts))]
    title = "what so many test rows can show of the goal"
    text = f"with {len(test)} test rows all answered rightly: {bound_words(found)}; the goal is {limits.goal:.4g}"
    enough = _enough(setting_of(test, arms, limits, metric), found, metric)
    remedy = f"no arm can be shown to reach it, not even by a perfect score: give {enough}"
    return [Finding("small_test", "warning", title, remedy, (Hit((), text),))]


def bound_words(perfect: Interval | None) -> str:
    """Say what a perfect score shows."""
    if perfect is None:
        return "nothing can be said of so few"
    return perfect.method if "no claim" in perfect.method else f"the lower bound is {perfect.low:.1%}"


def items_for_perfect(setting: Setting, metric: Metric) -> int | None:
    """Return with how many items, all of them right, the goal is shown; None where no number would do.

    A figure that is not a mean of items is bounded as the rate of its groups is, where it comes in groups.
    """
    goal, contest = setting.limits.goal, contest_of(setting)
    if goal >= 1.0:
        return None
    tail = prompt_tail(contest)
    if metric.kind == "aggregate":
        units = first_enough(lambda number: exact(number, number, tail).low >= goal, 8)
        return units if units is None else math.ceil(units * setting.items / len(setting.sizes))
    return first_enough(lambda items: shows_goal(contest.resized(items), np.ones(items), tail), 8)


def _enough(setting: Setting, found: Interval | None, metric: Metric) -> str:
    """Say what would let a perfect score show the goal."""
    if setting.limits.goal >= 1.0:
        return "a goal below 1"
    if found is not None and "the label" in found.method:
        unit = "groups" if setting.is_grouped else "rows"
        return f"{FEWEST_PER_LABEL} {unit} of every label at least"
    needed = items_for_perfect(setting, metric)
    if needed is None:
        return "a lower goal, as no number of rows would do"
    if not setting.is_grouped:
        return f"{needed} rows at least"
    return f"about {needed} rows at least, in {len(setting.resized(needed).sizes)} groups like these"
