"""Adapters addressed by all that made them, so that arms of one run can share a training.

    <shared>/training/<key>/adapter/...      PEFT's files
                           /history.json     how it came to be
                           /manifest.json    sha256 of every file above

An entry is made aside and renamed when whole; one that does not match its manifest is not used.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.records import TrainingHistory, Trial
from harness.store.files import decode, encode, hash_file, sync

ADAPTER = "adapter"
HISTORY = "history.json"
MANIFEST = "manifest.json"
LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "accelerate")


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished SFT training: its adapter, and how it was settled."""

    adapter: Path
    history: TrainingHistory
    trials: tuple[Trial, ...]
    is_reused: bool = False  # made by another arm of this run


@dataclass(frozen=True, slots=True)
class _Told:
    """What is kept of a training beside its adapter."""

    history: TrainingHistory
    trials: tuple[Trial, ...]


def key_of(made_of: Mapping[str, Any]) -> str:
    """Return the address of an adapter: a hash of what it is made of, libraries and our code included."""
    whole = {**made_of, "libraries": {name: version(name) for name in LIBRARIES}, "code": _code_hash()}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:24]


def find(shared: Path, key: str) -> Trained | None:
    """Return a whole entry, or None when there is none or it does not match its manifest."""
    folder = shared / "training" / key
    if not _is_whole(folder):
        return None
    told: _Told = decode(_Told, (folder / HISTORY).read_text(encoding="utf-8"))
    return Trained(folder / ADAPTER, told.history, told.trials, is_reused=True)


def keep(shared: Path, key: str, trained: Trained) -> Trained:
    """Copy a finished training into its place, whole or not at all."""
    parent = shared / "training"
    parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=parent))
    shutil.copytree(trained.adapter, aside / ADAPTER)
    told = _Told(trained.history, trained.trials)
    (aside / HISTORY).write_text(encode(_Told, told), encoding="utf-8")
    (aside / MANIFEST).write_text(json.dumps(hashes(aside), indent=2), encoding="utf-8")
    for path in aside.rglob("*"):
        sync(path)
    shutil.rmtree(parent / key, ignore_errors=True)  # only one that is not whole can lie there
    aside.rename(parent / key)
    sync(parent)
    return Trained(parent / key / ADAPTER, trained.history, trained.trials)


@cache
def model_hash(model: str) -> str:
    """Return a hash over the content of a base model's files.

    A name that is no folder is looked up in the local hub cache; nothing is fetched.
    """
    folder = Path(model)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(model, local_files_only=True))
    return hashlib.sha256(json.dumps(hashes(folder), sort_keys=True).encode()).hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below `folder`, by relative name; the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def _is_whole(folder: Path) -> bool:
    try:
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stored == hashes(folder))


def _code_hash() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
