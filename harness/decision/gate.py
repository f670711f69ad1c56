"""The forgetting gate: did tuning keep the model's general ability?

FAIL needs proof that something broke; the chance of failing an arm that lost nothing (5%, 1% in `regress`) is split
evenly over the tests that could be made. PASS needs proof that nothing did: every probe's one-sided 95% bound inside
its limit, on benchmarks where the base has something to lose. Requiring all of them is an intersection-union test
(Berger 1982, Technometrics 24:295), so none needs a correction. CANNOT JUDGE: this base is too near chance on these
items, and more of them would not help. INCONCLUSIVE is everything between.

The benchmark claim rests on the probability that the right answer is given, where every item has one: it moves with
every item and not only where an answer flips, so that it sees the same loss on a third of the items
(docs/measurements.md has both on real adapters). A probability is the score with its ties blurred: where margins are
wide, a shift changes both alike. Where they are not, the probability understates the loss, so the change is scaled by
how far the base lies above chance in the two measures: a loss of all ability counts in full.
"""

from collections.abc import Collection, Sequence

from harness.decision.arms import Arm
from harness.decision.harm import drops_beyond, failures
from harness.decision.measured import PASS_TAIL, Measured, basis_of
from harness.decision.paired import MeanDifference
from harness.decision.safety import doubts, items_needed, proofs
from harness.decision.words import points, signed_points
from harness.records import Gate, GateState, GeneralAbility, Interval, Limits

FAMILY_ERROR = 0.05  # chance that an arm that lost nothing fails
WARN_TEXT_LOSS = 0.10  # nats per token: 44% of 63 public adapters of one 3B model exceed it, the most accurate one too


def judge(arm: Arm, bases: Sequence[GeneralAbility], limits: Limits) -> Gate:
    """Judge one tuned arm against its reference weights.

    The reference is the base in the arm's own quantisation, so that what quantising cost is not blamed on
    tuning.

    Raises:
        ValueError: If a text has another length for the two.
    """
    tuned, wanted = arm.evidence.general, arm.evidence.reference
    base = next((item for item in bases if item.weights == wanted), None)
    if tuned is None or base is None:
        missing = "the tuned weights" if tuned is None else f"the reference '{wanted}'"
        return _not_measured(arm.name, f"general ability of {missing} was not measured", limits)
    return judge_abilities(arm.name, base, tuned, limits)


def judge_abilities(
    name: str,
    base: GeneralAbility,
    tuned: GeneralAbility,
    limits: Limits,
    *,
    family_error: float = FAMILY_ERROR,
    asks_off_task: bool = True,
) -> Gate:
    """Judge tuned weights against a base's by what both did on the same items.

    Args:
        name: What the gate calls the tuned weights.
        base: The reference.
        tuned: The weights that are judged.
        limits: The thresholds set before the run.
        family_error: Chance that weights which lost nothing fail.
        asks_off_task: Whether a pass needs the unrelated questions; without a task there is nothing to look for.

    Raises:
        ValueError: If a text has another length for the two.
    """
    measured = Measured.of(base, tuned)
    broken, harm = failures(measured, limits, family_error)
    if not harm and not measured.seen.benchmarks:
        return _not_measured(name, f"no benchmark item was answered by both it and '{base.weights}'", limits)
    doubt = () if harm else doubts(measured, limits, asks_off_task=asks_off_task)
    state: GateState = "fail" if harm else "inconclusive" if doubt else "pass"
    basis = basis_of(measured.worst, limits)
    if state == "inconclusive" and basis is None:
        state = "cannot_judge"
    moved = measured.seen.probabilities
    return Gate(
        arm=name,
        state=state,
        reasons=(tuple(text for _, text in harm or doubt) or proofs(measured, limits)) + _left_out(measured),
        pooled=_interval(measured.seen.scores.change, PASS_TAIL),
        probability_change=_interval(moved.change, PASS_TAIL) if moved else None,
        retention=measured.seen.retention(),
        tasks=tuple(item.describe(broken.get(item.task, "")) for item in measured.seen.benchmarks),
        text_loss_change=measured.texts.interval(),
        off_task_rate=measured.alone.interval(),
        prompted_off_task_rate=measured.prompted.interval(),
        items_needed=items_needed(measured, limits) if state == "inconclusive" else None,
        warnings=_warnings(measured, limits, broken),
        blocks=limits.deployment == "shared",
        basis=basis.name if basis else "",
        change=basis.interval(PASS_TAIL) if basis else None,
        failed=tuple(dict.fromkeys(probe for probe, _ in harm)),
        doubted=tuple(dict.fromkeys(probe for probe, _ in doubt)),
    )


def _warnings(measured: Measured, limits: Limits, broken: Collection[str]) -> tuple[str, ...]:
    """Say what stays inside the rules and should be looked at all the same."""
    found = []
    loss = measured.texts.interval()
    if loss is not None and WARN_TEXT_LOSS < loss.estimate and loss.low <= limits.max_text_loss:
        found.append(f"the loss on general texts rose by {loss.estimate:.3f} nats per token, above {WARN_TEXT_LOSS:g}")
    for task, (change, chance) in drops_beyond(measured.best, 0.0, FAMILY_ERROR).items():
        if change.estimate < -limits.max_drop and task not in broken:
            found.append(
                f"{task} alone changed by {signed_points(change.estimate)} on {change.n} items, which is shown to be a "
                f"drop (p={chance:.2g}, Holm); that it is one of more than {points(limits.max_drop)} is not shown"
            )
    return tuple(found)


def _left_out(measured: Measured) -> tuple[str, ...]:
    seen, notes = measured.seen, []
    if seen.incomplete:
        notes.append(
            f"{seen.incomplete} benchmark items were answered by only one of the two; they count at their worst for "
            "a pass and at their best for a failure"
        )
    if seen.unanswered:
        notes.append(f"{seen.unanswered} benchmark items were answered by neither and are left out")
    if seen.unscaled:
        notes.append(f"{', '.join(seen.unscaled)}: scores outside [0, 1] cannot be bounded and are left out")
    apart = [item.task for item in seen.benchmarks if item.task not in seen.judged]
    if apart and seen.judged:
        notes.append(f"{', '.join(apart)}: the base is not clearly above chance there, so the gate leaves them out")
    return tuple(notes)


def _interval(change: MeanDifference | None, tail: float) -> Interval | None:
    return change.interval(tail) if change else None


def _not_measured(name: str, why: str, limits: Limits) -> Gate:
    nothing = (None,) * 3
    is_blocking = limits.deployment == "shared"
    return Gate(name, "not_measured", (why,), *nothing, (), *nothing, None, (), is_blocking)
