"""Checks the arms and metrics of a task file against what is installed."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from harness.contract import Metric
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
        found = option_faults(spec.options, fault, _baseline_options(spec.baseline))
        return [(("options", *place), f"arm '{spec.name}': {reason}") for place, reason in found]
    if baseline.needs_documents and not has_documents:
        text = "searches documents and the task has none; set data.documents to a folder of pages, "
        return [((), f"arm '{spec.name}' {text}or remove the arm")]
    return []


def _baseline_options(baseline: str) -> Mapping[str, object]:
    """The names of the options that a baseline keeps in a pydantic model, as ours do; else none."""
    try:
        options = getattr(load(BASELINES, baseline)({}), "options", None)
    except ValueError:  # one that cannot be made without options
        return {}
    return type(options).model_fields if isinstance(options, BaseModel) else {}


def make_metric(name: str, options: Mapping[str, Mapping[str, object]]) -> Metric:
    """Return a metric with its options of the task file.

    Args:
        name: Its entry point.
        options: The options of all metrics, by name.

    Raises:
        PluginError: If no installed package offers it, or its import fails.
        ValueError: If it refuses its options.
    """
    metric: Metric = load(METRICS, name)(**options.get(name, {}))
    return metric


def check_metrics(settings: TaskFile, source: Source, faults: Faults) -> None:
    """Note metrics that no installed package offers, those listed twice, and wrong options."""
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
                make = load(METRICS, name)
            except PluginError as fault:
                source.add_fault(faults, place, str(fault))
            else:
                _check_options(name, make, settings.metric.options.get(name, {}), source, faults)
        seen.add(name)
    for name in [name for name in settings.metric.options if name not in seen]:
        text = (
            f"options of metric '{name}', which is not used; name it in metric.primary or metric.also, or remove them"
        )
        source.add_fault(faults, ("metric", "options", name), text)


def _check_options(
    name: str, make: Callable[..., Any], options: Mapping[str, object], source: Source, faults: Faults
) -> None:
    """Note options that a metric does not have, whose values it refuses, or that it needs."""
    place: Place = ("metric", "options", name)
    known = inspect.signature(make).parameters
    if options and not known:
        source.add_fault(faults, place, f"metric '{name}' has no options; remove them")
        return
    unknown = [option for option in options if option not in known]
    for option in unknown:
        text = f"metric '{name}': unknown option '{option}'{suggest(option, known)}"
        source.add_fault(faults, (*place, option), text)
    try:
        make(**{option: value for option, value in options.items() if option not in unknown})
    except ValueError as fault:
        if not options:  # the place of what is missing is not written
            place = ("metric",)
        for below, reason in option_faults(options, fault, known):
            source.add_fault(faults, (*place, *below), f"metric '{name}': {reason}")
