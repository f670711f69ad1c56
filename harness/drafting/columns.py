"""Guesses which column of a file is what, by name and then by content, and says what it was unsure of."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.drafting.division import FEWEST_IN_SPLIT, LARGEST, SPLITS
from harness.drafting.names import (
    ANSWERING,
    ASKING,
    CONTEXTS,
    EVIDENCE,
    GROUP,
    GROUPS,
    IDS,
    INPUTS,
    MARKS,
    NO_ANSWERS,
    TARGETS,
    TEXTS,
    first,
    is_choice,
    shown_name,
    usual,
    with_word,
    words_of_name,
)
from harness.drafting.values import (
    Values,
    count_empty,
    distinct,
    has_only_lists,
    is_empty,
    is_filled,
    is_long_text,
    is_text,
    is_unique,
    is_unique_code,
    names_documents,
    names_splits,
    nesting,
)
from harness.task.schema import Columns
from harness.task.shapes import EXTRA_COLUMNS, PLAIN, needed_columns, shape_of

PAIRS = "preference pairs"

FEWEST_GROUPS = 15  # fewer cannot be dealt out to three splits evenly
FILLED = 0.9  # share of rows in which a column must have a value
PARTLY_FILLED = 0.5  # the same for a column whose name says what it is
FEW_VALUES = 50


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
    identity = first(left, IDS, lambda name: is_unique(rows, name))
    evidence = first(left, EVIDENCE, lambda name: names_documents(rows, name, documents)) if documents else None
    left = [name for name in left if name not in (identity, evidence)]
    group = _group(left, rows, doubts)
    unused = tuple(name for name in left if name != group)
    doubts += _unused(unused, rows, needed.get("target"))
    return Reading(shape, needed, context, identity, group, evidence, unused, tuple(doubts))


def _shape(names: list[str], rows: Values, doubts: list[str]) -> tuple[str, dict[str, str], str | None]:
    if {"chosen", "rejected"} <= set(names):
        return PAIRS, {name: name for name in ("prompt", "chosen", "rejected") if name in names}, None
    shape = shape_of(frozenset(names), Columns())
    if shape != PLAIN:
        return shape, needed_columns(shape, Columns(), frozenset(names)), None
    filled = [name for name in names if is_filled(rows, name, FILLED)]
    partly = [name for name in names if is_filled(rows, name, PARTLY_FILLED)]
    target = _target(filled, partly, rows, doubts)
    others = [name for name in filled if name != target]
    question = _question(others, [name for name in partly if name != target], rows, doubts)
    if target is None or question is None:
        empty = "".join(f"; {shown_name(name)} is mostly empty" for name in names if name not in partly)
        raise ValueError(
            f"no question and answer can be told from the columns {', '.join(map(shown_name, names)) or '(none)'}"
            f"{empty}; rename two of them to 'input' and 'target'"
        )
    if target not in filled:
        doubts.append(
            f"the answer in {shown_name(target)} is empty in {count_empty(rows, target)} of {len(rows)} rows"
            f"{_other_labels(filled, rows, target)}"
        )
    if (held := nesting(rows, target)) and held.startswith(("lists", "objects with lists")):
        doubts.append(f"the answers in {shown_name(target)} are {held}, taken as JSON text; give one, if one is meant")
    context = None
    if not words_of_name(question).isdisjoint(ASKING):
        others = [name for name in names if name not in (target, question)]
        context = first(others, CONTEXTS, lambda name: name in filled or is_text(rows, name))
    if context:
        where = "" if context in filled else f", where there is one ({len(rows) - count_empty(rows, context)} rows)"
        doubts.append(f"the text in {shown_name(context)} was put before each question{where}")
    return PLAIN, {"input": question, "target": target}, context


def _target(filled: list[str], partly: list[str], rows: Values, doubts: list[str]) -> str | None:
    if named := first(filled, TARGETS):
        return named
    if worded := with_word([name for name in filled if not nesting(rows, name)], ANSWERING):
        other = _other_labels(filled, rows, worded)
        doubts.append(f"the answer was taken from column {shown_name(worded)}, by a word of its name{other}")
        return worded
    return first(partly, TARGETS) or first(filled, MARKS) or first(partly, MARKS) or _guess_target(filled, rows, doubts)


def _other_labels(names: list[str], rows: Values, target: str) -> str:
    """Say which other columns may be the answer, as they have few values."""
    others = [shown_name(name) for name in names if name != target and _has_few_values(rows, name)]
    return f"; {', '.join(others)} with few values may be it too" if others else ""


def _question(filled: list[str], partly: list[str], rows: Values, doubts: list[str]) -> str | None:
    codes = {name for name in filled if is_unique_code(rows, name)}  # a 'ticket' may be its number
    texts = [name for name in filled if name not in codes]
    if named := first(texts, INPUTS):
        return named
    if worded := with_word([name for name in texts if is_long_text(rows, name)], ASKING):
        doubts.append(f"the question was taken from column {shown_name(worded)}, by a word of its name")
        return worded
    known = (*INPUTS, *TEXTS)
    return first(texts, TEXTS) or first(filled, known) or _guess_input(filled, rows, doubts) or first(partly, known)


def _guess_target(names: list[str], rows: Values, doubts: list[str]) -> str | None:
    """Take the last column with few values that repeat, else the last one with objects, else with text.

    Raises:
        ValueError: If lists or objects, which are not taken, may as well hold the answer.
    """
    if len(names) < 2:
        return None
    usable = [name for name in names if not is_unique_code(rows, name) and not names_splits(rows, name)]
    nested = {name: held for name in usable if (held := nesting(rows, name))}
    single = [name for name in usable if name not in nested]
    few = [name for name in single if _has_few_values(rows, name)]
    objects = [
        name
        for name in nested
        if all(isinstance(row.get(name), dict | None) for row in rows) and not has_only_lists(rows, name)
    ]
    passed_over = [name for name in nested if usual(name) not in NO_ANSWERS and (few or name not in objects)]
    if passed_over:
        said = " and ".join(f"column {shown_name(name)} holds {nested[name]}" for name in passed_over)
        remedy = "write the answer you want into a column 'target' and run again"
        raise ValueError(f"which column has the answer cannot be told: {said}; {remedy}")
    texts = [name for name in single if is_text(rows, name)]
    likely = few or objects or texts
    if not likely:
        return None
    chosen = likely[-1]
    doubts.append(f"the answer was taken from column {shown_name(chosen)}, by its content")
    return chosen


def _has_few_values(rows: Values, name: str) -> bool:
    return 1 < len(distinct(rows, name)) <= min(FEW_VALUES, len(rows) // 5) and not nesting(rows, name)


def _guess_input(names: list[str], rows: Values, doubts: list[str]) -> str | None:
    """Take the column with the longest texts."""
    texts = [name for name in names if is_text(rows, name) and not is_unique_code(rows, name)]
    if not texts:
        return None
    chosen = max(texts, key=lambda name: sum(len(str(row.get(name))) for row in rows))
    doubts.append(f"the question was taken from column {shown_name(chosen)}, by its content")
    return chosen


def _unused(names: Sequence[str], rows: Values, target: str | None) -> Iterator[str]:
    """Say which columns that are left out may be wanted."""
    remedy = "put them into the question if they are needed"
    choices = _choices(names, rows, target)
    if len(choices) > 1:
        listed = ", ".join(map(shown_name, choices))
        yield f"columns {listed} may be the answers to choose from and are not used; {remedy}"
    for name in names:
        if len(choices) > 1 and name in choices:
            continue
        if is_long_text(rows, name):
            yield f"column {shown_name(name)} holds text and is not used"
        elif held := nesting(rows, name):
            yield f"column {shown_name(name)} holds {held} and is not used; {remedy}"
        elif names_splits(rows, name):
            parts = ", ".join(sorted(distinct(rows, name)))
            yield (
                f"column {shown_name(name)} ({parts}) is not used: all rows were split again; to keep your own split, "
                f"give each part a file of its own and name it in data"
            )


def _choices(names: Sequence[str], rows: Values, target: str | None) -> list[str]:
    """Columns 'option_a', 'option_b'; or 'A', 'B' where these are the answers."""
    answers = {value.casefold() for value in distinct(rows, target)} if target else set()
    return [name for name in names if is_choice(name) or name.casefold() in answers]


def _group(names: list[str], rows: Values, doubts: list[str]) -> str | None:
    named = first(names, GROUPS)
    if named is None:
        for name in names:
            if _divides_evenly(rows, name):
                text = f"{len(distinct(rows, name))} values in {len(rows)} rows"
                doubts.append(f"if rows with one value of {shown_name(name)} ({text}) belong together, name it 'group'")
        return None
    is_meant = usual(named) == GROUP
    if _divides(rows, named) if is_meant else _divides_evenly(rows, named):
        doubts.append(f"rows with one value of {shown_name(named)} are kept on one side of the split")
        return named
    said = f"column {shown_name(named)} ({len(distinct(rows, named))} values in {len(rows)} rows)"
    if is_meant:
        doubts.append(
            f"{said} is not used: whole groups in three splits take {len(SPLITS)} groups, and "
            f"{2 * FEWEST_IN_SPLIT} rows beside the largest; rows were split one by one"
        )
    elif len(sizes := _group_sizes(rows, named)) < sum(sizes):
        few = len(sizes) < FEWEST_GROUPS or max(sizes) <= LARGEST * len(rows)
        why = f"is not one of {FEWEST_GROUPS} or more of several rows" if few else f"one has {max(sizes)} of the rows"
        doubts.append(
            f"{said} may be a group, but {why}; rows were split one by one; name it 'group' if its rows belong together"
        )
    return None


def _divides(rows: Values, name: str) -> bool:
    """Whether whole groups can make three splits; a row without a group is one of its own."""
    sizes = _group_sizes(rows, name)
    alone = len(rows) - sum(sizes)
    return bool(sizes) and len(sizes) + alone >= len(SPLITS) and len(rows) - max(sizes) >= 2 * FEWEST_IN_SPLIT


def _divides_evenly(rows: Values, name: str) -> bool:
    """Whether the values look like groups, and make splits of the usual sizes."""
    sizes = _group_sizes(rows, name)
    repeats = sum(sizes) >= 1.5 * len(sizes)
    return FEWEST_GROUPS <= len(sizes) and repeats and max(sizes) <= LARGEST * len(rows)


def _group_sizes(rows: Values, name: str) -> list[int]:
    """Return how many rows each value has; nothing for lists and objects."""
    if any(isinstance(row.get(name), list | dict) for row in rows):
        return []
    return list(Counter(str(row[name]) for row in rows if not is_empty(row, name)).values())
