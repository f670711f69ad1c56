"""What all tuners share whose tuning is an adapter of PEFT's."""

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from baselines.finetune.failure import TrainingFailure
from harness.json_files import read_json

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


class PeftTuner(ABC):
    """A `baselines.finetune.tuners.Tuner` but for `title`, `config` and what scales."""

    scales = True
    recomputes = True

    @abstractmethod
    def config(self, model: Any, spec: Any) -> Any:
        """Return PEFT's settings of a fresh adapter."""

    def put_on(self, model: Any, spec: Any) -> Any:
        """Wrap the model; see `Tuner.put_on`."""
        from peft import get_peft_model

        return get_peft_model(model, self.config(model, spec))

    def take_up(self, model: Any, folder: Path) -> Any:
        """Wrap the model and load the adapter's weights."""
        from peft import PeftModel

        adapted = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
        try:
            check_keys(adapted, folder)
        except TrainingFailure:
            self.take_off(adapted, model)
            raise
        return adapted

    def off(self, tuned: Any) -> AbstractContextManager[Any]:
        """Switch the adapter off."""
        context: AbstractContextManager[Any] = tuned.disable_adapter()
        return context

    def take_off(self, tuned: Any, model: Any) -> None:
        """Take PEFT's layers out of the model again."""
        tuned.unload()

    def save(self, tuned: Any, folder: Path) -> None:
        """Write PEFT's two files; equal adapters give equal bytes."""
        tuned.save_pretrained(folder, selected_adapters=["default"], safe_serialization=True)
        config = read_json(folder / CONFIG)
        for name in ("target_modules", "exclude_modules", "feedforward_modules"):  # sets in PEFT: their order is chance
            if isinstance(config.get(name), list):
                config[name] = sorted(config[name])
        (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")

    def scale(self, source: Path, target: Path, model: str, strength: float) -> None:
        """Write a scaled adapter, which is a plain one that any tool loads."""
        from safetensors.torch import load_file, save_file

        shutil.copytree(source, target)
        tensors = {name: self.scaled(name, tensor, strength) for name, tensor in load_file(source / WEIGHTS).items()}
        save_file(tensors, target / WEIGHTS, metadata={"format": "pt"})

    def scaled(self, name: str, tensor: Any, strength: float) -> Any:
        """Return a stored tensor such that the adapter's change is `strength` times what it was, where `scales`."""
        raise AssertionError(f"{type(self).__name__} has no strength 0 to be scaled to")

    def is_idle(self, tensors: Mapping[str, Any]) -> bool:
        """Nothing is certain from the tensors alone."""
        return False


def check_keys(adapted: Any, folder: Path) -> None:
    """Refuse an adapter whose tensors are not exactly those of the model; PEFT would only warn.

    Raises:
        TrainingFailure: If a tensor is missing or unexpected; some are named.
    """
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS, framework="pt") as stored:
        found = set(stored.keys())
    wanted = set(get_peft_model_state_dict(adapted))
    if found != wanted:
        raise TrainingFailure(f"{folder.name}: tensors {sorted(found ^ wanted)[:4]} are missing or unexpected")
