"""Whether a perfect score would show the goal on a task's own test items, by the decision's own interval."""

from collections.abc import Sequence

from harness.contract import Metric
from harness.decision.arms import Yardstick, read_field
from harness.decision.ladder import Standings
from harness.planning.items import items_for_perfect
from harness.planning.worlds import PlannedArm, Setting
from harness.records import Evidence, Example, Interval, Limits, Outcome, Prediction
from harness.task.check import Finding, Hit


def perfect_score(test: Sequence[Example], prompts: int, limits: Limits, metric: Metric) -> Interval | None:
    """Return the interval of a prompt that answers every test item with its target.

    Args:
        test: The test items; their groups count.
        prompts: Prompt arms of the task: the best of several is tested a little more strictly.
        limits: The thresholds.
        metric: The primary one; it scores the targets.

    Returns:
        None where there are too few items to judge anything.
    """
    items = [example.id for example in test]
    asked = tuple(Prediction(item, "", "", Outcome.SCORED, "stop", 0, 0, 0.0) for item in items)
    scores = tuple(metric.score(example.target, example) for example in test)
    names = [f"prompt {number}" for number in range(max(1, prompts))]
    evidence = [
        Evidence(name, name, "prompt", "ok", dev_score=1.0, predictions=asked, scores={metric.name: scores})
        for name in names
    ]
    groups = {example.id: example.group for example in test}
    yardstick = Yardstick(metric.name, metric.kind, metric.aggregate, groups)
    standings = Standings(read_field(evidence, names, metric.name, limits), yardstick, limits)
    candidate = standings.field.candidate("prompt")
    return None if candidate is None else standings.bounds(candidate, standings.prompt_tails[candidate.name])


def setting_of(test: Sequence[Example], arms: Sequence[PlannedArm], limits: Limits, metric: Metric) -> Setting:
    """Return what simulated runs of a task share; a figure that is no mean of items is simulated as a rate."""
    kind = "rate" if metric.kind == "aggregate" else metric.kind
    return Setting(tuple(arms), limits, kind, tuple(example.group for example in test))


def find_goal_out_of_reach(test: Sequence[Example], prompts: int, limits: Limits, metric: Metric) -> list[Finding]:
    """Find a goal that these items cannot show, not even by a perfect score."""
    if not test:
        return []
    found = perfect_score(test, prompts, limits, metric)
    arms = [PlannedArm(f"prompt {number}", "prompt") for number in range(max(1, prompts))]
    setting = setting_of(test, arms, limits, metric)
    if found is not None and found.low >= limits.goal:
        return []
    title = "what so many test rows can show of the goal"
    bound = "nothing can be said of so few" if found is None else f"the lower bound is {found.low:.1%}"
    text = f"with {len(test)} test rows all answered rightly {bound}, below the goal of {limits.goal:.4g}"
    remedy = f"no arm can be shown to reach it, not even by a perfect score: give {enough(setting, found)}"
    return [Finding("small_test", "warning", title, remedy, (Hit((), text),))]


def enough(setting: Setting, found: Interval | None) -> str:
    """Say what would let a perfect score show the goal."""
    if setting.limits.goal >= 1.0:
        return "a goal below 1"
    if found is not None and "no claim: the label" in found.method:
        return f"more rows of rare labels ({found.method})"
    needed = items_for_perfect(setting)
    if needed is None:
        return "a lower goal, as no number of rows would do"
    if not setting.is_grouped:
        return f"{needed} rows at least"
    return f"about {needed} rows at least, in {len(setting.resized(needed).sizes)} groups like these"
