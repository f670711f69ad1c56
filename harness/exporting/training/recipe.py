"""How an adapter was trained: what the arm really used, read off its own records."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.exporting.form import form_of
from harness.json_files import read_json
from harness.program import Program
from harness.records import TrainingHistory


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

    @property
    def save_steps(self) -> int:
        """Steps between checkpoints: the kept step is one of them, and a stop loses at most a quarter of the way."""
        most, least = max(self.best_step // 4, 1), self.best_step / 20
        fitting = (steps for steps in range(most, 0, -1) if self.best_step % steps == 0 and steps >= least)
        return next(fitting, self.best_step)


def _rounded(number: float) -> float:
    """Return a setting as a person would write it: 6e-05 and not 5.9999999999999995e-05."""
    return float(f"{number:.6g}")


def recipe_of(history: TrainingHistory, program: Program, seed: int, beta: float | None = None) -> Recipe | None:
    """Return the training that a history tells of (for `sft+dpo`: its second stage).

    Args:
        history: Of the training.
        program: With the adapter that came of it.
        seed: It was trained with.
        beta: Of preference training.

    Returns:
        None when the program has no LoRA adapter, or the arm does not tell its schedule.
    """
    adapter, schedule = program.weights.adapter, history.schedule
    if adapter is None or schedule is None or form_of(program.weights).kind != "lora":
        return None
    config: dict[str, Any] = read_json(Path(adapter) / "adapter_config.json")
    targets = config["target_modules"]
    return Recipe(
        rank=config["r"],
        alpha=_rounded(config["lora_alpha"]),
        dropout=config["lora_dropout"],
        target_modules=(targets,) if isinstance(targets, str) else tuple(targets),
        quantization=program.weights.quantization,
        learning_rate=_rounded(history.learning_rate),
        batch_size=schedule.batch_size,
        schedule=schedule.name,
        steps=schedule.steps,
        warmup_steps=schedule.warmup_steps,
        best_step=history.best_step,
        seed=seed,
        beta=beta,
    )
