"""One schedule of training, scored on dev as it goes."""

import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from baselines.finetune.process import TrainingProcess
from baselines.finetune.selection import best_of, should_stop
from baselines.finetune.spec import RunResult, RunSpec
from harness.contract import Bench
from harness.errors import ArmError
from harness.program import Program
from harness.records import Checkpoint, Example, LossPoint

FAST_STEPS = 2
FAST_DEV_ROWS = 8


@dataclass(frozen=True, slots=True)
class Clock:
    """The arm's wall clock; `end` is None when it may take as long as it needs."""

    start: float
    end: float | None

    @classmethod
    def of(cls, bench: Bench) -> "Clock":
        """Start the clock of an arm's fit."""
        now = time.monotonic()
        minutes = bench.budget.minutes
        return cls(now, None if minutes is None else now + 60 * minutes)

    @property
    def left(self) -> float | None:
        """Seconds left, at least 0."""
        return None if self.end is None else max(0.0, self.end - time.monotonic())

    @property
    def share_spent(self) -> float:
        """Share of the budget that is spent; 0 without a budget."""
        return 0.0 if self.end is None else (time.monotonic() - self.start) / (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished schedule."""

    losses: tuple[LossPoint, ...]
    checkpoints: tuple[Checkpoint, ...]
    best: Path | None  # adapter of the best checkpoint; None when `start` was never beaten
    result: RunResult


@dataclass
class Schedule:
    """Runs one `RunSpec`, scores its checkpoints on dev and keeps the best one's adapter alone."""

    bench: Bench
    process: TrainingProcess
    program: Program  # without an adapter
    dev: tuple[Example, ...]
    patience: int
    stage: str  # as progress shows it
    start: Checkpoint | None = None  # DPO: what the adapter it starts from reaches
    _losses: list[LossPoint] = field(default_factory=list)
    _checkpoints: list[Checkpoint] = field(default_factory=list)
    _folders: dict[int, Path] = field(default_factory=dict)

    def run(self, spec: RunSpec) -> Outcome:
        """Train, stop early when dev says so, and leave the best checkpoint.

        Raises:
            ArmError: If training failed, or ended without a checkpoint.
        """
        if self.start is not None:
            self._checkpoints.append(self.start)
        shutil.rmtree(spec.folder, ignore_errors=True)  # left by a run that was cut short
        Path(spec.folder).mkdir(parents=True)

        def on_step(point: LossPoint) -> None:
            self._losses.append(point)
            self.bench.progress(self.stage, point.step, spec.steps)

        result = self.process.run(spec, on_step, self._judge)
        if not self._folders:
            raise ArmError(f"{self.stage}: training ended after {result.steps} steps without a checkpoint")
        best = best_of(self._checkpoints)
        for step, folder in self._folders.items():
            if step != best.step:
                shutil.rmtree(folder)
        return Outcome(tuple(self._losses), tuple(self._checkpoints), self._folders.get(best.step), result)

    def _judge(self, step: int, epoch: float, adapter: Path) -> bool:
        reached = self.bench.score(with_adapter(self.program, adapter), self.dev, with_loss=True)
        self._checkpoints.append(Checkpoint(step, epoch, reached.score, reached.loss))
        self._folders[step] = adapter
        self.bench.log(f"{self.stage}: step {step}, dev {reached.score:.3f}, dev loss {reached.loss}")
        return not should_stop(self._checkpoints, self.patience)


def with_adapter(program: Program, adapter: Path) -> Program:
    """Return the program with an adapter on its base, so that it is scored as it would ship."""
    return replace(program, weights=replace(program.weights, adapter=str(adapter)))
