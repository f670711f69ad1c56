"""A beginning that many texts share: computed once, and in front of every row without being copied for any.

Attention runs over the trunk's keys, which have no rows, and over each row's own. The two results are put together by
the sums that their softmaxes divide by, which is one softmax over both.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from harness.engine.prefixed import Prefixed
from harness.engine.token_tree import Ids, shared

ATTENTION = "sdpa_behind_a_trunk"  # as transformers knows it
SCORES = 2**26  # of attention that a kernel of ours computes at once: 256 MiB in fp32, and a copy in the model's type


class Trunk:
    """Calls a model whose attention is ours, with a beginning in front of every row."""

    def __init__(self, model: Any, most: int) -> None:
        """Begin with the model's trained prefix, or with nothing; one pass computes `most` tokens."""
        prefixed = model if isinstance(model, Prefixed) else None
        self.model: Any = prefixed.base if prefixed else model
        self._most = most
        self._tokens: Ids = ()
        self._layers: list[tuple[torch.Tensor, torch.Tensor]] = []  # keys and values, (heads, columns, head size)
        if prefixed:
            prefix = prefixed.prefix.to(self.model.device, self.model.dtype)
            self._layers = [(keys, values) for keys, values in prefix]
        self._before = self.columns  # those of a trained prefix
        self._read = 0  # layers that attended to it in the last pass

    @property
    def tokens(self) -> Ids:
        """What stands in front of every row, without a trained prefix."""
        return self._tokens

    @property
    def columns(self) -> int:
        """Columns in front of every row."""
        return int(self._layers[0][0].shape[1]) if self._layers else 0

    def become(self, tokens: Ids) -> None:
        """Compute what is not here yet; what both trunks begin with is kept."""
        kept = shared(self._tokens, tokens)
        end = self._before + kept
        self._layers = [(keys[:, :end], values[:, :end]) for keys, values in self._layers] if end else []
        for start in range(kept, len(tokens), self._most):
            self._extend(tokens[start : start + self._most])
        self._tokens = tokens

    def _extend(self, tokens: Sequence[int]) -> None:
        device, width = self.model.device, len(tokens)
        cache = DynamicCache(config=self.model.config)
        ahead = torch.ones(width, width, dtype=torch.bool, device=device).triu(1)
        positions = torch.arange(width, device=device)[None]
        ids = torch.tensor([tokens], device=device)
        self(ids, additive(~ahead[None], self.model.dtype), positions, past_key_values=cache, logits_to_keep=1)
        found = [(layer.keys[0], layer.values[0]) for layer in cache.layers]
        before = self._layers or [(keys[:, :0], values[:, :0]) for keys, values in found]
        self._layers = [
            (torch.cat([keys, more_keys], dim=1), torch.cat([values, more_values], dim=1))
            for (keys, values), (more_keys, more_values) in zip(before, found, strict=True)
        ]

    def __call__(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, **others: Any) -> Any:
        """Pass rows.

        Args:
            ids: Their tokens, shape (rows, columns).
            mask: What is added to attention scores, shape (rows, 1, columns, columns and what a cache holds); the trunk
                is seen by all.
            positions: Of the tokens behind the trunk, shape (rows, columns).
            others: What else the model is told.
        """
        if self.columns:
            others["trunk"] = self
        self._read = 0
        output = self.model(input_ids=ids, attention_mask=mask, position_ids=positions + self.columns, **others)
        if self._read != len(self._layers):
            raise RuntimeError(f"only {self._read} of {len(self._layers)} layers attended to the common beginning")
        return output

    def layer(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the keys and values of a layer, of shape (heads, columns, head size), to its attention."""
        self._read += 1
        return self._layers[number]


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    trunk: Trunk | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Do what transformers' `sdpa` does, over a trunk as well where there is one.

    Queries of the heads that share a head of keys stand below each other, so that nothing is repeated.
    """
    if trunk is None:
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **others
        )
        return found
    assert attention_mask is not None  # a trunk is called with one
    keys, values = trunk.layer(module.layer_idx)
    rows, heads, columns, size = query.shape
    few = key.shape[1]
    together = heads // few * columns
    kernel = _flash if query.device.type == "cpu" else _in_full
    scale = size**-0.5 if scaling is None else scaling
    query = query.reshape(rows, few, together, size)
    gathered = query.transpose(0, 1).reshape(1, few, rows * together, size)
    far, far_sum = (
        part.view(few, rows, together, -1).transpose(0, 1) for part in kernel(gathered, keys[None], values[None], scale)
    )
    mask = attention_mask.expand(rows, -1, -1, -1).repeat(1, 1, heads // few, 1)
    near, near_sum = kernel(query, key, value, scale, mask)
    result = torch.lerp(near.float(), far.float(), (far_sum - near_sum).sigmoid()).to(value.dtype)
    return result.reshape(rows, heads, columns, size).transpose(1, 2).contiguous(), None


def visible(ends: torch.Tensor) -> torch.Tensor:
    """Return what each column of trees sees, shape (rows, columns, columns): its ancestors and itself.

    Args:
        ends: The first column that is not below each, shape (rows, columns); see `harness.engine.token_tree`.
    """
    columns = torch.arange(ends.shape[1], device=ends.device)
    queries, keys = columns[:, None], columns[None, :]
    return (keys <= queries) & (queries < ends[:, None, :])


def _flash(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scale: float,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the result of attention, and the logarithm of what its softmax divides by, of shape (..., queries, 1).

    It is what torch's own attention does on a CPU, which keeps the sums to itself; through them goes no gradient.
    """
    kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    result, sums = kernel(query, key, value, attn_mask=mask, scale=scale)
    return result, sums[..., None]


def _in_full(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scale: float,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do what `_flash` does, on any device; a slice of the queries at a time, as all scores stand in memory."""
    rows, heads, queries, _ = query.shape
    most = max(1, SCORES // (rows * heads * key.shape[2]))
    found = [
        _of_slice(
            query[:, :, start : start + most],
            key,
            value,
            scale,
            None if mask is None else mask[:, :, start : start + most],
        )
        for start in range(0, queries, most)
    ]
    results, sums = zip(*found, strict=True)
    return torch.cat(results, dim=2), torch.cat(sums, dim=2)


def _of_slice(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float, mask: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    scores = ((query * scale) @ key.transpose(2, 3)).float()
    if mask is not None:
        scores += mask
    sums = scores.logsumexp(dim=-1, keepdim=True)
    return scores.sub_(sums).exp_().to(value.dtype) @ value, sums


def additive(seen: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Turn what each query sees, shape (rows, queries, keys), into what is added to scores, with one head."""
    mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
    return mask.masked_fill(~seen, torch.finfo(dtype).min)[:, None]


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
