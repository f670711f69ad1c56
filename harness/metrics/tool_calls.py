"""Tool calls: the answer calls the target's tools with the target's arguments."""

from collections import Counter
from collections.abc import Hashable
from typing import ClassVar

from harness.metrics.json_search import comparable, find_json
from harness.metrics.settings import RightOrWrong
from harness.tool_calls import calls_in


class ToolCall(RightOrWrong):
    """1 when the answer makes the target's calls: the same names, and arguments that are equal as JSON.

    A call is an object with a name and `arguments` (or `parameters`, `args`), an object or JSON text; it may be
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
        made = [call for value in find_json(text) for call in calls_in(value)]
        calls: list[Hashable] = [(call["name"].strip(), comparable(call["arguments"])) for call in made]
        return Counter(calls) if self.ignore_call_order else calls
