"""Exact match: the answer is the target, up to spelling that cannot change a meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.normalisation import normalise
from harness.records import Example, Score


@dataclass(frozen=True)
class ExactMatch:
    """1 when the normalised answer equals the normalised target.

    Case, white space, outer quotes and final sentence marks do not count; signs, digits, decimal
    points, inner punctuation and articles do ('-5' is not '5', '1.5' not '15', 'K-12' not 'K12').
    """

    name: ClassVar[str] = "exact_match"
    kind: ClassVar[Literal["rate"]] = "rate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1."""
        is_right = answer is not None and normalise(answer) == normalise(example.target)
        return Score(example.id, float(is_right))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of exact matches."""
        return mean_value(scores)
