"""Axolotl: its data, and a YAML for each stage.

Not executed here. `SOURCES` says where the field names were read.
"""

import math
from pathlib import Path
from typing import Any

from harness.exporting.training.configuration import whole, write_yaml
from harness.exporting.training.plan import TrainingPlan
from harness.exporting.training.recipe import Recipe
from harness.exporting.training.rows import Row, assistant, plain, write_lines

SOURCES = (
    "axolotl-ai-cloud/axolotl: docs/dataset-formats/conversation.qmd (08d99fe), docs/rlhf.qmd (0206321), "
    "src/axolotl/utils/schemas/ (002a637, 07e83ab)"
)
VERSION = "0.19.0"
_NOTE = """\
axolotl train {file}, in this folder. The kept adapter is checkpoint-{step} of output_dir.
Written for Axolotl {version}, and not tried. {device}
The rate falls over max_steps, so training continues after the kept checkpoint.
After a stop, add `auto_resume_from_checkpoints: true`."""
_GPU = "For a GPU; on a CPU take the file that ends in _cpu.yaml."
_CPU = "For a CPU; on a GPU take the file without _cpu."
# Without a GPU there is no bf16, and Axolotl's fused LoRA kernels, which it turns on by itself, cannot run.
_ON_CPU = {"bf16": False, "lora_mlp_kernel": False, "lora_qkv_kernel": False, "lora_o_kernel": False}
_DPO_NOTE = (
    "\nThe reference should be the SFT adapter: TRL copies it where the loaded model has one; "
    "older versions compare with the bare base."
)


def write_axolotl(plan: TrainingPlan, model: str, folder: Path) -> None:
    """Write train.jsonl and sft.yaml; for DPO also preferences.jsonl and dpo.yaml."""
    folder.mkdir()
    write_lines(folder / "train.jsonl", [{"messages": _marked(row)} for row in plan.rows])
    data = {
        "path": "train.jsonl",
        "ds_type": "json",
        "type": "chat_template",
        "field_messages": "messages",
        "message_property_mappings": {"role": "role", "content": "content"},
        "message_field_training": "train",
        "roles_to_train": [],
        "train_on_eos": "turn",
    }
    settings = _settings(plan, plan.sft, model, "sft", len(plan.rows), data)
    _write_both(folder / "sft.yaml", _NOTE, plan.sft, settings)
    if plan.pairs:
        pairs = [
            {"messages": plain(p.prompt), "chosen": assistant(p.chosen), "rejected": assistant(p.rejected)}
            for p in plan.pairs
        ]
        write_lines(folder / "preferences.jsonl", pairs)
    if plan.dpo is not None:
        _write_dpo(plan, plan.dpo, model, folder)


def _write_dpo(plan: TrainingPlan, recipe: Recipe, model: str, folder: Path) -> None:
    data = {
        "path": "preferences.jsonl",
        "ds_type": "json",
        "split": "train",
        "type": "chat_template.default",
        "field_messages": "messages",
        "field_chosen": "chosen",
        "field_rejected": "rejected",
    }
    settings = _settings(plan, recipe, model, "dpo", len(plan.pairs), data)
    start = {"rl": "dpo", "rl_beta": recipe.beta, "lora_model_dir": f"output/sft/checkpoint-{plan.sft.best_step}"}
    _write_both(folder / "dpo.yaml", _NOTE + _DPO_NOTE, recipe, settings | start)


def _write_both(path: Path, note: str, recipe: Recipe, settings: dict[str, Any]) -> None:
    """Write the settings for a GPU, and beside them those for a CPU."""
    cpu = path.with_name(f"{path.stem}_cpu.yaml")
    for file, device, more in ((path, _GPU, {}), (cpu, _CPU, _ON_CPU)):
        said = note.format(file=file.name, step=recipe.best_step, version=VERSION, device=device)
        write_yaml(file, said, settings | more)


def _settings(
    plan: TrainingPlan, recipe: Recipe, model: str, stage: str, rows: int, data: dict[str, Any]
) -> dict[str, Any]:
    is_nf4 = recipe.quantization == "nf4"
    return {
        "base_model": model,
        "load_in_8bit": False,
        "load_in_4bit": is_nf4,
        "adapter": "qlora" if is_nf4 else "lora",
        "lora_r": recipe.rank,
        "lora_alpha": whole(recipe.alpha),
        "lora_dropout": recipe.dropout,
        "lora_target_modules": list(recipe.target_modules),
        "chat_template": "tokenizer_default",
        "eot_tokens": [plan.end],
        "datasets": [data],
        "val_set_size": 0.0,
        "sequence_len": plan.longest,
        "sample_packing": False,
        "pad_to_sequence_len": False,
        "micro_batch_size": recipe.batch_size,
        "gradient_accumulation_steps": 1,
        "num_epochs": math.ceil(recipe.steps / math.ceil(rows / recipe.batch_size)),
        "max_steps": recipe.steps,
        "optimizer": "adamw_torch",
        "learning_rate": recipe.learning_rate,
        "lr_scheduler": recipe.schedule,
        "warmup_steps": recipe.warmup_steps,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "bf16": "auto",
        "seed": recipe.seed,
        "output_dir": f"output/{stage}",
        "logging_steps": 1,
        "save_steps": recipe.save_steps,
        "save_total_limit": math.ceil(recipe.steps / recipe.save_steps),  # else the kept one is removed
    }


def _marked(row: Row) -> list[dict[str, Any]]:
    """Mark the one turn that is learnt: an assistant's earlier turns are part of the question."""
    return [{**turn, "train": False} for turn in plain(row.prompt)] + [{**assistant(row.answer), "train": True}]
