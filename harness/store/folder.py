"""One run, one folder: runs/<task name>-<identity>/.

task.lock.yaml   the resolved task file            data/       the rows as the run saw them
ledger.sqlite    every finished item: the truth    adapters/   what the arms made, a folder each
run.log          what the worker and its libraries said
items.parquet, benchmarks.parquet, result.json, report.html, report.md, manifest.json: derived
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StoreError
from harness.store.files import write_atomically


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

    def arm(self, name: str) -> Path:
        """The folder of one arm's own files."""
        return self.path / "adapters" / name

    @property
    def identity(self) -> dict[str, str]:
        """What the folder belongs to.

        Raises:
            StoreError: If this is no run folder.
        """
        path = self.path / "identity.json"
        try:
            found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StoreError(f"{self.path} is no run folder: it has no identity.json") from None
        except (OSError, ValueError) as fault:
            raise StoreError(f"{path}: cannot be read ({fault})") from fault
        return found

    def claim(self, identity: dict[str, str]) -> None:
        """Make the folder, or check that it is this run's.

        Raises:
            StoreError: If it belongs to another task, other data, model or options.
        """
        if (self.path / "identity.json").exists():
            found = self.identity
            other = sorted(key for key in found.keys() | identity.keys() if found.get(key) != identity.get(key))
            if other:
                shown = ", ".join(f"{key} {found.get(key)} there, {identity.get(key)} now" for key in other)
                raise StoreError(f"{self.path} belongs to another run ({shown}); give another --out folder")
            return
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise StoreError(f"{self.path} exists and is no run folder; give an --out folder that is new or empty")
        self.path.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path / "identity.json", json.dumps(identity, indent=2, sort_keys=True) + "\n")

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the folder for one run; the lock goes when every process that holds the descriptor does.

        Yields:
            The lock's file descriptor, to be passed on to the worker.

        Raises:
            StoreError: If another run holds it.
        """
        handle = os.open(self.path / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreError(f"another run is using {self.path}; wait for it, or give another --out folder") from None
        try:
            yield handle
        finally:
            os.close(handle)
