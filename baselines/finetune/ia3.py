"""`ia3_sft`: keys, values and the feed-forward's inner activations are rescaled (IA3; Liu et al., arXiv 2205.05638)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from baselines.finetune.arms import Sft
from baselines.finetune.options import TuneOptions
from baselines.finetune.tuners.peft_tuner import PeftTuner


class Ia3(PeftTuner):
    """Keeps `baselines.finetune.tuners.Tuner`: one factor for each channel, 1 before training."""

    title = "IA3"

    def config(self, model: Any, spec: Any) -> Any:
        """Return the settings of a fresh adapter; PEFT knows which layers of a family it rescales, or refuses."""
        from peft import IA3Config

        return IA3Config(task_type="CAUSAL_LM")

    def scaled(self, name: str, tensor: Any, strength: float) -> Any:
        """Move every factor towards 1."""
        return 1 + strength * (tensor - 1)

    def is_idle(self, tensors: Mapping[str, Any]) -> bool:
        """A fresh adapter's factors are all 1."""
        return all(bool((tensor == 1).all()) for tensor in tensors.values())


IA3 = Ia3()


class Ia3Options(TuneOptions):
    """Options of `ia3_sft`."""

    tuner: ClassVar[str] = "baselines.finetune.ia3:IA3"

    # Around the paper's 3e-3: so few numbers need larger steps than LoRA's.
    trial_rates: tuple[float, ...] = Field(default=(1e-3, 3e-3, 1e-2, 3e-2), min_length=1)


def ia3_sft(options: Mapping[str, object]) -> Sft:
    """Make the arm that trains factors for the base's activations."""
    return Sft(Ia3Options.model_validate(options))
