"""Targets that one of the task's metrics cannot score, found before anything is asked."""

from collections.abc import Sequence

from harness.answer_reading import AnswerRule
from harness.errors import PluginError
from harness.records import Example
from harness.task.faults import Faults
from harness.task.placed import Placed
from harness.task.plugged import make_metric
from harness.task.schema import TaskFile
from harness.task.scoring import result_of
from harness.task.turns import shown


def check_targets(
    settings: TaskFile, rule: AnswerRule | None, scored: Sequence[Placed[Example]], faults: Faults
) -> None:
    """Note rows whose target a metric cannot score, where the metric has a `target_fault` that says so."""
    chosen = settings.metric
    for name in (chosen.primary, *chosen.also):
        try:
            fault_of = getattr(make_metric(name, chosen.options), "target_fault", None)
        except (PluginError, ValueError, TypeError):
            continue  # noted already
        for placed in scored if fault_of else ():
            for target in (placed.item.target, *placed.item.accepted):
                if fault_of and (text := fault_of(result_of(target, rule))):
                    row = placed.row
                    faults.add(row.file, f"the answer {shown(target)} {text}", row.number, row.unit)
