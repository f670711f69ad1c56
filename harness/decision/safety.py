"""Proof of safety: every probe's one-sided bound inside its limit, on items where the base has something to lose."""

from dataclasses import replace

from harness.decision.forgetting import PairedBenchmarks
from harness.decision.measured import ASKED, PASS_TAIL, SIGHT, Basis, Measured, basis_of
from harness.decision.power import items_for_gain
from harness.decision.words import places_beside, points, share, share_beside, signed_points, signed_points_beside
from harness.records import Interval, Limits, Probe


def doubts(measured: Measured, limits: Limits, *, asks_off_task: bool) -> tuple[tuple[Probe, str], ...]:
    """Return what keeps the arm from a pass, probe by probe; empty when every bound is inside its limit."""
    found: list[tuple[Probe, str]] = [("benchmarks", text) for text in _benchmark_doubts(measured, limits)]
    loss = measured.texts.interval(PASS_TAIL)
    if loss is None:
        found.append(("texts", "the loss on general texts was not measured"))
    elif loss.high > limits.max_text_loss:
        found.append(("texts", f"{_text_words(loss, limits)}; a rise above {limits.max_text_loss:g} is not excluded"))
    for how, questions in measured.questions if asks_off_task else ():
        rate = questions.interval(PASS_TAIL)
        if rate is None and how == "alone":  # under the task's prompt they are asked where there is one
            found.append((how, "unrelated questions were not asked"))
        elif rate is not None and rate.high > limits.max_off_task:
            said = _off_task_words(rate, how, limits)
            found.append((how, f"{said}; more than {share(limits.max_off_task)} is not excluded"))
    return tuple(found)


def _benchmark_doubts(measured: Measured, limits: Limits) -> list[str]:
    basis = basis_of(measured.worst, limits)
    if basis is None:
        return [_blindness(measured.worst, limits)]
    bound = basis.interval(PASS_TAIL)
    if bound.low > -limits.max_drop:
        return _contradiction(measured.worst, bound, limits)
    doubts = [_benchmark_words(basis, limits), "forgetting not excluded"]
    if needed := items_needed(measured, limits):
        doubts[1] += f"; {needed} benchmark items would show it if the true change is the one seen"
    elif bound.estimate <= -limits.max_drop:
        doubts[1] += "; the change seen is at the limit, so more items alone will not show it"
    return doubts


def _contradiction(items: PairedBenchmarks, bound: Interval, limits: Limits) -> list[str]:
    """Say where the score itself fell beyond the limit, or below what the probability of right answers allows."""
    change = items.scores.change
    seen = change.interval(PASS_TAIL) if change else None
    if seen is None or (seen.estimate > -limits.max_drop and seen.high >= bound.low):
        return []
    return [
        f"the score itself changed by {signed_points(seen.estimate)} over {seen.n} benchmark items, which the "
        "probability of right answers does not show; forgetting not excluded"
    ]


def _blindness(items: PairedBenchmarks, limits: Limits) -> str:
    """Say why this base cannot show a loss on these items."""
    asked = f"at least {points(SIGHT * limits.max_drop)} above chance are asked for to see a loss of "
    asked += f"{points(limits.max_drop)}; name benchmarks that it can do (general.tasks)"
    if not items.judged:
        return f"cannot be judged on this base: it is not clearly above chance on any of the benchmarks; {asked}"
    surely = max(0.0, items.scores.surely_above_chance(PASS_TAIL))
    count = items.scores.base.size
    return f"cannot be judged on this base: it is shown {points(surely)} above chance on {count} items; {asked}"


def proofs(measured: Measured, limits: Limits) -> tuple[str, ...]:
    """Return what a pass rests on, probe by probe."""
    basis, loss = basis_of(measured.worst, limits), measured.texts.interval(PASS_TAIL)
    assert basis is not None and loss is not None  # a pass rests on both
    found = [_benchmark_words(basis, limits), _text_words(loss, limits)]
    for how, questions in measured.questions:
        if rate := questions.interval(PASS_TAIL):
            found.append(_off_task_words(rate, how, limits))
    return tuple(found)


def _benchmark_words(basis: Basis, limits: Limits) -> str:
    bound = basis.interval(PASS_TAIL)
    low = signed_points_beside(bound.low, -limits.max_drop)
    as_score = f" (in points of the score: times {basis.scale:.2f})" if basis.scale > 1.005 else ""
    return (
        f"over {bound.n} benchmark items {basis.name} changed by {signed_points(bound.estimate)}{as_score}, "
        f"at least {low} (95% one-sided); the limit is -{points(limits.max_drop)}"
    )


def _text_words(loss: Interval, limits: Limits) -> str:
    places = places_beside(loss.high, limits.max_text_loss, 3)
    return (
        f"the loss on {loss.n} general texts changed by {loss.estimate:+.3f} nats per token, "
        f"at most {loss.high:+.{places}f} (95% one-sided)"
    )


def _off_task_words(rate: Interval, how: Probe, limits: Limits) -> str:
    turned = f"{share(rate.estimate)} of {rate.n} unrelated questions {ASKED[how]} get an answer of the task"
    return f"{turned}, at most {share_beside(rate.high, limits.max_off_task)}"


def items_needed(measured: Measured, limits: Limits) -> int | None:
    """Forecast the items of all benchmarks that exclude forgetting; an observed gain counts as no change."""
    basis = basis_of(measured.worst, limits)
    if basis is None:
        return None
    bound = basis.interval(PASS_TAIL)
    if bound.low > -limits.max_drop:
        return None
    needed = items_for_gain(replace(bound, estimate=min(bound.estimate, 0.0)), -limits.max_drop, tail=PASS_TAIL)
    every = sum(item.scores.base.size for item in measured.worst.benchmarks)
    return None if needed is None else max(every + 1, -(-needed * every // bound.n))
