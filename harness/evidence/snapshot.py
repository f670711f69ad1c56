"""The task as a run saw it, kept in the run folder: resuming and redrawing never read changed data."""

from pathlib import Path

from harness.store.files import decode, encode, write_atomically
from harness.store.folder import RunFolder
from harness.task.task import Task


def write_snapshot(task: Task, folder: RunFolder) -> None:
    """Write the task with all its rows, and the resolved task file for people to read."""
    from io import StringIO

    from ruamel.yaml import YAML

    text = StringIO()
    YAML(typ="safe", pure=True).dump(dict(task.resolved), text)
    write_atomically(folder.path / "task.lock.yaml", text.getvalue())
    write_atomically(folder.snapshot, encode(Task, task))  # last: it says that both are there


def read_snapshot(folder: RunFolder) -> Task:
    """Read the task of a run.

    Raises:
        StoreError: If there is none, or another version wrote it.
    """
    from harness.errors import StoreError

    try:
        text = Path(folder.snapshot).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StoreError(f"{folder.path} holds no task snapshot; was the run stopped while it began?") from None
    task: Task = decode(Task, text)
    return task
