"""The base model inside the training process: loaded once, wrapped again for every run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from traceback import walk_tb
from typing import Any, Literal

import torch
from peft import prepare_model_for_kbit_training
from transformers import set_seed

from baselines.finetune.failure import TrainingFailure
from baselines.finetune.spec import GeneralText, RunSpec
from baselines.finetune.tuners import Tuner, tuner_of
from harness.atomic import whole_folder
from harness.engine.resident import compute_dtype, default_device, load_base, load_tokenizer

PROBE_TOKENS = 16
LIBRARIES = frozenset({"peft", "transformers", "torch", "bitsandbytes"})  # that may refuse a model
OURS = frozenset({"baselines", "harness"})  # whose errors, inside a library's call too, are faults of ours
# Nats per token between two ways to the same figure; a factor left out of the logits is a tenth of a nat and more.
HEAD_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.1, torch.float16: 0.1}


@dataclass(frozen=True)
class Base:
    """A loaded base without any tuning."""

    model: Any
    tokenizer: Any
    total_parameters: int
    fault: str | None = None  # why it cannot be trained
    known: dict[GeneralText, torch.Tensor] = field(default_factory=dict)  # see `baselines.finetune.anchor`

    @classmethod
    def load(cls, model: str, quantization: Literal["nf4"] | None) -> "Base":
        """Load a base exactly as the engine serves it, so that what is trained is what is scored."""
        device = default_device()
        loaded = load_base(model, quantization, device)
        total = loaded.num_parameters()
        _still(loaded)
        _silence_routers(loaded)
        if quantization is not None:
            loaded = prepare_model_for_kbit_training(loaded, use_gradient_checkpointing=device.type == "cuda")
        return cls(loaded, load_tokenizer(model), total, head_fault(loaded))

    @contextmanager
    def tuned(self, spec: RunSpec) -> Iterator[Any]:
        """Lend the base with a trainable tuning on it, fresh or continued; give it back bare.

        Raises:
            TrainingFailure: If such a model cannot be trained so, or a continued tuning does not fit it.
        """
        if self.fault is not None:
            raise TrainingFailure(self.fault)
        forward = self.model.__dict__.get("forward")
        tuner = tuner_of(spec.tuner)
        set_seed(spec.seed)
        try:
            if spec.start is None:
                tuned = tuner.put_on(self.model, spec)
            else:
                tuned = tuner.take_up(self.model, Path(spec.start))
        except (ValueError, TypeError, NotImplementedError) as fault:
            self._undo_patches(forward)
            if not _is_refusal(fault):
                raise  # a fault of ours
            kind = self.model.config.model_type
            raise TrainingFailure(f"{tuner.title} cannot be put on a model of type {kind}: {_said(fault)}") from fault
        except TrainingFailure:
            self._undo_patches(forward)
            raise
        try:
            yield tuned
        finally:
            tuner.take_off(tuned, self.model)
            self._undo_patches(forward)

    def _undo_patches(self, forward: Any) -> None:
        _put_back(self.model, forward)
        if hasattr(self.model, "peft_config"):
            del self.model.peft_config


def _is_refusal(fault: BaseException) -> bool:
    """Whether the innermost frame that is ours or a library's is a library's: then it refused the model."""
    names = [str(frame.f_globals.get("__name__", "")) for frame, _ in walk_tb(fault.__traceback__)]
    packages = [name.partition(".")[0] for name in reversed(names)]
    return next((name in LIBRARIES for name in packages if name in LIBRARIES | OURS), False)


def _silence_routers(model: Any) -> None:
    """Ask a mixture of experts for no router logits, whatever its files say.

    TRL makes a balancing loss of them, which belongs in no loss here (see `loop.arguments`), and it cannot make it of
    rows that are trees. Its SFT unsets the flag, its DPO does not.
    """
    for config in (model.config, model.config.get_text_config()):
        if getattr(config, "output_router_logits", False):
            config.output_router_logits = False


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


def check_finite(trained: Sequence[tuple[str, torch.Tensor]], step: int) -> None:
    """Refuse to continue with weights that an update has damaged.

    Args:
        trained: What is trained, by name.
        step: The one that was done.

    Raises:
        TrainingFailure: If a trained tensor is not finite; it is named.
    """
    if not bool(torch.stack([tensor.isfinite().all() for _, tensor in trained]).all()):
        name = next(name for name, tensor in trained if not bool(tensor.isfinite().all()))
        raise TrainingFailure(f"FAILED: {name} became non-finite at step {step}; lower the learning rate")


def save_tuning(tuner: Tuner, tuned: Any, folder: Path) -> None:
    """Save what is being trained, whole or not at all."""
    with whole_folder(folder) as aside:  # a resumed run saves its last checkpoint again
        tuner.save(tuned, aside)


def _said(fault: Exception) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0]
