"""Markers that a model's own format writes behind an answer, and that tutorials leave in the data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.chat.markers import without_end
from harness.records import Message
from harness.task.placed import Item
from harness.task.turns import Turn

_ANSWERS = ("target", "chosen", "rejected", "answer")  # what an item holds that a model is to say


def ended_turns(turns: Sequence[Turn], ends: Counter[str]) -> tuple[Turn, ...]:
    """Return a conversation whose answers have no end marker; each that is taken off is counted."""
    found = [(turn, _turn(turn.message, ends)) for turn in turns]
    return tuple(turn if message is turn.message else replace(turn, message=message) for turn, message in found)


def ended_texts(answers: Sequence[str], ends: Counter[str]) -> tuple[str, ...]:
    """Return answers without end markers; each that is taken off is counted."""
    return tuple(_taken_off(answer, ends) for answer in answers)


def ended(item: Item, ends: Counter[str]) -> Item:
    """Return an item whose answers have no end marker; what is nothing but one stays as it is."""
    changes: dict[str, Any] = {}
    for name in _ANSWERS:
        if isinstance(answer := getattr(item, name, None), str) and (text := _taken_off(answer, ends)) != answer:
            changes[name] = text
    if others := getattr(item, "accepted", ()):
        changes["accepted"] = ended_texts(others, ends)
    messages = tuple(_turn(message, ends) for message in item.messages)
    if any(one is not other for one, other in zip(messages, item.messages, strict=True)):
        changes["messages"] = messages
    return replace(item, **changes) if changes else item


def ends_said(ends: Mapping[str, int]) -> list[str]:
    """Say what was taken off, a line for each marker."""
    return [
        f"{count} answer{'s' if count != 1 else ''} {'stood in' if '...' in marker else 'ended in'} {marker}, which a "
        f"model's own format writes {'around' if '...' in marker else 'behind'} an answer: it was taken off"
        for marker, count in sorted(ends.items())
    ]


def _turn(message: Message, ends: Counter[str]) -> Message:
    if message.role != "assistant":
        return message
    content = _taken_off(message.content, ends)
    return message if content is message.content else replace(message, content=content)


def _taken_off(answer: str, ends: Counter[str]) -> str:
    text, marker = without_end(answer)
    if not marker or not text.strip():
        return answer
    ends[marker] += 1
    return text
