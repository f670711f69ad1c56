"""Remembered answers: one SQLite file that all runs of a user share, and that no run depends on.

Whatever is in it can be asked again, so no fault of the file ends a run, the oldest go when there are too many, and
no damaged record is believed: every record is sealed with a SHA-256 over its key and its text. A commit is synced
(rollback journal, `synchronous=FULL`). The file may be deleted while no run is at work.
"""

import fcntl
import hashlib
import os
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.atomic import intruder, is_private, private
from harness.store.journal import journal_fault

Log = Callable[[str], object]

FILE = "answers-1.sqlite"  # in the user's cache folder
WAIT_SECONDS = 30  # for another process that is writing
LARGEST = 2 * 2**30  # bytes of answers; beyond that the oldest go
_KEPT = 0.9  # of that is left then, so that not every answer needs room made
_LOOK = 50  # answers between two looks at the size
_TABLE = "CREATE TABLE answers (key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, record TEXT NOT NULL)"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# A damaged schema is quoted in SQLite's own message, which then need not be UTF-8.
_FAULTS = (sqlite3.Error, OSError, UnicodeError)
_BESIDE = ("", "-journal", "-wal", "-shm")  # what SQLite keeps, as suffixes of the file's name


class AnswerStore:
    """Reads and writes remembered answers; several processes may hold it open.

    Every process holds a shared lock on a file beside it. A damaged file, or one of another kind, is
    renamed by a process that is alone with it: SQLite must never see a file renamed under another one.
    """

    def __init__(self, path: Path, log: Log = warnings.warn, largest: int = LARGEST) -> None:
        """Open `path`, or make it.

        Args:
            path: The SQLite file.
            log: Told once when the file is set aside, cannot be read, or takes no more answers.
            largest: Bytes that the answers may take; the oldest make room.
        """
        self.path = path
        self._log = log
        self._largest = largest
        self._puts = 0
        self._takes_more = True
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        try:
            with private():
                path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            if not self._is_alone():
                fcntl.flock(self._lock, fcntl.LOCK_SH)
            self._connection = _opened(path)
        except _FAULTS as fault:
            self._heed(fault, is_reading=True)
        finally:
            self._share()

    def close(self) -> None:
        """Release the file."""
        self._let_go()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def get(self, key: str) -> str | None:
        """Return the record that was put under `key`, or None when there is none or it is not whole."""
        if self._connection is None:
            return None
        try:
            found = self._connection.execute("SELECT sha256, record FROM answers WHERE key=?", (key,)).fetchall()
        except _FAULTS as fault:
            self._heed(fault, is_reading=True)
            return None
        return _unsealed(key, *found[0]) if found else None

    def put(self, key: str, record: str) -> None:
        """Keep a record (JSON) under `key`; when that cannot be done, it is simply not kept."""
        if self._connection is None or not self._takes_more:
            return
        row = key, _seal(key, record.encode()), record
        try:
            self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?,?,?)", row)
            if self._puts % _LOOK == 0:
                _make_room(self._connection, self._largest)
            self._puts += 1
        except _FAULTS as fault:
            self._heed(fault, is_reading=False)

    def _heed(self, fault: Exception, *, is_reading: bool) -> None:
        """Do what a fault of the file asks for, and say so."""
        if _is_damage(fault):
            self._set_aside(fault)
        elif is_reading:
            self._let_go()
            self._log(f"{self.path}: cannot be used ({fault}); this time every answer is asked for again")
        else:
            self._takes_more = False
            self._log(f"{self.path}: cannot be written ({fault}); answers are not remembered from here on")

    def _set_aside(self, fault: Exception) -> None:
        """Rename the file and begin a new one, unless another process holds it or has done so already."""
        self._let_go()
        try:
            if not self._is_alone():
                self._log(f"{self.path}: damaged ({fault}) and held by another run; every answer is asked for again")
                return
            self._connection = _sound(self.path)
            if self._connection is None:
                aside = _renamed(self.path)
                self._log(f"{self.path}: damaged ({fault}); set aside as {aside.name} and a new one begun")
                self._connection = _opened(self.path)
        except _FAULTS as trouble:
            self._log(f"{self.path}: damaged ({fault}), and no new one can be begun ({trouble})")
        finally:
            self._share()

    def _is_alone(self) -> bool:
        """Take the lock for this process alone; False when another one holds it."""
        assert self._lock is not None  # there is no connection without it
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _share(self) -> None:
        if self._lock is not None:
            with suppress(OSError):  # the system has no such locks: that was said at opening
                fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _make_room(connection: sqlite3.Connection, largest: int) -> None:
    """Remove the oldest answers where all of them take too much; the file keeps its size and uses its pages again.

    An answer that is put again is a new row, with a higher number.
    """
    while (taken := _taken(connection)) > largest:
        (count,) = connection.execute("SELECT count(*) FROM answers").fetchone()
        spare = max(1, round(count * (1 - _KEPT * largest / taken)))
        connection.execute(
            "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY rowid LIMIT ?)", (spare,)
        )
        if spare >= count:
            return


def _taken(connection: sqlite3.Connection) -> int:
    """Return the bytes of the pages that hold something."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


class _ForeignFile(sqlite3.DatabaseError):
    """A sound SQLite file that holds something else."""


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file, made if it is not there; raises sqlite3.Error or OSError."""
    if not path.exists():
        path.touch(mode=0o600)
    folder = path.parent.resolve()
    for place in (folder, path):
        if fault := intruder(place, is_enclosed=place == path and is_private(folder)):
            raise PermissionError(f"{place} {fault}")
    if fault := journal_fault(path):
        raise PermissionError(fault)
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        connection.text_factory = bytes  # a damaged text need not be UTF-8
        connection.execute("PRAGMA synchronous=FULL")
        if not _tables(connection):
            connection.execute(_TABLE.replace("TABLE", "TABLE IF NOT EXISTS"))
        if _tables(connection) != [_TABLE.encode()]:
            raise _ForeignFile("it holds other tables")
    except BaseException:
        connection.close()
        raise
    return connection


def _tables(connection: sqlite3.Connection) -> list[Any]:
    return [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]


def _sound(path: Path) -> sqlite3.Connection | None:
    """Open the file if every page of it is as it should be; else None."""
    try:
        connection = _opened(path)
        if connection.execute("PRAGMA quick_check").fetchall() == [(b"ok",)]:
            return connection
        connection.close()
    except _FAULTS as fault:
        if not _is_damage(fault):
            raise
    return None


def _is_damage(fault: Exception) -> bool:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF  # the rest says more exactly what
    return isinstance(fault, _ForeignFile | UnicodeError) or code in _DAMAGE


def _renamed(path: Path) -> Path:
    """Rename the file, and what SQLite keeps beside it, to a name that is free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in _BESIDE:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _seal(key: str, record: bytes) -> str:
    return hashlib.sha256(key.encode() + b"\n" + record).hexdigest()


def _unsealed(key: str, seal: Any, record: Any) -> str | None:
    """Return a record as it was put; None when it, its key or its seal is not what it was."""
    if not isinstance(record, bytes) or seal != _seal(key, record).encode():
        return None
    return record.decode()
