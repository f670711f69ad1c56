"""What kind of answer a task wants, and what follows from that: the metric, the goal and the prompt."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Literal

from harness.closed_set import ROWS_PER_LABEL, is_closed_set
from harness.drafting.around import doubted_fences
from harness.drafting.calls import is_calls, may_call
from harness.drafting.code import SAID, SYSTEM, are_code
from harness.drafting.columns import Reading
from harness.drafting.json_text import parsed
from harness.drafting.languages import language_in
from harness.drafting.lists import are_wanted
from harness.drafting.names import LABEL_SETS, LABELS, NO_LABELS, TARGETS, are_called_labels, usual
from harness.drafting.numbers import decimal_mark_of, numbers_in, read_in_two_ways
from harness.drafting.options import is_choice_with_text, is_text_of_choice, names_choice
from harness.drafting.placeholders import placeholders
from harness.drafting.sets import are_label_sets, form_of, joined_otherwise, members_of, separable
from harness.drafting.values import NEARLY_ALL
from harness.drafting.worked import Worked, doubted_ending, find_working, says_letters, says_numbers
from harness.metrics.date_match import Date
from harness.metrics.normalisation import label
from harness.metrics.quantities import number_fault
from harness.records import Example
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

LABELS_SHOWN = 20  # of more, a message names the first ones
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
    options: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)  # of the metrics, by name
    labels: int = 0  # how many, where they are a closed set
    worked: Worked | None = None  # where the result stands, behind its working


def read_answers(targets: Sequence[str], reading: Reading) -> Answers:
    """Tell the kind of answers.

    Args:
        targets: The answers.
        reading: What their column was taken for, where it says more than they do.

    Raises:
        ValueError: If all answers are the same, to the metric of labels too: nothing can be learnt or measured.
    """
    counts = Counter(target.strip() for target in targets)
    if len(counts) < 2 or (_are_labels(counts, reading) and len(_as_compared(counts)) < 2):
        raise ValueError(f"every row has the answer {shown(targets[0])}; a task needs two answers at least")
    if reading.options:
        return _SEVERAL_CHOICES if reading.options.has_several else _CHOICE
    if reading.languages:
        return _translation(*reading.languages)
    if reading.is_score:
        return _score(targets)
    are_named = usual(reading.needed.get("target", "")) in LABEL_SETS  # of '0,3' two labels
    numbers = None if are_named and are_label_sets(counts) else numbers_in(targets, units=True)
    if reading.is_label_set or (not numbers and are_label_sets(counts)):
        return _label_sets(targets, reading)
    if are_calls(targets):
        return _CALLS
    objects = [found for target in targets if isinstance(found := parsed(target), dict)]
    if len(objects) == len(targets):
        return _json(objects)
    are_results = numbers is not None and (_are_results(counts, reading) or numbers_in(targets) is None)
    if all(isinstance(parsed(target), list | dict) for target in targets):
        return _lists(targets, reading)
    if not reading.has_several and not are_results and _are_labels(counts, reading):
        return _labels(counts)
    if 2 * len(objects) > len(targets):
        other = len(targets) - len(objects)
        doubt = f"{len(objects)} answers are JSON objects and {other} are not; with those fixed, use json_fields"
        return Answers("short text", "texts, most of them JSON", ("exact_match",), 0.8, None, (doubt,))
    if numbers:
        return _numbers(targets)
    if all(map(_reads_date, targets)):
        return _dates(targets)
    if worked := find_working(targets):
        return _worked(worked, targets)
    fences = doubted_fences(targets)
    doubts = fences or [*joined_otherwise(counts), *doubted_ending(targets)]
    doubts += placeholders(counts, "an answer")
    return _text(targets, doubts, reading.needed.get("target", ""), is_fenced=bool(fences))


def of_choices(answers: Answers, items: Sequence[Example]) -> Answers:
    """Return answers as choices, where nearly each names one that its question lists, by its label or with its text."""
    needed = NEARLY_ALL * len(items)
    if answers.kind not in ("labels", "short text", "long text"):
        return answers
    if sum(map(is_choice_with_text, items)) >= needed:
        system = "Answer with the letter or number of the right choice, its text behind it, and nothing else."
        return replace(_CHOICE, about="choices that the questions list, each with its letter or number", system=system)
    if answers.kind == "short text" and sum(map(is_text_of_choice, items)) >= needed:
        system = "Answer with the text of the right choice and nothing else."
        return replace(_CHOICE, about="texts of choices that the questions list", system=system)
    if answers.kind != "labels" or sum(map(names_choice, items)) < needed:
        return answers
    system = "Answer with the letter or number of the right choice and nothing else."
    return replace(_CHOICE, about="letters or numbers of choices that the questions list", system=system)


def _worked(worked: Worked, targets: Sequence[str]) -> Answers:
    results = [result for target in targets if (result := worked.rule.reader.read(target))]
    about = f"working with the result {worked.where}"
    doubts = [f"the result is scored, and training keeps the working: {about}"]
    metrics, options = ("exact_match", "f1"), {}
    unclear = [result for result in results if number_fault(result, "number", ".")]
    if says_numbers(results) and unclear:
        doubts.append(
            f"{len(unclear)} results do not say one number, such as {shown(unclear[0])}; with those fixed, use number"
        )
    elif says_numbers(results):
        metrics, options = ("number", "exact_match"), _with_mark(results, "number")
    elif says_letters(results):
        metrics = ("choice", "exact_match")
    return Answers("worked", about, metrics, 0.8, worked.request, tuple(doubts), options, worked=worked)


def _are_results(counts: Counter[str], reading: Reading) -> bool:
    """Whether answers that are numbers are results, by their column's name, and no classes."""
    name = usual(reading.needed.get("target", ""))
    return len(counts) > 2 and name in TARGETS and name not in LABELS


_DATE_WORDS = 5
_MONTHS = 12
_DAY_AND_MONTH = re.compile(r"\b(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}\b")
_CHOICE = Answers(
    "choice",
    "letters of the answers to choose from",
    ("choice", "exact_match"),
    0.9,
    "Answer with the letter of the right choice and nothing else.",
)
_SEVERAL_CHOICES = Answers(
    "label sets",
    "letters of all answers to choose from that are right",
    ("label_set", "label_set_micro_f1"),
    0.8,
    "Answer with the letters of all right choices, with commas between them, and nothing else.",
)
_CALLS = Answers(
    "tool calls",
    "calls of tools, as JSON",
    ("tool_call", "json_valid"),
    0.9,
    "Answer with the call as a JSON object with 'name' and 'arguments', or with a list of them, and nothing else.",
)


def are_calls(targets: Sequence[str]) -> bool:
    """Whether nearly all answers are calls of tools that the metric reads."""
    return sum(map(is_calls, targets)) >= NEARLY_ALL * len(targets)


def _translation(source: str, target: str) -> Answers:
    names = [language_in(language) or language for language in (source, target)]
    system = f"Translate from {names[0]} to {names[1]}. Answer with the translation and nothing else."
    doubt = "chrf counts runs of characters that answer and target share; look what a good translation scores first"
    return Answers("translation", f"translations to {names[1]}", ("chrf", "bleu"), 0.5, system, (doubt,))


def _score(targets: Sequence[str]) -> Answers:
    values = [float(number) for number in numbers_in(targets, units=True) or ()]
    low, high = min(values), max(values)
    near = float(f"{(high - low) / 10:.1g}")
    system = f"Answer with a number from {low:g} to {high:g} and nothing else."
    doubt = f"a score is called right when it is within {near:g}, a tenth of the scale; is that near enough?"
    metrics = ("within_tolerance", "spearman", "pearson")
    about = f"scores from {low:g} to {high:g}"
    marks = _with_mark(targets, *metrics)
    options = {**marks, "within_tolerance": {"tolerance": near, **marks.get("within_tolerance", {})}}
    return Answers("score", about, metrics, 0.8, system, (doubt, *_unsure_mark(targets, "within_tolerance")), options)


def _numbers(targets: Sequence[str]) -> Answers:
    what = "the number" if numbers_in(targets) else "the number, its unit behind it,"
    system, options = f"Answer with {what} and nothing else.", _with_mark(targets, "number")
    doubts = tuple(_unsure_mark(targets, "number"))
    return Answers("number", "numbers", ("number", "exact_match"), 0.9, system, doubts, options)


def _unsure_mark(targets: Sequence[str], metric: str) -> Iterator[str]:
    text = read_in_two_ways(targets)
    if text and (found := numbers_in([text], units=True)):
        yield f"'{text}' is read as {float(found[0]):g}; where that is wrong, give {metric}'s option decimal_mark: ','"


def _with_mark(targets: Sequence[str], *metrics: str) -> dict[str, dict[str, float | str]]:
    """Return the options of metrics that read numbers with a decimal comma, where the answers have one."""
    return {name: {"decimal_mark": ","} for name in metrics} if decimal_mark_of(targets) == "," else {}


def _label_sets(targets: Sequence[str], reading: Reading) -> Answers:
    stock = Counter(label for target in targets for label in members_of(target) if target != NO_LABELS)
    is_closed = is_closed_set(stock, is_named=True)
    name = reading.needed.get("target", "")
    what = "labels that hold" if is_closed or usual(name) in TARGETS else " ".join(name.split())
    listed = f", of these: {_listed(stock)}" if is_closed else ""
    none = f"; answer '{NO_LABELS}' where there is none" if NO_LABELS in targets else ""
    system = f"Answer with all {what}, {form_of(targets)}{listed}{none}."
    metrics = ("label_set", "label_set_micro_f1", *(("label_set_macro_f1",) if is_closed else ()))
    about = f"sets of {len(stock)} labels: {_first(stock)}" if is_closed else "lists of which every item is wanted"
    doubts = [*_numbered(stock), *(_long(stock) if is_closed else ())]
    if not reading.is_label_set and all(name.lstrip("-").isdigit() for name in stock):
        doubts.append("the order of the numbers does not count; where it does, as of a point's, take exact_match")
    return Answers("label sets", about, metrics, 0.8, system, tuple(doubts))


def _numbered(names: Iterable[str]) -> Iterator[str]:
    if all(name.lstrip("-").isdigit() for name in names):
        yield "the labels are numbers, which say nothing to a model; words would be easier to answer with"


def _long(names: Iterable[str]) -> Iterator[str]:
    if len(listed := sorted(names)) > LABELS_SHOWN:
        length = len(_listed(listed))
        yield f"every request names all {len(listed)} labels, {length:,} characters; shorter names would cost less"


def _listed(names: Iterable[str]) -> str:
    """Return all names as one text; a comma inside one parts none."""
    ordered = sorted(names)
    return ("; " if any("," in name for name in ordered) else ", ").join(ordered)


def _first(names: Iterable[str]) -> str:
    """Return the first names, for a message."""
    ordered = sorted(names)
    more = f" and {len(ordered) - LABELS_SHOWN} more" if len(ordered) > LABELS_SHOWN else ""
    return f"{_listed(ordered[:LABELS_SHOWN])}{more}"


def _are_labels(counts: Counter[str], reading: Reading) -> bool:
    return is_closed_set(counts, is_named=are_called_labels(reading.needed.get("target", "")))


def _as_compared(counts: Counter[str]) -> Counter[str]:
    """Return the labels with their rows, each once: those that are the same to the metric in their usual spelling."""
    spelling: dict[str, str] = {}
    found: Counter[str] = Counter()
    for name, count in counts.most_common():
        found[spelling.setdefault(label(name), name)] += count
    return found


def _labels(counts: Counter[str]) -> Answers:
    counts = _as_compared(counts)
    names = sorted(counts)
    rare = [name for name in names if counts[name] < 2 * ROWS_PER_LABEL]
    doubts = [f"rare labels, with fewer than {2 * ROWS_PER_LABEL} rows each: {_first(rare)}"] if rare else []
    doubts += [*_numbered(names), *placeholders(counts, "a label"), *_long(names), *joined_otherwise(counts)]
    system = f"Answer with one of these labels and nothing else: {_listed(names)}."
    about = f"{len(names)} labels: {_first(names)}"
    metrics = ("label_accuracy", "macro_f1")
    return Answers("labels", about, metrics, 0.9, system, tuple(doubts), labels=len(names))


def _json(objects: Sequence[dict[str, object]]) -> Answers:
    keys = Counter(key for found in objects for key in found)
    listed = ", ".join(keys)
    always = [key for key, count in keys.items() if count == len(objects)]
    doubts = [f"not every answer has all of these keys: {listed}"] if len(always) < len(keys) else []
    system = f"Answer with one JSON object with the keys {listed} and nothing else."
    about = f"JSON objects with the keys {listed}"
    return Answers("json", about, ("json_fields", "json_valid", "exact_match"), 0.9, system, tuple(doubts))


def _reads_date(target: str) -> bool:
    return len(target.split()) <= _DATE_WORDS and Date().reads(target)


def _dates(targets: Sequence[str]) -> Answers:
    """Say what answers are that are dates; which number of '13.04.2024' is the day, the answers may say."""
    days = [[int(part) for part in match.groups()] for text in targets if (match := _DAY_AND_MONTH.search(text))]
    is_first, is_second = (any(pair[place] > _MONTHS for pair in days) for place in (0, 1))
    is_known = is_first != is_second
    options: dict[str, dict[str, float | str]] = {"date": {"day_first": is_first}} if is_known else {}
    doubt = "of dates such as 03/04/2024 date's option day_first says which number is the day"
    system = "Answer with the date and nothing else."
    return Answers(
        "number", "dates", ("date", "exact_match"), 0.9, system, (doubt,) if days and not is_known else (), options
    )


def _lists(targets: Sequence[str], reading: Reading) -> Answers:
    """Say what answers are that are JSON lists; of wanted items their order does not count."""
    members = [member for target in targets if isinstance(found := parsed(target), list) for member in found]
    keys = dict.fromkeys(key for member in members if isinstance(member, dict) for key in member)
    of = f" of objects with the keys {', '.join(keys)}" if keys else ""
    are_numbers = any(isinstance(member, int | float) for member in members)  # of a vector each has its place
    is_free = are_wanted(reading.needed.get("target", "")) and not are_numbers
    order = "the same items in any order" if is_free else "the same items in the same order"
    doubt = f"json_equal wants {order}: its option ignore_list_order says which"
    options: dict[str, dict[str, float | str]] = {"json_equal": {"ignore_list_order": True}} if is_free else {}
    system = f"Answer with one JSON list{of} and nothing else."
    return Answers("json", f"JSON lists{of}", ("json_equal", "json_valid"), 0.8, system, (doubt,), options)


def _text(targets: Sequence[str], doubts: Sequence[str], name: str, *, is_fenced: bool) -> Answers:
    if is_code := are_code(targets, name):
        doubts = (SAID, *doubts) if is_fenced else (SAID,)
    if sum(map(may_call, targets)) >= NEARLY_ALL * len(targets):
        said = "the answers may be calls of tools: tool_call compares them once they are JSON, name and arguments"
        doubts = (*doubts, said)
    words = median(len(target.split()) for target in targets)
    characters = median(len(target) for target in targets)
    about = f"{'code' if is_code else 'texts'}, half of them longer than {characters:g} characters"
    if words <= SHORT_WORDS and characters <= 10 * SHORT_WORDS:
        system = SYSTEM if is_code else "Answer in a few words, with the answer and nothing else."
        system = "Answer with one code block." if is_fenced else system
        doubts = doubts or separable(Counter(targets), name)
        return Answers("short text", about, ("exact_match", "f1"), 0.8, system, tuple(doubts))
    doubt = (
        "rouge_l counts words that answer and target share, in order; good answers in other words score low. "
        "Look what a good answer scores before you set the goal, or let a model judge by your rubric, with people's "
        "labels (judge: docs/metrics.md)"
    )
    request = SYSTEM if is_code and not is_fenced else None
    return Answers("long text", about, ("rouge_l", "f1"), 0.4, request, (*doubts, doubt))
