"""The models that a task file names: its own, and those that arms name for themselves."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.contract import EngineKind
from harness.errors import HarnessError, PluginError
from harness.paths import expanded
from harness.plugins import ENGINES, load, plugins, suggest
from harness.task.faults import Faults
from harness.task.schema import Model, TaskFile
from harness.task.source import Place, Source
from harness.task.task import ModelSpec
from harness.task.text import kind_of


def read_models(
    settings: TaskFile, source: Source, folder: Path, faults: Faults
) -> tuple[ModelSpec, Mapping[int, ModelSpec]]:
    """Return the task's own model, and those of the arms that name one, by the arm's place in the task file.

    A model that several arms name is one model. What is wrong with an engine or a source is noted in `faults`.
    """
    own = _read(settings.model, ("model",), source, folder, faults)
    known = {own: own}
    of_arms = {}
    for index, arm in enumerate(settings.arms):
        if arm.model is None:
            continue
        found = _read(arm.model, ("arms", index, "model"), source, folder, faults)
        if found not in known:
            known[found] = replace(found, name=_name(found, {spec.name for spec in known.values()}))
        of_arms[index] = known[found]
    return own, of_arms


def _read(written: Model, place: Place, source: Source, folder: Path, faults: Faults) -> ModelSpec:
    """Return a model as its engine takes it, without a name: a folder beside the task file becomes absolute."""
    try:
        path = folder / expanded(written.source)
    except HarnessError:  # '~somebody' whom nobody knows
        path = folder / written.source
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
    parts = [Path(spec.source).name, spec.quantization, spec.engine if spec.engine != "transformers" else None]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", "-".join(filter(None, parts))).strip("-")[:40] or "model"
    number = 2
    name = plain
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    return name
