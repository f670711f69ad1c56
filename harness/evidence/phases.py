"""Where a tuned arm is in its work: how long its training still takes is told by its own steps, not by the forecast."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ALONE = "timing single questions"
_CLOSING = (ALONE, "answering test")
_LOOKS = ("benchmarks", "held-out texts", "unrelated questions")

Phase = Literal["before", "training", "choosing", "closing"]


@dataclass(frozen=True, slots=True)
class Behind:
    """The work that follows a tuned arm's training, in tokens."""

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
        self.training_left: float | None = None  # seconds, at most; None until two steps were seen
        self._stage, self._first = "", (0, 0.0)  # its first steps, and when they were done

    @property
    def spent(self) -> float:
        """Seconds in this phase."""
        return self._clock() - self.since

    def follow(self, stage: str, done: int, total: int) -> None:
        """Take note of how far a stage is."""
        if "training" in stage:
            self._enter("training")
            if stage != self._stage:
                self._first = done, self._clock()
            elif done > self._first[0]:
                pace = (self._clock() - self._first[1]) / (done - self._first[0])
                self.training_left = pace * (total - done)
        elif stage in _CLOSING:
            self._enter("closing")
        elif stage.startswith(_LOOKS) and self.phase == "training":
            self._enter("choosing")
        self._stage = stage

    def _enter(self, phase: Phase) -> None:
        if phase != self.phase:
            self.phase, self.since = phase, self._clock()
