"""From a path to a `Task`, or to the list of everything that is wrong with it."""

from pathlib import Path
from typing import Any

from harness.records import Limits
from harness.task.content import Content, items, read_content
from harness.task.digest import digest_of
from harness.task.documents import check_evidence
from harness.task.faults import Faults
from harness.task.schema import TaskFile
from harness.task.splits import check_leaks
from harness.task.task import CostSpec, GeneralSpec, Task


def load_task(path: Path) -> Task:
    """Read and check a task file and all of its data; nothing is written and no model is loaded.

    Raises:
        TaskFileError: Listing every fault of the file and of the data, each with file, line and remedy.
    """
    faults = Faults()
    content = read_content(path, faults)
    _check_sides(content, faults)
    faults.raise_any(content.path)

    settings, study, test = content.settings, content.study, items(content.data.test)
    resolved = settings.model_dump(mode="json") | {"arms": _resolved_arms(content)}
    return Task(
        name=settings.name,
        description=settings.description,
        file=content.path,
        model=content.model,
        study=study,
        test=test,
        primary_metric=settings.metric.primary,
        other_metrics=tuple(settings.metric.also),
        metric_options=settings.metric.options,
        limits=_limits(settings),
        arms=content.arms,
        general=_general(content),
        cost=CostSpec(settings.cost.gpu_hour, settings.cost.requests_per_month),
        budget_minutes=settings.budget.minutes,
        train_rows=settings.budget.train_rows,
        stall_minutes=settings.budget.stall_minutes,
        seeds=tuple(settings.seeds),
        digest=digest_of(content.benchmarks.marked(resolved), study, test, content.include_path),
        resolved=resolved,
        notes=content.data.told,
        judges=content.judges,
        commits=dict(faults.commits),
    )


def _general(content: Content) -> GeneralSpec:
    general = content.settings.general
    return GeneralSpec(content.benchmarks.tasks, general.limit, content.include_path, dict(general.commits))


def _check_sides(content: Content, faults: Faults) -> None:
    """Note evidence that is not a document, and rows on both sides of a split; `check` has findings for them."""
    data = content.data
    check_evidence(data.labelled(), data.documents, faults, content.settings.data.documents or "")
    check_leaks(data.test, [*data.train, *data.dev, *data.preferences, *data.feedback], faults)
    check_leaks(data.dev, [*data.train, *data.preferences, *data.feedback], faults)


def _resolved_arms(content: Content) -> list[dict[str, Any]]:
    """Spell the arms out; models stand as they are written, since a digest holds no paths of a machine."""
    written = [arm.model_dump(mode="json", include={"model"}, exclude_none=True) for arm in content.settings.arms]
    return [
        {"name": arm.name, "baseline": arm.baseline, "options": arm.options} | model
        for arm, model in zip(content.arms, written, strict=True)
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
