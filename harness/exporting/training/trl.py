"""TRL: scripts that train the adapter again, token for token, with their data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.chat.turns import ChatForm
from harness.exporting.script import fill, write_chat
from harness.exporting.training.plan import TrainingPlan
from harness.exporting.training.recipe import Recipe
from harness.exporting.training.rows import assistant, plain, write_lines

VERSION = "TRL 1.16"


def write_trl(plan: TrainingPlan, model: str, folder: Path) -> None:
    """Write train.jsonl and train_sft.py; for DPO also preferences.jsonl and train_dpo.py."""
    folder.mkdir()
    write_chat(folder)
    rows = [{"prompt": plain(row.prompt), "completion": [assistant(row.answer)]} for row in plan.rows]
    write_lines(folder / "train.jsonl", rows)
    _write_script(folder / "train_sft.py", plan, plan.sft, model)
    if plan.pairs:
        pairs = [
            {
                "prompt": plain(pair.prompt),
                "chosen": [assistant(pair.chosen)],
                "rejected": [assistant(pair.rejected)],
            }
            for pair in plan.pairs
        ]
        write_lines(folder / "preferences.jsonl", pairs)
    if plan.dpo is not None:
        _write_script(folder / "train_dpo.py", plan, plan.dpo, model)


def _write_script(path: Path, plan: TrainingPlan, recipe: Recipe, model: str) -> None:
    settings: dict[str, Any] = {
        "max_steps": recipe.best_step,
        "save_steps": recipe.save_steps,
        "warmup_steps": recipe.warmup_steps,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "per_device_train_batch_size": recipe.batch_size,
        "seed": recipe.seed,
        "data_seed": recipe.seed,
    }
    lora = {
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": recipe.dropout,
        "target_modules": list(recipe.target_modules),
    }
    text = fill(
        f"{path.name}.jinja",
        arm=plan.arm,
        version=VERSION,
        model=json.dumps(model),
        nf4=recipe.quantization == "nf4",
        steps=recipe.steps,
        end_id=plan.end_id,
        beta=recipe.beta,
        form=repr(ChatForm(switch=plan.form.switch, closing=plan.form.closing, start=plan.form.start)),
        settings=_literal(settings),
        lora=_literal(lora),
    )
    path.write_text(text, encoding="utf-8")


def _literal(values: Mapping[str, Any]) -> str:
    """Write numbers, texts and lists as a Python dictionary, a key a line."""
    return "{\n" + "".join(f"    {json.dumps(key)}: {json.dumps(value)},\n" for key, value in values.items()) + "}"
