"""The strength of a tuning, settled on dev: what it changes times a factor, without training again.

Between the base and the tuned model lies a curve of gain against forgetting, and what is kept is the point that gains
most inside the budget. After weight interpolation (Wortsman et al., arXiv 2109.01903).
"""

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from baselines.finetune.schedule import Outcome, with_tuning
from baselines.finetune.selection import best_of, boldest_of, is_inside
from baselines.finetune.store import writing
from baselines.finetune.tuners import Tuner, tuner_of
from harness.contract import FitContext
from harness.program import Program
from harness.records import Checkpoint, Example, Forgetting, StrengthPoint, TrainingHistory

STRENGTHS = (0.25, 0.5, 0.75)  # beside 0, the base, and 1, the adapter as trained
UNCHANGED = Forgetting(0.0, 0.0, 0.0, 0.0)
UNKNOWN = Forgetting(math.nan, math.nan, None, math.inf)  # not measured is not nothing: it is never inside the budget


@dataclass(frozen=True)
class SettledStrength:
    """A tuning at the strength that dev chose."""

    adapter: Path
    step: int  # of the checkpoint it was made from
    point: StrengthPoint
    frontier: tuple[StrengthPoint, ...]  # of the best checkpoint on the task, weakest first; empty in a smoke run
    warnings: tuple[str, ...]


def settle_strength(
    context: FitContext,
    program: Program,
    dev: Sequence[Example],
    outcome: Outcome,
    room: Path,
    start: Path | None = None,
) -> SettledStrength:
    """Sweep the strength of the checkpoint that is best on the task, and choose among its points.

    Where the budget ends between two strengths, and the stronger one is better on the task, halfway is tried too.
    The best checkpoint inside the budget stands beside them at full strength. A smoke run sweeps nothing, and where
    no checkpoint beat the start on the task nothing is swept either: the start's strength was settled before.

    Args:
        context: What the harness lends.
        program: Without tuning.
        dev: Rows to score on.
        outcome: A finished schedule; its checkpoints are still there. Where its tuner cannot be scaled, only the base
            and whole checkpoints are compared.
        room: Folder for the scaled copies.
        start: The tuning that training started from; it stands for a checkpoint that none beat.

    Raises:
        StoreError: If the disk is full or refuses.
    """
    best, boldest = best_of(outcome.checkpoints), boldest_of(outcome.checkpoints)
    adapters = {best.step: outcome.best or start, boldest.step: outcome.boldest or start}
    kept = adapters[best.step]
    assert kept is not None  # training leaves a checkpoint, or has a start
    if context.budget.is_fast or boldest.step == 0:
        return SettledStrength(kept, best.step, _whole(best), (), ())
    swept = adapters[boldest.step]
    assert swept is not None
    tuner, model = tuner_of(outcome.tuner), program.weights.model
    strengths = STRENGTHS if tuner.scales else ()
    scaled = {strength: scale(tuner, swept, model, strength, room) for strength in strengths}
    points = [_measured(context, program, dev, scaled[strength], strength) for strength in strengths]
    frontier = (_base_point(context, program, dev), *points, _whole(boldest))
    if tuner.scales and (between := _halfway(frontier)) is not None:
        scaled[between] = scale(tuner, swept, model, between, room)
        point = _measured(context, program, dev, scaled[between], between)
        frontier = tuple(sorted((*frontier, point), key=lambda one: one.strength))
    options = [*frontier[1:], *([] if best.step == boldest.step else [_whole(best)])]
    chosen = best_of(options)
    is_other = best.step != boldest.step and chosen is options[-1]
    adapter = kept if is_other else scaled.get(chosen.strength, swept)
    step = best.step if is_other else boldest.step
    for unused in set(scaled.values()) - {adapter}:
        shutil.rmtree(unused, ignore_errors=True)
    return SettledStrength(adapter, step, chosen, frontier, _zero_warning(frontier[0], chosen))


def scale(tuner: Tuner, tuned: Path, model: str, strength: float, room: Path) -> Path:
    """Write a tuning into `room`, what it changes times `strength`, and return its folder.

    Raises:
        StoreError: If the disk is full or refuses.
    """
    folder = room / f"{strength:g}"
    with writing(folder):
        shutil.rmtree(folder, ignore_errors=True)
        room.mkdir(parents=True, exist_ok=True)
        tuner.scale(tuned, folder, model, strength)
    return folder


def _halfway(frontier: Sequence[StrengthPoint]) -> float | None:
    """Return the strength halfway over the budget's end; None where more strength is not better on the task there."""
    for weaker, stronger in reversed(list(pairwise(frontier))):
        if is_inside(weaker) and not is_inside(stronger):
            is_better = boldest_of([weaker, stronger]) is stronger
            return (weaker.strength + stronger.strength) / 2 if is_better else None
    return None


def kept_point(history: TrainingHistory) -> Checkpoint:
    """Return what the kept adapter reached on dev, as the start of further training."""
    found = next(point for point in history.checkpoints if point.step == history.best_step)
    if history.strength == 1.0:
        return found
    point = next(point for point in history.frontier if point.strength == history.strength)
    return Checkpoint(found.step, found.epoch, point.dev_score, point.dev_loss, point.forgetting)


def _measured(
    context: FitContext, program: Program, dev: Sequence[Example], adapter: Path, strength: float
) -> StrengthPoint:
    tuned = with_tuning(program, adapter)
    reached = context.score(tuned, dev, with_loss=True)
    forgotten = context.forgetting(tuned.weights)
    context.log(f"strength {strength:g}: dev {reached.score:.3f}, {forgotten.spent:.1%} of the forgetting budget spent")
    return StrengthPoint(strength, reached.score, reached.loss, forgotten)


def _base_point(context: FitContext, program: Program, dev: Sequence[Example]) -> StrengthPoint:
    reached = context.score(program, dev, with_loss=True)
    return StrengthPoint(0.0, reached.score, reached.loss, UNCHANGED)


def _whole(checkpoint: Checkpoint) -> StrengthPoint:
    return StrengthPoint(1.0, checkpoint.dev_score, checkpoint.dev_loss, checkpoint.forgetting or UNKNOWN)


def _zero_warning(base: StrengthPoint, chosen: StrengthPoint) -> tuple[str, ...]:
    if best_of([base, chosen]) is chosen:
        return ()
    return (
        f"best at zero strength: on dev the base has {base.dev_score:.1%} and tuning, at strength {chosen.strength:g}, "
        f"{chosen.dev_score:.1%} for {chosen.forgetting.spent:.1%} of the forgetting budget",
    )
