"""What a training run minimises, an objective a file.

A run names its objective as 'module:object', and the training process imports it there: an objective of somebody else's
needs no list of ours.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

SUPERVISED = "baselines.finetune.objectives.supervised:SUPERVISED"
PREFERENCE = "baselines.finetune.objectives.preference:PREFERENCE"


class Objective(Protocol):
    """One way to train: the rows it needs, TRL's trainer for it, and what its first step must show."""

    row: type[Any]  # of rows as token ids, with `id`, `prompt`, `length`, `held` and `columns`
    least_rows: int  # that one pass must take

    @property
    def trainer(self) -> type[Any]:
        """One of TRL's, with `Anchored` and `Resumable`."""

    @property
    def collator(self) -> type[Any]:
        """Makes a batch of the columns."""

    def arguments(self, shared: dict[str, Any], spec: Any) -> Any:
        """Return TRL's arguments for a `RunSpec`; `shared` are those of every objective."""

    def columns(self, rows: Sequence[Any]) -> list[dict[str, list[int]]]:
        """Return the rows as the collator reads them."""

    def fault_of_start(self, logs: Mapping[str, float]) -> str:
        """Say what is wrong with the first step's figures, which are taken before the first update; else ''."""


def objective_of(name: str) -> Objective:
    """Import an objective; this loads TRL."""
    module, _, attribute = name.partition(":")
    found: Objective = getattr(importlib.import_module(module), attribute)
    return found
