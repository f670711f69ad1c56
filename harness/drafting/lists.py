"""Answers that are lists: of which any one is right, or of which every item is wanted."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from shlex import quote
from typing import Any, Literal

from harness.closed_set import is_closed_set
from harness.drafting.doubt import InDoubt
from harness.drafting.names import (
    ALIASES,
    ALTERNATIVES,
    LABEL_SETS,
    LABELS,
    SEVERAL,
    WANTED,
    is_beside,
    is_indexing,
    shown_name,
    usual,
    words_of_name,
)
from harness.drafting.options import are_flags
from harness.drafting.telling import is_further_answer, is_wrong_answer
from harness.drafting.values import NEARLY_ALL, Values, has_answer_lists, has_label_sets, is_empty, is_text
from harness.metrics.label_sets import split_labels
from harness.task.row import Row
from harness.task.turns import shown
from harness.task.written import literal

# A text under a name with one of these may be a list; under others it may be a question or a program's output.
_LISTS = {*LABEL_SETS, "label", "entities", "answers", "aliases"}
_OPENS = re.compile(r"\s*(?:array\()?\[")

Lists = Literal["any", "all"]


def what_lists_mean(rows: Values, name: str, said: Lists | None) -> Lists | None:
    """Return whether any one item of a row's list is right, or all are wanted; None where a column holds no lists.

    The user's word goes first, then the column's name, then its content: alternatives stand together wherever they
    occur, and labels combine freely.

    Raises:
        InDoubt: If none of these says it.
    """
    if not has_label_sets(rows, name) and not has_answer_lists(rows, name):
        return None
    if said or any(isinstance(row[name], dict) for row in rows if not is_empty(row, name)):
        return said or "any"  # SQuAD's objects
    lists = [[str(item) for item in row[name]] for row in rows if not is_empty(row, name)]
    if max(map(len, lists), default=0) < 2 and not (are_wanted(name) and [] in lists):
        return "any"
    if are_wanted(name):
        return "all" if are_sets(rows, name) else None
    is_free = _combine_freely(lists)
    if are_alternatives(name) != is_free:
        return "all" if is_free else "any"
    raise InDoubt(rows, "--lists", f"it is not clear what the lists in column {shown_name(name)} mean", [name])


def refuse_flagged_answers(rows: Values, names: Sequence[str], target: str) -> None:
    """Refuse lists of answers of which another column of lists says, by a flag each, which are right.

    Raises:
        ValueError: With the forms that are read, and the flag that takes all answers for right.
    """
    for name in names:
        pairs = [(row[target], row.get(name)) for row in rows if isinstance(row.get(target), list)]
        is_likely = is_indexing(name) or not is_beside(name)
        are_all = is_likely and all(are_flags(flags, len(answers)) for answers, flags in pairs)
        found = [flags for _, flags in pairs if flags] if are_all else []
        are_places = all(flags == list(range(len(flags))) for flags in found)
        if not are_places and all(any(flag in flags for flags in found) for flag in (0, 1)):
            raise ValueError(
                f"column {shown_name(name)} says which of the answers in {shown_name(target)} are right: write these "
                f"alone into {shown_name(target)}, or call it 'choices' where one of them is to be chosen; if not, "
                f"give --target {quote(target)}"
            )


def hold_one(rows: Values, name: str) -> bool:
    """Whether each row has one label, in a list of its own."""
    lists = [row[name] for row in rows if not is_empty(row, name)]
    return are_wanted(name) and all(isinstance(one, list) and len(one) == 1 for one in lists)


def with_lists(rows: Sequence[Row], *, is_table: bool) -> list[Row]:
    """Read the columns whose every text is a list of texts or numbers, in JSON's, Python's or NumPy's spelling.

    A table has no other way to hold lists; elsewhere a column's name must say that it holds some.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.values if is_table or words_of_name(name) & _LISTS))
    read: dict[str, list[Any]] = {}
    for name in names:
        cells = [row.values.get(name) for row in rows]
        if all(isinstance(cell, str) and (not cell.strip() or _OPENS.match(cell)) for cell in cells):
            found = [_list_in(str(cell)) if str(cell).strip() else None for cell in cells]
            if any(found) and all(
                one is not None or not str(cell).strip() for one, cell in zip(found, cells, strict=True)
            ):
                read[name] = found
    own = [{name: cells[at] for name, cells in read.items()} for at in range(len(rows))]
    return [replace(row, values={**row.values, **more}) for row, more in zip(rows, own, strict=True)]


def _list_in(text: str) -> list[Any] | None:
    """Return a list of texts and numbers that a text writes; None of any other."""
    found = literal(text)
    is_plain = isinstance(found, list) and all(isinstance(one, str | int | float) for one in found)
    return found if is_plain else None


def has_separators(rows: Values, name: str) -> bool:
    """Whether an item of some list would be split where a text of several labels is."""
    return any(len(split_labels(str(item))) > 1 for row in rows if not is_empty(row, name) for item in row[name])


def are_sets(rows: Values, name: str) -> bool:
    """Whether lists are of texts that hardly ever repeat in a row, as the tags of a sentence's words do."""
    lists = [row[name] for row in rows if not is_empty(row, name)]
    is_read = has_label_sets(rows, name) or has_answer_lists(rows, name)
    if not is_read or any(isinstance(one, dict) for one in lists):
        return False
    sets = [frozenset(map(str, one)) for one in lists]
    count = sum(len(own) == len(one) for own, one in zip(sets, lists, strict=True))
    return len(set(sets)) > 1 and count >= NEARLY_ALL * len(lists)  # [0, 1] and [1, 0] are vectors


def are_wanted(name: str) -> bool:
    """Whether a name says that every item of a list is wanted: labels, tags, entities."""
    known = {*LABEL_SETS, *LABELS, *WANTED}
    return usual(name) in known or not words_of_name(name).isdisjoint(known)


def are_alternatives(name: str) -> bool:
    """Whether a name says that any one item of a list is right: answers, aliases."""
    return not words_of_name(name).isdisjoint(ALTERNATIVES)


def _combine_freely(lists: Sequence[Sequence[Any]]) -> bool:
    """Whether items are of a closed set, and most of them stand in several different lists, as labels do."""
    counts = Counter(item for one in lists for item in set(one))
    different = {frozenset(one) for one in lists}
    places = Counter(item for one in different for item in one)
    repeated = sum(count > 1 for count in places.values())
    return is_closed_set(counts) and 2 * repeated > len(counts) and all(len(set(one)) == len(one) for one in lists)


def lists_said(name: str, meaning: Lists | None) -> list[str]:
    """Say how the lists of a column were taken, and what takes them otherwise."""
    if meaning == "any":
        said = f"any one of the answers that {shown_name(name)} lists is taken for right"
        return [f"{said}; where all are wanted, give --lists all"]
    if meaning == "all" and usual(name) not in LABEL_SETS:
        said = f"all items that {shown_name(name)} lists are wanted, in any order"
        return [f"{said}; where any one is right, give --lists any"]
    return []


def doubted_aliases(rows: Values, names: Sequence[str], target: str) -> list[str]:
    """Say that unused columns of texts may hold further right answers, which are read of lists alone.

    Args:
        rows: The rows.
        names: Columns that are not used.
        target: The answer's column, of which 'answer_2' may be another one.
    """
    said: list[str] = []
    for name in names:
        is_called = (
            usual(name) in ALIASES or not words_of_name(name).isdisjoint(SEVERAL) or is_further_answer(name, target)
        )
        if is_called and is_text(rows, name) and not is_wrong_answer(name):
            sample = next(row[name] for row in rows if not is_empty(row, name))
            held = f"{shown_name(name)} may hold further right answers, such as {shown(sample)}, and is not used"
            said.append(f"{held}: write them as lists into a column 'aliases', and any one is right")
    return said
