"""What the decision reads out of the evidence: which arms can be judged, and on which items.

An item that ended in an infrastructure error says nothing about its arm and is left out for every judged arm:
an arm that lost its hard items must not be ranked on easier ones than the others. An arm is judged when it
ran and its infrastructure errors stay within `limits.max_error_rate`; otherwise it has a fault, in words, and takes
no item from the others.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from harness.decision.judge_errors import Correction, cluster_of
from harness.decision.words import share
from harness.records import TUNED, ArmStatus, Evidence, Family, Limits, Score

if TYPE_CHECKING:
    from harness.decision.asking import Asking

LADDER: tuple[Family, ...] = ("prompt", "rag", "tune", "combine")  # cheapest first

FEWEST_ITEMS = 2

MetricKind = Literal["rate", "graded", "aggregate"]

STATUS_WORDS: Mapping[ArmStatus, str] = {
    "failed": "failed",
    "skipped": "was skipped",
    "invalid": "is invalid",
    "unfinished": "is unfinished",
}


@dataclass(frozen=True)
class MetricSpec:
    """How the primary metric is read: its kind, how items become a figure, and which items belong together."""

    metric: str
    kind: MetricKind
    aggregate: Callable[[Sequence[Score]], float]
    groups: Mapping[str, str | None]  # item id -> group; None stands for a group of its own
    seed: int = 0  # of the bootstrap, which only aggregate metrics need
    correction: Correction | None = None  # of a judge's scores; None: the scores are what they say
    asking: "Asking | None" = None  # of an adaptive run; None: every arm was asked every item

    @cached_property
    def is_clustered(self) -> bool:
        """Whether some group holds two items or more, so that items are not independent."""
        sizes = Counter(group for group in self.groups.values() if group is not None)
        return max(sizes.values(), default=0) > 1

    def group_of(self, item: str) -> tuple[str, str]:
        """Name the cluster of an item; an item without a group is a cluster of its own."""
        return cluster_of(item, self.groups.get(item))


@dataclass(frozen=True)
class Arm:
    """One arm that can be judged."""

    evidence: Evidence
    # By item id, of the items that every judged arm has measured; where items are asked in rounds, of those that no
    # judged arm lost.
    scores: Mapping[str, Score]
    lost: frozenset[str] = frozenset()  # ids of the items that ended in infrastructure errors

    @property
    def name(self) -> str:
        """The arm's name."""
        return self.evidence.arm

    @property
    def rank(self) -> int:
        """Place of the arm's rung on the ladder; 0 is the cheapest."""
        return LADDER.index(self.evidence.family)

    @property
    def is_tuned(self) -> bool:
        """Whether the arm's weights were trained, so that the gate applies to it."""
        return self.evidence.family in TUNED

    @property
    def is_over_budget(self) -> bool:
        """Whether dev had nothing of the arm to take that keeps what the base can: see `is_over_budget`."""
        return is_over_budget(self.evidence)

    @property
    def is_undertrained(self) -> bool:
        """Whether training was still improving when it ended."""
        return self.evidence.training is not None and self.evidence.training.undertrained


@dataclass(frozen=True)
class Absent:
    """A planned arm that cannot be judged."""

    name: str
    rank: int | None  # None: there is no evidence of it, so its rung is not known
    is_skipped: bool  # it does not apply here (no documents, an engine that cannot serve it)
    why: str


@dataclass(frozen=True)
class JudgedArms:
    """Every arm of the run, in the task's order (cheaper first within a rung)."""

    judged: tuple[Arm, ...]
    absent: tuple[Absent, ...]
    blocked: frozenset[str] = frozenset()  # names of arms that fail the gate, so that they cannot be recommended
    is_shared: bool = True  # what tuning forgets counts; not where only the task's inputs reach the adapter

    def of(self, family: Family) -> tuple[Arm, ...]:
        """Return the judged arms of one rung."""
        return tuple(arm for arm in self.judged if arm.evidence.family == family)

    def candidate(self, family: Family) -> Arm | None:
        """Return the one arm of a rung that dev names: the best on dev that is not blocked, the earlier one of a tie.

        Of tuned arms those inside the forgetting budget come first, whatever dev says of the others. Among arms that
        stand alike in this, one without a dev score comes last. A blocked arm is named where all are blocked.
        """

        def order(arm: Arm) -> tuple[bool, bool, float]:
            return arm.name not in self.blocked, not (self.is_shared and arm.is_over_budget), dev_order(arm.evidence)

        return max(self.of(family), key=order, default=None)

    def cheaper(self, arm: Arm) -> tuple[Arm, ...]:
        """Return every judged arm of the rungs below this arm's."""
        return tuple(other for other in self.judged if other.rank < arm.rank)

    @property
    def lost(self) -> frozenset[str]:
        """The items that some judged arm lost; they are left out for every one."""
        return frozenset[str]().union(*(arm.lost for arm in self.judged))

    @property
    def asked(self) -> int:
        """How many items judged arms were asked."""
        return len(self.lost.union(*(arm.scores for arm in self.judged)))

    def in_the_way(self, arm: Arm) -> tuple[Absent, ...]:
        """Return the arms whose absence keeps this arm from climbing.

        A gain over *every* cheaper arm cannot be shown over one that failed, is invalid or did not run.
        A skipped arm is not an option for this user, so it does not stand in the way.
        """
        return tuple(
            gone for gone in self.absent if not gone.is_skipped and (gone.rank is None or gone.rank < arm.rank)
        )


def dev_order(evidence: Evidence) -> float:
    """Return the score that dev names by; what is not a number names nobody."""
    score = evidence.dev_score
    return float("-inf") if score is None or not math.isfinite(score) else score


def is_over_budget(evidence: Evidence) -> bool:
    """Whether an arm is known to forget more than its budget on the selection material, or is at strength 0 for it.

    What was not measured is not known.
    """
    training = evidence.training
    if training is None or training.strength == 0:
        return training is not None
    if training.strength == 1:  # as the checkpoint that was taken; the frontier is of the boldest one
        found = [point.forgetting for point in training.checkpoints if point.step == training.best_step]
    else:
        found = [point.forgetting for point in training.frontier if point.strength == training.strength]
    return any(lost is not None and not lost.is_inside for lost in found)


def read_arms(evidence: Sequence[Evidence], planned: Sequence[str], metric: str, limits: Limits) -> JudgedArms:
    """Sort the arms of a run into those that can be judged and those that cannot.

    Args:
        evidence: One `Evidence` an arm, in any order.
        planned: Names of the task's arms, in the task's order; arms with no evidence did not run.
        metric: Name of the primary metric.
        limits: The error rate above which an arm is invalid.

    Raises:
        ValueError: If an arm appears twice, or its scores do not match its predictions.
    """
    twice = [name for name, count in Counter(item.arm for item in evidence).items() if count > 1]
    if twice:
        raise ValueError(f"arm '{twice[0]}' appears more than once; give one Evidence per arm")
    place = {name: index for index, name in enumerate(planned)}
    judged: list[Arm] = []
    absent: list[Absent] = []
    for item in sorted(evidence, key=lambda item: place.get(item.arm, len(place))):
        result = _read_arm(item, metric, limits)
        if isinstance(result, Arm):
            judged.append(result)
        else:
            absent.append(result)
    shared = without_lost(judged) if limits.is_adaptive else on_shared_items(judged)
    fewest = min((len(arm.scores) for arm in shared), default=FEWEST_ITEMS)
    if fewest < FEWEST_ITEMS:
        why = f"is invalid: {fewest} items measured in every arm, at least {FEWEST_ITEMS} are needed"
        absent.extend(Absent(arm.name, arm.rank, False, why) for arm in shared)
        shared = ()
    seen = {item.arm for item in evidence}
    absent.extend(Absent(name, None, False, "did not run") for name in planned if name not in seen)
    return JudgedArms(shared, tuple(absent))


def on_shared_items(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Keep of every arm the items that all of them have measured."""
    shared = set.intersection(*(set(arm.scores) for arm in arms)) if arms else set()
    return tuple(_only(arm, shared) for arm in arms)


def without_lost(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Keep of every arm the items that none of them lost; not all were asked the same number."""
    lost = frozenset[str]().union(*(arm.lost for arm in arms))
    return tuple(_only(arm, arm.scores.keys() - lost) for arm in arms)


def _only(arm: Arm, kept: Collection[str]) -> Arm:
    return replace(arm, scores={item: score for item, score in arm.scores.items() if item in kept})


def _read_arm(evidence: Evidence, metric: str, limits: Limits) -> Arm | Absent:
    def absent(why: str) -> Absent:
        rank = LADDER.index(evidence.family)
        return Absent(evidence.arm, rank, evidence.status == "skipped", why)

    if evidence.status != "ok":
        why = STATUS_WORDS[evidence.status]
        return absent(f"{why}: {evidence.reason}" if evidence.reason else why)
    lost = lost_items(evidence)
    if limits.are_too_many(len(lost), len(evidence.predictions)):
        rate = share(len(lost) / len(evidence.predictions))
        return absent(
            f"is invalid: {len(lost)} of {len(evidence.predictions)} items ({rate}) ended in infrastructure "
            f"errors, more than {share(limits.max_error_rate)}"
        )
    scores = measured_scores(evidence, metric)
    if len(scores) < FEWEST_ITEMS:
        return absent(f"is invalid: {len(scores)} measured items, at least {FEWEST_ITEMS} are needed")
    return Arm(evidence, scores, lost)


def lost_items(evidence: Evidence) -> frozenset[str]:
    """Return the ids of an arm's items that ended in infrastructure errors, or whose answer could not be judged."""
    lost = {item.example_id for item in evidence.predictions if not item.outcome.is_measured}
    return frozenset(lost | set(evidence.unjudged))


def measured_scores(evidence: Evidence, metric: str) -> Mapping[str, Score]:
    """Return an arm's scores on its measured items, by item id.

    Raises:
        ValueError: If a measured item has no score, a score has no prediction, or lies outside [0, 1].
    """
    arm = evidence.arm
    lost = lost_items(evidence)
    known = {item.example_id: item.example_id not in lost for item in evidence.predictions}
    kept: dict[str, Score] = {}
    for score in evidence.scores.get(metric, ()):
        if score.example_id not in known:
            raise ValueError(f"{arm}: item '{score.example_id}' has a {metric} score but no prediction")
        if not 0.0 <= score.value <= 1.0:
            raise ValueError(f"{arm}: {metric} of item '{score.example_id}' is {score.value}, not in [0, 1]")
        if known[score.example_id]:
            kept[score.example_id] = score
    unscored = [item for item, is_measured in known.items() if is_measured and item not in kept]
    if unscored:
        raise ValueError(f"{arm}: item '{unscored[0]}' was answered but has no {metric} score")
    return kept
