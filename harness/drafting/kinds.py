"""What kind of answer a task wants, and what follows from that: the metric, the goal and the prompt."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from harness.task.turns import shown

Kind = Literal["labels", "json", "short text", "long text"]

MOST_LABELS = 50
ROWS_PER_LABEL = 5
LABEL_CHARACTERS = 60
LABELS_IN_PROMPT = 20
SHORT_WORDS = 8  # median; longer answers are hardly ever given word for word


@dataclass(frozen=True, slots=True)
class Answers:
    """What the answers look like."""

    kind: Kind
    about: str  # for the reader: '4 labels: bug, praise, question, other'
    metrics: tuple[str, ...]  # the primary one first
    goal: float
    system: str | None  # asks for answers of this form
    doubts: tuple[str, ...]


def read_answers(targets: Sequence[str]) -> Answers:
    """Tell the kind of answers.

    Raises:
        ValueError: If all answers are the same: nothing can be learnt or measured.
    """
    counts = Counter(target.strip() for target in targets)
    if len(counts) < 2:
        raise ValueError(f"every row has the answer {shown(targets[0])}; a task needs two answers at least")
    objects = [found for target in targets if isinstance(found := _parsed(target), dict)]
    if len(objects) == len(targets):
        return _json(objects)
    if _are_labels(counts, len(targets)):
        return _labels(counts)
    if 2 * len(objects) > len(targets):
        other = len(targets) - len(objects)
        doubt = f"{len(objects)} answers are JSON objects and {other} are not; with those fixed, use json_fields"
        return Answers("short text", "texts, most of them JSON", ("exact_match",), 0.8, None, (doubt,))
    return _text(targets)


def _are_labels(counts: Counter[str], rows: int) -> bool:
    few = len(counts) <= MOST_LABELS and ROWS_PER_LABEL * len(counts) <= rows
    return few and all(len(text) <= LABEL_CHARACTERS and "\n" not in text for text in counts)


def _labels(counts: Counter[str]) -> Answers:
    names = sorted(counts)
    listed = ", ".join(names) if len(names) <= LABELS_IN_PROMPT else ""
    rare = [name for name in names if counts[name] < 2 * ROWS_PER_LABEL]
    doubts = [f"rare labels, with fewer than {2 * ROWS_PER_LABEL} rows each: {', '.join(rare)}"] if rare else []
    if all(name.lstrip("-").isdigit() for name in names):
        doubts.append("the labels are numbers, which say nothing to a model; words would be easier to answer with")
    what = f"one of these labels and nothing else: {listed}." if listed else "the label and nothing else."
    about = f"{len(names)} labels" + (f": {listed}" if listed else "")
    return Answers("labels", about, ("label_accuracy", "macro_f1"), 0.9, f"Answer with {what}", tuple(doubts))


def _json(objects: Sequence[dict[str, object]]) -> Answers:
    keys = Counter(key for found in objects for key in found)
    listed = ", ".join(keys)
    always = [key for key, count in keys.items() if count == len(objects)]
    doubts = [f"not every answer has all of these keys: {listed}"] if len(always) < len(keys) else []
    system = f"Answer with one JSON object with the keys {listed} and nothing else."
    about = f"JSON objects with the keys {listed}"
    return Answers("json", about, ("json_fields", "json_valid", "exact_match"), 0.9, system, tuple(doubts))


def _text(targets: Sequence[str]) -> Answers:
    words = median(len(target.split()) for target in targets)
    characters = median(len(target) for target in targets)
    about = f"texts, half of them longer than {characters:g} characters"
    if words <= SHORT_WORDS and characters <= 10 * SHORT_WORDS:
        system = "Answer in a few words, with the answer and nothing else."
        return Answers("short text", about, ("exact_match", "f1"), 0.8, system, ())
    doubt = (
        "rouge_l counts words that answer and target share, in order; good answers in other words score low. "
        "Look what a good answer scores before you set the goal"
    )
    return Answers("long text", about, ("rouge_l", "f1"), 0.4, None, (doubt,))


def _parsed(text: str) -> object:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
