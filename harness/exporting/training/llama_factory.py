"""LLaMA-Factory: its data with dataset_info.json, and a YAML for each stage.

Not executed here. `SOURCES` says where the field names were read.
"""

import json
from pathlib import Path
from typing import Any

from harness.exporting.training.configuration import whole, write_yaml
from harness.exporting.training.plan import TrainingPlan
from harness.exporting.training.recipe import Recipe
from harness.exporting.training.rows import assistant, plain

SOURCES = (
    "hiyouga/LLaMA-Factory: examples/train_lora/qwen3_lora_sft.yaml (77e7f47), qwen3_lora_dpo.yaml (dc85995), "
    "data/README.md (015ff25), src/llamafactory/hparams/ (00577a8, 072bfe2)"
)
_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
VERSION = "0.9.5"
_NOTE = """\
llamafactory-cli train {file}, in this folder. The kept adapter is checkpoint-{step} of output_dir.
Written for LLaMA-Factory {version}, and not tried.
No `template` is named, so that version parses the tokenizer's own, which older ones do not.
{device} The rate falls over max_steps, so training continues after the kept checkpoint; stop there if you like.
After a stop, add `resume_from_checkpoint: true`."""
_GPU = "For a GPU that has bf16; on a CPU take the file that ends in _cpu.yaml."
_CPU = "For a CPU; on a GPU take the file without _cpu."


def write_llama_factory(plan: TrainingPlan, model: str, folder: Path) -> None:
    """Write train.json, dataset_info.json and sft.yaml; for DPO also preferences.json and dpo.yaml."""
    folder.mkdir()
    info: dict[str, Any] = {"train": _described("train.json", {"messages": "messages"})}
    _write(folder / "train.json", [{"messages": [*plain(r.prompt), assistant(r.answer)]} for r in plan.rows])
    sft = _settings(plan, plan.sft, model, "sft") | {"dataset": "train", "mask_history": True}
    _write_stage(folder / "sft.yaml", plan.sft, sft)
    if plan.pairs:
        columns = {"messages": "messages", "chosen": "chosen", "rejected": "rejected"}
        info["preferences"] = _described("preferences.json", columns) | {"ranking": True}
        pairs = [
            {"messages": plain(p.prompt), "chosen": assistant(p.chosen), "rejected": assistant(p.rejected)}
            for p in plan.pairs
        ]
        _write(folder / "preferences.json", pairs)
    if plan.dpo is not None:
        start = f"output/sft/checkpoint-{plan.sft.best_step}"
        reference = {"adapter_name_or_path": start, "ref_model": model, "ref_model_adapters": start}
        loss = {"dataset": "preferences", "pref_loss": "sigmoid", "pref_beta": plan.dpo.beta}
        _write_stage(folder / "dpo.yaml", plan.dpo, _settings(plan, plan.dpo, model, "dpo") | reference | loss)
    _write(folder / "dataset_info.json", info)


def _described(file: str, columns: dict[str, str]) -> dict[str, Any]:
    return {"file_name": file, "formatting": "sharegpt", "columns": columns, "tags": _TAGS}


def _settings(plan: TrainingPlan, recipe: Recipe, model: str, stage: str) -> dict[str, Any]:
    four_bits = {
        "quantization_bit": 4,
        "quantization_method": "bnb",
        "quantization_type": "nf4",
        "double_quantization": False,
    }
    return {
        "model_name_or_path": model,
        "trust_remote_code": False,
        **(four_bits if recipe.quantization == "nf4" else {}),
        "stage": stage,
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": recipe.rank,
        "lora_alpha": whole(recipe.alpha),
        "lora_dropout": recipe.dropout,
        "lora_target": ",".join(recipe.target_modules),
        "dataset_dir": ".",
        "cutoff_len": plan.longest,
        "packing": False,
        "per_device_train_batch_size": recipe.batch_size,
        "gradient_accumulation_steps": 1,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup_steps,
        "max_steps": recipe.steps,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "optim": "adamw_torch",
        "bf16": True,
        "seed": recipe.seed,
        "output_dir": f"output/{stage}",
        "logging_steps": 1,
        "save_steps": recipe.save_steps,
        "report_to": "none",
    }


def _write_stage(path: Path, recipe: Recipe, settings: dict[str, Any]) -> None:
    cpu = path.with_name(f"{path.stem}_cpu.yaml")
    for file, device, more in ((path, _GPU, {}), (cpu, _CPU, {"bf16": False})):
        note = _NOTE.format(file=file.name, step=recipe.best_step, version=VERSION, device=device)
        write_yaml(file, note, settings | more)


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
