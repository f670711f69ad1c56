"""A recorded base: what `harness regress` measured of it, so that it need not be measured for every change.

It stands for the base only where nothing that a figure depends on has changed; else it is refused, and says what has.
One JSON file, sealed by the sha256 of all that it says. A figure that is not a number is written as a string ("NaN").
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.errors import StoreError
from harness.json_files import read_json
from harness.records import GeneralAbility, Prediction
from harness.store.files import decode, hash_data, write_atomically

FORMAT = 1
_MOST_NAMED = 3  # of the things that differ
_AGAIN = "remove it to record the base again"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was measured of a base, and all that it depends on."""

    format: int
    recorded: str  # when, in UTC
    bound_to: Mapping[str, str]  # hashes of model, items and task; versions, code, device; by name
    ability: GeneralAbility
    predictions: tuple[Prediction, ...]  # on the task's test items; none without a task


def record(path: Path, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all.

    Raises:
        StoreError: If the disk refuses.
    """
    data = _writable(TypeAdapter(Baseline).dump_python(baseline, mode="json"))
    text = json.dumps({"seal": hash_data(data), **data}, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, text + "\n")


def recall(path: Path, bound_to: Mapping[str, str]) -> Baseline | None:
    """Return a recorded base; None where there is no file yet.

    Raises:
        StoreError: If the file is damaged, or was recorded of another model, other items, or by other versions.
    """
    data = _read(path)
    if data is None:
        return None
    if data.get("format") != FORMAT:
        raise StoreError(f"{path}: is not a recorded base of format {FORMAT}; give another file, or {_AGAIN}")
    if not _is_sealed(data):
        raise StoreError(f"{path}: is damaged or was edited, its seal does not fit; {_AGAIN}")
    found: Baseline = decode(Baseline, json.dumps({name: value for name, value in data.items() if name != "seal"}))
    if differing := _differing(found.bound_to, bound_to):
        raise StoreError(f"{path}: was recorded of something else ({differing}); {_AGAIN}, or give another file")
    return found


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = read_json(path)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise StoreError(f"{path}: cannot be read ({fault.strerror}); give another file") from fault
    except (ValueError, RecursionError) as fault:  # no UTF-8, no JSON
        raise StoreError(f"{path}: is damaged or no recorded base ({fault}); give another file, or {_AGAIN}") from fault
    return data if isinstance(data, dict) else {}


def _is_sealed(data: Mapping[str, Any]) -> bool:
    try:
        return hash_data({name: value for name, value in data.items() if name != "seal"}) == data.get("seal")
    except UnicodeEncodeError:  # half a character, which JSON may spell and nobody can write
        return False


def _differing(there: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Name what is not alike: 'model is 4c1f there and 9a2b now'; '' where all is."""
    names = [name for name in dict.fromkeys((*now, *there)) if there.get(name) != now.get(name)]
    shown = [f"{name} is {there.get(name, 'none')} there and {now.get(name, 'none')} now" for name in names]
    more = [f"{len(names) - _MOST_NAMED} more differ"] if len(names) > _MOST_NAMED else []
    return "; ".join(shown[:_MOST_NAMED] + more)


def _writable(value: Any) -> Any:
    """Write NaN and infinities as strings, which the records' types read back."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _writable(item) for name, item in value.items()}
    return [_writable(item) for item in value] if isinstance(value, list) else value
