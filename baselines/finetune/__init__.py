"""Tuned arms: LoRA, QLoRA, LoRA with preferences, and LoRA over retrieved passages."""

from collections.abc import Mapping

from baselines.finetune.arms import LoraDpo, LoraSft, RagLoraSft
from baselines.finetune.options import DpoOptions, LoraOptions, RagLoraOptions


def lora_sft(options: Mapping[str, object]) -> LoraSft:
    """Make the arm that tunes a LoRA adapter on the full-precision base."""
    return LoraSft(LoraOptions.model_validate(options))


def qlora_sft(options: Mapping[str, object]) -> LoraSft:
    """Make the arm that tunes a LoRA adapter on the 4-bit (NF4) base, and serves it there."""
    return LoraSft(LoraOptions.model_validate(options), quantization="nf4")


def lora_dpo(options: Mapping[str, object]) -> LoraDpo:
    """Make the arm that continues from the SFT adapter with preference pairs."""
    return LoraDpo(DpoOptions.model_validate(options))


def rag_lora_sft(options: Mapping[str, object]) -> RagLoraSft:
    """Make the arm that is tuned and asked with retrieved passages."""
    return RagLoraSft(RagLoraOptions.model_validate(options))
