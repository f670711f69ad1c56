"""Folders that are whole or absent, and the lock that keeps processes out of each other's way."""

import fcntl
import grp
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
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


def intruder(path: Path, *, is_enclosed: bool = False) -> str:
    """Say why a file or folder may hold what somebody else put there; '' where only its owner, us, could write it.

    The system's own files are trusted. A pipe or a device is no file, and a link is not trusted, wherever it leads.
    Rights of a group in which nobody but us is count for nothing, and so do rights below a folder that nobody but us
    can enter, as a default ACL or a volume of a container gives them; a file that has another name elsewhere could be
    written by that name.

    Args:
        path: What is looked at.
        is_enclosed: Whether it lies below a folder of which `is_private` is true.

    Raises:
        OSError: If it is not there.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return "is a link"
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return "is a pipe, a socket or a device"
    if found.st_uid not in (os.geteuid(), 0):
        return "belongs to another user"
    is_writable = bool(found.st_mode & 0o002) or (bool(found.st_mode & 0o020) and not _is_only_ours(path, found.st_gid))
    if not is_writable or (is_enclosed and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1)):
        return ""
    return "may be written by others"


def is_private(folder: Path) -> bool:
    """Whether nobody but us, and the system, can enter a folder; a group's bits bound what an ACL gives, too."""
    found = folder.stat()
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & 0o077


def _is_only_ours(path: Path, group: int) -> bool:
    """Whether the rights of a file's group are ours alone; an ACL may stand behind them, and name anybody."""
    return not _has_acl(path) and group in (os.getegid(), *os.getgroups()) and not _others_in(group, os.geteuid())


def _has_acl(path: Path) -> bool:
    if not hasattr(os, "getxattr"):  # not Linux: nobody can say
        return True
    try:
        return bool(os.getxattr(path, "system.posix_acl_access", follow_symlinks=False))
    except OSError:
        return False


@lru_cache(maxsize=64)
def _others_in(group: int, user: int) -> bool:
    """Whether this system knows another user in a group, by membership or as theirs."""
    known = pwd.getpwall()
    mine = {one.pw_name for one in known if one.pw_uid == user}
    try:
        members = set(grp.getgrgid(group).gr_mem)
    except KeyError:  # a number alone, as containers use them
        members = set()
    return bool(members - mine) or any(one.pw_gid == group and one.pw_uid != user for one in known)


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
