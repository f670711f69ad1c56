"""Smaller versions of a task, for smoke runs: same path, fewer rows."""

from dataclasses import replace

from harness.store.files import hash_data
from harness.task.task import Task

FAST_TEST = 8
FAST_DEV = 6
FAST_TRAIN = 16
FAST_GENERAL = 10


def scaled(task: Task, *, limit: int | None, is_fast: bool) -> Task:
    """Return the task cut to `limit` test items, or to smoke-run size; its digest says so."""
    if limit is None and not is_fast:
        return task
    count = min(limit or FAST_TEST, FAST_TEST) if is_fast else limit
    smaller = replace(task, test=task.test[:count], digest=hash_data([task.digest, limit, is_fast])[:16])
    if not is_fast:
        return smaller
    study = replace(task.study, train=task.study.train[:FAST_TRAIN], dev=task.study.dev[:FAST_DEV])
    return replace(smaller, study=study, general=replace(task.general, limit=FAST_GENERAL))
