"""How a model's template writes tool calls, found out by letting it write some whose parts are known."""

import json
from collections.abc import Callable, Collection
from typing import Any

from harness.chat.turns import written

_DECODER = json.JSONDecoder()
ARGUMENTS = ("arguments", "parameters")
# Names and arguments whose places in a template's text can be told: accents, quotes and nested values as rows have.
_FIRST = {"name": "tool_\u2022", "arguments": {"caf\u00e9": 'a "b"', "n": [1, 2.5, None, True]}}
_SECOND = {"name": "other_\u2022", "arguments": {"m": {"k": "v"}}}

Calls = tuple[str, ...]


def call_form(write: Callable[[list[Any]], str], before: str, ending: str) -> Calls:
    """Return what a template writes before, between and behind calls, and its name for arguments.

    Args:
        write: Renders a user's turn and an assistant's turn with these calls; '' where the template refuses.
        before: What stands in front of an answer's text.
        ending: What stands behind it.

    Returns:
        Four texts, the second empty where several calls cannot be written; none where the template writes no calls, or
        writes them otherwise than as JSON with a name and arguments alone.
    """
    alone = _inside(write([_turn_call(_FIRST)]), before, ending)
    found = _objects(alone)
    if len(found) != 1:
        return ()
    start, end, call = found[0]
    key = next((key for key in ARGUMENTS if key in call), "")
    form = (alone[:start], "", alone[end:], key)
    if not key or written(json.dumps(_FIRST, ensure_ascii=False), form) != alone:
        return ()
    both = _inside(write([_turn_call(_FIRST), _turn_call(_SECOND)]), before, ending)
    found = _objects(both)
    if len(found) != 2:
        return form
    several = (form[0], both[found[0][1] : found[1][0]], form[2], key)
    return several if written(json.dumps([_FIRST, _SECOND], ensure_ascii=False), several) == both else form


def as_decoded(form: Calls, special: Collection[str]) -> Calls:
    """Return the form as a completion shows it, from which special tokens are taken off."""
    if not form:
        return ()
    parts = list(form[:3])
    for token in sorted(filter(None, special), key=len, reverse=True):
        parts = [part.replace(token, "") for part in parts]
    return (*parts, form[3])


def _turn_call(call: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": dict(call)}


def _inside(text: str, before: str, ending: str) -> str:
    """Return an answer's own text; '' where the template frames calls otherwise than texts."""
    is_framed = text.startswith(before) and text.endswith(ending) and len(text) > len(before) + len(ending)
    return text[len(before) : len(text) - len(ending)] if is_framed else ""


def _objects(text: str) -> list[tuple[int, int, dict[str, Any]]]:
    """Return the calls in a text with their places."""
    found = []
    at = text.find("{")
    while at >= 0:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except ValueError:
            at = text.find("{", at + 1)
            continue
        if isinstance(value, dict) and "name" in value:
            found.append((at, end, value))
        at = text.find("{", end)
    return found
