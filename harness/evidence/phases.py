"""Where an arm that trains once is in its work: how long that still takes is told by its own steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ALONE = "timing single questions"
_TRAINING = "training"  # the only one; of several penalties, or of a second method, each has a longer name
_CLOSING = (ALONE, "answering test")
_LOOKS = ("benchmarks", "held-out texts", "unrelated questions")

Phase = Literal["before", "training", "choosing", "closing"]


@dataclass(frozen=True, slots=True)
class Behind:
    """The work that follows the one training of an arm, in tokens."""

    choosing: float  # looks at what was forgotten, and dev at several strengths
    closing: float  # the test, and general ability


def may_end_early(stage: str) -> bool:
    """Whether dev, or its minutes, may end a stage before its last step: what its steps would take is the most."""
    return "training" in stage or stage == "reading documents"


class Phases:
    """Follows the stages of one job."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.phase: Phase = "before"
        self.since = clock()  # when the phase began
        self.training_left: float | None = None  # seconds, at most; None until a step was seen
        self._first: tuple[int, float] | None = None  # the training's first steps, and when they were done

    @property
    def spent(self) -> float:
        """Seconds in this phase."""
        return self._clock() - self.since

    def follow(self, stage: str, done: int, total: int) -> None:
        """Take note of how far a stage is."""
        if stage == _TRAINING:
            self._enter("training")
            first, since = self._first = self._first or (done, self._clock())
            if done > first:  # looks at dev are part of its pace
                self.training_left = (self._clock() - since) / (done - first) * (total - done)
        elif stage in _CLOSING:
            self._enter("closing")
        elif stage.startswith(_LOOKS) and self.phase == "training":
            self._enter("choosing")

    def _enter(self, phase: Phase) -> None:
        if phase != self.phase:
            self.phase, self.since = phase, self._clock()
