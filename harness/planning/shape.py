"""What a model is made of, read from its config.json and the headers of its safetensors files: no weights are loaded.

A safetensors file opens with eight bytes that give the length of its header, and the header, in JSON, gives each
tensor's type and shape (https://github.com/huggingface/safetensors#format).
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from harness.errors import ModelError
from harness.json_files import read_json

LONGEST_HEADER = 100_000_000  # bytes; what the format allows
_NOT_ADAPTED = ("embed", "lm_head", "wte", "wpe", "shared", "experts", "router", "norm")
_TEXT_PARTS = ("text_config", "llm_config")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The sizes that memory and time depend on."""

    parameters: int
    linear: tuple[tuple[int, int], ...]  # (out, in) of every linear layer that LoRA is put on
    hidden: int
    layers: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    is_fp32: bool  # whether the files hold fp32, which a CPU maps into memory: processes then share the pages
    source: str  # how the parameters were counted, for the reader

    @property
    def linear_parameters(self) -> int:
        """Parameters of the layers that 4-bit quantisation packs."""
        return sum(rows * columns for rows, columns in self.linear)

    def adapter_parameters(self, rank: int) -> int:
        """Return the parameters of a LoRA of this rank: r (in + out) a layer (Hu et al., arXiv 2106.09685)."""
        return sum(rank * (rows + columns) for rows, columns in self.linear)


def read_shape(folder: Path) -> ModelShape:
    """Read a model folder.

    Raises:
        ModelError: If it has no usable config.json.
    """
    config = _config(folder)
    sizes = _sizes(config, folder)
    tensors = _tensors(folder)
    if not tensors:
        return _from_config(sizes, config)
    linear = tuple((t.shape[0], t.shape[1]) for name, t in tensors.items() if _is_adapted(name, t.shape))
    return ModelShape(
        parameters=sum(prod(tensor.shape) for tensor in tensors.values()),
        linear=linear,
        **sizes,
        is_fp32=all(tensor.kind == "F32" for tensor in tensors.values()),
        source="counted in the model's files",
    )


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        found = read_json(folder / "config.json")
    except (OSError, ValueError) as fault:
        raise ModelError(f"{folder}: config.json cannot be read ({fault}); give a folder that holds a model") from fault
    if not isinstance(found, dict):
        raise ModelError(f"{folder}: config.json is not a mapping; give a folder that holds a model")
    return next((found[part] for part in _TEXT_PARTS if isinstance(found.get(part), dict)), found)


def _sizes(config: Mapping[str, Any], folder: Path) -> dict[str, int]:
    def size(*names: str, default: int | None = None) -> int:
        found = next((config[name] for name in names if isinstance(config.get(name), int)), default)
        if found is None:
            raise ModelError(f"{folder}: config.json names no {names[0]}, so memory cannot be predicted; use --probe")
        if found < 1:
            raise ModelError(f"{folder}: config.json names {found} as its {names[0]}; give a folder that holds a model")
        return int(found)

    hidden, heads = size("hidden_size", "n_embd", "d_model"), size("num_attention_heads", "n_head", default=1)
    return {
        "hidden": hidden,
        "layers": size("num_hidden_layers", "n_layer", "num_layers"),
        "intermediate": size("intermediate_size", "n_inner", "ffn_dim", default=4 * hidden),
        "heads": heads,
        "kv_heads": size("num_key_value_heads", default=heads),
        "head_size": size("head_dim", default=hidden // heads),
        "vocabulary": size("vocab_size"),
    }


def _from_config(sizes: dict[str, int], config: Mapping[str, Any]) -> ModelShape:
    """Count as a Llama has them: four attention matrices and three of a gated feed-forward a layer."""
    hidden, inner = sizes["hidden"], sizes["intermediate"]
    query, key = sizes["heads"] * sizes["head_size"], sizes["kv_heads"] * sizes["head_size"]
    layer: tuple[tuple[int, int], ...] = ((query, hidden), (key, hidden), (key, hidden), (hidden, query))
    layer += ((inner, hidden), (inner, hidden), (hidden, inner))
    linear = layer * sizes["layers"]
    tables = 1 if config.get("tie_word_embeddings") else 2
    norms = hidden * (2 * sizes["layers"] + 1)
    parameters = sum(map(prod, linear)) + tables * sizes["vocabulary"] * hidden + norms
    source = "estimated from config.json, as a Llama has them"
    return ModelShape(parameters, linear, **sizes, is_fp32=False, source=source)


@dataclass(frozen=True, slots=True)
class _Tensor:
    kind: str  # e.g. 'F32'
    shape: tuple[int, ...]


def _tensors(folder: Path) -> dict[str, _Tensor]:
    """Return every tensor by name; none where the weights are not all here as readable safetensors files.

    The files are those of the index, else all whose names begin with 'model', as the loader takes them: some folders
    hold the same weights a second time in another form.
    """
    tensors: dict[str, _Tensor] = {}
    for file in _files(folder):
        header = _header(file)
        if header is None:
            return {}  # a part of the weights would be taken for the whole
        tensors |= header
    return tensors


def _files(folder: Path) -> list[Path]:
    try:
        index = read_json(folder / "model.safetensors.index.json")
        return [folder / str(name) for name in sorted(set(index["weight_map"].values()))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return sorted(folder.glob("model*.safetensors"))


def _header(file: Path) -> dict[str, _Tensor] | None:
    """Return the tensors of one file; None where it is not a safetensors file (a pointer to one, a damaged one)."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > LONGEST_HEADER:
                return None
            entries: dict[str, dict[str, Any]] = json.loads(stream.read(length))
            named = [(name, entry) for name, entry in entries.items() if name != "__metadata__"]
            return {name: _Tensor(str(entry["dtype"]), tuple(entry["shape"])) for name, entry in named}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error):
        return None


def _is_adapted(name: str, shape: Sequence[int]) -> bool:
    """Whether LoRA is put on this tensor: the matrix of a linear layer, but not the head, a table or an expert."""
    return len(shape) == 2 and name.endswith("weight") and not any(part in name for part in _NOT_ADAPTED)
