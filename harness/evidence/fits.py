"""Which fits a task asks for: an arm once, or once a seed."""

from harness.plugins import BASELINES, load
from harness.records import Family, Fit
from harness.task.task import ArmSpec, Task


def family_of(arm: ArmSpec) -> Family:
    """Return the rung on which an arm stands."""
    family: Family = load(BASELINES, arm.baseline)(arm.options).family
    return family


def is_trained(arm: ArmSpec) -> bool:
    """Whether an arm trains, so that each seed makes other weights."""
    return "training" in load(BASELINES, arm.baseline)(arm.options).needs


def fits_of(arm: ArmSpec, task: Task) -> tuple[Fit, ...]:
    """Return the fits of an arm: one a seed where it trains, else one, as greedy prompts answer alike with any seed."""
    seeds = task.seeds if is_trained(arm) else task.seeds[:1]
    return tuple(Fit(arm.name, arm.model.name, seed) for seed in seeds)
