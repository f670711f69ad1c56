"""Two runs side by side: what differs, and how each arm moved on the items that both asked. No model is loaded."""

from collections.abc import Sequence
from pathlib import Path

from harness.decision.across import change_of
from harness.decision.arms import MetricSpec
from harness.errors import HarnessError
from harness.evidence.compare import read_whole
from harness.evidence.differing import count_shared, differences, matched
from harness.plugins import suggest
from harness.records import ArmChange, Run, RunDifference, RunSide, SharedItems
from harness.task.scoring import task_metric
from harness.task.task import Task

Pair = tuple[str, str]  # an arm of the earlier run, and one of the later
JUDGED = "a judge scores, whose errors are corrected inside a run and not between two"


def diff_runs(before: Path, after: Path, pairs: Sequence[Pair] = ()) -> RunDifference:
    """Compare two run folders.

    Args:
        before: Of the earlier run.
        after: Of the later run.
        pairs: Arms to set against each other. None: those that have one name in both.

    Raises:
        StoreError: If one is not a run folder, or is damaged.
        HarnessError: If a run has no such arm, or the runs share none.
    """
    old_task, old, _ = read_whole(before)
    new_task, new, _ = read_whole(after)
    chosen = _chosen(old, new, pairs)
    items = count_shared(old.examples, new.examples)
    return RunDifference(
        before=_side(old),
        after=_side(new),
        metric=new.primary_metric,
        items=items,
        arms=tuple(_changes((old_task, old), (new_task, new), chosen)),
        differences=differences((old_task, old), (new_task, new)),
        notes=tuple(_notes((old_task, old), (new_task, new), items, len(chosen))),
    )


def _chosen(old: Run, new: Run, pairs: Sequence[Pair]) -> Sequence[Pair]:
    there, here = ([evidence.arm for evidence in run.evidence] for run in (old, new))
    for pair in pairs:
        for name, known, run in zip(pair, (there, here), (old, new), strict=True):
            if name not in known:
                raise HarnessError(f"--pair: {run.folder} has no arm '{name}'{suggest(name, dict.fromkeys(known))}")
    found = pairs or [(name, name) for name in here if name in there]
    if not found:
        arms = f"{', '.join(there)}; {', '.join(here)}"
        remedy = f"name two with --pair {there[0]}:{here[0]}"
        raise HarnessError(f"{old.folder} and {new.folder} share no arm ({arms}); {remedy}")
    return found


def _changes(earlier: tuple[Task, Run], later: tuple[Task, Run], pairs: Sequence[Pair]) -> list[ArmChange]:
    (old_task, old), (task, new) = earlier, later
    before = old.decision.scores if old_task.primary_metric == task.primary_metric else {}
    figures = [(before.get(one), new.decision.scores.get(other)) for one, other in pairs]
    if task.primary_metric in task.judges:
        return [ArmChange(*pair, *own, None, why=JUDGED) for pair, own in zip(pairs, figures, strict=True)]
    metric = task_metric(task.primary_metric, task.metric_options, task.study.answer)
    groups = {example.id: example.group for example in new.examples}
    spec = MetricSpec(metric.name, metric.kind, metric.aggregate, groups, task.seeds[0])
    shared = matched(old.examples, new.examples)
    examples = {example.id: example for example in new.examples}
    there, here = ({evidence.arm: evidence for evidence in run.evidence} for run in (old, new))
    return [
        change_of(
            there[one],
            here[other],
            own,
            shared,
            examples,
            spec,
            task.limits.smallest_gain,
        )
        for (one, other), own in zip(pairs, figures, strict=True)
    ]


def _side(run: Run) -> RunSide:
    decision = run.decision
    finished = str(run.manifest.get("finished", ""))
    return RunSide(run.folder, run.name, decision.action, decision.arm, decision.sentence, run.is_fast, finished)


def _notes(before: tuple[Task, Run], after: tuple[Task, Run], items: SharedItems, compared: int) -> list[str]:
    """Say what keeps the two from being compared as they stand."""
    notes = [_rows_note(items)] if items.only_before or items.only_after else []
    (old_task, old), (new_task, new) = before, after
    if old_task.primary_metric != new_task.primary_metric:
        first, second = old.primary_metric, new.primary_metric
        notes.append(f"the earlier run's primary metric is {first}; both are compared by {second}")
    rules = [(task.study.answer, task.metric_options.get(new_task.primary_metric)) for task in (old_task, new_task)]
    if rules[0] != rules[1]:
        notes.append("answers were read or scored by different rules, so that a change may come of the rule alone")
    if old.limits.is_adaptive or new.limits.is_adaptive:
        notes.append(
            "items were asked in rounds (--adaptive), so that an arm is compared on those alone that both asked"
        )
    if old.is_fast or new.is_fast:
        notes.append("a smoke run is among them: do not decide on it")
    if compared > 1:
        notes.append(f"{compared} arms are compared; each interval is 95% by itself, not for all together")
    return notes


def _rows_note(items: SharedItems) -> str:
    if not items.shared:
        return "the runs share no test item, so no arm can be compared"
    changed = f" ({items.changed} of them changed in between)" if items.changed else ""
    return (
        f"the runs asked different test items: {items.shared} are shared and compared; {items.only_before} are only in "
        f"the earlier run and {items.only_after} only in the later one{changed}"
    )
