"""What conversations hold beside one question and its last answer: tools, calls, marks, earlier answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.columns import shown_value
from harness.drafting.columns import Reading
from harness.drafting.kinds import Answers, are_calls
from harness.drafting.names import shown_name, usual
from harness.drafting.records import shape_cells
from harness.records import Example, Message
from harness.task.chats import Answer, answers_in
from harness.task.row import Row
from harness.task.shapes import SHAPES, chat_column, turns_in
from harness.task.turns import Turn
from harness.task.unused import TOOLS, Aside, Tally

MOSTLY = 0.5  # of the answers; from here on they are calls of tools
_FORM = 'a JSON object with the name of the tool and its arguments, such as {"name": "...", "arguments": {...}}'
_NO_TOOLS = ("", "[]", "{}", "null")


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation with the answer that a draft uses."""

    row: Row
    turns: tuple[Turn, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Chats:
    """The conversations of a file, one for each usable row."""

    chats: tuple[Chat, ...]
    tools: str | None  # the column that says which tools there are
    asides: tuple[Aside, ...]

    @property
    def are_calls(self) -> bool:
        """Whether most answers are calls of tools, or nearly all are written as such."""
        calls = sum(chat.answers[-1].has_call for chat in self.chats)
        return calls > MOSTLY * len(self.chats) or are_calls([chat.answers[-1].target for chat in self.chats])

    @property
    def system(self) -> str | None:
        """The tools as a prompt for all rows, where they are the same in all and no row brings a system turn."""
        texts = {tools_text(chat.row.values.get(str(self.tools))) for chat in self.chats}
        has_own = any(chat.turns[0].role == "system" for chat in self.chats)
        return texts.pop() if self.tools and len(texts) == 1 and not has_own else None

    @property
    def answers(self) -> int:
        """How many answers there are in all."""
        return sum(len(chat.answers) for chat in self.chats)

    def items(self, items: Sequence[Example]) -> tuple[Example, ...]:
        """Return the items with their tools in the system turn, unless one prompt says them for all."""
        if self.tools is None or self.system:
            return tuple(items)
        pairs = zip(items, self.chats, strict=True)
        return tuple(_with_tools(item, chat.row.values.get(str(self.tools))) for item, chat in pairs)

    def marked(self, at: int, item: Example) -> list[int]:
        """Return which turns of an item's question are answers not to be learnt from."""
        added = len(item.messages) - len(self.chats[at].answers[-1].messages)  # a system turn, put in or taken off
        return [number + added for number, turn in enumerate(self.chats[at].turns) if not turn.is_learnt]

    def without_tools(self, reading: Reading) -> Reading:
        """Return the reading with the column of tools as a used one."""
        if self.tools is None:
            return reading
        unused = tuple(name for name in reading.unused if name != self.tools)
        where = "prompt.system" if self.system else "the system turn"
        said = (f"the tools in column {shown_name(self.tools)} were put into {where}",)
        return replace(reading, unused=unused, doubts=(*reading.doubts, *said))


def read_chats(rows: Sequence[Row], reading: Reading) -> Chats | None:
    """Read the conversations of a file of that shape; None for any other.

    Args:
        rows: Those that make an item each, as `usable_rows` kept them.
        reading: What the file was taken for.
    """
    if reading.shape not in SHAPES:
        return None
    found: list[Chat] = []
    for row in rows:
        turns = turns_in(shape_cells(row.values), reading.shape, reading.needed)
        found.append(Chat(row, turns, tuple(answers_in(turns, chat_column(reading.shape, reading.needed)))))
    tools = next((name for name in reading.unused if usual(name) in TOOLS), None)
    if tools is not None and all(_has_none(chat.row.values.get(tools)) for chat in found):
        tools = None
    chats = Chats(tuple(found), tools, ())
    tally, metric = Tally(), "tool_call" if chats.are_calls else "the draft's metric"
    for chat in found:
        tally.chat(chat.row, chat.turns, chat.answers, chat.answers[-1:], metric)
    return replace(chats, asides=tally.asides())


def with_tools(answers: Answers, chats: Chats | None) -> Answers:
    """Return what answers are that may also be calls, with the tools that all rows share in front of their prompt."""
    system = chats.system if chats else None
    return replace(answers, system="\n\n".join(filter(None, [system, answers.system]))) if system else answers


def call_answers(chats: Chats) -> Answers:
    """Say what answers are that are calls of tools."""
    system = chats.system if chats.tools else f"Answer with the call of a tool: {_FORM}."
    return Answers("json", "calls of tools, as JSON", ("tool_call", "exact_match"), 0.8, system, ())


def mark_turns(row: Mapping[str, Any], positions: Sequence[int]) -> None:
    """Write into the turns of a row which are not to be learnt from."""
    for position in positions:
        if position < len(row.get("messages", ())):
            row["messages"][position]["weight"] = 0


def tools_text(tools: Any) -> str:
    """Say which tools there are and how to call one; '' where there is none."""
    if _has_none(tools):
        return ""
    return f"You can call these tools:\n{shown_value('tools', tools)}\nTo call one, answer with {_FORM}."


def _with_tools(item: Example, tools: Any) -> Example:
    text = tools_text(tools)
    if not text:
        return item
    first, *rest = item.messages
    if first.role == "system":
        return replace(item, messages=(Message("system", f"{first.content}\n\n{text}"), *rest))
    return replace(item, messages=(Message("system", text), *item.messages))


def _has_none(tools: Any) -> bool:
    return not tools or (tools if isinstance(tools, str) else json.dumps(tools)).strip() in _NO_TOOLS
