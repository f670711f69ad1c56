"""From a path to a `Task`, or to the list of everything that is wrong with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.records import Example, Limits, Preference, Study
from harness.task.benchmarks import benchmarks_of
from harness.task.consistency import check_rule, check_seeds, check_template, include_path_of
from harness.task.digest import digest_of
from harness.task.documents import check_evidence, read_documents
from harness.task.examples import Item, Placed, SplitReader
from harness.task.faults import Faults
from harness.task.models import read_models
from harness.task.plugged import check_metrics, read_arms
from harness.task.schema import TaskFile
from harness.task.settings import read_settings
from harness.task.source import Source, read_source
from harness.task.splits import Rows, check_leaks, normalised, sample_rows, split_off_dev
from harness.task.task import ArmSpec, CostSpec, GeneralSpec, Task


def load_task(path: Path) -> Task:
    """Read and check a task file and all of its data; nothing is written and no model is loaded.

    Raises:
        TaskFileError: Listing every fault of the file and of the data, each with file, line and remedy.
    """
    path = Path(path).absolute()
    folder = path.parent
    faults = Faults()
    source = read_source(path, faults)
    settings = read_settings(source, faults)
    settings = check_template(settings, source, faults)
    for check in (check_rule, check_seeds, check_metrics):
        check(settings, source, faults)
    model, of_arms = read_models(settings, source, folder, faults)
    include_path = include_path_of(settings, source, folder, faults)
    benchmarks = benchmarks_of(settings, source, folder, faults)
    arms = read_arms(settings, source, model, of_arms, faults)
    data = _read_data(settings, source, folder, faults)
    faults.raise_any(path)

    general, metric = settings.general, settings.metric
    resolved = settings.model_dump(mode="json") | {"arms": _resolved_arms(settings, arms)}
    return Task(
        name=settings.name,
        description=settings.description,
        file=path,
        model=model,
        study=data.study,
        test=data.test,
        primary_metric=metric.primary,
        other_metrics=tuple(metric.also),
        limits=_limits(settings),
        arms=arms,
        general=GeneralSpec(benchmarks.tasks, general.limit, include_path),
        cost=CostSpec(settings.cost.gpu_hour, settings.cost.requests_per_month),
        budget_minutes=settings.budget.minutes,
        train_rows=settings.budget.train_rows,
        stall_minutes=settings.budget.stall_minutes,
        seeds=tuple(settings.seeds),
        digest=digest_of(benchmarks.marked(resolved), data.study, data.test, include_path),
        resolved=resolved,
        notes=data.notes,
    )


def _resolved_arms(settings: TaskFile, arms: tuple[ArmSpec, ...]) -> list[dict[str, Any]]:
    """Spell the arms out; models stand as they are written, since a digest holds no paths of a machine."""
    written = [arm.model_dump(mode="json", include={"model"}, exclude_none=True) for arm in settings.arms]
    return [
        {"name": arm.name, "baseline": arm.baseline, "options": arm.options} | model
        for arm, model in zip(arms, written, strict=True)
    ]


def _limits(settings: TaskFile) -> Limits:
    return Limits(
        goal=settings.goal.at_least,
        smallest_gain=settings.goal.smallest_gain,
        rethink=settings.rule.rethink,
        promising=settings.rule.promising,
        nearly_sure=settings.rule.nearly_sure,
        max_drop=settings.general.max_drop,
        keep=settings.general.keep,
        max_text_loss=settings.general.max_text_loss,
        max_off_task=settings.general.max_off_task,
        deployment=settings.general.deployment,
    )


@dataclass(frozen=True, slots=True)
class _TaskData:
    study: Study
    test: tuple[Example, ...]
    notes: tuple[str, ...]


def _read_data(settings: TaskFile, source: Source, folder: Path, faults: Faults) -> _TaskData:
    files = settings.data
    reader = SplitReader(settings, source, folder, faults)
    train = reader.examples(files.train, "train")
    dev = reader.examples(files.dev, "dev") if files.dev else None
    test = reader.examples(files.test, "test")
    preferences = reader.preferences(files.preferences) if files.preferences else []
    documents = read_documents(files.documents, folder, faults) if files.documents else ()
    check_evidence([*train, *(dev or []), *test], documents, faults)
    if dev is None:
        train, dev = _split(train, settings, reader.notes, faults)
        preferences = _without(preferences, dev, reader.notes)
    check_leaks(test, [*train, *dev, *preferences], faults)
    check_leaks(dev, [*train, *preferences], faults)
    train = _cap(train, settings, reader.notes)
    study = Study(
        train=_items(train),
        dev=_items(dev),
        documents=documents,
        preferences=_items(preferences),
        system=settings.prompt.system,
        template=settings.prompt.template,
    )
    return _TaskData(study, _items(test), tuple(reader.notes))


def _without(preferences: list[Placed[Preference]], dev: Rows, notes: list[str]) -> list[Placed[Preference]]:
    """Leave out the pairs whose prompt was split off into dev: choices are made there."""
    held = {normalised(placed.item) for placed in dev}
    kept = [placed for placed in preferences if normalised(placed.item) not in held]
    if len(kept) < len(preferences):
        notes.append(f"{len(preferences) - len(kept)} preference pairs ask what dev asks and are left out")
    return kept


def _split(train: Rows, settings: TaskFile, notes: list[str], faults: Faults) -> tuple[Rows, Rows]:
    seed = settings.seeds[0]
    rest, dev = split_off_dev(train, seed)
    if train and not dev:
        text = "all rows are of one group, so no dev split can be taken off; give data.dev or more groups"
        faults.add(settings.data.train, text)
    if dev:
        notes.append(f"dev: {len(dev)} of the {len(train)} rows of {settings.data.train}, whole groups, seed {seed}")
    return rest, dev


def _cap(train: Rows, settings: TaskFile, notes: list[str]) -> Rows:
    limit, seed = settings.budget.train_rows, settings.seeds[0]
    if limit is None or len(train) <= limit:
        return train
    notes.append(f"train: a sample of {limit} of {len(train)} rows (budget.train_rows), seed {seed}")
    return sample_rows(train, limit, seed)


def _items(rows: list[Placed[Item]]) -> tuple[Item, ...]:
    return tuple(placed.item for placed in rows)
