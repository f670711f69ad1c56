"""Whether a model's files hold every layer, told from their headers: no weights are loaded.

transformers puts random numbers where something is missing; the engine refuses that when it loads the model, after
set-up and before anything is measured. This finds the usual case, a shard or a layer that was left behind, at once.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.assets.model_folder import INDEX, WEIGHTS
from harness.json_files import read_json

_NUMBERED = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")
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
    gone = [number for number in range(layers) if number not in there] if there else []
    return f"of {layers} layers {len(gone)} are in no file (layer {gone[0]} is the first)" if gone else ""


def _tensors(folder: Path) -> Mapping[str, frozenset[str]]:
    """Return the names of the tensors in each file of weights."""
    from safetensors import safe_open

    found = {}
    for file in [folder / WEIGHTS] if (folder / WEIGHTS).is_file() else sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as tensors:
            found[file.name] = frozenset(tensors.keys())
    return found


def _layers(config: Mapping[str, Any]) -> int:
    """Return how many layers the architecture has; 0 where its configuration does not say so in a usual way."""
    inner = config.get("text_config")
    said = inner if isinstance(inner, dict) and inner else config
    counts = (said.get(key) for key in _COUNTS)
    return next((count for count in counts if isinstance(count, int) and 0 < count < 10_000), 0)
