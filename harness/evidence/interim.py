"""An arm's figure as soon as it has answered, before the others have."""

from statistics import fmean

from harness.decision.arms import MetricSpec
from harness.decision.asking import Asking
from harness.decision.intervals import arm_interval
from harness.evidence.asked import order_of
from harness.evidence.states import FITTED, FittedState
from harness.records import Fit, Interval, Measurement
from harness.store.files import decode
from harness.store.ledger import Ledger
from harness.task.scoring import task_metric
from harness.task.task import Task

FEWEST = 2


def written_tokens(fit: Fit, ledger: Ledger) -> float | None:
    """Return the tokens of a fit's answers to test items, on average; None where it chooses labels and writes none."""
    stored = ledger.state(fit.name, FITTED)
    if stored is None or decode(FittedState, stored).program.get("choices"):
        return None
    written = [one.completion_tokens for one in ledger.predictions(Measurement(fit)).values()]
    return fmean(written) if written else None


def interim_score(fit: Fit, task: Task, ledger: Ledger) -> Interval | None:
    """Return a fit's primary figure on its own measured items.

    None where they are too few, or where a judge scores, which is asked when all arms are over.

    The run's own figure is of the items that every judged arm has measured, so it may differ where items were lost.
    """
    if task.primary_metric in task.judges:
        return None
    metric = task_metric(task.primary_metric, task.metric_options, task.study.answer)
    said = ledger.predictions(Measurement(fit))
    scores = {
        example.id: metric.score(said[example.id].answer, example)
        for example in task.test
        if example.id in said and said[example.id].outcome.is_measured
    }
    if len(scores) < FEWEST:
        return None
    groups = {example.id: example.group for example in task.test}
    asking = Asking(order_of(task), {fit.arm: len(said)}) if task.limits.is_adaptive else None
    spec = MetricSpec(metric.name, metric.kind, metric.aggregate, groups, task.seeds[0], asking=asking)
    return arm_interval(fit.arm, scores, spec)
