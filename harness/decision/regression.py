"""A regression check: tuned weights against their base, by the gate's own code. Pure.

A pipeline runs this on every change, so the chance that weights which lost nothing are called regressed is 1%, not the
5% of a comparison that is run once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.decision.arms import Yardstick
from harness.decision.gate import judge_abilities
from harness.decision.intervals import score_interval
from harness.decision.paired import compare
from harness.decision.words import points, signed_points
from harness.records import Comparison, Flip, Gate, GeneralAbility, Interval, Limits, Regression, Score

FAMILY_ERROR = 0.01  # chance that weights which lost nothing are called regressed
Verdict = Literal["passed", "regressed", "inconclusive", "cannot_judge"]
_RIGHT = 0.5  # a score above it counts as right where items are graded


@dataclass(frozen=True)
class TaskScores:
    """The task's test items, scored on both sides."""

    yardstick: Yardstick
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
        limits: `max_drop` and `keep` above all; a drop of the task's own score beyond `max_drop` regresses too.
        task: Scores on the task's own items; None without a task, and then no unrelated question is asked for.
        forms: How the two are quantised, where they differ: a sentence, said behind the verdict.
        notes: What else the reader must know of how the two were measured.
        manifest: Versions, hashes, device, seeds, dates.

    Raises:
        ValueError: If a text has another length for the two.
    """
    gate = judge_abilities(
        tuned.weights, base, tuned, limits, family_error=FAMILY_ERROR, asks_off_task=task is not None
    )
    change = None if task is None else task_change(task, base.weights, tuned.weights)
    has_dropped = change is not None and _has_dropped(change, limits)
    verdict: Verdict = "regressed" if has_dropped else _VERDICTS[gate.state]
    return Regression(
        base=base.weights,
        tuned=tuned.weights,
        verdict=verdict,
        sentence=" ".join(filter(None, (_sentence(verdict, gate, change if has_dropped else None, limits), forms))),
        gate=gate,
        flips=flips(base, tuned),
        primary_metric=None if task is None else task.yardstick.metric,
        base_score=None if task is None else score_interval(task.base, task.yardstick),
        tuned_score=None if task is None else score_interval(task.tuned, task.yardstick),
        task_change=change,
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


def task_change(task: TaskScores, base: str, tuned: str) -> Comparison:
    """Return how far the tuned weights beat their base on the task's own items."""
    ours = _Scored(tuned, {score.example_id: score for score in task.tuned})
    theirs = _Scored(base, {score.example_id: score for score in task.base})
    return compare(ours, theirs, task.yardstick, 0.0, tail=FAMILY_ERROR)


def _has_dropped(change: Comparison, limits: Limits) -> bool:
    return change.difference is not None and change.difference.high < -limits.max_drop


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


def _sentence(verdict: Verdict, gate: Gate, dropped: Comparison | None, limits: Limits) -> str:
    if verdict == "regressed":
        harm = [gate.reasons[0]] if gate.state == "fail" else []
        if dropped is not None and dropped.difference is not None:
            harm.append(_dropped_words(dropped.difference, limits))
        return f"Regressed: {'; and '.join(harm)}."
    if verdict == "cannot_judge":
        return f"Cannot be judged: {gate.reasons[0].removeprefix('cannot be judged on this base: ')}."
    if verdict == "inconclusive":
        return f"Inconclusive: {'; '.join(gate.reasons[:2])}."
    return f"Passed: {_kept(gate.change or gate.pooled, gate.basis)}: no loss beyond {points(limits.max_drop)}."


def _dropped_words(change: Interval, limits: Limits) -> str:
    return (
        f"on the task itself the score changed by {signed_points(change.estimate)}, at most "
        f"{signed_points(change.high)} (99% one-sided, n={change.n}); the limit is -{points(limits.max_drop)}"
    )


def _kept(change: Interval | None, basis: str) -> str:
    assert change is not None  # a pass rests on it
    return (
        f"over {change.n} benchmark items {basis} changed by {signed_points(change.estimate)}, at least "
        f"{signed_points(change.low)} (95% one-sided)"
    )
