"""A regression check: tuned weights against their base, by the gate's own code. Pure.

A pipeline runs this on every change, so the chance that weights which lost nothing are called regressed is 1%, not the
5% of a comparison that is run once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.decision.arms import MetricSpec
from harness.decision.gate import judge_abilities
from harness.decision.intervals import group_labels, no_claim, score_interval
from harness.decision.measured import PASS_TAIL
from harness.decision.paired import compare
from harness.decision.words import points, signed_points
from harness.records import Comparison, Flip, Gate, GeneralAbility, Interval, Limits, Regression, Score

FAMILY_ERROR = 0.01  # chance that weights which lost nothing are called regressed
_HALF = FAMILY_ERROR / 2  # with a task, for general ability and for the task's own score each
Verdict = Literal["passed", "regressed", "inconclusive", "cannot_judge"]
_RIGHT = 0.5  # a score above it counts as right where items are graded


@dataclass(frozen=True)
class TaskScores:
    """The task's test items, scored on both sides."""

    metric_spec: MetricSpec
    base: Sequence[Score]
    tuned: Sequence[Score]


@dataclass(frozen=True)
class _Scored:
    """What `paired.compare` compares."""

    name: str
    scores: Mapping[str, Score]


def conclude(
    base: GeneralAbility,
    tuned: GeneralAbility,
    limits: Limits,
    *,
    task: TaskScores | None,
    forms: str = "",
    notes: Sequence[str] = (),
    manifest: Mapping[str, Any],
) -> Regression:
    """Judge tuned weights against their base.

    Args:
        base: General ability of the base, under the name that the user gave it.
        tuned: General ability of the tuned weights, on the same items.
        limits: `max_drop` and `keep` above all; the task's own score may not drop by more than `max_drop` either.
        task: Scores on the task's own items; None without a task, and then no unrelated question is asked for.
        forms: How the two are quantised, where they differ: a sentence, said behind the verdict.
        notes: What else the reader must know of how the two were measured.
        manifest: Versions, hashes, device, seeds, dates.

    Raises:
        ValueError: If a text has another length for the two.
    """
    error = FAMILY_ERROR if task is None else _HALF
    gate = judge_abilities(tuned.weights, base, tuned, limits, family_error=error, asks_off_task=task is not None)
    on_task = None if task is None else judge_task(task, limits)
    found: list[Verdict] = [_VERDICTS[gate.state], *([on_task.verdict] if on_task else [])]
    verdict = next(name for name in _GRAVEST_FIRST if name in found)
    return Regression(
        base=base.weights,
        tuned=tuned.weights,
        verdict=verdict,
        sentence=" ".join(filter(None, (_sentence(verdict, gate, on_task, limits), forms))),
        gate=gate,
        flips=flips(base, tuned),
        primary_metric=None if task is None else task.metric_spec.metric,
        base_score=score_interval(task.base, task.metric_spec) if task and task.base else None,
        tuned_score=score_interval(task.tuned, task.metric_spec) if task and task.tuned else None,
        task_change=None if task is None else task_change(task, base.weights, tuned.weights),
        task_verdict=on_task.verdict if on_task else None,
        task_words=on_task.words if on_task else "",
        limits=limits,
        notes=tuple(notes),
        manifest=manifest,
    )


_VERDICTS: Mapping[str, Verdict] = {
    "pass": "passed",
    "fail": "regressed",
    "inconclusive": "inconclusive",
    "cannot_judge": "cannot_judge",
    "not_measured": "cannot_judge",
}


_GRAVEST_FIRST: tuple[Verdict, ...] = ("regressed", "cannot_judge", "inconclusive", "passed")


@dataclass(frozen=True)
class OnTask:
    """What the task's own items say, and how."""

    verdict: Verdict
    words: str


def judge_task(task: TaskScores, limits: Limits) -> OnTask:
    """Judge the task's own score as the gate judges benchmarks: a pass needs its lower bound inside `max_drop`.

    Items that one side could not answer count at their worst for a pass and at their best for a regression; more of
    them than `max_error_rate` leave nothing to judge.
    """
    asked = len(task.metric_spec.groups)
    lost = asked - len(_by_item(task.base).keys() & _by_item(task.tuned).keys())
    if limits.are_too_many(lost, asked):
        return OnTask("cannot_judge", f"{lost} of {asked} test items of the task could not be asked of both")
    best = compare(*_sides(task, 1.0), task.metric_spec, 0.0, tail=_HALF).difference
    worst = compare(*_sides(task, 0.0), task.metric_spec, 0.0, tail=PASS_TAIL).difference
    if best is None or worst is None:
        labels = group_labels(sorted(_by_item(task.base)), task.metric_spec)
        why = no_claim(task.base, labels) or "the task has too few test items for a claim"
        return OnTask("cannot_judge", f"nothing can be said on the task itself ({why})")
    if best.high < -limits.max_drop:
        return OnTask("regressed", _task_words(best, f"at most {signed_points(best.high)} (99.5% one-sided", limits))
    if lost and task.metric_spec.kind == "aggregate":
        text = f"{lost} of {asked} test items of the task could not be asked of both, and what they cost"
        return OnTask("inconclusive", f"{text} is not known, as {task.metric_spec.metric} is not a mean of items")
    bound = f"at least {signed_points(worst.low)} (95% one-sided"
    return OnTask("passed" if worst.low > -limits.max_drop else "inconclusive", _task_words(worst, bound, limits))


def task_change(task: TaskScores, base: str, tuned: str) -> Comparison:
    """Return how far the tuned weights beat their base on the items that both answered."""
    sides = (_Scored(tuned, _by_item(task.tuned)), _Scored(base, _by_item(task.base)))
    return compare(*sides, task.metric_spec, 0.0, tail=_HALF)


def _sides(task: TaskScores, tuned_earn: float) -> tuple[_Scored, _Scored]:
    """Return tuned and base with lost items filled: these for the tuned weights, the opposite for the base."""
    items = task.metric_spec.groups if task.metric_spec.kind != "aggregate" else ()
    tuned = {item: Score(item, tuned_earn) for item in items} | _by_item(task.tuned)
    base = {item: Score(item, 1 - tuned_earn) for item in items} | _by_item(task.base)
    return _Scored("tuned", tuned), _Scored("base", base)


def _by_item(scores: Sequence[Score]) -> dict[str, Score]:
    return {score.example_id: score for score in scores}


def _task_words(change: Interval, bound: str, limits: Limits) -> str:
    return (
        f"on the task itself the score changed by {signed_points(change.estimate)}, {bound}, n = {change.n}); "
        f"the limit is -{points(limits.max_drop)}"
    )


def flips(base: GeneralAbility, tuned: GeneralAbility) -> tuple[Flip, ...]:
    """List the benchmark items that changed sides: losses first, and of each kind the largest change first.

    An item that one side could not answer has not changed sides; the gate counts it.
    """
    before = {(item.task, item.item): item for item in base.items if math.isfinite(item.score)}
    found = []
    for item in tuned.items:
        known = before.get((item.task, item.item))
        if known is None or not math.isfinite(item.score) or (known.score > _RIGHT) == (item.score > _RIGHT):
            continue
        found.append(Flip(item.task, item.item, known.score > _RIGHT, known.probability, item.probability))
    return tuple(sorted(found, key=lambda flip: (not flip.is_loss, -_moved(flip), flip.task, flip.item)))


def _moved(flip: Flip) -> float:
    """Return how far the right answer's probability fell with a loss, or rose with a gain; 0 where it has none."""
    if flip.base_probability is None or flip.tuned_probability is None:
        return 0.0
    fall = flip.base_probability - flip.tuned_probability
    return fall if flip.is_loss else -fall


def _sentence(verdict: Verdict, gate: Gate, on_task: OnTask | None, limits: Limits) -> str:
    """Say the verdict with the figures of whatever brought it about."""
    from_gate = _VERDICTS[gate.state] == verdict
    from_task = [on_task.words] if on_task is not None and on_task.verdict == verdict else []
    if verdict == "regressed":
        return f"Regressed: {'; and '.join([*gate.reasons[:1], *from_task] if from_gate else from_task)}."
    if verdict == "cannot_judge":
        blind = [gate.reasons[0].removeprefix("cannot be judged on this base: ")] if from_gate else []
        return f"Cannot be judged: {'; and '.join(blind + from_task)}."
    if verdict == "inconclusive":
        return f"Inconclusive: {'; '.join([*gate.reasons[:2], *from_task] if from_gate else from_task)}."
    kept = f"{_kept(gate.change or gate.pooled, gate.basis)}: no loss beyond {points(limits.max_drop)}"
    return f"Passed: {'; '.join([kept, *from_task])}."


def _kept(change: Interval | None, basis: str) -> str:
    assert change is not None  # a pass rests on it
    return (
        f"over {change.n} benchmark items {basis} changed by {signed_points(change.estimate)}, at least "
        f"{signed_points(change.low)} (95% one-sided)"
    )
