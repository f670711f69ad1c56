"""Rules (a) to (d): from the standings to one action.

(a) The prompt candidate's lower bound reaches the goal: prompt.
(c) Every arm's Bonferroni upper bound is below the goal: no arm can be the answer. `rethink` when besides all
    planned arms ran, a tuned arm among them, none was undertrained, and tuning has not been seen to learn;
    otherwise `undecided`.
(b) RAG first. At the goal it stops the ladder: recommended when it climbed, else `undecided`, because a prompt
    may be as good; training is not looked at. Then tune, then combine.
(d) The highest rung that climbed, unless its own upper bound is below the goal; none: `undecided`, with the test
    items that would settle it.

Arms that failed, are invalid or did not run rule out `rethink` and any climb past them (see
`Field.in_the_way`); skipped arms rule out `rethink` only. An arm whose gate fails, where gates block, cannot be
recommended; dev names the best of the others of its rung.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.decision.arms import Arm
from harness.decision.intervals import TAIL, score_interval
from harness.decision.ladder import PARENTS, Climb, Standings, attempt
from harness.decision.paired import BestConstant, compare
from harness.decision.power import items_for_gain, items_for_rate
from harness.records import Action, Family, Gate, Interval

Goal = Literal["met", "not_shown", "missed"]  # missed: every arm is below it
# Why a run is undecided, so that the text can say what to do about it.
Open = Literal["", "below_goal", "climber_below_goal", "rag_at_goal", "arms_missing", "gate", "not_separated"]

ACTIONS: Mapping[Family, Action] = {"prompt": "prompt", "rag": "rag", "tune": "fine_tune", "combine": "combine"}


@dataclass(frozen=True)
class Settling:
    """Test items that would settle an undecided run, in all, and what they would show."""

    items: int
    shows: str


@dataclass(frozen=True)
class Verdict:
    """The action, and what the text needs to explain it."""

    action: Action
    arm: Arm | None
    goal: Goal
    climbs: Mapping[Family, Climb | None]
    learned: bool  # a tuned arm was seen to beat every prompt and the best constant answer
    open: Open = ""
    settling: Settling | None = None


def judge(standings: Standings, gates: Mapping[str, Gate], constant: BestConstant | None) -> Verdict:
    """Apply the rules in order."""
    higher: tuple[Family, ...] = ("rag", "tune", "combine")
    climbs = {family: attempt(standings, family, gates) for family in higher}
    learned = has_learned(standings, constant)
    prompt, rag = standings.field.candidate("prompt"), climbs["rag"]

    def recommend(arm: Arm) -> Verdict:
        goal: Goal = "met" if standings.is_at_goal(arm) else "not_shown"
        return Verdict(ACTIONS[arm.evidence.family], arm, goal, climbs, learned)

    def leave_open(why: Open) -> Verdict:
        may_rethink = _rethink_is_open(standings, learned)
        settling = None if why in ("arms_missing", "gate") else settle(standings, climbs, may_rethink)
        return Verdict("undecided", None, "not_shown", climbs, learned, why, settling)

    if prompt is not None and standings.is_at_goal(prompt):
        return recommend(prompt)
    if all_below_goal(standings):
        action: Action = "rethink" if _rethink_is_open(standings, learned) else "undecided"
        return Verdict(action, None, "missed", climbs, learned, "" if action == "rethink" else "below_goal")
    if rag is not None and standings.is_at_goal(rag.arm):
        return recommend(rag.arm) if rag.succeeded else leave_open(_obstacle(climbs, ("rag",)) or "rag_at_goal")
    for family in reversed(higher):
        climb = climbs[family]
        if climb is not None and climb.succeeded:
            if standings.is_below_goal(climb.arm):
                return leave_open(_obstacle(climbs, higher) or "climber_below_goal")
            return recommend(climb.arm)
    return leave_open(_obstacle(climbs, higher) or "not_separated")


def all_below_goal(standings: Standings) -> bool:
    """Whether every judged arm's upper bound, Bonferroni-corrected over the arms, is below the goal."""
    judged = standings.field.judged
    tail = TAIL / max(1, len(judged))
    uppers = [score_interval(list(arm.scores.values()), standings.yardstick, tail).high for arm in judged]
    return bool(uppers) and all(upper < standings.limits.goal for upper in uppers)


def has_learned(standings: Standings, constant: BestConstant | None) -> bool:
    """Whether some tuned arm beats every prompt and the best constant answer: lower bounds above 0.

    Without a constant answer to compare with, the prompts alone decide, which makes `rethink` rarer.
    """
    prompts = standings.field.of("prompt")
    for arm in standings.field.judged:
        if not arm.is_tuned:
            continue
        gains = [standings.gain(arm, prompt) for prompt in prompts]
        if constant is not None:
            gains.append(compare(arm, constant, standings.yardstick, standings.limits.smallest_gain))
        if all(gain.difference is not None and gain.difference.low > 0 for gain in gains):
            return True
    return False


def settle(standings: Standings, climbs: Mapping[Family, Climb | None], may_rethink: bool) -> Settling | None:
    """Find the smallest test set that would settle the run, were the observed figures the true ones."""
    options: list[Settling] = []
    prompt = standings.field.candidate("prompt")
    goal = standings.limits.goal
    if prompt is not None and (score := standings.scores[prompt.name]).estimate > goal:
        if items := items_for_rate(score, goal):
            options.append(Settling(items, f"{prompt.name} reaches the goal"))
    for climb in climbs.values():
        if climb is not None and (found := _settle_climb(standings, climb)):
            options.append(found)
    scores = standings.scores.values()
    if may_rethink and all(score.estimate < goal for score in scores):
        tail = TAIL / len(standings.scores)
        if items := _largest([items_for_rate(score, goal, tail) for score in scores]):
            options.append(Settling(items, "no arm reaches the goal"))
    return min(options, key=lambda option: option.items, default=None)


def _settle_climb(standings: Standings, climb: Climb) -> Settling | None:
    """Forecast the two ways to climb: a gain over every simpler arm, or all of them below the goal."""
    if climb.missing_parents or not climb.comparisons or climb.in_the_way or climb.is_gated:
        return None
    gain, goal = standings.limits.smallest_gain, standings.limits.goal
    by_gain = _largest([items_for_gain(item.difference, gain) for item in climb.comparisons])
    own = standings.scores[climb.arm.name]
    options: list[Settling] = []
    # Items enough to show the arm below the goal would undo the climb that they show.
    shown_below = items_for_rate(own, goal) if own.estimate < goal else None
    if by_gain and (shown_below is None or by_gain < shown_below):
        options.append(Settling(by_gain, f"{climb.arm.name} beats every simpler arm"))
    others: list[Interval] = [standings.scores[arm.name] for arm in standings.field.cheaper(climb.arm)]
    if own.estimate > goal and all(other.estimate < goal for other in others):
        needed = [items_for_rate(score, goal) for score in (own, *others)]
        if climb.arm.evidence.family == "combine":
            parents = [standings.field.candidate(parent) for parent in PARENTS]
            gains = [standings.gain(climb.arm, parent).difference for parent in parents if parent is not None]
            needed += [items_for_gain(difference, gain) for difference in gains]
        if items := _largest(needed):
            options.append(Settling(items, f"{climb.arm.name} reaches the goal and no simpler arm does"))
    return min(options, key=lambda option: option.items, default=None)


def _largest(needed: list[int | None]) -> int | None:
    known = [items for items in needed if items is not None]
    return max(known) if known and len(known) == len(needed) else None


def _rethink_is_open(standings: Standings, learned: bool) -> bool:
    """Whether rule (c) would say `rethink` if every arm were below the goal."""
    judged = standings.field.judged
    is_tried = any(arm.is_tuned for arm in judged) and not any(arm.is_undertrained for arm in judged)
    return is_tried and not standings.field.absent and not learned


def _obstacle(climbs: Mapping[Family, Climb | None], families: tuple[Family, ...]) -> Open:
    """Return what stopped a climb that its figures support; empty when no climb was supported."""
    supported = [climb for family in families if (climb := climbs[family]) is not None and climb.has_support]
    if any(climb.in_the_way for climb in supported):
        return "arms_missing"
    return "gate" if any(climb.is_gated for climb in supported) else ""
