"""The base model inside the training process: loaded once, wrapped again for every run."""

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
from harness.engine.resident import compute_dtype, default_device, load_base, load_tokenizer
from harness.store.files import sync

ADAPTER_WEIGHTS = "adapter_model.safetensors"

# Mamba's mixers hand these modules' weights to fused kernels without calling the modules, so an adapter on them would
# be passed over. PEFT refuses the first two in such models (`_check_lora_target_modules_mamba`); `dt_proj` it takes,
# and its adapter then never gets a gradient.
_MAMBA_TYPES = frozenset({"falcon_h1", "falcon_mamba", "jamba", "mamba", "mamba2", "nemotron_h"})
_PASSED_OVER = ("conv1d", "out_proj", "dt_proj")


PROBE_TOKENS = 16
# Nats per token between two ways to the same figure; a factor left out of the logits is a tenth of a nat and more.
HEAD_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.1, torch.float16: 0.1}


class TrainingFailure(Exception):
    """This run cannot continue; the process can take another."""


@dataclass(frozen=True)
class Base:
    """A loaded base without an adapter."""

    model: Any
    tokenizer: Any
    total_parameters: int
    fault: str | None = None  # why no adapter on it can be trained

    @classmethod
    def load(cls, model: str, quantization: Literal["nf4"] | None) -> "Base":
        """Load a base exactly as the engine serves it, so that what is trained is what is scored."""
        device = default_device()
        loaded = load_base(model, quantization, device)
        total = loaded.num_parameters()
        _still(loaded)
        if quantization is not None:
            loaded = prepare_model_for_kbit_training(loaded, use_gradient_checkpointing=device.type == "cuda")
        return cls(loaded, load_tokenizer(model), total, head_fault(loaded))

    @contextmanager
    def adapted(self, spec: RunSpec) -> Iterator[Any]:
        """Lend the base with a trainable adapter on it, fresh or continued; give it back bare.

        Raises:
            TrainingFailure: If PEFT or TRL cannot train such a model, or a continued adapter does not fit it.
        """
        if self.fault is not None:
            raise TrainingFailure(self.fault)
        forward = self.model.__dict__.get("forward")
        set_seed(spec.seed)
        try:
            if spec.start is None:
                adapted = get_peft_model(self.model, lora_config(spec, self.model))
            else:
                adapted = PeftModel.from_pretrained(self.model, spec.start, is_trainable=True)
        except (ValueError, TypeError, NotImplementedError) as fault:
            self._undo_patches(forward)
            kind = self.model.config.model_type
            raise TrainingFailure(f"PEFT puts no LoRA on a model of type {kind}: {_said(fault)}") from fault
        try:
            if spec.start is not None:
                check_keys(adapted, Path(spec.start))
            yield adapted
        finally:
            adapted.unload()
            self._undo_patches(forward)

    def _undo_patches(self, forward: Any) -> None:
        _put_back(self.model, forward)
        if hasattr(self.model, "peft_config"):
            del self.model.peft_config


def _still(model: Any) -> None:
    """Turn off the dropout that a base brings from its pretraining; the adapter's own is the `dropout` option.

    So a loss is what the engine measures, and DPO's policy starts as its reference: TRL, which turns dropout off
    for DPO, finds modules alone, and families such as OPT and Seed-OSS keep rates as plain numbers.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name, value in vars(module).items():
            if "drop" in name and isinstance(value, float):
                setattr(module, name, 0.0)


def lora_config(spec: RunSpec, model: Any) -> Any:
    """Return the settings of a fresh adapter: LoRA on every linear layer but the head, as `targets` says."""
    return LoraConfig(
        r=spec.rank,
        lora_alpha=spec.alpha,
        lora_dropout=spec.dropout,
        target_modules=targets(model),
        exclude_modules=[*_PASSED_OVER] if model.config.model_type in _MAMBA_TYPES else None,
        task_type="CAUSAL_LM",
    )


def targets(model: Any) -> str | list[str]:
    """Return what LoRA is put on: all linear layers, and in a mixture of experts those outside the experts' blocks.

    PEFT would add to the linear layers of some mixtures (Qwen-MoE, Mixtral, DeepSeek) the stacked weights of their
    experts and the router, to those of others (gpt-oss) neither. An adapter for each of a hundred experts is larger
    than many a model, its deltas are multiplied out in every pass, and a router that moves without its balancing
    loss can starve experts. So neither is trained in any mixture.
    """
    names = dict(model.named_modules())
    blocks = {
        name.split(".")[-2]  # what holds the experts: `mlp`, `feed_forward`, `block_sparse_moe`
        for name, module in names.items()
        if name.endswith(".experts") or "Experts" in type(module).__name__
    }
    if not blocks:
        return "all-linear"
    head = model.get_output_embeddings()
    return [
        name
        for name, module in names.items()
        if isinstance(module, torch.nn.Linear) and module is not head and blocks.isdisjoint(name.split("."))
    ]


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


def head_fault(model: Any) -> str | None:
    """Return why TRL's fused head cannot train a bare base, or None.

    The head skips the model's own forward: it needs a backbone beside it, and does by itself what a family does
    to its logits, which it knows for some (caps, multipliers). So it is compared with the model on one text.
    """
    from trl.trainer.utils import add_fused_lm_head

    kind, dtype = model.config.get_text_config().model_type, compute_dtype(default_device())
    ids = torch.arange(PROBE_TOKENS, device=model.device)[None] % model.config.get_text_config().vocab_size
    forward = model.__dict__.get("forward")
    add_fused_lm_head(model)
    try:
        with torch.no_grad(), torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32):
            fused = model(input_ids=ids, labels=ids, fused_lm_head=True).log_probs.float()
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
    except (AttributeError, TypeError, ValueError) as fault:
        return f"TRL cannot train a model of type {kind}: {_said(fault)}"
    finally:
        _put_back(model, forward)
    plain = logits.log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
    apart = float((fused - plain).abs().mean())
    if apart <= HEAD_TOLERANCE[dtype]:
        return None
    return (
        f"TRL scores the answers of a model of type {kind} {apart:.3g} nats per token off what the model says, so "
        "it cannot train it; tune a model of another family"
    )


def _put_back(model: Any, forward: Any) -> None:
    """Undo TRL's patch of a model's forward."""
    model.__dict__.pop("forward", None)
    if forward is not None:
        model.forward = forward


def check_finite(adapted: Any, step: int) -> None:
    """Refuse to continue with an adapter that an update has damaged.

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
    for name in ("target_modules", "exclude_modules"):  # sets in PEFT: their order is chance
        config[name] = sorted(config[name]) if config.get(name) else config.get(name)
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")
    for path in partial.iterdir():
        sync(path)
    shutil.rmtree(folder, ignore_errors=True)  # a resumed run saves its last checkpoint again
    partial.rename(folder)
    sync(folder.parent)


def _said(fault: Exception) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0]
