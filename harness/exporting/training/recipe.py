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
        alpha=config["lora_alpha"],
        dropout=config["lora_dropout"],
        target_modules=(targets,) if isinstance(targets, str) else tuple(targets),
        quantization=program.weights.quantization,
        learning_rate=history.learning_rate,
        batch_size=schedule.batch_size,
        schedule=schedule.name,
        steps=schedule.steps,
        warmup_steps=schedule.warmup_steps,
        best_step=history.best_step,
        seed=seed,
        beta=beta,
    )
