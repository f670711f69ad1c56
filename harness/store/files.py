"""Files that are whole or absent, and hashes of what is in them."""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter, ValidationError

from harness.atomic import PART
from harness.atomic import sync as sync  # part of what is offered here
from harness.errors import StoreError

# No space left, quota used up, file larger than allowed.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` with `text`; after a crash it holds the old text or the new one, never a part.

    Raises:
        StoreError: If the disk is full or refuses; the old text is still there.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def appending(path: Path) -> TextIO:
    """Open a text file to write at its end; it is ours alone, and a link in its place is refused.

    Raises:
        OSError: If it cannot be opened.
    """
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    return os.fdopen(handle, "a", encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend a temporary file beside `path`, which takes its place when the block ends well.

    The temporary file is synced, renamed, and the folder is synced.

    Raises:
        StoreError: If the disk is full or refuses; `path` is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    except OSError as fault:
        raise unwritable(path, fault) from fault
    finally:
        with suppress(OSError):  # a disk that refuses must not hide why
            temporary.unlink(missing_ok=True)


def unwritable(path: Path, fault: BaseException) -> StoreError:
    """Say what could not be written, and that the run continues from what is finished."""
    if not path.parent.is_dir():
        return StoreError(
            f"{path.parent} is gone: it was removed or renamed while it was in use. Put it back and give the same "
            "command to continue; without it, the same command begins again"
        )
    remedy = "free some space" if is_disk_full(fault) else "fix its disk or its rights"
    return StoreError(
        f"{path}: cannot be written ({fault}); {remedy}. "
        "Everything finished is kept: the same command continues from there"
    )


def is_disk_full(fault: BaseException) -> bool:
    """Whether a fault, or what it came of, is lack of disk space, quota or allowed file size."""
    cause: BaseException | None = fault
    while cause is not None:
        if (isinstance(cause, OSError) and cause.errno in _FULL) or "disk is full" in str(cause):  # SQLite's words
            return True
        cause = cause.__cause__
    return False


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_text(text: str) -> str:
    """Return the sha256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_folder(folder: Path) -> str:
    """Return the sha256 over the names and bytes of all files below `folder`, in hex."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


def hash_data(data: object) -> str:
    """Return the sha256 of JSON-ready data, in hex; the order of keys does not count."""
    return hash_text(json.dumps(data, sort_keys=True, ensure_ascii=False))


def encode(kind: Any, record: object) -> str:
    """Turn a record of `harness.records` (or a tuple of them) into one line of JSON.

    A score that could not be had is NaN, which pydantic would write as null and then refuse to read.
    """
    plain = TypeAdapter(kind).dump_python(record, mode="json")
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def decode(kind: Any, text: str) -> Any:
    """Read what `encode` wrote.

    Raises:
        StoreError: If the text is not such a record.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as fault:
        name = getattr(kind, "__name__", str(kind))
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its text"
        said = f"{where}: {first['msg']}"
        raise StoreError(f"a stored {name} cannot be read ({said}); it was written by another version") from fault
