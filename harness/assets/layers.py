"""Whether a model's files hold what its configuration says, told from their headers: no weights are loaded.

transformers puts random numbers where something is missing; the engine refuses that when it loads the model, after
set-up and before anything is measured. This finds the usual cases at once: a shard or a layer that was left behind,
and a size that no tensor has.
"""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.assets.model_folder import INDEX, WEIGHTS
from harness.json_files import read_json

_NUMBERED = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")
_SIZE = re.compile("(_size|_layers?|_heads|_dim|_rank|_experts|_embd|_inner|_head|_positions|d_model)$")
_USUAL_SIZE = 20_000  # sizes up to this may stand there as some family's default, and cost little
MOST_PACKED = 16  # weights that one stored number holds, in any form of quantisation
_COUNTS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")


def missing_weights(folder: Path) -> str:
    """Say which layers, or tensors that the index names, are in no file; '' where nothing is known to be missing.

    Args:
        folder: One that `checked_folder` returned.
    """
    found = _tensors(folder)
    index = read_json(folder / INDEX) if len(found) != 1 or WEIGHTS not in found else {}
    lost = sorted(name for name, file in index.get("weight_map", {}).items() if name not in found.get(file, ()))
    if lost:
        return f"{len(lost)} tensors that {INDEX} names are in no file (e.g. {lost[0]})"
    named = {name for names in found.values() for name in names}
    there = {int(number) for name in named for number in _NUMBERED.findall(name)}
    layers = _layers(read_json(folder / "config.json"))
    gone = layers - sum(number < layers for number in there)
    if not there or not gone:
        return size_fault(folder)
    first = next(number for number in itertools.count() if number not in there)
    return f"of {layers} layers {gone} are in no file (layer {first} is the first)"


def size_fault(folder: Path) -> str:
    """Say which size of the configuration no tensor comes near; '' where all may be true.

    A model is made in the configuration's sizes before a weight is read, so that wrong ones fill the memory.
    """
    config = read_json(folder / "config.json")
    inner = config.get("text_config")
    said = {**config, **inner} if isinstance(inner, dict) else config
    largest = max(_USUAL_SIZE, MOST_PACKED * _largest_dimension(folder))
    sizes = {key: value for key, value in said.items() if _SIZE.search(key) and isinstance(value, int | float)}
    wrong = [key for key, value in sizes.items() if value > largest]
    if wrong:
        return f"the {wrong[0]} in config.json is one that no tensor comes near"
    return ""


def _largest_dimension(folder: Path) -> int:
    """Return the largest dimension of any tensor; 0 without any."""
    from safetensors import safe_open

    largest = 0
    for file in _files(folder):
        with safe_open(file, framework="numpy") as tensors:
            shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
        largest = max([largest, *(size for shape in shapes for size in shape)])
    return largest


def _files(folder: Path) -> list[Path]:
    """Return the files that weights are loaded from: those that the index names, or the one."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    index = read_json(folder / INDEX) if (folder / INDEX).is_file() else {}
    return sorted({folder / name for name in index.get("weight_map", {}).values()})


def _tensors(folder: Path) -> Mapping[str, frozenset[str]]:
    """Return the names of the tensors in each file of weights."""
    from safetensors import safe_open

    found = {}
    for file in _files(folder):
        with safe_open(file, framework="numpy") as tensors:
            found[file.name] = frozenset(tensors.keys())
    return found


def _layers(config: Mapping[str, Any]) -> int:
    """Return how many layers the architecture has; 0 where its configuration does not say so in a usual way."""
    inner = config.get("text_config")
    said = inner if isinstance(inner, dict) and inner else config
    counts = (said.get(key) for key in _COUNTS)
    return next((count for count in counts if isinstance(count, int) and count > 0), 0)
