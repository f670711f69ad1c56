"""What a choice on dev cost in general ability, in words: as shares of the forgetting budget, or plainly where none is.

The budget holds where people also ask the tuned model other things (`general.deployment: shared`). Where only this
task's inputs reach it, nothing is asked of it, and the figures stand for themselves.
"""

import math
from collections.abc import Sequence
from typing import Protocol

from harness.records import Forgetting, Limits
from reports import numbers
from reports.view.shapes import Cell

NO_NUMBER = "not a number"


class Choice(Protocol):
    """Something that was tried on dev."""

    @property
    def dev_score(self) -> float:
        """The task's own metric."""

    @property
    def dev_loss(self) -> float | None:
        """Nats per answer token."""

    @property
    def forgetting(self) -> Forgetting | None:
        """What it lost on the selection material; None where that was not measured."""


def has_budget(limits: Limits) -> bool:
    """Whether choices on dev are held to a forgetting budget."""
    return limits.deployment == "shared"


def spent_words(found: Forgetting, limits: Limits) -> str:
    """Write what was spent in a sentence: '0.83 times the forgetting budget', or the text loss where there is none."""
    if not has_budget(limits):
        return f"a text loss of {text_loss(found)} nats a token"
    if not math.isfinite(found.spent):
        return f"a share of the forgetting budget that is {NO_NUMBER}"
    return f"{times(found.spent)} times the forgetting budget"


def times(value: float) -> str:
    """Write a multiple of the budget: '0.83', '20.0'."""
    return numbers.plain(value, 2 if abs(value) < 10 else 1) if math.isfinite(value) else NO_NUMBER


def text_loss(found: Forgetting) -> str:
    """Write the rise of the loss on texts: '+0.031'."""
    return numbers.change(found.text_loss) if math.isfinite(found.text_loss) else NO_NUMBER


def off_task(found: Forgetting) -> str:
    """Write the share of unrelated questions that get the task's answer."""
    return numbers.percent(found.off_task) if math.isfinite(found.off_task) else NO_NUMBER


def probability(found: Forgetting) -> str:
    """Write the change of the probability given to right answers, in points."""
    if found.probability is None:
        return numbers.NOT_MEASURED
    return numbers.points(found.probability) if math.isfinite(found.probability) else NO_NUMBER


def spent_cell(found: Forgetting, limits: Limits) -> Cell:
    """Show the share of the budget that is spent, and on which side of it that lies."""
    if not has_budget(limits):
        return Cell("no budget", mood="absent")
    return Cell(times(found.spent), "inside", "good") if found.is_inside else Cell(times(found.spent), "outside", "bad")


def forgetting_cell(found: Forgetting | None, limits: Limits) -> Cell:
    """Show what a checkpoint or a trial lost, all in one cell."""
    if found is None:
        return Cell(numbers.NOT_MEASURED, mood="absent")
    parts = f"text {text_loss(found)} nats\noff-task {off_task(found)}\nprobability {probability(found)}"
    if not has_budget(limits):
        return Cell(f"{text_loss(found)} nats", parts)
    word = f"{times(found.spent)} of budget" if math.isfinite(found.spent) else NO_NUMBER
    return Cell(word, parts, "" if found.is_inside else "bad")


def best_score(choices: Sequence[Choice]) -> float | None:
    """Return the highest dev score among the choices inside the budget; None where none is inside."""
    inside = [choice.dev_score for choice in choices if choice.forgetting is None or choice.forgetting.is_inside]
    return max((score for score in inside if math.isfinite(score)), default=None)
