"""What the values of a column look like."""

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from harness.closed_set import FEW_LABELS, MOST_LABELS, ROWS_PER_LABEL, is_closed_set
from harness.drafting.names import are_called_labels
from harness.drafting.numbers import numbers_in
from harness.task.answers import text_in
from harness.task.unused import SPLIT_NAMES
from harness.words import are_sentences, gaps

NEARLY_ALL = 0.9  # of the values

Values = Sequence[dict[str, Any]]

TURNS = "lists of turns"
AS_MESSAGES = '{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'
_WHO = ("role", "from", "speaker", "author")
PROSE_WORDS = 4  # of half of the texts, from which on they are sentences
# A speaker's name before a turn, wherever the turn begins, or the mark of a model's format.
_SPEAKER_ASKING, _SPEAKER_ANSWERING = (
    re.compile(rf"\b(?:{names})\b\W{{0,3}}:|<\|?(?:\w+\|?>)?(?:{marks})\b|\[\|?(?:{signs})\|?\]", re.IGNORECASE)
    for names, marks, signs in (
        ("user|human|instruction", "user|human", "user|inst"),
        ("assistant|gpt|bot|response", "assistant|gpt|bot|model", "assistant|/inst"),
    )
)


def names_splits(rows: Values, name: str) -> bool:
    """Whether the values are names of splits, such as train and test."""
    values = {value.casefold() for value in distinct(rows, name)}
    return len(values) > 1 and values <= SPLIT_NAMES


def names_documents(rows: Values, name: str, documents: frozenset[str]) -> bool:
    """Whether nearly all values are ids of documents."""
    named = [str(item) for row in rows for item in as_list(row.get(name))]
    return bool(named) and sum(item in documents for item in named) >= NEARLY_ALL * len(named)


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, nothing as an empty one, and anything else as the one item."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def distinct(rows: Values, name: str) -> set[str]:
    """Return the column's values, as text."""
    return {str(row[name]) for row in rows if not is_empty(row, name)}


def count_empty(rows: Values, name: str) -> int:
    """Return how many rows have nothing in a column."""
    return sum(is_empty(row, name) for row in rows)


def is_empty(row: dict[str, Any], name: str) -> bool:
    """Whether a row has nothing in a column."""
    value = row.get(name)
    return value is None or (isinstance(value, str) and not value.strip())


def is_filled(rows: Values, name: str, share: float) -> bool:
    """Whether at least this share of the rows has a value."""
    return len(rows) - count_empty(rows, name) >= share * len(rows)


def is_unique(rows: Values, name: str) -> bool:
    """Whether every row has a plain value of its own."""
    return len(distinct(rows, name)) == len(rows) and not any(isinstance(row[name], list | dict) for row in rows)


def is_unique_code(rows: Values, name: str) -> bool:
    """Whole numbers or single words that never repeat: an id under another name."""
    return is_unique(rows, name) and all(gaps(str(row[name])) < 1 for row in rows) and not has_fractions(rows, name)


def is_number(rows: Values, name: str) -> bool:
    """Whether all values are numbers, or texts of a number each."""
    return bool(_numbers(rows, name))


def has_fractions(rows: Values, name: str) -> bool:
    """Whether a column holds numbers, one of which is not whole."""
    return any(number.denominator > 1 for number in _numbers(rows, name))


def has_units(rows: Values, name: str) -> bool:
    """Whether numbers have a currency or per cent: amounts and shares, and no points of a scale."""
    return any(re.search(r"[^\d\s.,'+-]", str(row[name])) for row in rows if isinstance(row.get(name), str))


def _numbers(rows: Values, name: str) -> list[Fraction]:
    return numbers_in([row[name] for row in rows if not is_empty(row, name)]) or []


def has_few_values(rows: Values, name: str) -> bool:
    """Whether a column's values repeat as labels do, and are not all the same."""
    values = distinct(rows, name)
    if not 1 < len(values) <= min(MOST_LABELS, len(rows) // ROWS_PER_LABEL) or nesting(rows, name):
        return False
    return len(values) <= FEW_LABELS or is_closed_set(
        Counter(str(row[name]) for row in rows if not is_empty(row, name)),
        is_named=are_called_labels(name),
    )


def has_label_sets(rows: Values, name: str) -> bool:
    """Whether all values are lists of labels, each at most once in a row and from a small stock."""
    lists = [row[name] for row in rows if not is_empty(row, name)]
    if not lists or not all(isinstance(one, list) for one in lists):
        return False
    if any(isinstance(item, list | dict | None) for one in lists for item in one):
        return False
    stock = {str(item) for one in lists for item in one}
    return len(stock) <= len(rows) // 2 and all(len(set(map(str, one))) == len(one) for one in lists)


def has_nested_lists(rows: Values, name: str) -> bool:
    """Whether all cells are lists, and those that are not empty hold objects or lists: entities, spans, calls."""
    cells = [row[name] for row in rows if not is_empty(row, name)]
    items = [item for cell in cells if isinstance(cell, list) for item in cell]
    are_lists = all(isinstance(cell, list) for cell in cells)
    return are_lists and bool(items) and all(isinstance(item, list | dict) for item in items)


def has_answer_lists(rows: Values, name: str) -> bool:
    """Whether cells are lists of texts, of whole numbers or of SQuAD's objects, or one of these with a list."""
    cells = [row[name] for row in rows if not is_empty(row, name)]
    lists = [cell.get("text") if isinstance(cell, dict) else cell for cell in cells]
    return bool(cells) and all(
        isinstance(one, list) and all(isinstance(text, str | int) and text is not True for text in map(text_in, one))
        for one in lists
    )


def share_of(rows: Values, name: str, pattern: "re.Pattern[str]") -> float:
    """Return the share of a column's texts in which a pattern is found."""
    texts = [str(row[name]) for row in rows if not is_empty(row, name)]
    return sum(pattern.search(text) is not None for text in texts) / len(texts) if texts else 0.0


def has_dialogues(rows: Values, name: str) -> bool:
    """Whether the texts are whole dialogues, with the name or mark of who asks and who answers before their turns."""
    texts = [str(row[name]) for row in rows if not is_empty(row, name)]
    spoken = sum(bool(_SPEAKER_ASKING.search(text) and _SPEAKER_ANSWERING.search(text)) for text in texts)
    return bool(texts) and spoken >= NEARLY_ALL * len(texts)


def is_prose(rows: Values, name: str) -> bool:
    """Whether a column holds sentences, and not names: half of its texts have so many words."""
    counts = sorted(len(str(row[name]).split()) for row in rows if not is_empty(row, name))
    return is_text(rows, name) and bool(counts) and counts[len(counts) // 2] >= PROSE_WORDS


def plain_text(value: Any) -> str:
    """Return texts in lists and objects as one text: a list by lines, a table by rows."""
    if isinstance(value, dict):
        columns = list(value.values())
        if columns and all(isinstance(one, list) for one in columns) and len({len(one) for one in columns}) == 1:
            return "\n".join(" ".join(plain_text(cell) for cell in cells) for cells in zip(*columns, strict=True))
        return "\n".join(plain_text(one) for one in columns if one not in (None, "", [], {}))
    if isinstance(value, list):
        is_table = any(isinstance(one, list) for one in value)
        return "\n".join(
            " | ".join(map(plain_text, one)) if is_table and isinstance(one, list) else plain_text(one) for one in value
        )
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column with gaps is of such numbers
    return "" if value is None else str(value)


def holds_answers(value: Any) -> bool:
    """Whether an answer's turn of a chat stands somewhere inside a value."""
    if isinstance(value, dict):
        is_answer = value.get("role") in ("assistant", "model") and "content" in value
        return is_answer or any(map(holds_answers, value.values()))
    return isinstance(value, list) and any(map(holds_answers, value))


def is_text(rows: Values, name: str) -> bool:
    """Whether all values are texts."""
    values = [row[name] for row in rows if not is_empty(row, name)]
    return bool(values) and all(isinstance(value, str) for value in values)


def nesting(rows: Values, name: str) -> str:
    """Say what a column with lists or objects holds; '' for any other."""
    values = [row[name] for row in rows if isinstance(row.get(name), list | dict)]
    if not values:
        return ""
    if not all(isinstance(value, dict) for value in values):
        is_chat = all(map(_are_turns, values)) and 2 * sum(map(_ends_with_answer, values)) > len(values)
        return TURNS if is_chat else "lists"
    keys = next((list(value) for value in values if value), [])
    kind = "objects with lists" if has_only_lists(rows, name) else "objects"
    return f"{kind} ({', '.join(map(str, keys))})"


def _are_turns(value: Any) -> bool:
    """Whether a list is of objects that say whose turn each is."""
    speakers = _speakers(value)
    return len(speakers) == len(value) > 1 and None not in speakers


def _ends_with_answer(value: Any) -> bool:
    return _speakers(value)[-1] not in ("user", "human")


def _speakers(value: Any) -> list[Any]:
    return [next((turn[key] for key in _WHO if key in turn), None) for turn in as_list(value) if isinstance(turn, dict)]


def has_only_lists(rows: Values, name: str) -> bool:
    """Objects whose every value is a list, as where several answers are stored by their parts."""
    inner = [part for row in rows if isinstance(value := row.get(name), dict) for part in value.values()]
    return bool(inner) and all(isinstance(part, list) for part in inner)


def is_long_text(rows: Values, name: str) -> bool:
    """Sentences that differ from row to row: content rather than a mark."""
    values = [str(row[name]) for row in rows if isinstance(row.get(name), str) and not is_empty(row, name)]
    return are_sentences(values)
