"""What tuned weights lost, as arms see it while they choose: on material that no gate uses.

The gate asks for bounds inside its limits, and a choice sees estimates; so a choice that is to pass must stay well
inside. Half of the limit is the budget of benchmarks and texts. Of unrelated questions, alone and under the task's
prompt each, as many may be turned as leave that figure of the gate an 80% chance on its own ones (half of its limit
would leave 54%). What the gate measures again, on other items, is an independent check.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.contract import Engine
from harness.decision.forgetting import pair_items
from harness.decision.measured import PASS_TAIL
from harness.decision.power import most_turned
from harness.decision.probes import TurnedQuestions, turned_questions
from harness.general.measure import measure
from harness.program import Prompt
from harness.records import Forgetting, GeneralAbility, Limits, Weights
from harness.store.files import hash_folder

BUDGET_SHARE = 0.5  # of the gate's limits on benchmarks and texts
# Benchmark items, and at most so many texts. The items' figure is uncertain by some 4 points, so a standard error is
# granted.
ITEMS = 24
QUESTIONS = 64  # unrelated ones, alone and under the task's prompt: of fewer than 62 not one could be turned
FAST_ITEMS = 7  # of a smoke run, and questions too; one for each core benchmark

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Material:
    """What forgetting is measured on while arms choose."""

    tasks: tuple[str, ...]  # as the gate's, but other items
    include_path: Path | None
    items: int
    questions: int
    gate_questions: int  # unrelated ones that the gate will ask
    task_answers: frozenset[str]
    prompt: Prompt  # the task's own
    limits: Limits
    seed: int
    commits: Mapping[str, str] = field(default_factory=dict)  # of data sets of the hub


@dataclass
class SelectionProbe:
    """Measures weights against their base; equal weights are measured once in a worker's life."""

    engine: Engine
    material: Material
    progress: Progress
    _known: dict[tuple[str | None, str | None], GeneralAbility] = field(default_factory=dict)

    def forgetting(self, weights: Weights) -> Forgetting:
        """Return what these weights lost against their base in the same quantisation."""
        base, tuned = self._measured(weights.base), self._measured(weights)
        return forgetting_of(base, tuned, self.material.limits, self.material.gate_questions)

    def _measured(self, weights: Weights) -> GeneralAbility:
        key = (weights.quantization, weights.tuned and hash_folder(Path(weights.tuned)))
        if key not in self._known:
            material = self.material
            self._known[key] = measure(
                self.engine,
                weights,
                "selection",
                tasks=material.tasks,
                limit=material.items,
                questions=material.questions,
                include_path=material.include_path,
                commits=material.commits,
                task_answers=material.task_answers,
                prompt=material.prompt,
                seed=material.seed,
                progress=self.progress,
                use="selection",
            )
        return self._known[key]


def forgetting_of(base: GeneralAbility, tuned: GeneralAbility, limits: Limits, gate_questions: int) -> Forgetting:
    """Reduce two measurements to what a choice looks at.

    Where only this task's inputs reach the weights (`routed`), nothing is asked of them: they spend nothing. Weights
    that cannot answer an item which the base answers, for instance because a probability is not a number, are broken.
    """
    before = {text.item: text.loss for text in base.texts}
    changes = [(text.loss - before[text.item]) / text.tokens for text in tuned.texts]
    text_loss = statistics.fmean(changes) if changes else math.nan
    questions = [turned_questions(base, tuned, is_prompted=prompted) for prompted in (False, True)]
    moved = probability_changes(base, tuned)
    is_asked = limits.deployment == "shared"
    has_lost_items = pair_items(base, tuned).lost > 0
    spent = 0.0
    if is_asked:
        off_task = max(_turned_share(found, limits.max_off_task, gate_questions) for found in questions)
        spent = math.inf if has_lost_items else max(off_task, _spent(text_loss, moved, limits))
    rate = max(found.rate for found in questions)
    return Forgetting(text_loss, rate, statistics.fmean(moved) if moved else None, spent)


def _turned_share(found: TurnedQuestions, limit: float, gate_questions: int) -> float:
    """Return the share of the budget that turned questions take; it ends between the most that may and one more."""
    return found.turned / (most_turned(found.asked, gate_questions, limit, PASS_TAIL) + 0.5)


def _spent(text_loss: float, moved: Sequence[float], limits: Limits) -> float:
    """Return the largest share of a budget that is taken; infinite where a figure is not a number."""
    if not all(map(math.isfinite, (text_loss, *moved))):
        return math.inf
    drop = 0.0
    if len(moved) > 1:
        drop = -statistics.fmean(moved) - statistics.stdev(moved) / math.sqrt(len(moved))
    return max(0.0, _share(text_loss, limits.max_text_loss), _share(drop, limits.max_drop))


def _share(loss: float, limit: float) -> float:
    if limit == 0:
        return math.inf if loss > 0 else 0.0
    return loss / (BUDGET_SHARE * limit)


def probability_changes(base: GeneralAbility, tuned: GeneralAbility) -> list[float]:
    """Return the change of the probability given to right answers, item by item; of the score where there is none.

    An item that the tuned weights could not answer counts as lost.
    """
    items = pair_items(base, tuned, "worst").benchmarks
    pairs = [item.probabilities or item.scores for item in items]
    return [float(change) for found in pairs for change in found.tuned - found.base]
