"""A run names each model, embedder and data set of the hub with the commit that was read of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import starmap
from pathlib import Path
from typing import Any

from harness.assets.hub import hub_commit, hub_embedder
from harness.benchmark_files import is_benchmark_file
from harness.errors import ModelError
from harness.model_names import is_hub_id, repository_and_commit
from harness.plugins import BASELINES, METRICS, is_ours
from harness.task.hub import pinned_name
from harness.task.task import Task

_MOST_NAMED = 6  # benchmarks, in a line
EMBEDDER = "embedder"  # the option, of an arm or a metric of ours, that may be a hub id


def with_embedders(task: Task) -> Task:
    """Return the task with the embedders of its arms and metrics at the commit that the hub has now.

    Raises:
        ModelError: If some cannot be had; all of them are named.
    """
    of_arms = [(BASELINES, arm.baseline, arm.options) for arm in task.arms]
    of_metrics = [(METRICS, name, given) for name, given in task.metric_options.items()]
    pinned_names = _at_commits(filter(None, starmap(_of_hub, [*of_arms, *of_metrics])))

    def at_commit(group: str, plugin: str, options: Mapping[str, Any]) -> dict[str, Any]:
        name = _of_hub(group, plugin, options)
        return dict(options) if name is None else {**options, EMBEDDER: pinned_names[name]}

    def of_metric(given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return {name: at_commit(METRICS, name, options) for name, options in given.items()}

    arms, metric = task.resolved["arms"], task.resolved["metric"]
    written = [{**arm, "options": at_commit(BASELINES, arm["baseline"], arm["options"])} for arm in arms]
    resolved = {**task.resolved, "arms": written, "metric": {**metric, "options": of_metric(metric["options"])}}
    return replace(
        task,
        arms=tuple(replace(arm, options=at_commit(BASELINES, arm.baseline, arm.options)) for arm in task.arms),
        metric_options=of_metric(task.metric_options),
        resolved=resolved,
    )


def _at_commits(names: Iterable[str]) -> dict[str, str]:
    """Return each embedder of the hub with its commit."""
    faults: list[str] = []
    found = {}
    for name in dict.fromkeys(names):
        with noted(faults):
            found[name] = f"{repository_and_commit(name)[0]}@{hub_commit(str(hub_embedder(name)))}"
    if faults:
        raise ModelError(*faults)
    return found


def _of_hub(group: str, plugin: str, options: Mapping[str, Any]) -> str | None:
    """Return the embedder that options name, where it is one of the hub; what others' plug-ins mean by it is theirs."""
    name = options.get(EMBEDDER) if is_ours(group, plugin) else None
    return name if isinstance(name, str) and is_hub_id(name) and not Path(name).is_dir() else None


@contextmanager
def noted(faults: list[str]) -> Iterator[None]:
    """Note the faults of models in a list and continue, so that all of them are told at once."""
    try:
        yield
    except ModelError as fault:
        faults.extend(fault.faults)


def benchmark_commits(
    tasks: Sequence[str], include_path: Path | None, known: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the commits of the data sets that benchmarks read, and what is to be said of those that have none.

    Ours and files of rows read none of the hub.

    Raises:
        HarnessError: If a benchmark is unknown or its data cannot be had.
    """
    if all(name == "core" or is_benchmark_file(name) for name in tasks):
        return dict(known), []
    from harness.general.benchmark_tasks import what_is_read

    read = what_is_read(tasks, include_path, known)
    listed = ", ".join(read.by_code[:_MOST_NAMED]) + ", ..." * (len(read.by_code) > _MOST_NAMED)
    said = f"{listed}: the data are fetched by code of the benchmark's own, so no commit of them is known"
    return read.commits, [said] if read.by_code else []


def pinned(resolved: Mapping[str, Any], of_models: Mapping[str, str], of_sets: Mapping[str, str]) -> dict[str, Any]:
    """Return a task file in which models and data sets stand with their commits, so that it names the same next year.

    Args:
        resolved: The task file with its defaults.
        of_models: Commits by model, as the task file names it.
        of_sets: Commits by data set: owner/name.
    """

    def model(written: Any) -> Any:
        if isinstance(written, Mapping):
            return {**written, "source": model(written["source"])}
        return f"{repository_and_commit(written)[0]}@{of_models[written]}" if written in of_models else written

    def with_model(section: Mapping[str, Any]) -> dict[str, Any]:
        return {key: model(value) if key == "model" else value for key, value in section.items()}

    def rows(written: Any) -> Any:
        return pinned_name(written, of_sets) if isinstance(written, str) else written

    data = {key: rows(value) for key, value in resolved["data"].items()}
    metric = resolved["metric"]
    options = {name: with_model(given) for name, given in metric["options"].items()}
    arms = [with_model(arm) for arm in resolved["arms"]]
    return {**with_model(resolved), "data": data, "metric": {**metric, "options": options}, "arms": arms}
