"""Rows 4 and 7 for training: a small random Llama on the CPU in fp32, its process killed, its files spoiled."""

import os
import random
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from baselines.finetune.objectives import SUPERVISED
from baselines.finetune.process import TrainingProcess
from baselines.finetune.spec import AnswerRow, Begun, RunSpec
from baselines.finetune.store import Trained, find, keep
from baselines.finetune.tuners import LORA
from bench.scorecard.corruption import EMPTIED, FLIPPED, TRUNCATED, ZEROED
from bench.scorecard.figures import Figure, share
from bench.scorecard.lab import ROOT
from bench.scorecard.parallel import say
from harness.records import LossPoint, TrainingHistory, Weights
from harness.store.files import hash_file

SEED = 20260104
STEPS = 24
EVALUATED = (8, 16, STEPS)
NEVER = 1e9  # seconds between resume points: those of the evaluations alone
KINDS = (TRUNCATED, EMPTIED, ZEROED, FLIPPED)


def resume_exactness(root: Path, count: int) -> Figure:
    """Kill the training process at `count` random steps; the adapter must come out equal to the bit.

    Half of the runs save a resume point at every step, half only where they are evaluated.
    """
    model = _tiny_model(root)
    draw = random.Random(SEED)
    steps = sorted(draw.sample(range(1, STEPS), count))
    with TrainingProcess(root / "process", model) as process:
        whole, losses = _train(process, _spec(root / "whole", model.model, NEVER))
        faults = []
        for number, step in enumerate(steps):
            say(f"  training killed at step {step}")
            spec = _spec(root / f"killed{number}", model.model, (0.0, NEVER)[number % 2])
            _train_and_die(root / "dying", spec, model, step)
            sha, again = _train(process, spec)
            if (sha, again) != (whole, losses):
                faults.append(f"killed at step {step}: another adapter or another loss")
    note = f"a random Llama of two layers, LoRA with dropout, {STEPS} steps, fp32 on the CPU; sha256 of the adapter"
    return share("4", "trainings killed at a random step that end in the same adapter", faults, count, [note])


def spoiled_trainings(root: Path) -> Figure:
    """Spoil every file of a resume point, and of a shared training; neither may be believed."""
    model = _tiny_model(root)
    with TrainingProcess(root / "process", model) as process:
        whole, losses = _train(process, _spec(root / "whole", model.model, NEVER))
        stopped = root / "stopped"
        _train_and_die(root / "dying", _spec(stopped, model.model, NEVER), model, EVALUATED[0] + 2)
        files = sorted(path.relative_to(stopped) for path in stopped.glob("resume-*/*"))
        if not files:
            raise RuntimeError(f"the training that was killed left no resume point in {stopped}")
        cases = [(file, damage) for file in files for damage in KINDS]
        faults = []
        for number, (file, damage) in enumerate(cases):
            folder = root / f"spoiled{number}"
            shutil.copytree(stopped, folder)
            (folder / file).write_bytes(damage.do((stopped / file).read_bytes()))
            if _train(process, _spec(folder, model.model, NEVER)) != (whole, losses):
                faults.append(f"{file} {damage.name}: another adapter or another loss")
    shared, count = _spoiled_entries(root, root / "whole" / f"checkpoint-{STEPS}")
    note = "resume points: the training continues from an earlier one or again; shared trainings: not used"
    what = "corrupt training files: fell back or refused"
    return share("7", what, [*faults, *shared], len(cases) + count, [note])


def _spoiled_entries(root: Path, adapter: Path) -> tuple[list[str], int]:
    """Spoil every file of a shared training; it must not be found."""
    history = TrainingHistory("sft", (), (), STEPS, "end", 1e-3, 8, 24, 100, 1000, 1.0, False)
    keep(root / "shared", "key", "arm", Trained(adapter, history, (), 1.0))
    if find(root / "shared", "key", "arm") is None:
        return ["a whole shared training is not found"], 1
    faults, count = [], 0
    for path in sorted(path for path in (root / "shared").rglob("*") if path.is_file()):
        kept = path.read_bytes()
        for damage in KINDS:
            count += 1
            path.write_bytes(damage.do(kept))
            if find(root / "shared", "key", "arm") is not None:
                faults.append(f"shared training, {path.name} {damage.name}: believed")
        path.write_bytes(kept)
    return faults, count


def _tiny_model(root: Path) -> Weights:
    sys.path.insert(0, str(ROOT / "tests"))
    from tiny_model import build_tiny_model  # type: ignore[import-not-found]

    return Weights(str(build_tiny_model(root / "model")))


def _spec(folder: Path, model: str, resume_seconds: float) -> RunSpec:
    draw = random.Random(SEED)
    rows = tuple(
        AnswerRow(f"row{n}", tuple(draw.randrange(3, 250) for _ in range(6)), (draw.randrange(3, 250), 1))
        for n in range(16)
    )
    folder.mkdir(parents=True, exist_ok=True)
    return RunSpec(
        objective=SUPERVISED,
        folder=str(folder),
        rows=rows,
        steps=STEPS,
        evaluate_at=EVALUATED,
        learning_rate=1e-2,
        schedule="linear",
        warmup_steps=2,
        batch_size=4,
        seed=0,
        tuner=LORA,
        tuner_options={"rank": 4, "alpha": 8.0, "dropout": 0.1},
        base=model,
        resume_seconds=resume_seconds,
    )


def _train(process: TrainingProcess, spec: RunSpec) -> tuple[str, dict[int, float]]:
    """Train to the end; return the adapter's sha256 and every step's loss."""
    losses: dict[int, float] = {}

    def on_step(point: LossPoint) -> None:
        losses[point.step] = point.loss

    def on_begun(begun: Begun) -> None:
        losses.update({point.step: point.loss for point in begun.losses})

    process.run(spec, on_step, lambda *_: True, on_begun)
    return hash_file(Path(spec.folder) / f"checkpoint-{STEPS}" / "adapter_model.safetensors"), losses


def _train_and_die(folder: Path, spec: RunSpec, model: Weights, step: int) -> None:
    """Train in a process of its own and kill it when it tells of `step`; the parent is gone too."""

    def on_step(point: LossPoint) -> None:
        if point.step == step:
            for child in psutil.Process().children():
                if child.pid not in others:
                    os.kill(child.pid, signal.SIGKILL)
            raise _Death

    others = {child.pid for child in psutil.Process().children()}
    with suppress(_Death), TrainingProcess(folder, model) as process:
        process.run(spec, on_step, lambda *_: True)
        raise RuntimeError(f"the training ended although it was killed at step {step}")


class _Death(BaseException):
    """Leaves the training as a parent that was killed does: nothing is tidied up."""
