"""Exact match in which case counts: for names, code and ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.normalisation import normalise
from harness.records import Example, Score


@dataclass(frozen=True)
class ExactMatchCase:
    """1 when the answer equals the target as `exact_match` compares them, but with its case: 'us' is not 'US'."""

    name: ClassVar[str] = "exact_match_case"
    kind: ClassVar[Literal["rate"]] = "rate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1."""
        wanted = normalise(example.target, keep_case=True)
        return Score(example.id, float(answer is not None and normalise(answer, keep_case=True) == wanted))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of exact matches."""
        return mean_value(scores)
