"""result.json: the run for programs, as result.schema.json describes it.

What was not measured is null; NaN and infinities never appear. Intervals keep their n and method.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

from harness.contract import Rendered
from harness.records import (
    Asked,
    BenchmarkItem,
    Checkpoint,
    Comparison,
    Cost,
    Evidence,
    Forgetting,
    FormMisses,
    Gate,
    Interval,
    JudgeFindings,
    Regression,
    Run,
    RunDifference,
    StrengthPoint,
    Trial,
)
from reports.view.lookup import gate_of, score_of

SCHEMA_VERSION = 2
REGRESSION_VERSION = 1  # of regression.json
DIFFERENCE_VERSION = 1  # of diff.json
_SURROGATES = re.compile("[\ud800-\udfff]")


class JsonReport:
    """The report for programs."""

    name = "json"

    def render(self, run: Run) -> Rendered:
        """Write the run; equal runs give equal bytes."""
        return Rendered("result.json", _text(result(run)))

    def render_regression(self, regression: Regression, *, is_strict: bool) -> Rendered:
        """Write a regression check, every item of it; docs/regress.md says what it holds."""
        return Rendered("regression.json", _text({"schema_version": REGRESSION_VERSION, **asdict(regression)}))

    def render_difference(self, difference: RunDifference) -> Rendered:
        """Write two runs side by side, every flip of them; docs/diff.md says what it holds."""
        return Rendered("diff.json", _text({"schema_version": DIFFERENCE_VERSION, **asdict(difference)}))


def _text(data: Mapping[str, Any]) -> str:
    """Write JSON in which what is not a number is null."""
    text = json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)
    return _SURROGATES.sub(lambda half: f"\\u{ord(half.group()):04x}", text) + "\n"  # half a pair has no UTF-8


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON Schema (draft 2020-12) of result.json."""
    text = (files("reports") / "result.schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def result(run: Run) -> dict[str, Any]:
    """Return the run as nested plain data."""
    decision = run.decision
    return {
        "schema_version": SCHEMA_VERSION,
        "name": run.name,
        "description": run.description,
        "run": run.folder,
        "is_fast": run.is_fast,
        "task": run.task,
        "models": run.manifest.get("models", []),
        "test_items": len(run.examples),
        "primary_metric": run.primary_metric,
        "limits": asdict(run.limits),
        "verdict": {
            "action": decision.action,
            "arm": decision.arm,
            "goal": decision.goal,
            "sentence": decision.sentence,
            "reasons": decision.reasons,
            "caveats": decision.caveats,
            "turning": decision.turning,
            "next_step": decision.next_step,
            "labels_needed": decision.labels_needed,
            "constant": decision.constant,
            "undecided": decision.undecided,
            "rule": asdict(decision.rule) if decision.rule else None,
            "missing": [asdict(gone) for gone in decision.missing],
            "other_verdicts": decision.other_verdicts,
        },
        "arms": [_arm(run, evidence) for evidence in run.evidence],
        "ladder": [
            {**asdict(rung), "score": _interval(rung.score), "comparisons": [_comparison(c) for c in rung.comparisons]}
            for rung in decision.rungs
        ],
        "comparisons": [_comparison(comparison) for comparison in decision.comparisons],
        "recipes": [{**asdict(recipe), "new_run": _interval(recipe.new_run)} for recipe in decision.recipes],
        "gates": [_gate(gate) for gate in decision.gates],
        "bases": [
            {"weights": base.weights, "tasks": _task_means(base.items), "seconds": base.seconds} for base in run.bases
        ],
        "judging": [_judging(found) for found in run.judging],
        "notes": list(run.notes),
        "manifest": run.manifest,
    }


def _judging(found: JudgeFindings) -> dict[str, Any]:
    agreed = found.agreement
    arms = [{**asdict(arm), "corrected": _interval(arm.corrected)} for arm in found.arms]
    kappa = {"raw": _interval(agreed.raw), "kappa": _interval(agreed.kappa), "n": agreed.n} if agreed else None
    return {**asdict(found), "agreement": kappa, "arms": arms}


def _asked(found: Asked) -> dict[str, Any]:
    return {"items": found.items, "of": found.of, "is_open": found.is_open, "why": found.why}


def _misses(found: FormMisses) -> dict[str, Any]:
    return {"count": found.count, "wrong": found.wrong, "score_were_they_right": found.with_them}


def _arm(run: Run, evidence: Evidence) -> dict[str, Any]:
    score = score_of(run, evidence.arm)
    return {
        "name": evidence.arm,
        "baseline": evidence.baseline,
        "family": evidence.family,
        "status": evidence.status,
        "reason": evidence.reason,
        "fit": asdict(evidence.fit),
        "score": {"metric": run.primary_metric, **(_interval(score) or {})} if score else None,
        "metrics": dict(evidence.aggregates),
        "dev_score": evidence.dev_score,
        "calibration": asdict(evidence.calibration) if evidence.calibration else None,
        "asked": next((_asked(one) for one in run.decision.asked if one.arm == evidence.arm), None),
        "form_misses": next((_misses(one) for one in run.decision.form_misses if one.arm == evidence.arm), None),
        "general": _general(gate_of(run, evidence.arm)),
        "cost": {**asdict(evidence.cost), "tokens_per_item": _tokens(evidence.cost)} if evidence.cost else None,
        "training": _training(evidence),
        "retrieval": asdict(evidence.retrieval) if evidence.retrieval else None,
        "answer_retrieval": asdict(evidence.answer_retrieval) if evidence.answer_retrieval else None,
        "outcomes": _outcomes(evidence),
        "error_bounds": _error_bounds(run, evidence.arm),
        "trials": [_with_forgetting(trial) for trial in evidence.trials],
        "warnings": evidence.warnings,
        "program": evidence.program,
    }


def _general(gate: Gate | None) -> dict[str, Any] | None:
    """Return what tuning left of general ability; null for arms whose weights did not change."""
    if gate is None or gate.state == "not_measured":
        return None
    kept = gate.retention
    return {
        "state": gate.state,
        "blocks": gate.blocks,
        "retention": kept.estimate if kept else None,
        "low": kept.low if kept else None,
        "high": kept.high if kept else None,
        "n": kept.n if kept else None,
        "change": _interval(gate.pooled),
        "probability_change": _interval(gate.probability_change),
        "tasks": {
            task.task: {
                "n": task.n,
                "base": task.base.estimate,
                "tuned": task.tuned.estimate,
                "change": _interval(task.change),
                "probability_change": _interval(task.probability_change),
                "retention": task.retention,
                "measurable": task.measurable,
                "broken": task.broken,
            }
            for task in gate.tasks
        },
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "arm": gate.arm,
        "state": gate.state,
        "blocks": gate.blocks,
        "reasons": gate.reasons,
        "warnings": gate.warnings,
        "failed": gate.failed,
        "doubted": gate.doubted,
        "basis": gate.basis,
        "change": _interval(gate.change),
        "pooled": _interval(gate.pooled),
        "probability_change": _interval(gate.probability_change),
        "retention": _interval(gate.retention),
        "text_loss_change": _interval(gate.text_loss_change),
        "off_task_rate": _interval(gate.off_task_rate),
        "prompted_off_task_rate": _interval(gate.prompted_off_task_rate),
        "items_needed": gate.items_needed,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {**asdict(comparison), "difference": _interval(comparison.difference)}


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {
        "mean": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "n": interval.n,
        "method": interval.method,
    }


def _tokens(cost: Cost) -> float | None:
    asked, answered = cost.prompt_tokens_per_item, cost.completion_tokens_per_item
    return asked + answered if asked is not None and answered is not None else None


def _training(evidence: Evidence) -> dict[str, Any] | None:
    """Return the history without its single steps and that of its start, which stay in the run's ledger."""
    if evidence.training is None:
        return None
    history = asdict(evidence.training)
    history["steps"] = len(history.pop("losses"))
    del history["start"]
    history["checkpoints"] = [_with_forgetting(mark) for mark in evidence.training.checkpoints]
    history["frontier"] = [_with_forgetting(point) for point in evidence.training.frontier]
    return history


def _with_forgetting(tried: Checkpoint | StrengthPoint | Trial) -> dict[str, Any]:
    """Return something that was tried on dev; null instead of `spent` is not a number, and so not inside."""
    found: Forgetting | None = tried.forgetting
    return {**asdict(tried), "forgetting": {**asdict(found), "inside": found.is_inside} if found else None}


def _outcomes(evidence: Evidence) -> dict[str, int]:
    counts = Counter(prediction.outcome.value for prediction in evidence.predictions)
    return dict(sorted(counts.items()))


def _error_bounds(run: Run, arm: str) -> dict[str, Any] | None:
    found = next((bound for bound in run.decision.error_bounds if bound.arm == arm), None)
    return {"lost": found.lost, "asked": found.asked, "worst": found.worst, "best": found.best} if found else None


def _task_means(items: Sequence[BenchmarkItem]) -> dict[str, dict[str, float | None]]:
    """Return each benchmark's mean over the items that could be scored; null where none could."""
    by_task: dict[str, list[float]] = {}
    for item in items:
        found = by_task.setdefault(item.task, [])
        found += [item.score] if math.isfinite(item.score) else []
    return {
        task: {"mean": sum(scores) / len(scores) if scores else None, "n": len(scores)}
        for task, scores in by_task.items()
    }


def _finite(value: Any) -> Any:
    """Turn what is not a finite number into null, and every container into JSON's own."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if value is None or isinstance(value, str | int):
        return value
    return str(value)  # dates and paths of a manifest
