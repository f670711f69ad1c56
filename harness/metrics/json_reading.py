"""How JSON answers are read and compared."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```", flags=re.DOTALL | re.IGNORECASE)


def read_json(text: str) -> Any:
    """Parse an answer that is JSON and nothing else, or JSON inside one ``` or ```json fence.

    NaN and Infinity are not JSON (RFC 8259); text around the value or the fence is not allowed. Keys and texts are in
    Unicode's NFC, one form for each character.

    Raises:
        ValueError: If it is not valid JSON.
    """
    text = text.strip()
    fenced = FENCE.fullmatch(text)
    try:
        return _composed(json.loads(fenced[1] if fenced else text, parse_constant=refuse))
    except RecursionError as fault:
        raise ValueError(f"JSON nested too deeply: {text[:60]!r}...") from fault


def _composed(value: Any) -> Any:
    if isinstance(value, dict):
        return {unicodedata.normalize("NFC", key): _composed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_composed(item) for item in value]
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def equal_values(left: Any, right: Any) -> bool:
    """Compare two JSON values: 1 equals 1.0 but not true, and outer white space of strings is ignored."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left.strip() == right.strip()
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal_values, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal_values(left[key], right[key]) for key in left)
    return bool(left == right)


def refuse(constant: str) -> None:
    """Refuse what Python's parser takes and JSON does not have.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"{constant} is not a JSON value")
