"""LoRA (Hu et al., arXiv 2106.09685): a low-rank update beside every linear layer but the head."""

from collections.abc import Mapping
from typing import Any

from baselines.finetune.tuners.peft_tuner import PeftTuner

# Mamba's mixers hand these modules' weights to fused kernels without calling the modules, so an adapter on them would
# be passed over. PEFT refuses the first two in such models (`_check_lora_target_modules_mamba`); `dt_proj` it takes,
# and its adapter then never gets a gradient.
_MAMBA_TYPES = frozenset({"falcon_h1", "falcon_mamba", "jamba", "mamba", "mamba2", "nemotron_h"})
_PASSED_OVER = ("conv1d", "out_proj", "dt_proj")


class Lora(PeftTuner):
    """Keeps `baselines.finetune.tuners.Tuner`; its options are `rank`, `alpha` and `dropout`."""

    title = "LoRA"

    def config(self, model: Any, spec: Any) -> Any:
        """Return the settings of a fresh adapter."""
        from peft import LoraConfig

        options = spec.tuner_options
        return LoraConfig(
            r=options["rank"],
            lora_alpha=options["alpha"],
            lora_dropout=options["dropout"],
            target_modules=targets(model),
            exclude_modules=[*_PASSED_OVER] if model.config.model_type in _MAMBA_TYPES else None,
            task_type="CAUSAL_LM",
        )

    def scaled(self, name: str, tensor: Any, strength: float) -> Any:
        """Scale every `lora_B`, which scales the update."""
        return strength * tensor if "lora_B" in name else tensor

    def is_idle(self, tensors: Mapping[str, Any]) -> bool:
        """A fresh adapter's B matrices are zero."""
        return not any(bool(tensor.any()) for name, tensor in tensors.items() if "lora_B" in name)


def targets(model: Any) -> str | list[str]:
    """Return what LoRA is put on: all linear layers, and in a mixture of experts those outside the experts' blocks.

    PEFT would add to the linear layers of some mixtures (Qwen-MoE, Mixtral, DeepSeek) the stacked weights of their
    experts and the router, to those of others (gpt-oss) neither. An adapter for each of a hundred experts is larger
    than many a model, its deltas are multiplied out in every pass, and a router that moves without its balancing
    loss can starve experts. So neither is trained in any mixture.
    """
    import torch

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


LORA = Lora()
