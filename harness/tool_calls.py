"""The calls of tools that a JSON value makes, whichever way they are wrapped."""

from collections.abc import Mapping
from typing import Any

from harness.answer_reading import STRICT_JSON

WRAPPERS = ("tool_calls", "function_call", "function")
ARGUMENTS = ("arguments", "parameters", "args")

Call = dict[str, Any]  # its `name`, and its `arguments`


def calls_in(value: Any, *, needs_arguments: bool = True) -> list[Call]:
    """Return the calls in a JSON value, without ids and wrappers: OpenAI's, plain ones, or lists of either.

    Args:
        value: An object or a list; anything else makes no call.
        needs_arguments: An object with a name alone is not a call. False where it is known that a call is meant.
    """
    if isinstance(value, list):
        return [call for item in value for call in calls_in(item, needs_arguments=needs_arguments)]
    if not isinstance(value, Mapping):
        return []
    for wrapper in WRAPPERS:
        if isinstance(value.get(wrapper), Mapping | list):
            return calls_in(value[wrapper], needs_arguments=needs_arguments)
    given = [key for key in ARGUMENTS if key in value]
    if not isinstance(value.get("name"), str) or (needs_arguments and not given):
        return []
    return [{"name": value["name"], "arguments": _arguments(value[given[0]] if given else None)}]


def _arguments(written: Any) -> Any:
    """Return arguments, read where they are JSON text; what is not JSON stays text, and nothing is not an argument."""
    if written is None or (isinstance(written, str) and not written.strip()):
        return {}
    if not isinstance(written, str):
        return written
    try:
        return STRICT_JSON.decode(written)
    except (ValueError, RecursionError):
        return written
