"""What is not the same in two runs: task, data, model and versions, thing by thing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.records import Difference, Example, Run, SharedItems
from harness.records.difference import Area
from harness.store.files import hash_data
from harness.task.task import Task

SHARED_CODE = "code of this package"


def item_key(example: Example) -> str:
    """Return what an item is known by: what is asked, and which answers are right; ids and groups do not count.

    Nor do people's labels of answers: they move a judge's figures, which no two runs are compared by, and no others.
    """
    return hash_data([question_key(example), example.target, example.accepted])


def row_key(example: Example) -> str:
    """Return what a row is known by where data are compared: its item, and people's labels of answers to it."""
    labels = sorted((said.text, said.label) for said in example.labelled)
    return hash_data([item_key(example), *([labels] if labels else [])])


def question_key(example: Example) -> str:
    """Return what a question is known by."""
    return hash_data([[asdict(turn) for turn in example.messages], [asdict(column) for column in example.columns]])


def matched(before: Sequence[Example], after: Sequence[Example]) -> dict[str, str]:
    """Return, for the id of each item of the earlier run that the later one has too, its id there.

    Items that stand twice are matched in order.
    """
    there: dict[str, list[str]] = {}
    for example in after:
        there.setdefault(item_key(example), []).append(example.id)
    found = {}
    for example in before:
        if same := there.get(item_key(example)):
            found[example.id] = same.pop(0)
    return found


def count_shared(before: Sequence[Example], after: Sequence[Example]) -> SharedItems:
    """Count the items that both runs asked, and those that changed in between."""
    shared = matched(before, after)
    gone = [example for example in before if example.id not in shared]
    new = [example for example in after if example.id not in set(shared.values())]
    ids, asked = {example.id for example in new}, {question_key(example) for example in new}
    changed = sum(example.id in ids or question_key(example) in asked for example in gone)
    return SharedItems(len(shared), len(gone), len(new), changed)


def differences(before: tuple[Task, Run], after: tuple[Task, Run]) -> tuple[Difference, ...]:
    """List what differs, the task first."""
    (old_task, old), (new_task, new) = before, after
    return (*_task(old, new), *_data(old_task, new_task), *_models(old, new), *_versions(old, new))


def _task(before: Run, after: Run) -> Iterator[Difference]:
    yield from _unequal("task", _flat(_by_name(before.task)), _flat(_by_name(after.task)))
    yield from _unequal("task", _scale(before), _scale(after))


def _scale(run: Run) -> dict[str, str]:
    limit = run.manifest.get("limit")
    used = "all" if limit is None else f"the first {limit}"
    return {"test items used": used, "smoke run": "yes" if run.is_fast else "no"}


def _by_name(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Key the arms by their names, so that one more of them does not move the others."""
    return {**task, "arms": {arm["name"]: arm for arm in task.get("arms", ())}}


def _data(before: Task, after: Task) -> Iterator[Difference]:
    for name in ("train", "dev"):
        yield from _rows(name, map(row_key, getattr(before.study, name)), map(row_key, getattr(after.study, name)))
    yield from _rows("test", map(row_key, before.test), map(row_key, after.test))
    for name in ("documents", "preferences", "feedback"):
        sides = [[hash_data(asdict(row)) for row in getattr(task.study, name)] for task in (before, after)]
        yield from _rows(name, *sides)


def _rows(name: str, before: Iterable[str], after: Iterable[str]) -> Iterator[Difference]:
    there, here = Counter(before), Counter(after)
    if there == here:
        return
    both = (there & here).total()
    yield Difference("data", name, f"{there.total()} rows", f"{here.total()} rows, {both} of them the same")


def _models(before: Run, after: Run) -> Iterator[Difference]:
    yield from _unequal("model", _flat(_described(before)), _flat(_described(after)))


def _described(run: Run) -> dict[str, Any]:
    """Return what answers depend on of each model: its weights, its form, who served it and where."""
    kept = ("source", "identity", "commit", "quantization", "engine")
    engines = run.manifest.get("engines", {})
    return {
        model["name"] or "model": {key: model.get(key) for key in kept} | dict(engines.get(model["name"], {}))
        for model in run.manifest.get("models", ())
    }


def _versions(before: Run, after: Run) -> Iterator[Difference]:
    yield from _unequal("versions", _installed(before), _installed(after))


def _installed(run: Run) -> dict[str, str]:
    manifest = run.manifest
    code = manifest.get("identity", {}).get("code", "")
    machine = {str(key): str(value) for key, value in manifest.get("machine", {}).items()}
    return {**manifest.get("versions", {}), **machine, SHARED_CODE: str(manifest.get("commit") or code)}


def _unequal(area: Area, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name) != after.get(name):
            yield Difference(area, name, before.get(name, ""), after.get(name, ""))


def _flat(data: object, prefix: str = "") -> dict[str, str]:
    """Return nested data as texts by their dotted place."""
    if not isinstance(data, Mapping):
        return {prefix: "none" if data is None else str(data)}
    found: dict[str, str] = {}
    for key, value in data.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found
