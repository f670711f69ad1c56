"""The wall clock of an arm's fit, which `budget.minutes` bounds."""

import time
from dataclasses import dataclass

from harness.contract import FitContext


@dataclass
class Clock:
    """Wall clock of an arm's fit or of a part of it; `end` is None when it may take as long as it needs."""

    start: float
    end: float | None
    share: float = 1.0  # of what the arm had left
    earlier: float = 0.0  # seconds of earlier work that count as if they were spent now
    whole: "Clock | None" = None  # of which this is a part

    @classmethod
    def of(cls, context: FitContext) -> "Clock":
        """Start the clock of an arm's fit."""
        now = time.monotonic()
        minutes = context.budget.minutes
        return cls(now, None if minutes is None else now + 60 * minutes)

    def part(self, share: float) -> "Clock":
        """Start the clock of a part that gets this share of what is left."""
        now = time.monotonic()
        return Clock(now, None if self.left is None else now + share * self.left, share, whole=self)

    def count(self, seconds: float) -> None:
        """Count work of an earlier attempt, or of another arm, as if it were done now."""
        self.start -= seconds
        self.end = None if self.end is None else self.end - seconds
        self.earlier += seconds
        if self.whole is not None:
            self.whole.count(seconds)

    @property
    def spent(self) -> float:
        """Seconds spent."""
        return time.monotonic() - self.start

    @property
    def left(self) -> float | None:
        """Seconds left, at least 0."""
        return self.left_of(1.0)

    def left_of(self, share: float) -> float | None:
        """Seconds left of a share of the whole time, at least 0."""
        return None if self.end is None else max(0.0, share * (self.end - self.start) - self.spent)
