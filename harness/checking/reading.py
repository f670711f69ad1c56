"""A task as it was read, faults beside it, with the forms in which the checks compare its rows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.answer_places import AnswerPlaces
from harness.checking.findings import Fault, ListedFaults, Place
from harness.checking.near_duplicates import NearDuplicates, near_duplicates
from harness.closed_set import is_closed_set
from harness.records import Example, Feedback, Preference
from harness.task.content import Content, read_content
from harness.task.faults import Faults
from harness.task.placed import Item, Placed
from harness.task.splits import asked, normalised
from harness.words import words_of

LABELLED = ("train", "dev", "test")
BESIDE = ("preferences", "feedback")  # learnt from as well; a row asks, and need not say what is right
# The held-out side first; what is dropped is the other side's.
SIDES = (("test", "train"), ("test", "dev"), ("dev", "train"))
NEARLY = 0.7  # weighted Jaccard index of near duplicates; unlike questions of four public benchmarks stay below 0.65


@dataclass(frozen=True, slots=True)
class Record:
    """One labelled row, with the forms in which rows are compared."""

    place: Place
    example: Example
    input: str  # as the strict checks compare inputs
    words: list[str]
    key: str  # the words in order: equal for copies that differ in case, accents, punctuation or spaces
    answer: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One preference pair, with the forms in which its prompt is compared."""

    place: Place
    item: Preference
    input: str
    words: list[str]
    key: str


@dataclass(frozen=True, slots=True)
class Said:
    """One answer that was called good or bad, with the forms in which questions are compared."""

    place: Place
    item: Feedback
    input: str
    words: list[str]
    key: str


Row = Record | Pair | Said


@dataclass(frozen=True)
class Material:
    """A task's content as far as it can be read, with the forms in which rows are compared."""

    content: Content
    faults: Faults
    listed: tuple[Fault, ...]
    splits: dict[str, list[Record]]  # by `LABELLED`
    left_out: list[Record]  # rows of train that the budget leaves out: read and held apart from test, learnt by no arm
    preferences: list[Pair]
    feedback: list[Said]

    def records(self, *splits: str) -> Iterator[Record]:
        """Yield the rows of some splits, or of all."""
        for split in splits or LABELLED:
            yield from self.splits[split]

    def records_read(self, *splits: str) -> Iterator[Record]:
        """Yield as `records` does, with the rows that the budget leaves out."""
        yield from self.records(*splits)
        if "train" in (splits or LABELLED):
            yield from self.left_out

    @cached_property
    def questions(self) -> list[list[Row]]:
        """The rows by the words of their question; rows without a word are left out."""
        groups: dict[str, list[Row]] = {}
        rows: list[Row] = [*self.records(), *self.preferences, *self.feedback]
        for row in rows:
            if row.words:
                groups.setdefault(row.key, []).append(row)
        return list(groups.values())

    @cached_property
    def near_duplicates(self) -> NearDuplicates:
        """The pairs of `questions` that are worded nearly alike."""
        return near_duplicates([rows[0].words for rows in self.questions], NEARLY)

    @cached_property
    def answer_places(self) -> AnswerPlaces:
        """Where in the documents answers stand."""
        rule = self.content.study.answer
        return AnswerPlaces(self.content.data.documents, rule.reader if rule else None)

    @cached_property
    def has_labels(self) -> bool:
        """Whether the answers are few and short, each given many times: labels, not free text."""
        answers = Counter(record.answer for record in self.records())
        return len(answers) == 1 or is_closed_set(answers, is_named=True)

    def files(self) -> dict[str, str]:
        """Return the data files as the task file names them, by split."""
        named = {name: getattr(self.content.settings.data, name) for name in (*LABELLED, *BESIDE)}
        return {name: written for name, written in named.items() if written}


def read_material(path: Path, faults: ListedFaults | None = None) -> Material:
    """Read a task file and its data; what is wrong with keys, files and rows is kept beside them.

    Args:
        path: The task file.
        faults: Takes what is wrong; for callers that want it even where this raises.

    Raises:
        TaskFileError: If the task file itself is absent or no YAML mapping.
    """
    faults = ListedFaults() if faults is None else faults
    content = read_content(path, faults)
    data = content.data
    words: dict[str, str] = {}
    train, dev, test = (
        [_record(one, name, words) for one in rows]
        for name, rows in zip(LABELLED, (data.train, data.dev, data.test), strict=True)
    )
    learnt = {placed.item.id for placed in data.learnt}
    return Material(
        content=content,
        faults=faults,
        listed=tuple(faults.listed),
        splits={"train": [one for one in train if one.example.id in learnt], "dev": dev, "test": test},
        left_out=[one for one in train if one.example.id not in learnt],
        preferences=[Pair(*_forms(one, "preferences", words)) for one in data.preferences],
        feedback=[Said(*_forms(one, "feedback", words)) for one in data.feedback],
    )


def _record(placed: Placed[Example], split: str, words: dict[str, str]) -> Record:
    own = _words(placed, words)
    example = placed.item
    answer = " ".join(example.target.casefold().split())
    return Record(
        _place(placed, split), example, normalised(example), own, " ".join(own), words.setdefault(answer, answer)
    )


def _forms(placed: Placed[Item], split: str, words: dict[str, str]) -> tuple[Place, Item, str, list[str], str]:
    own = _words(placed, words)
    return _place(placed, split), placed.item, normalised(placed.item), own, " ".join(own)


def _words(placed: Placed[Item], known: dict[str, str]) -> list[str]:
    """The words of all that is asked; each word is kept once in memory."""
    return [known.setdefault(word, word) for word in words_of(asked(placed.item))]


def _place(placed: Placed[Item], split: str) -> Place:
    return Place(split, placed.row.file, placed.row.number, placed.row.unit, placed.item.id)


def by_value(values: Iterable[tuple[str, Record]]) -> dict[str, list[Record]]:
    """Group records by a text."""
    groups: dict[str, list[Record]] = {}
    for value, record in values:
        groups.setdefault(value, []).append(record)
    return groups


def places(records: Sequence[Row]) -> tuple[Place, ...]:
    """Return where rows stand."""
    return tuple(record.place for record in records)


def text_of_row(row: Row) -> str:
    """Return the question as it is written."""
    messages = row.example.messages if isinstance(row, Record) else row.item.messages
    return messages[-1].content
