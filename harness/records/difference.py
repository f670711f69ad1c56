"""Two runs side by side."""

from dataclasses import dataclass
from typing import Literal

from harness.records.concluded import Action, Comparison, Interval

Area = Literal["task", "data", "model", "versions"]


@dataclass(frozen=True, slots=True)
class RunSide:
    """What one of two runs was, and what it said."""

    folder: str
    name: str
    action: Action
    arm: str | None
    sentence: str
    is_fast: bool
    finished: str  # time in UTC; '' where it never got so far


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in both runs; '' where a side has none."""

    area: Area
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SharedItems:
    """How far two runs asked the same: items are the same when question, columns and right answers are."""

    shared: int
    only_before: int
    only_after: int
    changed: int  # of those that only one side has: the same id or the same question, and something else is another


@dataclass(frozen=True, slots=True)
class ItemFlip:
    """A shared item on which an arm scored otherwise."""

    item: str  # its id in the later run
    question: str
    target: str
    before: str | None  # the answer as it was read; None where none could be
    after: str | None
    before_score: float
    after_score: float

    @property
    def is_loss(self) -> bool:
        """Whether the later run scored lower."""
        return self.after_score < self.before_score


@dataclass(frozen=True, slots=True)
class ArmChange:
    """One arm in both runs, or two that are set against each other, on the items that both measured."""

    before: str  # its name in the earlier run
    after: str
    before_score: Interval | None  # as each run has it, on all its items
    after_score: Interval | None
    change: Comparison | None  # later less earlier, paired; None where `why` says why not
    flips: tuple[ItemFlip, ...] = ()  # losses first, the largest first
    why: str = ""

    @property
    def name(self) -> str:
        """'rag', or 'zero_shot → rag' where two arms are set against each other."""
        return self.after if self.before == self.after else f"{self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class RunDifference:
    """What `harness diff` found."""

    before: RunSide
    after: RunSide
    metric: str  # the primary metric of the later run
    items: SharedItems
    arms: tuple[ArmChange, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]  # what the reader must know before comparing
