"""A base that sees a trained prefix in front of every text: prefix tuning (Li and Liang, arXiv 2101.00190).

The prefix is keys and values for every layer, as an adapter of PEFT's holds them: a trunk (`harness.engine.trunk`) that
no text spells out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

PROMPT_EMBEDDINGS = "prompt_embeddings"  # PEFT's name of the tensor


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A base, and what it sees before each text: of shape (layers, 2, heads, tokens, head size), keys, then values."""

    base: Any
    prefix: torch.Tensor


def prefix_of(tensors: Mapping[str, torch.Tensor], config: Any) -> torch.Tensor | None:
    """Return an adapter's prefix as `Prefixed` takes it; None when it does not fit a base with this configuration."""
    stored = tensors.get(PROMPT_EMBEDDINGS)
    shape = cache_shape(config)
    if stored is None or set(tensors) != {PROMPT_EMBEDDINGS} or stored.ndim != 2:
        return None
    layers, heads, size = shape
    if stored.shape[1] != 2 * layers * heads * size:
        return None
    return stored.view(len(stored), layers, 2, heads, size).permute(1, 2, 3, 0, 4)


def cache_shape(config: Any) -> tuple[int, int, int]:
    """Return a model's layers, heads of keys, and their size."""
    config = config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return config.num_hidden_layers, heads, size
