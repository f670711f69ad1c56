"""Which rows a model cannot be shown or can never answer; `check` and `compare` say it in the same sentences."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.chat.form import ChatFormat
from harness.records import Message

_NAMED = 3  # rows that a sentence names


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as far as a model's format is concerned."""

    name: str  # as its reader can find it
    roles: tuple[str, ...]  # of the turns that are shown, a system turn of the task's own included
    answers: tuple[str, ...]

    @classmethod
    def of(cls, name: str, messages: Iterable[Message], answers: tuple[str, ...], *, has_system: bool) -> "ShownRow":
        """Make one of a row's turns and answers; `has_system`: the task's prompt has a system text."""
        roles = tuple(message.role for message in messages)
        return cls(name, ("system", *roles) if has_system and "system" not in roles else roles, answers)


def row_faults(chat: ChatFormat, rows: Iterable[ShownRow]) -> list[str]:
    """Say which rows have turns that the model's template refuses, or answers that the model cannot give."""
    refused: dict[tuple[str, ...], list[str]] = {}
    marked: dict[str, list[str]] = {}
    for row in rows:
        if chat.fault(row.roles):
            refused.setdefault(row.roles, []).append(row.name)
        for answer in row.answers:
            for token in chat.not_text(answer):
                marked.setdefault(token, []).append(row.name)
    faults = [
        f"{_counted(names)} turns that '{chat.model}' cannot be shown ({', '.join(roles)}): {chat.fault(roles)}; "
        "begin such rows with the user's turn and let the roles take turns, or take another model"
        for roles, names in refused.items()
    ]
    faults += [
        f"{_counted(names)} an answer with {token} in it, which is a control token to '{chat.model}' and no text, so "
        "that no answer of it can be equal; take it out of the answers"
        for token, names in marked.items()
    ]
    return faults


def _counted(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return f"{len(names)} row{'s' if len(names) != 1 else ''} ({shown}) {'have' if len(names) != 1 else 'has'}"
