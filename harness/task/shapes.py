"""Recognises the shape of a file's rows, and makes examples and preferences of them.

Shapes: plain columns, Alpaca (instruction, input, output), ShareGPT (conversations), OpenAI messages,
prompt and completion; and preference pairs (prompt, chosen, rejected).
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.records import Message
from harness.task.schema import Columns
from harness.task.turns import answered, question_of, shown, text_of, turns_of

Pair = tuple[tuple[Message, ...], str]  # the question's turns and its answer
Cells = Mapping[str, Any]

PLAIN = "plain columns"
# What people call question and answer; the first pair that a file has is taken, and the notes say so.
PLAIN_NAMES = (
    ("input", "target"),
    ("question", "answer"),
    ("question", "answers"),
    ("input", "output"),
    ("text", "label"),
    ("sentence", "label"),
    ("query", "response"),
)


def shape_of(names: frozenset[str], columns: Columns) -> str:
    """Name the shape of rows with these columns; columns that the task file names come first."""
    if columns.input is not None or columns.target is not None:
        return PLAIN
    return next((shape for shape, (needed, _) in SHAPES.items() if needed <= names), PLAIN)


def needed_columns(shape: str, columns: Columns, names: frozenset[str]) -> dict[str, str]:
    """Return the columns that rows of this shape must have, by the key that can rename them.

    Args:
        shape: As `shape_of` names it.
        columns: Those that the task file names.
        names: Those that the file has.
    """
    if shape != PLAIN:
        return {name: name for name in sorted(SHAPES[shape][0])}
    usual = PLAIN_NAMES[0]
    if columns.input is None and columns.target is None:
        usual = next((pair for pair in PLAIN_NAMES if names.issuperset(pair)), usual)
    return {"input": columns.input or usual[0], "target": columns.target or usual[1]}


def pair_of(cells: Cells, shape: str, needed: Mapping[str, str]) -> Pair:
    """Read the question and its answer out of one row; `needed` is what `needed_columns` says.

    Raises:
        ValueError: Saying what is wrong with the row and the remedy.
    """
    if shape == PLAIN:
        question = question_of(cells.get(needed["input"]), needed["input"])
        return question, text_of(cells.get(needed["target"]), needed["target"])
    return SHAPES[shape][1](cells)


def _messages(cells: Cells) -> Pair:
    return answered(turns_of(cells.get("messages"), "messages"), "messages")


def _sharegpt(cells: Cells) -> Pair:
    turns, answer = answered(turns_of(cells.get("conversations"), "conversations"), "conversations")
    return (*_system(cells), *turns), answer


def _alpaca(cells: Cells) -> Pair:
    text = text_of(cells.get("instruction"), "instruction")
    if cells.get("input"):
        text += "\n\n" + text_of(cells["input"], "input")
    return (*_system(cells), Message("user", text)), text_of(cells.get("output"), "output")


def _prompt_completion(cells: Cells) -> Pair:
    question = question_of(cells.get("prompt"), "prompt")
    return question, _answer(cells.get("completion"), "completion", question)


def _system(cells: Cells) -> tuple[Message, ...]:
    """A system prompt in a column of its own, as some Alpaca and ShareGPT files have it."""
    return (Message("system", text_of(cells["system"], "system")),) if cells.get("system") else ()


SHAPES: Mapping[str, tuple[frozenset[str], Callable[[Cells], Pair]]] = {
    "OpenAI messages": (frozenset({"messages"}), _messages),
    "ShareGPT": (frozenset({"conversations"}), _sharegpt),
    "Alpaca": (frozenset({"instruction", "output"}), _alpaca),
    "prompt and completion": (frozenset({"prompt", "completion"}), _prompt_completion),
}


# Columns that a shape's rows may have besides.
EXTRA_COLUMNS: Mapping[str, tuple[str, ...]] = {"Alpaca": ("input", "system"), "ShareGPT": ("system",)}


def preference_of(cells: Cells) -> tuple[tuple[Message, ...], str, str]:
    """Read the question, the better and the worse answer of one row.

    The question stands in `prompt`, or before the last turn of both `chosen` and `rejected`.

    Raises:
        ValueError: Saying what is wrong with the row and the remedy.
    """
    if cells.get("prompt") is None:
        question, chosen = answered(turns_of(cells.get("chosen"), "chosen"), "chosen")
    else:
        question = question_of(cells["prompt"], "prompt")
        chosen = _answer(cells.get("chosen"), "chosen", question)
    rejected = _answer(cells.get("rejected"), "rejected", question)
    if chosen == rejected:
        raise ValueError(f"'chosen' and 'rejected' are both {shown(chosen)}; give two answers")
    return question, chosen, rejected


LABEL = "label"  # the column that says whether an answer was good
_VERDICTS = {
    True: frozenset({"true", "1", "good", "up", "yes", "thumbs up", "like"}),
    False: frozenset({"false", "0", "bad", "down", "no", "thumbs down", "dislike"}),
}


def feedback_of(cells: Cells, shape: str, needed: Mapping[str, str]) -> tuple[tuple[Message, ...], str, bool]:
    """Read the question, an answer, and whether somebody called it good; as `pair_of` reads the first two.

    Raises:
        ValueError: Saying what is wrong with the row and the remedy.
    """
    question, answer = pair_of(cells, shape, needed)
    said = str(cells.get(LABEL)).strip().casefold()
    for verdict, words in _VERDICTS.items():
        if said in words:
            return question, answer, verdict
    raise ValueError(
        f"its label is {shown(str(cells.get(LABEL)))}; give true for a good answer and false for a bad one"
    )


def _answer(value: Any, name: str, question: tuple[Message, ...]) -> str:
    """Read an answer: a text, the assistant's turn alone, or the question's turns and then its answer."""
    if not isinstance(value, list):
        return text_of(value, name)
    turns = turns_of(value, name)
    if turns[-1].role != "assistant":
        raise ValueError(f"'{name}' ends with the {turns[-1].role}'s turn; its last turn must be the answer")
    if turns[:-1] not in ((), question):
        raise ValueError(f"'{name}' repeats another question than the row's; give the answer alone")
    return turns[-1].content
