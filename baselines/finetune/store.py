"""Adapters addressed by all that made them, so that arms of one run can share a training.

    <shared>/training/<key>/adapter/...      PEFT's files
                           /history.json     how it came to be
                           /manifest.json    sha256 of every file above

An entry is made aside and renamed when whole; one that does not match its manifest is not used.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from baselines.finetune.spec import RunSpec
from harness.atomic import whole_folder
from harness.engine import content
from harness.json_files import read_json
from harness.records import TrainingHistory, Trial
from harness.store.files import decode, encode, hash_file, unwritable

ADAPTER = "adapter"
HISTORY = "history.json"
MANIFEST = "manifest.json"
LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "accelerate")
# Where a run lies, how long it may take and what goes through at once do not change what is trained.
NOT_LEARNT_FROM = ("folder", "seconds", "micro_tokens", "resume_seconds")


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training: its adapter, and how it was settled."""

    adapter: Path
    history: TrainingHistory
    trials: tuple[Trial, ...]
    seconds: float  # wall clock of the whole, trials and judging on dev included
    is_reused: bool = False  # made by another arm of this run


@dataclass(frozen=True, slots=True)
class _Told:
    """What is kept of a training beside its adapter."""

    history: TrainingHistory
    trials: tuple[Trial, ...]
    seconds: float
    maker: str  # name of the arm


def key_of(made_of: Mapping[str, Any]) -> str:
    """Return the address of an adapter: a hash of what it is made of, with libraries, number format and our code."""
    libraries = {name: version(name) for name in LIBRARIES}
    whole = {**made_of, "libraries": libraries, "numbers": _number_format(), "code": _code_hash()}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:24]


def identity_of(spec: RunSpec) -> str:
    """Return a hash of all that decides what a run trains, libraries, number format and our code included."""
    made_of = {name: value for name, value in spec.to_json().items() if name not in NOT_LEARNT_FROM}
    if spec.start is not None:
        made_of["start"] = hashes(Path(spec.start))
    return key_of(made_of)


def find(shared: Path, key: str, maker: str) -> Trained | None:
    """Return a whole entry, or None when there is none or it does not match its manifest.

    Args:
        shared: The run's folder of shared artefacts.
        key: From `key_of`.
        maker: The arm that asks; what it made itself in an earlier attempt is not called reused.
    """
    folder = shared / "training" / key
    if not is_whole(folder):
        return None
    told: _Told = decode(_Told, (folder / HISTORY).read_text(encoding="utf-8"))
    return Trained(folder / ADAPTER, told.history, told.trials, told.seconds, is_reused=told.maker != maker)


def keep(shared: Path, key: str, maker: str, trained: Trained) -> Trained:
    """Copy a finished training into its place, whole or not at all.

    Raises:
        StoreError: If the disk is full or refuses.
    """
    parent = shared / "training"
    with writing(parent), sealed_folder(parent / key) as aside:
        shutil.copytree(trained.adapter, aside / ADAPTER)
        told = _Told(trained.history, trained.trials, trained.seconds, maker)
        (aside / HISTORY).write_text(encode(_Told, told), encoding="utf-8")
    return Trained(parent / key / ADAPTER, trained.history, trained.trials, trained.seconds)


@contextmanager
def sealed_folder(place: Path) -> Iterator[Path]:
    """Lend a folder that becomes `place`, whole or not at all, with a manifest of all that was written into it."""
    with whole_folder(place) as aside:
        yield aside
        (aside / MANIFEST).write_text(json.dumps(hashes(aside), indent=2), encoding="utf-8")


def is_whole(folder: Path) -> bool:
    """Whether a folder holds exactly the files that its manifest names, byte for byte."""
    try:
        stored = read_json(folder / MANIFEST)
    except (OSError, ValueError):
        return False
    return bool(stored == hashes(folder))


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn what the disk says while `place` is written into a StoreError, which ends the run and not the arm."""
    try:
        yield
    except OSError as fault:
        raise unwritable(place, fault) from fault


@cache
def model_hash(model: str) -> str:
    """Return the hash of a base model's files, read once: the engine checks that they stay as they are."""
    return content.model_hash(model)


def hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below `folder`, by relative name; the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def _code_hash() -> str:
    """Return a hash of what trains: the sources beside this one and below, and the engine's."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    own = b"".join(path.read_bytes() for path in sources)
    return hashlib.sha256(own + content.code_hash().encode()).hexdigest()


def _number_format() -> str:
    """Return what is computed in here: fp32 on the CPU, another format on a GPU."""
    from harness.engine.resident import compute_dtype, default_device

    return f"{compute_dtype(default_device())} on {default_device().type}"
