"""Conversations as people write them: a text, OpenAI `messages`, or ShareGPT `from` and `value`."""

from typing import Any

from harness.records import Message, Role
from harness.task.text import UNUSABLE

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}


def text_of(value: Any, name: str) -> str:
    """Return a cell's text; a whole number becomes its digits.

    Raises:
        ValueError: If the cell is empty, is neither text nor a whole number, or cannot be stored.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError(f"'{name}' is empty; give text or remove the row")
    if not isinstance(value, str):
        raise ValueError(f"'{name}' is {shown(value)}; give text (in quotes)")
    if bad := UNUSABLE.search(value):
        if bad[0] == "\0":
            raise ValueError(f"'{name}' has a NUL character (\\u0000); remove it")
        raise ValueError(f"'{name}' has half of a character pair (\\ud800 to \\udfff); write the whole character")
    return value


def shown(value: Any) -> str:
    """Return a value for a message, long ones cut with '...'."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def turns_of(value: Any, name: str) -> tuple[Message, ...]:
    """Read a list of turns: a system turn may come first, then user and assistant.

    Raises:
        ValueError: If a turn has no known role or no text, or a system turn comes late.
    """
    if not isinstance(value, list) or not value:
        raise ValueError(f"'{name}' is {shown(value)}; give a list of turns")
    turns = tuple(_turn(item, f"{name}[{index}]") for index, item in enumerate(value))
    for index, turn in enumerate(turns):
        if turn.role == "system" and index:
            raise ValueError(f"'{name}[{index}]' is a system turn; it must be the first one")
    return turns


def _turn(value: Any, name: str) -> Message:
    if not isinstance(value, dict):
        raise ValueError(f"'{name}' is {shown(value)}; give role and content")
    if value.get("role") == "tool" or (value.get("tool_calls") and not value.get("content")):
        raise ValueError(f"'{name}' is a tool call or a tool's answer; these are not supported: remove the row")
    role_key, text_key = ("from", "value") if "from" in value else ("role", "content")
    role = _ROLES.get(str(value.get(role_key)))
    if role is None:
        known = ", ".join(_ROLES)
        raise ValueError(f"'{name}.{role_key}' is {shown(value.get(role_key))}; use one of {known}")
    return Message(role, text_of(_joined(value.get(text_key), name), f"{name}.{text_key}"))


def _joined(content: Any, name: str) -> Any:
    """OpenAI content may be a list of parts; only text parts can be used."""
    if not isinstance(content, list):
        return content
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise ValueError(f"'{name}.content' has a part that is no text: {shown(part)}; remove the row")
    return "".join(part["text"] for part in content)


def question_of(value: Any, name: str) -> tuple[Message, ...]:
    """Read a question: a text, or turns of which the last one is the user's.

    Raises:
        ValueError: If the last turn is another's, or as in `text_of` and `turns_of`.
    """
    if not isinstance(value, list):
        return (Message("user", text_of(value, name)),)
    turns = turns_of(value, name)
    if turns[-1].role != "user":
        raise ValueError(f"'{name}' ends with the {turns[-1].role}'s turn; the last turn must be the user's")
    return turns


def answered(turns: tuple[Message, ...], name: str) -> tuple[tuple[Message, ...], str]:
    """Split a conversation into the question and its last answer.

    Raises:
        ValueError: If the last two turns are not the user's and the assistant's.
    """
    if turns[-1].role != "assistant":
        raise ValueError(f"'{name}' ends with the {turns[-1].role}'s turn; its last turn must be the answer")
    if len(turns) < 2 or turns[-2].role != "user":
        raise ValueError(f"'{name}' has no user's turn before its last answer; add it")
    return turns[:-1], turns[-1].content
