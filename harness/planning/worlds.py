"""Assumed true rates -> the evidence that a run would store, and the verdict of the real decision code on it.

A world's latent scores are drawn once; an arm's rate only moves the threshold below which an item is right. So equal
draws at a higher rate keep every right answer: a search over rates compares like with like.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import count, cycle

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.decision.arms import FEWEST_ITEMS, LADDER, MetricKind, MetricSpec, read_arms
from harness.decision.ladder import ArmScores
from harness.decision.verdict import Verdict, judge
from harness.records import Evidence, Family, Fit, Limits, Outcome, Prediction, Score

Floats = NDArray[np.float64]

# Parts of the latent variance of a right answer; assumed, as nothing has been measured yet.
SHARED = 0.40  # what all arms share on an item: hard items are hard for all
WITHIN = 0.15  # what an arm's answers share in a group, where rows come in groups
BETWEEN = 0.15  # what all arms share in a group
METRIC = "planned"


@dataclass(frozen=True)
class PlannedArm:
    """An arm of the task file."""

    name: str
    family: Family

    @property
    def rank(self) -> int:
        """Place of the arm's rung; 0 is the cheapest."""
        return LADDER.index(self.family)


@dataclass(frozen=True)
class Setting:
    """All that a verdict depends on besides the arms' answers."""

    arms: tuple[PlannedArm, ...]  # in the task's order
    limits: Limits
    kind: MetricKind
    groups: tuple[str | None, ...]  # of each test item; their number is that of the items

    @property
    def items(self) -> int:
        """Test items."""
        return len(self.groups)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Items of each group, largest first; an item without a group is one of its own."""
        counts = Counter(group for group in self.groups if group is not None)
        alone = sum(group is None for group in self.groups)
        return tuple(sorted([*counts.values(), *[1] * alone], reverse=True))

    @cached_property
    def labels(self) -> NDArray[np.intp]:
        """Group number of each item, from 0; shape (items,)."""
        return np.array(_numbers(self.groups), dtype=np.intp)

    @property
    def is_grouped(self) -> bool:
        """Whether some group holds two items or more, so that items are not independent."""
        return self.sizes != () and self.sizes[0] > 1

    def only(self, arms: Sequence[PlannedArm]) -> "Setting":
        """Return the setting of a run with these arms alone."""
        return replace(self, arms=tuple(arms))

    def resized(self, items: int) -> "Setting":
        """Return the setting with so many items, in groups of the sizes that there are, taking turns.

        Sizes are taken from all over their range, so that a part of them is like the whole.
        """
        if not self.is_grouped:
            return replace(self, groups=(None,) * items)
        sizes = cycle(_spread(self.sizes))
        groups: list[str] = []
        for number in count():
            groups += [f"group {number}"] * min(next(sizes), items - len(groups))
            if len(groups) >= items:
                break
        return replace(self, groups=tuple(groups))


def _spread(sizes: Sequence[int]) -> list[int]:
    """Order sizes so that every beginning of the list holds large and small ones alike."""
    steps = np.argsort([(number * 0.6180339887) % 1 for number in range(len(sizes))])  # golden ratio: even gaps
    return [sizes[step] for step in steps]


def latent_scores(
    arms: int,
    items: int,
    labels: NDArray[np.intp] | None,
    random: np.random.Generator,
    *,
    shared: float = SHARED,
    within: float = WITHIN,
    between: float = BETWEEN,
) -> Floats:
    """Draw what decides whether an answer is right, shape (arms, items), standard normal each.

    Args:
        arms: How many answer.
        items: How many they are asked.
        labels: Group of each item, from 0; None where no two belong together.
        random: Source of randomness.
        shared: Part of the variance that all arms share on an item.
        within: Part that an arm's answers share in a group.
        between: Part that all arms share in a group.
    """
    latent = np.sqrt(shared) * random.standard_normal(items)
    if labels is None:
        return np.asarray(latent + np.sqrt(1 - shared) * random.standard_normal((arms, items)))
    groups = int(labels.max()) + 1
    latent = latent + np.sqrt(between) * random.standard_normal(groups)[labels]
    own = np.sqrt(within) * random.standard_normal((arms, groups))[:, labels]
    rest = np.sqrt(1 - shared - within - between) * random.standard_normal((arms, items))
    return np.asarray(latent + own + rest)


@dataclass(frozen=True)
class World:
    """One draw of how items and groups fall; `latent` is of shape (arms, items), standard normal each."""

    setting: Setting
    latent: Floats

    @classmethod
    def draw(cls, setting: Setting, random: np.random.Generator) -> "World":
        """Draw the latent scores; the arms share part of each item's and of each group's."""
        labels = setting.labels if setting.is_grouped else None
        return cls(setting, latent_scores(len(setting.arms), setting.items, labels, random))

    def answers(self, rates: Sequence[float]) -> Floats:
        """Return right (1) and wrong (0) answers, shape (arms, items), each arm with its true rate."""
        return np.asarray(self.latent < special.ndtri(np.asarray(rates))[:, None], dtype=np.float64)

    def verdict(self, rates: Sequence[float]) -> Verdict:
        """Judge the run at these true rates; dev names the best arm of each rung."""
        return judge_answers(self.setting, self.answers(rates), rates)


def _numbers(groups: Sequence[str | None]) -> list[int]:
    """Number groups from 0; an item without one is a group of its own."""
    known: dict[object, int] = {}
    return [known.setdefault(index if group is None else group, len(known)) for index, group in enumerate(groups)]


def judge_answers(setting: Setting, answers: Floats, dev_scores: Sequence[float]) -> Verdict:
    """Apply the decision's rules to these answers.

    What `decide` does, less its text and its forecast of labels, which takes a second where a run is undecided.
    No gate is judged: what tuning will forget is another question (`harness.planning.gate`).
    """
    return judge(_arm_scores(setting, answers, dev_scores), {}, None)


def _arm_scores(setting: Setting, answers: Floats, dev_scores: Sequence[float]) -> ArmScores:
    evidence = evidence_of(setting, answers, dev_scores)
    metric_spec = MetricSpec(METRIC, setting.kind, mean, _groups(setting))
    judged_arms = read_arms(evidence, [arm.name for arm in setting.arms], METRIC, setting.limits)
    return ArmScores(judged_arms, metric_spec, setting.limits)


def prompt_tail(contest: Setting) -> float:
    """Return the one-sided chance of error at which the prompt that dev names is tested against the goal."""
    few = contest.resized(FEWEST_ITEMS)
    names = [arm.name for arm in few.arms if arm.family == "prompt"]
    arm_scores = _arm_scores(few, np.zeros((len(few.arms), few.items)), [-float(n) for n in range(len(few.arms))])
    return arm_scores.prompt_tails[names[0]]


def evidence_of(setting: Setting, answers: Floats, dev_scores: Sequence[float]) -> list[Evidence]:
    """Write answers down as a run does.

    Args:
        setting: The arms and the items.
        answers: 1 where an item is right, else 0; shape (arms, items).
        dev_scores: What each arm reaches on dev.
    """
    asked, right, wrong = _records(setting.items)
    return [
        Evidence(
            fit=Fit(arm.name),
            baseline=arm.name,
            family=arm.family,
            status="ok",
            dev_score=float(dev),
            predictions=asked,
            scores={METRIC: tuple(r if hit else w for r, w, hit in zip(right, wrong, row, strict=True))},
        )
        for arm, row, dev in zip(setting.arms, answers, dev_scores, strict=True)
    ]


def _groups(setting: Setting) -> Mapping[str, str | None]:
    return {str(index): group for index, group in enumerate(setting.groups)}


def mean(scores: Sequence[Score]) -> float:
    """Aggregate of a rate."""
    return sum(score.value for score in scores) / len(scores)


@lru_cache(maxsize=64)
def _records(items: int) -> tuple[tuple[Prediction, ...], tuple[Score, ...], tuple[Score, ...]]:
    """Make the records of so many items once, right and wrong: worlds differ in which of them are right."""
    names = [str(index) for index in range(items)]
    asked = tuple(Prediction(name, "", "", Outcome.SCORED, "stop", 0, 0, 0.0) for name in names)
    return asked, tuple(Score(name, 1.0) for name in names), tuple(Score(name, 0.0) for name in names)
