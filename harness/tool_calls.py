"""The calls of tools that a JSON value makes, whichever way they are wrapped."""

from collections.abc import Mapping
from typing import Any

from harness.answer_reading import STRICT_JSON

WRAPPERS = ("tool_calls", "function_call", "function")
NAMES = ("name", "tool", "function")
ARGUMENTS = ("arguments", "parameters", "args")
_BARE = {*NAMES, "id", "type"}  # the keys of a call that may leave its arguments out

Call = dict[str, Any]  # its `name`, and its `arguments`


def calls_in(value: Any, *, needs_arguments: bool = True, takes_names: bool = True) -> list[Call]:
    """Return the calls in a JSON value, without ids and wrappers: OpenAI's, Anthropic's, plain ones, or lists of them.

    Args:
        value: An object or a list; anything else makes no call.
        needs_arguments: An object with a name and other keys, but no arguments, is not a call. False where it is known
            that a call is meant.
        takes_names: An object with a name alone is a call outside a wrapper too. False where it may be a record.
    """
    if isinstance(value, list):
        made = (calls_in(item, needs_arguments=needs_arguments, takes_names=takes_names) for item in value)
        return [call for calls in made for call in calls]
    if not isinstance(value, Mapping):
        return []
    for wrapper in WRAPPERS:
        if isinstance(value.get(wrapper), Mapping | list):
            return calls_in(value[wrapper], needs_arguments=needs_arguments)
    given = [key for key in (*ARGUMENTS, *(("input",) if value.get("type") == "tool_use" else ())) if key in value]
    names = [value[key] for key in NAMES if isinstance(value.get(key), str)]
    is_bare = takes_names and value.keys() <= _BARE
    if not names or (needs_arguments and not given and not is_bare):
        return []
    return [{"name": names[0], "arguments": _arguments(value[given[0]] if given else None)}]


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
