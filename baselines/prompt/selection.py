"""Candidates of one arm compared on dev, by the rule that every prompted and RAG arm shares."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.contract import Bench, DevScore
from harness.errors import ArmError
from harness.program import Program
from harness.records import Example, Trial


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value of what is to be settled."""

    setting: str  # e.g. 'shots=4 choice=diverse'
    program: Program
    size: int  # of two equally good candidates the smaller is taken


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate and what it reached on dev."""

    candidate: Candidate
    result: DevScore
    dev_rows: int  # in all; `result.n` of them were asked

    @property
    def trial(self) -> Trial:
        """The record of it; a subset of dev is named."""
        n, rows = self.result.n, self.dev_rows
        part = f" ({n} of {rows} dev rows)" if n < rows else ""
        return Trial(self.candidate.setting + part, self.result.score, self.result.loss)


@dataclass(slots=True)
class DevContest:
    """Scores candidates on one seeded subset of dev, within the arm's budget."""

    bench: Bench
    dev: tuple[Example, ...]
    rows: int  # at most so many of them are asked
    started: float  # time.monotonic() at which the arm's fit began

    def try_all(self, candidates: Sequence[Candidate]) -> tuple[list[Tried], list[str]]:
        """Score the candidates in order; return them with the warnings of a budget that ran out.

        Raises:
            ArmError: If there are no dev rows.
        """
        asked = drawn(self.dev, self.rows, self.bench.seed)
        with_loss = "loglikelihood" in self.bench.engine.capabilities
        tried: list[Tried] = []
        for candidate in candidates:
            if tried and self._is_over():
                left = ", ".join(c.setting for c in candidates[len(tried) :])
                return tried, [f"not tried within {self.bench.budget.minutes} minutes: {left}"]
            self.bench.log(f"trying {candidate.setting} on {len(asked)} dev rows")
            result = self.bench.score(candidate.program, asked, with_loss=with_loss)
            tried.append(Tried(candidate, result, len(self.dev)))
            self.bench.progress("choosing on dev", len(tried), len(candidates))
        return tried, []

    def _is_over(self) -> bool:
        minutes = self.bench.budget.minutes
        return minutes is not None and time.monotonic() - self.started > 60 * minutes


def drawn(examples: Sequence[Example], most: int | None, seed: int) -> tuple[Example, ...]:
    """Return at most `most` examples (None: all), drawn with the seed and in their own order."""
    if most is None or len(examples) <= most:
        return tuple(examples)
    picked = random.Random(seed).sample(range(len(examples)), most)
    return tuple(examples[row] for row in sorted(picked))


def best(tried: Sequence[Tried]) -> Tried:
    """Return the highest score; of equals the lower loss, then the smaller size.

    Raises:
        ArmError: If nothing was tried.
    """
    if not tried:
        raise ArmError("no candidate was tried on dev, so none can be chosen")

    def rank(entry: Tried) -> tuple[float, float, int]:
        loss = entry.result.loss
        return (-entry.result.score, loss if loss is not None else 0.0, entry.candidate.size)

    return min(tried, key=rank)
