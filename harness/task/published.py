"""Rows as well-known data sets are published, put into the columns that `harness.task.shapes` reads.

Preference pairs: whole dialogues as one text each (hh-rlhf), one turn as an object (LLaMA-Factory's ranking rows), the
question in `messages`, `conversations`, `instruction` or `question`. Feedback: `kto_tag`. Translations: one object with
a text in each of two languages. Columns that are used up are gone; what is not recognised stays.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.task.faults import Faults
from harness.task.row import Row
from harness.task.schema import Columns
from harness.task.shapes import PLAIN_NAMES, SHAPES
from harness.task.turns import are_turns, is_answer
from harness.task.written import written_turns

_SPEAKER = re.compile(r"(?:\A|\n\n)\s*(Human|Assistant): ?")
_ROLES = {"Human": "user", "Assistant": "assistant"}
_ASKING = ("messages", "conversations", "instruction", "question", "query", "input")
_TAG = "kto_tag"
_TRANSLATIONS = ("translation", "translations")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,8})*")  # 'en', 'zh-Hans', 'eng_Latn'

Cells = Mapping[str, Any]


def plain_rows(rows: Sequence[Row], role: str, columns: Columns, faults: Faults) -> list[Row]:
    """Put the rows of one split into plain columns, where they have a published shape.

    Args:
        rows: As their file has them.
        role: The split's key in the task file.
        columns: Those that the task file names; `translation.es` reaches into an object.
        faults: Told what was guessed.
    """
    if role == "preferences":
        return [replace(row, values=preference_cells(row.values)) for row in rows]
    if role == "feedback":
        return [replace(row, values=feedback_cells(row.values)) for row in rows]
    if named := [name for name in (columns.input, columns.target) if name]:
        is_inner = any("." in name for name in named)
        return [replace(row, values=reached(row.values, named)) for row in rows] if is_inner else list(rows)
    found = translation_of([row.values for row in rows])
    if not found:
        return list(rows)
    column, source, target = found
    other = f"{{input: {column}.{target}, target: {column}.{source}}}"
    faults.guess(rows[0].file, f"'{column}' is read as {source} to {target}; the other way is data.columns: {other}")
    return [replace(row, values=_translated(row.values, column, source, target)) for row in rows]


def reached(cells: Cells, names: Sequence[str | None]) -> dict[str, Any]:
    """Add what stands inside an object under the name that reaches it."""
    found = dict(cells)
    for name in names:
        column, dot, key = (name or "").partition(".")
        if dot and name not in cells and isinstance(cells.get(column), dict):
            found[str(name)] = cells[column].get(key)
    return found


def translation_of(rows: Sequence[Cells]) -> tuple[str, str, str] | None:
    """Return the column with translations and its two languages, in their order; None where there is none.

    An object of two texts is one where nothing else can be question and answer: metadata have such keys too.
    """
    names = set().union(*rows) if rows else set()
    if any(names.issuperset(pair) for pair in PLAIN_NAMES) or any(needed <= names for needed, _ in SHAPES.values()):
        return None
    alone = len(names - {"id"}) == 1
    for column in (name for name in names if alone or name in _TRANSLATIONS):
        keys = list(rows[0][column]) if isinstance(rows[0][column], dict) else []
        if len(keys) == 2 and all(map(_LANGUAGE.fullmatch, keys)) and _are_texts(rows, column, set(keys)):
            return column, keys[0], keys[1]
    return None


def _are_texts(rows: Sequence[Cells], column: str, keys: set[str]) -> bool:
    objects = [row.get(column) for row in rows if row.get(column) is not None]
    return all(
        isinstance(one, dict) and one.keys() <= keys and all(isinstance(text, str | None) for text in one.values())
        for one in objects
    )


def _translated(cells: Cells, column: str, source: str, target: str) -> dict[str, Any]:
    texts = cells.get(column) or {}
    rest = {name: value for name, value in cells.items() if name != column}
    return {**rest, "input": texts.get(source), "target": texts.get(target)}


def preference_cells(cells: Cells) -> dict[str, Any]:
    """Return a row with `prompt`, `chosen` and `rejected`; `prompt` is missing where the answers hold the question."""
    found = dict(cells)
    if not found.keys() >= {"chosen", "rejected"}:
        return found
    found |= {name: _answer(found[name]) for name in ("chosen", "rejected")}
    found |= {name: written_turns(found[name]) for name in ("messages", "conversations") if name in found}
    if are_turns(asked := written_turns(found.get("prompt"))):
        found["prompt"] = asked
    if _is_dialogue(found["chosen"]) and _is_dialogue(found["rejected"]) and not found.get("prompt"):
        found |= {name: _turns(found[name]) for name in ("chosen", "rejected")}
    if _is_asked(found.get("prompt")):
        found["prompt"] = _turns(found["prompt"])[:-1]
    if found.get("prompt") is None and not _holds_question(found["chosen"]):
        question = next((name for name in _ASKING if found.get(name)), None)
        if question:
            found["prompt"] = _without_answer(found.pop(question))
            if question == "instruction" and found.get("input"):
                found["prompt"] = f"{found['prompt']}\n\n{found.pop('input')}"
    return found


def _without_answer(asked: Any) -> Any:
    """Return the turns of a question without the answer at their end, which whole chats have; a text as it is."""
    return asked[:-1] if isinstance(asked, list) and asked and is_answer(asked[-1]) else asked


def _answer(value: Any) -> Any:
    """Return the text of an answer that is one turn, and the turns that a text writes; anything else as it is."""
    if isinstance(value, dict):
        return next((value[key] for key in ("value", "content") if isinstance(value.get(key), str)), value)
    turns = written_turns(value)
    return turns if are_turns(turns) else value


def _holds_question(answer: Any) -> bool:
    """Whether an answer is a list of several turns, of which the first ones ask."""
    return isinstance(answer, list) and len(answer) > 1


def _is_dialogue(value: Any) -> bool:
    return isinstance(value, str) and len(_SPEAKER.findall(value)) >= 2 and bool(_SPEAKER.match(value))


def _is_asked(prompt: Any) -> bool:
    """Whether a prompt is a dialogue that ends where the answer begins: 'Human: ... Assistant:'."""
    return _is_dialogue(prompt) and prompt.rstrip().endswith("Assistant:")


def _turns(text: str) -> list[dict[str, str]]:
    _, *parts = _SPEAKER.split(text)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [{"role": _ROLES[speaker], "content": said.strip()} for speaker, said in pairs]


def feedback_cells(cells: Cells) -> dict[str, Any]:
    """Return a row whose verdict stands in `label`."""
    if _TAG not in cells or "label" in cells:
        return dict(cells)
    return {"label" if name == _TAG else name: value for name, value in cells.items()}
