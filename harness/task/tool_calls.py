"""Tool calls as text: a call's name and arguments as JSON, whichever way a file writes it, and what a tool answered.

Read are OpenAI's `tool_calls` and older `function_call`, ShareGPT's turns `function_call` and `observation`, and parts
`tool_use` and `tool_result` of a content. The metric `tool_call` compares such texts.
"""

import json
from collections.abc import Mapping
from typing import Any

from harness import tool_calls
from harness.answer_reading import STRICT_JSON

CALL_KEYS = ("tool_calls", "function_call")
CALL_ROLES = ("function_call", "tool_call")  # whose turn is a call and nothing else
RESULT_ROLES = ("tool", "function", "observation", "tool_response", "function_response", "ipython")
RESULT = "<tool_response>\n{}\n</tool_response>"  # as Qwen's and Hermes' templates write it, in a user's turn


def calls_in(turn: Mapping[str, Any]) -> list[Any]:
    """Return the calls that stand beside a turn's text, each as name and arguments.

    Raises:
        ValueError: If the arguments of one are damaged JSON.
    """
    written = [turn[key] for key in CALL_KEYS if turn.get(key)]
    return [_plain(call) for value in written for call in (value if isinstance(value, list) else [value])]


def call_text(calls: list[Any]) -> str:
    """Write calls as JSON: one as an object, several as a list."""
    return json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)


def read_call(text: Any) -> str:
    """Return the text of a turn that is a call and nothing else; what is not JSON stays as it is written."""
    value = _parsed(text)
    if isinstance(value, dict | list) and value:
        return call_text([_plain(call) for call in (value if isinstance(value, list) else [value])])
    return str(text)


def result_text(value: Any) -> str:
    """Return what a tool answered as the text of a user's turn."""
    return RESULT.format(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def call_of_part(part: Mapping[str, Any]) -> Any:
    """Return the call that a part of a content makes."""
    return {"name": part.get("name"), "arguments": part.get("input") or {}}


def _plain(call: Any) -> Any:
    """Return a call as name and arguments, without ids and wrappers; what is none stays as it is.

    Raises:
        ValueError: If its arguments are damaged JSON: no answer could be right.
    """
    found = tool_calls.calls_in(call, needs_arguments=False)
    for one in found:
        if isinstance(one["arguments"], str) and one["arguments"].lstrip().startswith(("{", "[")):
            raise ValueError(f"the arguments of a call of '{one['name']}' are not valid JSON; fix them")
    return found[0] if len(found) == 1 else call


def _parsed(value: Any) -> Any:
    """Return the value of JSON text; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return STRICT_JSON.decode(value) if value.strip() else None
    except (ValueError, RecursionError):
        return value
