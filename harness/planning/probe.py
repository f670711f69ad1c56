"""A dry run: two steps of training and a batch of prompts for each arm, measured as a run measures them.

It is a smoke run (`harness compare --fast`) in a temporary folder, with rows of dev instead of the test, so that
the test items stay unseen. What was predicted for it is predicted of its own few rows.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.checking.model_text import ModelText
from harness.errors import HarnessError
from harness.evidence.compare import Settings, compare
from harness.evidence.smoke import scaled
from harness.evidence.watch import Observer
from harness.planning.demands import Demand, demands
from harness.planning.memory import Device, arm_memory
from harness.planning.record import Probe, ProbeArm, Speed
from harness.planning.shape import read_shape
from harness.records import Evidence
from harness.task.task import Task


def probe(task: Task, model: Path, device: Device, arms: Sequence[str], observer: Observer) -> Probe:
    """Run some arms on a few rows and measure their memory and speed.

    Args:
        task: What would be compared.
        model: Folder of its model.
        device: Where it runs.
        arms: Names; the first arm of each rung when none is given.
        observer: Told how far it is.

    Raises:
        HarnessError: If an arm is unknown, or the model cannot be loaded.
    """
    trial = replace(task, name=f"{task.name[:50]}-probe", test=task.study.dev, digest=f"{task.digest}-probe")
    asked = demands(scaled(trial, limit=None, is_fast=True), ModelText(model))
    own = [demand for demand in asked if demand.model == ""]
    if elsewhere := sorted({demand.arm for demand in asked} & set(arms) - {demand.arm for demand in own}):
        raise HarnessError(f"--probe measures arms on the task's own model, and {', '.join(elsewhere)} has another")
    chosen = tuple(arms) or first_of_each_rung(own)
    with tempfile.TemporaryDirectory(prefix="harness-probe-") as room:
        settings = Settings(Path(room) / "run", chosen, is_fast=True, is_cached=False)
        run, _ = compare(trial, settings, observer)
    ran = [demand for demand in asked if demand.arm in chosen]
    predicted = {found.arm: found.total_mb for found in arm_memory(ran, read_shape(model), device)}
    evidence = [item for item in run.evidence if item.arm in chosen]
    return Probe(tuple(_measured(item, predicted) for item in evidence), _speed(evidence))


def first_of_each_rung(asked: Sequence[Demand]) -> tuple[str, ...]:
    """Return the first arm of each rung: arms of one rung take about the same."""
    firsts: dict[str, str] = {}
    for demand in asked:
        firsts.setdefault(demand.family, demand.arm)
    return tuple(firsts.values())


def _measured(evidence: Evidence, predicted: Mapping[str, float]) -> ProbeArm:
    cost = evidence.cost
    if evidence.status != "ok" or cost is None:
        return ProbeArm(evidence.arm, predicted[evidence.arm], None, 0.0, evidence.reason or "it did not run")
    return ProbeArm(evidence.arm, predicted[evidence.arm], cost.peak_memory_mb, cost.fit_seconds)


def _speed(evidence: Sequence[Evidence]) -> Speed | None:
    """Return the tokens a second of the prompts, batched as far as so few rows allow."""
    found = []
    for item in evidence:
        cost = item.cost
        if cost and cost.seconds_per_item and cost.prompt_tokens_per_item is not None:
            tokens = cost.prompt_tokens_per_item + (cost.completion_tokens_per_item or 0.0)
            found.append(tokens / cost.seconds_per_item)
    if not found:
        return None
    return Speed(sorted(found)[len(found) // 2], "the dry run, whose small batches are slower than a run's")
