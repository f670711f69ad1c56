"""Files that are whole or absent, and hashes of what is in them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.errors import StoreError


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` with `text`; after a crash it holds the old text or the new one, never a part.

    The text is synced to a temporary file beside it, renamed, and the folder is synced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's bytes, or the renames inside a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_folder(folder: Path) -> str:
    """Return the sha256 over the names and bytes of all files below `folder`, in hex."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


def hash_data(data: object) -> str:
    """Return the sha256 of JSON-ready data, in hex; the order of keys does not count."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def encode(kind: Any, record: object) -> str:
    """Turn a record of `harness.records` (or a tuple of them) into one line of JSON."""
    return TypeAdapter(kind).dump_json(record).decode()


def decode(kind: Any, text: str) -> Any:
    """Read what `encode` wrote.

    Raises:
        StoreError: If the text is not such a record.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValueError as fault:
        name = getattr(kind, "__name__", str(kind))
        raise StoreError(f"a stored {name} cannot be read ({fault}); it was written by another version") from fault
