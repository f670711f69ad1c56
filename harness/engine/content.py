"""Hashes of what an answer depends on: a model's files, an adapter's, our code and the libraries.

By content, never by time or place: a copied or moved model is the same model, a rewritten one is not.
"""

import hashlib
import json
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness import constrained
from harness.assets.hub import hub_snapshot, unreadable
from harness.errors import ArmError
from harness.store.files import hash_file

# What can move an answer's last digit, or the ids that a text becomes.
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "tokenizers", "lm-eval", "llguidance")
ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")
CODE = Path(__file__).parent


def model_hash(model: str) -> str:
    """Return the SHA-256 over names and contents of a base model's files: weights, tokenizer, template and all.

    Args:
        model: A folder, or a hub id, whose files are fetched if they are not here. Hidden files do not count.

    Raises:
        ModelError: If a hub id's files cannot be had, or a file cannot be read.
    """
    try:
        folder = model_folder(model)
        names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
        return _hash_files(folder, [n.as_posix() for n in names if not any(part.startswith(".") for part in n.parts)])
    except (OSError, ValueError) as fault:
        raise unreadable(model, fault) from fault


def model_folder(model: str) -> Path:
    """Return where a base model's files are: its folder, or for a hub id that of the hub's client, fetched if need be.

    Raises:
        ModelError: If a hub id's files cannot be had.
    """
    folder = Path(model)
    return folder if folder.is_dir() else hub_snapshot(model)


def adapter_hash(adapter: str) -> str:
    """Return the SHA-256 over an adapter's weights and configuration.

    Raises:
        ArmError: If one of the two files is not there.
    """
    try:
        return _hash_files(Path(adapter), ADAPTER_FILES)
    except FileNotFoundError as fault:
        missing = Path(fault.filename).name
        raise ArmError(f"adapter {adapter} has no {missing}; give the folder that training wrote") from None


def checkpoint_hash(checkpoint: str) -> str:
    """Return the SHA-256 over the weights and the configuration that training left.

    Raises:
        ArmError: If there are none.
    """
    folder = Path(checkpoint)
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    if not names or not (folder / "config.json").is_file():
        raise ArmError(f"checkpoint {checkpoint} has no weights or no config.json; give the folder that training wrote")
    stamps = [(name, (folder / name).stat()) for name in (*names, "config.json")]
    return _hash_stamped(folder, tuple((name, s.st_ino, s.st_size, s.st_mtime_ns) for name, s in stamps))


@lru_cache(maxsize=16)
def _hash_stamped(folder: Path, stamps: tuple[tuple[str, int, int, int], ...]) -> str:
    """Hash files as they stand now: gigabytes, and asked for with every batch."""
    return _hash_files(folder, [name for name, *_ in stamps])


def code_hash() -> str:
    """Return the SHA-256 over the sources of the engine, and of what holds its answers to a constraint."""
    files = [*sorted(CODE.glob("*.py")), Path(constrained.__file__)]
    return hashlib.sha256(json.dumps({path.name: hash_file(path) for path in files}).encode()).hexdigest()


def library_versions() -> dict[str, str]:
    """Return the installed versions of the libraries that compute an answer."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def _hash_files(folder: Path, names: list[str] | tuple[str, ...]) -> str:
    files = {name: hash_file(folder / name) for name in names}
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
