"""`full_sft`: every weight is trained, and kept as a checkpoint of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from baselines.finetune.arms import Sft
from baselines.finetune.failure import TrainingFailure
from baselines.finetune.options import TuneOptions


class Full:
    """Keeps `baselines.finetune.tuners.Tuner`. The base's weights stay in memory beside those that are trained."""

    title = "all weights"
    scales = True
    recomputes = True

    def put_on(self, model: Any, spec: Any) -> Any:
        """Free every weight, in fp32: half precision would swallow small steps."""
        if getattr(model, "is_quantized", False):
            raise TrainingFailure("a 4-bit base has no weights to train in full; use qlora_sft")
        model.tuned_from = {name: parameter.data for name, parameter in model.named_parameters()}
        for parameter in model.parameters():
            parameter.data = parameter.data.float().clone()
            parameter.requires_grad_(True)
        return model

    def take_up(self, model: Any, folder: Path) -> Any:
        """Free every weight, as a checkpoint has it."""
        tuned = self.put_on(model, None)
        for parameter, stored in zip(tuned.parameters(), _loaded(folder).parameters(), strict=True):
            parameter.data.copy_(stored.data)
        return tuned

    @contextmanager
    def off(self, tuned: Any) -> Iterator[Any]:
        """Use the base's weights instead of the trained ones."""
        kept = {name: parameter.data for name, parameter in tuned.named_parameters()}
        try:
            for name, parameter in tuned.named_parameters():
                parameter.data = tuned.tuned_from[name]
            yield tuned
        finally:
            for name, parameter in tuned.named_parameters():
                parameter.data = kept[name]

    def take_off(self, tuned: Any, model: Any) -> None:
        """Leave the base's own weights, frozen."""
        for name, parameter in model.named_parameters():
            parameter.data, parameter.grad = model.tuned_from[name], None
            parameter.requires_grad_(False)
        del model.tuned_from
        model.gradient_checkpointing_disable()
        model.eval()

    def save(self, tuned: Any, folder: Path) -> None:
        """Write configuration and weights, with nothing of how the model's authors like to sample."""
        from transformers import GenerationConfig

        own = tuned.generation_config
        named = ("bos_token_id", "eos_token_id", "pad_token_id")
        tuned.generation_config = GenerationConfig(**{name: getattr(own, name, None) for name in named})
        try:
            tuned.save_pretrained(folder, safe_serialization=True)
        finally:
            tuned.generation_config = own

    def scale(self, source: Path, target: Path, model: str, strength: float) -> None:
        """Write weights on the line between the base's and the tuned ones (Wortsman et al., arXiv 2109.01903)."""
        import torch

        tuned = _loaded(source)
        for parameter, base in zip(tuned.parameters(), _loaded(model).parameters(), strict=True):
            parameter.data = torch.lerp(base.data, parameter.data, strength)
        target.mkdir(parents=True)
        self.save(tuned, target)

    def is_idle(self, tensors: Mapping[str, Any]) -> bool:
        """Nothing is certain without the base."""
        return False


def _loaded(model: str | Path) -> Any:
    """Load weights on the CPU; the files of some families name them otherwise than the model does."""
    import torch

    from harness.engine.resident import load_base

    return load_base(str(model), None, torch.device("cpu"))


FULL = Full()


class FullOptions(TuneOptions):
    """Options of `full_sft`."""

    tuner: ClassVar[str] = "baselines.finetune.full:FULL"
    keeps: ClassVar[Literal["adapters", "checkpoints"]] = "checkpoints"

    # A fifth of LoRA's, the relation that is published (rules of thumb for 7B models); settled on dev like those.
    trial_rates: tuple[float, ...] = Field(default=(2e-5, 6e-5, 2e-4, 6e-4), min_length=1)


def full_sft(options: Mapping[str, object]) -> Sft:
    """Make the arm that trains every weight of the base."""
    return Sft(FullOptions.model_validate(options))
