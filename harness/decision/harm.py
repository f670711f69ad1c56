"""Proof of harm: the tests by which tuned weights fail the gate, each at its share of the family error."""

from collections.abc import Mapping, Sequence

from harness.decision.forgetting import PairedBenchmarks
from harness.decision.measured import ASKED, Basis, Measured, basis_of
from harness.decision.paired import MeanDifference
from harness.decision.probes import TextChanges, TurnedQuestions
from harness.decision.words import points, share, signed_points
from harness.records import Interval, Limits, Probe

Found = tuple[Probe, str]  # what shows harm, and how


def failures(measured: Measured, limits: Limits, family_error: float) -> tuple[Mapping[str, str], tuple[Found, ...]]:
    """Make every test that the evidence allows, each at its share of the family error.

    Returns:
        Broken benchmarks with the reason of each, and everything that fails, these included.
    """
    items, basis = measured.best, basis_of(measured.best, limits)
    change, kept = items.scores.change, items.scores.kept(limits.keep) if items.judged else None
    # the pooled score, single benchmarks, the share kept, the measure that the claim rests on, texts, questions
    made = [change, change, kept, basis, measured.texts.interval(), *(q.interval() for _, q in measured.questions)]
    tail = family_error / max(1, sum(item is not None for item in made))
    broken = _broken_benchmarks(items, tail, limits)
    found: list[Found] = [("benchmarks", text) for text in _pooled_failures(change, basis, tail, limits)]
    found += [("one_benchmark", f"{task}: {why}") for task, why in broken.items()]
    found += [("kept", text) for text in _retention_failure(items, kept, tail, limits)]
    found += [("texts", text) for text in _text_failure(measured.texts, tail, limits)]
    for how, asked in measured.questions:
        found += [(how, text) for text in _off_task_failure(asked, ASKED[how], tail, limits)]
    return broken, tuple(found)


def _pooled_failures(change: MeanDifference | None, basis: Basis | None, tail: float, limits: Limits) -> list[str]:
    found = []
    measures = [("the score", change.interval(tail))] if change else []
    if basis is not None and basis.name != "the score":
        measures.insert(0, (basis.name, basis.interval(tail)))
    for name, bound in measures:
        if bound.high < -limits.max_drop:
            found.append(
                f"over {bound.n} benchmark items {name} changed by {signed_points(bound.estimate)}, at most "
                f"{signed_points(bound.high)}; the limit is -{points(limits.max_drop)}"
            )
    return found


def drops_beyond(items: PairedBenchmarks, size: float, level: float) -> dict[str, tuple[Interval, float]]:
    """Return the judged benchmarks shown to drop by more than `size`: the score's change, and its p-value, Holm's way.

    Args:
        items: What both weights answered.
        size: In [0, 1]; 0 is any drop.
        level: Chance that one is returned which did not drop by more.
    """
    judged = [item for item in items.benchmarks if item.task in items.judged]
    changes = [(item.task, change) for item in judged if (change := item.scores.change)]
    chances = [change.chance_below(-size) for _, change in changes]
    return {
        task: (change.interval(), chance)
        for (task, change), chance, is_beyond in zip(changes, chances, holm(chances, level), strict=True)
        if is_beyond
    }


def _broken_benchmarks(items: PairedBenchmarks, tail: float, limits: Limits) -> Mapping[str, str]:
    """Return the judged benchmarks shown to drop by more than the limit, and why."""
    return {
        task: f"{signed_points(change.estimate)} on {change.n} items; shown to be a drop of more than "
        f"{points(limits.max_drop)} (p={chance:.2g}, Holm)"
        for task, (change, chance) in drops_beyond(items, limits.max_drop, tail).items()
    }


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Say which p-values Holm's step-down procedure rejects at a family-wise level.

    statsmodels' `multipletests` does the same (a test compares them), but collects garbage on every call, which
    takes 50 to 300 ms. Source: Holm 1979, Scand. J. Statist. 6:65.
    """
    rejected = [False] * len(chances)
    for place, index in enumerate(sorted(range(len(chances)), key=lambda index: chances[index])):
        if chances[index] > level / (len(chances) - place):
            break
        rejected[index] = True
    return rejected


def _retention_failure(items: PairedBenchmarks, kept: MeanDifference | None, tail: float, limits: Limits) -> list[str]:
    if kept is None or kept.interval(tail).high >= 0:
        return []
    scores = items.scores
    ratio = float((scores.tuned - scores.chance).sum() / (scores.base - scores.chance).sum())
    return [
        f"{share(ratio)} of the base's ability above chance is kept, shown to be less than the "
        f"{share(limits.keep)} that are asked for"
    ]


def _text_failure(texts: TextChanges, tail: float, limits: Limits) -> list[str]:
    if not texts.is_finite:
        return ["the loss on general texts is not a finite number"]
    loss = texts.interval(tail)
    if loss is None or loss.low <= limits.max_text_loss:
        return []
    return [
        f"the loss on {loss.n} general texts rose by {loss.estimate:.3f} nats per token, at least "
        f"{loss.low:.3f}; the limit is {limits.max_text_loss:g}"
    ]


def _off_task_failure(questions: TurnedQuestions, how: str, tail: float, limits: Limits) -> list[str]:
    rate = questions.interval(tail)
    if rate is None or rate.low <= limits.max_off_task:
        return []
    return [
        f"{share(rate.estimate)} of {rate.n} unrelated questions {how} get an answer of the task, at least "
        f"{share(rate.low)}; the limit is {share(limits.max_off_task)}"
    ]
