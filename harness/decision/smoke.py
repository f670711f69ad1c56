"""A smoke run has figures and no verdict: nothing is concluded from its few rows, in any report."""

from collections.abc import Sequence
from dataclasses import replace

from harness.records import Decision, Gate, Rung

NO_VERDICT = (
    "Smoke run: no verdict. It shows whether every arm works; do not decide on it, as its figures come from a few rows."
)
NEXT_STEP = "Run it again without --fast, and read that report."
_WHY = "a smoke run judges no rung"


def without_verdict(decision: Decision) -> Decision:
    """Keep the figures of a smoke run's decision, and drop every judgement that was made on them.

    Its action is 'undecided', as which scripts count it (docs/scripts.md).
    """
    return replace(
        decision,
        action="undecided",
        arm=None,
        goal="not_shown",
        sentence=NO_VERDICT,
        reasons=(),
        caveats=(),
        turning=0,
        next_step=NEXT_STEP,
        labels_needed=None,
        undecided="",
        rungs=tuple(map(_unjudged, decision.rungs)),
        rule=None,
        other_verdicts=(),
        missing=(),
        gates=_unclaimed(decision.gates),
    )


def _unjudged(rung: Rung) -> Rung:
    return replace(rung, at_goal=False, climbed=False, why=_WHY, comparisons=())


def _unclaimed(gates: Sequence[Gate]) -> tuple[Gate, ...]:
    """Claim nothing of forgetting beyond that it is not excluded, where it was measured."""
    nothing: tuple[()] = ()
    return tuple(
        replace(
            gate,
            state="not_measured" if gate.state == "not_measured" else "inconclusive",
            reasons=nothing,
            warnings=nothing,
            failed=nothing,
            doubted=nothing,
            items_needed=None,
        )
        for gate in gates
    )
