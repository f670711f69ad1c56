"""How the tuned arms were trained, and how far they fit their training rows better than new ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Checkpoint, Evidence, Limits, Run, TrainingHistory, Trial
from reports import numbers
from reports.charts.training import MOST_POINTS, curves
from reports.view import spending
from reports.view.lookup import is_tuned, score_of
from reports.view.seeds import seeds_table
from reports.view.shapes import Cell, Figure, Table, join, table

STOPPED = {"early": "stopped early", "end": "ran to the end", "budget": "stopped by the budget"}


@dataclass(frozen=True, slots=True)
class TrainingSection:
    """Training curves and what was tried before."""

    finding: str
    figures: tuple[Figure, ...]
    histories: Table | None
    seeds: Table | None
    trials: Table | None
    warnings: tuple[str, ...]


def training_section(run: Run) -> TrainingSection:
    """Build the section on training."""
    trained = [(evidence, evidence.training) for evidence in run.evidence if evidence.training]
    warnings = [f"{evidence.arm}: {warning}" for evidence, history in trained for warning in history.warnings]
    return TrainingSection(
        finding=_finding(trained),
        figures=tuple(_figure(run.limits, evidence, history) for evidence, history in trained),
        histories=_histories(run, trained) if trained else None,
        seeds=seeds_table(run),
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


def _figure(limits: Limits, evidence: Evidence, history: TrainingHistory) -> Figure:
    best = next((mark for mark in history.checkpoints if mark.step == history.best_step), None)
    reached = f" reaches {numbers.percent(best.dev_score)} on dev at step {best.step}" if best else ": no checkpoint"
    thinned = len(history.losses) > MOST_POINTS
    note = f"Loss of {numbers.plural(len(history.losses), 'step')}"
    note += f", thinned evenly to about {MOST_POINTS} for drawing." if thinned else "."
    is_watched = any(mark.forgetting is not None for mark in history.checkpoints)
    return Figure(
        f"{evidence.arm}{reached}",
        curves(evidence.arm, evidence.family, history),
        f"{note} {STOPPED[history.stopped].capitalize()}; {_kept(limits, history, best)}",
        _checkpoints(limits, evidence.arm, history, is_watched),
    )


def _kept(limits: Limits, history: TrainingHistory, kept: Checkpoint | None) -> str:
    """Say by what rule the kept checkpoint was chosen, and what its hollow companions are."""
    text = "the best checkpoint on dev is kept, not the last."
    if kept is None or kept.forgetting is None or not spending.has_budget(limits):
        return text
    if history.strength != 1.0:
        text = f"the best checkpoint on dev is kept and applied at strength {history.strength:g}."
    elif kept.forgetting.is_inside:
        text = "the best checkpoint on dev inside the forgetting budget is kept, not the last."
    else:
        text = "no choice stays inside the forgetting budget."
    has_hollow = any(mark.forgetting is not None and not mark.forgetting.is_inside for mark in history.checkpoints)
    return f"{text} Hollow marks are outside the budget." if has_hollow else text


def _checkpoints(limits: Limits, arm: str, history: TrainingHistory, is_watched: bool) -> Table:
    headings = ["Step", "Epoch", "Dev score", "Dev loss", "Checkpoint", *(["Forgetting"] if is_watched else [])]
    rows = []
    for mark in history.checkpoints:
        row = _checkpoint_row(mark, history.best_step)
        rows.append([*row, spending.forgetting_cell(mark.forgetting, limits)] if is_watched else row)
    return table(f"{arm}: checkpoints", headings, rows, numbers=(0, 1, 2, 3))


def _checkpoint_row(mark: Checkpoint, best_step: int) -> list[Cell | str]:
    return [
        numbers.count(mark.step),
        f"{mark.epoch:.2f}",
        numbers.percent(mark.dev_score),
        numbers.plain(mark.dev_loss),
        "kept" if mark.step == best_step else "",
    ]


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
        Cell(evidence.arm, f"{history.method.upper()}, applied at {history.strength:g}"),
        Cell(numbers.rate_setting(history.learning_rate), _penalty(history)),
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


def _penalty(history: TrainingHistory) -> str:
    """Name the weight of the penalty for leaving the base's predictions; empty without one."""
    return f"penalty {numbers.rate_setting(history.kl_to_base)}" if history.kl_to_base else ""


def _trials(run: Run) -> Table | None:
    is_watched = any(trial.forgetting is not None for evidence in run.evidence for trial in evidence.trials)
    rows: list[Sequence[Cell | str]] = []
    for evidence in run.evidence:
        best = spending.best_score(evidence.trials)
        for trial in evidence.trials:
            row = _trial_row(evidence.arm, trial, best)
            rows.append([*row, _trial_forgetting(run.limits, evidence, trial)] if is_watched else row)
    if not rows:
        return None
    headings = ["Arm", "Setting tried", "Dev score", "Dev loss", *(["Forgetting"] if is_watched else [])]
    return table("What each arm tried on dev before it was settled", headings, rows, numbers=(2, 3))


def _trial_row(arm: str, trial: Trial, best: float | None) -> list[Cell | str]:
    is_inside = trial.forgetting is None or trial.forgetting.is_inside
    mark = "best" if trial.dev_score == best and is_inside else ""
    return [arm, trial.setting, Cell(numbers.percent(trial.dev_score), mark), numbers.plain(trial.dev_loss)]


def _trial_forgetting(limits: Limits, evidence: Evidence, trial: Trial) -> Cell | str:
    if not is_tuned(evidence):
        return "untouched"
    return spending.forgetting_cell(trial.forgetting, limits)
