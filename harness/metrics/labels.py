"""Label accuracy: the answer's first line is the right class label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.normalisation import label
from harness.records import Example, Score


@dataclass(frozen=True)
class LabelAccuracy:
    """1 when the label in the answer's first non-empty line is the target.

    Labels are compared without case, outer quotes, brackets and sentence marks; a sentence that
    names the label is not a label.
    """

    name: ClassVar[str] = "label_accuracy"
    kind: ClassVar[Literal["rate"]] = "rate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1, with both labels as compared."""
        return score_label(answer, example)

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of right labels."""
        return mean_value(scores)


def score_label(answer: str | None, example: Example) -> Score:
    """Compare one answer's label with the target's; None is not a label and scores 0."""
    predicted = None if answer is None else label(answer)
    expected = label(example.target)
    return Score(example.id, float(predicted == expected), predicted, expected)
