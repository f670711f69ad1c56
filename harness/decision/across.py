"""One arm in two runs: how far its score moved on the items that both runs asked, and which of them flipped."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.decision.arms import MetricSpec, measured_scores
from harness.decision.paired import compare
from harness.records import ArmChange, Evidence, Example, Interval, ItemFlip, Prediction, Score


@dataclass(frozen=True)
class MeasuredArm:
    """An arm's scores and answers in one run, on the shared items, under the ids of the later run."""

    name: str
    scores: Mapping[str, Score]
    answers: Mapping[str, Prediction]


def change_of(
    before: Evidence,
    after: Evidence,
    figures: tuple[Interval | None, Interval | None],
    shared: Mapping[str, str],
    examples: Mapping[str, Example],
    spec: MetricSpec,
    smallest_gain: float,
) -> ArmChange:
    """Set an arm of a later run against one of an earlier run.

    Args:
        before: Of the earlier run.
        after: Of the later run.
        figures: What each run reports for its arm, on all its items.
        shared: For the id that an item has in the earlier run, its id in the later one.
        examples: The later run's test items, by id.
        spec: How the metric is read; its groups are the later run's.
        smallest_gain: What a gain must exceed to matter.
    """
    why = "; ".join(
        f"{found.arm} {found.status} in the {side} run"
        for found, side in ((before, "earlier"), (after, "later"))
        if found.status != "ok"
    )
    missing = [side for found, side in ((before, "earlier"), (after, "later")) if spec.metric not in found.scores]
    if not why and missing:
        why = f"{spec.metric} was not measured in the {missing[0]} run"
    if why:
        return ArmChange(before.arm, after.arm, *figures, None, why=why)
    there, here = _measured(before, shared, spec), _measured(after, {item: item for item in examples}, spec)
    change = compare(here, there, spec, smallest_gain)
    why = "" if change.difference else "too few shared items, or groups of items, for a claim"
    return ArmChange(before.arm, after.arm, *figures, change, _flips(there, here, examples), why)


def _measured(evidence: Evidence, ids: Mapping[str, str], spec: MetricSpec) -> MeasuredArm:
    scores = measured_scores(evidence, spec.metric)
    kept = {ids[item]: replace(score, example_id=ids[item]) for item, score in scores.items() if item in ids}
    answers = {ids[said.example_id]: said for said in evidence.predictions if said.example_id in ids}
    return MeasuredArm(evidence.arm, kept, answers)


def _flips(there: MeasuredArm, here: MeasuredArm, examples: Mapping[str, Example]) -> tuple[ItemFlip, ...]:
    found = [
        ItemFlip(
            item,
            examples[item].messages[-1].content,
            examples[item].target,
            there.answers[item].answer,
            here.answers[item].answer,
            there.scores[item].value,
            score.value,
        )
        for item, score in here.scores.items()
        if item in there.scores and score.value != there.scores[item].value
    ]
    return tuple(sorted(found, key=lambda flip: flip.after_score - flip.before_score))
