"""Folders that are whole or absent, and the lock that keeps processes out of each other's way."""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"  # ends the names of what is being made


def sync(path: Path) -> None:
    """Make a file's bytes, or the renames inside a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def private() -> Iterator[None]:
    """Make whatever is made in the block, by child processes too, readable by its owner alone, whatever the umask."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def intruder(path: Path) -> str:
    """Say why a file or folder may hold what somebody else put there; '' where only its owner, us, could write it.

    The system's own files are trusted. A link is not, wherever it leads.

    Raises:
        OSError: If it is not there.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return "is a link"
    if found.st_uid not in (os.geteuid(), 0):
        return "belongs to another user"
    return "may be written by others" if found.st_mode & 0o022 else ""


@contextmanager
def making(target: Path) -> Iterator[Path]:
    """Lend an empty folder beside `target` in which to make it; what is left there at the end is removed.

    Raises:
        OSError: If the disk is full or refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    shutil.rmtree(aside, ignore_errors=True)  # of a process of this number that was killed
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Lend a folder as `making` does, which takes the place of `target` when the block ends well.

    Its files are synced, it is renamed, and the rename is synced: after a crash `target` is as it was or all new, or,
    where there was an older one, absent.

    Raises:
        OSError: If the disk is full or refuses.
    """
    with making(target) as aside:
        yield aside
        for path in [*aside.rglob("*"), aside]:
            sync(path)
        if target.exists():
            shutil.rmtree(target)
        aside.rename(target)
    sync(target.parent)


@contextmanager
def locked(file: Path, *, waits: bool) -> Iterator[int]:
    """Hold the lock of a file, made if it is not there; it goes when every process that has its descriptor ends.

    Args:
        file: On a disk that has locks; many network disks have none.
        waits: For another process that holds it.

    Yields:
        The descriptor, to be passed on to child processes.

    Raises:
        BlockingIOError: If another process holds it and this one does not wait.
        OSError: If the file cannot be made or locked.
    """
    handle = os.open(file, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        yield handle
    finally:
        os.close(handle)
