"""Candidates of one arm compared on dev, by the rule that every prompted and RAG arm shares."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from harness.contract import DevScore, FitContext
from harness.errors import ArmError
from harness.program import Program
from harness.records import Example, Trial

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value of what is to be settled."""

    setting: str  # e.g. 'shots=4 choice=diverse'
    program: Program
    size: int  # of two equally good candidates the smaller is taken


@dataclass(slots=True)
class DevContest:
    """Scores candidates on one seeded subset of dev, within the arm's budget.

    The highest score wins; of equals the lower loss of the right answers, then the smaller size. A loss
    costs as much as answering, so it is measured for equals only.
    """

    context: FitContext
    dev: tuple[Example, ...]
    rows: int  # at most so many of them are asked
    started: float  # time.monotonic() at which the arm's fit began
    warnings: list[str] = field(default_factory=list)  # what the budget left untried
    _results: list[tuple[Candidate, DevScore]] = field(default_factory=list)

    def try_all(self, candidates: Sequence[Candidate]) -> None:
        """Score the candidates in order; the first of a contest always, the others while time is left.

        Raises:
            ArmError: If there are no dev rows.
        """
        for done, candidate in enumerate(candidates):
            if self._results and self._is_over():
                left = ", ".join(candidate.setting for candidate in candidates[done:])
                self.warnings.append(f"not tried within {self.context.budget.minutes} minutes: {left}")
                return
            self.context.log(f"trying {candidate.setting} on {len(self._asked)} dev rows")
            self._results.append((candidate, self.context.score(candidate.program, self._asked)))
            self.context.progress("choosing on dev", done + 1, len(candidates))

    def best(self) -> Candidate:
        """Return the winner so far.

        Raises:
            ArmError: If nothing was tried.
        """
        if not self._results:
            raise ArmError("no candidate was tried on dev, so none can be chosen")
        highest = max(result.score for _, result in self._results)
        equals = [place for place, (_, result) in enumerate(self._results) if result.score == highest]
        if len(equals) > 1 and "loglikelihood" in self.context.engine.capabilities:
            for place in equals:
                self._measure_loss(place)
        return self._results[min(equals, key=self._loss_and_size)][0]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The record of every candidate tried; a subset of dev is named."""
        n, rows = len(self._asked), len(self.dev)
        part = f" ({n} of {rows} dev rows)" if n < rows else ""
        return tuple(Trial(c.setting + part, result.score, result.loss) for c, result in self._results)

    @property
    def _asked(self) -> tuple[Example, ...]:
        return drawn(self.dev, self.rows, self.context.seed)

    def _measure_loss(self, place: int) -> None:
        candidate, result = self._results[place]
        if result.loss is None:
            self._results[place] = (candidate, self.context.score(candidate.program, self._asked, with_loss=True))

    def _loss_and_size(self, place: int) -> tuple[float, int]:
        candidate, result = self._results[place]
        return (result.loss if result.loss is not None else 0.0, candidate.size)

    def _is_over(self) -> bool:
        minutes = self.context.budget.minutes
        return minutes is not None and time.monotonic() - self.started > 60 * minutes


def drawn(items: Sequence[Item], most: int | None, seed: int) -> tuple[Item, ...]:
    """Return at most `most` items (None: all), drawn with the seed and in their own order."""
    if most is None or len(items) <= most:
        return tuple(items)
    picked = random.Random(seed).sample(range(len(items)), most)
    return tuple(items[row] for row in sorted(picked))
