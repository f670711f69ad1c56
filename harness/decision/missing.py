"""Arms without a figure: what their absence means for the verdict."""

from collections.abc import Mapping

from harness.decision.arms import LADDER, Absent
from harness.decision.ladder import ArmScores, Climb
from harness.decision.verdict import Verdict
from harness.decision.words import join
from harness.records import Family, Missing

WAYS: Mapping[Family, str] = {
    "prompt": "a prompt",
    "rag": "retrieval",
    "tune": "tuning",
    "combine": "retrieval with tuning",
}


def missing_arms(arm_scores: ArmScores, verdict: Verdict) -> tuple[Missing, ...]:
    """Say of every absent arm why it is, and whether the verdict might be another with it; those first."""
    found = [_describe(gone, arm_scores, verdict) for gone in arm_scores.judged_arms.absent]
    return tuple(sorted(found, key=lambda item: not item.matters))


def _describe(gone: Absent, arm_scores: ArmScores, verdict: Verdict) -> Missing:
    def missing(meaning: str, *, matters: bool = True) -> Missing:
        return Missing(gone.name, gone.why, meaning, matters)

    chosen = verdict.arm
    if chosen is not None and verdict.goal == "met" and verdict.action in ("prompt", "rag"):
        return missing(f"{chosen.name} reaches the goal without it", matters=False)
    if leads := [climb.arm.name for climb in verdict.climbs.values() if climb and _holds_back(gone, climb)]:
        return missing(f"the gain of {join(leads)} over it is not known")
    # An arm that does not apply here is not an option; it only keeps a run from being told to rethink.
    if gone.is_skipped and (verdict.goal != "missed" or verdict.learned):
        return missing("the others are judged without it", matters=False)
    if chosen is not None and verdict.goal == "met":
        return missing(f"whether it does better than {chosen.name} is not known")
    return missing(f"whether {_subject(gone, arm_scores)} would have reached the goal is not known")


def _holds_back(gone: Absent, climb: Climb) -> bool:
    is_parent = gone.rank is not None and LADDER[gone.rank] in climb.missing_parents
    return is_parent or (climb.has_support and gone in climb.in_the_way)


def _subject(gone: Absent, arm_scores: ArmScores) -> str:
    """Name the whole way of doing the task when no other arm stands for it."""
    if gone.rank is None or arm_scores.judged_arms.of(family := LADDER[gone.rank]):
        return "it"
    return WAYS[family]
