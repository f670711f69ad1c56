"""The user's cache: folders that exist whole or not at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from harness.atomic import PART, locked, whole_folder

MANIFEST = "manifest.json"


def cache_folder() -> Path:
    """Return where downloads are kept: `$HARNESS_CACHE`, or `~/.cache/prompt-rag-or-tune`."""
    chosen = os.environ.get("HARNESS_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "prompt-rag-or-tune"


def sha256_of(file: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_whole(folder: Path, *, by_content: bool = False) -> bool:
    """Whether every file that the folder's manifest names is there at its full size.

    Args:
        folder: A folder that `make_whole` may have made.
        by_content: Also compare every file's SHA-256 (a second per half gigabyte).
    """
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        for name, expected in files.items():
            file = folder / name
            if file.stat().st_size != expected["bytes"]:
                return False
            if by_content and sha256_of(file) != expected["sha256"]:
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return bool(files)


def make_whole(target: Path, build: Callable[[Path], None], *, by_content: bool = False) -> Path:
    """Return `target`, built first if it is not there whole.

    `build` fills a folder that takes the target's place when it has its manifest, so a killed build is
    never taken for a finished one. Of two processes at once, one builds and the other waits for it.
    """
    if is_whole(target, by_content=by_content):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.parent / f".{target.name}.lock", waits=True):
        if is_whole(target, by_content=by_content):
            return target
        for leftover in target.parent.glob(f".{target.name}.[0-9]*{PART}"):
            shutil.rmtree(leftover)
        with whole_folder(target) as making:
            build(making)
            _write_manifest(making)
    return target


def _write_manifest(folder: Path) -> None:
    files = {
        str(file.relative_to(folder)): {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    (folder / MANIFEST).write_text(json.dumps({"files": files}, indent=1), encoding="utf-8")
