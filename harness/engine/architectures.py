"""What a model's configuration says about how its texts may stand together in one pass, and how long they may be.

Right for every causal model is its own attention, with padding on the right of a text that is scored: nothing looks
ahead, so nothing sees it. Padding on the left of a prompt is right where the model masks it, as all attention does
and some recurrent states do. A mask of ours instead of the model's own is right only where every layer attends to
everything before it: elsewhere it would undo sliding windows, and a gap inside a row would pass through states.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.errors import ModelError

# Families whose attention takes a mask, positions and a trunk of ours as they are; tests/engine/test_families.py holds
# each of them to plain transformers. A family that is not listed is right as well, only slower.
PACKING = frozenset(
    {
        "granite", "llama", "mistral", "olmo", "olmo2", "phi3", "qwen2", "qwen3", "qwen3_moe", "smollm3",
    }
)  # fmt: skip

# Families with recurrent or convolutional states that leave padding out of them; the same test holds each of them
# to plain transformers. RecurrentGemma and MiniMax do not: padded, they answer otherwise. RWKV does so in any batch.
PADDED_STATES = frozenset(
    {
        "bamba", "falcon_h1", "falcon_mamba", "granitemoehybrid", "jamba", "lfm2", "lfm2_moe", "mamba", "mamba2",
        "nemotron_h", "olmo_hybrid", "qwen3_5_text", "qwen3_next", "zamba2",
    }
)  # fmt: skip

# Recurrent families that generate without an attention layer; in all others transformers counts what a cache holds
# by an attention layer's keys, and fails without one.
_RECURRENT = frozenset({"falcon_mamba", "mamba", "mamba2"})
_STATES = frozenset({"conv", "linear_attention", "mamba"})  # layer types that keep a state and no keys
_ATTENTION = frozenset({"chunked_attention", "full_attention", "sliding_attention"})  # keys and no state

# Where a configuration says how long a prompt may be, in the order in which lm-eval looks; then Bloom's own word.
_WINDOW_KEYS = ("n_positions", "max_position_embeddings", "n_ctx", "seq_length")
_UNSET = 10**9  # a tokenizer without a limit gives a number above this


@dataclass(frozen=True, slots=True)
class Architecture:
    """How texts of one model may share a pass."""

    packs: bool  # texts may stand in one row as a tree, and behind a beginning that they share
    turn: int | None  # tokens beyond which LongRoPE rotates a whole text otherwise; texts of both kinds never mix


def architecture(config: Any, model: str) -> Architecture:
    """Read from a model's configuration how its texts may share a pass.

    Raises:
        ModelError: If transformers cannot generate with such a model, or if it does not read from left to right.
    """
    config = config.get_text_config(decoder=True)
    layers = set(getattr(config, "layer_types", None) or ())
    if layers and layers <= _STATES and config.model_type not in _RECURRENT:
        raise ModelError(
            f"model '{model}' ({config.model_type}) has no attention layer, and transformers cannot generate with such "
            "a stack; give a model of this family that has one, or another family"
        )
    if getattr(config, "is_encoder_decoder", False) or not getattr(config, "is_causal", True):
        raise ModelError(
            f"model '{model}' ({config.model_type}) does not read a text from left to right alone, so its answers "
            "cannot be scored; give a causal language model"
        )
    turn = _turn(config)
    sliding = bool(layers - {"full_attention"}) if layers else getattr(config, "sliding_window", None) is not None
    return Architecture(packs=config.model_type in PACKING and not sliding and turn is None, turn=turn)


def masks_padding(model: Any) -> bool:
    """Whether a loaded model leaves padding on the left out of everything, so that unequal prompts share a batch."""
    config = model.config.get_text_config(decoder=True)
    is_stateful = getattr(model, "_is_stateful", False) or set(getattr(config, "layer_types", None) or ()) - _ATTENTION
    return config.model_type in PADDED_STATES or not is_stateful


def context_window(config: Any, tokenizer: Any, model: str) -> int:
    """Return how many tokens a prompt and its answer may have: the configuration's word, else the tokenizer's.

    Raises:
        ModelError: If neither says; Mamba's configuration, for one, never does.
    """
    config = config.get_text_config(decoder=True)
    for key in _WINDOW_KEYS:
        if getattr(config, key, None):
            return int(getattr(config, key))
    if tokenizer.model_max_length < _UNSET:
        return int(tokenizer.model_max_length)
    raise ModelError(
        f"model '{model}' does not say how long a prompt may be; set max_position_embeddings in its config.json"
    )


def _turn(config: Any) -> int | None:
    """Return where LongRoPE changes from its short to its long factors (arXiv 2402.13753).

    The other kind that depends on a text's length, dynamic NTK, changes only beyond the context window.
    """
    for rope in _ropes(getattr(config, "rope_parameters", None)):
        if rope.get("rope_type") == "longrope":
            stated = rope.get("original_max_position_embeddings")
            return int(stated or getattr(config, "original_max_position_embeddings", config.max_position_embeddings))
    return None


def _ropes(parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield the rotary settings of a model: one, or one for each layer type."""
    if not isinstance(parameters, dict):
        return
    if "rope_type" in parameters:
        yield parameters
    for value in parameters.values():
        yield from _ropes(value)
