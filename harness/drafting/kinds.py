"""What kind of answer a task wants, and what follows from that: the metric, the goal and the prompt."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from harness.drafting.columns import Reading
from harness.drafting.names import LABELS, TARGETS, usual
from harness.drafting.worked import NEARLY_ALL, Worked, find_working
from harness.task.turns import shown

Kind = Literal[
    "labels",
    "label sets",
    "choice",
    "score",
    "number",
    "translation",
    "tool calls",
    "json",
    "worked",
    "short text",
    "long text",
]

MOST_LABELS = 50
ROWS_PER_LABEL = 5
LABEL_CHARACTERS = 60
LABELS_IN_PROMPT = 20
# In a prompt a language's name says more than its code.
LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian",
    "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip
SHORT_WORDS = 8  # median; longer answers are hardly ever given word for word


@dataclass(frozen=True, slots=True)
class Answers:
    """What the answers look like."""

    kind: Kind
    about: str  # for the reader: '4 labels: bug, praise, question, other'
    metrics: tuple[str, ...]  # the primary one first
    goal: float
    system: str | None  # asks for answers of this form
    doubts: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # of the metrics, by name
    worked: Worked | None = None  # where the result stands, behind its working


def read_answers(targets: Sequence[str], reading: Reading) -> Answers:
    """Tell the kind of answers.

    Args:
        targets: The answers.
        reading: What their column was taken for, where it says more than they do.

    Raises:
        ValueError: If all answers are the same: nothing can be learnt or measured.
    """
    counts = Counter(target.strip() for target in targets)
    if len(counts) < 2:
        raise ValueError(f"every row has the answer {shown(targets[0])}; a task needs two answers at least")
    if reading.options:
        return _CHOICE
    if reading.languages:
        return _translation(*reading.languages)
    if reading.is_score:
        return _score(targets)
    if reading.is_label_set or _are_label_sets(counts, len(targets)):
        return _label_sets(targets)
    if all(map(_is_calls, targets)):
        return _CALLS
    objects = [found for target in targets if isinstance(found := _parsed(target), dict)]
    if len(objects) == len(targets):
        return _json(objects)
    if not reading.has_several and not _are_results(counts, reading) and _are_labels(counts, len(targets)):
        return _labels(counts)
    if 2 * len(objects) > len(targets):
        other = len(targets) - len(objects)
        doubt = f"{len(objects)} answers are JSON objects and {other} are not; with those fixed, use json_fields"
        return Answers("short text", "texts, most of them JSON", ("exact_match",), 0.8, None, (doubt,))
    if all(map(_NUMBER.fullmatch, counts)):
        return _NUMBERS
    if worked := find_working(targets):
        return _worked(worked, targets)
    return _text(targets)


def _worked(worked: Worked, targets: Sequence[str]) -> Answers:
    results = [result for target in targets if (result := worked.rule.reader.read(target))]
    has_numbers = sum(_NUMBER.fullmatch(result.rstrip(".")) is not None for result in results) >= NEARLY_ALL * len(
        results
    )
    metrics = ("number", "exact_match") if has_numbers else ("exact_match", "f1")
    about = f"working with the result {'behind ' + repr(worked.value) if worked.key == 'after' else 'in a box'}"
    doubt = f"the result is scored, and training keeps the working: {about}"
    return Answers("worked", about, metrics, 0.8, worked.request, (doubt,), worked=worked)


def _are_results(counts: Counter[str], reading: Reading) -> bool:
    """Whether answers that are numbers are results, by their column's name, and no classes."""
    name = usual(reading.needed.get("target", ""))
    return len(counts) > 2 and name in TARGETS and name not in LABELS and all(map(_NUMBER.fullmatch, counts))


_NUMBER = re.compile(r"[-+]?[$\u20ac\u00a3]?\d[\d.,']*%?")
_CODE = re.compile(
    r"^\s*(?:def |class |import |from \w+ import|return\b|#include|SELECT |WITH |INSERT |UPDATE )", re.MULTILINE
)
_CHOICE = Answers(
    "choice",
    "letters of the answers to choose from",
    ("choice", "exact_match"),
    0.9,
    "Answer with the letter of the right choice and nothing else.",
)
_NUMBERS = Answers("number", "numbers", ("number", "exact_match"), 0.9, "Answer with the number and nothing else.")
_CALLS = Answers(
    "tool calls",
    "calls of tools, as JSON",
    ("tool_call", "json_valid"),
    0.9,
    "Answer with a JSON list of calls, each an object with 'name' and 'arguments', and nothing else.",
)


def _is_calls(target: str) -> bool:
    found = _parsed(target)
    calls = found if isinstance(found, list) else []
    return bool(calls) and all(isinstance(call, dict) and {"name", "arguments"} <= call.keys() for call in calls)


def _translation(source: str, target: str) -> Answers:
    names = [LANGUAGES.get(re.split("[-_]", language)[0], language) for language in (source, target)]
    system = f"Translate from {names[0]} to {names[1]}. Answer with the translation and nothing else."
    doubt = "chrf counts runs of characters that answer and target share; look what a good translation scores first"
    return Answers("translation", f"translations to {names[1]}", ("chrf", "bleu"), 0.5, system, (doubt,))


def _score(targets: Sequence[str]) -> Answers:
    values = [float(target.strip().replace(",", ".")) for target in targets]
    low, high = min(values), max(values)
    near = float(f"{(high - low) / 10:.1g}")
    system = f"Answer with a number from {low:g} to {high:g} and nothing else."
    doubt = f"a score is called right when it is within {near:g}, a tenth of the scale; is that near enough?"
    metrics = ("within_tolerance", "spearman", "pearson")
    about = f"scores from {low:g} to {high:g}"
    return Answers("score", about, metrics, 0.8, system, (doubt,), {"within_tolerance": {"tolerance": near}})


def _are_label_sets(counts: Counter[str], rows: int) -> bool:
    """Whether answers are labels with commas between them, from a small stock."""
    parts = Counter(part.strip() for text, count in counts.items() for part in text.split(",") for _ in range(count))
    several = sum(count for text, count in counts.items() if "," in text)
    return several >= ROWS_PER_LABEL and len(parts) < len(counts) and _are_labels(parts, rows) and "" not in parts


def _label_sets(targets: Sequence[str]) -> Answers:
    stock = Counter(label.strip() for target in targets for label in _members(target))
    listed = ", ".join(sorted(stock)) if len(stock) <= LABELS_IN_PROMPT else ""
    system = "Answer with all labels that hold, with commas between them" + (
        f", of these: {listed}." if listed else "."
    )
    metrics = ("label_set", "label_set_micro_f1", "label_set_macro_f1")
    about = f"sets of {len(stock)} labels" + (f": {listed}" if listed else "")
    return Answers("label sets", about, metrics, 0.8, system, tuple(_numbered(stock)))


def _members(target: str) -> list[str]:
    found = _parsed(target)
    return list(map(str, found)) if isinstance(found, list) else target.split(",")


def _numbered(names: Iterable[str]) -> Iterator[str]:
    if all(name.lstrip("-").isdigit() for name in names):
        yield "the labels are numbers, which say nothing to a model; words would be easier to answer with"


def _are_labels(counts: Counter[str], rows: int) -> bool:
    few = len(counts) <= MOST_LABELS and ROWS_PER_LABEL * len(counts) <= rows
    return few and all(len(text) <= LABEL_CHARACTERS and "\n" not in text for text in counts)


def _labels(counts: Counter[str]) -> Answers:
    names = sorted(counts)
    listed = ", ".join(names) if len(names) <= LABELS_IN_PROMPT else ""
    rare = [name for name in names if counts[name] < 2 * ROWS_PER_LABEL]
    doubts = [f"rare labels, with fewer than {2 * ROWS_PER_LABEL} rows each: {', '.join(rare)}"] if rare else []
    doubts += _numbered(names)
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
    programs = sum(_CODE.search(target) is not None for target in targets) >= NEARLY_ALL * len(targets)
    doubts = ("the answers are programs or queries, which nothing here runs: they are compared as texts",) * programs
    words = median(len(target.split()) for target in targets)
    characters = median(len(target) for target in targets)
    about = f"texts, half of them longer than {characters:g} characters"
    if words <= SHORT_WORDS and characters <= 10 * SHORT_WORDS:
        system = "Answer in a few words, with the answer and nothing else."
        return Answers("short text", about, ("exact_match", "f1"), 0.8, system, doubts)
    doubt = (
        "rouge_l counts words that answer and target share, in order; good answers in other words score low. "
        "Look what a good answer scores before you set the goal, or let a model judge by your rubric, with people's "
        "labels (judge: docs/metrics.md)"
    )
    return Answers("long text", about, ("rouge_l", "f1"), 0.4, None, (*doubts, doubt))


def _parsed(text: str) -> object:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
