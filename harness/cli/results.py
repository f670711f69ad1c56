"""The table and the verdict that end a run."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.cli.terminal import duration
from harness.records import Evidence, Gate, Interval, Run

WIDTH = 104  # what the table needs; a narrower terminal wraps it, and no column is dropped
_NOT_MEASURED = "not measured"
_STATES = {"pass": "pass", "fail": "fail", "inconclusive": "inconclusive", "cannot_judge": "cannot judge"}
_ROUTED = "forgetting does not block: only this task's inputs reach the adapter (general.deployment: routed)"


def print_results(run: Run, report: Path) -> None:
    """Print every arm with its interval, then the verdict, then where the report is."""
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, WIDTH)
    console.print(_table(run))
    for line in (*_warnings(run), *_strengths(run)):
        console.print(line, markup=False)
    for evidence in run.evidence:
        if evidence.status != "ok":
            console.print(f"{evidence.arm} {evidence.status}: {evidence.reason}", markup=False)
    if run.is_fast:
        console.print("Smoke run: a few rows only. It shows that every arm works; do not decide on it.", style="bold")
    console.print()
    console.print(run.decision.sentence, markup=False, style="bold")
    console.print(f"report: {report}", markup=False)


def _warnings(run: Run) -> list[str]:
    gates = run.decision.gates
    lines = [f"{gate.arm}: {warning}" for gate in gates for warning in gate.warnings]
    held = [gate for gate in gates if gate.state not in ("pass", "not_measured")]
    return [*lines, _ROUTED] if held and not any(gate.blocks for gate in held) else lines


def _strengths(run: Run) -> list[str]:
    """Say which adapters are applied at part strength."""
    settled = [(evidence.arm, evidence.training.strength) for evidence in run.evidence if evidence.training]
    return [f"{arm}: applied at strength {strength:g}, as dev chose" for arm, strength in settled if strength != 1.0]


def _table(run: Run) -> Table:
    title = f"{run.name}: {len(run.examples)} test items, {run.primary_metric}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("arm", no_wrap=True)
    for name in (run.primary_metric, "95% CI", "general", "forgetting", "training", "s/item", "tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    gates = {gate.arm: gate for gate in run.decision.gates}
    for evidence in run.evidence:
        score = run.decision.scores.get(evidence.arm)
        table.add_row(
            evidence.arm, *_score_cells(evidence, score), *_gate_cells(evidence, gates), *_cost_cells(evidence)
        )
    return table


def _score_cells(evidence: Evidence, score: Interval | None) -> tuple[str, str]:
    if score is None:
        return (evidence.status if evidence.status != "ok" else _NOT_MEASURED, "")
    return f"{score.estimate:.1%}", f"{score.low * 100:.1f} to {score.high * 100:.1f}"


def _gate_cells(evidence: Evidence, gates: dict[str, Gate]) -> tuple[str, str]:
    if evidence.status != "ok":
        return "", ""
    if not evidence.program["weights"]["adapter"]:
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
