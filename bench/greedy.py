"""What measurements of greedy answers share: the arms' programs, the tokens of answers, and what counts as a tie."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoModelForCausalLM

from baselines.prompt.reading import reader_for
from baselines.prompt.shots import choose, usable_rows
from baselines.prompt.zero import plain_prompt
from harness.engine.resident import compute_dtype, default_device
from harness.engine.token_tree import shared
from harness.engine.transformers_engine import TransformersEngine
from harness.evidence.arm import room_for
from harness.program import Program, Prompt
from harness.quiet import quiet
from harness.records import GenerationSettings, Study, Weights
from harness.task.task import Task

TASKS = Path(__file__).parents[1] / "tasks"
TIE = 1e-4  # logits that lie nearer to each other may change places with the order of a sum

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What something took, in seconds: of processors in all processes of ours, and of the clock."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cpu:.1f} CPU s, {self.wall:.1f} s"


def timed(work: Callable[[], Any]) -> Taken:
    """Do something and return what it took."""
    wall, cpu = time.perf_counter(), _cpu()
    work()
    return Taken(_cpu() - cpu, time.perf_counter() - wall)


def _cpu() -> float:
    children = (child.cpu_times() for child in psutil.Process().children(recursive=True))
    return time.process_time() + sum(used.user + used.system for used in children)


def sharing_bound(read: Sequence[Ids], written: int = 0) -> float:
    """Return all tokens over distinct ones: what computing each beginning once gives, where nothing else costs.

    Padding and finished rows, which a side computes too, are not counted: a ratio may lie above it.

    Args:
        read: The tokens of every text that is read.
        written: Tokens of answers in all, which both sides write.
    """
    inputs = sorted(read)
    spared = sum(shared(before, one) for before, one in pairwise(inputs))
    every = sum(map(len, inputs)) + written
    return round(every / (every - spared), 2)


# ---- programs --------------------------------------------------------------------------------


def program(task: Task, engine: TransformersEngine, weights: Weights, shots: int) -> Program:
    """Return what `zero_shot`, or `few_shot` with its diverse choice, would ask with; see `baselines.prompt`."""
    study = task.study
    settings = GenerationSettings(room_for(task, engine))
    return Program(weights, shown(study, shots), settings, reader=reader_for(study))


def shown(study: Study, shots: int) -> Prompt:
    """Return the task's prompt with so many solved examples."""
    plain = plain_prompt(study)
    if not shots:
        return plain
    return Prompt(plain.system, plain.template, choose(usable_rows(study), shots, "diverse", seed=0), plain.template)


# ---- answers ---------------------------------------------------------------------------------


@contextmanager
def recorded(engine: TransformersEngine) -> Iterator[list[Ids]]:
    """Inside, every answer that the engine gives without `until` leaves its tokens in the list, in order."""
    found: list[Ids] = []
    text: Any = engine._text
    decode = text.decode

    def keep(ids: Sequence[int]) -> str:
        found.append(tuple(ids))
        return str(decode(ids))

    text.decode = keep
    try:
        yield found
    finally:
        del text.decode


def plain_model(folder: str) -> Any:
    """Load a model as anybody would, beside the engine's."""
    device = default_device()
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=compute_dtype(device))
    return model.to(device).eval()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many answers are the same, and by which logits the others part."""

    identical: int
    gaps: tuple[float, ...]  # one for each of the others, descending

    @property
    def differences(self) -> int:
        """Answers that differ and are no ties."""
        return sum(gap > TIE for gap in self.gaps)

    @property
    def told(self) -> dict[str, Any]:
        """What is printed of it."""
        ties = len(self.gaps) - self.differences
        return {"identical": self.identical, "ties": ties, "differences": self.differences, "gaps": self.gaps}


def agreement(model: Any, prompts: Sequence[Ids], ours: Sequence[Ids], theirs: Sequence[Ids]) -> Agreement:
    """Compare the tokens of answers, prompt by prompt."""
    gaps = [gap(model, *one) for one in zip(prompts, ours, theirs, strict=True) if one[1] != one[2]]
    return Agreement(len(prompts) - len(gaps), tuple(sorted(gaps, reverse=True)))


@torch.inference_mode()
def gap(model: Any, prompt: Ids, first: Ids, other: Ids) -> float:
    """Return by how much, where two answers part, the worse one's logit lies below the highest; infinite at an end."""
    place = next((i for i, (a, b) in enumerate(zip(first, other, strict=False)) if a != b), None)
    if place is None:
        return float("inf")
    ids = torch.tensor([[*prompt, *first[:place]]], device=model.device)
    logits = model(input_ids=ids, logits_to_keep=1).logits[0, -1]
    return round(float(logits.max() - torch.minimum(logits[first[place]], logits[other[place]])), 6)
