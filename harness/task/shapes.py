"""Recognises the shape of a file's rows, and makes examples and preferences of them.

Shapes: plain columns, Alpaca (instruction, input, output), ShareGPT (conversations), OpenAI messages,
prompt and completion; and preference pairs (prompt, chosen, rejected).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.records import Message
from harness.task.chats import answers_in
from harness.task.schema import Columns
from harness.task.turns import Turn, answered, messages_of, question_of, shown, text_of, turns_of
from harness.task.verdicts import LABEL, verdict_of

SYSTEMS = ("system", "system_prompt")  # columns that hold a system prompt
Turns = tuple[Turn, ...]  # a conversation with its answers
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


def turns_in(cells: Cells, shape: str, needed: Mapping[str, str]) -> Turns:
    """Read the whole conversation of one row, its answers included; `needed` is what `needed_columns` says.

    Raises:
        ValueError: Saying what is wrong with the row and the remedy.
    """
    if shape == PLAIN:
        question = question_of(cells.get(needed["input"]), needed["input"])
        return (*question, _answer_turn(cells.get(needed["target"]), needed["target"]))
    return SHAPES[shape][1](cells)


def pair_of(cells: Cells, shape: str, needed: Mapping[str, str]) -> tuple[tuple[Message, ...], str]:
    """Read the last answer of one row, behind the turns of its question.

    Raises:
        ValueError: As `turns_in`, or if there is no answer that may be learnt.
    """
    found = answers_in(turns_in(cells, shape, needed), chat_column(shape, needed))[-1]
    return found.messages, found.target


def chat_column(shape: str, needed: Mapping[str, str]) -> str:
    """Name the column that holds the conversation, for a message."""
    by_shape = {PLAIN: "input", "Alpaca": "instruction", "prompt and completion": "prompt"}
    return needed[by_shape[shape]] if shape in by_shape else next(iter(needed.values()))


def answer_column(shape: str, needed: Mapping[str, str]) -> str:
    """Name the column that holds the answer, which no prompt may show."""
    by_shape = {PLAIN: "target", "Alpaca": "output", "prompt and completion": "completion"}
    return needed[by_shape[shape]] if shape in by_shape else next(iter(needed.values()))


def _messages(cells: Cells) -> Turns:
    return _with_system(cells, turns_of(cells.get("messages"), "messages"))


def _sharegpt(cells: Cells) -> Turns:
    return _with_system(cells, turns_of(cells.get("conversations"), "conversations"))


def _alpaca(cells: Cells) -> Turns:
    text = text_of(cells.get("instruction"), "instruction")
    if cells.get("input"):
        text += "\n\n" + text_of(cells["input"], "input")
    asked = (*_history(cells.get("history")), Turn(Message("user", text)))
    return (*_with_system(cells, asked), _answer_turn(cells.get("output"), "output"))


def _history(value: Any) -> Turns:
    """Earlier questions and answers, as LLaMA-Factory has them: a list of pairs."""
    if not value:
        return ()
    if not isinstance(value, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
        raise ValueError(f"'history' is {shown(value)}; give a list of pairs of question and answer")
    turns: list[Turn] = []
    for at, (asked, said) in enumerate(value):
        turns.append(Turn(Message("user", text_of(asked, f"history[{at}]"))))
        turns.append(Turn(Message("assistant", text_of(said, f"history[{at}]"))))
    return tuple(turns)


def _prompt_completion(cells: Cells) -> Turns:
    asked = question_of(cells.get("prompt"), "prompt")
    question = _with_system(cells, asked)
    completion = cells.get("completion")
    if not isinstance(completion, list):
        return (*question, _answer_turn(completion, "completion"))
    asked_as = (messages_of(asked), messages_of(question))
    return (*question, *_after(turns_of(completion, "completion"), "completion", asked_as))


def _answer_turn(value: Any, name: str) -> Turn:
    return Turn(Message("assistant", text_of(value, name)))


def without_shown_system(cells: Cells, shown: Mapping[str, str]) -> Cells:
    """Return a row's cells without a system prompt that the task's template shows, so that it stands there once.

    Args:
        cells: The row's, by column.
        shown: The columns that the template shows, by their name in it.
    """
    return {name: value for name, value in cells.items() if name not in SYSTEMS or name not in shown.values()}


def _with_system(cells: Cells, turns: Turns) -> Turns:
    return (*map(Turn, system_before(cells, turns[0].message)), *turns)


def system_before(cells: Cells, first: Message, columns: Sequence[str] = SYSTEMS) -> tuple[Message, ...]:
    """Return the system turn that columns put in front of a row's turns; none where these begin with an equal one.

    Args:
        cells: The row's, by column; a prompt is a text, or in parts as Anthropic and Bedrock have it.
        first: The first of the row's turns.
        columns: Those that hold a system prompt.

    Raises:
        ValueError: If the row has two system prompts that differ.
    """
    known, where = (first if first.role == "system" else None), "its turns"
    added: tuple[Message, ...] = ()
    for name in columns:
        if not str(cells.get(name) or "").strip():
            continue
        (turn,) = messages_of(turns_of([{"role": "system", "content": cells[name]}], name))
        if known and known.content.strip() != turn.content.strip():
            raise ValueError(f"has a system prompt in column '{name}' and another in {where}; keep one")
        if known is None:
            known, where, added = turn, f"column '{name}'", (turn,)
    return added


SHAPES: Mapping[str, tuple[frozenset[str], Callable[[Cells], Turns]]] = {
    "OpenAI messages": (frozenset({"messages"}), _messages),
    "ShareGPT": (frozenset({"conversations"}), _sharegpt),
    "Alpaca": (frozenset({"instruction", "output"}), _alpaca),
    "prompt and completion": (frozenset({"prompt", "completion"}), _prompt_completion),
}


# Columns that a shape's rows may have besides.
EXTRA_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **{shape: SYSTEMS for shape in SHAPES},
    "Alpaca": ("input", *SYSTEMS, "history"),
}


PAIR_FORMS = (
    "give it as 'prompt', beside an answer each in 'chosen' and 'rejected', or write both as the whole dialogue, in "
    "turns or as 'Human: ... Assistant: ...'"
)


def preference_of(cells: Cells) -> tuple[tuple[Message, ...], str, str]:
    """Read the question, the better and the worse answer of one row.

    The question stands in `prompt`, or before the last turn of both `chosen` and `rejected`; a system prompt may stand
    in a column.

    Raises:
        ValueError: Saying what is wrong with the row and the remedy.
    """
    if cells.get("prompt") is None and isinstance(cells.get("chosen"), str):
        raise ValueError(f"has no question; {PAIR_FORMS}")
    if cells.get("prompt") is None:
        asked, _ = answered(turns_of(cells.get("chosen"), "chosen"), "chosen")
    else:
        asked = messages_of(question_of(cells["prompt"], "prompt"))
    question = (*system_before(cells, asked[0]), *asked)
    chosen = _answer(cells.get("chosen"), "chosen", (asked, question))
    rejected = _answer(cells.get("rejected"), "rejected", (asked, question))
    if chosen == rejected:
        raise ValueError(f"'chosen' and 'rejected' are both {shown(chosen)}; give two answers")
    return question, chosen, rejected


def feedback_of(cells: Cells, shape: str, needed: Mapping[str, str]) -> tuple[tuple[Message, ...], str, bool]:
    """Read the question, an answer, and whether somebody called it good; as `pair_of` reads the first two.

    Raises:
        ValueError: Saying what is wrong with the row and the remedy.
    """
    question, answer = pair_of(cells, shape, needed)
    verdict = verdict_of(cells.get(LABEL))
    if verdict is None:
        said = shown(str(cells.get(LABEL)))
        raise ValueError(f"its label is {said}; give true for a good answer and false for a bad one")
    return question, answer, verdict


def _answer(value: Any, name: str, asked_as: Sequence[tuple[Message, ...]]) -> str:
    """Read an answer: a text, the assistant's turn alone, or the question's turns and then its answer.

    Raises:
        ValueError: If it is none of these, or the question is another than the row's.
    """
    if not isinstance(value, list):
        return text_of(value, name)
    if value and isinstance(value[0], str):
        raise ValueError(f"'{name}' is {shown(value)}; give one answer, and a row for each pair")
    return _after(turns_of(value, name), name, asked_as)[-1].message.content


def _after(turns: Turns, name: str, asked_as: Sequence[tuple[Message, ...]]) -> Turns:
    """Return the answer's turn, without the question's turns where they stand before it in one of its forms."""
    if turns[-1].role != "assistant":
        raise ValueError(f"'{name}' ends with the {turns[-1].role}'s turn; its last turn must be the answer")
    if messages_of(turns[:-1]) not in ((), *asked_as):
        raise ValueError(f"'{name}' repeats another question than the row's; give the answer alone")
    return turns[-1:]
