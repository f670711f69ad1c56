"""Which turns of a conversation are answers to learn and to score, and what is shown before each."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Message
from harness.task.turns import Turn, messages_of


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a conversation with all turns before it."""

    messages: tuple[Message, ...]  # the last one is the user's
    target: str
    has_call: bool = False
    behind: int = 0  # turns of the conversation that follow it


class NothingLearnt(ValueError):
    """The file itself marks all answers of a conversation as not to be learnt from."""


def answers_in(turns: Sequence[Turn], name: str) -> list[Answer]:
    """Return the answers that may be learnt and scored, in their order.

    An answer is what the assistant says, in one turn or in several in a row, behind a turn of the user or a tool.
    Answers that are marked as not to be learnt from are shown before later ones, and are none themselves.

    Args:
        turns: The whole conversation.
        name: Of its column, for a message.

    Raises:
        NothingLearnt: If all are marked.
        ValueError: If there is none, or an answer is marked in part.
    """
    if len(turns) == 2 and turns[0].role == "user" and turns[1].role == "assistant" and turns[1].is_learnt:
        return [Answer(messages_of(turns[:1]), turns[1].message.content, turns[1].has_call)]  # most rows
    runs = [(start, end) for start, end in _runs(turns) if start and turns[start - 1].role == "user"]
    found: list[Answer] = []
    messages = messages_of(turns)
    for start, end in runs:
        marks = {turn.is_learnt for turn in turns[start:end]}
        if len(marks) > 1:
            raise ValueError(f"'{name}[{start}]' begins an answer of which a part is marked as not to be learnt from")
        if marks == {True}:
            text = "\n".join(turn.message.content for turn in turns[start:end])
            has_call = any(turn.has_call for turn in turns[start:end])
            found.append(Answer(messages[:start], text, has_call, len(turns) - end))
    if runs and not found:
        said = "all are marked as not to be learnt from; remove the marks, or the row"
        raise NothingLearnt(f"'{name}' has no answer that may be learnt: {said}")
    if not found:
        raise ValueError(_fault(turns, name))
    return found


def chat_group(turns: Sequence[Turn]) -> str:
    """Return the group that keeps the answers of one conversation on one side of a split: equal ones have one."""
    text = json.dumps([[turn.role, turn.message.content] for turn in turns], ensure_ascii=False)
    return f"chat {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _runs(turns: Sequence[Turn]) -> list[tuple[int, int]]:
    """Return where the assistant's turns begin and end, those in a row together."""
    starts = [
        at
        for at, turn in enumerate(turns)
        if turn.role == "assistant" and (at == 0 or turns[at - 1].role != "assistant")
    ]
    ends = (
        next((at for at in range(start, len(turns)) if turns[at].role != "assistant"), len(turns)) for start in starts
    )
    return list(zip(starts, ends, strict=True))


def _fault(turns: Sequence[Turn], name: str) -> str:
    if any(turn.role == "assistant" for turn in turns):
        return f"'{name}' has no user's turn before its last answer; add it"
    return f"'{name}' has no answer: no turn is the assistant's; add the answer"
