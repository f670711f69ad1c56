"""A run on one screen, as text cells: what ends a run on the terminal and stands in a notebook's cell."""

from collections.abc import Mapping

from harness.decision.words import IN_ROUNDS, asked_words, duration, seeds_words, share
from harness.evidence.unread import stopped
from harness.records import TUNED, Evidence, Gate, Interval, Run

_NOT_MEASURED = "not measured"
_STATES = {"pass": "pass", "fail": "fail", "inconclusive": "inconclusive", "cannot_judge": "cannot judge"}
_ROUTED = "forgetting does not block: only this task's inputs reach the adapter (general.deployment: routed)"


def title(run: Run) -> str:
    """Say which task was run, on how many items."""
    return f"{run.name}: {len(run.examples)} test items, {run.primary_metric}"


def heads(run: Run) -> tuple[str, ...]:
    """Return the heads of the columns that `cells` fills."""
    figure = run.primary_metric if run.decision.basis is None else f"{run.primary_metric}, corrected"
    return ("arm", figure, "95% CI", "general", "forgetting", "training", "s/item", "tokens")


def cells(run: Run) -> list[tuple[str, ...]]:
    """Return a row of cells for each arm, in the task's order."""
    gates = {gate.arm: gate for gate in run.decision.gates}
    return [
        (
            f"{evidence.arm} ({model})" if (model := run.model_of(evidence)) else evidence.arm,
            *_score_cells(evidence, run.decision.scores.get(evidence.arm)),
            *_gate_cells(evidence, gates),
            *_cost_cells(evidence),
        )
        for evidence in run.evidence
    ]


def remarks(run: Run) -> list[str]:
    """Say what the table cannot: items not asked, warnings, patterns that were stopped, strengths, seeds, lost arms."""
    ended = [f"{found.arm} {found.status}: {found.reason}" for found in run.evidence if found.status != "ok"]
    slow = [f"{found.arm}: {warning}" for found in run.evidence for warning in stopped(found.predictions)]
    return [*_asked(run), *_uncorrected(run), *_warnings(run), *slow, *_strengths(run), *_seeds(run), *ended]


def _asked(run: Run) -> list[str]:
    """Say how many items each arm was asked, where they were asked in rounds."""
    told = run.decision.asked
    return [*(asked_words(one) for one in told), IN_ROUNDS] if told else []


def _uncorrected(run: Run) -> list[str]:
    """Say which figures are a judge's word, and why no more."""
    return [f"{arm}: {score.method}" for arm, score in run.decision.scores.items() if score.is_uncorrected]


def _warnings(run: Run) -> list[str]:
    gates = run.decision.gates
    lines = [f"{gate.arm}: {warning}" for gate in gates for warning in gate.warnings]
    held = [gate for gate in gates if gate.state not in ("pass", "not_measured")]
    return [*lines, _ROUTED] if held and not any(gate.blocks for gate in held) else lines


def _strengths(run: Run) -> list[str]:
    """Say which adapters are applied at part strength."""
    settled = [(evidence.arm, evidence.training.strength) for evidence in run.evidence if evidence.training]
    return [f"{arm}: applied at strength {strength:g}, as dev chose" for arm, strength in settled if strength != 1.0]


def _seeds(run: Run) -> list[str]:
    """Say which seed stands for an arm, and what another one would score."""
    judged = {evidence.arm: evidence for evidence in run.evidence}
    return [seeds_words(recipe, judged[recipe.arm]) for recipe in run.decision.recipes]


def _score_cells(evidence: Evidence, score: Interval | None) -> tuple[str, str]:
    if score is None:
        return (evidence.status if evidence.status != "ok" else _NOT_MEASURED, "")
    if score.is_uncorrected:
        return "no claim", f"uncorrected {share(score.estimate)}"
    return share(score.estimate), f"{score.low * 100:.1f} to {score.high * 100:.1f}"


def _gate_cells(evidence: Evidence, gates: Mapping[str, Gate]) -> tuple[str, str]:
    if evidence.status != "ok":
        return "", ""
    if evidence.family not in TUNED:
        return "unchanged", ""
    gate = gates.get(evidence.arm)
    if gate is None or gate.state == "not_measured":
        return _NOT_MEASURED, _NOT_MEASURED
    change = gate.change or gate.pooled
    seen = f"{change.estimate * 100:+.1f} points" if change is not None else "not judged"
    is_held = gate.blocks or gate.state == "pass"
    return seen, _STATES[gate.state] if is_held else f"{_STATES[gate.state]} (routed)"


def _cost_cells(evidence: Evidence) -> tuple[str, str, str]:
    cost = evidence.cost
    if cost is None or cost.seconds_per_item is None:
        return "", "", ""
    training = duration(cost.train_seconds) if cost.train_seconds is not None else "none"
    tokens = (cost.prompt_tokens_per_item or 0) + (cost.completion_tokens_per_item or 0)
    return training, f"{cost.seconds_per_item:.2f}", f"{tokens:.0f}"
