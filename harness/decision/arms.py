"""What the decision reads out of the evidence: which arms can be judged, and on which items.

An item that ended in an infrastructure error says nothing about its arm and is left out of its figure
and of every pair it belongs to. An arm is judged when it ran, has two measured items or more, and its
infrastructure errors stay within `limits.max_error_rate`; otherwise it has a fault, in words.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from harness.records import Evidence, Family, Limits, Prediction, Score

LADDER: tuple[Family, ...] = ("prompt", "rag", "tune", "combine")  # cheapest first
TUNED: frozenset[Family] = frozenset({"tune", "combine"})

MetricKind = Literal["rate", "graded", "aggregate"]


@dataclass(frozen=True)
class Yardstick:
    """How the primary metric is read: its kind, how items become a figure, and which items belong together."""

    metric: str
    kind: MetricKind
    aggregate: Callable[[Sequence[Score]], float]
    groups: Mapping[str, str | None]  # item id -> group; None stands for a group of its own
    seed: int = 0  # of the bootstrap, which only aggregate metrics need

    @cached_property
    def is_clustered(self) -> bool:
        """Whether some group holds two items or more, so that items are not independent."""
        sizes = Counter(group for group in self.groups.values() if group is not None)
        return max(sizes.values(), default=0) > 1

    def group_of(self, item: str) -> tuple[str, str]:
        """Name the cluster of an item; an item without a group is a cluster of its own."""
        group = self.groups.get(item)
        return ("item", item) if group is None else ("group", group)


@dataclass(frozen=True)
class Arm:
    """One arm that can be judged: its measured items by id."""

    evidence: Evidence
    scores: Mapping[str, Score]
    left_out: int  # items lost to infrastructure errors

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
    def is_undertrained(self) -> bool:
        """Whether training was still improving when it ended."""
        return self.evidence.training is not None and self.evidence.training.undertrained


@dataclass(frozen=True)
class Absent:
    """A planned arm that cannot be judged."""

    name: str
    rank: int | None  # None: never started, so its rung is not known
    is_skipped: bool  # it does not apply here (no documents, an engine that cannot serve it)
    why: str


@dataclass(frozen=True)
class Field:
    """Every arm of the run, in the task's order (cheaper first within a rung)."""

    judged: tuple[Arm, ...]
    absent: tuple[Absent, ...]

    def of(self, family: Family) -> tuple[Arm, ...]:
        """Return the judged arms of one rung."""
        return tuple(arm for arm in self.judged if arm.evidence.family == family)

    def candidate(self, family: Family) -> Arm | None:
        """Return the one arm of a rung that dev names: highest dev score, the earlier one of a tie.

        An arm without a dev score comes after every arm that has one.
        """
        arms = self.of(family)
        return max(arms, key=lambda arm: _dev(arm.evidence)) if arms else None

    def cheaper(self, arm: Arm) -> tuple[Arm, ...]:
        """Return every judged arm of the rungs below this arm's."""
        return tuple(other for other in self.judged if other.rank < arm.rank)

    def in_the_way(self, arm: Arm) -> tuple[Absent, ...]:
        """Return the arms whose absence keeps this arm from climbing.

        A gain over *every* cheaper arm cannot be shown over one that failed, is invalid or never ran.
        A skipped arm is no option for this user, so it does not stand in the way.
        """
        return tuple(
            gone for gone in self.absent if not gone.is_skipped and (gone.rank is None or gone.rank < arm.rank)
        )


def _dev(evidence: Evidence) -> float:
    return float("-inf") if evidence.dev_score is None else evidence.dev_score


def read_field(evidence: Sequence[Evidence], planned: Sequence[str], metric: str, limits: Limits) -> Field:
    """Sort the arms of a run into those that can be judged and those that cannot.

    Args:
        evidence: One `Evidence` an arm, in any order.
        planned: Names of the task's arms, in the task's order; arms with no evidence never ran.
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
    seen = {item.arm for item in evidence}
    absent.extend(Absent(name, None, False, "did not run") for name in planned if name not in seen)
    return Field(tuple(judged), tuple(absent))


def _read_arm(evidence: Evidence, metric: str, limits: Limits) -> Arm | Absent:
    def absent(why: str) -> Absent:
        rank = LADDER.index(evidence.family)
        return Absent(evidence.arm, rank, evidence.status == "skipped", why)

    if evidence.status != "ok":
        why = {"failed": "failed", "skipped": "was skipped", "invalid": "is invalid"}[evidence.status]
        return absent(f"{why}: {evidence.reason}" if evidence.reason else why)
    measured = {item.example_id for item in evidence.predictions if item.outcome.is_measured}
    left_out = len(evidence.predictions) - len(measured)
    if left_out > limits.max_error_rate * len(evidence.predictions):
        share = left_out / len(evidence.predictions)
        return absent(
            f"is invalid: {left_out} of {len(evidence.predictions)} items ({share:.0%}) ended in infrastructure "
            f"errors, more than {limits.max_error_rate:.0%}"
        )
    scores = measured_scores(evidence.arm, evidence.predictions, evidence.scores.get(metric, ()), metric)
    if len(scores) < 2:
        return absent(f"is invalid: {len(scores)} measured items, at least 2 are needed")
    return Arm(evidence, scores, left_out)


def measured_scores(
    arm: str, predictions: Sequence[Prediction], scores: Sequence[Score], metric: str
) -> Mapping[str, Score]:
    """Return an arm's scores on its measured items, by item id.

    Raises:
        ValueError: If a measured item has no score, a score has no prediction, or lies outside [0, 1].
    """
    known = {item.example_id: item.outcome.is_measured for item in predictions}
    kept: dict[str, Score] = {}
    for score in scores:
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
