"""Slices group the items by what they have in common, and compare two arms on each."""

from dataclasses import replace
from math import nan

from pytest import approx

from harness.decision.arms import Arm, MetricSpec
from harness.decision.judge_errors import Correction
from harness.decision.slices import FEWEST_ITEMS, memberships, slice_gains
from harness.records import FEWEST_LABELS, Column, Evidence, Example, Fit, LabelledJudgement, Message, Score

SPEC = MetricSpec("exact_match", "rate", lambda scores: sum(s.value for s in scores) / len(scores), {})


def example(index, **more):
    region = Column("region", "north" if index % 2 else "south")
    return Example(f"i{index}", (Message("user", "x" * (1 + index)),), f"label {index % 3}", columns=(region,), **more)


def arm(name, right):
    return Arm(Evidence(Fit(name), name, "prompt", "ok"), {item: Score(item, float(ok)) for item, ok in right.items()})


def test_items_are_grouped_by_label_length_document_group_and_columns():
    rows = [example(i, group=f"g{i % 4}", evidence=(f"d{i % 5}",)) for i in range(30)]
    found = memberships(rows)
    assert list(found) == ["label", "length of the question", "group", "source document", "column region"]
    # thirds of 30 questions of 1 to 30 characters begin at 11 and at 21
    assert sorted(set(found["length of the question"].values())) == [
        "long, from 21 characters", "middle, 11 to 20", "short, under 11 characters",
    ]  # fmt: skip


def test_answers_that_are_nearly_all_different_group_nothing():
    rows = [Example(f"i{i}", (Message("user", "q"),), f"answer {i}") for i in range(30)]
    assert memberships(rows) == {}


def test_gain_on_a_slice_is_that_of_its_own_items():
    rows = [example(i) for i in range(20)]
    # the lead is right everywhere; the prompt only in the north, which is every second item
    lead = arm("lead", {row.id: True for row in rows})
    prompt = arm("prompt", {row.id: index % 2 == 1 for index, row in enumerate(rows)})
    slices = {found.value: found for found in slice_gains(rows, lead, prompt, SPEC)}
    assert (slices["north"].gain.difference.estimate, slices["south"].gain.difference.estimate) == (0.0, 1.0)
    assert (slices["south"].gain.wins, slices["south"].n) == (10, 10)


def test_slice_of_few_items_has_figures_and_no_gain():
    rows = [example(i) for i in range(FEWEST_ITEMS * 3 - 1)]
    lead = arm("lead", {row.id: True for row in rows})
    small = [found for found in slice_gains(rows, lead, lead, SPEC) if found.n < FEWEST_ITEMS]
    assert small and all(found.gain is None and found.figure == 1.0 for found in small)


def test_figures_of_a_slice_are_corrected_for_the_errors_of_a_judge():
    """It calls nine of ten good answers good and two of ten bad ones: 0.9 of a slice means that all of it are good."""
    rows = [example(i) for i in range(400)]
    pairs = [(1.0, float(n % 10 < 9)) for n in range(2000)] + [(0.0, float(n % 10 < 2)) for n in range(2000)]
    sample = tuple(LabelledJudgement(f"d{n}", None, *pair) for n, pair in enumerate(pairs))
    spec = replace(SPEC, kind="graded", correction=Correction("transferred", sample))

    def judged(name, right):
        said = arm(name, right)
        return replace(said, scores={item: replace(one, parts=(1.0,)) for item, one in said.scores.items()})

    lead = judged("lead", {row.id: index // 2 % 10 < 9 for index, row in enumerate(rows)})
    prompt = judged("prompt", {row.id: index // 2 % 10 < 2 for index, row in enumerate(rows)})
    slices = {found.value: found for found in slice_gains(rows, lead, prompt, spec)}
    assert slices["north"].figure == approx(1.0, abs=0.01) and slices["north"].against == approx(0.0, abs=0.01)
    unlabelled = replace(spec, correction=Correction("none"))
    assert {found.figure for found in slice_gains(rows, lead, prompt, unlabelled)} == {None}


def test_figure_of_a_slice_rests_on_no_fewer_own_labels_than_say_anything_of_a_judge():
    rows = [example(i) for i in range(40)]
    spec = replace(SPEC, kind="graded", correction=Correction("own"))

    def figure(labels):
        said = arm("lead", {row.id: True for row in rows})
        north = [row.id for row in rows[1::2]]
        known = {item: (1.0, 1.0) for item in north[:labels]}
        scores = {item: replace(one, parts=known.get(item, (1.0, nan))) for item, one in said.scores.items()}
        lead = replace(said, scores=scores)
        return {found.value: found for found in slice_gains(rows, lead, lead, spec)}["north"].figure

    assert figure(FEWEST_LABELS - 1) is None
    assert figure(FEWEST_LABELS) == approx(1.0)
