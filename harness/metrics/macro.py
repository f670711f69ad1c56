"""Macro-F1: the mean of every class's F1, so that rare classes weigh as much as common ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, Literal

from harness.metrics.labels import score_label
from harness.records import Example, Score


@dataclass(frozen=True)
class MacroF1:
    """Mean F1 over the labels that occur among the targets.

    A predicted label that is not a target's is a miss of the right class and makes no class of its
    own (scikit-learn's `f1_score(average='macro', labels=expected)`).
    """

    name: ClassVar[str] = "macro_f1"
    kind: ClassVar[Literal["aggregate"]] = "aggregate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Compare one answer's label with the target's; the value is 0 or 1."""
        return score_label(answer, example)

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return macro-F1 from the items' labels.

        Raises:
            ValueError: If there are no scores, or one of another metric, without its expected label.
        """
        if not scores:
            raise ValueError("no scores, so there is no macro-F1; score at least one item")
        for score in scores:
            if score.expected is None:
                raise ValueError(f"item {score.example_id!r} has no expected label; score it with macro_f1")
        predicted = Counter(score.predicted for score in scores)
        expected = Counter(score.expected for score in scores)
        right = Counter(score.expected for score in scores if score.predicted == score.expected)
        # F1 = 2 TP / (2 TP + FP + FN), and TP + FP = predicted, TP + FN = expected
        return fmean(2 * right[label] / (predicted[label] + expected[label]) for label in expected)
