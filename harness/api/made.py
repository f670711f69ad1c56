"""A task made in Python: written as a task folder and read like any other, so that the same checks find its faults."""

import json
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.api.places import Where, path_of, usable_places
from harness.errors import HarnessError, TaskFileError
from harness.task import Task, load_task
from harness.task.text import escaped

if TYPE_CHECKING:
    import pandas as pd

    Rows = pd.DataFrame | Iterable[Mapping[str, Any] | Sequence[Any]] | Where
    Documents = pd.DataFrame | Mapping[str, str] | Iterable[str | Mapping[str, Any]] | Where

TASK_FILE = "task.yaml"
_MARK = "# Written by harness.make_task, which writes it again when it is called for this folder.\n"


@usable_places()
def make_task(
    name: str,
    *,
    to: Where,
    train: "Rows",
    test: "Rows",
    arms: Iterable[str | Mapping[str, Any]],
    dev: "Rows | None" = None,
    documents: "Documents | None" = None,
    preferences: "Rows | None" = None,
    feedback: "Rows | None" = None,
    columns: Mapping[str, str] | None = None,
    turns: Literal["last", "all"] | None = None,
    model: Where | Mapping[str, Any] | None = None,
    metric: str | Mapping[str, Any] | None = None,
    goal: float | Mapping[str, Any] | None = None,
    **more: Any,
) -> Task:
    """Write a task folder, with a task file and a JSONL file for each set of rows, and return the task read from it.

    Rows are a pandas frame, mappings, pairs of input and target, or the path of a file; of whatever shape a task's
    rows may be. Defaults are those of a task file, whose keys docs/task_file.md explains.

    Args:
        name: Names the run folder.
        to: The task folder: new, empty, or written by `make_task` before, and then written again.
        train: Rows to learn from.
        test: Locked rows: every arm answers them once.
        arms: The candidates: names of baselines, or mappings with name, baseline, options and model.
        dev: Rows that choices are made on.
        documents: What retrieval may search: texts, texts by id, rows with id and text, or a path.
        preferences: Rows with prompt, chosen and rejected.
        feedback: Rows with a question, an answer, and a label that says whether it is good.
        columns: Which column is what, where that is not recognised by itself.
        turns: Which answers of a chat are rows.
        model: An alias, a folder, a hub id, or a mapping with source, quantization and engine.
        metric: Name of the metric that the verdict rests on, or a mapping with primary and also.
        goal: The score to reach, in (0, 1], or a mapping with at_least and smallest_gain.
        **more: The task file's other keys: description, prompt, general, rule, cost, budget, seeds. A path that does
            not lie in `to` is given as a `Path`.

    Raises:
        TaskFileError: Listing every fault of the task and of its data; the lines are those of the files in `to`.
        HarnessError: If `to` holds something that `make_task` did not write.
    """
    if taken := sorted({"data", "version"} & more.keys()):
        raise HarnessError(f"make_task sets '{taken[0]}' itself; leave it out, and give rows as train, dev and test")
    folder = path_of(to)
    _claim(folder)
    sets = {"train": train, "dev": dev, "test": test, "preferences": preferences, "feedback": feedback}
    sets |= {"documents": documents}
    data = {role: _placed(rows, role, folder) for role, rows in sets.items() if rows is not None}
    chosen = {
        "model": _seen_from_here(model) if isinstance(model, str | PathLike) else model,
        "metric": {"primary": metric} if isinstance(metric, str) else metric,
        "goal": goal if goal is None or isinstance(goal, Mapping) else {"at_least": goal},
    }
    beside = {key: value for key, value in (("columns", columns), ("turns", turns)) if value}
    settings = {"version": 1, "name": name, **more, "data": data | beside}
    settings |= {key: value for key, value in chosen.items() if value is not None}
    _write_settings(settings | {"arms": list(arms)}, folder / TASK_FILE)
    return load_task(folder / TASK_FILE)


def _claim(folder: Path) -> None:
    """Make the folder, or check that nothing of the user's own would be overwritten in it."""
    file = folder / TASK_FILE
    is_ours = file.is_file() and file.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
    if folder.exists() and any(folder.iterdir()) and not is_ours:
        raise HarnessError(f"{folder} holds something that make_task did not write; give a new or empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    if not is_ours:
        file.write_text(_MARK, encoding="utf-8")


def _write_settings(settings: Mapping[str, Any], file: Path) -> None:
    """Write a key a line; JSON is YAML in which no text can be taken for a number."""
    lines = (f"{key}: {escaped(_json(value, key))}\n" for key, value in settings.items())
    file.write_bytes((_MARK + "".join(lines)).encode("utf-8", "backslashreplace"))


def _placed(data: Any, role: str, folder: Path) -> str:
    """Write rows where they are given as such; return the path as it stands in the task file."""
    if isinstance(data, str | PathLike):
        return _seen_from_here(data)
    file = folder / f"{role}.jsonl"
    shaped = _document if role == "documents" else _row
    records = (shaped(value, number) for number, value in enumerate(_records(data, role), start=1))
    text = "".join(_json(record, f"{role} row {number}") + "\n" for number, record in enumerate(records, start=1))
    # half of a character pair becomes its JSON escape, which the reader reports with its line
    file.write_bytes(text.encode("utf-8", "backslashreplace"))
    return file.name


def _seen_from_here(where: Where) -> str:
    """Return the absolute path of what is there, seen from the working folder; anything else as it is written."""
    path = path_of(where)
    return str(path.absolute()) if isinstance(where, PathLike) or path.exists() else where


def _records(data: Any, role: str) -> Iterable[Any]:
    import pandas as pd

    if role == "documents" and isinstance(data, Mapping):
        return [{"id": identity, "text": text} for identity, text in data.items()]
    if not isinstance(data, pd.DataFrame):
        return list(data)
    if not data.columns.is_unique:
        twice = data.columns[data.columns.duplicated()][0]
        raise TaskFileError(role, [f"two columns of the frame are called {twice!r}; rename one"])
    return data.astype(object).where(data.notna(), None).to_dict("records")


def _row(value: Any, number: int) -> Any:
    """Return a pair as a row; what is neither that nor a mapping is left for the reader to refuse."""
    is_pair = isinstance(value, tuple | list) and len(value) == 2
    return {"input": value[0], "target": value[1]} if is_pair else value


def _document(value: Any, number: int) -> Any:
    return {"id": f"document{number}", "text": value} if isinstance(value, str) else value


def _json(value: Any, what: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError) as fault:
        raise TaskFileError(
            what, [f"cannot be written as JSON: {fault}; use text, numbers, lists and dicts"]
        ) from fault


def _plain(value: Any) -> Any:
    """Return what JSON has no word for: numpy's numbers and arrays, paths, other mappings.

    Anything else, a date for instance, becomes a mapping with its type: refused where text is needed, else passed over.
    """
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, PathLike):
        return _seen_from_here(value)
    if isinstance(value, Mapping):
        return dict(value)
    return {type(value).__name__: str(value)}
