"""Tool calls: the answer calls the target's tools with the target's arguments."""

from collections import Counter
from collections.abc import Hashable
from typing import Any, ClassVar

from harness.metrics.json_search import comparable, find_json
from harness.metrics.settings import RightOrWrong

_ARGUMENTS = ("arguments", "parameters")


class ToolCall(RightOrWrong):
    """1 when the answer makes the target's calls: the same names, and arguments that are equal as JSON.

    A call is an object with a name and `arguments` or `parameters`, which may be an object or JSON text; it may be
    wrapped as OpenAI (`tool_calls`, `function`, `function_call`), in a list, in tags such as <tool_call>, in a fence or
    in prose. Ids, key order and words around the calls do not count; names with their case, types (7 is not '7'), and
    arguments that are missing or too many do. Several calls are compared in order. Where the target makes no call, the
    answer is right if it makes none. Calls written as Python, f(x=1), are not read.
    """

    name: ClassVar[str] = "tool_call"

    ignore_call_order: bool = False

    def is_right(self, answer: str, target: str) -> bool:
        """Whether both make the same calls."""
        return self._comparable(answer) == self._comparable(target)

    def _comparable(self, text: str) -> object:
        calls = [call for value in find_json(text) for call in _calls(value)]
        return Counter(calls) if self.ignore_call_order else calls


def _calls(value: Any) -> list[Hashable]:
    """Return the calls that a JSON value makes; each compares by its name and arguments."""
    if isinstance(value, list):
        return [call for item in value for call in _calls(item)]
    if not isinstance(value, dict):
        return []
    for wrapper in ("tool_calls", "function_call", "function"):
        if isinstance(value.get(wrapper), dict | list):
            return _calls(value[wrapper])
    name = value.get("name")
    given = [key for key in _ARGUMENTS if key in value]
    if not isinstance(name, str) or not given:
        return []
    return [(name.strip(), comparable(_arguments(value[given[0]])))]


def _arguments(written: Any) -> Any:
    """Return arguments, read where they are JSON text; what is no JSON stays text, which equals no object."""
    if not isinstance(written, str):
        return {} if written is None else written
    found = find_json(written)
    return found[0] if len(found) == 1 and isinstance(found[0], dict) else written if written.strip() else {}
