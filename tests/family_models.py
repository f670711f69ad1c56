"""Tiny random models of the families that people bring (real code paths, milliseconds), and what plain code says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiny_model import _tokenizer

SLIDING = 16  # tokens that sliding attention sees: fewer than every text here has
TURN = 48  # tokens at which LongRoPE turns: texts here lie on both sides of it
CONTEXT_WINDOW = 160


@dataclass(frozen=True)
class Family:
    """A family of models, and how a tiny one of it differs from `_SMALL`; None takes a key away."""

    title: str
    type: str
    own: Mapping[str, Any] = field(default_factory=dict)
    trained: bool = True  # in the default suite; those that train as another family does, with the slow tests


_SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT_WINDOW,
    "tie_word_embeddings": False,
    "initializer_range": 0.2,  # wide enough that answers differ from prompt to prompt
}
_HEADS = {"head_dim": 8}
_SLIDING = {"sliding_window": SLIDING, "layer_types": ["sliding_attention", "full_attention"]}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
_LOCAL_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
_DELTA = {  # gated delta rule
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "head_dim": 8,
}
_HYBRID = {**_DELTA, "layer_types": ["linear_attention", "full_attention"]}
_QWEN_NEXT = {**_EXPERTS, **_DELTA, "shared_expert_intermediate_size": 32}
_MAMBA_2 = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1, "mamba_chunk_size": 8}
_LONG_ROPE = {
    "rope_type": "longrope",
    "rope_theta": 10000.0,
    "short_factor": [1.0, 1.1, 1.2, 1.3],
    "long_factor": [4.0, 5.0, 6.0, 7.0],
    "original_max_position_embeddings": TURN,
}
_NO_LIMIT = {"max_position_embeddings": None}

FAMILIES: Mapping[str, Family] = {
    "llama": Family("Llama 2 and 3, SmolLM2", "llama"),
    "mistral": Family("Mistral", "mistral", {"sliding_window": None}, trained=False),
    "mistral_window": Family("Mistral with a window", "mistral", {"sliding_window": SLIDING}, trained=False),
    "qwen2": Family("Qwen 2 and 2.5", "qwen2"),
    "qwen2_window": Family(
        "Qwen 2 with a window",
        "qwen2",
        {"use_sliding_window": True, "sliding_window": SLIDING, "max_window_layers": 1},
        trained=False,
    ),
    "qwen3": Family("Qwen 3", "qwen3", _HEADS),
    "qwen3_moe": Family("Qwen 3 MoE", "qwen3_moe", {**_HEADS, **_EXPERTS}),
    "qwen3_next": Family("Qwen 3 Next", "qwen3_next", {**_QWEN_NEXT, **_HYBRID}),
    "gemma2": Family("Gemma 2", "gemma2", {**_HEADS, **_SLIDING, "query_pre_attn_scalar": 8}),
    "gemma3": Family("Gemma 3 (text)", "gemma3_text", {**_HEADS, **_SLIDING, "query_pre_attn_scalar": 8}),
    "phi3": Family("Phi-3", "phi3"),
    "phi3_long": Family(
        "Phi-3 and 3.5 with LongRoPE",
        "phi3",
        {"rope_parameters": _LONG_ROPE, "original_max_position_embeddings": TURN},
        trained=False,
    ),
    "olmo2": Family("OLMo 2", "olmo2"),
    "granite": Family("Granite 3", "granite", {"logits_scaling": 2.0, "embedding_multiplier": 3.0}),
    "smollm3": Family("SmolLM3", "smollm3", {"no_rope_layer_interval": 2}),
    "gpt_oss": Family("gpt-oss", "gpt_oss", {**_HEADS, **_SLIDING, **_LOCAL_EXPERTS}),
    "falcon_h1": Family(
        "Falcon-H1",
        "falcon_h1",
        {
            "mamba_d_ssm": 32,
            "mamba_n_heads": 4,
            "mamba_d_state": 8,
            "mamba_chunk_size": 8,
            "lm_head_multiplier": 0.5,
        },
    ),
    "lfm2": Family("LFM2", "lfm2", {"layer_types": ["conv", "full_attention"], "block_multiple_of": 8}),
    "seed_oss": Family("Seed-OSS", "seed_oss", _HEADS),
    "gpt2": Family("GPT-2", "gpt2"),
    "gpt_neox": Family("GPT-NeoX, Pythia", "gpt_neox"),
    "mamba": Family("Mamba", "mamba", {**_NO_LIMIT, "state_size": 8}),
    "bloom": Family("Bloom", "bloom", {**_NO_LIMIT, "num_key_value_heads": None}),
    # Engine's own lists name these; what they share with the families above is tested there.
    "olmo": Family("OLMo", "olmo", {}, trained=False),
    "stablelm": Family("StableLM", "stablelm", {}, trained=False),
    "mamba2": Family(
        "Mamba 2",
        "mamba2",
        {**_NO_LIMIT, "num_heads": 8, "head_dim": 8, "state_size": 8, "n_groups": 1, "chunk_size": 8},
        trained=False,
    ),
    "falcon_mamba": Family("Falcon Mamba", "falcon_mamba", {**_NO_LIMIT, "state_size": 8}, trained=False),
    "jamba": Family(
        "Jamba",
        "jamba",
        {
            "num_experts": 2,
            "num_experts_per_tok": 1,
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "expert_layer_period": 2,
            "expert_layer_offset": 1,
            "mamba_d_state": 8,
        },
        trained=False,
    ),
    "bamba": Family("Bamba", "bamba", {**_MAMBA_2, "attn_layer_indices": [1]}, trained=False),
    "zamba2": Family(
        "Zamba 2",
        "zamba2",
        {
            "num_hidden_layers": 3,
            "layers_block_type": ["mamba", "hybrid", "mamba"],
            "num_mem_blocks": 1,
            "mamba_d_state": 8,
            "n_mamba_heads": 4,
            "mamba_ngroups": 1,
            "num_key_value_heads": 4,
            "chunk_size": 8,
            "use_mem_rope": True,
        },
        trained=False,
    ),
    "granite_hybrid": Family(
        "Granite 4 (hybrid)",
        "granitemoehybrid",
        {**_MAMBA_2, **_LOCAL_EXPERTS, "layer_types": ["mamba", "attention"], "shared_intermediate_size": 32},
        trained=False,
    ),
    "nemotron_h": Family(
        "Nemotron-H",
        "nemotron_h",
        {
            **_HEADS,
            "num_hidden_layers": 3,
            "layers_block_type": ["mamba", "attention", "mlp"],
            "mamba_num_heads": 4,
            "mamba_head_dim": 8,
            "ssm_state_size": 8,
            "n_groups": 1,
            "chunk_size": 8,
        },
        trained=False,
    ),
    "lfm2_moe": Family(
        "LFM2 MoE",
        "lfm2_moe",
        {**_EXPERTS, "layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
        trained=False,
    ),
    "qwen3_5": Family("Qwen 3.5 (text)", "qwen3_5_text", _HYBRID, trained=False),
    "olmo_hybrid": Family("OLMo Hybrid", "olmo_hybrid", _HYBRID, trained=False),
    "rwkv": Family(
        "RWKV", "rwkv", {**_NO_LIMIT, "attention_hidden_size": 32, "context_length": CONTEXT_WINDOW}, trained=False
    ),
    "recurrent_gemma": Family(
        "RecurrentGemma",
        "recurrent_gemma",
        {**_HEADS, "num_hidden_layers": 3, "attention_window_size": SLIDING, "lru_width": 32},
        trained=False,
    ),
    "minimax": Family(
        "MiniMax",
        "minimax",
        {**_HEADS, "num_local_experts": 2, "layer_types": ["linear_attention", "full_attention"], "block_size": 8},
        trained=False,
    ),
}

# Nothing in these has keys that transformers could count, so it fails to generate.
LINEAR_ONLY: Mapping[str, Family] = {
    "qwen3_next": Family("", "qwen3_next", {**_QWEN_NEXT, "layer_types": ["linear_attention"] * 2}),
    "lfm2": Family("", "lfm2", {"layer_types": ["conv"] * 2, "block_multiple_of": 8}),
}


def config_of(family: Family) -> Any:
    """Return the configuration of a tiny model of this family."""
    from transformers import AutoConfig

    tokenizer = _tokenizer()
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    said = {**_SMALL, **ids, "vocab_size": len(tokenizer), **family.own}
    kept = {key: value for key, value in said.items() if value is not None or key == "sliding_window"}
    return AutoConfig.for_model(family.type, **kept)


def build_family(family: Family, folder: Path, seed: int = 0) -> Path:
    """Save a random model of this family and the tiny models' tokenizer into `folder`."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config_of(family))
    model.save_pretrained(folder)
    tokenizer = _tokenizer()
    tokenizer.model_max_length = CONTEXT_WINDOW
    tokenizer.save_pretrained(folder)
    return folder


def logprob_alone(model: Any, given: list[int], scored: list[int]) -> float:
    """One text in one pass with nothing of ours: how the figure is defined."""
    import torch

    with torch.no_grad():
        logits = model(input_ids=torch.tensor([given + scored[:-1]]), use_cache=False).logits[0].float()
    steps = logits[len(given) - 1 :].log_softmax(-1)
    return float(steps.gather(1, torch.tensor(scored)[:, None]).sum())


def answer_alone(model: Any, ids: list[int], new: int, end: int) -> list[int]:
    """What transformers' own greedy search says to one prompt."""
    import torch

    output = model.generate(
        input_ids=torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=new,
        do_sample=False,
        eos_token_id=end,
        pad_token_id=end,
    )
    return output[0, len(ids) :].tolist()
