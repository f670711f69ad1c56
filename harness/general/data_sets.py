"""Data sets that lm-eval's tasks read from the hub: of one commit each, and never from a folder of that name."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask

from harness.errors import HarnessError
from harness.hub_sets import commit_of, is_commit, leave_media, own_files_alone

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


@dataclass(frozen=True, slots=True)
class Read:
    """What tasks read; it grows while they are loaded."""

    commits: dict[str, str] = field(default_factory=dict)  # by set; of one that a task wants at a revision, by both
    by_code: list[str] = field(default_factory=list)  # tasks whose data code of lm-eval's fetches, at no known commit


@contextmanager
def at_commits(commits: Mapping[str, str]) -> Iterator[Read]:
    """Have lm-eval's tasks read each data set of the hub at its commit, or the newest where none is given.

    A task whose data come from code of its own (`custom_dataset`) reads what that code reads.

    Args:
        commits: By name of the set, 40 hex digits each; by `name@revision` for the tasks that want this revision.

    Yields:
        What was read, with the commits. Without a network the libraries take what they read last; another commit than
        the one that is wanted raises HarnessError, as a folder of the set's name does.
    """
    own = ConfigurableTask.download
    read = Read()

    def download(task: Any, dataset_kwargs: Mapping[str, Any] | None = None, **more: Any) -> None:
        given, name = dict(dataset_kwargs or {}), task.DATASET_PATH
        if callable(task.config.custom_dataset):
            read.by_code.append(task.config.task)
            own(task, given, **more)
            return
        if not _is_of_hub(name):
            own(task, given, **more)
        elif Path(name).exists():
            raise HarnessError(
                f"general.tasks: '{task.config.task}' reads the data set '{name}' of the hub, and where harness was "
                "started a folder or file of that name would be read instead; start it elsewhere or rename that"
            )
        else:
            named = given.get("revision")  # a task file that names one means it
            key = name if named is None else f"{name}@{named}"
            wanted = named if is_commit(named) else commits.get(key, read.commits.get(key))
            own(task, given | ({"revision": wanted} if wanted else {}), **more)
            _note(key, wanted, task.dataset, read.commits)
        for rows in task.dataset.values():
            leave_media(rows)

    ConfigurableTask.download = download
    try:
        with own_files_alone():
            yield read
    finally:
        ConfigurableTask.download = own


def _is_of_hub(name: Any) -> bool:
    from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES as FORMATS

    return isinstance(name, str) and name not in FORMATS and _HUB_NAME.fullmatch(name) is not None


def _note(name: str, wanted: str | None, splits: Mapping[str, Any], found: dict[str, str]) -> None:
    for commit in {commit_of(rows) for rows in splits.values()}:
        if wanted is not None and commit != wanted:
            raise HarnessError(
                f"general.tasks: the data set '{name}' is here at commit {(commit or 'unknown')[:12]}, not at "
                f"{wanted[:12]}; run again with a network"
            )
        if commit is not None:
            found[name] = commit
