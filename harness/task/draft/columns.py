"""Guesses which column of a file is what, by name and then by content, and says what it was unsure of."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.task.schema import Columns
from harness.task.shapes import EXTRA_COLUMNS, PLAIN, needed_columns, shape_of

PAIRS = "preference pairs"

_TARGETS = (
    "target", "answer", "label_text", "label", "output", "response", "completion", "expected", "expected_output",
    "category", "class", "intent", "sentiment", "reply", "summary", "translation", "solution", "gold", "code", "topic",
    "fields", "entities", "extracted", "json",
)  # fmt: skip
_INPUTS = (
    "input", "question", "query", "prompt", "instruction", "text", "message", "sentence", "utterance", "review",
    "comment", "request", "email", "ticket", "document", "article", "content", "body", "description", "title",
    "problem", "source",
)  # fmt: skip
_ASKING = ("input", "question", "query", "prompt", "instruction")  # what may stand beside a text that it is about
_CONTEXTS = ("context", "passage", "background", "paragraph", "story", "document", "article")
_IDS = ("id", "uid", "uuid", "guid", "key", "idx", "index", "row_id", "example_id", "question_id", "qid")
_GROUPS = (
    "group", "group_id", "conversation_id", "thread_id", "session", "session_id", "dialogue_id", "user", "user_id",
    "customer", "customer_id", "author", "patient_id", "document_id", "doc_id", "article_id", "source_id", "product",
    "product_id", "family",
)  # fmt: skip
_EVIDENCE = ("evidence", "passage_id", "document_id", "doc_id", "page", "source_document", "source")
_NO_ANSWERS = (*_INPUTS, *_CONTEXTS, *_EVIDENCE)  # what may hold turns, texts or ids in a list

FEWEST_GROUPS = 15  # fewer cannot be dealt out to three splits evenly
LARGEST_GROUP = 0.2  # of the rows
FILLED = 0.9  # share of rows in which a column must have a value
FEW_VALUES = 50

Values = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file was taken for."""

    shape: str
    needed: dict[str, str]  # the columns that make question and answer
    context: str | None  # a text that the question is about, where it has a column of its own
    id: str | None
    group: str | None
    evidence: str | None
    unused: tuple[str, ...]
    doubts: tuple[str, ...]


def read_columns(rows: Values, documents: frozenset[str]) -> Reading:
    """Say which column is what.

    Args:
        rows: The rows, as read.
        documents: Ids of the documents that evidence may name.

    Raises:
        ValueError: If no question or no answer can be told.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    doubts: list[str] = []
    shape, needed, context = _shape(names, rows, doubts)
    taken = {*needed.values(), *EXTRA_COLUMNS.get(shape, ()), *([context] if context else [])}
    left = [name for name in names if name not in taken]
    identity = _first(left, _IDS, lambda name: _is_unique(rows, name))
    evidence = _first(left, _EVIDENCE, lambda name: _names_documents(rows, name, documents)) if documents else None
    left = [name for name in left if name not in (identity, evidence)]
    group = _group(left, rows, doubts)
    unused = tuple(name for name in left if name != group)
    doubts += [f"column {shown_name(name)} holds text and is not used" for name in unused if _is_long_text(rows, name)]
    doubts += [
        f"column {shown_name(name)} holds {held} and is not used; put them into the question if they are needed"
        for name in unused
        if (held := _nested(rows, name))
    ]
    return Reading(shape, needed, context, identity, group, evidence, unused, tuple(doubts))


def _shape(names: list[str], rows: Values, doubts: list[str]) -> tuple[str, dict[str, str], str | None]:
    if {"chosen", "rejected"} <= set(names):
        return PAIRS, {name: name for name in ("prompt", "chosen", "rejected") if name in names}, None
    shape = shape_of(frozenset(names), Columns())
    if shape != PLAIN:
        return shape, needed_columns(shape, Columns(), frozenset(names)), None
    filled = [name for name in names if _is_filled(rows, name)]
    target = _first(filled, _TARGETS) or _guess_target(filled, rows, doubts)
    others = [name for name in filled if name != target]
    question = (
        _first(others, _INPUTS, lambda name: not _is_unique_code(rows, name))  # a 'ticket' may be its number
        or _first(others, _INPUTS)
        or _guess_input(others, rows, doubts)
    )
    if target is None or question is None:
        raise ValueError(
            f"no question and answer can be told from the columns {', '.join(map(shown_name, names)) or '(none)'}; "
            f"rename two of them to 'input' and 'target'"
        )
    if (held := _nested(rows, target)) and held.startswith(("lists", "objects with lists")):
        doubts.append(f"the answers in {shown_name(target)} are {held}, taken as JSON text; give one, if one is meant")
    context = None
    if usual(question) in _ASKING:
        context = _first([name for name in others if name != question], _CONTEXTS)
    if context:
        doubts.append(f"the text in {shown_name(context)} was put before each question")
    return PLAIN, {"input": question, "target": target}, context


def _guess_target(names: list[str], rows: Values, doubts: list[str]) -> str | None:
    """Take the last column with few values that repeat, else the last one with objects, else with text.

    Raises:
        ValueError: If lists or objects, which are not taken, may as well hold the answer.
    """
    if len(names) < 2:
        return None
    usable = [name for name in names if not _is_unique_code(rows, name)]
    nested = {name: held for name in usable if (held := _nested(rows, name))}
    single = [name for name in usable if name not in nested]
    few = [name for name in single if 1 < len(distinct(rows, name)) <= min(FEW_VALUES, len(rows) // 5)]
    objects = [
        name
        for name in nested
        if all(isinstance(row.get(name), dict | None) for row in rows) and not _has_only_lists(rows, name)
    ]
    passed_over = [name for name in nested if usual(name) not in _NO_ANSWERS and (few or name not in objects)]
    if passed_over:
        said = " and ".join(f"column {shown_name(name)} holds {nested[name]}" for name in passed_over)
        remedy = "write the answer you want into a column 'target' and run again"
        raise ValueError(f"which column has the answer cannot be told: {said}; {remedy}")
    texts = [name for name in single if _is_text(rows, name)]
    likely = few or objects or texts
    if not likely:
        return None
    chosen = likely[-1]
    doubts.append(f"the answer was taken from column {shown_name(chosen)}, by its content")
    return chosen


def _guess_input(names: list[str], rows: Values, doubts: list[str]) -> str | None:
    """Take the column with the longest texts."""
    texts = [name for name in names if _is_text(rows, name) and not _is_unique_code(rows, name)]
    if not texts:
        return None
    chosen = max(texts, key=lambda name: sum(len(str(row.get(name))) for row in rows))
    doubts.append(f"the question was taken from column {shown_name(chosen)}, by its content")
    return chosen


def _group(names: list[str], rows: Values, doubts: list[str]) -> str | None:
    named = _first(names, _GROUPS)
    if named is not None and _can_group(rows, named):
        doubts.append(f"rows with one value of {shown_name(named)} are kept on one side of the split")
        return named
    if named is not None:
        count = len(distinct(rows, named))
        doubts.append(
            f"column {shown_name(named)} ({count} values in {len(rows)} rows) may be a group, but cannot be one for "
            f"splitting, which takes {FEWEST_GROUPS} groups of several rows; rows were split one by one"
        )
    else:
        for name in names:
            if _can_group(rows, name):
                text = f"{len(distinct(rows, name))} values in {len(rows)} rows"
                doubts.append(f"if rows with one value of {shown_name(name)} ({text}) belong together, name it 'group'")
    return None


def _can_group(rows: Values, name: str) -> bool:
    counts: dict[str, int] = {}
    for row in rows:
        value = str(row.get(name) or "")
        counts[value] = counts.get(value, 0) + 1
    counts.pop("", None)
    if not counts or any(isinstance(row.get(name), list | dict) for row in rows):
        return False
    repeats = sum(counts.values()) >= 1.5 * len(counts)
    return FEWEST_GROUPS <= len(counts) and repeats and max(counts.values()) <= LARGEST_GROUP * len(rows)


def _names_documents(rows: Values, name: str, documents: frozenset[str]) -> bool:
    named = [str(item) for row in rows for item in as_list(row.get(name))]
    return bool(named) and sum(item in documents for item in named) >= FILLED * len(named)


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, nothing as an empty one, and anything else as the one item."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def distinct(rows: Values, name: str) -> set[str]:
    """Return the column's values, as text."""
    return {str(row[name]) for row in rows if row.get(name) not in (None, "")}


def usual(name: str) -> str:
    """Return a column's name in the spelling of the lists above."""
    return re.sub(r"[\W_]+", "_", name.strip()).strip("_").casefold()


def shown_name(name: str) -> str:
    """Return a column's name for a message or a comment, on one line."""
    return f"'{' '.join(name.split())}'" if name.isprintable() else repr(name)


def _first(names: list[str], wanted: Sequence[str], is_fit: Callable[[str], bool] = lambda _: True) -> str | None:
    known = {usual(name): name for name in reversed(names)}
    return next((known[name] for name in wanted if name in known and is_fit(known[name])), None)


def _is_filled(rows: Values, name: str) -> bool:
    return sum(row.get(name) not in (None, "") for row in rows) >= FILLED * len(rows)


def _is_unique(rows: Values, name: str) -> bool:
    return len(distinct(rows, name)) == len(rows) and not any(isinstance(row[name], list | dict) for row in rows)


def _is_unique_code(rows: Values, name: str) -> bool:
    """Numbers or words without a space that never repeat: an id under another name."""
    return _is_unique(rows, name) and all(" " not in str(row[name]) for row in rows)


def _is_text(rows: Values, name: str) -> bool:
    values = [row.get(name) for row in rows if row.get(name) not in (None, "")]
    return bool(values) and all(isinstance(value, str) for value in values)


def _nested(rows: Values, name: str) -> str:
    """Say what a column with lists or objects holds; '' for any other."""
    values = [row[name] for row in rows if isinstance(row.get(name), list | dict)]
    if not values:
        return ""
    if not all(isinstance(value, dict) for value in values):
        return "lists"
    keys = next((list(value) for value in values if value), [])
    kind = "objects with lists" if _has_only_lists(rows, name) else "objects"
    return f"{kind} ({', '.join(map(str, keys))})"


def _has_only_lists(rows: Values, name: str) -> bool:
    """Objects whose every value is a list, as where several answers are stored by their parts."""
    inner = [part for row in rows if isinstance(value := row.get(name), dict) for part in value.values()]
    return bool(inner) and all(isinstance(part, list) for part in inner)


def _is_long_text(rows: Values, name: str) -> bool:
    """Sentences that differ from row to row: content rather than a mark."""
    values = [str(row[name]) for row in rows if isinstance(row.get(name), str)]
    return len(set(values)) > len(rows) / 2 and sum(value.count(" ") for value in values) >= 3 * len(values) > 0
