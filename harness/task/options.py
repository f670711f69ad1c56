"""What is wrong with an arm's options: one fault a mistake, at the option's own place."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.plugins import BASELINES, load, suggest
from harness.task.settings import bound
from harness.task.source import Place
from harness.task.task import ArmSpec
from harness.task.turns import shown


def option_faults(spec: ArmSpec, fault: ValueError) -> list[tuple[Place, str]]:
    """Return why a baseline refused its options, each reason with its place below the arm."""
    if not isinstance(fault, ValidationError):
        return [(("options",), str(fault))]
    found: dict[Place, list[ErrorDetails]] = {}
    for error in fault.errors():
        found.setdefault(_place(error, spec.options), []).append(error)
    # Where a list may stand instead of a number, pydantic also has it that the list is no number.
    return [
        (("options", *place), _explain(place, errors, spec))
        for place, errors in found.items()
        if not any(other[: len(place)] == place != other for other in found)
    ]


def _place(error: ErrorDetails, options: Mapping[str, object]) -> Place:
    """Leave out of pydantic's place what is no part of the options: the name of a type that it tried."""
    place: list[str | int] = []
    value: Any = options
    for part in error["loc"]:
        if part in (range(len(value)) if isinstance(value, list) else value if isinstance(value, Mapping) else ()):
            place.append(part)
            value = value[part]
    return (*place, error["loc"][-1]) if error["type"] == "missing" else tuple(place)


def _explain(place: Place, errors: Sequence[ErrorDetails], spec: ArmSpec) -> str:
    option = ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)
    kind, found = errors[0]["type"], errors[0]["input"]
    if kind == "extra_forbidden":
        known = _known_options(spec.baseline) if len(place) == 1 else {}
        return f"unknown option '{option}'{suggest(option, known) if known else '; remove or rename it'}"
    if kind == "missing":
        return f"option '{option}' is missing; add it"
    wanted = " or ".join(dict.fromkeys(map(bound, errors))).replace(" or it should ", " or ")
    return f"option '{option}' is {shown(found)}; {wanted}" if place else f"options: {wanted}"


def _known_options(baseline: str) -> Mapping[str, object]:
    """The names of the options that a baseline keeps in a pydantic model, as ours do; else none."""
    try:
        options = getattr(load(BASELINES, baseline)({}), "options", None)
    except ValueError:  # one that cannot be made without options
        return {}
    return type(options).model_fields if isinstance(options, BaseModel) else {}
