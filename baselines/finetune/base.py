"""The base model inside the training process: loaded once, wrapped anew for every run."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import set_seed

from baselines.finetune.spec import RunSpec
from harness.engine.resident import default_device, load_base, load_tokenizer
from harness.store.files import sync

ADAPTER_WEIGHTS = "adapter_model.safetensors"


class TrainingFailure(Exception):
    """This run cannot go on; the process can take another."""


@dataclass(frozen=True)
class Base:
    """A loaded base without an adapter."""

    model: Any
    tokenizer: Any
    total_parameters: int

    @classmethod
    def load(cls, model: str, quantization: Literal["nf4"] | None) -> "Base":
        """Load a base exactly as the engine serves it, so that what is trained is what is scored."""
        device = default_device()
        loaded = load_base(model, quantization, device)
        total = loaded.num_parameters()
        if quantization is not None:
            loaded = prepare_model_for_kbit_training(loaded, use_gradient_checkpointing=device.type == "cuda")
        return cls(loaded, load_tokenizer(model), total)

    @contextmanager
    def adapted(self, spec: RunSpec) -> Iterator[Any]:
        """Lend the base with a trainable adapter on it, fresh or continued; give it back bare."""
        forward = self.model.__dict__.get("forward")
        set_seed(spec.seed)
        if spec.start is None:
            config = LoraConfig(
                r=spec.rank,
                lora_alpha=spec.alpha,
                lora_dropout=spec.dropout,
                target_modules="all-linear",
                task_type="CAUSAL_LM",
            )
            adapted = get_peft_model(self.model, config)
        else:
            adapted = PeftModel.from_pretrained(self.model, spec.start, is_trainable=True)
        try:
            if spec.start is not None:
                check_keys(adapted, Path(spec.start))
            yield adapted
        finally:
            adapted.unload()
            self._undo_patches(forward)

    def _undo_patches(self, forward: Any) -> None:
        self.model.__dict__.pop("forward", None)  # TRL's fused head
        if forward is not None:
            self.model.forward = forward
        if hasattr(self.model, "peft_config"):
            del self.model.peft_config


def check_keys(adapted: Any, folder: Path) -> None:
    """Refuse an adapter whose tensors are not exactly those of the model; PEFT would only warn.

    Raises:
        TrainingFailure: If a tensor is missing or unexpected; some are named.
    """
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    with safe_open(folder / ADAPTER_WEIGHTS, framework="pt") as stored:
        found = set(stored.keys())
    wanted = set(get_peft_model_state_dict(adapted))
    if found != wanted:
        raise TrainingFailure(f"{folder.name}: tensors {sorted(found ^ wanted)[:4]} are missing or unexpected")


def check_finite(adapted: Any, step: int) -> None:
    """Refuse to go on with an adapter that an update has spoilt.

    Raises:
        TrainingFailure: If a trained tensor is not finite; it is named.
    """
    trained = [(name, tensor) for name, tensor in adapted.named_parameters() if tensor.requires_grad]
    if not bool(torch.stack([tensor.isfinite().all() for _, tensor in trained]).all()):
        name = next(name for name, tensor in trained if not bool(tensor.isfinite().all()))
        raise TrainingFailure(
            f"FAILED: {name} of the adapter became non-finite at step {step}; lower the learning rate"
        )


def save_adapter(adapted: Any, folder: Path) -> None:
    """Save the adapter that is being trained, whole or not at all."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    adapted.save_pretrained(partial, selected_adapters=["default"], safe_serialization=True)
    config_file = partial / "adapter_config.json"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    config["target_modules"] = sorted(config["target_modules"])  # a set in PEFT: its order is chance
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")
    for path in partial.iterdir():
        sync(path)
    shutil.rmtree(folder, ignore_errors=True)  # a resumed run saves its last checkpoint again
    partial.rename(folder)
    sync(folder.parent)
