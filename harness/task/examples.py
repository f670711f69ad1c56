"""Makes examples, preferences and feedback of a split's rows, each with its place in the file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from harness.answer_reading import AnswerRule
from harness.plugins import suggest
from harness.records import Example, Feedback, Message, Preference
from harness.task.answer_rule import check_result
from harness.task.answers import answers_of, is_list
from harness.task.faults import Faults
from harness.task.row import Row
from harness.task.rows import path_fault, read_rows
from harness.task.schema import Columns, TaskFile
from harness.task.settings import ABSENT
from harness.task.shapes import (
    EXTRA_COLUMNS,
    LABEL,
    PLAIN,
    feedback_of,
    needed_columns,
    pair_of,
    preference_of,
    shape_of,
)
from harness.task.source import Source
from harness.task.turns import text_of

LONGEST_ROW = 1_000_000  # characters

Item = TypeVar("Item", Example, Preference, Feedback)


@dataclass(frozen=True, slots=True)
class Placed(Generic[Item]):
    """An item and the row it was made of."""

    row: Row
    item: Item


class SplitReader:
    """Reads the splits of one task; faults of rows and of column names are noted as they are found."""

    def __init__(
        self, settings: TaskFile, rule: AnswerRule | None, source: Source, folder: Path, faults: Faults
    ) -> None:
        self._rule = rule
        self._columns = settings.data.columns
        self._takes_sets = settings.metric.primary.startswith("label_set")
        self._has_system = settings.prompt.system is not None
        self._source = source
        self._folder = folder
        self._faults = faults
        self.notes: list[str] = []

    def examples(self, written: str, role: str) -> list[Placed[Example]]:
        """Read one split of labelled rows, in file order."""
        rows = self._rows(written, role)
        names = frozenset(name for row in rows for name in row.values)
        shape = shape_of(names, self._columns)
        needed = needed_columns(shape, self._columns, names)
        if not rows or not self._has_columns(written, needed, names):
            return []
        found = [placed for row in rows if (placed := self._example(row, shape, needed, names))]
        self.notes.append(f"{written}: {len(rows)} rows, read as {shape}{self._reading(shape, needed, names, found)}")
        return self._with_ids(found, self._column("id", names))

    def preferences(self, written: str) -> list[Placed[Preference]]:
        """Read the preference pairs, in file order."""
        rows = self._rows(written, "preferences")
        found = [placed for row in rows if (placed := self._preference(row))]
        if rows:
            self.notes.append(f"{written}: {len(rows)} rows, read as preference pairs")
        return _hashed(found)

    def feedback(self, written: str) -> list[Placed[Feedback]]:
        """Read the answers that were called good or bad, in file order."""
        rows = self._rows(written, "feedback")
        names = frozenset(name for row in rows for name in row.values)
        # a file of a usual shape need not have the columns of the other splits
        columns = self._columns if shape_of(names, Columns()) == PLAIN else Columns()
        shape = shape_of(names, columns)
        needed = {**needed_columns(shape, columns, names), LABEL: LABEL}
        found = [placed for row in rows if (placed := self._judged(row, shape, needed))]
        if rows:
            self.notes.append(f"{written}: {len(rows)} rows, read as {shape} with a label")
        return _hashed(found)

    def _rows(self, written: str, role: str) -> list[Row]:
        if written == ABSENT:
            return []
        if fault := path_fault(written, self._folder):
            self._source.add_fault(self._faults, ("data", role), f"data.{role}: {fault}")
            return []
        before = self._faults.count
        rows = read_rows(written, role, self._folder, self._faults)
        if not rows and self._faults.count == before:
            self._faults.add(written, f"has no rows; give at least one, as it is data.{role}")
        return rows

    def _column(self, key: str, names: frozenset[str]) -> str | None:
        """The column for `key`: as the task file has it, or of that very name where there is one."""
        column = getattr(self._columns, key) or key
        return column if column in names else None

    def _reading(
        self, shape: str, needed: Mapping[str, str], names: frozenset[str], found: Sequence[Placed[Example]]
    ) -> str:
        """Say which columns a file was read by, for the reader of the notes."""
        own = {key: column for key in ("id", "group", "evidence") if (column := self._column(key, names))}
        named = {**needed, **own} if shape == PLAIN else own
        used = {*needed.values(), *own.values(), *EXTRA_COLUMNS.get(shape, ())}
        parts = [", ".join(f"{key}: {column}" for key, column in named.items())]
        several = sum(len(placed.item.messages) > 1 for placed in found)
        parts.append(f"{several} of several turns, the last answer is the target" if several else "")
        parts.append(f"not used: {', '.join(sorted(names - used))}" if names - used else "")
        said = "; ".join(part for part in parts if part)
        return f" ({said})" if said else ""

    def _has_columns(self, file: str, needed: dict[str, str], names: frozenset[str]) -> bool:
        """Note the columns that are not there; False when rows cannot be read without them."""
        if {"chosen", "rejected"} <= names and not names.issuperset(needed.values()):
            text = "has preference pairs (chosen, rejected); name it in data.preferences, and give labelled rows here"
            self._faults.add(file, text)
            return False
        optional = ((key, getattr(self._columns, key)) for key in ("id", "group", "evidence"))
        named = needed | {key: name for key, name in optional if name}
        missing = {key: name for key, name in named.items() if name not in names}
        for key, name in missing.items():
            near = suggest(name, dict.fromkeys(names))
            guess = near if "did you mean" in near else ""
            text = f"has no column '{name}'{guess}; its columns: {', '.join(sorted(names))}"
            place = ("data", "columns", key)
            if place in self._source.spots:
                self._source.add_fault(self._faults, place, f"data.columns.{key}: {file} {text}")
            else:
                self._faults.add(file, f"{text}; name the right one in data.columns.{key}")
        return missing.keys().isdisjoint(needed)

    def _example(
        self, row: Row, shape: str, needed: Mapping[str, str], names: frozenset[str]
    ) -> Placed[Example] | None:
        group, evidence = self._column("group", names), self._column("evidence", names)
        try:
            _check_present(row, shape, list(needed.values()))
            messages, target, accepted = self._answered(row, shape, needed)
            self._check_system(messages)
            _check_length(messages, target, *accepted)
            for answer in (target, *accepted):
                check_result(answer, self._rule)
            return Placed(
                row,
                Example(
                    id="",  # given when all rows are read
                    messages=messages,
                    target=target,
                    group=_optional(row, group),
                    evidence=_evidence(row, evidence),
                    accepted=accepted,
                ),
            )
        except ValueError as fault:
            self._faults.add(row.file, str(fault), row.number, row.unit)
            return None

    def _answered(
        self, row: Row, shape: str, needed: Mapping[str, str]
    ) -> tuple[tuple[Message, ...], str, tuple[str, ...]]:
        """Read question, target and further right answers; a list is several of them, or one set of labels."""
        column = needed.get("target", "")
        if shape != PLAIN or not is_list(row.values.get(column)):
            return *pair_of(row.values, shape, needed), ()
        answers = answers_of(row.values[column], column, is_set=self._takes_sets)
        messages, target = pair_of({**row.values, column: answers[0]}, shape, needed)
        return messages, target, answers[1:]

    def _preference(self, row: Row) -> Placed[Preference] | None:
        try:
            _check_present(row, "preference pairs", ["chosen", "rejected"])
            messages, chosen, rejected = preference_of(row.values)
            self._check_system(messages)
            _check_length(messages, chosen, rejected)
            return Placed(row, Preference("", messages, chosen, rejected))
        except ValueError as fault:
            self._faults.add(row.file, str(fault), row.number, row.unit)
            return None

    def _judged(self, row: Row, shape: str, needed: dict[str, str]) -> Placed[Feedback] | None:
        try:
            _check_present(row, "answers with a label", list(needed.values()))
            messages, answer, is_good = feedback_of(row.values, shape, needed)
            self._check_system(messages)
            _check_length(messages, answer)
            return Placed(row, Feedback("", messages, answer, is_good))
        except ValueError as fault:
            self._faults.add(row.file, str(fault), row.number, row.unit)
            return None

    def _check_system(self, messages: Sequence[Message]) -> None:
        own = sum(message.role == "system" for message in messages)
        if own > 1:
            raise ValueError("has a system turn and a 'system' column; keep one")
        if own and self._has_system:
            raise ValueError("has a system turn, and so has the task; remove the row's or prompt.system")

    def _with_ids(self, found: list[Placed[Example]], column: str | None) -> list[Placed[Example]]:
        if column is None:
            return _hashed(found)
        taken: dict[str, Row] = {}
        named = []
        for placed in found:
            row = placed.row
            try:
                identity = text_of(row.values.get(column), column)
                if identity in taken:
                    raise ValueError(f"id '{identity}' is that of {taken[identity].place} too; make ids unique")
            except ValueError as fault:
                self._faults.add(row.file, str(fault), row.number, row.unit)
                continue
            taken[identity] = row
            named.append(Placed(row, replace(placed.item, id=identity)))
        return named


def _check_length(messages: Sequence[Message], *answers: str) -> None:
    length = sum(len(text) for text in (*answers, *(message.content for message in messages)))
    if length > LONGEST_ROW:
        raise ValueError(f"has {length:,} characters, and no model reads {LONGEST_ROW:,}; cut it or remove the row")


def _check_present(row: Row, shape: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in row.values:
            guess = suggest(name, row.values) if row.values else ""
            raise ValueError(f"has no '{name}'{guess}; rows of this file are read as {shape}")


def _optional(row: Row, column: str | None) -> str | None:
    value = row.values.get(column) if column else None
    return None if value is None or value == "" else text_of(value, str(column))


def _evidence(row: Row, column: str | None) -> tuple[str, ...]:
    value = row.values.get(column) if column else None
    if isinstance(value, list):
        return tuple(text_of(item, f"{column}[{index}]") for index, item in enumerate(value))
    single = _optional(row, column)
    return () if single is None else (single,)


def _hashed(found: list[Placed[Item]]) -> list[Placed[Item]]:
    """Give each item the hash of its content; equal ones are numbered: 'ab12', 'ab12-2'."""
    seen: dict[str, int] = {}
    named = []
    for placed in found:
        short = hashlib.sha256(canonical(placed.item).encode()).hexdigest()[:12]
        seen[short] = seen.get(short, 0) + 1
        identity = short if seen[short] == 1 else f"{short}-{seen[short]}"
        named.append(Placed(placed.row, replace(placed.item, id=identity)))
    return named


def canonical(item: Example | Preference | Feedback) -> str:
    """Return an item's content as one JSON text; equal items give equal text."""
    content: list[Any] = [item.id, [[message.role, message.content] for message in item.messages]]
    if isinstance(item, Example):
        content += [item.target, item.group, list(item.evidence)]
        content += [list(item.accepted)] if item.accepted else []  # other rows keep the hash that they had before
    elif isinstance(item, Preference):
        content += [item.chosen, item.rejected]
    else:
        content += [item.answer, item.is_good]
    return json.dumps(content, ensure_ascii=False)
