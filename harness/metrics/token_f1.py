"""Token F1: how much of the target the answer says, and how little else.

The measure of SQuAD (Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250) on our own tokens:
articles count, and scripts without spaces are compared by character.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.normalisation import normalise, tokens
from harness.records import Example, Score


@dataclass(frozen=True)
class TokenF1:
    """Harmonic mean of token precision and recall, tokens counted with repeats.

    A target without a token (only punctuation) is compared as exact match does.
    """

    name: ClassVar[str] = "f1"
    kind: ClassVar[Literal["graded"]] = "graded"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, in [0, 1]."""
        return Score(example.id, 0.0 if answer is None else _overlap(answer, example.target))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the mean F1."""
        return mean_value(scores)


def _overlap(answer: str, target: str) -> float:
    said, wanted = Counter(tokens(answer)), Counter(tokens(target))
    if not wanted:
        return float(normalise(answer) == normalise(target))
    return 2 * (said & wanted).total() / (said.total() + wanted.total())
