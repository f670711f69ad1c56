"""Watches every step by which a process writes, and lets it fail or kills the run there, as it is told.

SCORECARD_BARRIER  file to wait for: at the start, or, with SCORECARD_AT_LOCK, before the first lock is asked for
SCORECARD_FILE_SIZE  limit of a file in bytes            SCORECARD_SMALL_DISK  skip the check for room
SCORECARD_WATCH  folders whose files are watched        SCORECARD_TRACE  folder in which steps are counted
SCORECARD_FAULT  JSON: {"kind": "kill", "point": NAME, "nth": N}
                 or {"kind": "error", "errno": E, "nth": N, "lasting": BOOL}

A point is 'before' or 'after' a step: a write, a sync of a file or folder, a rename, a removal, a commit, a lock taken
or released. Steps are counted over all processes of the run, in files whose size is the count.
"""

import builtins
import errno
import fcntl
import io
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace

_WATCHED = tuple(filter(None, os.environ.get("SCORECARD_WATCH", "").split(os.pathsep)))
_TRACE = os.environ.get("SCORECARD_TRACE", "")
_FAULT = json.loads(os.environ.get("SCORECARD_FAULT", "{}"))
STEPS, FIRED = "steps", "fired"  # files in the trace folder

_open, _fsync, _close, _flock = io.open, os.fsync, os.close, fcntl.flock
_replace, _rename, _unlink, _connect = os.replace, os.rename, os.unlink, sqlite3.connect
_locked = set()  # descriptors


def install():
    """Wrap what Python offers to write with; what C libraries write by themselves is seen at its rename."""
    barrier = os.environ.pop("SCORECARD_BARRIER", None)  # taken out: the worker shall not wait
    if barrier and "SCORECARD_AT_LOCK" not in os.environ:
        _wait_at(Path(barrier))
    elif barrier:
        fcntl.flock = _after(Path(barrier))
    if "SCORECARD_FILE_SIZE" in os.environ:
        size = int(os.environ["SCORECARD_FILE_SIZE"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    if "SCORECARD_SMALL_DISK" in os.environ:
        # the run's check before it starts would refuse: let it begin, as if the disk filled up later
        shutil.disk_usage = lambda path: SimpleNamespace(total=2**40, used=0, free=2**40)
    if not _TRACE:
        return
    io.open = builtins.open = open_watched
    os.fsync, os.close, fcntl.flock = fsync, close, flock
    os.replace, os.rename, os.unlink, os.remove = _two_names(_replace), _two_names(_rename), unlink, unlink
    sqlite3.connect = connect


def _wait_at(barrier):
    """Say that this process is here, and wait until the barrier's file exists."""
    Path(f"{barrier}.{os.getpid()}").touch()
    while not barrier.exists():
        time.sleep(0.0002)


def _after(barrier):
    """Return a `flock` that waits at the barrier before the first lock is asked for."""

    def lock(handle, operation):
        fcntl.flock = _flock
        _wait_at(barrier)
        _flock(handle, operation)

    return lock


# ---- points --------------------------------------------------------------------------------


def step(name):
    """Count a step about to be done; kill or fail here when it is the one."""
    reach(f"before {name}")
    number = _count(STEPS)
    if _FAULT.get("kind") != "error":
        return
    if number == _FAULT["nth"] or (_FAULT["lasting"] and number > _FAULT["nth"]):
        _count(FIRED)
        raise OSError(_FAULT["errno"], os.strerror(_FAULT["errno"]), name)


def reach(point):
    """Count a point; kill the run here when it is the one."""
    if _is_due(point):
        _kill()


def _is_due(point):
    number = _count(point)
    return _FAULT.get("kind") == "kill" and point == _FAULT["point"] and number == _FAULT["nth"]


def _kill():
    """End every process of the run's session at once, this one last."""
    import psutil

    _count(FIRED)
    session = os.getsid(0)
    for pid in psutil.pids():
        with suppress(OSError):
            if pid != os.getpid() and os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _count(name):
    """Append a byte to a counter; the file's length behind it is the number, whichever process asks."""
    handle = os.open(f"{_TRACE}/{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, b".")
        return os.lseek(handle, 0, os.SEEK_CUR)
    finally:
        _close(handle)


def _is_watched(path):
    return isinstance(path, str | os.PathLike) and str(path).startswith(_WATCHED)


def _plain(path):
    """Name a file without what differs from run to run: '.result.json.4711.part' is 'result.json'."""
    name = Path(path).name.removesuffix(".part").lstrip(".")
    return re.sub(r"\.\d+$|-[0-9a-f]{8,}|(?<=making-)\w+", "", name) or "folder"


def _path_of(handle):
    try:
        return str(Path(f"/proc/self/fd/{handle}").readlink())
    except OSError:
        return ""


# ---- steps ---------------------------------------------------------------------------------


class WatchedFile(io.FileIO):
    """A file whose writes are steps; a kill may also come when half is written."""

    def write(self, data):
        name = f"write {_plain(self.name)}"
        step(name)
        if _is_due(f"half {name}"):
            super().write(bytes(data)[: len(data) // 2])
            _kill()
        written = super().write(data)
        reach(f"after {name}")
        return written


def open_watched(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    if not set("wax+") & set(mode) or not _is_watched(file):
        return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw = WatchedFile(os.fspath(file), mode.replace("b", "").replace("t", ""), closefd, opener)
    if buffering == 0:
        return raw
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline, buffering == 1)


def fsync(handle):
    path = _path_of(handle if isinstance(handle, int) else handle.fileno())
    if not _is_watched(path):
        return _fsync(handle)
    name = f"sync folder {_plain(path)}" if Path(path).is_dir() else f"sync {_plain(path)}"
    step(name)
    _fsync(handle)
    reach(f"after {name}")


def _two_names(real):
    def move(source, target, **more):
        if not _is_watched(target):
            return real(source, target, **more)
        step(f"rename {_plain(target)}")
        real(source, target, **more)
        reach(f"after rename {_plain(target)}")

    return move


def unlink(path, **more):
    if not _is_watched(path):
        return _unlink(path, **more)
    reach(f"before remove {_plain(path)}")
    _unlink(path, **more)
    reach(f"after remove {_plain(path)}")


def flock(handle, operation):
    path = _path_of(handle if isinstance(handle, int) else handle.fileno())
    if not _is_watched(path):
        return _flock(handle, operation)
    reach(f"before lock {_plain(path)}")
    _flock(handle, operation)
    _locked.add(handle if isinstance(handle, int) else handle.fileno())
    reach(f"after lock {_plain(path)}")


def close(handle):
    if handle not in _locked:
        return _close(handle)
    _locked.discard(handle)
    name = _plain(_path_of(handle))
    reach(f"before unlock {name}")
    _close(handle)
    reach(f"after unlock {name}")


# ---- SQLite --------------------------------------------------------------------------------


_WRITES = re.compile(r"\s*(?:(?:INSERT|REPLACE)\b.*?\bINTO|DELETE\s+FROM|UPDATE)\s+(\w+)", re.IGNORECASE | re.DOTALL)


class WatchedConnection(sqlite3.Connection):
    """A connection whose commits are steps, named after what was written last."""

    path, last = "", ""

    def execute(self, sql, values=(), /):
        with self._watched(sql, values):
            return super().execute(sql, values)

    def executemany(self, sql, values, /):
        with self._watched(sql, ()):
            return super().executemany(sql, values)

    def executescript(self, sql, /):
        self.last = "tables"
        with _commit(self):
            return super().executescript(sql)

    def commit(self):
        with _commit(self):
            super().commit()

    def __exit__(self, kind, fault, trace):
        if kind is None:
            self.commit()
            return False
        return super().__exit__(kind, fault, trace)

    def _watched(self, sql, values):
        """Return the step around a statement that commits: COMMIT itself, or a write outside a transaction."""
        found = _WRITES.match(sql)
        if found:
            stage = values[1] if found[1] == "states" and len(values) > 1 else ""
            self.last = f"{found[1]} {stage}".strip()
        commits_alone = found and self.isolation_level is None and not self.in_transaction
        is_commit = commits_alone or sql.lstrip().upper().startswith("COMMIT")
        return _commit(self) if is_commit else nullcontext()


class _commit:
    """The step around a commit; an error is SQLite's own for it."""

    def __init__(self, connection):
        self.name = f"commit {_plain(connection.path)} {connection.last}".strip()
        self.is_watched = _is_watched(connection.path)

    def __enter__(self):
        try:
            if self.is_watched:
                step(self.name)
        except OSError as fault:
            is_full = fault.errno == errno.ENOSPC
            error = sqlite3.OperationalError("database or disk is full" if is_full else "disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL if is_full else sqlite3.SQLITE_IOERR
            raise error from None

    def __exit__(self, kind, *_):
        if self.is_watched and kind is None:
            reach(f"after {self.name}")


def connect(database, *arguments, **more):
    connection = _connect(database, *arguments, **{"factory": WatchedConnection} | more)
    connection.path = str(database)
    return connection
