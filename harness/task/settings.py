"""From YAML values to a `TaskFile`: every wrong key by its line, and as much as possible read on."""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.plugins import suggest
from harness.task.faults import Faults
from harness.task.schema import TaskFile
from harness.task.source import Place, Source
from harness.task.turns import shown

ABSENT = "<absent>"  # stands in for what the task file does not name, so that the other checks continue
_STAND_INS: dict[Place, Any] = {
    ("version",): 1,
    ("name",): "unnamed",
    ("data",): {"train": ABSENT, "test": ABSENT},
    ("data", "train"): ABSENT,
    ("data", "test"): ABSENT,
    ("arms",): [{"name": "unnamed", "baseline": ABSENT}],
    ("arms", "item"): {"name": "unnamed", "baseline": ABSENT},
    ("metric", "also", "item"): ABSENT,
}


def read_settings(source: Source, faults: Faults) -> TaskFile:
    """Validate the task file; wrong parts are noted in `faults` and replaced by their defaults.

    The result may be used to look for further faults; it is the user's own only when `faults` is empty.
    """
    try:
        return TaskFile.model_validate(source.values)
    except ValidationError as fault:
        errors = fault.errors()
    for error in errors:
        if error["type"] == "missing" and error["loc"] in source.spots:
            continue  # it is written there, and why it cannot be read is noted
        source.add_fault(faults, error["loc"], _explain(error))
    return _salvage(copy.deepcopy(source.values), errors)


def _salvage(values: dict[str, Any], errors: Sequence[ErrorDetails]) -> TaskFile:
    """Take wrong values out until the rest is valid; each round removes something or fills a gap."""
    while True:
        for error in errors:
            place = error["loc"]
            is_gap = error["type"] == "missing" and _stand_in(place) is None
            _take_out(values, place[:-1] if is_gap else place)
        try:
            return TaskFile.model_validate(values)
        except ValidationError as fault:
            errors = fault.errors()


def _stand_in(place: Place) -> Any:
    named = tuple("item" if isinstance(part, int) else part for part in place)
    return copy.deepcopy(_STAND_INS.get(named))


def _take_out(values: dict[str, Any], place: Place) -> None:
    """Remove what stands at `place`, or all of the list or short form that it is part of."""
    around: Any = values
    for part in place[:-1]:
        if part not in (range(len(around)) if isinstance(around, list) else around):
            return  # gone already, with what enclosed it
        around = around[part]
    last, stand_in = place[-1], _stand_in(place)
    if isinstance(around, dict) and stand_in is None:
        around.pop(last, None)
    elif isinstance(around, dict | list) and stand_in is not None:
        around[last] = stand_in  # type: ignore[index]
    else:
        _take_out(values, place[:-1])


def _explain(error: ErrorDetails) -> str:
    place = error["loc"]
    key = ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)
    if error["type"] == "extra_forbidden":
        return f"unknown key '{place[-1]}'{suggest(str(place[-1]), _known_keys(place[:-1]))}"
    if error["type"] == "missing":
        return f"key '{key}' is missing; add it"
    found = error["input"]
    if error["type"] == "string_pattern_mismatch":
        return f"'{key}' is {shown(found)}; use up to 64 letters, digits, '_' or '-', as it names a folder"
    if error["type"] == "string_type" and isinstance(found, int | float):
        return f"'{key}' is {shown(found)}, which YAML reads as no text; put it in quotes"
    if found is None:
        return f"'{key}' is empty; give a value or remove the key"
    if error["type"] in ("model_type", "dict_type"):
        return f"'{key}' is {shown(found)}; give keys below it{suggest('', _known_keys(place))}"
    if error["type"] == "list_type":
        return f"'{key}' is {shown(found)}; give a list, such as [{found if isinstance(found, str) else '...'}]"
    return f"'{key}' is {shown(found)}; {bound(error)}"


def bound(error: ErrorDetails) -> str:
    """Say what a value should be, in pydantic's words but for those about itself: 'it should be a valid number'."""
    if error["type"] == "value_error":  # a validator's own words
        return error["msg"].removeprefix("Value error, ")
    text = re.sub(r"^\w+ should", "it should", error["msg"])
    return re.sub(r" after validation, not \d+|, (unable|got) .*", "", text).replace("valid tuple", "list")


def _known_keys(place: Place) -> Mapping[str, object]:
    """The keys that the schema allows at `place`."""
    model: type[BaseModel] = TaskFile
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return model.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
