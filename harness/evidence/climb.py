"""`compare --climb`: rung by rung, cheapest first, until one passes.

Where a prompt reaches the goal, or retrieval climbed and reaches it, rules (a) and (b) of `harness.decision.verdict`
look at no dearer arm, so that what is left out changes neither the verdict nor its chance of error.
"""

from collections.abc import Callable, Sequence

from harness.decision.arms import TUNED
from harness.evidence.agenda import ToDo
from harness.evidence.fits import family_of
from harness.evidence.jobs import Jobs
from harness.evidence.states import ENDED, EndState
from harness.records import Decision, Family
from harness.store.files import encode

RUNGS: tuple[frozenset[Family], ...] = (frozenset({"prompt"}), frozenset({"rag"}), TUNED)
RunRung = Callable[[Sequence[str], Sequence[str]], None]


def climb(jobs: Jobs, asked: Sequence[str], decide: Callable[[], Decision], run: RunRung | None = None) -> None:
    """Run the arms in `asked` (all, when it is empty) a rung after another; say what was saved where one passes.

    Args:
        jobs: What runs them.
        asked: Names of arms.
        decide: Decides from what the ledger holds.
        run: Runs a rung, given its arms and those of the cheaper ones; by default the first alone, on all items.

    Raises:
        HarnessError: As `Jobs.run` does.
    """
    arms = [arm for arm in jobs.task.arms if not asked or arm.name in asked]
    rungs = [tuple(arm.name for arm in arms if family_of(arm) in families) for families in RUNGS]
    for place, names in enumerate(rungs):
        if not names:
            continue
        if run is None:
            jobs.run(names, is_whole=False)
        else:
            run(names, tuple(name for earlier in rungs[:place] for name in earlier))
        dearer = tuple(name for later in rungs[place + 1 :] for name in later)
        if dearer and passes(decision := decide()):
            assert decision.arm is not None
            _leave_out(jobs, dearer, decision.arm)
            return


def passes(decision: Decision) -> bool:
    """Whether no dearer arm can change a verdict."""
    return decision.action == "prompt" or (decision.action == "rag" and decision.goal == "met")


def _leave_out(jobs: Jobs, names: Sequence[str], passing: str) -> None:
    """Note of the fits that are still to do why they were not, and tell what that saves; a later run may do them."""
    todo = ToDo(jobs.task, jobs.models, jobs.ledger, jobs.watch)
    left = [job for model in jobs.models for job in todo.of_model(model, names).first if job.fit]
    if not left:
        return
    reason = f"{passing} reaches the goal, and --climb stops there; compare without --climb runs it"
    state = EndState("skipped", reason)
    for job in left:
        jobs.ledger.put_state(job.key, ENDED, encode(EndState, state))
    seconds = jobs.watch.forecast.expected([job.planned for job in left])
    saved = "" if seconds is None else f", which saves about {max(1, round(seconds / 60))} min"
    jobs.watch.log(f"{passing} reaches the goal, so --climb leaves out {', '.join(job.key for job in left)}{saved}")
