"""`prefix_sft`: keys and values of a few tokens that stand before every text (Li and Liang, arXiv 2101.00190)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from baselines.finetune.arms import Sft
from baselines.finetune.failure import TrainingFailure
from baselines.finetune.options import TuneOptions
from baselines.finetune.tuners.peft_tuner import PeftTuner


class Prefix(PeftTuner):
    """Keeps `baselines.finetune.tuners.Tuner`. Even a fresh prefix is seen, so there is no strength 0 to scale to."""

    title = "a prefix"
    scales = False
    recomputes = False  # transformers drops a cache then, and with it the prefix

    def config(self, model: Any, spec: Any) -> Any:
        """Return the settings of a fresh prefix."""
        from peft import PrefixTuningConfig

        from harness.engine.prefixed import cache_shape

        layers, heads, size = cache_shape(model.config)
        return PrefixTuningConfig(
            task_type="CAUSAL_LM",
            num_virtual_tokens=spec.tuner_options["virtual_tokens"],
            num_layers=layers,
            num_attention_heads=heads,
            token_dim=heads * size,
        )

    def put_on(self, model: Any, spec: Any) -> Any:
        """Begin with what the model makes of the first row's prompt: real words learn from fewer rows than noise."""
        import torch

        from harness.engine.architectures import architecture

        kind = model.config.model_type
        if not architecture(model.config, kind).packs:
            raise TrainingFailure(f"prefixes are not served on a model of type {kind}; use lora_sft there")
        ids = (list(spec.rows[0].prompt) or list(spec.rows[0].answer)) * spec.tuner_options["virtual_tokens"]
        with torch.no_grad():
            text = torch.tensor([ids[: spec.tuner_options["virtual_tokens"]]], device=model.device)
            cache = model(input_ids=text, use_cache=True).past_key_values
        begun = torch.stack([part for layer in cache.layers for part in (layer.keys[0], layer.values[0])])
        tuned = super().put_on(model, spec)
        weight = tuned.prompt_encoder["default"].embedding.weight
        weight.data.copy_(begun.permute(2, 0, 1, 3).reshape(weight.shape))  # tokens first
        return tuned

    def take_off(self, tuned: Any, model: Any) -> None:
        """The base was never changed."""


PREFIX = Prefix()


class PrefixOptions(TuneOptions):
    """Options of `prefix_sft`."""

    tuner: ClassVar[str] = "baselines.finetune.prefix:PREFIX"
    tunes: ClassVar[tuple[str, ...]] = ("virtual_tokens",)

    virtual_tokens: int = Field(default=16, ge=1)
    trial_rates: tuple[float, ...] = Field(default=(1e-3, 3e-3, 1e-2, 3e-2), min_length=1)


def prefix_sft(options: Mapping[str, object]) -> Sft:
    """Make the arm that trains a prefix for the base."""
    return Sft(PrefixOptions.model_validate(options))
