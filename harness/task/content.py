"""Reads a task file and all of its data as far as they can be read; every command reads a task here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.answer_reading import AnswerRule
from harness.records import Document, Example, Feedback, Preference, Study
from harness.task.answer_rule import answer_rule, note_of
from harness.task.benchmarks import Benchmarks, benchmarks_of
from harness.task.consistency import (
    check_rule,
    check_seeds,
    check_template,
    include_path_of,
    with_plain_template,
)
from harness.task.documents import DocumentNames, read_documents, with_ids
from harness.task.end_markers import ends_said
from harness.task.examples import SplitReader
from harness.task.faults import Faults
from harness.task.judges import check_judges
from harness.task.models import read_models
from harness.task.placed import Item, Placed
from harness.task.plugged import check_metrics, read_arms
from harness.task.rows import is_hub_id
from harness.task.schema import TaskFile
from harness.task.scorable import check_targets
from harness.task.settings import read_settings
from harness.task.source import TASK_FILE, read_source
from harness.task.splits import Rows, normalised, sample_rows, split_off, split_off_dev
from harness.task.task import ArmSpec, ModelSpec
from harness.task.unused import Aside, LeftOut

ANSWERS = "answers of chats"


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
    asides: tuple[Aside, ...] = ()  # what the rows hold beside what is used
    left_out: tuple[LeftOut, ...] = ()  # rows that cannot be used, beside many that can
    left_out_notes: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """All that the reader of a run should know of how the rows were read."""
        return (*self.notes, *self.left_out_notes, *map(str, self.asides))

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
    judges: Mapping[str, ModelSpec] = field(default_factory=dict)  # by metric: the model that it asks

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

    Args:
        path: The task file, or the folder with a task.yaml.
        faults: Where what is wrong is noted.

    Raises:
        TaskFileError: If the task file itself is absent or no YAML mapping.
    """
    path = Path(path).absolute()
    if (path / TASK_FILE).is_file():
        path /= TASK_FILE
    source = read_source(path, faults)
    settings = read_settings(source, faults)
    settings = check_template(settings, source, faults)
    for check in (check_rule, check_seeds, check_metrics):
        check(settings, source, faults)
    models = read_models(settings, source, path.parent, faults)
    include_path = include_path_of(settings, source, path.parent, faults)
    benchmarks = benchmarks_of(settings, source, path.parent, faults)
    arms = read_arms(settings, source, models.own, models.of_arms, faults)
    rule = answer_rule(settings, source, faults)
    reader = SplitReader(settings, rule, source, path.parent, faults)
    data = _read_data(settings, reader, path.parent, faults)
    check_judges(settings, source, items([*data.dev, *data.test]), faults)
    settings = with_plain_template(settings) if reader.has_template_fault else settings
    return Content(path, settings, models.own, arms, include_path, benchmarks, reader.rule, data, models.of_judges)


def _read_data(settings: TaskFile, reader: SplitReader, folder: Path, faults: Faults) -> Data:
    files = settings.data
    train = reader.examples(files.train, "train")
    dev = reader.examples(files.dev, "dev") if files.dev else None
    test = reader.examples(files.test, "test")
    preferences = reader.preferences(files.preferences) if files.preferences else []
    feedback = reader.feedback(files.feedback) if files.feedback else []
    documents = read_documents(files.documents, folder, faults, reader.notes) if files.documents else ()
    if documents:
        names = DocumentNames(documents, files.documents or "")
        train, dev, test = with_ids(train, names), with_ids(dev, names) if dev else dev, with_ids(test, names)
    if train and test and is_hub_id(files.test, folder) and train[0].row.file == test[0].row.file:
        train, test = _cut_test(train, settings, reader.notes, faults)
        preferences = _without(preferences, test, "preference pairs", reader.notes, "test")
        feedback = _without(feedback, test, "rows of feedback", reader.notes, "test")
    if files.turns == "all":
        train = _without(train, [*test, *(dev or ())], ANSWERS, reader.notes, "test or dev")
        dev = _without(dev, test, ANSWERS, reader.notes, "test") if dev is not None else None
    if dev is None:
        train, dev = _split(train, settings, reader.notes, faults)
        if files.turns == "all":
            train = _without(train, dev, ANSWERS, reader.notes)
        preferences = _without(preferences, dev, "preference pairs", reader.notes)
        feedback = _without(feedback, dev, "rows of feedback", reader.notes)
    if reader.rule is not None and train:
        reader.notes.append(note_of(reader.rule, items(train)))
    check_targets(settings, reader.rule, [*dev, *test], faults)
    learnt = _capped(train, settings, reader.notes)
    return Data(
        train,
        learnt,
        dev,
        test,
        preferences,
        feedback,
        documents,
        (*reader.notes, *_commits_said(faults), *faults.guesses, *ends_said(reader.ends)),
        reader.asides(),
        tuple(reader.left_out),
        tuple(reader.left_out_notes()),
    )


def _commits_said(faults: Faults) -> Iterator[str]:
    for name, commit in faults.commits.items():
        yield f"{name}: read at commit {commit} of the hub"


def _split(train: Rows, settings: TaskFile, notes: list[str], faults: Faults) -> tuple[Rows, Rows]:
    seed = settings.seeds[0]
    rest, dev = split_off_dev(train, seed)
    if train and not dev:
        text = "all rows are of one group, so no dev split can be taken off; give data.dev or more groups"
        faults.add(settings.data.train, text)
    if dev:
        notes.append(f"dev: {len(dev)} of the {len(train)} rows of {settings.data.train}, whole groups, seed {seed}")
    return rest, dev


def _cut_test(rows: Rows, settings: TaskFile, notes: list[str], faults: Faults) -> tuple[Rows, Rows]:
    """Cut the test from a hub data set's only split, which train and test both name."""
    seed, place = settings.seeds[0], rows[0].row.file
    rest, test = split_off(rows, "test", seed)
    if not test:
        faults.add(place, "all rows are of one group, so no test can be cut from them; give data.test or more groups")
    notes.append(f"test: {len(test)} of the {len(rows)} rows of {place}, which train has the rest of, seed {seed}")
    return rest, test


def _without(
    rows: list[Placed[Item]], held_out: Rows, what: str, notes: list[str], where: str = "dev"
) -> list[Placed[Item]]:
    """Leave out the rows whose question stands in a held-out split: choices or claims are made there.

    Chats begin alike ('hello'), so that their first questions stand on both sides although no chat does.
    """
    held = {normalised(placed.item) for placed in held_out}
    kept = [placed for placed in rows if normalised(placed.item) not in held]
    if len(kept) < len(rows):
        notes.append(f"{len(rows) - len(kept)} {what} ask what {where} asks and are left out")
    return kept


def _capped(train: Rows, settings: TaskFile, notes: list[str]) -> Rows:
    limit, seed = settings.budget.train_rows, settings.seeds[0]
    if limit is None or len(train) <= limit:
        return train
    notes.append(f"train: a sample of {limit} of {len(train)} rows (budget.train_rows), seed {seed}")
    return sample_rows(train, limit, seed)
