"""One run, one folder: runs/<task name>-<identity>/.

task.lock.yaml   the resolved task file            data/       the rows as the run saw them
ledger.sqlite    every finished item: the truth    adapters/   what the arms made, a folder each
run.log          what the worker and its libraries said
items.parquet, benchmarks.parquet, result.json, report.html, report.md, manifest.json: derived
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.atomic import PART, intruder, is_private, locked, private
from harness.errors import StoreError
from harness.json_files import read_json
from harness.records import Fit
from harness.store.files import unwritable, write_atomically

# Adapters, indexes and tables of a usual run take tens of megabytes; a training with its checkpoints a few times that.
LEAST_FREE_BYTES = 200 * 2**20
IDENTITY = "identity.json"
LOCK = ".lock"
LATEST = "latest"  # a link beside the run folders, to the newest one


def run_folder(path: Path) -> "RunFolder":
    """Return the run folder that a user named, where need be by the link to the newest one."""
    return RunFolder(path.parent / path.readlink() if path.is_symlink() else path)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where one run keeps everything."""

    path: Path

    @property
    def ledger(self) -> Path:
        """The SQLite file."""
        return self.path / "ledger.sqlite"

    @property
    def snapshot(self) -> Path:
        """The task as the run saw it, data included."""
        return self.path / "data" / "task.json"

    @property
    def log(self) -> Path:
        """What worker and libraries said."""
        return self.path / "run.log"

    @property
    def shared(self) -> Path:
        """Artefacts addressed by a hash of all that made them."""
        return self.path / "shared"

    def of(self, fit: Fit) -> Path:
        """The folder of one fit's own files."""
        return self.path / "adapters" / fit.name

    @property
    def latest(self) -> Path:
        """The link beside the run folders that leads to the newest one."""
        return self.path.with_name(LATEST)

    def become_latest(self) -> bool:
        """Let the link lead here; False where something that is not a link has its name, which is left alone."""
        if self.latest.exists() and not self.latest.is_symlink():
            return False
        aside = self.path.with_name(f".{LATEST}.{os.getpid()}{PART}")
        try:
            aside.symlink_to(self.path.name)
            aside.replace(self.latest)
        except OSError as fault:
            raise unwritable(self.latest, fault) from fault
        return True

    @property
    def identity(self) -> dict[str, str]:
        """What the folder belongs to.

        Raises:
            StoreError: If this is not a run folder.
        """
        path = self.path / IDENTITY
        if not path.exists():
            raise StoreError(f"{self.path} is not a run folder: it has no {IDENTITY}")
        self.check_owner()
        try:
            found = read_json(path)
        except (OSError, ValueError) as fault:
            raise StoreError(f"{path}: cannot be read ({fault}); give another --out folder") from fault
        if not isinstance(found, dict):
            raise StoreError(f"{path}: holds no identity; give another --out folder")
        return found

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Make the folder and hold it for one run; the lock goes when every process that holds it does.

        Yields:
            The lock's file descriptor, to be passed on to the worker.

        Raises:
            StoreError: If another run holds it, the folder is of another kind, or the disk is nearly full.
        """
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path} is a file; give an --out folder that is new or empty")
        names = {path.name for path in self.path.iterdir()} if self.path.exists() else set()
        if names and not names & {IDENTITY, LOCK}:
            raise StoreError(f"{self.path} exists and is not a run folder; give an --out folder that is new or empty")
        self._check_space()
        if self.path.exists() and not names:  # made for this run, with whatever rights
            with suppress(PermissionError):  # somebody else's, as is said next
                self.path.chmod(0o700)
        self.check_owner()
        with ExitStack() as held:
            held.enter_context(private())
            handle = self._hold(held)
            self.path.chmod(0o700)
            for left in list(self.path.rglob(f".*{PART}")):  # of a process that was killed while it wrote
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
            yield handle

    def _hold(self, held: ExitStack) -> int:
        """Take the lock for as long as `held` is open."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return held.enter_context(locked(self.path / LOCK, waits=False))
        except BlockingIOError:
            text = f"another run is using {self.path}; wait for it, or give another --out folder"
            raise StoreError(text) from None
        except OSError as fault:
            text = f"{self.path}: cannot be made or locked ({fault}); fix its rights or space, or give an --out folder"
            raise StoreError(f"{text} on another, local disk") from fault

    def check_owner(self) -> None:
        """Refuse a folder into which somebody else may have put something; what it holds would be believed.

        Raises:
            StoreError: If it holds a link, or anything that others own or may write.
        """
        if not self.path.is_dir():
            return
        own = self.path.resolve()
        is_enclosed = is_private(own)
        for path in [own, *sorted(self.path.rglob("*"))]:
            try:
                fault = intruder(path, is_enclosed=is_enclosed)
            except OSError:
                continue  # it went while we looked: a journal, a temporary file
            remedy = "remove it, or give another --out folder"
            if fault in ("is a link", "is a pipe, a socket or a device"):
                raise StoreError(f"{path} {fault}, and a run folder holds none; {remedy}")
            if fault == "belongs to another user":
                remedy = "make a copy of your own, or give the command as that user"
                raise StoreError(f"{path} {fault}, so it is not trusted; if you know what it holds: {remedy}")
            if fault:
                remedy = "make a copy of your own, and chmod -R go-w it"
                raise StoreError(f"{path} {fault}, so it is not trusted; if you know what it holds: {remedy}")

    def claim(self, identity: dict[str, str]) -> None:
        """Say whose the folder is, or check that it is this run's; for the holder of the lock.

        Raises:
            StoreError: If it belongs to another task, other data, model, versions or options.
        """
        if not (self.path / IDENTITY).exists():
            write_atomically(self.path / IDENTITY, json.dumps(identity, indent=2, sort_keys=True) + "\n")
            return
        found = self.identity
        other = sorted(key for key in found.keys() | identity.keys() if found.get(key) != identity.get(key))
        if other:
            shown = ", ".join(f"{key} {found.get(key)} there, {identity.get(key)} now" for key in other)
            raise StoreError(f"{self.path} belongs to another run ({shown}); give another --out folder")

    def _check_space(self) -> None:
        """Refuse a disk on which the run would hardly come to its end."""
        there = next(path for path in (self.path.absolute(), *self.path.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        if free < LEAST_FREE_BYTES:
            raise StoreError(
                f"{there}: {free / 2**20:.0f} MB are free, and a run may need {LEAST_FREE_BYTES / 2**20:.0f} MB "
                "for its adapters and tables; free some space, or give an --out folder on another disk"
            )
