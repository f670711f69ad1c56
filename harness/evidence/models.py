"""The run's models: found, identified, and named as the worker is told of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.contract import EngineKind
from harness.errors import ModelError
from harness.evidence.pins import noted, with_embedders
from harness.plugins import ENGINES, load
from harness.records import Base, Weights
from harness.task.task import ModelSpec, Task


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model of the task, as its engine found it on this machine."""

    name: str  # in keys; '' is the task's own
    source: str  # as the task file has it
    engine: str
    quantization: Literal["nf4"] | None
    path: str  # what the engine opens
    identity: str  # of what its answers depend on

    @property
    def weights(self) -> Weights:
        """The untuned weights that arms start from."""
        return Weights(self.path, self.quantization)

    def base(self, quantization: Literal["nf4"] | None) -> Base:
        """Name its untuned weights, quantised so."""
        return Base(self.name, quantization)


def engine_kind(name: str) -> EngineKind:
    """Return who serves models under this name."""
    kind: EngineKind = load(ENGINES, name)()
    return kind


def find_models(task: Task, log: Callable[[str], object]) -> tuple[Task, tuple[ServedModel, ...]]:
    """Find every model and embedder that a run needs, before the first is opened.

    Returns:
        The task with its embedders at their commits, and the models.

    Raises:
        ModelError: If some cannot be had or read; all of them are named.
    """
    faults: list[str] = []
    found = []
    for spec in task.models:
        with noted(faults):
            found.append(_find(spec, log))
    with noted(faults):
        task = with_embedders(task)
    if faults:
        raise ModelError(*faults)
    return task, tuple(found)


def _find(spec: ModelSpec, log: Callable[[str], object]) -> ServedModel:
    kind = engine_kind(spec.engine)
    path = kind.find(spec.source, log)
    return ServedModel(spec.name, spec.source, spec.engine, spec.quantization, path, kind.identity(path))
