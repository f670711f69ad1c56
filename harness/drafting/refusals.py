"""Columns that are read by no rule of ours, each refused with the form that is."""

import re
from collections.abc import Sequence
from shlex import quote
from typing import NoReturn

from harness.drafting.names import GROUPS, MARKS, TARGETS, first, is_beside, shown_name, usual, words_of_name
from harness.drafting.siblings import siblings
from harness.drafting.telling import ranking_key
from harness.drafting.values import (
    AS_MESSAGES,
    TURNS,
    Values,
    count_empty,
    distinct,
    has_dialogues,
    has_few_values,
    holds_answers,
    nesting,
)

_SPEAKERS = ("role", "speaker", "from", "sender", "author")
_MOST_SPEAKERS = 6
_CHATS = {"conversation", "dialogue", "thread", "session", "chat"}
_SAY = {"user", "assistant", "human", "gpt", "bot", "model", "system", "agent", "customer", "client", "operator"}
_BETTER = {"chosen", "preferred", "win", "winning", "winner", "better", "good", "accepted", "positive"}
_WORSE = {
    "rejected", "dispreferred", "unpreferred", "non", "nonpreferred", "lose", "losing", "loser", "worse", "bad",
    "negative",
}  # fmt: skip
_SAID = ("response", "completion", "output", "generation", "reply", "conversation", "answer")  # begin words of names
_PARENT = "parent"  # of a turn, or of a category or a ticket
_PARENTS = ("parent_id", _PARENT, "reply_to", "in_reply_to", "response_to")
_AROUND_ID = re.compile(r"^<|>$|\.0$|^t\d_")  # of e-mail, of a table's numbers, of Reddit
_COUNTING = ("turn", "position", "step")  # of columns, those that count the turns of a chat


def refuse_texts_as_turns(rows: Values, shape: str, needed: dict[str, str]) -> None:
    """Refuse lists of texts where turns are expected, as LIMA has them.

    Raises:
        ValueError: With the first row as it should be.
    """
    column = next(iter(needed.values()))
    cells = [row.get(column) for row in rows]
    if len(needed) > 1 or not all(isinstance(cell, list) and cell and isinstance(cell[0], str) for cell in cells):
        return
    roles = ("user", "assistant")
    turns = [{"role": roles[at % 2], "content": str(text)[:40]} for at, text in enumerate((cells[0] or [])[:2])]
    raise ValueError(f"column {shown_name(column)} holds lists of texts, not turns; write each row as {turns}")


def refuse_lists_as_answer(rows: Values, question: str, answer: str) -> None:
    """Refuse lists of texts as the answer of a known shape: pairs of a better and a worse one, or labels.

    A shape whose question stands in the same column as its answer has turns there.

    Raises:
        ValueError: With the form that each of these is read in.
    """
    lists = [row[answer] for row in rows if isinstance(row.get(answer), list) and row[answer]]
    if answer != question and any(isinstance(one[0], str) for one in lists):
        raise ValueError(
            f"column {shown_name(answer)} holds lists of texts, not one answer: write a better and a worse answer into "
            f"columns 'chosen' and 'rejected'; for several right answers, or labels, give "
            f"--input {quote(question)} --target {quote(answer)}"
        )


def refuse_rankings(rows: Values, names: Sequence[str]) -> None:
    """Refuse lists of answers with a rank or a score each: preferences, of which the best need not be right.

    Raises:
        ValueError: With the columns that are read.
    """
    for name in names:
        if key := ranking_key(rows, name):
            raise ValueError(
                f"column {shown_name(name)} holds several answers with '{key}' each: write a better and a worse one "
                f"into columns 'chosen' and 'rejected', beside 'prompt', or a right one into a column 'target'"
            )


def refuse_pairs(names: Sequence[str]) -> None:
    """Refuse a better and a worse answer under other names than those that are read, or two answers to be compared.

    Raises:
        ValueError: With the names that are read.
    """
    better = next((name for name in names if not words_of_name(name).isdisjoint(_BETTER) and _is_answer(name)), None)
    worse = next((name for name in names if not words_of_name(name).isdisjoint(_WORSE)), None)
    if better and worse:
        raise ValueError(
            f"columns {shown_name(better)} and {shown_name(worse)} may be a better and a worse answer: call them "
            f"'chosen' and 'rejected', with the question in 'prompt'; if {shown_name(better)} alone is the answer, "
            f"give --target {quote(better)}"
        )
    for one in siblings(names):
        words = set.union(*map(words_of_name, one.columns))
        if len(one.columns) == 2 and any(word.startswith(_SAID) for word in words):
            listed = " and ".join(map(shown_name, one.columns))
            raise ValueError(
                f"columns {listed} may be two answers to one question: write the better and the worse one of each row "
                f"into columns 'chosen' and 'rejected', with the question in 'prompt', or the right one into 'target'; "
                f"if {shown_name(one.columns[0])} alone is the answer, give --target {quote(one.columns[0])}"
            )


def _is_answer(name: str) -> bool:
    return words_of_name(name).isdisjoint(_WORSE) and not is_beside(name)


def refuse_empty(rows: Values, names: Sequence[str]) -> None:
    """Refuse a file of which no two columns hold anything.

    Raises:
        ValueError: Naming the empty ones.
    """
    empty = [name for name in names if count_empty(rows, name) == len(rows)]
    if empty and len(names) - len(empty) < 2:
        listed = ", ".join(map(shown_name, empty))
        which = f"columns {listed} are" if len(empty) > 1 else f"column {listed} is"
        raise ValueError(f"{which} empty in every row, and a task needs a question and an answer in each; fill it in")


def refuse_dialogues(rows: Values, names: Sequence[str]) -> None:
    """Refuse chats that stand in one text, or under a name that no chat has.

    Raises:
        ValueError: With the form of a row.
    """
    for name in names:
        if has_dialogues(rows, name):
            held = "whole dialogues, a speaker's name or mark before each turn, which are not read"
        elif nesting(rows, name) == TURNS:
            held = f"{TURNS}, under no name that chats have"
        else:
            continue
        raise ValueError(
            f"column {shown_name(name)} holds {held}; write each row as {AS_MESSAGES}; if another column is the "
            f"answer, name it with --target"
        )


def refuse_turns_as_rows(rows: Values, names: Sequence[str]) -> None:
    """Refuse rows that are one turn of a chat each: one column says whose, another of which chat.

    Raises:
        ValueError: With the form of a row.
    """
    speaker = first(names, _SPEAKERS, lambda name: 1 < len(distinct(rows, name)) <= _MOST_SPEAKERS)
    chat = next((name for name in names if usual(name) in GROUPS and not words_of_name(name).isdisjoint(_CHATS)), None)
    columns = dict.fromkeys(name for row in rows for name in row)
    parent = first(list(columns), _PARENTS, lambda name: usual(name) != _PARENT or _names_rows(rows, name))
    if speaker is None or (chat is None and parent is None):
        return
    says_who = not _SAY.isdisjoint(value.casefold() for value in distinct(rows, speaker))
    if not says_who and not any(not words_of_name(name).isdisjoint(_COUNTING) for name in names):
        return
    others = [name for name in names if name not in (speaker, chat) and not is_beside(name)]
    if any(usual(name) in (*TARGETS, *MARKS) or has_few_values(rows, name) for name in others if name not in _COUNTING):
        return
    speakers: dict[str, set[str]] = {}  # by chat
    for row in rows:
        speakers.setdefault(str(row.get(chat or parent or "")), set()).add(str(row.get(speaker)))
    if parent or sum(len(own) > 1 for own in speakers.values()) * 2 > len(speakers):
        which = f"{shown_name(chat)} of which chat" if chat else f"{shown_name(str(parent))} which one it answers"
        raise ValueError(
            f"column {shown_name(speaker)} says whose turn a row is, and {which}; write each "
            f"chat as one row, such as {AS_MESSAGES}; if a row is a question with an answer, name the answer's column "
            f"with --target"
        )


def _names_rows(rows: Values, name: str) -> bool:
    """Whether most of a column's values are ids of other rows."""
    said = _ids(rows, name)
    others = dict.fromkeys(other for row in rows for other in row if other != name)
    return any(2 * len(said & _ids(rows, other)) > len(said) for other in others)


def _ids(rows: Values, name: str) -> set[str]:
    return {_AROUND_ID.sub("", value) for value in distinct(rows, name)}


def refuse_logs(rows: Values, target: str) -> None:
    """Refuse answers that are turns of a chat in objects or lists, as a log of requests and responses has them.

    Raises:
        ValueError: With the form of a row.
    """
    if any(isinstance(row.get(target), dict | list) and holds_answers(row[target]) for row in rows):
        held = "a list" if any(isinstance(row.get(target), list) for row in rows) else "an object"
        raise ValueError(
            f"column {shown_name(target)} holds a chat's turn inside {held}; write each row as {AS_MESSAGES}"
        )


def refuse_labels_apart(rows: Values, names: Sequence[str], target: str) -> None:
    """Refuse one of several columns with labels of one stock, such as 'label1' and 'label2': the others would be lost.

    Raises:
        ValueError: With the column that holds all, and the flag that takes the one.
    """
    held = distinct(rows, target)
    for one in siblings(names):
        stocks = {name: distinct(rows, name) for name in one.columns if name != target}
        others = [name for name, stock in stocks.items() if 2 * len(stock & held) > len(stock)]
        if target in one.columns and others and has_few_values(rows, target):
            listed = ", ".join(map(shown_name, (target, *others)))
            raise ValueError(
                f"columns {listed} hold the same labels: write those of a row into one column 'labels', with commas "
                f"between them; if {shown_name(target)} alone is the answer, give --target {quote(target)}"
            )


def refuse_untold(rows: Values, names: Sequence[str], filled: Sequence[str], partly: Sequence[str]) -> NoReturn:
    """Refuse a file of which no question and answer can be told.

    Args:
        rows: The rows.
        names: All columns.
        filled: Those with a value in nearly all rows.
        partly: Those with a value in most rows.

    Raises:
        ValueError: With the columns, and what names them.
    """
    refuse_dialogues(rows, filled)
    refuse_empty(rows, names)
    empty = "".join(f"; {shown_name(name)} is {_emptiness(rows, name)}" for name in names if name not in partly)
    raise ValueError(
        f"no question and answer can be told from the columns {', '.join(map(shown_name, names)) or '(none)'}"
        f"{empty}; rename two of them to 'input' and 'target', or name them with --input and --target"
        f"{_inside(rows, names)}"
    )


def _emptiness(rows: Values, name: str) -> str:
    return "empty in every row" if count_empty(rows, name) == len(rows) else "mostly empty"


def _inside(rows: Values, names: Sequence[str]) -> str:
    """Say how to reach into the first column with objects; '' where there is none."""
    for name in names:
        keys = [key for row in rows[:1] if isinstance(row.get(name), dict) for key in row[name]]
        if len(keys) > 1:
            return f", such as --input {quote(f'{name}.{keys[0]}')} --target {quote(f'{name}.{keys[1]}')}"
    return ""
