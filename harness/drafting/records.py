"""Rows of a file, as `read_columns` understood them, to the items of a task."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.answer_reading import AnswerRule
from harness.chat.markers import without_end
from harness.drafting.columns import JUDGED, PAIRS, Reading
from harness.drafting.names import NO_LABELS
from harness.drafting.options import names_choice, unlettered
from harness.drafting.telling import without_telling
from harness.drafting.values import as_list, count_empty, is_empty, plain_text
from harness.records import Example, Message
from harness.task.answers import NO_ANSWER, answers_of
from harness.task.chats import NothingLearnt
from harness.task.end_markers import ended, ended_texts
from harness.task.faults import kind_of_fault
from harness.task.published import preference_cells
from harness.task.row import Row
from harness.task.schema import Columns
from harness.task.shapes import PLAIN, feedback_of, pair_of, preference_of, shape_of, system_before
from harness.task.source import can_hold
from harness.task.turns import messages_of, question_of, shown, text_of
from harness.task.verdicts import LABEL

SHOWN = 5  # reasons
MOST_UNUSABLE = 0.1  # of the rows, apart from those without an answer; with more the file is better fixed first

_LISTING = ("history", "chosen", "rejected")
ANSWERS = ("target", "output", "completion")  # the key of the answer's column, by shape


@dataclass(frozen=True, slots=True)
class Made:
    """What one row makes."""

    item: Example
    worse: str | None = None  # the worse answer, where the row is a preference pair
    is_good: bool | None = None  # whether somebody called the answer good, where the row says so


@dataclass(frozen=True, slots=True)
class Usable:
    """The rows that make items, and those that do not."""

    items: tuple[Example, ...]
    rows: tuple[Row, ...]  # that of each item
    rejected: tuple[str | None, ...]  # the worse answer of each item, where rows are preference pairs
    judged: tuple[Made, ...]  # all rows whose answer was called good or bad; the items are the good ones
    left_out: int  # rows that make none
    reasons: tuple[str, ...]  # why, each with its first row and how many more
    ends: Mapping[str, int]  # end markers that were taken off answers, and how many


def usable_rows(rows: Sequence[Row], reading: Reading, documents: frozenset[str]) -> Usable:
    """Make an item of every row that has a question and an answer.

    Raises:
        ValueError: If more than a tenth of the rows cannot be used though they have an answer and are not marked as
            not to be learnt from, or none can be; with the first reasons.
    """
    items: list[Example] = []
    kept: list[Row] = []
    rejected: list[str | None] = []
    judged: list[Made] = []
    left_out: dict[str, tuple[str, list[str]]] = {}  # the first reason of a kind, and the places of all
    ends: Counter[str] = Counter()
    marked = 0
    for row in rows:
        try:
            made = _item(_labels_ended(row.values, reading, ends), reading, documents)
        except ValueError as fault:
            marked += isinstance(fault, NothingLearnt)
            left_out.setdefault(kind_of_fault(str(fault)), (str(fault), []))[1].append(row.place)
            continue
        made = replace(made, item=ended(made.item, ends), worse=made.worse and without_end(made.worse)[0])
        if made.is_good is not None:
            judged.append(made)
        if made.is_good is not False:
            items.append(made.item)
            kept.append(row)
            rejected.append(made.worse)
    answer = next((reading.needed[key] for key in ANSWERS if key in reading.needed), None)
    unanswered = count_empty([row.values for row in rows], answer) if answer else 0
    count = sum(len(places) for _, places in left_out.values())
    reasons = [_reason(places, text) for text, places in sorted(left_out.values(), key=lambda one: -len(one[1]))]
    if judged and not items:
        raise ValueError("no answer was called good, and a task needs good ones; add rows that have them")
    if not items or count - unanswered - marked > MOST_UNUSABLE * len(rows):
        first = "\n".join(f"    {text}" for text in reasons[:SHOWN])
        raise ValueError(f"{count} of {len(rows)} rows cannot be used; fix or remove them. Why:\n{first}")
    return Usable(tuple(items), tuple(kept), tuple(rejected), tuple(judged), count, tuple(reasons), ends)


def _labels_ended(values: dict[str, Any], reading: Reading, ends: Counter[str]) -> dict[str, Any]:
    """Return a row whose labels, where it lists several, have no end markers; each that is taken off is counted."""
    name = reading.needed.get("target", "")
    labels = values.get(name)
    if not reading.is_label_set or not isinstance(labels, list):
        return values
    return {**values, name: list(ended_texts([str(label) for label in labels], ends))}


def with_result(usable: Usable, rule: AnswerRule) -> Usable:
    """Leave out the rows whose answer has no result by a rule."""
    has_one = [rule.reader.read(item.target) is not None for item in usable.items]
    return _where(usable, has_one, "rows whose answer has no result where the others have it")


def with_choice(usable: Usable) -> Usable:
    """Leave out the rows whose answer names no choice of its question, where the questions of the others list it."""
    return _where(usable, list(map(names_choice, usable.items)), "rows whose answer names no choice of the question")


def _where(usable: Usable, is_kept: Sequence[bool], why: str) -> Usable:
    """Return the rows that are kept; the others are left out, and counted with their reason."""
    if all(is_kept):
        return usable
    kept = [at for at, is_one in enumerate(is_kept) if is_one]
    first = next(row.place for row, is_one in zip(usable.rows, is_kept, strict=True) if not is_one)
    count = len(is_kept) - len(kept)
    return replace(
        usable,
        items=tuple(usable.items[at] for at in kept),
        rows=tuple(usable.rows[at] for at in kept),
        rejected=tuple(usable.rejected[at] for at in kept),
        left_out=usable.left_out + count,
        reasons=(f"{why}: {count}, the first in {first}", *usable.reasons),
    )


def with_systems(usable: Usable, text: str | None) -> tuple[Usable, list[str]]:
    """Give the task's prompt to rows without a system turn where others have one: a task gives its own to all or none.

    Returns:
        The rows, and what is to be said of it.
    """
    lacking = sum(not _has_system(item) for item in usable.items)
    if text is None or lacking in (0, len(usable.items)):
        return usable, []
    items = tuple(_with_system(item, text) for item in usable.items)
    judged = tuple(replace(made, item=_with_system(made.item, text)) for made in usable.judged)
    doubt = (
        f"{len(items) - lacking} of {len(items)} rows have a system turn of their own, so the prompt stands in the "
        f"rows: the other {lacking} begin with {shown(text)}; put your own there, or take the system turns out"
    )
    return replace(usable, items=items, judged=judged), [doubt]


def with_common_system(usable: Usable) -> tuple[Usable, str | None]:
    """Take the system turn off the rows where all have the same: it is the task's, and is changed in one place.

    Returns:
        The rows, and the text of the turn; the rows as they are and None where they differ, have none, or have one that
        a task file cannot hold.
    """
    every = (*usable.items, *(made.item for made in usable.judged))
    texts = {item.messages[0].content if _has_system(item) else None for item in every}
    common = texts.pop() if len(texts) == 1 else None
    if common is None or not can_hold(common):
        return usable, None
    items = tuple(_without_system(item) for item in usable.items)
    judged = tuple(replace(made, item=_without_system(made.item)) for made in usable.judged)
    return replace(usable, items=items, judged=judged), common


def _has_system(item: Example) -> bool:
    return item.messages[0].role == "system"


def _with_system(item: Example, text: str) -> Example:
    return item if _has_system(item) else replace(item, messages=(Message("system", text), *item.messages))


def _without_system(item: Example) -> Example:
    return replace(item, messages=item.messages[1:])


def _reason(places: Sequence[str], text: str) -> str:
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{places[0]}{more}: {text}"


def _item(values: dict[str, Any], reading: Reading, documents: frozenset[str]) -> Made:
    cells = _written(values)
    worse: str | None = None
    is_good: bool | None = None
    accepted: list[str] = []
    if reading.shape == PAIRS:
        messages, target, worse = preference_of(shape_cells(preference_cells(values)))
    elif reading.shape == JUDGED:
        messages, target, is_good = feedback_of(
            {**shape_cells(values), LABEL: cells.get(str(reading.verdict))}, _shape_judged(reading), reading.needed
        )
    elif reading.languages and "translation" in reading.needed:
        messages, target = _translation(values, reading.needed["translation"], *reading.languages)
    elif reading.shape == PLAIN:
        messages, (target, *accepted) = _plain(values, cells, reading)
    else:
        messages, target = pair_of(shape_cells(values), reading.shape, reading.needed)
    item = Example(
        id=text_of(cells[reading.id], reading.id) if reading.id else "",
        messages=messages,
        target=target.strip(),
        group=_optional(cells, reading.group),
        evidence=_evidence(values, reading.evidence, documents),
        accepted=tuple(answer.strip() for answer in accepted),
    )
    return Made(item, worse, is_good)


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: written(value) for name, value in values.items()}


def shape_cells(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's cells as the shapes read them: as text, but for the lists that say what a row is."""
    return _written(values) | {name: values[name] for name in _LISTING if isinstance(values.get(name), list)}


def _shape_judged(reading: Reading) -> str:
    return shape_of(frozenset(reading.needed.values()), Columns())


def _translation(values: dict[str, Any], column: str, source: str, target: str) -> tuple[tuple[Message, ...], str]:
    texts = values.get(column) or {}
    return (Message("user", text_of(texts.get(source), f"{column}.{source}")),), text_of(
        texts.get(target), f"{column}.{target}"
    )


def _plain(
    values: dict[str, Any], cells: dict[str, Any], reading: Reading
) -> tuple[tuple[Message, ...], Sequence[str]]:
    """Make the question of its columns, with what stands before it and the answers to choose from below."""
    messages = _asked(cells, reading)
    last = messages[-1].content
    for name in reversed(reading.contexts):
        if text := plain_text(without_telling(values.get(name))).strip():
            last = f"{text_of(text, name)}\n\n{last}"
    if reading.options:
        texts = unlettered([text_of(text, reading.options.columns[0]) for text in reading.options.of(values)])
        last = f"{last}\n\n" + "\n".join(f"{chr(ord('A') + at)}. {text}" for at, text in enumerate(texts))
        answers: Sequence[str] = (reading.options.right(values),)
    else:
        answers = _answers(values, cells, reading)
    system = system_before(cells, messages[0], (reading.system,)) if reading.system else ()
    return (*system, *messages[:-1], Message("user", last)), answers


def _asked(cells: dict[str, Any], reading: Reading) -> tuple[Message, ...]:
    """Return the question's turns; of several columns each text stands behind its column's name."""
    if len(reading.question) == 1:
        return messages_of(question_of(cells.get(reading.question[0]), reading.question[0]))
    parts = [(name, text_of(_flat(cells[name]), name)) for name in reading.question if not is_empty(cells, name)]
    if not parts:
        text_of(None, reading.question[0])
    return (Message("user", "\n".join(f"{name}: {text}" for name, text in parts)),)


def _flat(value: Any) -> Any:
    """Return turns as JSON, as they stand in a text with others."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list) else value


def _answers(values: dict[str, Any], cells: dict[str, Any], reading: Reading) -> Sequence[str]:
    """Return the right answers, the one to train on first."""
    name = reading.needed["target"]
    if reading.is_label_set and isinstance(values.get(name), list):
        labels = [str(one) for one in values[name]]
        return (json.dumps(labels, ensure_ascii=False) if reading.sets_as_json else ", ".join(labels) or NO_LABELS,)
    if reading.aliases:
        answer = text_of(cells.get(name), name)
        further = [str(one) for one in as_list(values.get(reading.aliases))]
        return tuple(dict.fromkeys([answer, *(one for one in further if one.strip())]))
    if (reading.has_several or reading.holds_one) and not is_empty(values, name):
        return answers_of(values[name], name, is_set=False)
    value = values.get(name)
    if isinstance(value, list | dict) and (value or reading.holds_lists):
        return (json.dumps(value, ensure_ascii=False, default=str),)
    if value in ([], {}):
        raise ValueError(f"'{name}' is {value}, {NO_ANSWER}")
    return (text_of(cells.get(name), name),)


def _optional(cells: dict[str, Any], name: str | None) -> str | None:
    return None if name is None or is_empty(cells, name) else text_of(cells[name], name)


def _evidence(values: dict[str, Any], name: str | None, documents: frozenset[str]) -> tuple[str, ...]:
    return tuple(str(item) for item in as_list(values.get(name)) if str(item) in documents) if name else ()


def written(value: Any) -> Any:
    """Return a cell as text where it has one plain form; texts, empty cells and turns stay as they are."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list) and (not value or isinstance(value[0], dict)):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
