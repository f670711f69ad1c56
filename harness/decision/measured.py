"""All that was measured of tuned weights beside their reference, and the measure that the benchmark claim rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.decision.forgetting import PairedBenchmarks, Pairs, pair_items
from harness.decision.paired import MeanDifference
from harness.decision.probes import TextChanges, TurnedQuestions, text_changes, turned_questions
from harness.records import GeneralAbility, Interval, Limits, Probe

PASS_TAIL = 0.05  # chance that an arm that lost more than the limit passes
# A base whose lower bound above chance is under twice the limit cannot show a loss of the limit.
SIGHT = 2.0
# How unrelated questions are asked, in words.
ASKED: Mapping[Probe, str] = {"alone": "asked alone", "prompted": "asked under the task's prompt"}


@dataclass(frozen=True)
class Measured:
    """Two sets of weights, paired by item, text and question."""

    seen: PairedBenchmarks  # items that both answered
    worst: PairedBenchmarks  # the others at their worst for the tuned weights
    best: PairedBenchmarks  # and at their best
    texts: TextChanges
    alone: TurnedQuestions
    prompted: TurnedQuestions

    @classmethod
    def of(cls, base: GeneralAbility, tuned: GeneralAbility) -> "Measured":
        """Pair two measurements.

        Raises:
            ValueError: If a text has another length for the two.
        """
        seen = pair_items(base, tuned)
        return cls(
            seen=seen,
            worst=pair_items(base, tuned, "worst") if seen.incomplete else seen,
            best=pair_items(base, tuned, "best") if seen.incomplete else seen,
            texts=text_changes(base, tuned),
            alone=turned_questions(base, tuned, is_prompted=False),
            prompted=turned_questions(base, tuned, is_prompted=True),
        )

    @property
    def questions(self) -> tuple[tuple[Probe, TurnedQuestions], ...]:
        """Both ways in which unrelated questions were asked."""
        return (("alone", self.alone), ("prompted", self.prompted))


@dataclass(frozen=True)
class Basis:
    """The measure that the benchmark claim rests on."""

    name: str  # 'the probability of right answers' or 'the score'
    change: MeanDifference
    scale: float  # turns its points into points of the score
    sight: float  # lower bound of the base above chance, in points of the measure

    def interval(self, tail: float) -> Interval:
        """Return the change in points of the score."""
        found = self.change.interval(tail)
        low, high = max(-1.0, self.scale * found.low), min(1.0, self.scale * found.high)
        return replace(found, estimate=self.scale * found.estimate, low=low, high=high)


def basis_of(items: PairedBenchmarks, limits: Limits) -> Basis | None:
    """Return the measure that can see a loss of the limit on this base: the probability, else the score; or None."""
    if not items.judged or items.scores.change is None:
        return None
    candidates = [("the score", items.scores)]
    if items.probabilities is not None:
        candidates.insert(0, ("the probability of right answers", items.probabilities))
    for name, pairs in candidates:
        change, sight = pairs.change, pairs.surely_above_chance(PASS_TAIL)
        if change is not None and sight >= SIGHT * limits.max_drop:
            return Basis(name, change, _scale(pairs, items.scores), sight)
    return None


def _scale(pairs: Pairs, scores: Pairs) -> float:
    """Return what one point of a measure is worth in points of the score; never less than one."""
    return max(1.0, scores.above_chance / pairs.above_chance) if pairs.above_chance > 0 else 1.0
