"""Turns a run's ledger into a Run: scores, evidence and the decision. No model is loaded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from harness.answer_places import AnswerPlaces
from harness.answer_reading import AnswerRule
from harness.contract import Judging, Metric
from harness.decision import decide
from harness.decision.arms import dev_order, is_over_budget, read_arms
from harness.decision.smoke import without_verdict
from harness.errors import StoreError
from harness.evidence.asked import asked_examples
from harness.evidence.calibration import calibration_of
from harness.evidence.fits import fits_of
from harness.evidence.forms import Forms
from harness.evidence.judged_scores import JudgedScores
from harness.evidence.states import (
    ENDED,
    FITTED,
    LEFT_OUT,
    MANIFEST,
    MEMORY,
    NOT_MEASURED,
    RUN,
    TROUBLE,
    EndState,
    FittedState,
    Trouble,
)
from harness.evidence.unread import unread
from harness.metrics.retrieval import answer_retrieval, retrieval_quality
from harness.plugins import BASELINES, load
from harness.records import (
    TUNED,
    AnswerRetrieval,
    Base,
    Calibration,
    Cost,
    Evidence,
    Example,
    Fit,
    Interval,
    Measurement,
    Passage,
    Prediction,
    Retrieval,
    Run,
    Score,
    Weights,
)
from harness.store.files import decode
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task.judges import judges_of
from harness.task.scoring import result_of, task_metric
from harness.task.task import ArmSpec, Task

NOT_RUN = "not run yet"
STOPPED = "stopped before it ended; give the same compare command again"


def collect(folder: RunFolder, task: Task, ledger: Ledger, *, most: int | None = None) -> Run:
    """Score every stored prediction and decide.

    Args:
        folder: The run's.
        task: As the run saw it.
        ledger: Of the run.
        most: Where items are asked in rounds, those that count at most, from the first on; None for all.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    rule, names = task.study.answer, (task.primary_metric, *task.other_metrics)
    metrics = [task_metric(name, task.metric_options, rule) for name in names]
    judges = {name: JudgedScores.of(name, judge, task, ledger) for name, judge in _judges(task).items()}
    forms = Forms(task.study.train, rule)
    places = AnswerPlaces(task.study.documents, rule.reader if rule else None)
    fits = [
        [_evidence(fit, spec, task, ledger, metrics, judges, forms, places, most) for fit in fits_of(spec, task)]
        for spec in task.arms
    ]
    evidence = _on_shared_items([_standing(found) for found in fits], task, metrics)
    bases = tuple(found for base in _bases(task) if (found := ledger.general(base.name)) is not None)
    primary, judge = metrics[0], judges.get(metrics[0].name)
    constant = best_constant(task.study.train, rule)
    decision = decide(
        evidence,
        bases,
        task.limits,
        primary_metric=primary.name,
        metric_kind=primary.kind,
        aggregate=primary.aggregate,
        groups={example.id: example.group for example in task.test},
        constant_scores=None if judge else [primary.score(constant, example) for example in task.test],
        planned_arms=[spec.name for spec in task.arms],
        seed=task.seeds[0],
        labelled=judge.sample if judge else None,
        fits={found[0].arm: found for found in fits if len(found) > 1},
        examples=task.test,
    )
    manifest: Mapping[str, Any] = decode(dict[str, Any], ledger.state(RUN, MANIFEST) or "{}")
    is_fast = manifest.get("is_fast", False)
    if judge:
        evidence = tuple(_corrected(item, judge.metric, decision.scores.get(item.arm)) for item in evidence)
        fits = [[_corrected(fit, judge.metric, None) for fit in found] for found in fits]
    return Run(
        folder=folder.path.name,
        name=task.name,
        description=task.description,
        is_fast=is_fast,
        limits=task.limits,
        primary_metric=primary.name,
        task=task.resolved,
        examples=task.test,
        evidence=evidence,
        bases=bases,
        decision=without_verdict(decision) if is_fast else decision,
        manifest=manifest,
        fits={found[0].arm: tuple(found) for found in fits},
        notes=tuple(task.notes),
        judging=tuple(judge.record(evidence, decision) for judge in judges.values()),
    )


def _judges(task: Task) -> Mapping[str, Judging]:
    return judges_of([task.primary_metric, *task.other_metrics], task.metric_options)


def _standing(fits: Sequence[Evidence]) -> Evidence:
    """Return the fit that an arm is judged by: the best on dev, the first of a tie; one that is unfinished goes first.

    Fits inside the forgetting budget come before those outside. With another seed an arm's weights are others, and only
    one set can be shipped. Dev chooses it, as it chooses everything else.
    """
    if waiting := [fit for fit in fits if fit.status == "unfinished"]:
        return waiting[0]
    good = [fit for fit in fits if fit.status == "ok"]
    if not good or len(fits) == 1:
        return fits[0]
    chosen = max(good, key=lambda fit: (not is_over_budget(fit), dev_order(fit)))
    lost = tuple(f"seed {fit.fit.seed} {fit.status}: {fit.reason}" for fit in fits if fit.status != "ok")
    return replace(chosen, cost=_with_all_seeds(chosen, fits), warnings=(*chosen.warnings, *lost))


def _with_all_seeds(chosen: Evidence, fits: Sequence[Evidence]) -> Cost | None:
    """Count the learning of every seed: to choose the best of several, all of them had to be trained."""
    costs = [fit.cost for fit in fits if fit.cost is not None]
    trained = [cost.train_seconds for cost in costs if cost.train_seconds is not None]
    if chosen.cost is None:
        return None
    learning = sum(cost.fit_seconds for cost in costs)
    return replace(chosen.cost, fit_seconds=learning, train_seconds=sum(trained) if trained else None)


def _bases(task: Task) -> list[Base]:
    quantizations: tuple[Literal["nf4"] | None, ...] = (None, "nf4")
    return [Base(model.name, quantization) for model in task.models for quantization in quantizations]


def best_constant(train: Sequence[Example], rule: AnswerRule | None) -> str:
    """Return the result that is right most often in train: what an arm that learnt nothing may give."""
    counts = Counter(result_of(example.target, rule) for example in train)
    return min(counts, key=lambda target: (-counts[target], target))


def _evidence(
    fit: Fit,
    spec: ArmSpec,
    task: Task,
    ledger: Ledger,
    metrics: Sequence[Metric],
    judges: Mapping[str, JudgedScores],
    forms: Forms,
    places: AnswerPlaces,
    most: int | None,
) -> Evidence:
    stored_end, stored_fit = ledger.state(fit.name, ENDED), ledger.state(fit.name, FITTED)
    fitted = decode(FittedState, stored_fit) if stored_fit else None
    waiting = STOPPED if fitted else ledger.state(fit.name, LEFT_OUT) or NOT_RUN
    end = decode(EndState, stored_end) if stored_end else EndState("unfinished", waiting)
    trouble = _trouble(fit, ledger)
    if fitted is None or end.status != "ok":
        family = load(BASELINES, spec.baseline)(spec.options).family
        return Evidence(fit, spec.baseline, family, end.status, end.reason, warnings=trouble)
    found = ledger.predictions(Measurement(fit))
    examples = asked_examples(task, min((n for n in (end.asked, most) if n is not None), default=None))
    lost = [example.id for example in examples if example.id not in found]
    if lost:
        raise StoreError(f"{ledger.path}: damaged: {len(lost)} answers of {fit.name} are not there, {lost[0]} first")
    predictions = tuple(found[example.id] for example in examples)
    scores = {metric.name: _scores(metric, judges.get(metric.name), predictions, examples) for metric in metrics}
    weights = Weights(**fitted.program["weights"])
    unjudged = judges[metrics[0].name].unjudged(predictions, examples) if metrics[0].name in judges else ()
    errors = sum(not p.outcome.is_measured for p in predictions) + len(unjudged)
    is_invalid = task.limits.are_too_many(errors, len(predictions))
    return Evidence(
        fit=fit,
        baseline=spec.baseline,
        family=fitted.family,
        status="invalid" if is_invalid else "ok",
        reason=_invalid(errors, len(unjudged), len(predictions)) if is_invalid else "",
        dev_score=fitted.dev_score,
        predictions=predictions,
        scores=scores,
        aggregates={m.name: m.aggregate(scores[m.name]) for m in metrics if scores[m.name]},
        cost=_cost(fitted, predictions, ledger.state(fit.name, MEMORY)),
        general=ledger.general(fit.name) if fitted.family in TUNED else None,
        reference=Base(fit.model, weights.quantization).name,
        training=fitted.training,
        retrieval=_retrieval(fitted, predictions, examples),
        answer_retrieval=_answer_retrieval(
            fitted, predictions, examples, places, () if metrics[0].name in judges else scores[metrics[0].name]
        ),
        trials=fitted.trials,
        warnings=(*fitted.warnings, *trouble, *unread(predictions)),
        program=fitted.program,
        calibration=_calibration(metrics[0], predictions, scores[metrics[0].name]),
        unjudged=unjudged,
        form_misses=forms.missed(predictions, scores[metrics[0].name], examples),
    )


def _calibration(primary: Metric, predictions: Sequence[Prediction], scores: Sequence[Score]) -> Calibration | None:
    return None if primary.kind == "graded" else calibration_of(predictions, scores)


def _on_shared_items(evidence: Sequence[Evidence], task: Task, metrics: Sequence[Metric]) -> tuple[Evidence, ...]:
    """Aggregate every metric over the items that the decision uses: those that all judged arms have measured."""
    field = read_arms(evidence, [spec.name for spec in task.arms], metrics[0].name, task.limits)
    shared = {arm.name: arm.scores for arm in field.judged}

    def aggregates(item: Evidence) -> Mapping[str, float]:
        kept = [[one for one in item.scores[metric.name] if one.example_id in shared[item.arm]] for metric in metrics]
        pairs = zip(metrics, kept, strict=True)
        return {metric.name: metric.aggregate(scores) for metric, scores in pairs if scores}

    return tuple(replace(item, aggregates=aggregates(item)) if item.arm in shared else item for item in evidence)


def _corrected(evidence: Evidence, metric: str, figure: Interval | None) -> Evidence:
    """Let a judge's corrected figure stand for the mean of what it says; where there is none, nothing does."""
    others = {name: value for name, value in evidence.aggregates.items() if name != metric}
    if figure is not None and not figure.is_uncorrected:
        others[metric] = figure.estimate
    return replace(evidence, aggregates=others)


def _trouble(fit: Fit, ledger: Ledger) -> tuple[str, ...]:
    """Return what happened to a fit on its way that its figures do not show."""
    stored = ledger.state(fit.name, TROUBLE)
    return tuple(decode(Trouble, stored).notes) if stored else ()


def _invalid(errors: int, unjudged: int, asked: int) -> str:
    if not unjudged:
        return f"{errors} of {asked} items could not be asked"
    lost = f", and {errors - unjudged} could not be asked" if errors > unjudged else ""
    return f"{unjudged} of {asked} answers have no judgement{lost}"


def _scores(
    metric: Metric, judge: JudgedScores | None, predictions: Sequence[Prediction], examples: Sequence[Example]
) -> tuple[Score, ...]:
    """Score the measured answers; those that a judge could not score are left out."""
    pairs = [pair for pair in zip(predictions, examples, strict=True) if pair[0].outcome.is_measured]
    if judge is not None:
        return tuple(score for pair in pairs if (score := judge.score(*pair)) is not None)
    return tuple(metric.score(prediction.answer, example) for prediction, example in pairs)


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
        peak_memory_mb=None if memory in (None, NOT_MEASURED) else decode(float, memory),
        latency_p95_seconds=fitted.latency_p95_seconds,
    )


def _retrieval(fitted: FittedState, predictions: Sequence[Prediction], examples: Sequence[Example]) -> Retrieval | None:
    searched = {p.example_id: p for p in predictions if p.outcome.is_measured}
    relevant = {e.id: set(e.evidence) for e in examples if e.evidence and e.id in searched}
    retriever = fitted.program["retriever"]
    if not retriever or retriever.get("finds") == "examples" or not relevant:  # examples are not evidence
        return None
    ranked = {item: list(zip(searched[item].passages, searched[item].documents, strict=True)) for item in relevant}
    return retrieval_quality(ranked, relevant)


def _answer_retrieval(
    fitted: FittedState,
    predictions: Sequence[Prediction],
    examples: Sequence[Example],
    places: AnswerPlaces,
    scores: Sequence[Score],
) -> AnswerRetrieval | None:
    is_example_search = (fitted.program["retriever"] or {}).get("finds") == "examples"  # examples are not evidence
    shown = {
        p.example_id: [Passage(*one) for one in zip(p.passages, p.documents, p.passage_texts, strict=True)]
        for p in predictions
        if p.outcome.is_measured and p.passage_texts and not is_example_search
    }
    return answer_retrieval(shown, examples, places, {score.example_id: score.value for score in scores})
