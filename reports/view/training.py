"""How the tuned arms were trained, and how far they fit their training rows better than new ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Evidence, Run, TrainingHistory
from reports import numbers
from reports.charts.training import MOST_POINTS, curves
from reports.view.lookup import score_of
from reports.view.shapes import Cell, Figure, Table, join, table

STOPPED = {"early": "stopped early", "end": "ran to the end", "budget": "stopped by the budget"}


@dataclass(frozen=True, slots=True)
class TrainingSection:
    """Training curves and what was tried before."""

    finding: str
    figures: tuple[Figure, ...]
    histories: Table | None
    trials: Table | None
    warnings: tuple[str, ...]


def training_section(run: Run) -> TrainingSection:
    """Build the section on training."""
    trained = [(evidence, evidence.training) for evidence in run.evidence if evidence.training]
    warnings = [f"{evidence.arm}: {warning}" for evidence, history in trained for warning in history.warnings]
    return TrainingSection(
        finding=_finding(trained),
        figures=tuple(_figure(evidence, history) for evidence, history in trained),
        histories=_histories(run, trained) if trained else None,
        trials=_trials(run),
        warnings=tuple(warnings),
    )


def _finding(trained: Sequence[tuple[Evidence, TrainingHistory]]) -> str:
    if not trained:
        return "No arm was trained."
    counts = {word: sum(STOPPED[history.stopped] == word for _, history in trained) for word in STOPPED.values()}
    text = (
        f"Of {numbers.plural(len(trained), 'trained arm')}, {join([f'{n} {word}' for word, n in counts.items() if n])}."
    )
    growing = [evidence.arm for evidence, history in trained if history.undertrained]
    if growing:
        verb = "was" if len(growing) == 1 else "were"
        return f"{text} {join(growing)} {verb} still improving, so more training may help."
    return f"{text} None was still improving at the end."


def _figure(evidence: Evidence, history: TrainingHistory) -> Figure:
    best = next((mark for mark in history.checkpoints if mark.step == history.best_step), None)
    reached = f" reaches {numbers.percent(best.dev_score)} on dev at step {best.step}" if best else ": no checkpoint"
    rows = [
        (
            numbers.count(mark.step),
            f"{mark.epoch:.2f}",
            numbers.percent(mark.dev_score),
            numbers.plain(mark.dev_loss),
            "kept" if mark.step == history.best_step else "",
        )
        for mark in history.checkpoints
    ]
    thinned = len(history.losses) > MOST_POINTS
    note = f"Loss of {numbers.plural(len(history.losses), 'step')}"
    note += f", thinned evenly to about {MOST_POINTS} for drawing." if thinned else "."
    headings = ("Step", "Epoch", "Dev score", "Dev loss", "Checkpoint")
    return Figure(
        f"{evidence.arm}{reached}",
        curves(evidence.arm, evidence.family, history),
        f"{note} {STOPPED[history.stopped].capitalize()}; the best checkpoint on dev is kept, not the last.",
        table(f"{evidence.arm}: checkpoints", headings, rows, numbers=(0, 1, 2, 3)),
    )


def _histories(run: Run, trained: Sequence[tuple[Evidence, TrainingHistory]]) -> Table:
    rows = [_history_row(run, evidence, history) for evidence, history in trained]
    headings = ("Arm", "Learning rate", "Rows", "Answer tokens", "Trained weights", "Time",
                "Ended", "On train", "On dev", "On test", "Gap, points")  # fmt: skip
    return table("Training, and the gap between rows it saw and rows it did not", headings, rows,
                 numbers=(1, 2, 3, 4, 5, 7, 8, 9, 10))  # fmt: skip


def _history_row(run: Run, evidence: Evidence, history: TrainingHistory) -> Sequence[Cell | str]:
    test = score_of(run, evidence.arm)
    dev = evidence.dev_score
    gap = history.train_score - dev if history.train_score is not None and dev is not None else None
    share = history.trainable_parameters / history.total_parameters if history.total_parameters else None
    return (
        Cell(evidence.arm, history.method.upper()),
        numbers.rate_setting(history.learning_rate),
        numbers.count(history.rows),
        numbers.count(history.trainable_tokens),
        Cell(numbers.count(history.trainable_parameters), f"{numbers.percent(share)} of all"),
        numbers.seconds(history.seconds),
        Cell(
            STOPPED[history.stopped],
            "still improving" if history.undertrained else "",
            "unsure" if history.undertrained else "",
        ),  # fmt: skip
        numbers.percent(history.train_score),
        numbers.percent(dev),
        Cell(numbers.percent(test.estimate), f"n = {numbers.count(test.n)}") if test else numbers.NOT_MEASURED,
        numbers.points(gap),
    )


def _trials(run: Run) -> Table | None:
    rows: list[Sequence[Cell | str]] = []
    for evidence in run.evidence:
        best = max((trial.dev_score for trial in evidence.trials), default=0.0)
        for trial in evidence.trials:
            mark = "best" if trial.dev_score == best else ""
            rows.append(
                (
                    evidence.arm,
                    trial.setting,
                    Cell(numbers.percent(trial.dev_score), mark),
                    numbers.plain(trial.dev_loss),
                )
            )
    if not rows:
        return None
    headings = ("Arm", "Setting tried", "Dev score", "Dev loss")
    return table("What each arm tried on dev before it was settled", headings, rows, numbers=(2, 3))
