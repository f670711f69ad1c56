"""Checks the arms and metrics of a task file against what is installed."""

from collections.abc import Mapping

from harness.errors import PluginError
from harness.plugins import BASELINES, METRICS, load, plugins, suggest
from harness.task.faults import Faults
from harness.task.options import option_faults
from harness.task.schema import Arm, TaskFile
from harness.task.settings import ABSENT
from harness.task.source import Place, Source
from harness.task.task import ArmSpec, ModelSpec

WEIGHTS_NAMES = ("base", "base_nf4")  # general ability of the untuned model is kept under these


def read_arms(
    settings: TaskFile, source: Source, own: ModelSpec, of_arms: Mapping[int, ModelSpec], faults: Faults
) -> tuple[ArmSpec, ...]:
    """Return the arms; unknown baselines, wrong options and doubled names are noted in `faults`.

    Args:
        settings: The task file.
        source: Where its keys stand.
        own: The task's own model.
        of_arms: Models of the arms that name one, by place.
        faults: Takes what is wrong.
    """
    arms: list[ArmSpec] = []
    has_documents = settings.data.documents is not None
    for index, arm in enumerate(settings.arms):
        if arm.baseline == ABSENT:
            continue
        spec = ArmSpec(arm.name, arm.baseline or arm.name, arm.options, of_arms.get(index, own))
        named = [((), text) for text in _name_faults(spec, arms)]
        for place, text in [*named, *_baseline_faults(arm, spec, has_documents)]:
            source.add_fault(faults, ("arms", index, *place), text)
        arms.append(spec)
    return tuple(arms)


def _name_faults(spec: ArmSpec, before: list[ArmSpec]) -> list[str]:
    if spec.name.casefold() in WEIGHTS_NAMES:
        return [f"arm '{spec.name}' has the name of the untuned model; choose another"]
    if any(other.name.casefold() == spec.name.casefold() for other in before):
        return [f"arm '{spec.name}' is listed twice; give one another name: {{name: ..., baseline: {spec.baseline}}}"]
    return []


def _baseline_faults(arm: Arm, spec: ArmSpec, has_documents: bool) -> list[tuple[Place, str]]:
    """Return what is wrong, each fault with its place below the arm."""
    if spec.baseline not in plugins(BASELINES):
        what = "arm" if arm.baseline is None else "baseline"
        return [((), f"unknown {what} '{spec.baseline}'{suggest(spec.baseline, plugins(BASELINES))}")]
    try:
        baseline = load(BASELINES, spec.baseline)(spec.options)
    except PluginError as fault:
        return [((), str(fault))]
    except ValueError as fault:
        return [(place, f"arm '{spec.name}': {reason}") for place, reason in option_faults(spec, fault)]
    if baseline.needs_documents and not has_documents:
        text = "searches documents and the task has none; set data.documents to a folder of .md or .txt files, "
        return [((), f"arm '{spec.name}' {text}or remove the arm")]
    return []


def check_metrics(settings: TaskFile, source: Source, faults: Faults) -> None:
    """Note metrics that no installed package offers, and those listed twice."""
    seen: set[str] = set()
    named: list[tuple[Place, str]] = [(("metric", "primary"), settings.metric.primary)]
    named += [(("metric", "also", index), name) for index, name in enumerate(settings.metric.also)]
    for place, name in named:
        if name == ABSENT:
            continue
        if name not in plugins(METRICS):
            text = f"unknown metric '{name}'{suggest(name, plugins(METRICS))}"
            source.add_fault(faults, place, text)
        elif name in seen:
            source.add_fault(faults, place, f"metric '{name}' is listed twice; remove one")
        else:
            try:
                load(METRICS, name)
            except PluginError as fault:
                source.add_fault(faults, place, str(fault))
        seen.add(name)
