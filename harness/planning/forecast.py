"""What is known beforehand of how long a run takes: the work of its jobs, and the speeds of earlier runs here.

Work is the tokens that a job computes, written ones and trained ones weighed (`harness.planning.cost`). An
earlier run's event file holds the work of each job and the seconds it took, so a speed is measured for each arm on each
model; nothing is guessed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, Literal

from harness.checking.model_text import ModelText
from harness.evidence.event_file import EVENTS, read_events
from harness.evidence.fits import fits_of
from harness.evidence.forecast import MOST_REPLAYED, Outlook, Writing
from harness.evidence.judging import judge_job_key
from harness.evidence.phases import Behind
from harness.evidence.smoke import scaled
from harness.planning.cost import (
    ITEM_TOKENS,
    QUESTION_TOKENS,
    QUESTIONS,
    TEXT_TOKENS,
    TEXTS,
    TRAINING_PASSES,
    WRITING_PASSES,
    answers,
    computed_tokens,
    trained_tokens,
    work_behind,
)
from harness.planning.demands import demands
from harness.planning.judges import judge_demands
from harness.records import Base
from harness.task.task import Task

MOST_RUNS = 20  # the newest; older ones may be of another machine state, and reading them takes time
Speeds = dict[tuple[str, str], list[float]]


def outlook(
    task: Task, folder_of: Callable[[str], Path | None], runs: Path, *, limit: int | None, is_fast: bool
) -> Outlook:
    """Say what is known of a run before it begins; nothing is known of a task whose model cannot be read.

    Args:
        task: As it was read; `limit` and `is_fast` cut it, as in the run.
        folder_of: Gives a model's folder, where it is on this machine: its tokenizer is read.
        runs: Where earlier runs are.
        limit: Of the test items.
        is_fast: Whether it is a smoke run; its small batches are slower, so only smoke runs tell of them.
    """
    task = scaled(task, limit=limit, is_fast=is_fast)
    try:
        asked = demands(task, ModelText(folder_of(task.model.source)))
        judged = {judge_job_key(one.metric): one.answers * one.tokens for one in judge_demands(task, folder_of)}
    except Exception:  # tokenizers raise plain ones; an estimate ends no run, and whoever opens the model says why
        return Outlook()
    items = task.general.limit
    forms: tuple[Literal["nf4"] | None, ...] = (None, "nf4")
    work = {Base(model.name, form).name: base_work(items) for model in task.models for form in forms}
    writing: dict[str, Writing] = {}
    behind: dict[str, Behind] = {}
    for demand, spec in zip(asked, task.arms, strict=True):
        each = computed_tokens(demand, items) + trained_tokens(demand) * TRAINING_PASSES
        written = Writing(answers(demand), demand.typical_answer * demand.samples, WRITING_PASSES)
        work |= {fit.name: each for fit in fits_of(spec, task)}
        writing |= {fit.name: written for fit in fits_of(spec, task)}
        if (rest := work_behind(demand, items)) is not None:
            behind |= {fit.name: rest for fit in fits_of(spec, task)}
    work |= judged
    speeds = earlier_speeds(runs, is_fast=is_fast)
    known = {key: median(found) for key, found in speeds.items() if key[1] in {model.source for model in task.models}}
    if is_fast and not known:  # its batches are so small that tokens alone say nothing of its time
        return Outlook()
    return Outlook(work, known, "earlier runs on this machine" if known else "", writing, behind)


def base_work(items: int) -> float:
    """Count the tokens of a base's general ability."""
    return items * ITEM_TOKENS + TEXTS * TEXT_TOKENS + QUESTIONS * QUESTION_TOKENS


def earlier_speeds(runs: Path, *, is_fast: bool) -> Speeds:
    """Return the tokens a second of every finished job of the newest runs, by kind and model."""
    found: Speeds = {}
    files = sorted(runs.glob(f"*/{EVENTS}"), key=lambda path: -path.stat().st_mtime)
    folders = list(dict.fromkeys(file.parent.resolve() for file in files))  # runs/latest is one of them
    for folder in folders[:MOST_RUNS]:
        for key, speed in _speeds(read_events(folder), is_fast=is_fast):
            found.setdefault(key, []).append(speed)
    return found


def _speeds(events: list[dict[str, Any]], *, is_fast: bool) -> Iterator[tuple[tuple[str, str], float]]:
    """Yield the speed of each job that ended well and asked the model itself."""
    jobs: dict[str, dict[str, Any]] = {}
    replayed: set[str] = set()
    is_like = False
    for event in events:
        if event["event"] == "run_started":
            is_like = event.get("is_fast") is is_fast
        elif event["event"] == "planned":
            jobs = {job["name"]: job for job in event["jobs"]}
            replayed = set()
        elif event["event"] == "replanned":
            jobs |= {job["name"]: job for job in event["added"]}
        elif event["event"] == "replayed" and event["replayed"] > MOST_REPLAYED * (event["replayed"] + event["asked"]):
            replayed.add(event["job"])
        elif event["event"] == "job_ended" and is_like and event["status"] == "ok" and event["job"] not in replayed:
            job = jobs.get(event["job"])
            if job and job.get("work") and event["seconds"] > 0:
                yield (job["kind"], job["model"]), job["work"] / event["seconds"]
