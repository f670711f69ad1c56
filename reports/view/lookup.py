"""Questions that several sections ask of a run."""

from harness.records import Comparison, Evidence, Family, Gate, Interval, Run
from reports import numbers

ORDER: tuple[Family, ...] = ("prompt", "rag", "tune", "combine")  # cheapest first


def score_of(run: Run, arm: str) -> Interval | None:
    """Return the arm's primary figure, or None when it has none."""
    return run.decision.scores.get(arm)


def gate_of(run: Run, arm: str) -> Gate | None:
    """Return the arm's gate; arms whose weights did not change have none."""
    return next((gate for gate in run.decision.gates if gate.arm == arm), None)


def comparison_of(run: Run, arm: str) -> Comparison | None:
    """Return the arm against the best prompt on dev."""
    return next((found for found in run.decision.comparisons if found.arm == arm), None)


def evidence_of(run: Run, arm: str | None) -> Evidence | None:
    """Return the evidence of an arm."""
    return next((found for found in run.evidence if found.arm == arm), None)


def reference_prompt(run: Run) -> str | None:
    """Return the prompt arm that the others are compared with."""
    return next((found.against for found in run.decision.comparisons), None)


def is_tuned(evidence: Evidence) -> bool:
    """Whether the arm changes the model's weights."""
    return evidence.family in ("tune", "combine")


def items_words(run: Run) -> str:
    """Say on which test items arms were judged: 'on the same 190 of 200 test items'."""
    total = len(run.examples)
    if run.limits.is_adaptive:
        return f"on {numbers.plural(total, 'test item')} asked in rounds"
    judged = max((score.n for score in run.decision.scores.values()), default=total)
    of_all = "" if judged == total else f" of {numbers.count(total)}"
    return f"on the same {numbers.count(judged)}{of_all} test items"


def by_score(run: Run) -> list[Evidence]:
    """Return the arms that have a figure, highest first; ties keep the task's order."""
    scored = [evidence for evidence in run.evidence if score_of(run, evidence.arm)]
    return sorted(scored, key=lambda evidence: -run.decision.scores[evidence.arm].estimate)


def recommended(run: Run) -> str | None:
    """Return the arm that the run recommends; a smoke run recommends none."""
    return None if run.is_fast else run.decision.arm


def leading(run: Run) -> Evidence | None:
    """Return the recommended arm, or else the one with the highest figure; None where none is above zero."""
    chosen = evidence_of(run, recommended(run))
    scored = [evidence for evidence in by_score(run) if run.decision.scores[evidence.arm].estimate > 0]
    return chosen or (scored[0] if scored else None)


def cheaper_candidates(run: Run, family: Family) -> list[str]:
    """Return the arms that dev named on the rungs below a family."""
    below = ORDER[: ORDER.index(family)]
    return [rung.candidate for rung in run.decision.rungs if rung.family in below and rung.candidate]
