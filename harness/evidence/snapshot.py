"""The task as a run saw it, kept in the run folder: resuming and redrawing never read changed data."""

import hashlib
from collections.abc import Mapping

from harness.errors import StoreError
from harness.evidence.pins import pinned
from harness.evidence.states import RUN, SNAPSHOT
from harness.store.files import decode, encode, hash_text, write_atomically
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task.task import Task


def write_snapshot(task: Task, folder: RunFolder, ledger: Ledger, commits: Mapping[str, str] | None = None) -> None:
    """Write the task with all its rows, and the resolved task file for people to read; the ledger keeps its hash.

    Args:
        task: The task as it was read.
        folder: Where the run keeps it.
        ledger: Of the run.
        commits: Of the hub's models, as the task file names them, for the resolved task file.
    """
    from io import StringIO

    from ruamel.yaml import YAML

    text = StringIO()
    YAML(typ="safe", pure=True).dump(pinned(task.resolved, commits or {}, task.commits), text)
    write_atomically(folder.path / "task.lock.yaml", text.getvalue())
    snapshot = encode(Task, task)
    write_atomically(folder.snapshot, snapshot)
    ledger.put_state(RUN, SNAPSHOT, hash_text(snapshot))  # last: it says that both are there


def read_snapshot(folder: RunFolder, ledger: Ledger) -> Task:
    """Read the task of a run.

    Raises:
        StoreError: If there is none, it was changed since, or another version wrote it.
    """
    expected = ledger.state(RUN, SNAPSHOT)
    if expected is None:
        raise StoreError(f"{folder.path} holds no task snapshot; was the run stopped while it began?")
    try:
        whole = folder.snapshot.read_bytes()
    except OSError as fault:
        raise StoreError(f"{folder.snapshot}: cannot be read ({fault}); give another --out folder") from fault
    if hashlib.sha256(whole).hexdigest() != expected:
        raise StoreError(f"{folder.snapshot}: changed since the run began; restore it or give another --out folder")
    task: Task = decode(Task, whole.decode())
    return task
