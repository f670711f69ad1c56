"""The regression check: a base and tuned weights on the same items, then one verdict. Nothing is chosen here."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.assets.cache import cache_folder
from harness.decision.arms import MetricSpec
from harness.decision.regression import TaskScores, conclude
from harness.engine.cached import LocalEngine, open_engine
from harness.engine.faults import describe, is_out_of_memory
from harness.errors import ArmError, HarnessError
from harness.evidence.answering import answer, require_measured
from harness.evidence.arm import room_for
from harness.evidence.baseline_file import FORMAT, Baseline, recall, record
from harness.evidence.pins import benchmark_commits
from harness.evidence.provenance import code_digest, now, versions
from harness.evidence.sides import Side, check_adapter, comparison_notes, forms, two_sides
from harness.evidence.unread import stopped
from harness.evidence.watch import Observer
from harness.general.assets import benchmark_folder
from harness.general.measure import general_items_digest, measure, texts_for
from harness.program import Program, Prompt, Reader
from harness.records import GeneralAbility, GenerationSettings, Limits, Prediction, Regression, Score, Weights
from harness.task.judges import selecting_metric
from harness.task.scoring import task_metric
from harness.task.task import Task

SEED = 0
# Asked first: an adapter that does not fit, or weights that are not numbers, show at once and not item by item.
_FIRST = ("The capital of France is", [" Paris"])


@dataclass(frozen=True, slots=True)
class Check:
    """What is measured, and by which limits it is judged."""

    tasks: tuple[str, ...]  # 'core', lm-eval names, own files
    limit: int  # benchmark items in all
    include_path: Path | None
    limits: Limits
    task: Task | None  # adds unrelated questions with its answers and prompt, and its own score
    baseline: Path | None  # of the base; recorded there when it is not
    is_cached: bool = True
    is_same_base: bool = False  # whatever the adapter's configuration calls its base
    commits: Mapping[str, str] = field(default_factory=dict)  # of data sets of the hub; others are read at the newest

    @property
    def items(self) -> str:
        """Hash of what is asked; finding it out also shows what is unknown or missing."""
        return general_items_digest(self.tasks, self.limit, self.include_path, SEED, self.commits)


@dataclass(frozen=True, slots=True)
class _Measured:
    """What was measured of one side."""

    ability: GeneralAbility
    predictions: tuple[Prediction, ...]  # on the task's test items; none without a task


def regress(base: tuple[str, Weights], tuned: tuple[str, Weights], check: Check, observer: Observer) -> Regression:
    """Measure both sides, the base only where no baseline stands for it, and judge.

    The tuned weights are measured first: they are what may be broken, and then nobody waits for the base.

    Args:
        base: What the user calls the base, and its weights.
        tuned: The same of the tuned weights.
        check: What is measured, and the limits.
        observer: Told what is measured, how much of it is done, and what stands for what.

    Raises:
        HarnessError: If a model, an adapter, the items or the baseline cannot be used.
    """
    benchmark_folder(observer.log)  # which says so if it must fetch them
    commits, without = benchmark_commits(check.tasks, check.include_path, check.commits)
    check = replace(check, commits=commits)
    before, after = two_sides(base, tuned)
    if after.weights.adapter and not check.is_same_base:
        check_adapter(before, Path(after.weights.adapter))
    texts = [row["text"] for row in texts_for("gate", check.limit, SEED)]
    notes = [*without, *comparison_notes(before, after, texts, is_chat_used=check.task is not None)]
    if check.task is not None and _metric(check.task) != check.task.primary_metric:
        notes.append(
            f"the task's {check.task.primary_metric} is not asked here: {_metric(check.task)} stands in for it"
        )
    engine = dict(open_engine(before.weights.model, cache=None).description)
    bound_to = _bound_to(before, check, engine)
    known = recall(check.baseline, bound_to) if check.baseline else None
    if known is not None:
        observer.log(f"the base is not measured: {check.baseline} of {known.recorded} stands for it")
        notes.append(f"the base was not measured now: its record of {known.recorded} stands for it")
    found = _measure_in_turn([after] if known else [after, before], check, observer)
    reference = _Measured(replace(known.ability, weights=before.name), known.predictions) if known else found[1]
    if check.baseline and known is None:
        record(check.baseline, Baseline(FORMAT, now(), bound_to, reference.ability, reference.predictions))
        observer.log(f"the base was recorded in {check.baseline}")
    notes += [*_lost_items(reference, found[0]), *_slow(before, reference), *_slow(after, found[0])]
    return conclude(
        reference.ability,
        found[0].ability,
        check.limits,
        task=_task_scores(check.task, reference, found[0]) if check.task else None,
        forms=forms(before, after),
        notes=notes,
        manifest=_manifest(before, after, check, bound_to, engine)
        | {"baseline": {"file": str(check.baseline), "recorded": known.recorded} if known else None}
        | {"seconds": {"base": reference.ability.seconds, "tuned": found[0].ability.seconds}},
    )


def _bound_to(base: Side, check: Check, engine: Mapping[str, str | int]) -> dict[str, str]:
    """Return all that the base's figures depend on, by the name by which a refusal calls it."""
    return {
        "model": base.model_sha256[:16],
        "quantization": base.weights.quantization or "none",
        "items": check.items,
        "task": check.task.digest if check.task else "none",
        **{f"version of {package}": version for package, version in versions().items()},
        "code of the harness": code_digest(),
        **{name.replace("_", " "): str(value) for name, value in engine.items()},
    }


def _manifest(
    base: Side, tuned: Side, check: Check, bound_to: Mapping[str, str], engine: Mapping[str, str | int]
) -> dict[str, Any]:
    def described(side: Side) -> dict[str, str | None]:
        return {
            "name": side.name,
            "model_sha256": side.model_sha256[:16],
            "quantization": side.weights.quantization,
            "adapter_sha256": side.adapter_sha256 and side.adapter_sha256[:16],
        }

    return {
        "finished": now(),
        "base": described(base),
        "tuned": described(tuned),
        "general": {"tasks": list(check.tasks), "limit": check.limit, "items_sha256": bound_to["items"]}
        | ({"commits": dict(check.commits)} if check.commits else {}),
        "task": {"name": check.task.name, "sha256": check.task.digest} if check.task else None,
        "seed": SEED,
        "engine": dict(engine),
        "versions": versions(),
        "code_sha256": bound_to["code of the harness"],
        "python": platform.python_version(),
    }


# ---- measuring ----------------------------------------------------------------------------


def _measure_in_turn(sides: Sequence[Side], check: Check, observer: Observer) -> list[_Measured]:
    """Measure one side after another; one model is in memory at a time.

    Raises:
        HarnessError: If one cannot be measured, or memory runs out.
    """
    from harness.engine.halving import free_memory
    from harness.store.cache import FILE

    cache = cache_folder() / FILE if check.is_cached else None
    engine: LocalEngine | None = None
    found = []
    try:
        for number, side in enumerate(sides, start=1):
            observer.began(side.name, number, len(sides))
            if engine is None or engine.model != side.weights.model:
                engine = None
                free_memory()
                engine = open_engine(side.weights.model, cache=cache, log=observer.log)
            found.append(_measure(side, check, engine, observer))
    except ArmError as fault:
        raise ArmError(f"'{side.name}': {fault}") from fault
    except (RuntimeError, MemoryError, OSError) as fault:
        if not is_out_of_memory(fault):
            raise
        text = f"memory ran out on '{side.name}' ({describe(fault)}); end other programs or take a smaller model"
        raise HarnessError(text) from fault
    return found


def _measure(side: Side, check: Check, engine: LocalEngine, observer: Observer) -> _Measured:
    task = check.task
    engine.loglikelihood([_FIRST], side.weights)
    ability = measure(
        engine,
        side.weights,
        side.name,
        tasks=check.tasks,
        limit=check.limit,
        include_path=check.include_path,
        commits=check.commits,
        task_answers={example.target for example in task.study.train} if task else (),
        prompt=_prompt(task) if task else None,
        seed=SEED,
        progress=observer.progress,
    )
    return _Measured(ability, _predictions(side.weights, task, engine, observer) if task else ())


# ---- the task's own score -----------------------------------------------------------------


def _prompt(task: Task) -> Prompt:
    return Prompt(task.study.system, task.study.template)


def _predictions(weights: Weights, task: Task, engine: LocalEngine, observer: Observer) -> tuple[Prediction, ...]:
    """Ask the task's test questions under its own prompt, as the arm `zero_shot` does."""
    room = GenerationSettings(room_for(task, engine))
    program = Program(weights=weights, prompt=_prompt(task), generation=room, reader=reader_for(task))
    questions = [example.question for example in task.test]
    found: dict[str, Prediction] = {}
    for batch in answer(program, questions, engine, lambda asked: [()] * len(asked), log=observer.log):
        found.update({prediction.example_id: prediction for prediction in batch})
        observer.progress("answering test", len(found), len(questions))
    require_measured(found.values())
    return tuple(found[question.id] for question in questions)


def reader_for(task: Task) -> Reader:
    """Return the task's rule, else the prompts' own: whole where train's targets have lines or are mostly JSON."""
    if task.study.answer is not None and task.study.answer.reads:
        return task.study.answer.reader
    targets = [example.target.strip() for example in task.study.train]
    is_json = 2 * sum(map(_is_container, targets)) > len(targets)
    return Reader("whole" if is_json or any("\n" in target for target in targets) else "first_line")


def _is_container(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _metric(task: Task) -> str:
    """Return the task's metric; a judge is not asked here, and what stands in for it on dev does so here too."""
    return selecting_metric(task.primary_metric, task.metric_options)


def _task_scores(task: Task, base: _Measured, tuned: _Measured) -> TaskScores:
    metric = task_metric(_metric(task), task.metric_options, task.study.answer)
    groups = {example.id: example.group for example in task.test}
    examples = {example.id: example for example in task.test}

    def scored(side: _Measured) -> list[Score]:
        return [metric.score(p.answer, examples[p.example_id]) for p in side.predictions if p.outcome.is_measured]

    return TaskScores(MetricSpec(metric.name, metric.kind, metric.aggregate, groups, SEED), scored(base), scored(tuned))


def _lost_items(base: _Measured, tuned: _Measured) -> list[str]:
    lost = {p.example_id for side in (base, tuned) for p in side.predictions if not p.outcome.is_measured}
    asked = len(tuned.predictions)
    worst = "where they can be counted, at their worst for a pass and at their best for a regression"
    return [f"{len(lost)} of {asked} test items could not be asked of both; {worst}"] if lost else []


def _slow(side: Side, measured: _Measured) -> list[str]:
    return [f"{side.name}: {warning}" for warning in stopped(measured.predictions)]
