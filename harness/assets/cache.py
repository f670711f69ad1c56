"""The user's cache: folders that exist whole or not at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from harness.atomic import PART, intruder, is_private, locked, private, whole_folder
from harness.errors import HarnessError, ModelError
from harness.json_files import read_json
from harness.paths import expanded

MANIFEST = "manifest.json"


def cache_folder() -> Path:
    """Return where downloads are kept: `$HARNESS_CACHE`, or `~/.cache/prompt-rag-or-tune`.

    Raises:
        HarnessError: If there is no home folder.
    """
    try:
        return expanded(os.environ.get("HARNESS_CACHE") or Path("~", ".cache", "prompt-rag-or-tune"))
    except HarnessError as fault:
        raise HarnessError(f"no folder for downloads: {fault}, and set HARNESS_CACHE to it") from fault


def sha256_of(file: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256_as_it_stands(file: Path) -> str:
    """Return a file's SHA-256, computed once a process unless it was written since."""
    found = file.stat()
    return _sha256_of_state(file, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=64)
def _sha256_of_state(file: Path, *state: int) -> str:
    return sha256_of(file)


def check_owner(folder: Path) -> None:
    """Refuse a folder of the cache into which somebody else may have put something; its owner may have linked it.

    Raises:
        ModelError: If it or a file of it is a link, belongs to another user, or may be written by others.
    """
    above, own = folder.parent.resolve(), folder.resolve()
    is_enclosed = own.is_dir() and is_private(own)
    for path in [above, own, *sorted(own.rglob("*"))]:
        if os.path.lexists(path) and (fault := intruder(path, is_enclosed=is_enclosed and path != above)):
            remedy = f"give another HARNESS_CACHE, or remove {folder} and run `harness setup` again"
            raise ModelError(f"{path} {fault}, so it is not trusted; {remedy}")


def is_whole(folder: Path, *, by_content: bool = False) -> bool:
    """Whether every file that the folder's manifest names is there at its full size.

    Args:
        folder: A folder that `make_whole` may have made.
        by_content: Also compare every file's SHA-256 (a second per half gigabyte).
    """
    try:
        files = read_json(folder / MANIFEST)["files"]
        for name, expected in files.items():
            file = folder / name
            if file.stat().st_size != expected["bytes"]:
                return False
            if by_content and _sha256_as_it_stands(file) != expected["sha256"]:
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return bool(files)


def make_whole(target: Path, build: Callable[[Path], None]) -> Path:
    """Return `target`, built first if it is not there whole: every file is compared with its SHA-256, once a process.

    `build` fills a folder that takes the target's place when it has its manifest, so a killed build is
    never taken for a finished one. Of two processes at once, one builds and the other waits for it.

    Raises:
        ModelError: If somebody else may have written what is there.
    """
    check_owner(target)
    if is_whole(target, by_content=True):
        return target
    with private():
        target.parent.mkdir(parents=True, exist_ok=True)
    with private(), locked(target.parent / f".{target.name}.lock", waits=True):
        if is_whole(target, by_content=True):
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
