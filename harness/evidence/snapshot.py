"""The task as a run saw it, kept in the run folder: resuming and redrawing never read changed data."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.errors import StoreError
from harness.evidence.pins import benchmark_commits, pinned
from harness.evidence.states import BENCHMARKS, RUN, SNAPSHOT, BenchmarkState, amend_manifest
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
    _write_lock(task, folder, commits or {})
    snapshot = encode(Task, task)
    write_atomically(folder.snapshot, snapshot)
    ledger.put_state(RUN, SNAPSHOT, hash_text(snapshot))  # last: it says that both are there


def _write_lock(task: Task, folder: RunFolder, commits: Mapping[str, str]) -> None:
    from io import StringIO

    from ruamel.yaml import YAML

    text = StringIO()
    YAML(typ="safe", pure=True).dump(pinned(task.resolved, commits, task.commits), text)
    write_atomically(folder.path / "task.lock.yaml", text.getvalue())


def pin_benchmarks(folder: RunFolder, ledger: Ledger, commits: Mapping[str, str], log: Callable[[str], object]) -> bool:
    """Look up which commits of data sets the benchmarks read, the first time that some are to be asked.

    From then on the task has them, and the resolved task file names them. A run that asks none needs none.

    Args:
        folder: Of the run.
        ledger: Of the run; keeps what was found.
        commits: Of the hub's models, as for `write_snapshot`.
        log: Told of benchmarks that have no commit.

    Returns:
        Whether the task is another one than before.

    Raises:
        HarnessError: If a benchmark is unknown or its data cannot be had.
    """
    if ledger.state(RUN, BENCHMARKS) is not None:
        return False
    task = read_snapshot(folder, ledger)
    of_sets, notes = benchmark_commits(task.general.tasks, task.general.include_path, task.general.commits)
    for note in notes:
        log(note)
    state = BenchmarkState(of_sets, tuple(notes))
    now = _with_benchmarks(task, state)
    if of_sets:
        _write_lock(now, folder, commits)
        amend_manifest(ledger, {"benchmark_commits": of_sets})
    ledger.put_state(RUN, BENCHMARKS, encode(BenchmarkState, state))  # last: all is written
    return now != task


def _with_benchmarks(task: Task, read: BenchmarkState) -> Task:
    resolved = {**task.resolved, "general": {**task.resolved["general"], "commits": dict(read.commits)}}
    general = replace(task.general, commits=dict(read.commits))
    return replace(task, general=general, resolved=resolved, notes=(*task.notes, *read.notes))


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
    stored = ledger.state(RUN, BENCHMARKS)
    return _with_benchmarks(task, decode(BenchmarkState, stored)) if stored else task
