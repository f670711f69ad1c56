"""The main job: every arm on the same locked items, then the decision and the report."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from harness.errors import HarnessError, TaskFileError
from harness.evidence.collect import collect
from harness.evidence.outputs import write_outputs
from harness.evidence.provenance import manifest, model_digest, now
from harness.evidence.scale import scaled
from harness.evidence.snapshot import read_snapshot, write_snapshot
from harness.evidence.states import ENDED, FITTED, MANIFEST, MEMORY, RUN, EndState, FittedState
from harness.evidence.supervise import MemoryWatch, Supervisor, WorkerDied
from harness.plugins import suggest
from harness.records import Run
from harness.store.files import decode, encode, hash_data
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task.task import Task


class Observer(Protocol):
    """Whoever watches a run: the terminal, or nobody."""

    def began(self, name: str, number: int, total: int) -> None:
        """A job (an arm, or a base's general ability) began."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """A stage of the job went on."""

    def log(self, message: str) -> None:
        """Something worth a line happened."""

    def ended(self, name: str, state: EndState, seconds: float) -> None:
        """The job ended."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line adds to a task file."""

    out: Path | None = None  # the run folder; default runs/<name>-<identity>
    arms: tuple[str, ...] = ()  # only these now; empty: all
    limit: int | None = None  # only the first test examples
    is_fast: bool = False  # a smoke run


def compare(task: Task, settings: Settings, observer: Observer) -> tuple[Run, RunFolder]:
    """Gather evidence for every arm that has none yet, decide, and write the reports.

    Raises:
        HarnessError: If the task, the model or the run folder cannot be used.
    """
    from harness.engine.assets import resolve_model

    _check(task, settings)
    task = scaled(task, limit=settings.limit, is_fast=settings.is_fast)
    model = str(resolve_model(task.model, observer.log))
    digest = model_digest(model)
    identity = {"task": task.name, "content": task.digest, "model": digest}
    folder = RunFolder(settings.out or Path("runs") / f"{task.name}-{hash_data(identity)[:8]}")
    folder.claim(identity)
    for line in (*task.notes, f"run folder {folder.path}"):
        observer.log(line)
    with folder.locked():
        ledger = Ledger(folder.ledger)
        if not folder.snapshot.exists():
            write_snapshot(task, folder)
        task = read_snapshot(folder)
        _begin(task, model, digest, identity, settings, ledger)
        _run_jobs(_jobs(task, settings.arms, ledger), folder, model, ledger, settings, observer)
        run = collect(folder, task, ledger)
        write_outputs(run, folder)
        ledger.close()
    return run, folder


def redraw(path: Path) -> tuple[Run, RunFolder]:
    """Decide again from a run folder's stored evidence and rewrite its reports; no model is loaded."""
    folder = RunFolder(path)
    _ = folder.identity  # refuses what is no run folder
    ledger = Ledger(folder.ledger)
    run = collect(folder, read_snapshot(folder), ledger)
    write_outputs(run, folder)
    ledger.close()
    return run, folder


def _check(task: Task, settings: Settings) -> None:
    known = {arm.name: arm for arm in task.arms}
    faults = [
        f"--arm {name}: the task has no such arm{suggest(name, known)}" for name in settings.arms if name not in known
    ]
    if len(task.seeds) != 1:
        faults.append(f"seeds: {list(task.seeds)}: one seed a run for now; give one, and another --out for the next")
    if faults:
        raise TaskFileError(str(task.file), faults)


def _begin(task: Task, model: str, digest: str, identity: dict[str, str], settings: Settings, ledger: Ledger) -> None:
    if ledger.state(RUN, MANIFEST) is None:
        record = manifest(task, model, digest, identity) | {"is_fast": settings.is_fast, "limit": settings.limit}
        ledger.put_state(RUN, MANIFEST, json.dumps(record))


def _amend_manifest(ledger: Ledger, values: Mapping[str, Any]) -> None:
    record = json.loads(ledger.state(RUN, MANIFEST) or "{}")
    ledger.put_state(RUN, MANIFEST, json.dumps(record | dict(values)))


@dataclass(frozen=True, slots=True)
class _Job:
    """One thing for the worker to do."""

    title: str
    message: Mapping[str, Any]
    arm: str | None = None


def _jobs(task: Task, asked: Sequence[str], ledger: Ledger) -> list[_Job]:
    """List what is still to do; an arm that failed is tried again.

    The base's general ability comes first: it needs no arm, and it finds a wrong benchmark name
    before anything is spent.
    """
    jobs = []
    if ledger.general("base") is None:
        jobs.append(_base_job(None))
    for arm in task.arms:
        stored = ledger.state(arm.name, ENDED)
        is_done = stored is not None and decode(EndState, stored).status == "ok"
        if not is_done and (not asked or arm.name in asked):
            jobs.append(_Job(arm.name, {"job": "arm", "name": arm.name}, arm.name))
    return jobs


def _base_job(quantization: str | None) -> _Job:
    title = f"general ability of the {'4-bit ' if quantization else ''}base"
    return _Job(title, {"job": "base", "quantization": quantization})


def _missing_bases(task: Task, ledger: Ledger) -> list[_Job]:
    """List the quantised bases that finished arms are to be compared with."""
    used = set()
    for arm in task.arms:
        stored = ledger.state(arm.name, FITTED)
        if stored:
            used.add(decode(FittedState, stored).program["weights"]["quantization"])
    return [_base_job(name) for name in sorted(filter(None, used)) if ledger.general(f"base_{name}") is None]


def _run_jobs(
    jobs: list[_Job], folder: RunFolder, model: str, ledger: Ledger, settings: Settings, observer: Observer
) -> None:
    started = time.monotonic()
    peak = 0.0
    with Supervisor(folder, model, is_fast=settings.is_fast) as supervisor:
        queue = list(jobs)
        number = 0
        while queue or (queue := _missing_bases(read_snapshot(folder), ledger)):
            job = queue.pop(0)
            number += 1
            observer.began(job.title, number, max(len(jobs), number))
            with MemoryWatch() as memory:
                begin = time.monotonic()
                state = _do(job, supervisor, ledger, observer)
            peak = max(peak, memory.peak_mb)
            if job.arm:
                ledger.put_state(job.arm, MEMORY, str(memory.peak_mb))
            observer.ended(job.title, state, time.monotonic() - begin)
            if job.arm is None and state.status != "ok":
                raise HarnessError(f"{job.title} could not be measured: {state.reason}")
    if jobs:
        _amend_manifest(ledger, _spent(ledger, time.monotonic() - started, peak))


def _spent(ledger: Ledger, seconds: float, peak: float) -> dict[str, Any]:
    before = json.loads(ledger.state(RUN, MANIFEST) or "{}")
    return {
        "finished": now(),
        "seconds": before.get("seconds", 0.0) + seconds,
        "peak_memory_mb": max(before.get("peak_memory_mb", 0.0), peak),
    }


def _do(job: _Job, supervisor: Supervisor, ledger: Ledger, observer: Observer) -> EndState:
    """Let the worker do one job, and record how an arm ended that did not get to say so itself."""
    state = EndState("ok")
    try:
        for event in supervisor.do(dict(job.message)):
            if event["event"] == "progress":
                observer.progress(event["stage"], event["done"], event["total"])
            elif event["event"] == "log":
                observer.log(event["message"])
            elif event["event"] == "ready":
                _amend_manifest(ledger, {"engine": {k: v for k, v in event.items() if k != "event"}})
            elif event["event"] == "failed":
                if event["is_fatal"]:
                    raise HarnessError(event["reason"])
                state = EndState("failed", event["reason"])
    except WorkerDied as death:
        state = EndState("failed", str(death))
    if job.arm is None:
        return state
    if state.status == "failed":
        ledger.put_state(job.arm, ENDED, encode(EndState, state))
    stored = ledger.state(job.arm, ENDED)
    return decode(EndState, stored) if stored else replace(state, status="failed", reason="the arm left no end state")
