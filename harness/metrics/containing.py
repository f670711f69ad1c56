"""Contains: the answer says the target somewhere, as whole tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.normalisation import normalise, tokens
from harness.records import Example, Score


@dataclass(frozen=True)
class Contains:
    """1 when the target's tokens stand in the answer one after another.

    Tokens are whole: '5' is not in '15', '-5' or '1.5', and 'no' is not in 'not'. A target without a
    token (only punctuation) is looked for as text.
    """

    name: ClassVar[str] = "contains"
    kind: ClassVar[Literal["rate"]] = "rate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1."""
        return Score(example.id, float(answer is not None and _says(answer, example.target)))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of answers that say their target."""
        return mean_value(scores)


def _says(answer: str, target: str) -> bool:
    said, wanted = tokens(answer), tokens(target)
    if not wanted:
        return normalise(target) in normalise(answer)
    starts = range(len(said) - len(wanted) + 1)
    return any(said[start : start + len(wanted)] == wanted for start in starts)
