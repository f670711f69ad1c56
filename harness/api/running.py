"""Runs from Python: what the commands compare, report and export do, and a `Result` instead of what they print."""

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.places import Where, path_of, usable_places
from harness.api.result import Result
from harness.environment import set_defaults
from harness.errors import HarnessError
from harness.task import Task

if TYPE_CHECKING:
    from harness.evidence.states import EndState
    from harness.evidence.watch import Observer


set_defaults()  # before a call imports what would read it


class Silent:
    """An `Observer` that shows nothing."""

    def began(self, name: str, number: int, total: int) -> None:
        """Pass over a job that began."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Pass over a stage that continued."""

    def log(self, message: str) -> None:
        """Pass over a line."""

    def ended(self, name: str, state: "EndState", seconds: float) -> None:
        """Pass over a job that ended."""


@usable_places()
def load_task(path: Where) -> Task:
    """Read and check a task file and all of its data; nothing is written and no model is loaded.

    Raises:
        TaskFileError: Listing every fault of the file and of the data, each with file, line and remedy.
    """
    from harness.task import load_task

    return load_task(path_of(path))


@usable_places()
def compare(
    task: Task | Where,
    *,
    out: Where | None = None,
    arms: str | Sequence[str] = (),
    limit: int | None = None,
    fast: bool = False,
    climb: bool = False,
    adaptive: bool = False,
    cache: bool = True,
    observer: "Observer | None" = None,
) -> Result:
    """Run every arm that has no result yet, decide, and write the reports.

    A run that was stopped resumes when the same call is made again.

    Args:
        task: A task, or the path of a task file.
        out: The run folder. Default: runs/NAME-HASH, below the working folder.
        arms: Run only these now. Default: all.
        limit: Use only the first test items, so many.
        fast: A smoke run of all arms on a few rows; do not decide on it.
        climb: Prompts first, then RAG, then tuning; what is dearer than a rung that passes is left out.
        adaptive: Ask test items in rounds, and an arm no further once all that the verdict asks of it is settled.
        cache: Take answers that the model gave before from the user's cache, and keep new ones there.
        observer: Told how the run continues. Default: nobody is.

    Raises:
        HarnessError: If the task, the model or the run folder cannot be used.
    """
    from harness.evidence.compare import Settings, compare

    if limit is not None and not (isinstance(limit, Integral) and limit >= 1):
        raise HarnessError(f"limit {limit!r}: give a whole number of test items, 1 or more")
    settings = Settings(
        out=None if out is None else path_of(out),
        arms=(arms,) if isinstance(arms, str) else tuple(arms),
        limit=None if limit is None else int(limit),
        is_fast=fast,
        climbs=climb,
        is_adaptive=adaptive,
        is_cached=cache,
    )
    read = task if isinstance(task, Task) else load_task(task)
    run, folder = compare(read, settings, observer or Silent())
    return Result(run, folder.path.absolute())


@usable_places()
def open_run(folder: Where) -> Result:
    """Read what a run has measured so far and decide from it; nothing is written and no model is loaded.

    Raises:
        StoreError: If `folder` is not a run folder, or is damaged.
    """
    from harness.evidence.compare import read_run

    run, found = read_run(path_of(folder))
    return Result(run, found.path.absolute())


@usable_places()
def redraw(folder: Where) -> Result:
    """Decide again from the evidence stored in a run folder and rewrite its reports; no model is loaded.

    Raises:
        StoreError: If `folder` is not a run folder, or is damaged.
    """
    from harness.evidence.compare import redraw

    run, found = redraw(path_of(folder))
    return Result(run, found.path.absolute())


@usable_places()
def export(folder: Where, *, arm: str | None = None, to: Where | None = None, merged: bool = False) -> Path:
    """Write one arm of a run as something to run: weights, prompt, index, script, training files.

    Args:
        folder: The run folder.
        arm: Its name. Default: the one that the verdict names.
        to: A new or empty folder. Default: exports/RUN-ARM, below the working folder.
        merged: Merge the adapter into the base's weights.

    Returns:
        The folder of the export; its README.md says what it holds, and what to beware of.

    Raises:
        HarnessError: If `folder` holds nothing to export, no arm is named, or `to` is not empty.
    """
    from harness.exporting.export_source import open_export
    from harness.exporting.pack import pack, usual_place

    source = open_export(path_of(folder), arm)
    out = usual_place(source, is_merged=merged) if to is None else path_of(to)
    pack(source, out, is_merged=merged, log=lambda _: None)
    return out
