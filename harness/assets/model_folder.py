"""What a model's folder must be before anything of it is loaded: whole, of safetensors, its own, and without code."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.assets.hub import hub_name
from harness.errors import ModelError
from harness.json_files import read_json

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
_WINDOW_KEYS = ("max_position_embeddings", "n_positions", "n_ctx")
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_MOST_GROWTH = 1_000  # of a text by its tokenizer; that of published ones is a few times at most
_SHOWN = 60  # characters of a value
_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


def checked_folder(folder: Path) -> Path:
    """Return a model's folder if it may be loaded.

    Raises:
        ModelError: If it has no weights, a file of weights is not safetensors or lies elsewhere, a link leads out of
            the folder, its settings cannot be read or ask for code of their own, or it is an adapter.
    """
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json; give the folder that save_pretrained wrote")
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"{folder} holds an adapter (adapter_config.json); give the base that it was made for")
    _check_links(folder)
    settings = {file.name: _settings(file) for file in sorted(folder.glob("*config*.json"))}
    for name, said in settings.items():
        if "auto_map" in said:
            raise ModelError(
                f"{folder / name} asks for code of its own (auto_map); only built-in architectures are run"
            )
        _check_kernels(folder / name, said)
    _check_kinds(folder, settings)
    _check_growth(folder / "tokenizer.json")
    for name in _weight_files(folder, settings["config.json"]):
        _check_weights(folder, name)
        if "quantization_config" not in settings["config.json"]:
            _check_numbers(folder / name)
    return folder


def checked_embedder(folder: Path) -> Path:
    """Return a sentence embedder's folder if it may be loaded.

    Raises:
        ModelError: If a link leads out of it, it holds what is no file, or its settings cannot be read or ask for code
            of the hub.
    """
    _check_links(folder)
    for path in _visible(folder):
        if not path.is_file() and not path.is_dir():
            raise ModelError(f"{path} is a pipe, a device or a broken link; fetch or save the embedder again")
    for file in sorted(folder.rglob("*config*.json")):  # sentence-transformers hands on what several of them say
        _check_kernels(file, _json(file))
    return folder


def _check_links(folder: Path) -> None:
    """Refuse links that lead out: weights could be exchanged there, and the model's hash leaves linked folders out.

    The hub's cache keeps the files of all commits of a repository beside them, so that far a link may lead.
    """
    own = folder.resolve()
    own = own.parents[1] if hub_name(str(own)) else own
    for path in _visible(folder):
        if path.is_symlink() and (path.is_dir() or not Path(os.path.realpath(path)).is_relative_to(own)):
            raise ModelError(f"{path} is a link to {os.path.realpath(path)}; put a copy in its place")


def _visible(folder: Path) -> Iterator[Path]:
    """Yield what the model's hash covers: hidden files do not count."""
    for path in sorted(folder.rglob("*")):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _json(file: Path) -> Any:
    try:
        return read_json(file)
    except (OSError, ValueError) as fault:
        raise ModelError(f"{file} is not JSON ({fault}); save the model again") from fault


def _settings(file: Path) -> Mapping[str, Any]:
    said = _json(file)
    if not isinstance(said, dict):
        raise ModelError(f"{file} holds no settings; save the model again")
    return said


def _check_kinds(folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what is of another kind than libraries take it for: each would fail at it in a way of its own."""
    config = settings["config.json"]
    inner = config.get("text_config")
    if not isinstance(inner, dict | None):
        raise _odd(folder / "config.json", "text_config", inner, "settings by name")
    for said in (config, inner or {}):
        for key in _WINDOW_KEYS:
            if isinstance(said.get(key), bool) or not isinstance(said.get(key), int | float | None):
                raise _odd(folder / "config.json", key, said[key], "a number of tokens")
    for key in _TOKENS:
        token = settings.get("tokenizer_config.json", {}).get(key)
        text = token.get("content") if isinstance(token, dict) else token or ""
        if not isinstance(text, str):
            raise _odd(folder / "tokenizer_config.json", key, token, "a token's text")


def _check_kernels(file: Path, said: Any) -> None:
    """Refuse settings that have part of the model computed by code of the hub: transformers would fetch and run it."""
    for key, value in said.items() if isinstance(said, dict) else ():
        if key.endswith("_implementation") and "/" in str(value):
            raise ModelError(f"{file} asks for code of the hub ({key}: {str(value)[:_SHOWN]}); take that key out")
        _check_kernels(file, value)


def _check_growth(file: Path) -> None:
    """Refuse a tokenizer whose replacements, one after another, make a page of every character: it would not end."""
    try:
        parts = read_json(file)
    except (OSError, ValueError):
        return  # whoever loads it says what is wrong with it
    for part in ("normalizer", "pre_tokenizer", "decoder") if isinstance(parts, dict) else ():
        made: list[tuple[str, float]] = []  # what replacements put, and how much longer a text may be by then
        for replaced, put in _replacements(parts.get(part)):
            reached = [growth for text, growth in made if not replaced or not set(replaced).isdisjoint(text)]
            growth = max(reached, default=1.0) * max(1.0, len(put) / max(1, len(replaced)))
            if growth > _MOST_GROWTH:
                said = f"'{part}' replaces so often that a character may become {growth:,.0f}"
                raise ModelError(f"{file}: {said}; save the model again")
            made.append((put, growth))


def _replacements(step: Any) -> Iterator[tuple[str, str]]:
    """Yield, in order, each text that a step replaces and what it puts; '' is a pattern, or the beginning of a text."""
    waiting = [step]
    while waiting:
        step = waiting.pop()
        if isinstance(step, list):
            waiting += reversed(step)
        elif isinstance(step, dict):
            waiting += [inner for inner in step.values() if isinstance(inner, list)]
            pattern, put = step.get("pattern"), step.get("content", step.get("prepend"))
            replaced = pattern.get("String") if isinstance(pattern, dict) else None
            if isinstance(put, str):
                yield replaced if isinstance(replaced, str) else "", put


def _odd(file: Path, key: str, value: Any, wanted: str) -> ModelError:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    return ModelError(f"{file}: '{key}' is {shown} and should be {wanted}; save the model again")


def _weight_files(folder: Path, config: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that the weights will be loaded from."""
    named = config.get("transformers_weights")
    if named is not None:  # transformers prefers it
        raise ModelError(f"{folder / 'config.json'} names its own file of weights ({named}); save the model again")
    if (folder / WEIGHTS).is_file():
        # As transformers: an index beside it is not read, so no shard of it is loaded, and a layer that stands in a
        # shard alone is missing, which `harness.engine.resident` refuses once the weights are loaded.
        return [WEIGHTS]
    if not (folder / INDEX).is_file():
        raise ModelError(
            f"{folder} has no {WEIGHTS} and no {INDEX}; load it and call save_pretrained (pickled .bin weights can run "
            "code and are never opened)"
        )
    shards = _settings(folder / INDEX).get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(isinstance(name, str) for name in shards.values()):
        raise ModelError(f"{folder / INDEX} has no weight_map of file names; save the model again")
    return sorted(set(shards.values()))


def _check_weights(folder: Path, name: str) -> None:
    from safetensors import SafetensorError, safe_open

    if Path(name).name != name or name.startswith(".") or not name.endswith(".safetensors"):
        raise ModelError(f"{folder / INDEX} names '{name}', which is not a safetensors file in the folder itself")
    try:
        with safe_open(folder / name, framework="numpy"):
            pass
    except (OSError, SafetensorError) as fault:
        raise ModelError(
            f"{folder / name} is not a whole safetensors file ({fault}); fetch or save it again"
        ) from fault


def _check_numbers(file: Path) -> None:
    """Refuse weights in whole numbers where no settings say how they were packed: they would be taken as they stand.

    Masks that old models keep as `attn.bias`, and positions, are whole numbers rightly.
    """
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as tensors:
        for name in tensors.keys():  # noqa: SIM118
            kind = tensors.get_slice(name).get_dtype()
            if name.endswith(".weight") and kind not in _FLOATS:
                raise ModelError(
                    f"{file} holds {name} as {kind}, and config.json has no quantization_config that says how it is "
                    "packed; save the model again"
                )
