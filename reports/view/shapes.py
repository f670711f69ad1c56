"""The plain values that templates draw: cells, tables, figures, names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from harness.records import Family, Outcome
from reports.numbers import NOT_MEASURED

Mood = Literal["", "good", "bad", "unsure", "unjudged", "absent"]

FAMILIES: dict[Family, str] = {
    "prompt": "Prompt",
    "rag": "RAG",
    "tune": "Fine-tuned",
    "combine": "RAG + fine-tuned",
}
RUNGS: dict[Family, str] = {
    "prompt": "a prompt",
    "rag": "RAG",
    "tune": "fine-tuning",
    "combine": "RAG with fine-tuning",
}
METRICS = {
    "exact_match": "Exact match",
    "f1": "F1",
    "contains": "Contains the answer",
    "rouge_1": "ROUGE-1",
    "rouge_2": "ROUGE-2",
    "rouge_l": "ROUGE-L",
    "label_accuracy": "Label accuracy",
    "macro_f1": "Macro-F1",
    "json_valid": "Valid JSON",
    "json_fields": "JSON fields right",
    "judge": "Judge",
}
OUTCOMES: dict[Outcome, str] = {
    Outcome.SCORED: "answered",
    Outcome.UNPARSED: "no answer could be read",
    Outcome.PATTERN_STOPPED: "pattern took too long",
    Outcome.TRUNCATED: "cut off at the length limit",
    Outcome.EMPTY: "said nothing",
    Outcome.REFUSED: "refused",
    Outcome.CONTEXT_OVERFLOW: "prompt too long",
    Outcome.ENDPOINT_ERROR: "service error",
    Outcome.TIMEOUT: "took too long",
    Outcome.WORKER_ERROR: "worker crashed",
    Outcome.INVALID_INPUT: "input could not be used",
}
BENCHMARKS = {
    "piqa": "PIQA",
    "openbookqa": "OpenBookQA",
    "social_iqa": "Social IQa",
    "commonsense_qa": "CommonsenseQA",
    "boolq": "BoolQ",
    "mmlu": "MMLU",
    "asdiv": "ASDiv",
    "core_continuation": "Continuation",
    "core_next_word": "Next word",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell: a value, a smaller line under it, and how it should feel."""

    text: str
    note: str = ""
    mood: Mood = ""
    picture: Markup | None = None
    span: int = 1  # columns it takes


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column names its rows."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()  # columns set flush right
    chosen: int | None = None  # the row to mark
    notes: tuple[str, ...] = ()  # a smaller line under each heading; none where there are none


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart: its finding, its drawing, a reading aid, and the figures behind it."""

    title: str
    drawing: Markup
    note: str
    table: Table
    narrow: Markup | None = None  # the same for a narrow screen; None: it fits there too, or scrolls


def table(
    caption: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell | str]],
    numbers: Sequence[int] = (),
    chosen: int | None = None,
    notes: Sequence[str] = (),
) -> Table:
    """Build a table; a plain string becomes a cell, and "not measured" looks like what it is."""
    return Table(
        caption,
        tuple(headings),
        tuple(tuple(cell(value) for value in row) for row in rows),
        frozenset(numbers),
        chosen,
        tuple(notes),
    )


def cell(value: Cell | str) -> Cell:
    """Wrap a string; absent figures get their own look."""
    if isinstance(value, Cell):
        return value
    return Cell(value, mood="absent" if value == NOT_MEASURED else "")


def metric_name(name: str) -> str:
    """Return a metric's name for people; an unknown one keeps its own."""
    return METRICS.get(name, name)


def metric_title(name: str) -> str:
    """Name a metric inside a sentence."""
    return f"“{metric_name(name)}”"


def benchmark_name(name: str) -> str:
    """Return a benchmark's usual name: the longest known ending of the task's name, else the task's name."""
    known = [key for key in BENCHMARKS if name == key or name.endswith("_" + key)]
    return BENCHMARKS[max(known, key=len)] if known else name


def join(parts: Sequence[str]) -> str:
    """Write a list as English: 'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""
