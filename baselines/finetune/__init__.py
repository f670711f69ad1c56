"""Arms that tune a model: an arm with parts of its own is a file here; these are made of shared ones."""

from collections.abc import Mapping

from baselines.finetune.arms import RagLoraSft, Sft
from baselines.finetune.options import LoraOptions, RagLoraOptions


def lora_sft(options: Mapping[str, object]) -> Sft:
    """Make the arm that tunes a LoRA adapter on the full-precision base."""
    return Sft(LoraOptions.model_validate(options))


def qlora_sft(options: Mapping[str, object]) -> Sft:
    """Make the arm that tunes a LoRA adapter on the 4-bit (NF4) base, and serves it there."""
    return Sft(LoraOptions.model_validate(options), form="nf4")


def rag_lora_sft(options: Mapping[str, object]) -> RagLoraSft:
    """Make the arm that is tuned and asked with retrieved passages."""
    return RagLoraSft(RagLoraOptions.model_validate(options))
