"""A base that sees a trained prefix in front of every text: prefix tuning (Li and Liang, arXiv 2101.00190).

The prefix is keys and values for every layer, as an adapter of PEFT's holds them. They are put into the cache that a
text begins with, so that masks, shared beginnings and batches work as they do on a bare base.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import DynamicCache, StoppingCriteriaList

PROMPT_EMBEDDINGS = "prompt_embeddings"  # PEFT's name of the tensor


class Prefixed:
    """Answers like the base that it holds, each text with the prefix before it."""

    def __init__(self, base: Any, prefix: torch.Tensor) -> None:
        """Hold a base and a prefix of shape (layers, 2, heads, tokens, head size): keys, then values."""
        self._base = base
        self._prefix = prefix.to(base.device, base.dtype)
        self._tokens = prefix.shape[3]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._base, name)

    def __call__(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Any = None,
        **others: Any,
    ) -> Any:
        """Pass texts; a cache that is given is filled with the prefix first, unless it has begun."""
        if position_ids is not None:
            position_ids = position_ids + self._tokens
        return self._base(
            input_ids=input_ids,
            attention_mask=None if attention_mask is None else self._widened(attention_mask),
            position_ids=position_ids,
            past_key_values=self._begun(past_key_values, len(input_ids)),
            **others,
        )

    def generate(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        stopping_criteria: Sequence[Any] = (),
        past_key_values: Any = None,
        **others: Any,
    ) -> Any:
        """Continue texts; the columns that stand for the prefix are taken off again."""
        blank = input_ids.new_zeros(len(input_ids), self._tokens)
        output = self._base.generate(
            input_ids=torch.cat([blank, input_ids], dim=1),
            attention_mask=self._widened(attention_mask),
            past_key_values=self._begun(past_key_values, len(input_ids)),
            stopping_criteria=StoppingCriteriaList([self._shifted(one) for one in stopping_criteria]),
            **others,
        )
        return output[:, self._tokens :]

    def _begun(self, cache: Any, rows: int) -> Any:
        cache = DynamicCache(config=self._base.config) if cache is None else cache
        if cache.get_seq_length() == 0:
            for number, (keys, values) in enumerate(self._prefix):
                cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), number)
        return cache

    def _widened(self, mask: torch.Tensor) -> torch.Tensor:
        """Let every query see the prefix; masks of four dimensions are added to scores, those of two hold 0 and 1."""
        seen = mask.new_zeros if mask.ndim == 4 else mask.new_ones
        return torch.cat([seen(*mask.shape[:-1], self._tokens), mask], dim=-1)

    def _shifted(self, criterion: Any) -> Any:
        return lambda input_ids, scores, **others: criterion(input_ids[:, self._tokens :], scores, **others)


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
