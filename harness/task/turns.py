"""Conversations as people write them: a text, OpenAI `messages`, ShareGPT `from` and `value`, or a mix of these."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.records import Message, Role
from harness.task.text import UNUSABLE
from harness.task.tool_calls import (
    CALL_KEYS,
    CALL_ROLES,
    RESULT_ROLES,
    call_of_part,
    call_text,
    calls_in,
    read_call,
    result_text,
)
from harness.task.verdicts import VERDICTS, verdict_of
from harness.task.written import written_turns

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "customer": "user",
    "client": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "ai": "assistant",
    "agent": "assistant",
}
# Keys under which a turn says whose it is, the first that it has, and what is said.
_WHO = ("from", "role", "speaker", "sender", "author")
_SAID = ("content", "value", "text", "message", "body", "utterance", "parts")
# Words by which files say whether an answer is to be learnt: `weight: 0` (OpenAI), `train: false` (Axolotl), and so on.
LEARN = ("weight", "train", "training", "trainable", "loss", "loss_weight", "learn", "train_on_turn")
PASS_OVER = ("mask", "masked", "ignore", "loss_mask")
_MARKS = {"0": 0, "1": 1, "false": 0, "true": 1}  # as texts
# Keys of a turn that are read; ids only tie a call to its result.
_READ = {"id", "tool_call_id", "channel", *CALL_KEYS, *LEARN, *PASS_OVER}
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_TEXT_PARTS = ("text", "input_text", "output_text")  # the last two as OpenAI's Responses API has them
THOUGHT_PARTS = ("thinking", "reasoning", "redacted_thinking")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation, and what else the file says of it."""

    message: Message
    is_learnt: bool = True  # False: marked as not to be learnt from
    has_call: bool = False  # its text holds a tool call
    unread: tuple[str, ...] = ()  # keys with a value that no reader uses

    @property
    def role(self) -> Role:
        """Whose turn it is."""
        return self.message.role


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


def turns_of(value: Any, name: str) -> tuple[Turn, ...]:
    """Read a list of turns, or a text that writes one: system first, then user, assistant and tools; no thoughts.

    Raises:
        ValueError: If a turn has no known role or no text, or a system turn comes late.
    """
    value = written_turns(value)
    if not isinstance(value, list) or not value:
        raise ValueError(f"'{name}' is {shown(value)}; give a list of turns")
    turns: list[Turn] = []
    has_thought = False  # since the last turn
    for index, item in enumerate(value):
        if _is_thought(item):
            has_thought = True
            continue
        if not turns and _is_empty_system(item):
            continue
        turn = _turn(item, f"{name}[{index}]")
        if turn.role == "system" and turns:
            raise ValueError(f"'{name}[{index}]' is a system turn; it must be the first one")
        turns.append(_with_thought(turn) if has_thought else turn)
        has_thought = False
    if not turns:
        held = "thoughts alone" if has_thought else "nothing but an empty system turn"
        raise ValueError(f"'{name}' holds {held}; add the question and the answer")
    if has_thought:
        turns[-1] = _with_thought(turns[-1])
    return tuple(turns)


def _is_thought(item: Any) -> bool:
    """Whether a turn is what gpt-oss thinks before it answers: OpenAI's harmony format has it in a channel."""
    if not isinstance(item, dict) or str(item.get("channel")).casefold() != "analysis":
        return False
    return is_answer(item) and not any(item.get(key) for key in CALL_KEYS)  # one that calls a tool is no thought


def is_answer(turn: Any) -> bool:
    """Whether a turn, as it is written, is the assistant's."""
    return isinstance(turn, dict) and _ROLES.get(_said_by(turn)) == "assistant"


def is_turn(item: Any) -> bool:
    """Whether an object says in a known word whose turn it is: records have an 'author' or a 'role' too."""
    return isinstance(item, dict) and _said_by(item) in (*_ROLES, *CALL_ROLES, *RESULT_ROLES)


def are_turns(value: Any) -> bool:
    """Whether a value is a list of objects, one of them in a known role and one that says or calls something."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return False
    return any(map(is_turn, value)) and any(not item.keys().isdisjoint((*_SAID, *CALL_KEYS)) for item in value)


def _is_empty_system(item: Any) -> bool:
    """Whether a turn is the system's and says nothing under any key, as exports write one into every chat."""
    if not isinstance(item, dict) or _ROLES.get(_said_by(item)) != "system":
        return False
    beside = (held for key, held in item.items() if key not in (_role_key(item), "id"))
    return not any(isinstance(held, str | list | dict) and str(held).strip() for held in beside if held)


def _with_thought(turn: Turn) -> Turn:
    return turn if "thinking" in turn.unread else replace(turn, unread=("thinking", *turn.unread))


def _turn(value: Any, name: str) -> Turn:
    if not isinstance(value, dict):
        raise ValueError(f"'{name}' is {shown(value)}; give role and content")
    role_key, text_key = _role_key(value), _text_key(value, name)
    said = _said_by(value)
    read = {role_key, text_key, *_READ}
    unread = tuple(key for key, held in value.items() if key not in read and held not in _EMPTY)
    if said in RESULT_ROLES:
        return Turn(Message("user", result_text(value.get(text_key))), unread=unread)
    if said in CALL_ROLES:
        text = text_of(read_call(value.get(text_key)), f"{name}.{text_key}")
        return Turn(Message("assistant", text), _is_learnt(value, name), has_call=True, unread=unread)
    role = _ROLES.get(said)
    if role is None:
        known = ", ".join((*_ROLES, *CALL_ROLES, *RESULT_ROLES))
        raise ValueError(f"'{name}.{role_key}' is {shown(value.get(role_key))}; use one of {known}")
    text, calls, thoughts = _parts(value.get(text_key), name)
    calls += calls_in(value)
    if calls and (text is None or isinstance(text, str)):
        text = "\n".join(filter(None, [text and text.strip(), call_text(calls)]))
    if text is None and text_key not in value:
        keys = ", ".join(map(str, value))
        raise ValueError(f"'{name}' has no '{text_key}', only {keys}; rename the one with the text to '{text_key}'")
    message = Message(role, text_of(text, f"{name}.{text_key}"))
    if role != "assistant":
        return Turn(message, True, bool(calls), (*unread, *thoughts))
    verdicts = {key: verdict_of(value.get(key), may_be="points") for key in VERDICTS}
    is_learnt = _is_learnt(value, name) and False not in verdicts.values()
    unread = tuple(key for key in unread if verdicts.get(key) is None)
    return Turn(message, is_learnt, bool(calls), (*unread, *thoughts))


def _role_key(turn: dict[str, Any]) -> str:
    return next((key for key in _WHO if key in turn), "role")


def _said_by(turn: dict[str, Any]) -> str:
    """Return what a turn calls its speaker, in small letters."""
    return str(turn.get(_role_key(turn))).casefold()


def _text_key(turn: dict[str, Any], name: str) -> str:
    """Return the key under which a turn has its text: the usual one beside its role's, else the only other one.

    Raises:
        ValueError: If none stands under the usual key, and several under others.
    """
    usual = "value" if _role_key(turn) == "from" else "content"
    held = [key for key in _SAID if turn.get(key) not in _EMPTY]
    if usual in held or not held:
        return usual
    if len(held) > 1:
        raise ValueError(f"'{name}' has texts under {' and '.join(held)}; keep one, under '{usual}'")
    return held[0]


def _is_learnt(turn: dict[str, Any], name: str) -> bool:
    """Whether an answer may be learnt from, by the words that files have for it.

    Raises:
        ValueError: If a mark is neither yes nor no: an answer cannot be learnt by half.
    """
    for keys, yes in ((LEARN, True), (PASS_OVER, False)):
        for key in keys:
            mark = turn.get(key)
            if mark is None:
                continue
            mark = _MARKS.get(mark.strip().casefold(), mark) if isinstance(mark, str) else mark
            if mark not in (0, 1):
                raise ValueError(
                    f"'{name}.{key}' is {shown(mark)}; an answer is learnt (1) or not (0): write one of them"
                )
            if bool(mark) is not yes:
                return False
    return True


def _parts(content: Any, name: str) -> tuple[Any, list[Any], tuple[str, ...]]:
    """Read a content that may be a list of parts: its text, its calls, and the names of parts that are not used."""
    if not isinstance(content, list):
        return content, [], ()
    texts: list[str] = []
    calls: list[Any] = []
    unread: list[str] = []
    for at, part in enumerate(content):
        kind = part.get("type", "text" if part.keys() == {"text"} else None) if isinstance(part, dict) else None
        if kind in _TEXT_PARTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "tool_use":
            calls.append(call_of_part(part))
        elif kind == "tool_result":
            texts.append(result_text(part.get("content")))
        elif kind in THOUGHT_PARTS:
            unread.append(str(kind))
        else:
            raise ValueError(f"'{name}.content[{at}]' is {shown(part)}; it is not text: give rows of text alone")
    return "".join(texts), calls, tuple(unread)


def question_of(value: Any, name: str) -> tuple[Turn, ...]:
    """Read a question: a text, or turns of which the last one is the user's.

    Raises:
        ValueError: If the last turn is another's, or as in `text_of` and `turns_of`.
    """
    if not isinstance(value, list):
        return (Turn(Message("user", text_of(value, name))),)
    turns = turns_of(value, name)
    if turns[-1].role != "user":
        raise ValueError(f"'{name}' ends with the {turns[-1].role}'s turn; the last turn must be the user's")
    return turns


def messages_of(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Return the turns as they are shown to a model."""
    return tuple(turn.message for turn in turns)


def answered(turns: Sequence[Turn], name: str) -> tuple[tuple[Message, ...], str]:
    """Split a conversation that must end with an answer into the question and that answer.

    Raises:
        ValueError: If the last two turns are not the user's and the assistant's.
    """
    if turns[-1].role != "assistant":
        raise ValueError(f"'{name}' ends with the {turns[-1].role}'s turn; its last turn must be the answer")
    if len(turns) < 2 or turns[-2].role != "user":
        raise ValueError(f"'{name}' has no user's turn before its last answer; add it")
    return messages_of(turns[:-1]), turns[-1].message.content
