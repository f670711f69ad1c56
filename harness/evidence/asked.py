"""Which test items an arm is asked: all of them, or the first ones where they are asked in rounds."""

from harness.decision.asking import Clusters, first, in_order
from harness.evidence.states import ENDED, EndState
from harness.records import Example, Fit
from harness.store.files import decode
from harness.store.ledger import Ledger
from harness.task.task import Task


def order_of(task: Task) -> Clusters:
    """Return a task's test items in the order in which rounds ask them."""
    return in_order({example.id: example.group for example in task.test}, task.seeds[0])


def asked_examples(task: Task, items: int | None) -> tuple[Example, ...]:
    """Return the first test items in the order of asking, so many, or all; in the task's own order."""
    if items is None:
        return task.test
    wanted = set(first(order_of(task), items))
    return tuple(example for example in task.test if example.id in wanted)


def asked_before(fit: Fit, task: Task, ledger: Ledger) -> tuple[Example, ...]:
    """Return the test items of the rounds that a fit has ended; none where items are not asked in rounds."""
    stored = ledger.state(fit.name, ENDED)
    end: EndState | None = decode(EndState, stored) if stored else None
    return asked_examples(task, end.asked) if end is not None and end.asked is not None else ()
