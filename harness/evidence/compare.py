"""The main job: every arm on the same locked items, then the decision and the report."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from harness.atomic import private
from harness.errors import HarnessError, StoreError, TaskFileError
from harness.evidence import worker
from harness.evidence.adaptive import adaptive, ask_in_rounds, check_stoppable, tell_saved
from harness.evidence.again import keep_command
from harness.evidence.climb import climb
from harness.evidence.collect import collect
from harness.evidence.event_file import EventFile
from harness.evidence.forecast import Outlook
from harness.evidence.formats import look_at_formats
from harness.evidence.jobs import Count, Jobs
from harness.evidence.models import ServedModel, find_models
from harness.evidence.outputs import check_columns, write_outputs, write_redacted
from harness.evidence.provenance import code_digest, commits_of, identity_of, manifest, versions
from harness.evidence.smoke import scaled
from harness.evidence.snapshot import pin_benchmarks, read_snapshot, write_snapshot
from harness.evidence.states import MANIFEST, RUN, SNAPSHOT
from harness.evidence.supervise import Supervisor
from harness.evidence.watch import Observer, Watch
from harness.plugins import suggest
from harness.records import Run
from harness.store.files import hash_data
from harness.store.folder import RunFolder, run_folder
from harness.store.ledger import Ledger
from harness.task.task import Task


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line adds to a task file."""

    out: Path | None = None  # the run folder; default runs/<name>-<identity>
    arms: tuple[str, ...] = ()  # only these now; empty: all
    limit: int | None = None  # only the first test examples
    is_fast: bool = False  # a smoke run
    climbs: bool = False  # cheap rungs first, and no dearer one once one has passed
    is_adaptive: bool = False  # test items in rounds, and no more of them for an arm of which all is settled
    is_cached: bool = True  # answers that the model gave before are taken from the user's cache
    outlook: Outlook = Outlook()  # what is known of how long it takes


def compare(task: Task, settings: Settings, observer: Observer) -> tuple[Run, RunFolder]:
    """Gather evidence for every arm that has none yet, decide, and write the reports.

    Raises:
        HarnessError: If the task, the model or the run folder cannot be used.
    """
    _check(task, settings)
    task = scaled(task, limit=settings.limit, is_fast=settings.is_fast)
    task = adaptive(task) if settings.is_adaptive else task
    task, models = find_models(task, observer.log)
    formats = look_at_formats(task, models)
    identity = {
        "task": task.name,
        "content": task.digest,
        "model": identity_of(models),
        "versions": hash_data(versions())[:8],
        "code": code_digest(),
    }
    folder = run_folder(settings.out or Path("runs") / f"{task.name}-{hash_data(identity)[:8]}")
    with folder.locked() as lock:
        folder.claim(identity)
        events = EventFile(folder.path)
        watch = Watch(observer, events, settings.outlook)
        if settings.out is None and not folder.become_latest():
            observer.log(f"{folder.latest} is not a link, so it stays; remove it to have the newest run there")
        with _told(watch, task, models, settings), events.beating():
            for line in (*task.notes, *chain(*formats.values()), f"run folder {folder.path}"):
                watch.log(line)
            with closing(Ledger(folder.ledger)) as ledger:
                if ledger.state(RUN, SNAPSHOT) is None:
                    write_snapshot(task, folder, ledger, commits_of(models))
                keep_command(ledger, task.file, settings.out, is_adaptive=settings.is_adaptive)
                stall_minutes = task.stall_minutes  # the one thing that may be changed on the way
                task = read_snapshot(folder, ledger)
                _begin(task, models, formats, identity, settings, ledger)
                start = worker.command(folder, is_fast=settings.is_fast, is_cached=settings.is_cached)
                with Supervisor(start, log=folder.log, lock=lock, stall_minutes=stall_minutes) as supervisor:
                    pin = partial(pin_benchmarks, folder, ledger, commits_of(models), watch.log)
                    jobs = Jobs(task, models, ledger, supervisor, watch, pin)
                    _run(jobs, settings, partial(_look, folder, task, ledger))
                task = read_snapshot(folder, ledger)  # with what its benchmarks read
                run = collect(folder, task, ledger)
                tell_saved(run, watch.log)
                write_outputs(run, folder)
            watch.finished(run)
    return run, folder


def _run(jobs: Jobs, settings: Settings, look: Callable[..., Run]) -> None:
    """Run the arms that are asked for: all at once, rung by rung, in rounds of items, or both."""

    def in_rounds(names: Sequence[str], cheaper: Sequence[str] = (), count: Count | None = None) -> None:
        ask_in_rounds(jobs, names, look, is_whole=not settings.climbs, beside=cheaper, count=count)

    if settings.climbs:
        climb(jobs, settings.arms, lambda: look().decision, in_rounds if settings.is_adaptive else None)
    elif settings.is_adaptive:
        in_rounds(settings.arms)
    else:
        jobs.run(settings.arms)


def _look(
    folder: RunFolder, task: Task, ledger: Ledger, arms: Sequence[str] | None = None, most: int | None = None
) -> Run:
    """Decide from what the ledger holds, among some arms and from the first items where these are given."""
    among = task if arms is None else replace(task, arms=tuple(arm for arm in task.arms if arm.name in arms))
    return collect(folder, among, ledger, most=most)


@contextmanager
def _told(watch: Watch, task: Task, models: Sequence[ServedModel], settings: Settings) -> Iterator[None]:
    """Write that the run began, and where it ends without a verdict, why."""
    watch.started(task=task.name, models=[model.source for model in models], is_fast=settings.is_fast)
    try:
        yield
    except BaseException as stop:  # an interruption too
        watch.stopped(str(stop) if isinstance(stop, HarnessError) else type(stop).__name__)
        raise


def redraw(path: Path, *, is_redacted: bool = False) -> tuple[Run, RunFolder]:
    """Decide again from a run folder's stored evidence and rewrite its reports; no model is loaded.

    Args:
        path: The run folder.
        is_redacted: Write reports without any text of rows, documents and answers into the run's folder `redacted`,
            and leave the others as they are.
    """
    task, run, folder = read_whole(path)
    with private():
        if is_redacted:
            return write_redacted(task, run, folder), folder
        write_outputs(run, folder)
    return run, folder


def read_run(path: Path) -> tuple[Run, RunFolder]:
    """Decide from what a run folder holds so far; no model is loaded, and no file is written.

    Raises:
        StoreError: If it is not a run folder, or is damaged.
    """
    _, run, folder = read_whole(path)
    return run, folder


def read_whole(path: Path) -> tuple[Task, Run, RunFolder]:
    """Read the task too, as the run saw it.

    Raises:
        StoreError: If it is not a run folder, or is damaged.
    """
    folder = run_folder(path)
    _ = folder.identity  # refuses what is not a run folder
    if not folder.ledger.exists():
        raise StoreError(f"{path} holds no ledger, so there is nothing to report on")
    with closing(Ledger(folder.ledger)) as ledger:
        task = read_snapshot(folder, ledger)
        return task, collect(folder, task, ledger), folder


def _check(task: Task, settings: Settings) -> None:
    if settings.is_fast and settings.climbs:
        raise HarnessError(
            "--fast with --climb: a smoke run decides nothing, so no rung passes in it; give one of them"
        )
    known = {arm.name: arm for arm in task.arms}
    faults = [
        f"--arm {name}: the task has no such arm{suggest(name, known)}" for name in settings.arms if name not in known
    ]
    if faults:
        raise TaskFileError(str(task.file), faults)
    check_columns(task)
    if settings.is_adaptive:
        check_stoppable(task, is_fast=settings.is_fast)


def _begin(
    task: Task,
    models: Sequence[ServedModel],
    formats: Mapping[str, Sequence[str]],
    identity: dict[str, str],
    settings: Settings,
    ledger: Ledger,
) -> None:
    if ledger.state(RUN, MANIFEST) is None:
        record = manifest(task, models, identity) | {"is_fast": settings.is_fast, "limit": settings.limit}
        record |= {"formats": dict(formats)} if any(formats.values()) else {}
        ledger.put_state(RUN, MANIFEST, json.dumps(record))
