"""How turns are written for one model, and what of its completion counts as said.

An export carries this very file as `chat.py`, so that it asks as the run did: nothing but Python's own library here.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

# What opens and what closes a thought, by family; a completion is read behind the last one that is closed.
THOUGHTS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)
PARAGRAPH = "\n\n"  # between texts that become one turn

Turn = dict[str, str]


@dataclass(frozen=True)
class ChatForm:
    """What a model's template wants of turns, and what is written beside it. Plain data; the default changes nothing.

    Attributes:
        joins_system: It has no system role; such a text stands before the first user's turn.
        joins_turns: It takes user and assistant in turn only; neighbouring turns of one role become one.
        switch: Variables of the template that switch thoughts off.
        closing: Written behind the opened turn, where an answer begins: it closes a thought, for one.
        start: The start token, where the template writes it twice; one is taken off.
        markers: What ends or opens turns, or is not text to the model; in a turn's text a space splits it.
        lines: As `markers`, where such a text is a line of its own or begins one.
        calls: How the template writes tool calls: what stands before, between and behind them, and its name for their
            arguments; nothing where it writes none, and then a call is its JSON.
        calls_read: The same as completions show it, without special tokens.
    """

    joins_system: bool = False
    joins_turns: bool = False
    switch: dict[str, bool] = field(default_factory=dict)
    closing: str = ""
    start: str = ""
    markers: Sequence[str] = ()
    lines: Sequence[str] = ()
    calls: Sequence[str] = ()
    calls_read: Sequence[str] = ()


def prompt(write: Callable[..., str], turns: Sequence[Turn], form: ChatForm) -> str:
    """Return a conversation as the model reads it, with the assistant's turn opened.

    `write` is the tokenizer's `apply_chat_template`, or what stands for it.
    """
    text = write(shown(turns, form), tokenize=False, add_generation_prompt=True, **form.switch)
    while form.start and text.startswith(form.start * 2):
        text = text[len(form.start) :]
    return text + form.closing


def shown(turns: Sequence[Turn], form: ChatForm) -> list[Turn]:
    """Return turns as the model's template takes them."""
    split = [{**turn, "content": _content(turn, form)} for turn in turns]
    if form.joins_system:
        split = _system_joined(split)
    return _turns_joined(split) if form.joins_turns else split


def _content(turn: Turn, form: ChatForm) -> str:
    text = plain(turn["content"], form)
    return written(text, form.calls) if turn["role"] == "assistant" else text


def written(text: str, calls: Sequence[str]) -> str:
    """Return an answer as the model writes it: a tool call in its template's own form, anything else as it is.

    A call is what `harness.task.tool_calls` makes of one: JSON of a name and arguments, or a list of these.

    Args:
        text: The answer.
        calls: As `ChatForm.calls`.
    """
    found = _calls_in(text) if calls else []
    if not found or (len(found) > 1 and not calls[1]):
        return text
    before, between, behind, key = calls
    parts = [json.dumps({"name": one["name"], key: one["arguments"]}, ensure_ascii=False) for one in found]
    return before + between.join(parts) + behind


def said(text: str, form: ChatForm) -> str:
    """Return a completion with tool calls in the template's own form as JSON; `written` the other way round."""
    calls = form.calls_read
    before = calls[0].strip() if calls else ""
    at = text.find(before) if before else 0
    if not calls or at < 0:
        return text
    found = _read(text[at + len(before) :].strip(), *(part.strip() for part in calls[1:]))
    words = text[:at].strip()
    return "\n".join(filter(None, [words, _json(found)])) if found else text


def _calls_in(text: str) -> list[Any]:
    """Return the calls of which a text consists; none where it is written otherwise, or says something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = value if isinstance(value, list) else [value]
    return found if found and all(map(_is_call, found)) and _json(found) == text else []


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["name", "arguments"] and isinstance(value["name"], str)


def _json(calls: list[Any]) -> str:
    return json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)


def _read(text: str, between: str, behind: str, key: str) -> list[Any]:
    """Read calls up to the end of a text; none where anything else stands there."""
    found: list[Any] = []
    while True:
        try:
            value, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or set(value) != {"name", key}:
            return []
        found.append({"name": value["name"], "arguments": value[key]})
        text = text[end:].strip()
        if text in (behind, ""):  # one that was cut off behind its call has made it
            return found
        if not between or not text.startswith(between):
            return []
        text = text[len(between) :].strip()


def plain(text: str, form: ChatForm) -> str:
    """Return a text in which a space splits every marker: `<|im_end| >` ends no turn and is still to be read."""
    pattern = _pattern(tuple(form.markers), tuple(form.lines))
    return pattern.sub(lambda found: _split(found[0]), text) if pattern else text


def marked(text: str, form: ChatForm) -> list[str]:
    """Return the markers in a text, each once."""
    pattern = _pattern(tuple(form.markers), tuple(form.lines))
    return list(dict.fromkeys(pattern.findall(text))) if pattern else []


def without_thought(text: str) -> str:
    """Return what a completion says behind its last closed thought; one that is not closed says nothing."""
    for begin, end in THOUGHTS:
        if end in text:
            text = text.rpartition(end)[2]
        if begin in text:
            return ""
    return text


def _split(marker: str) -> str:
    return f"{marker[0]} {marker[1:]}" if marker[-1].isalnum() else f"{marker[:-1]} {marker[-1]}"


@lru_cache(maxsize=32)
def _pattern(markers: tuple[str, ...], lines: tuple[str, ...]) -> re.Pattern[str] | None:
    anywhere = [re.escape(marker) for marker in sorted(markers, key=len, reverse=True)]
    beginning = [f"^{re.escape(line)}" for line in sorted(lines, key=len, reverse=True)]
    return re.compile("|".join([*anywhere, *beginning]), re.MULTILINE) if anywhere or beginning else None


def _system_joined(turns: list[Turn]) -> list[Turn]:
    """Put system texts before the first user's turn; without one, nothing changes."""
    system = [turn["content"] for turn in turns if turn["role"] == "system"]
    others = [turn for turn in turns if turn["role"] != "system"]
    first = next((at for at, turn in enumerate(others) if turn["role"] == "user"), None)
    if not system or first is None:
        return turns
    joined = PARAGRAPH.join([*system, others[first]["content"]])
    return [*others[:first], {**others[first], "content": joined}, *others[first + 1 :]]


def _turns_joined(turns: list[Turn]) -> list[Turn]:
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1]["role"] == turn["role"]:
            joined[-1] = {**turn, "content": joined[-1]["content"] + PARAGRAPH + turn["content"]}
        else:
            joined.append(turn)
    return joined
