"""`compare --adaptive`: test items in rounds, and no more of them for an arm of which all is settled.

After each round the run is decided from the items asked up to its end, whatever else the ledger holds already: so a run
that was stopped takes the same way again and finds it walked. That it is decided several times raises no chance of
error (`harness.decision.asking`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.decision.asking import rounds
from harness.decision.verdict import is_final
from harness.decision.words import share
from harness.errors import HarnessError
from harness.evidence.asked import order_of
from harness.evidence.jobs import Count, Jobs
from harness.records import Run
from harness.store.files import hash_data
from harness.task.plugged import make_metric
from harness.task.task import Task


def check_stoppable(task: Task, *, is_fast: bool) -> None:
    """Refuse what cannot be stopped early, before anything is loaded.

    Raises:
        HarnessError: If the run is a smoke run, or the primary figure is not a mean of items.
    """
    if is_fast:
        raise HarnessError("--adaptive and --fast do not go together: a smoke run has too few items to stop early")
    name = task.primary_metric
    if name in task.judges:
        why = "is given by a judge, whose errors are corrected for on all items together"
    elif make_metric(name, task.metric_options).kind == "aggregate":
        why = "is not a mean of items"
    else:
        return
    raise HarnessError(f"--adaptive cannot stop items early, because {name} {why}; leave it out")


def adaptive(task: Task) -> Task:
    """Return the task with items asked in rounds; its digest says so."""
    limits = replace(task.limits, is_adaptive=True)
    return replace(task, limits=limits, digest=hash_data([task.digest, "adaptive"])[:16])


def ask_in_rounds(
    jobs: Jobs,
    names: Sequence[str],
    look: Callable[[Sequence[str], int], Run],
    *,
    is_whole: bool,
    beside: Sequence[str],
    count: Count | None = None,
) -> None:
    """Ask arms round by round, from the second on those alone that have an open question.

    Args:
        jobs: What runs them.
        names: Of the arms to run; empty for all.
        look: Decides among these arms from the first items, so many.
        is_whole: As of `Jobs.run`.
        beside: Names of arms that ran before, and are asked more where a question between them and these is open.
        count: Where the run is among its jobs; its own by default.

    Raises:
        HarnessError: As `Jobs.run` does.
    """
    waiting = list(names) or [arm.name for arm in jobs.task.arms]
    judged = [*beside, *waiting]
    count = count or Count()
    has_dearer = count.may_grow
    ends = rounds(order_of(jobs.task))
    for limit in ends:
        count.may_grow = has_dearer or limit != ends[-1]
        # a fit that failed in this command's first round is not tried again in each of the others
        jobs.run(waiting, is_whole=is_whole, items=limit, retries=limit == ends[0], count=count)
        waiting = _waiting(judged, look(judged, limit))
        if not waiting:
            return


def _waiting(judged: Sequence[str], run: Run) -> list[str]:
    """Return the arms that are asked more: those with an open question, and those that more items may make valid."""
    is_open = {one.arm for one in run.decision.asked if one.is_open}
    if not is_final(run.decision.action, run.decision.goal):
        is_open |= {one.arm for one in run.evidence if one.status == "invalid"}
    return [name for name in judged if name in is_open]


def tell_saved(run: Run, log: Callable[[str], None]) -> None:
    """Say how many items were asked, and how many that saved."""
    told = run.decision.asked
    asked, total = sum(one.items for one in told), sum(one.of for one in told)
    if asked < total:
        log(f"--adaptive asked {asked} of {total} items of all arms, {share(1 - asked / total)} fewer")
