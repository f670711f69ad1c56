"""The passage index of a retrieving arm, and the embedder that searches it."""

import shutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.errors import ArmError
from harness.json_files import read_json
from harness.store.files import hash_folder

# The files that an answer is searched with; an index of another make is copied, and gets no script.
KNOWN_FILES = ("manifest.json", "index.faiss", "passages.jsonl")


def is_known(index: Path) -> bool:
    """Whether `answer.py` can search this index."""
    return all((index / name).is_file() for name in KNOWN_FILES)


def place_index(index: Path, target: Path) -> None:
    """Copy an index with its manifest."""
    shutil.copytree(index, target)


def place_embedder(index: Path, target: Path) -> str:
    """Copy the embedder that made an index; return the folder's name, or the hub id of one that the hub keeps.

    Raises:
        ArmError: If the embedder is not the one that the index was made with.
    """
    manifest: dict[str, Any] = read_json(index / "manifest.json")
    name = str(manifest["embedder"])
    source = _folder_of(name)
    if source is None:
        return name
    if hash_folder(source) != manifest["embedder_sha256"]:
        raise ArmError(f"embedder '{name}' has changed since the index was made; run the arm again")
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    return target.name


def _folder_of(name: str) -> Path | None:
    """Return an embedder's folder: itself one, or inside the Python package of that name; None on the hub."""
    if Path(name).is_dir():
        return Path(name)
    module = name.replace("-", "_")
    if not module.isidentifier() or find_spec(module) is None:
        return None
    return Path(import_module(module).get_model_path())
