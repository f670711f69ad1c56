"""How an adapter was trained: what the arm really used, read off its own records."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.export.parcel import make_baseline, option
from harness.program import Program
from harness.records import Evidence, LossPoint, TrainingHistory
from harness.task.task import ArmSpec


@dataclass(frozen=True, slots=True)
class Recipe:
    """One stage of training, SFT or DPO."""

    rank: int
    alpha: float
    dropout: float
    target_modules: tuple[str, ...]
    quantization: str | None  # of the base: 'nf4' or None
    learning_rate: float
    batch_size: int
    schedule: str  # as transformers calls it
    steps: int  # over which the rate falls to zero; training ended earlier where dev said so
    warmup_steps: int
    best_step: int  # whose adapter was kept
    seed: int
    beta: float | None = None  # DPO only


def recipe_of(spec: ArmSpec, evidence: Evidence, program: Program) -> Recipe | None:
    """Return the training that an arm's history tells of (for `sft+dpo`: of its second stage).

    None when the arm trained nothing, or its batch size cannot be told.
    """
    history, adapter = evidence.training, program.weights.adapter
    if history is None or adapter is None:
        return None
    batch_size = batch_size_of(history, option(make_baseline(spec), "batch_size"))
    if batch_size is None:
        return None
    config: dict[str, Any] = json.loads((Path(adapter) / "adapter_config.json").read_text(encoding="utf-8"))
    targets = config["target_modules"]
    schedule, warmup, steps = schedule_of(history.losses)
    return Recipe(
        rank=config["r"],
        alpha=config["lora_alpha"],
        dropout=config["lora_dropout"],
        target_modules=(targets,) if isinstance(targets, str) else tuple(targets),
        quantization=program.weights.quantization,
        learning_rate=history.learning_rate,
        batch_size=batch_size,
        schedule=schedule,
        steps=steps,
        warmup_steps=warmup,
        best_step=history.best_step,
        seed=evidence.fit.seed,
        beta=option(make_baseline(spec), "beta") if history.method.endswith("dpo") else None,
    )


def batch_size_of(history: TrainingHistory, told: int | None) -> int | None:
    """Return the batch size that an epoch of the recorded length had.

    `told` is the arm's option: it is believed when it fits, as defaults change from version to version. Without it
    the length may still allow one size alone; None when it allows several.
    """
    last = max(history.checkpoints, key=lambda point: point.step)
    steps = round(last.step / last.epoch) if last.epoch else None
    fitting = [size for size in range(1, history.rows + 1) if math.ceil(history.rows / size) == steps]
    if told in fitting:
        return told
    return fitting[0] if len(fitting) == 1 else None


def schedule_of(losses: Sequence[LossPoint]) -> tuple[str, int, int]:
    """Return the name, the warm-up and the length, in steps, of the schedule that the recorded rates lie on.

    A linear one takes step s at rate x (s - 1) / warmup while it rises and at rate x (length - s + 1) /
    (length - warmup) while it falls, so the peak tells the warm-up and the step after it the length. A rate
    that was not seen to fall is as good as constant over the steps that were recorded.
    """
    points = sorted(losses, key=lambda point: point.step)
    peak = max(points, key=lambda point: point.learning_rate)
    after = next((p for p in points if p.step > peak.step and p.learning_rate < peak.learning_rate), None)
    warmup = peak.step - 1
    if after is None:
        return "constant_with_warmup", warmup, points[-1].step
    fall = 1 - after.learning_rate / peak.learning_rate
    return "linear", warmup, warmup + round((after.step - peak.step) / fall)
