"""Tool calls: the answer calls the target's tools with the target's arguments."""

import re
from collections import Counter
from collections.abc import Hashable
from typing import ClassVar

from harness.metrics.json_reading import read_json
from harness.metrics.json_search import comparable, find_json
from harness.metrics.settings import RightOrWrong
from harness.tool_calls import NAMES, calls_in

# What looks like a call, read or not: a tag, a key of one in JSON, or Python's form as the whole text.
_ATTEMPT = re.compile(
    r"<(?:tool_call|function_call|function)\b|[{,]\s*\"(?:tool_calls|function_call|function|arguments|parameters|args)\"\s*:"
    r"|\A\s*\[?\s*[A-Za-z_][\w.]*\((?:\s*[A-Za-z_]\w*\s*=[^()]*)?\)\s*\]?\s*\Z"
)

# Llama's form: <function=get_time>{"zone": "UTC"}</function>
_TAGGED = re.compile(r"<function=([\w.-]+)>\s*(\{.*?\})\s*</function>", flags=re.DOTALL)


class ToolCall(RightOrWrong):
    """1 when the answer makes the target's calls: the same names, and arguments that are equal as JSON.

    A call is an object with a `name` (or `tool`) and `arguments` (or `parameters`, `args`), an object or JSON text, or
    with a name alone, which calls without arguments. It may be wrapped as OpenAI (`tool_calls`, `function`,
    `function_call`) or as Anthropic (`tool_use` with `input`) has it, in a list, in tags such as <tool_call> or
    <function=name>, in a fence or in prose. Ids, key order and words around the calls do not count; names with their
    case, types (7 is not '7'), and arguments that are missing or too many do. Several calls are compared in order.
    Where the target makes no call, the answer is right if it makes none, a damaged one included; a name alone is a call
    there in a wrapper, in a tag or as the whole answer, else a record. Calls written as Python, f(x=1), are not read; a
    target that holds something like a call which cannot be read is a fault of its row.
    """

    name: ClassVar[str] = "tool_call"

    ignore_call_order: bool = False

    def is_right(self, answer: str, target: str) -> bool:
        """Whether both make the same calls."""
        wanted = _calls(target)
        if not wanted:
            return not _calls(answer, takes_names=_is_name(answer)) and not _ATTEMPT.search(answer)
        said = _calls(answer)
        return Counter(said) == Counter(wanted) if self.ignore_call_order else said == wanted

    def target_fault(self, target: str) -> str:
        """Say why a target cannot be scored; '' where it can: it makes calls, or plainly none."""
        if _calls(target) or not _ATTEMPT.search(target):
            return ""
        return "holds a tool call that cannot be read; write it as JSON with name and arguments"


def _is_name(text: str) -> bool:
    """Whether a text is one object of a name, and nothing else: with an id, or in prose, it is a record."""
    try:
        value = read_json(text)
    except ValueError:
        return False
    return isinstance(value, dict) and value.keys() <= set(NAMES)


def _calls(text: str, *, takes_names: bool = True) -> list[Hashable]:
    """Return the calls that a text makes, in order; each compares by its name and arguments."""
    text = _TAGGED.sub(r'{"name": "\1", "arguments": \2}', text)
    made = [call for value in find_json(text) for call in calls_in(value, takes_names=takes_names)]
    return [(call["name"].strip(), comparable(call["arguments"])) for call in made]
