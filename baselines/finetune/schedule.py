"""One schedule of training, scored on dev as it goes, and resumed after any death."""

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from baselines.finetune import progress
from baselines.finetune.process import Killed, OutOfMemory, TrainingProcess
from baselines.finetune.progress import JUDGED, OUTCOME, Finished, Judged, Progress
from baselines.finetune.selection import best_of, boldest_of, is_clearly_worse, is_inside, rank, should_stop
from baselines.finetune.spec import Begun, RunResult, RunSpec
from baselines.finetune.store import identity_of, key_of, writing
from harness.contract import FitContext
from harness.errors import ArmError
from harness.program import Program
from harness.records import Checkpoint, Example, LossPoint
from harness.store.files import hash_folder

ADAPTER_CONFIG = "adapter_config.json"
FAST_STEPS = 2
FAST_DEV_ROWS = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished schedule."""

    tuner: str
    losses: tuple[LossPoint, ...]
    checkpoints: tuple[Checkpoint, ...]
    best: Path | None  # folder of the best checkpoint; None when `start` was never beaten
    boldest: Path | None  # of the best on the task alone; the same one where that is inside the forgetting budget
    result: RunResult
    warnings: tuple[str, ...]
    earlier_seconds: float  # of its wall clock, those of earlier attempts


@dataclass
class Schedule:
    """Runs one `RunSpec`, judges its checkpoints on dev and keeps the adapters of the best and of the boldest."""

    context: FitContext
    process: TrainingProcess
    program: Program  # without an adapter
    dev: tuple[Example, ...]
    patience: int
    stage: str  # as progress shows it
    start: Checkpoint | None = None  # DPO: what the adapter it starts from reaches
    weighs: bool = True  # whether what its checkpoints forgot is measured; of a trial, only where a choice hangs on it
    _losses: list[LossPoint] = field(default_factory=list)
    _judged: list[Judged] = field(default_factory=list)
    _rows_at_once: int | None = None
    _usual_rows: int = 0
    _fewer_rows: int = 0
    _earlier: float | None = None

    def run(self, spec: RunSpec) -> Outcome:
        """Train, stop early when dev says so, and leave the best checkpoint.

        What an earlier attempt left in the run's folder is used: a finished schedule is not run again,
        a cut one continues from its newest usable resume point, and no checkpoint is judged twice.

        Raises:
            ArmError: If training failed, ended without a checkpoint, or needs more memory than there is.
            StoreError: If the disk is full or refuses.
        """
        folder, identity = Path(spec.folder), self._identity(spec)
        finished = progress.recall(Finished, folder / OUTCOME, identity, self._log)
        damaged = [] if finished is None else [j.folder for j in finished.kept if not progress.intact(j, folder)]
        if damaged:
            self._log(f"{OUTCOME} is not used: the adapter of {damaged[0]} is damaged")
            finished = None
        if finished is None:
            finished = self._finish(spec, identity)
            earlier = self._earlier or 0.0
        else:
            earlier = finished.seconds
            self.process.keep_to(finished.micro_tokens)
        self._tidy(folder, finished)
        best, boldest = (None if kept is None else folder / kept.folder for kept in (finished.best, finished.boldest))
        found = (finished.losses, finished.checkpoints, best, boldest, finished.result, finished.warnings, earlier)
        return Outcome(spec.tuner, *found)

    def _identity(self, spec: RunSpec) -> str:
        """Return a hash of all that decides losses and judgements, but the metric: the run's own identity holds it."""
        judged_by = [asdict(example) for example in self.dev]
        start = None if self.start is None else asdict(self.start)
        parts = (identity_of(spec), self.program.digest, judged_by, self.patience, start, self.weighs)
        return key_of({"schedule": parts})

    def _finish(self, spec: RunSpec, identity: str) -> Finished:
        folder, began = Path(spec.folder), time.monotonic()
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._recall(folder, identity)
        result = self._train(spec, identity)
        if not self._judged:
            raise ArmError(f"{self.stage}: training ended after {result.steps} steps without a checkpoint")
        if self.weighs:
            self._weigh(folder)
        finished = Finished(
            identity=identity,
            losses=tuple(self._losses),
            checkpoints=tuple(self._checkpoints),
            best=self._kept(best_of(self._checkpoints)),
            boldest=self._kept(boldest_of(self._checkpoints)),
            result=result,
            warnings=self._warnings(spec),
            micro_tokens=self.process.micro_tokens,
            seconds=time.monotonic() - began + (self._earlier or 0.0),
        )
        progress.write(folder / OUTCOME, finished)
        return finished

    def _kept(self, checkpoint: Checkpoint) -> Judged | None:
        """Return where a checkpoint's adapter lies; None for the start."""
        found = (judged for judged in self._judged if judged.checkpoint.step == checkpoint.step)
        return next(found, None)

    def _recall(self, folder: Path, identity: str) -> None:
        """Use the judgements of an earlier attempt, up to the first whose adapter is damaged."""
        recalled = progress.recall(Progress, folder / JUDGED, identity, self._log) or Progress(identity)
        for judged in recalled.judged:
            if not progress.intact(judged, folder):
                self._log(f"the adapter of {judged.folder} is damaged; training it again")
                break
            self._judged.append(judged)
        self.process.keep_to(recalled.micro_tokens)

    def _train(self, spec: RunSpec, identity: str) -> RunResult:
        """Train to the end; each time memory runs out, with half the rows at once and the same batches.

        A process that somebody killed is started again as it was, once; the second time memory may be the reason.
        """

        def on_step(point: LossPoint) -> None:
            self._losses.append(point)
            self.context.progress(self.stage, point.step, spec.steps)

        def on_checkpoint(step: int, epoch: float, adapter: Path) -> bool:
            if step not in (judged.checkpoint.step for judged in self._judged):
                self._judge(step, epoch, adapter)
                self._write(spec, identity)
                self._prune(adapter.parent)
            return not should_stop(self._checkpoints, self.patience)

        was_killed = False
        while True:
            fitted = replace(spec, micro_tokens=self.process.micro_tokens)
            try:
                return self.process.run(fitted, on_step, on_checkpoint, self._begin, self._latest(spec))
            except OutOfMemory as fault:
                if isinstance(fault, Killed) and not was_killed:
                    was_killed = True
                    self._rows_at_once = None
                    self._log(f"{fault}; starting it again")
                    continue
                self.process.micro_tokens = self._halved(spec, fault)
                self._write(spec, identity)

    def _latest(self, spec: RunSpec) -> int:
        """Return the last step to continue from: every evaluation before it has been judged."""
        done = {judged.checkpoint.step for judged in self._judged}
        return min((step for step in spec.evaluate_at if step not in done), default=spec.steps)

    def _begin(self, begun: Begun) -> None:
        """Use the losses, and the judgements, up to the step that training continues from."""
        for fault in begun.faults:
            self._log(f"not used: {fault}")
        if begun.step or begun.faults or self._judged:
            self._log(f"continuing from step {begun.step}" if begun.step else "starting again")
        self._rows_at_once = begun.rows_at_once
        self._usual_rows, self._fewer_rows = begun.usual_rows, begun.fewer_rows
        self._losses[:] = begun.losses
        self._judged[:] = [judged for judged in self._judged if judged.checkpoint.step <= begun.step]
        if self._earlier is None:  # a later beginning is this attempt's own
            last = [judged.seconds for judged in self._judged if judged.checkpoint.step == begun.step]
            self._earlier = begun.seconds + sum(last)

    def _judge(self, step: int, epoch: float, adapter: Path) -> None:
        since = time.monotonic()
        reached = self.context.score(with_tuning(self.program, adapter), self.dev, with_loss=True)
        checkpoint = Checkpoint(step, epoch, reached.score, reached.loss)
        self._judged.append(Judged(checkpoint, adapter.name, hash_folder(adapter), time.monotonic() - since))
        loss = "not measured" if reached.loss is None else f"{reached.loss:.3f}"
        self._log(f"step {step}, dev {reached.score:.3f}, dev loss {loss}")
        boldest = boldest_of(self._checkpoints)
        for place, judged in enumerate(self._judged):
            if is_clearly_worse(judged.checkpoint, boldest, len(self.dev)):
                self._judged[place] = replace(judged, is_removed=True)

    def _prune(self, folder: Path) -> None:
        """Remove what can no longer be chosen (see `_weigh`): a checkpoint may be as large as the model."""
        for judged in self._judged:
            if judged.is_removed:
                shutil.rmtree(folder / judged.folder, ignore_errors=True)

    def _weigh(self, folder: Path) -> None:
        """Measure what checkpoints forgot, best on the task first, until one is inside the budget.

        So the choice is as if all were measured, but for those that are clearly worse than the best: where that
        one is outside, part strength of it costs less of the score. A smoke run measures nothing.
        """
        boldest = boldest_of(self._checkpoints)
        for point in sorted(self._checkpoints, key=rank):
            if self.context.budget.is_fast or is_clearly_worse(point, boldest, len(self.dev)):
                return
            if is_inside(point if point is self.start else self._weighed(point.step, folder)):
                return

    def _weighed(self, step: int, folder: Path) -> Checkpoint:
        place, judged = next((i, judged) for i, judged in enumerate(self._judged) if judged.checkpoint.step == step)
        forgotten = self.context.forgetting(with_tuning(self.program, folder / judged.folder).weights)
        self._log(f"step {step}, {forgotten.spent:.1%} of the forgetting budget spent")
        self._judged[place] = replace(judged, checkpoint=replace(judged.checkpoint, forgetting=forgotten))
        return self._judged[place].checkpoint

    def _write(self, spec: RunSpec, identity: str) -> None:
        kept = Progress(identity, tuple(self._judged), self.process.micro_tokens)
        progress.write(Path(spec.folder) / JUDGED, kept)

    def _halved(self, spec: RunSpec, fault: OutOfMemory) -> int:
        if self._rows_at_once is None:
            raise fault  # while it loaded the base: fewer rows would not help
        if not self._fewer_rows:
            least = self._rows_at_once
            at_a_time = "one row at a time is" if least == 1 else f"{least} rows at a time are"
            raise ArmError(
                f"{fault}; {at_a_time} the least that can go through, and the longest takes {spec.longest} "
                "tokens: leave long rows out with the option max_length, or use a smaller model"
            ) from fault
        self._log(f"{fault}; continuing with {self._fewer_rows} rows at once instead of {self._rows_at_once}")
        self._rows_at_once = None
        return self._fewer_rows * spec.longest

    def _warnings(self, spec: RunSpec) -> tuple[str, ...]:
        if self._rows_at_once is None or self._rows_at_once >= self._usual_rows:
            return ()
        return (
            f"memory ran out with more, so {self._rows_at_once} of a batch's {spec.batch_size} rows went through at "
            "once; their gradients still add up to the whole batch",
        )

    def _tidy(self, folder: Path, finished: Finished) -> None:
        """Leave the finished schedule and the adapters it keeps alone; what cannot be removed only takes space."""
        kept = {OUTCOME, *(judged.folder for judged in finished.kept)}
        with suppress(OSError):
            for path in folder.iterdir():
                if path.name not in kept:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    @property
    def _checkpoints(self) -> Sequence[Checkpoint]:
        started = [] if self.start is None else [self.start]
        return [*started, *(judged.checkpoint for judged in self._judged)]

    def _log(self, message: str) -> None:
        self.context.log(f"{self.stage}: {message}")


def with_tuning(program: Program, folder: Path) -> Program:
    """Return the program with what training left: an adapter on its base, or weights in its base's place."""
    is_adapter = (folder / ADAPTER_CONFIG).is_file()
    base, place = program.weights.base, str(folder)
    weights = replace(base, adapter=place) if is_adapter else replace(base, checkpoint=place)
    return replace(program, weights=weights)
