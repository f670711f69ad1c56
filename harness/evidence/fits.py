"""Which fits a task asks for: an arm once, or once a seed."""

from harness.plugins import BASELINES, load
from harness.records import Family, Fit
from harness.task.task import ArmSpec, Task


def family_of(arm: ArmSpec) -> Family:
    """Return the rung on which an arm stands."""
    family: Family = load(BASELINES, arm.baseline)(arm.options).family
    return family


def depends_on_seed(arm: ArmSpec) -> bool:
    """Whether an arm trains, so that each seed makes other weights, or draws its answers (`samples` above 1)."""
    baseline = load(BASELINES, arm.baseline)(arm.options)
    return "training" in baseline.needs or getattr(baseline, "samples", 1) > 1


def fits_of(arm: ArmSpec, task: Task) -> tuple[Fit, ...]:
    """Return the fits of an arm: one a seed where it depends on the seed, else one, as greedy prompts answer alike."""
    seeds = task.seeds if depends_on_seed(arm) else task.seeds[:1]
    return tuple(Fit(arm.name, arm.model.name, seed) for seed in seeds)
