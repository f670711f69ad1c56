"""The models that a task file names: its own, and those that arms and judges name for themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.contract import EngineKind
from harness.errors import HarnessError, PluginError
from harness.model_names import repository_and_commit
from harness.paths import expanded
from harness.plugins import ENGINES, load, plugins, suggest
from harness.task.faults import Faults
from harness.task.judges import judges_of
from harness.task.schema import Model, ModelChoice, TaskFile
from harness.task.source import Place, Source
from harness.task.task import ModelSpec
from harness.task.text import kind_of


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a task file. What several parts name is one model."""

    own: ModelSpec  # the task's
    of_arms: Mapping[int, ModelSpec]  # of the arms that name one, by the arm's place in the task file
    of_judges: Mapping[str, ModelSpec]  # by the metric's name


_CHOICE: TypeAdapter[Model | None] = TypeAdapter(ModelChoice | None)


def read_models(settings: TaskFile, source: Source, folder: Path, faults: Faults) -> Models:
    """Return the models that a task file names; what is wrong with an engine or a source is noted in `faults`."""
    own = _read(settings.model, ("model",), source, folder, faults)
    known = {own: own}

    def named(written: Model, place: Place) -> ModelSpec:
        found = _read(written, place, source, folder, faults)
        if found not in known:
            known[found] = replace(found, name=_name(found, {spec.name for spec in known.values()}))
        return known[found]

    of_arms = {
        index: named(arm.model, ("arms", index, "model"))
        for index, arm in enumerate(settings.arms)
        if arm.model is not None
    }
    of_judges = {}
    for name, judge in judges_of((settings.metric.primary, *settings.metric.also), settings.metric.options).items():
        place: Place = ("metric", "options", name, "model")
        try:
            written: Model | None = _CHOICE.validate_python(judge.model)
        except ValidationError:
            text = f"metric '{name}': option 'model' is not a model; give a source, or {{source, quantization, engine}}"
            source.add_fault(faults, place, text)
            written = None
        of_judges[name] = own if written is None else named(written, place)
    return Models(own, of_arms, of_judges)


def _read(written: Model, place: Place, source: Source, folder: Path, faults: Faults) -> ModelSpec:
    """Return a model as its engine takes it, without a name: a folder beside the task file becomes absolute."""
    try:
        path = folder / expanded(written.source)
    except HarnessError as fault:  # '~somebody' whom nobody knows, or a name that cannot be written
        source.add_fault(faults, place, f"model: {fault}")
        return ModelSpec(written.source, written.quantization, written.engine)
    is_folder = kind_of(path) == "folder"
    spec = ModelSpec(str(path.resolve()) if is_folder else written.source, written.quantization, written.engine)
    if text := _fault(spec):
        source.add_fault(faults, place, text)
    return spec


def _fault(spec: ModelSpec) -> str:
    if spec.engine not in plugins(ENGINES):
        return f"unknown engine '{spec.engine}'{suggest(spec.engine, plugins(ENGINES))}"
    try:
        kind: EngineKind = load(ENGINES, spec.engine)()
    except PluginError as fault:
        return str(fault)
    return kind.fault(spec.source)


def _name(spec: ModelSpec, taken: set[str]) -> str:
    """Name a model after its folder or id, with what else tells it from the task's own."""
    repository, _ = repository_and_commit(spec.source)
    parts = [Path(repository).name, spec.quantization, spec.engine if spec.engine != "transformers" else None]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", "-".join(filter(None, parts))).strip("-")[:40] or "model"
    number = 2
    name = plain
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    return name
