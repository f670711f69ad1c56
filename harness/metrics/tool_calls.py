"""Tool calls: the answer calls the target's tools with the target's arguments."""

import re
from collections import Counter
from collections.abc import Hashable
from typing import Any, ClassVar

from harness.metrics.json_search import comparable, find_json
from harness.metrics.settings import RightOrWrong

_ARGUMENTS = ("arguments", "parameters")
# What looks like a call, read or not: a tag, a key of one in JSON, or Python's form as the whole text.
_ATTEMPT = re.compile(
    r"<(?:tool_call|function_call|function)\b|[{,]\s*\"(?:tool_calls|function_call|function|arguments|parameters)\"\s*:"
    r"|\A\s*\[?\s*[A-Za-z_][\w.]*\((?:\s*[A-Za-z_]\w*\s*=[^()]*)?\)\s*\]?\s*\Z"
)


class ToolCall(RightOrWrong):
    """1 when the answer makes the target's calls: the same names, and arguments that are equal as JSON.

    A call is an object with a name and `arguments` or `parameters`, which may be an object or JSON text; it may be
    wrapped as OpenAI (`tool_calls`, `function`, `function_call`), in a list, in tags such as <tool_call>, in a fence or
    in prose. Ids, key order and words around the calls do not count; names with their case, types (7 is not '7'), and
    arguments that are missing or too many do. Several calls are compared in order. Where the target makes no call, the
    answer is right if it makes none, a damaged one included. Calls written as Python, f(x=1), are not read; a target
    that holds something like a call which cannot be read is a fault of its row.
    """

    name: ClassVar[str] = "tool_call"

    ignore_call_order: bool = False

    def is_right(self, answer: str, target: str) -> bool:
        """Whether both make the same calls."""
        said, wanted = calls_in(answer), calls_in(target)
        if not wanted:
            return not said and not _ATTEMPT.search(answer)
        return Counter(said) == Counter(wanted) if self.ignore_call_order else said == wanted

    def target_fault(self, target: str) -> str:
        """Say why a target cannot be scored; '' where it can: it makes calls, or plainly none."""
        if calls_in(target) or not _ATTEMPT.search(target):
            return ""
        return "holds a tool call that cannot be read; write it as JSON with name and arguments"


def calls_in(text: str) -> list[Hashable]:
    """Return the calls that a text makes, in order."""
    return [call for value in find_json(text) for call in _calls(value)]


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
