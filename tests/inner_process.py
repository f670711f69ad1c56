"""The training loop inside the test's own interpreter: real trainings, cut where a test wants, at once."""

import gc
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from baselines.finetune.objectives import SUPERVISED
from baselines.finetune.process import TrainingProcess
from baselines.finetune.spec import AnswerRow, Begun, PairRow, RunResult, RunSpec
from baselines.finetune.tuners import LORA
from harness.records import LossPoint, Weights

_BASES: dict[tuple[str, str | None], Any] = {}


class Death(BaseException):
    """Stands for the end of every process of the run: nothing catches it."""


@dataclass
class Parent:
    """The parent's end of the channel; it dies when `dies` says so of what it hears."""

    dies: Callable[[str, dict[str, Any]], bool] = lambda event, values: False
    on_checkpoint: Callable[[int, float, Path], bool] = lambda step, epoch, folder: True
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    continues: bool = True

    def send(self, event: str, **values: Any) -> None:
        values = json.loads(json.dumps(values))  # as the pipe carries it
        self.events.append((event, values))
        if self.dies(event, values):
            raise Death
        if event == "checkpoint":
            self.continues = self.on_checkpoint(values["step"], values["epoch"], Path(values["folder"]))

    def receive(self) -> dict[str, Any]:
        return {"continue": self.continues}

    @property
    def begun(self) -> Begun:
        return Begun.from_json(self.heard("begun")[0])

    @property
    def losses(self) -> tuple[LossPoint, ...]:
        """Of the whole run: what came before the resume point, then every step."""
        return (*self.begun.losses, *(LossPoint(**values) for values in self.heard("step")))

    @property
    def result(self) -> RunResult:
        return RunResult(**self.heard("done")[0])

    def heard(self, event: str) -> list[dict[str, Any]]:
        return [values for kind, values in self.events if kind == event]


class InnerProcess:
    """Takes `TrainingProcess`'s place; what the loop raises reaches the caller as it is."""

    def __init__(self, folder: Path, base: Weights) -> None:
        self.folder, self.base = folder, base
        self.micro_tokens: int | None = None
        self.runs: list[RunSpec] = []
        self.dies: Callable[[str, dict[str, Any]], bool] = lambda event, values: False

    def __enter__(self) -> "InnerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    keep_to = TrainingProcess.keep_to

    def run(self, spec: RunSpec, on_step, on_checkpoint, on_begun=lambda begun: None, latest=None) -> RunResult:
        import torch

        from baselines.finetune import loop

        def hear(event: str, values: dict[str, Any]) -> bool:
            if event == "begun":
                on_begun(Begun.from_json(values))
            if event == "step":
                on_step(LossPoint(**values))
            return self.dies(event, values)

        def judge(step: int, epoch: float, folder: Path) -> bool:
            with torch.random.fork_rng():  # another process has randomness of its own; loading an adapter draws some
                return on_checkpoint(step, epoch, folder)

        self.runs.append(spec)
        parent = Parent(hear, judge)
        loop.train(base_of(self.base), spec, parent, spec.steps if latest is None else latest)
        return parent.result


def train_here(patch: Any, make: Any = None) -> None:
    """Have every tuned arm train in this process, or in what `make` returns."""
    from baselines.finetune import arms, cpt, stage

    for module in (arms, cpt, stage):
        patch.setattr(module, "TrainingProcess", make or InnerProcess)


def base_of(weights: Weights) -> Any:
    """Load a base once for all tests, as the training process does for all its runs."""
    from baselines.finetune.base import Base

    key = (weights.model, weights.quantization)
    if not _BASES:
        spare_the_libraries()
    if key not in _BASES:
        _BASES[key] = Base.load(*key)
    return _BASES[key]


def spare_the_libraries() -> None:
    """Collect no garbage among what is there: each training collects, and that takes longest over the libraries."""
    import baselines.finetune.loop  # noqa: F401  # they are loaded with it

    gc.collect()
    gc.freeze()


def answers(count: int = 10) -> tuple[AnswerRow, ...]:
    """Rows of made-up tokens and of unequal length."""
    return tuple(
        AnswerRow(f"row-{n}", tuple(5 + (n * 7 + i) % 90 for i in range(4 + n % 3)), (100 + n % 2, 1))
        for n in range(count)
    )


def pairs(count: int = 10) -> tuple[PairRow, ...]:
    """The same questions with a better and a worse answer."""
    return tuple(PairRow(row.id, row.prompt, row.answer, (101 - int(row.id[4:]) % 2, 1)) for row in answers(count))


def spec_in(folder: Path, **changes: Any) -> RunSpec:
    """Ten rows in batches of four: three steps an epoch, of which the last has two rows."""
    plain: dict[str, Any] = {
        "objective": SUPERVISED,
        "folder": str(folder),
        "rows": answers(),
        "steps": 7,
        "evaluate_at": (3, 7),
        "learning_rate": 1e-2,
        "schedule": "linear",
        "warmup_steps": 1,
        "batch_size": 4,
        "seed": 0,
        "tuner": LORA,
        "tuner_options": {"rank": 4, "alpha": 8.0, "dropout": 0.0},
        "objective_options": {"beta": 0.1},
        "resume_seconds": 0.0,
    }
    return RunSpec(**{**plain, **changes})
