"""What is wrong with the options of an arm or a metric: one fault a mistake, at the option's own place."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.plugins import suggest
from harness.task.settings import bound
from harness.task.source import Place
from harness.task.turns import shown


def option_faults(
    options: Mapping[str, object], fault: ValueError, known: Mapping[str, object]
) -> list[tuple[Place, str]]:
    """Return why a plug-in refused its options, each reason with its place below them.

    Args:
        options: As the task file has them.
        fault: What the plug-in raised.
        known: The names of its options, where they can be told; a misspelt one gets a guess.
    """
    if not isinstance(fault, ValidationError):
        return [((), str(fault))]
    found: dict[Place, list[ErrorDetails]] = {}
    for error in fault.errors():
        found.setdefault(_place(error, options), []).append(error)
    # Where a list may stand instead of a number, pydantic also has it that the list is not a number.
    return [
        (place, _explain(place, errors, known))
        for place, errors in found.items()
        if not any(other[: len(place)] == place != other for other in found)
    ]


def _place(error: ErrorDetails, options: Mapping[str, object]) -> Place:
    """Leave out of pydantic's place what is not part of the options: the name of a type that it tried."""
    place: list[str | int] = []
    value: Any = options
    for part in error["loc"]:
        if part in (range(len(value)) if isinstance(value, list) else value if isinstance(value, Mapping) else ()):
            place.append(part)
            value = value[part]
    return (*place, error["loc"][-1]) if error["type"] == "missing" else tuple(place)


def _explain(place: Place, errors: Sequence[ErrorDetails], known: Mapping[str, object]) -> str:
    option = ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)
    kind, found = errors[0]["type"], errors[0]["input"]
    if kind == "extra_forbidden":
        near = suggest(option, known) if known and len(place) == 1 else "; remove or rename it"
        return f"unknown option '{option}'{near}"
    if kind == "missing":
        return f"option '{option}' is missing; add it"
    wanted = " or ".join(dict.fromkeys(map(bound, errors))).replace(" or it should ", " or ")
    return f"option '{option}' is {shown(found)}; {wanted}" if place else f"options: {wanted}"
