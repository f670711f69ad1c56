"""Answers that contradict each other, give themselves away, or differ from split to split."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from statistics import median

from harness.checking.findings import Finding, Hit, Severity, gathered
from harness.checking.near_duplicates import is_slip
from harness.checking.reading import LABELLED, Material, Record, by_value, places
from harness.checking.shown import quoted

ONE_SIDED = 0.9  # a label with this share of the rows leaves little to learn
LONG_ENOUGH = 8  # words; shorter questions that differ in one word may differ in their answer
GIVEN_AWAY = 3  # words of an answer that does not stand in its question by chance
NATURE = 0.1  # above this share of the rows, answers that stand in the question are the task's nature
LONGER = 3.0  # times the median length of another split
SPLIT_ROWS = 20  # a median of fewer rows says little
JSON_TASK = 0.9  # share of answers that are JSON in a task that asks for JSON
_MARKER = re.compile(r"\b(?:answer|label|target|category|class|output|solution|gold)\s*[:=]\s*[\"']?", re.IGNORECASE)


def find_conflicts(material: Material) -> list[Finding]:
    """Find questions that one split answers in two ways."""
    severity: Severity = "error" if material.has_labels else "warning"
    found: list[Finding] = []
    for split in LABELLED:
        same = by_value((record.input, record) for record in material.records(split))
        hits = [
            Hit(places(rows), _answers(rows), places(rows) if split != "test" else ())
            for rows in same.values()
            if len({record.answer for record in rows}) > 1
        ]
        remedy = "settle on one answer" + ("; --fix leaves all of them out" if split != "test" else "")
        title = f"questions that {split} answers in two ways"
        found += gathered(f"conflict_{split}", severity, title, remedy, hits)
    return found + (_near_conflicts(material) if material.has_labels else [])


def _answers(rows: list[Record]) -> str:
    texts = dict.fromkeys(record.example.target.strip() for record in rows)
    return f"{quoted(rows[0].example.question.text)}: {', '.join(quoted(text, 30) for text in texts)}"


def _near_conflicts(material: Material) -> list[Finding]:
    """Find questions that are worded almost alike and have two labels, within train and dev."""
    taught = [
        [row for row in rows if isinstance(row, Record) and row.place.split != "test"] for rows in material.questions
    ]
    hits = []
    for rows in taught:
        if len({row.answer for row in rows}) > 1 and len({row.input for row in rows}) > 1:
            hits.append(Hit(places(rows), _answers(rows)))
    for pair in material.near_duplicates.pairs:
        for first, second in zip(taught[pair.first][:1], taught[pair.second][:1], strict=False):
            if first.answer != second.answer and _ask_the_same(first, second):
                text = f"{_answers([first, second])}, beside {quoted(second.example.question.text)}"
                hits.append(Hit((first.place, second.place), text))
    title = "questions worded almost alike with two labels"
    return gathered("near_conflict", "warning", title, "look which label is right", hits)


def _ask_the_same(first: Record, second: Record) -> bool:
    """Long enough, and the same word for word but for slips."""
    if len(first.words) != len(second.words) or len(first.words) < LONG_ENOUGH:
        return False
    return all(one == other or is_slip(one, other) for one, other in zip(first.words, second.words, strict=True))


def find_given_away(material: Material) -> list[Finding]:
    """Find questions that state their own answer, where the task's other questions do not."""
    records = list(material.records())
    marked = [record for record in records if _is_marked(record)]
    verbatim = [] if material.has_labels else [record for record in records if _holds_answer(record)]
    if len(verbatim) > NATURE * len(records):
        verbatim = []
    unique = {id(record): record for record in (*marked, *verbatim)}
    hits = [Hit((r.place,), f"{quoted(r.example.target, 40)} in {quoted(_ending(r))}") for r in unique.values()]
    remedy = "remove the answer from the question"
    return gathered("given_away", "warning", "questions that state their own answer", remedy, hits)


def _is_marked(record: Record) -> bool:
    """Whether the question has its answer behind a word such as 'Answer:'."""
    text, target = _text(record), record.example.target.strip().casefold()
    behind = (text[marker.end() :].casefold() for marker in _MARKER.finditer(text))
    return any(rest.startswith(target) and not rest[len(target) :][:1].isalnum() for rest in behind)


def _holds_answer(record: Record) -> bool:
    words = record.answer.split()
    return len(words) >= GIVEN_AWAY and f" {record.answer} " in f" {record.input} "


def _text(record: Record) -> str:
    return "\n".join(message.content for message in record.example.messages if message.role == "user")


def _ending(record: Record) -> str:
    text = _text(record).strip()
    at = text.casefold().rfind(record.example.target.strip().casefold())
    return text[max(0, at - 30) : at + 40]


def find_label_faults(material: Material) -> list[Finding]:
    """Find labels that train lacks, labels spelt in two ways, and how the labels are spread."""
    if not material.has_labels:
        return _broken_json(material)
    taught = {record.answer for record in material.records("train")}
    unseen = [
        Hit((record.place,), quoted(record.example.target, 40))
        for record in material.records("test", "dev")
        if taught and record.answer not in taught
    ]
    remedy = "add training rows with this label; no arm that learns from train can know it"
    found = gathered("unseen_label", "warning", "labels that train never shows", remedy, unseen)
    return found + _spellings(material) + _balance(material)


def _spellings(material: Material) -> list[Finding]:
    spelt = by_value((re.sub(r"[\s.!]+", " ", record.answer).strip(), record) for record in material.records())
    hits = []
    for rows in spelt.values():
        counts = Counter(record.example.target.strip() for record in rows)
        common, *others = [text for text, _ in counts.most_common()]
        for other in others:
            odd = [record for record in rows if record.example.target.strip() == other]
            hits.append(Hit(places(odd), f"{quoted(other, 40)} beside {quoted(common, 40)} ({counts[common]} rows)"))
    remedy = "write each label one way; a metric may count the other way as wrong"
    return gathered("label_spelling", "warning", "labels written in two ways", remedy, hits)


def _balance(material: Material) -> list[Finding]:
    hits: list[Hit] = []
    highest = 0.0
    for split in LABELLED:
        spelt = {record.answer: record.example.target.strip() for record in material.records(split)}
        counts = Counter(record.answer for record in material.records(split))
        if not counts:
            continue
        (top, most), (rare, least) = counts.most_common()[0], counts.most_common()[-1]
        highest = max(highest, most / counts.total())
        common, rarest = quoted(spelt[top], 30), quoted(spelt[rare], 30)
        shares = f"{len(counts)} labels, {common} {most / counts.total():.0%}, {rarest} {least} rows"
        hits.append(Hit((), f"{split}: {shares}"))
    if highest >= ONE_SIDED:
        remedy = "always giving the commonest label scores this much; use macro_f1 or add rows of the others"
        return gathered("label_balance", "warning", "nearly all rows have one label", remedy, hits)
    return gathered("label_balance", "note", "how the labels are spread", "nothing to do", hits)


def _broken_json(material: Material) -> list[Finding]:
    records = list(material.records())
    broken = [record for record in records if not _is_json(record.example.target)]
    if not records or len(broken) > (1 - JSON_TASK) * len(records):
        return []
    hits = [Hit((record.place,), quoted(record.example.target)) for record in broken]
    remedy = "fix the JSON; nearly all other answers are JSON"
    return gathered("broken_json", "warning", "answers that are not JSON", remedy, hits)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def find_length_drift(material: Material) -> list[Finding]:
    """Find splits whose answers are much longer than another's."""
    lengths = {name: [len(one.example.target) for one in material.records(name)] for name in LABELLED}
    medians = {name: median(each) for name, each in lengths.items() if len(each) >= SPLIT_ROWS}
    hits = list(_drifts(medians))
    remedy = "draw all splits from one source; arms imitate the length of train's answers"
    return gathered("answer_length", "warning", "answers of one split are much longer", remedy, hits)


def _drifts(medians: dict[str, float]) -> Iterator[Hit]:
    for one, length in medians.items():
        for other, less in medians.items():
            if length > LONGER * less and length - less >= SPLIT_ROWS:
                yield Hit((), f"median of {length:.0f} characters in {one}, {less:.0f} in {other}")
