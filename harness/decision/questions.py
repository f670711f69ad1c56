"""What the verdict asks of each arm, and what is still open: an arm with no open question need not be asked further.

An arm's figure is at the goal or below it; its gain over a cheaper arm is above the smallest gain that counts or not.
The rules of `harness.decision.verdict` are made of these answers, so once they are known more items change nothing.
Where a candidate has climbed, what lies below it no longer asks for gains, unless it is RAG that may reach the goal.
`rethink` alone also asks for gains larger than the smallest: its arms are asked all items, unless theirs are excluded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.decision.arms import Arm
from harness.decision.intervals import TAIL
from harness.decision.ladder import ArmScores
from harness.decision.paired import BestConstant, compare
from harness.decision.verdict import Verdict
from harness.decision.words import join, points
from harness.records import Asked


@dataclass(frozen=True)
class Question:
    """Something that the verdict asks of one arm, or of two."""

    arm: str
    against: str  # the arm that it must beat; empty where the question is whether it is at the goal
    answer: bool | None  # None: still open


def asked_of(arm_scores: ArmScores, verdict: Verdict, constant: BestConstant | None) -> tuple[Asked, ...]:
    """Say of every judged arm how many items it was asked, whether it has an open question, and what is settled."""
    asking = arm_scores.metric_spec.asking
    if asking is None:
        return ()
    found = [] if verdict.is_final else list(questions(arm_scores, verdict, constant))
    waiting = {name for one in found if one.answer is None for name in (one.arm, one.against)}

    def asked(arm: Arm) -> Asked:
        is_open = arm.name in waiting
        why = "" if is_open else _settled(arm_scores, verdict, arm.name, found)
        return Asked(arm.name, asking.asked[arm.name], asking.count, is_open, why)

    return tuple(asked(arm) for arm in arm_scores.judged_arms.judged)


def questions(arm_scores: ArmScores, verdict: Verdict, constant: BestConstant | None) -> Iterator[Question]:
    """Yield the questions on which the verdict may still depend, as the figures so far answer them."""
    judged_arms = arm_scores.judged_arms
    top = max((climb.arm.rank for climb in verdict.climbs.values() if climb and climb.succeeded), default=-1)
    for arm in judged_arms.judged:
        is_candidate = arm is judged_arms.candidate(arm.evidence.family)
        is_rag = is_candidate and arm.evidence.family == "rag"
        at_goal = _at_goal(arm_scores, arm)
        if top < 0 or arm.rank == 0 or is_rag or (is_candidate and arm.rank >= top):
            yield Question(arm.name, "", at_goal)
        if top < 0 or (is_candidate and arm.rank > top) or (is_rag and at_goal is not False):
            yield from _gains(arm_scores, arm, constant)
        elif is_candidate and arm.rank == top:  # it climbed, by its gains or because it alone reaches the goal
            yield from (one for one in _gains(arm_scores, arm, constant) if one.answer is not None)


def _gains(arm_scores: ArmScores, arm: Arm, constant: BestConstant | None) -> Iterator[Question]:
    cheaper, least = arm_scores.judged_arms.cheaper(arm), arm_scores.limits.smallest_gain
    gains = [arm_scores.gain(arm, other) for other in cheaper]
    gains += [compare(arm, constant, arm_scores.metric_spec, least)] if constant and cheaper else []
    for gain in gains:
        seen = gain.difference
        yield Question(arm.name, gain.against, _beyond(seen.low, seen.high, least) if seen else None)


def _at_goal(arm_scores: ArmScores, arm: Arm) -> bool | None:
    """Whether an arm is at the goal, at the strictest levels at which the verdict asks."""
    if arm_scores.is_at_goal(arm, arm_scores.prompt_tails.get(arm.name, TAIL)):
        return True
    high = arm_scores.bounds(arm, TAIL / len(arm_scores.judged_arms.judged)).high
    return False if high < arm_scores.limits.goal else None


def _beyond(low: float, high: float, least: float) -> bool | None:
    return True if low > least else False if high <= least else None


def _settled(arm_scores: ArmScores, verdict: Verdict, name: str, found: list[Question]) -> str:
    """Say what is known of an arm: 'it is below the goal, and lora_sft gains more than 2 points over it'."""
    chosen = verdict.arm.name if verdict.arm is not None else ""
    if verdict.is_final:
        return f"{chosen} reaches the goal, which decides"
    least = points(arm_scores.limits.smallest_gain)
    own = [one for one in found if one.arm == name]
    beaten = {one.against: one.answer for one in own if one.against}
    beaten_by = {one.arm: one.answer for one in found if one.against == name}
    does = ["reaches the goal" if one.answer else "is below the goal" for one in own if not one.against]
    others = []
    for answer, gains, gain in (
        (True, "gains more than", "gain more than"),
        (False, "does not gain", "do not gain"),
    ):
        if over := [other for other, known in beaten.items() if known is answer]:
            does.append(f"{gains} {least} over {join(over)}")
        if by := [other for other, known in beaten_by.items() if known is answer]:
            others.append(f"{join(by)} {gains if len(by) == 1 else gain} {least} over it")
    said = [*([f"it {join(does)}"] if does else []), *others]
    return ", and ".join(said) or f"{chosen} is recommended whatever its figure"
