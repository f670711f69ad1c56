"""The forgetting gate: did tuning keep the model's general ability?

Three states. FAIL needs proof that something broke; the 5% chance of failing an arm that lost nothing is
split evenly over the tests that could be made (pooled change, single benchmarks with Holm's correction,
retention, text loss, off-task answers). PASS needs proof that the pooled change is above -`max_drop`: one test, one-
sided, 5%. INCONCLUSIVE is everything between. A gate that asked every benchmark to pass on its own
would be a trap: with nothing lost, five benchmarks of 150 items all pass in 0.1% of worlds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.decision.arms import Arm
from harness.decision.forgetting import Forgetting, measure
from harness.decision.intervals import wilson
from harness.decision.power import items_for_gain
from harness.decision.words import points, share, signed_points
from harness.records import Gate, GeneralAbility, Interval, Limits

FAMILY_ERROR = 0.05  # chance that an arm that lost nothing fails
PASS_TAIL = 0.05  # chance that an arm that lost more than the limit passes


@dataclass(frozen=True)
class _Finding:
    """What the tests of one arm found."""

    broken: Mapping[str, str]  # benchmark -> why it fails
    failures: tuple[str, ...]  # everything that fails, benchmarks included


def judge(arm: Arm, bases: Sequence[GeneralAbility], limits: Limits) -> Gate:
    """Judge one tuned arm against its reference weights.

    The reference is the base in the arm's own quantisation, so that what quantising cost is not blamed on
    tuning.

    Raises:
        ValueError: If a text has another length for the two.
    """
    tuned, wanted = arm.evidence.general, arm.evidence.reference
    base = next((item for item in bases if item.weights == wanted), None)
    if tuned is None or base is None:
        missing = "the tuned weights" if tuned is None else f"the reference '{wanted}'"
        return _not_measured(arm, f"general ability of {missing} was not measured")
    forgetting = measure(base, tuned)
    off_task = _off_task(tuned)
    finding = _test(forgetting, off_task, tuned, limits)
    change = forgetting.pooled.change
    if change is None and not finding.failures:
        return _not_measured(arm, f"fewer than two benchmark items were answered by both the arm and '{wanted}'")
    pooled = change.interval(PASS_TAIL) if change else None
    is_safe = pooled is not None and pooled.low > -limits.max_drop
    needed = None if finding.failures or is_safe or pooled is None else _items_needed(pooled, limits)
    probability = forgetting.probability
    return Gate(
        arm=arm.name,
        state="fail" if finding.failures else "pass" if is_safe else "inconclusive",
        reasons=(finding.failures or _explain(pooled, is_safe, needed, limits)) + _left_out(forgetting),
        pooled=pooled,
        probability_change=probability.interval() if probability else None,
        retention=forgetting.retention(),
        tasks=tuple(item.describe(finding.broken.get(item.task, "")) for item in forgetting.benchmarks),
        text_loss_change=forgetting.text_loss(),
        off_task_rate=off_task,
        items_needed=needed,
    )


def _test(forgetting: Forgetting, off_task: Interval | None, tuned: GeneralAbility, limits: Limits) -> _Finding:
    """Make every test that the evidence allows, each at its share of the family error."""
    change = forgetting.pooled.change
    made = [change, change, forgetting.retention(), forgetting.text_loss(), off_task]
    tail = FAMILY_ERROR / max(1, sum(item is not None for item in made))
    failures: list[str] = []
    if change and (bound := change.interval(tail)).high < -limits.max_drop:
        failures.append(
            f"over all {bound.n} benchmark items the score changed by {signed_points(bound.estimate)}, at most "
            f"{signed_points(bound.high)}; the limit is -{points(limits.max_drop)}"
        )
    broken = _broken_benchmarks(forgetting, tail, limits)
    failures.extend(f"{task}: {why}" for task, why in broken.items())
    kept = forgetting.retention(tail)
    if kept and kept.high < limits.keep:
        failures.append(
            f"{share(kept.estimate)} of the base's ability above chance is kept, at most {share(kept.high)}; "
            f"at least {share(limits.keep)} is asked"
        )
    loss = forgetting.text_loss(tail)
    if loss and loss.low > limits.max_text_loss:
        failures.append(
            f"the loss on {loss.n} general texts rose by {loss.estimate:.3f} nats per token, at least "
            f"{loss.low:.3f}; the limit is {limits.max_text_loss:g}"
        )
    if off_task and (rate := _off_task(tuned, tail)) and rate.low > limits.max_off_task:
        failures.append(
            f"{share(rate.estimate)} of {rate.n} unrelated questions get an answer of the task, at least "
            f"{share(rate.low)}; the limit is {share(limits.max_off_task)}"
        )
    return _Finding(broken, tuple(failures))


def _broken_benchmarks(forgetting: Forgetting, tail: float, limits: Limits) -> Mapping[str, str]:
    """Return the benchmarks shown to drop by more than the limit, Holm-corrected, and why."""
    changes = [(item.task, change) for item in forgetting.benchmarks if (change := item.pairs.change)]
    if not changes:
        return {}
    chances = [change.chance_below(-limits.max_drop) for _, change in changes]
    return {
        task: f"{signed_points(change.estimate)} on {change.n} items; shown to be a drop of more than "
        f"{points(limits.max_drop)} (p={chance:.2g}, Holm)"
        for (task, change), chance, is_broken in zip(changes, chances, holm(chances, tail), strict=True)
        if is_broken
    }


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Say which p-values Holm's step-down procedure rejects at a family-wise level.

    statsmodels' `multipletests` does the same (a test compares them), but collects garbage on every call, which
    takes 50 to 300 ms. Source: Holm 1979, Scand. J. Statist. 6:65.
    """
    rejected = [False] * len(chances)
    for place, index in enumerate(sorted(range(len(chances)), key=lambda index: chances[index])):
        if chances[index] > level / (len(chances) - place):
            break
        rejected[index] = True
    return rejected


def _off_task(tuned: GeneralAbility, tail: float = 0.025) -> Interval | None:
    answers = [answer.is_task_answer for answer in tuned.off_task]
    return wilson(sum(answers), len(answers), tail) if answers else None


def _items_needed(pooled: Interval, limits: Limits) -> int | None:
    """Forecast the items that exclude forgetting; an observed gain counts as no change."""
    return items_for_gain(replace(pooled, estimate=min(pooled.estimate, 0.0)), -limits.max_drop, tail=PASS_TAIL)


def _explain(pooled: Interval | None, is_safe: bool, needed: int | None, limits: Limits) -> tuple[str, ...]:
    if pooled is None:
        return ()
    seen = (
        f"over all {pooled.n} benchmark items the score changed by {signed_points(pooled.estimate)}, "
        f"at least {signed_points(pooled.low)} (95% one-sided); the limit is -{points(limits.max_drop)}"
    )
    if is_safe:
        return (seen,)
    if needed is None:
        return (seen, "forgetting not excluded; the change seen is at the limit, so more items alone will not show it")
    return (seen, f"forgetting not excluded; {needed} items would show it if the true change is the one seen")


def _left_out(forgetting: Forgetting) -> tuple[str, ...]:
    notes: list[str] = []
    if forgetting.unpaired:
        notes.append(f"{forgetting.unpaired} benchmark items were answered by only one of the two and are left out")
    if forgetting.unscaled:
        notes.append(f"{', '.join(forgetting.unscaled)}: scores outside [0, 1] cannot be bounded and are left out")
    return tuple(notes)


def _not_measured(arm: Arm, why: str) -> Gate:
    return Gate(arm.name, "not_measured", (why,), None, None, None, (), None, None, None)
