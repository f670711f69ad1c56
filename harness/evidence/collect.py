"""Turns a run's ledger into a Run: scores, evidence and the decision. No model is loaded."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.contract import Metric
from harness.decision import decide
from harness.decision.arms import read_field
from harness.errors import StoreError
from harness.evidence.states import (
    ENDED,
    FITTED,
    MANIFEST,
    MEMORY,
    NOT_MEASURED,
    RUN,
    TROUBLE,
    EndState,
    FittedState,
    Trouble,
    base_name,
)
from harness.metrics.retrieval import retrieval_quality
from harness.plugins import BASELINES, METRICS, load
from harness.records import (
    Cost,
    Evidence,
    Example,
    GeneralAbility,
    Outcome,
    Prediction,
    Retrieval,
    Run,
    Score,
    Weights,
)
from harness.store.files import decode
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger, Series
from harness.task.task import ArmSpec, Task

BASES = ("base", "base_nf4")
UNREAD_SHARE = 0.10
NOT_RUN = "not run yet"
STOPPED = "stopped before it ended; give the same compare command again"


def collect(folder: RunFolder, task: Task, ledger: Ledger) -> Run:
    """Score every stored prediction and decide.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    metrics = [_metric(name) for name in (task.primary_metric, *task.other_metrics)]
    evidence = _on_shared_items([_evidence(spec, task, ledger, metrics) for spec in task.arms], task, metrics)
    bases = tuple(found for name in BASES if (found := ledger.general(name)) is not None)
    primary = metrics[0]
    constant = best_constant(task.study.train)
    decision = decide(
        evidence,
        bases,
        task.limits,
        primary_metric=primary.name,
        metric_kind=primary.kind,
        aggregate=primary.aggregate,
        groups={example.id: example.group for example in task.test},
        constant_scores=[primary.score(constant, example) for example in task.test],
        planned_arms=[spec.name for spec in task.arms],
        seed=task.seeds[0],
    )
    manifest: Mapping[str, Any] = json.loads(ledger.state(RUN, MANIFEST) or "{}")
    return Run(
        folder=folder.path.name,
        name=task.name,
        description=task.description,
        is_fast=manifest.get("is_fast", False),
        limits=task.limits,
        primary_metric=primary.name,
        task=task.resolved,
        examples=task.test,
        evidence=evidence,
        bases=bases,
        decision=decision,
        manifest=manifest,
    )


def best_constant(train: Sequence[Example]) -> str:
    """Return the answer that is right most often in train: what an arm that learnt nothing may give."""
    counts = Counter(example.target for example in train)
    return min(counts, key=lambda target: (-counts[target], target))


def _metric(name: str) -> Metric:
    metric: Metric = load(METRICS, name)()
    return metric


def _evidence(spec: ArmSpec, task: Task, ledger: Ledger, metrics: Sequence[Metric]) -> Evidence:
    stored_end, stored_fit = ledger.state(spec.name, ENDED), ledger.state(spec.name, FITTED)
    fitted = decode(FittedState, stored_fit) if stored_fit else None
    end = decode(EndState, stored_end) if stored_end else EndState("unfinished", STOPPED if fitted else NOT_RUN)
    trouble = _trouble(spec.name, ledger)
    if fitted is None or end.status != "ok":
        family = load(BASELINES, spec.baseline)(spec.options).family
        seed = task.seeds[0]
        return Evidence(spec.name, spec.baseline, family, end.status, end.reason, seed=seed, warnings=trouble)
    found = ledger.predictions(Series(spec.name, seed=task.seeds[0]))
    lost = [example.id for example in task.test if example.id not in found]
    if lost:
        raise StoreError(f"{ledger.path}: damaged: {len(lost)} answers of {spec.name} are not there, {lost[0]} first")
    predictions = tuple(found[example.id] for example in task.test)
    scores = {metric.name: _scores(metric, predictions, task.test) for metric in metrics}
    weights = Weights(**fitted.program["weights"])
    errors = sum(not p.outcome.is_measured for p in predictions)
    is_invalid = task.limits.are_too_many(errors, len(predictions))
    return Evidence(
        arm=spec.name,
        baseline=spec.baseline,
        family=fitted.family,
        status="invalid" if is_invalid else "ok",
        reason=f"{errors} of {len(predictions)} items could not be asked" if is_invalid else "",
        seed=task.seeds[0],
        dev_score=fitted.dev_score,
        predictions=predictions,
        scores=scores,
        aggregates={m.name: m.aggregate(scores[m.name]) for m in metrics if scores[m.name]},
        cost=_cost(fitted, predictions, ledger.state(spec.name, MEMORY)),
        general=_general(spec.name, weights, ledger),
        reference=base_name(weights),
        training=fitted.training,
        retrieval=_retrieval(fitted, predictions, task.test),
        trials=fitted.trials,
        warnings=(*fitted.warnings, *trouble, *_unread(predictions)),
        program=fitted.program,
    )


def _on_shared_items(evidence: Sequence[Evidence], task: Task, metrics: Sequence[Metric]) -> tuple[Evidence, ...]:
    """Aggregate every metric over the items that the decision uses: those that all judged arms have measured."""
    field = read_field(evidence, [spec.name for spec in task.arms], metrics[0].name, task.limits)
    shared = {arm.name: arm.scores for arm in field.judged}

    def aggregates(item: Evidence) -> Mapping[str, float]:
        return {
            metric.name: metric.aggregate([s for s in item.scores[metric.name] if s.example_id in shared[item.arm]])
            for metric in metrics
        }

    return tuple(replace(item, aggregates=aggregates(item)) if item.arm in shared else item for item in evidence)


def _trouble(arm: str, ledger: Ledger) -> tuple[str, ...]:
    """Return what happened to an arm on its way that its figures do not show."""
    stored = ledger.state(arm, TROUBLE)
    return tuple(decode(Trouble, stored).notes) if stored else ()


def _unread(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    """Warn when many answers could not be read: the prompt or the reader may be at fault, not the model."""
    counts = Counter(p.outcome.value for p in predictions if p.outcome in (Outcome.TRUNCATED, Outcome.UNPARSED))
    return tuple(
        f"{count} of {len(predictions)} answers are {outcome} and count as wrong"
        for outcome, count in sorted(counts.items())
        if count > UNREAD_SHARE * len(predictions)
    )


def _scores(metric: Metric, predictions: Sequence[Prediction], examples: Sequence[Example]) -> tuple[Score, ...]:
    return tuple(
        metric.score(prediction.answer, example)
        for prediction, example in zip(predictions, examples, strict=True)
        if prediction.outcome.is_measured
    )


def _general(arm: str, weights: Weights, ledger: Ledger) -> GeneralAbility | None:
    return ledger.general(arm) if weights.adapter else None


def _cost(fitted: FittedState, predictions: Sequence[Prediction], memory: str | None) -> Cost:
    asked = [p for p in predictions if p.outcome.is_measured]
    count = len(asked)
    return Cost(
        fit_seconds=fitted.fit_seconds,
        train_seconds=fitted.training.seconds if fitted.training else None,
        seconds_per_item=sum(p.seconds for p in asked) / count if count else None,
        latency_seconds=fitted.latency_seconds,
        prompt_tokens_per_item=sum(p.prompt_tokens for p in asked) / count if count else None,
        completion_tokens_per_item=sum(p.completion_tokens for p in asked) / count if count else None,
        peak_memory_mb=None if memory in (None, NOT_MEASURED) else float(memory),
    )


def _retrieval(fitted: FittedState, predictions: Sequence[Prediction], examples: Sequence[Example]) -> Retrieval | None:
    searched = {p.example_id: p for p in predictions if p.outcome.is_measured}
    relevant = {e.id: set(e.evidence) for e in examples if e.evidence and e.id in searched}
    if not fitted.program["retriever"] or not relevant:
        return None
    ranked = {item: list(zip(searched[item].passages, searched[item].documents, strict=True)) for item in relevant}
    return retrieval_quality(ranked, relevant)
