"""What inside a cell gives the answer away beside texts: 'is_selected' of a passage, 'correct' of a choice."""

import re
from collections.abc import Iterator
from typing import Any

from harness.drafting.names import is_judging, is_score, usual, words_of_name
from harness.drafting.values import Values, as_list
from harness.task.unused import repeats

_ALWAYS = {"is", "has", "selected", "correct", "gold", "supporting", "relevant", "relevance", "positive"}
_NUMBERS = {"label", "labels", "score", "scores", "rank", "answer", "support", "evidence", "truth"}  # texts are content

# With one of these a column's name says that it explains an answer, or is one too.
_EXPLAINING = {
    "explanation", "explanations", "exp", "hint", "hints", "derivation", "working", "workings", "steps",
    "label", "labels", "gold",
    "erklärung", "explicación", "explication", "spiegazione", "пояснение", "解析", "解説", "해설",
}  # fmt: skip
_ANSWERS = {
    "answer", "answers", "correct", "incorrect", "solution", "solutions", "alias", "aliases", "accepted", "acceptable",
    "truth", "truths", "gold", "golden", "expected", "ideal", "prediction", "predicted",
    "antwort", "respuesta", "réponse", "risposta", "ответ", "答案", "정답",
}  # fmt: skip

_CHATS = ("messages", "conversations")  # with the answer at their end
_COUNT = re.compile(r"_?\d$|_[a-h]$")  # of a name
_WRONG = re.compile(r"incorrect|wrong|distractor")


def tells_the_answer(rows: Values, name: str, target: str) -> bool:
    """Whether a column tells or explains the answer by its name, holds it, or repeats it by its values.

    An answer that a label judges is no such column.
    """
    judges = is_judging(target) and words_of_name(target).isdisjoint(_ANSWERS - {"correct"})
    telling = _EXPLAINING if judges else _EXPLAINING | _ANSWERS
    by_name = is_wrong_answer(name) or is_further_answer(name, target) or usual(name) in _CHATS
    by_name = by_name or not words_of_name(name).isdisjoint(telling)
    return by_name or target.startswith(f"{name}.") or repeats(rows, name, target)


def is_further_answer(name: str, target: str) -> bool:
    """Whether a name counts further answers than the target's: 'answer_2' beside 'answer' or 'answer_1'."""
    stem = _COUNT.sub("", usual(target))
    return name != target and _COUNT.sub("", usual(name)) == stem != usual(name)


def explains(name: str) -> bool:
    """Whether a name is that of what leads to an answer and is none itself: 'hint_1', 'explanation'."""
    return not words_of_name(name).isdisjoint(_EXPLAINING - {"label", "labels", "gold"})


def is_wrong_answer(name: str) -> bool:
    """Whether a column is called by what makes a choice hard: 'Incorrect Answer 1', 'distractor2'."""
    return _WRONG.search(usual(name)) is not None


def without_telling(value: Any) -> Any:
    """Return a cell without what gives the answer away, at any depth."""
    if isinstance(value, dict):
        return {key: without_telling(held) for key, held in value.items() if not is_telling(key, held)}
    return [without_telling(one) for one in value] if isinstance(value, list) else value


def is_telling(key: str, held: Any) -> bool:
    """Whether a key of an object, by its name and values, judges what stands beside it."""
    values = held if isinstance(held, list) else [held]
    if not values or any(isinstance(one, list | dict) for one in values):
        return False
    words = words_of_name(key)
    are_numbers = all(isinstance(one, int | float | None) for one in values)
    return (
        not words.isdisjoint(_ALWAYS)
        or (are_numbers and not words.isdisjoint(_NUMBERS))
        or all(isinstance(one, bool) for one in values)
    )


def telling_keys(rows: Values, name: str) -> list[str]:
    """Return the keys inside a column's cells that give answers away, in the order of the file."""
    return list(dict.fromkeys(key for row in rows for key in _telling(row.get(name))))


def is_ranking(rows: Values, name: str, key: str) -> bool:
    """Whether a key inside a column's lists orders them, as a rank or a score does, so that it calls none right."""
    values = [one.get(key) for row in rows for one in as_list(row.get(name)) if isinstance(one, dict)]
    are_numbers = all(isinstance(value, int | float | None) for value in values)
    return are_numbers and any(value not in (0, 1, None) for value in values)


def ranking_key(rows: Values, name: str) -> str:
    """Return the key of a column's lists that is called a rank or a score and orders them; '' where there is none."""
    items = [one for row in rows for one in as_list(row.get(name)) if isinstance(one, dict)]
    keys = dict.fromkeys(key for one in items for key in one if is_score(key) or "rank" in words_of_name(key))
    return next((key for key in keys if is_ranking(rows, name, key)), "")


def _telling(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, held in value.items():
            if is_telling(key, held):
                yield key
            else:
                yield from _telling(held)
    elif isinstance(value, list):
        for one in value:
            yield from _telling(one)
