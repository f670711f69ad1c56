"""The same, or nearly the same, question on both sides of a split, or twice in one split."""

from collections.abc import Iterable, Iterator, Sequence

from harness.checking.findings import Finding, Hit, gathered
from harness.checking.near_duplicates import NEIGHBOURS
from harness.checking.reading import (
    BESIDE,
    LABELLED,
    SIDES,
    Material,
    Pair,
    Record,
    Row,
    Said,
    by_value,
    places,
    text_of_row,
)
from harness.checking.shown import quoted
from harness.words import length_in_words

FEWEST_WORDS = 4  # shorter texts are alike by chance


def find_leaks(material: Material) -> list[Finding]:
    """Find rows whose question stands on both sides of a split, in equal words."""
    hits = [hit for held, learnt in SIDES for hit in _equal(material, held, learnt)]
    hits += list(_equal_prompts(material))
    remedy = "keep a question on one side only; --fix leaves the train or dev row out"
    return gathered("leak", "error", "questions that stand on both sides of a split", remedy, hits)


def _equal(material: Material, held: str, learnt: str) -> Iterator[Hit]:
    """Equal as the strict checks compare; or equal words and the same answer."""
    sides = list(material.records_read(held, learnt))
    by_input = by_value((record.input, record) for record in sides)
    by_words = by_value((f"{record.key}\n{record.answer}", record) for record in sides if record.key)
    written_twice = [rows for rows in by_words.values() if len({row.input for row in rows}) > 1]
    for rows in (*by_input.values(), *written_twice):
        asked = [row for row in rows if row.place.split == held]
        taught = [row for row in rows if row.place.split == learnt]
        if asked and taught:
            named = (asked[0].place, taught[0].place, *places(asked[1:]), *places(taught[1:]))
            yield Hit(named, _said(asked[0], taught[0]), places(taught))


def _equal_prompts(material: Material) -> Iterator[Hit]:
    held = list(material.records("test", "dev"))
    asked = {form: record for record in reversed(held) for form in (record.key, record.input) if form}
    beside: list[Pair | Said] = [*material.preferences, *material.feedback]
    for pair in beside:
        if record := asked.get(pair.input) or asked.get(pair.key):
            yield Hit((record.place, pair.place), quoted(record.example.question.text), (pair.place,))


def _said(record: Record, other: Record) -> str:
    text = quoted(record.example.question.text)
    if record.answer == other.answer:
        return text
    return f"{text} with two answers: {quoted(record.example.target, 30)} and {quoted(other.example.target, 30)}"


def find_near_duplicates(material: Material) -> list[Finding]:
    """Find near duplicates: across splits when they have the same answer, and within a split."""
    across: list[Hit] = []
    within: dict[str, list[Hit]] = {name: [] for name in LABELLED}
    for pair in material.near_duplicates.pairs:
        first, second = material.questions[pair.first], material.questions[pair.second]
        if min(length_in_words(rows[0].words) for rows in (first, second)) < FEWEST_WORDS:
            continue
        across += _across(first, second, pair.jaccard)
        for split in LABELLED:
            within[split] += _within(first, second, pair.jaccard, split)
    remedy = "keep a question and its variants on one side (give them one group); --fix leaves the train or dev row out"
    title = "questions that are nearly the same on both sides of a split, with the same answer"
    found = gathered("near_leak", "warning", title, remedy, across)
    for split, hits in within.items():
        about = "they count as one question asked twice" if split == "test" else "they teach little that is new"
        title = f"near duplicates within {split}: {about}"
        found += gathered(f"near_copy_{split}", "note", title, "vary them, or keep one", hits)
    return found + _crowded(material)


def _crowded(material: Material) -> list[Finding]:
    count = material.near_duplicates.crowded
    hits = [Hit((), f"{count} of {len(material.questions)} different questions")] if count else []
    title = f"questions with so many like them that each was compared with the {NEIGHBOURS} likest in each band alone"
    return gathered(
        "crowded", "note", title, "nothing to do: a template asks them; near duplicates may be missed", hits
    )


def _across(first: Sequence[Row], second: Sequence[Row], jaccard: float) -> Iterator[Hit]:
    sides = (*SIDES, *((held, other) for other in BESIDE for held in ("test", "dev")))
    for held_split, learnt_split in sides:
        for one, other in ((first, second), (second, first)):
            held = [row for row in one if row.place.split == held_split]
            answers = _answers(held)
            learnt = [
                row
                for row in other
                if row.place.split == learnt_split and (not isinstance(row, Record) or row.answer in answers)
            ]
            if held and learnt:
                drop = places(learnt)
                yield Hit((held[0].place, *drop), _similarity(held[0], learnt[0], jaccard), drop)


def _within(first: Sequence[Row], second: Sequence[Row], jaccard: float, split: str) -> Iterator[Hit]:
    """Near duplicates in one split, unless one group holds them: their owner knows of those."""
    one, other = (
        [row for row in rows if isinstance(row, Record) and row.place.split == split] for rows in (first, second)
    )
    if not one or not other or not _answers(one) & _answers(other):
        return
    groups = {row.example.group for row in (*one, *other)}
    if len(groups) > 1 or groups == {None}:
        yield Hit((one[0].place, other[0].place), _similarity(one[0], other[0], jaccard))


def _answers(rows: Iterable[Row]) -> set[str]:
    return {row.answer for row in rows if isinstance(row, Record)}


def _similarity(first: Row, second: Row, jaccard: float) -> str:
    how = "the same words in another order" if sorted(first.words) == sorted(second.words) else f"{jaccard:.0%} alike"
    return f"{how}: {quoted(text_of_row(first))} and {quoted(text_of_row(second))}"


def find_repeats(material: Material) -> list[Finding]:
    """Find rows that stand in one split twice, with the same answer."""
    found: list[Finding] = []
    for split in LABELLED:
        same = by_value((f"{record.input}\n{record.answer}", record) for record in material.records(split))
        hits = [
            Hit(places(rows), quoted(rows[0].example.question.text), places(rows[1:]) if split != "test" else ())
            for rows in same.values()
            if len(rows) > 1
        ]
        remedy = "keep one of each" + ("; it is counted as often as it stands there" if split == "test" else "")
        found += gathered(f"repeat_{split}", "warning", f"rows that stand in {split} more than once", remedy, hits)
    return found


def find_shared_ids(material: Material) -> list[Finding]:
    """Find ids that two splits share, unless each split numbers its rows again."""
    found: list[Finding] = []
    for held, learnt in SIDES:
        other = {record.example.id: record for record in material.records(learnt)}
        both = [
            record
            for record in material.records(held)
            if record.example.id in other and record.input != other[record.example.id].input
        ]
        if 2 * len(both) < min(len(other), len(material.splits[held])):
            hits = [Hit((record.place, other[record.example.id].place), f"id {record.example.id}") for record in both]
            remedy = "look whether these are one record; give each its own id"
            title = f"ids that stand in {held} and in {learnt}"
            found += gathered(f"shared_id_{held}_{learnt}", "warning", title, remedy, hits)
    return found
