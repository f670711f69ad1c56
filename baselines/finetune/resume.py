"""Resume points: all that a training needs to continue as if it had never stopped.

    <run's folder>/resume-<step>/tensors-<n>.safetensors    what is trained, optimizer, torch's random states
                                /state.json                 everything else that is ours
                                /trainer_state.json         the Trainer's own
                                /manifest.json              sha256 of every file above, written last

No pickles. A point is saved aside and renamed when whole, and only then are older ones removed. One that
does not match its manifest, or belongs to another run, code or library, is not used.
"""

import json
import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from safetensors.torch import save as serialized
from transformers import TrainerState

from baselines.finetune.store import is_whole, sealed_folder
from harness.atomic import PART
from harness.json_files import read_json

TENSORS = "tensors-*.safetensors"
PART_BYTES = 2**28  # written at once: a full fine-tune has gigabytes, and each part is copied in memory
STATE = "state.json"
TRAINER_STATE = "trainer_state.json"  # the name under which the Trainer looks for it


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has to tell of the steps before a point."""

    step: int
    epoch: float
    seconds: float  # in the training loop
    waited: float  # for the parent
    peak_memory_mb: float
    losses: tuple[dict[str, Any], ...]  # one for each step


@dataclass(frozen=True, slots=True)
class Point:
    """A whole resume point."""

    folder: Path
    told: Told
    state: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor]

    def put_weights(self, adapted: Any) -> None:
        """Give the adapter the weights it had."""
        stored = self._below("model")
        for name, tensor in _trained(adapted):
            tensor.data.copy_(stored[name])

    @property
    def references(self) -> dict[str, torch.Tensor]:
        """What the policy that the run started from said of rows; see `objectives.preference`."""
        return self._below("reference")

    def put_optimizer(self, optimizer: Any, scheduler: Any) -> None:
        """Give optimizer and learning-rate schedule the state they had."""
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in self._below("optimizer").items():
            index, key = name.split("/")
            state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": self.state["groups"]})
        scheduler.load_state_dict(self.state["scheduler"])
        if self.state["scaler"] is not None:
            optimizer.scaler.load_state_dict(self.state["scaler"])

    def put_randomness(self) -> None:
        """Set every source of randomness to where it was."""
        version, inner, gauss = self.state["python"]
        random.setstate((version, tuple(inner), gauss))
        name, keys, *rest = self.state["numpy"]
        np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
        states = self._below("random")
        torch.set_rng_state(states["cpu"])
        if "cuda" in states:
            torch.cuda.set_rng_state(states["cuda"])

    def _below(self, prefix: str) -> dict[str, torch.Tensor]:
        start = f"{prefix}/"
        return {name.removeprefix(start): tensor for name, tensor in self.tensors.items() if name.startswith(start)}


class Resumable:
    """Mixin for TRL's trainers: where the Trainer would read pickles, it is given the point's state.

    Skipping the batches that were seen is the Trainer's own work.
    """

    point: Point  # set before `train(resume_from_checkpoint=...)`

    def _load_from_checkpoint(self, *_: Any, **__: Any) -> None:
        """The adapter has its weights already: they were needed to ask the parent."""

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            trainer: Any = self
            self.point.put_optimizer(trainer.optimizer, trainer.lr_scheduler)

    def _load_scaler(self, checkpoint: str | None) -> None:
        """The scaler came with the optimizer."""

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            self.point.put_randomness()


def save(
    folder: Path,
    identity: str,
    told: Told,
    adapted: Any,
    references: Mapping[str, torch.Tensor],
    optimizer: Any,
    scheduler: Any,
    state: TrainerState,
) -> None:
    """Save a point after an optimiser step, then remove the older ones.

    Raises:
        OSError: If the disk is full or refuses; the older point is still there.
    """
    place = folder / f"resume-{told.step}"
    inner = optimizer.state_dict()
    tensors = {f"model/{name}": tensor.detach() for name, tensor in _trained(adapted)}
    tensors |= {f"optimizer/{i}/{key}": tensor for i, kept in inner["state"].items() for key, tensor in kept.items()}
    tensors |= {f"reference/{name}": tensor for name, tensor in references.items()}
    tensors |= {f"random/{device}": tensor for device, tensor in _random_states().items()}
    name, keys, *rest = np.random.get_state()
    scaler = getattr(optimizer, "scaler", None)
    whole = {
        "identity": identity,
        "told": {name: getattr(told, name) for name in Told.__slots__},
        "groups": inner["param_groups"],
        "scheduler": scheduler.state_dict(),
        "scaler": None if scaler is None else scaler.state_dict(),
        "python": random.getstate(),
        "numpy": [name, np.asarray(keys).tolist(), *rest],
    }
    with sealed_folder(place) as aside:
        (aside / STATE).write_text(json.dumps(whole), encoding="utf-8")
        state.save_to_json(str(aside / TRAINER_STATE))
        for number, part in enumerate(_parts(tensors)):
            (aside / TENSORS.replace("*", str(number))).write_bytes(serialized(part))
    clear(folder, told.step)


def find(folder: Path, identity: str, latest: int) -> tuple[Point | None, list[str]]:
    """Return the newest usable point, and what is wrong with those that were passed over.

    Args:
        folder: The run's.
        identity: Of the run, from `store.identity_of`.
        latest: The last step from which the parent can continue.
    """
    faults = []
    for step, place in sorted(_points(folder), reverse=True):
        if not is_whole(place):
            faults.append(f"{place.name} is not whole: it does not match its manifest")
            continue
        state = read_json(place / STATE)
        if state["identity"] != identity:
            faults.append(f"{place.name} belongs to another training, or to other versions of code or libraries")
        elif step > latest:
            faults.append(f"{place.name} lies after step {latest}, whose judgement is missing")
        else:
            told = Told(**{**state["told"], "losses": tuple(state["told"]["losses"])})
            return Point(place, told, state, _load(place)), faults
    return None, faults


def _parts(tensors: Mapping[str, torch.Tensor]) -> Iterator[dict[str, torch.Tensor]]:
    """Yield the tensors in parts of about `PART_BYTES`."""
    part: dict[str, torch.Tensor] = {}
    size = 0
    for name, tensor in tensors.items():
        part[name] = tensor.contiguous()
        size += tensor.nbytes
        if size >= PART_BYTES:
            yield part
            part, size = {}, 0
    if part:
        yield part


def _load(place: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in sorted(place.glob(TENSORS)) for name, tensor in load_file(file).items()}


def clear(folder: Path, step: int) -> None:
    """Remove every resume point but that of `step`, and what was saved after it."""
    late = [path for path in folder.glob("checkpoint-*") if int(path.name.removeprefix("checkpoint-")) > step]
    others = [path for path in folder.glob("resume-*") if path.name != f"resume-{step}"]
    for path in (*late, *others, *folder.glob(f".*{PART}")):  # the last: a death came while it was written
        shutil.rmtree(path, ignore_errors=True)


def _points(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.glob("resume-*"):
        yield int(path.name.removeprefix("resume-")), path


def _trained(adapted: Any) -> Iterator[tuple[str, torch.Tensor]]:
    return ((name, tensor) for name, tensor in adapted.named_parameters() if tensor.requires_grad)


def _random_states() -> dict[str, torch.Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states
