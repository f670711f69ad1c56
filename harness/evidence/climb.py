"""`compare --climb`: rung by rung, cheapest first, until one passes.

Where a prompt reaches the goal, or retrieval climbed and reaches it, rules (a) and (b) of `harness.decision.verdict`
look at no dearer arm. So what is left out changes neither the verdict nor its chance of error, but for two ways in
which a dearer arm acts on the figures of a cheaper one:

- Items that an arm loses to infrastructure errors are left out for every arm. Where dearer arms would lose some, a
  climb that stops before them decides on more items than a whole run does, so that the verdicts may differ; and where
  a rung that did not pass is followed by arms that lose some, it is tested again on the items that are left, which
  adds a little to the chance that it passes by luck.
- Where a judge gives the primary metric, the arms that were measured decide on what basis its errors are corrected
  (`harness.decision.judged`). Then nothing is left out.
"""

from collections.abc import Callable, Sequence

from harness.evidence.agenda import ToDo
from harness.evidence.fits import family_of
from harness.evidence.jobs import Count, Jobs
from harness.evidence.states import LEFT_OUT
from harness.records import TUNED, Decision, Family
from harness.task.task import ArmSpec, Task

RUNGS: tuple[frozenset[Family], ...] = (frozenset({"prompt"}), frozenset({"rag"}), TUNED)
RunRung = Callable[[Sequence[str], Sequence[str], Count], None]


def climb(jobs: Jobs, asked: Sequence[str], decide: Callable[[], Decision], run: RunRung | None = None) -> None:
    """Run the arms in `asked` (all, when it is empty) a rung after another; say what was saved where one passes.

    A rung that passed in an earlier run is enough, also where `asked` names none of its arms.

    Args:
        jobs: What runs them.
        asked: Names of arms.
        decide: Decides from what the ledger holds.
        run: Runs a rung, given its arms, those of the cheaper ones and the count of jobs; by default the first alone,
            on all items.

    Raises:
        HarnessError: As `Jobs.run` does, and if a benchmark that tuned arms need has a wrong name.
    """
    task = jobs.task
    if task.primary_metric in task.judges:
        jobs.watch.log(
            f"--climb leaves no arm out here: how the errors of {task.primary_metric} are corrected depends on the "
            "arms that are measured"
        )
        jobs.run(asked)
        return
    arms = [arm for arm in task.arms if not asked or arm.name in asked]
    _check_benchmarks(task, arms)
    rungs = [tuple(arm.name for arm in arms if family_of(arm) in families) for families in RUNGS]
    count = Count()
    for rung, names in enumerate(rungs):
        if not names:
            continue
        dearer = tuple(name for later in rungs[rung + 1 :] for name in later)
        if rung and passes(decision := decide(), rung):
            assert decision.arm is not None
            _leave_out(jobs, (*names, *dearer), decision.arm)
            return
        count.may_grow = bool(dearer)
        if run is None:
            jobs.run(names, is_whole=False, count=count)
        else:
            run(names, tuple(name for cheaper in rungs[:rung] for name in cheaper), count)


def passes(decision: Decision, rung: int) -> bool:
    """Whether an arm below this place in `RUNGS` passed, so that none from there on can change the verdict."""
    return (decision.action == "prompt" and rung > 0) or (
        decision.action == "rag" and decision.goal == "met" and rung > 1
    )


def _check_benchmarks(task: Task, arms: Sequence[ArmSpec]) -> None:
    """Find a wrong name now: the base's general ability, which finds it too, comes only with the first tuned arm."""
    if any(family_of(arm) in TUNED for arm in arms):
        from harness.general.benchmark_tasks import check_names

        check_names(task.general.tasks, task.general.include_path)


def _leave_out(jobs: Jobs, names: Sequence[str], passing: str) -> None:
    """Note of the fits that are still to do why they were not, and tell what that saves; a later run may do them."""
    jobs.watch.replanned((), (), may_grow=False)
    todo = ToDo(jobs.task, jobs.models, jobs.ledger, jobs.watch)
    left = [job for model in jobs.models for job in todo.of_model(model, names).first if job.fit]
    if not left:
        return
    for job in left:
        reason = f"{passing} reaches the goal, and --climb stops there; compare without --climb runs it"
        jobs.ledger.put_state(job.key, LEFT_OUT, reason)
    seconds = jobs.watch.forecast.expected([job.planned for job in left])
    # at most, as training may end early
    saved = "" if seconds is None else f", which saves at most about {max(1, round(seconds / 60))} min"
    jobs.watch.log(f"{passing} reaches the goal, so --climb leaves out {', '.join(job.key for job in left)}{saved}")
