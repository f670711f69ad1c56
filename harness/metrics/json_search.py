"""How JSON is found in an answer that says more than JSON, and compared."""

import unicodedata
from collections import Counter
from collections.abc import Hashable
from typing import Any

from harness.answer_reading import STRICT_JSON, containers
from harness.metrics.json_reading import FENCE


def find_json(text: str) -> list[Any]:
    """Return the JSON values that an answer holds, in order.

    The whole text; else what stands in its fences, where one holds JSON; else each object or array in the prose, the
    outermost alone, up to the first object that is damaged or cut off: the ones inside it are not the answer. NaN,
    Infinity and objects that repeat a key are not JSON.
    """
    if whole := _parsed(text):
        return whole
    if fenced := [value for match in FENCE.finditer(text) for value in _parsed(match[1])]:
        return fenced
    return [value for value, _ in containers(text, STRICT_JSON)]


def comparable(value: Any, *, ignore_list_order: bool = False) -> Hashable:
    """Return a value that is equal for equal JSON.

    1 equals 1.0, but neither '1' nor true; outer white space of strings does not count, nor do the order of keys and
    the code points of one character (Unicode NFC). What is nested too deeply to be compared equals nothing.
    """
    try:
        return _comparable(value, ignore_list_order)
    except RecursionError:
        return object()


def untyped(value: Any) -> Any:
    """Return a value whose texts that are one number, true, false or null in JSON are that; keys stay as they are.

    What is nested too deeply stays as it is.
    """
    try:
        return _untyped(value)
    except RecursionError:
        return value


def _untyped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _untyped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_untyped(item) for item in value]
    found = _parsed(value.strip()) if isinstance(value, str) else []
    return found[0] if found and not isinstance(found[0], dict | list | str) else value


def _comparable(value: Any, ignore_list_order: bool) -> Hashable:
    if isinstance(value, dict):
        return "object", frozenset(
            (unicodedata.normalize("NFC", key), _comparable(item, ignore_list_order)) for key, item in value.items()
        )
    if isinstance(value, list):
        items = tuple(_comparable(item, ignore_list_order) for item in value)
        return "list", frozenset(Counter(items).items()) if ignore_list_order else items
    if isinstance(value, str):
        return "text", unicodedata.normalize("NFC", value.strip())
    return ("truth" if isinstance(value, bool) else "number", value)


def _parsed(text: str) -> list[Any]:
    try:
        return [STRICT_JSON.decode(text)]
    except (ValueError, RecursionError):
        return []
