"""The bases of metrics that have options."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from harness.metrics.averaging import mean_value
from harness.records import Example, Score


class Settings(BaseModel):
    """Options of a task file: strict, no unknown one, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class RightOrWrong(Settings):
    """A metric with options whose items are right or wrong. An answer that could not be read is wrong."""

    kind: ClassVar[Literal["rate"]] = "rate"

    @abstractmethod
    def is_right(self, answer: str, target: str) -> bool:
        """Whether an answer says what the target says."""

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1."""
        return Score(example.id, float(answer is not None and self.is_right(answer, example.target)))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of right answers."""
        return mean_value(scores)
