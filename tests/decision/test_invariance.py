import dataclasses
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import BASE, HARMED, METRIC, UNHARMED, evidence, settle

from harness.records import Fit

N = 60
FAMILIES = ("prompt", "prompt", "rag", "tune", "combine")
NAMES = ("zero_shot", "few_shot", "rag", "lora_sft", "rag_lora_sft")

rates = st.tuples(*[st.floats(0.02, 0.99)] * len(FAMILIES))


def run(rates, seed):
    """Five arms with answers drawn at these rates; dev scores all differ, so that no tie needs the order."""
    source = random.Random(seed)
    return [
        evidence(
            name,
            family,
            [float(source.random() < rate) for _ in range(N)],
            dev=place / 10,
            general=(UNHARMED if seed % 3 else HARMED) if family in ("tune", "combine") else None,
        )
        for place, (name, family, rate) in enumerate(zip(NAMES, FAMILIES, rates, strict=True))
    ]


@settings(max_examples=40, deadline=None)
@given(rates, st.integers(0, 10_000))
def test_equal_evidence_gives_an_equal_decision(rates, seed):
    assert settle(run(rates, seed)) == settle(run(rates, seed))


@settings(max_examples=40, deadline=None)
@given(rates, st.integers(0, 10_000), st.permutations(range(len(FAMILIES))))
def test_order_of_the_arms_does_not_move_the_decision(rates, seed, order):
    arms = run(rates, seed)
    shuffled = settle([arms[index] for index in order])
    plain = settle(arms)
    assert (plain.action, plain.arm, plain.labels_needed) == (shuffled.action, shuffled.arm, shuffled.labels_needed)


@settings(max_examples=40, deadline=None)
@given(rates, st.integers(0, 10_000))
def test_order_of_the_items_does_not_move_the_decision(rates, seed):
    arms = run(rates, seed)
    turned = [
        dataclasses.replace(
            arm, predictions=arm.predictions[::-1], scores={METRIC: tuple(reversed(arm.scores[METRIC]))}
        )
        for arm in arms
    ]
    assert settle(turned).action == settle(arms).action
    assert settle(turned).labels_needed == settle(arms).labels_needed


@settings(max_examples=40, deadline=None)
@given(rates, st.integers(0, 10_000))
def test_names_of_arms_and_items_do_not_move_the_decision(rates, seed):
    arms = run(rates, seed)
    renamed = [
        dataclasses.replace(
            arm,
            fit=Fit(f"x{9 - index}"),
            predictions=tuple(dataclasses.replace(p, example_id=f"z{p.example_id}") for p in arm.predictions),
            scores={METRIC: tuple(dataclasses.replace(s, example_id=f"z{s.example_id}") for s in arm.scores[METRIC])},
        )
        for index, arm in enumerate(arms)
    ]
    first, second = settle(arms), settle(renamed)
    assert (first.action, first.goal, first.labels_needed) == (second.action, second.goal, second.labels_needed)


@settings(max_examples=60, deadline=None)
@given(rates, st.integers(0, 10_000))
def test_no_interval_of_a_decision_has_zero_width(rates, seed):
    decision = settle(run(rates, seed), bases=[BASE])
    found = [*decision.scores.values(), *(c.difference for c in decision.comparisons if c.difference)]
    found += [c.difference for rung in decision.rungs for c in rung.comparisons if c.difference]
    found += [part for gate in decision.gates for part in (gate.pooled, gate.retention) if part]
    assert all(interval.low < interval.high for interval in found)


@settings(max_examples=60, deadline=None)
@given(rates, st.integers(0, 10_000))
def test_recommended_arm_is_a_candidate_that_was_judged_to_climb_and_passes_its_gate(rates, seed):
    decision = settle(run(rates, seed))
    failed = {gate.arm for gate in decision.gates if gate.state == "fail"}
    if decision.arm is None:
        assert decision.action in ("rethink", "undecided")
    else:
        rung = next(found for found in decision.rungs if found.candidate == decision.arm)
        assert rung.climbed or rung.family == "prompt"
        assert decision.arm not in failed
