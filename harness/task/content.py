"""Reads a task file and all of its data as far as they can be read; every command reads a task here."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.answer_reading import AnswerRule
from harness.records import Document, Example, Feedback, Preference, Study
from harness.task.answer_rule import answer_rule, note_of
from harness.task.benchmarks import Benchmarks, benchmarks_of
from harness.task.consistency import check_rule, check_seeds, check_template, include_path_of
from harness.task.documents import read_documents
from harness.task.end_markers import ends_said, without_ends
from harness.task.examples import Item, Placed, SplitReader
from harness.task.faults import Faults
from harness.task.models import read_models
from harness.task.plugged import check_metrics, read_arms
from harness.task.schema import TaskFile
from harness.task.settings import read_settings
from harness.task.source import Source, read_source
from harness.task.splits import Rows, normalised, sample_rows, split_off_dev
from harness.task.task import ArmSpec, ModelSpec


@dataclass(frozen=True, slots=True)
class Data:
    """The rows of a task, each with its place in its file."""

    train: Rows  # without those that were split off into dev
    learnt: Rows  # of `train`, what the budget allows
    dev: Rows
    test: Rows
    preferences: list[Placed[Preference]]
    feedback: list[Placed[Feedback]]
    documents: tuple[Document, ...]
    notes: tuple[str, ...]  # what was recognised, split off or sampled

    def labelled(self) -> Iterator[Placed[Example]]:
        """Yield the rows of all splits."""
        yield from (*self.train, *self.dev, *self.test)


@dataclass(frozen=True, slots=True)
class Content:
    """What a task file says; the user's own only where no fault was noted, else with stand-ins."""

    path: Path  # absolute
    settings: TaskFile
    model: ModelSpec  # the task's own
    arms: tuple[ArmSpec, ...]
    include_path: Path | None
    benchmarks: Benchmarks
    answer: AnswerRule | None
    data: Data

    @property
    def study(self) -> Study:
        """What arms learn from."""
        prompt, data = self.settings.prompt, self.data
        return Study(
            train=items(data.learnt),
            dev=items(data.dev),
            documents=data.documents,
            preferences=items(data.preferences),
            feedback=items(data.feedback),
            system=prompt.system,
            template=prompt.template,
            answer=self.answer,
        )


def items(rows: list[Placed[Item]]) -> tuple[Item, ...]:
    """Return what rows hold, without their places."""
    return tuple(placed.item for placed in rows)


def read_content(path: Path, faults: Faults) -> Content:
    """Read a task file and its data; what is wrong with keys, files and rows is noted and reading continues.

    Raises:
        TaskFileError: If the task file itself is absent or no YAML mapping.
    """
    path = Path(path).absolute()
    source = read_source(path, faults)
    settings = read_settings(source, faults)
    settings = check_template(settings, source, faults)
    for check in (check_rule, check_seeds, check_metrics):
        check(settings, source, faults)
    model, of_arms = read_models(settings, source, path.parent, faults)
    include_path = include_path_of(settings, source, path.parent, faults)
    benchmarks = benchmarks_of(settings, source, path.parent, faults)
    arms = read_arms(settings, source, model, of_arms, faults)
    rule = answer_rule(settings, source, faults)
    data = _without_ends(_read_data(settings, rule, source, path.parent, faults))
    return Content(path, settings, model, arms, include_path, benchmarks, rule, data)


def _read_data(settings: TaskFile, rule: AnswerRule | None, source: Source, folder: Path, faults: Faults) -> Data:
    files = settings.data
    reader = SplitReader(settings, rule, source, folder, faults)
    train = reader.examples(files.train, "train")
    dev = reader.examples(files.dev, "dev") if files.dev else None
    test = reader.examples(files.test, "test")
    preferences = reader.preferences(files.preferences) if files.preferences else []
    feedback = reader.feedback(files.feedback) if files.feedback else []
    documents = read_documents(files.documents, folder, faults) if files.documents else ()
    if dev is None:
        train, dev = _split(train, settings, reader.notes, faults)
        preferences = _without(preferences, dev, "preference pairs", reader.notes)
        feedback = _without(feedback, dev, "rows of feedback", reader.notes)
    if rule is not None and train:
        reader.notes.append(note_of(rule, items(train)))
    learnt = _capped(train, settings, reader.notes)
    return Data(train, learnt, dev, test, preferences, feedback, documents, tuple(reader.notes))


def _without_ends(data: Data) -> Data:
    """Take end markers off all answers, and note how many had one."""
    ends: Counter[str] = Counter()
    train = without_ends(data.train, ends)
    clean = {id(before): after for before, after in zip(data.train, train, strict=True)}
    return replace(
        data,
        train=train,
        learnt=[clean[id(placed)] for placed in data.learnt],
        dev=without_ends(data.dev, ends),
        test=without_ends(data.test, ends),
        preferences=without_ends(data.preferences, ends),
        feedback=without_ends(data.feedback, ends),
        notes=(*data.notes, *ends_said(ends)),
    )


def _split(train: Rows, settings: TaskFile, notes: list[str], faults: Faults) -> tuple[Rows, Rows]:
    seed = settings.seeds[0]
    rest, dev = split_off_dev(train, seed)
    if train and not dev:
        text = "all rows are of one group, so no dev split can be taken off; give data.dev or more groups"
        faults.add(settings.data.train, text)
    if dev:
        notes.append(f"dev: {len(dev)} of the {len(train)} rows of {settings.data.train}, whole groups, seed {seed}")
    return rest, dev


def _without(rows: list[Placed[Item]], dev: Rows, what: str, notes: list[str]) -> list[Placed[Item]]:
    """Leave out the rows whose question was split off into dev: choices are made there."""
    held = {normalised(placed.item) for placed in dev}
    kept = [placed for placed in rows if normalised(placed.item) not in held]
    if len(kept) < len(rows):
        notes.append(f"{len(rows) - len(kept)} {what} ask what dev asks and are left out")
    return kept


def _capped(train: Rows, settings: TaskFile, notes: list[str]) -> Rows:
    limit, seed = settings.budget.train_rows, settings.seeds[0]
    if limit is None or len(train) <= limit:
        return train
    notes.append(f"train: a sample of {limit} of {len(train)} rows (budget.train_rows), seed {seed}")
    return sample_rows(train, limit, seed)
