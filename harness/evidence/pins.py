"""The resolved task file names each model and data set of the hub with the commit that was read of it."""

from collections.abc import Mapping
from typing import Any

from harness.model_names import repository_and_commit
from harness.task.hub import pinned_name


def pinned(resolved: Mapping[str, Any], of_models: Mapping[str, str], of_sets: Mapping[str, str]) -> dict[str, Any]:
    """Return a task file in which every hub id stands with its commit, so that it names the same thing next year.

    An arm's embedder stays as it is written.

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
