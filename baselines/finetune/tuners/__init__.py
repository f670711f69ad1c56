"""What of a base is trained, and as what it is kept: an adapter's layers, a prefix, all weights.

A run names its tuner as 'module:object', as it names its objective: a tuner of somebody else's needs no list of ours.
Tuners are imported by arms, so they load torch and PEFT only where they are used.
"""

import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

LORA = "baselines.finetune.tuners.lora:LORA"


class Tuner(Protocol):
    """One way to change a model."""

    @property
    def title(self) -> str:
        """What people call it, in the middle of a sentence."""

    @property
    def recomputes(self) -> bool:
        """Whether activations may be thrown away and computed again (gradient checkpointing), as is done on CUDA."""

    def put_on(self, model: Any, spec: Any) -> Any:
        """Return the model with a fresh tuning on it that changes nothing, or as little as it can.

        Args:
            model: A bare base, frozen.
            spec: A `RunSpec`; `tuner_options` are the tuner's own.

        Raises:
            TrainingFailure: If such a model cannot be tuned so.
            ValueError, TypeError, NotImplementedError: As PEFT, transformers, torch and bitsandbytes say that. Raised
                anywhere else they are programming faults: the training process dies of one, which ends the arm with
                its traceback in trainer.log.
        """

    def take_up(self, model: Any, folder: Path) -> Any:
        """Return the model with the tuning that `save` wrote on it, to be trained further; raises as `put_on` does."""

    def off(self, tuned: Any) -> AbstractContextManager[Any]:
        """Give the base back while the context lasts."""

    def take_off(self, tuned: Any, model: Any) -> None:
        """Leave the base as it was."""

    def save(self, tuned: Any, folder: Path) -> None:
        """Write the tuning into a folder that is there and empty."""

    @property
    def scales(self) -> bool:
        """Whether `scale` can be asked: whether the base lies at strength 0."""

    def scale(self, source: Path, target: Path, model: str, strength: float) -> None:
        """Write a saved tuning again, what it changes times `strength`.

        Args:
            source: As `save` wrote it.
            target: Folder to make.
            model: The base, as the engine loads it.
            strength: Above 0, below 1.
        """

    def is_idle(self, tensors: Mapping[str, Any]) -> bool:
        """Whether stored tensors certainly change nothing."""


def tuner_of(name: str) -> Tuner:
    """Import a tuner."""
    module, _, attribute = name.partition(":")
    found: Tuner = getattr(importlib.import_module(module), attribute)
    return found
