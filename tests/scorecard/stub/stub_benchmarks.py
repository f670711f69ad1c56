"""Benchmark items without lm-eval: each asks the engine for the likelihood of two options."""

from harness.records import BenchmarkItem

BATCH = 4


FIRST = {"gate": 0, "selection": 10_000}  # the two uses share no item


def benchmark_items(engine, weights, *, limit, use, advance, **_):
    found = []
    for first in range(FIRST[use], FIRST[use] + limit, BATCH):
        numbers = range(first, min(first + BATCH, FIRST[use] + limit))
        scored = engine.loglikelihood([(f"benchmark item {n} is", ["yes", "no"]) for n in numbers], weights)
        for number, (yes, no) in zip(numbers, scored, strict=True):
            found.append(BenchmarkItem("stub", str(number), float(yes.logprob > no.logprob), None, 0.5))
        advance(len(found), limit)
    return tuple(found)


def asked_items(*, limit, use, **_):
    return [f"benchmark item {number} is" for number in range(FIRST[use], FIRST[use] + limit)]
