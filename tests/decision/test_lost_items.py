"""Items that ended in infrastructure errors: left out for every arm, bounded, and decided again."""

import dataclasses

import pytest
from worlds import METRIC, UNHARMED, absent, evidence, right, settle

from harness.metrics.macro import MacroF1
from harness.records import INFRASTRUCTURE, LabelledJudgement, Limits, Outcome, Score

N = 200
OWN = [Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.EMPTY, Outcome.REFUSED, Outcome.CONTEXT_OVERFLOW]


def lost(*indices):
    return dict.fromkeys(indices, Outcome.WORKER_ERROR)


@pytest.mark.parametrize("outcome", OWN)
def test_failures_of_the_model_itself_stay_in_its_figure(outcome):
    arm = evidence("p", "prompt", right(150, N), outcomes=dict.fromkeys(range(150, N), outcome))
    score = settle([arm]).scores["p"]
    assert (score.estimate, score.n) == (0.75, N)


@pytest.mark.parametrize("outcome", sorted(INFRASTRUCTURE))
def test_infrastructure_errors_are_never_wrong_answers(outcome):
    # the ten lost items hold a 0 that must not be read: 150 of 190
    arm = evidence("p", "prompt", right(150, N), outcomes=dict.fromkeys(range(190, N), outcome))
    score = settle([arm]).scores["p"]
    assert (score.estimate, score.n) == (150 / 190, 190)


def test_item_that_one_arm_lost_is_left_out_for_every_arm_and_every_pair():
    arms = [
        evidence("p", "prompt", right(100, N), outcomes=lost(0, 199)),
        evidence("r", "rag", right(120, N), outcomes=lost(1)),
        evidence("t", "tune", right(160, N), general=UNHARMED),
    ]
    decision = settle(arms)
    # items 0 and 1 were right in every arm, 199 wrong: 98, 118 and 158 of 197
    assert {name: (round(score.estimate * 197), score.n) for name, score in decision.scores.items()} == {
        "p": (98, 197), "r": (118, 197), "t": (158, 197),
    }  # fmt: skip
    pairs = [pair for rung in decision.rungs for pair in rung.comparisons] + list(decision.comparisons)
    assert len(pairs) > 3 and {pair.difference.n for pair in pairs} == {197}


def test_arm_that_loses_its_hard_items_does_not_climb_by_it():
    # Equal answers, 1,760 of 2,000 right, and the tuned arm loses 100 items that are wrong in both. On its own 1,900
    # items it has 92.6% (91.4 to 93.7) and reaches the goal, which the prompt's 88% (86.5 to 89.4) is below.
    prompt = evidence("p", "prompt", right(1760, 2000))
    tuned = evidence("t", "tune", right(1760, 2000), general=UNHARMED, outcomes=lost(*range(1900, 2000)))
    decision = settle([prompt, tuned])
    assert decision.arm != "t"
    assert decision.scores["p"] == decision.scores["t"]


def test_arm_with_too_many_errors_takes_no_item_from_the_others():
    others = [evidence("p", "prompt", right(60, N)), evidence("t", "tune", right(150, N), general=UNHARMED)]
    broken = evidence("q", "tune", right(150, N), general=UNHARMED, outcomes=lost(*range(11)))  # 5.5%
    failed = absent("q", "tune", "failed")
    with_broken, without = settle([*others, broken]), settle([*others, failed])
    assert (with_broken.arm, with_broken.scores, with_broken.rungs[2].comparisons) == (
        without.arm, without.scores, without.rungs[2].comparisons,
    )  # fmt: skip
    assert with_broken.scores["p"].n == N


@pytest.mark.parametrize(("each", "is_first"), [(2, False), (9, True)])
def test_items_lost_by_all_arms_together_are_the_first_caveat_above_the_rate_that_one_arm_may_lose(each, is_first):
    # 9 of 200 lost by each of four arms are 4.5% in each and 18% together; 2 are 4% together
    families = {"p": "prompt", "r": "rag", "t": "tune", "u": "tune"}
    arms = [
        evidence(
            name,
            family,
            right(20, N),
            general=UNHARMED if family == "tune" else None,
            undertrained=family == "tune",
            outcomes=lost(*range(100 + place * each, 100 + (place + 1) * each)),
        )
        for place, (name, family) in enumerate(families.items())
    ]
    first, *others = settle(arms).caveats
    words = f"{4 * each} of {N} items are left out for every arm"
    assert first.startswith(words) is is_first
    assert any(caveat.startswith(words) for caveat in others) is not is_first


def test_arms_that_share_no_item_are_not_judged():
    halves = [
        evidence("p", "prompt", right(3, 4), outcomes=lost(0, 1)),
        evidence("r", "rag", right(3, 4), outcomes=lost(2, 3)),
    ]
    decision = settle(halves, limits=Limits(max_error_rate=0.5))
    assert decision.sentence == "Undecided: no arm could be measured."
    assert "0 items measured in every arm" in decision.caveats[0]


@pytest.mark.parametrize(("kind", "each"), [("rate", 1.0), ("graded", 0.5)])
def test_worst_and_best_case_are_exact_for_rates_and_graded_scores(kind, each):
    # 100 items of 200 earn `each`; four that earned nothing were lost
    arm = evidence("p", "prompt", [each] * 100 + [0.0] * 100, outcomes=lost(196, 197, 198, 199))
    (bound,) = settle([arm], metric_kind=kind).error_bounds
    assert (bound.arm, bound.lost, bound.asked) == ("p", 4, N)
    assert (bound.worst, bound.best) == (each * 100 / N, (each * 100 + 4) / N)


def test_invalid_arm_is_bounded_too():
    broken = evidence("p", "prompt", right(100, N), outcomes=lost(*range(180, N)))
    (bound,) = settle([dataclasses.replace(broken, status="invalid", reason="too many errors")]).error_bounds
    assert (bound.worst, bound.best) == (0.5, 0.6)


def test_aggregate_metric_has_no_bounds_and_the_caveat_says_why():
    labels = [("a", "a"), ("b", "b"), ("a", "b"), ("b", "b")] * 50
    arm = evidence("p", "prompt", [float(p == e) for p, e in labels], outcomes=lost(0))
    scores = tuple(
        Score(score.example_id, score.value, *label) for score, label in zip(arm.scores[METRIC], labels, strict=True)
    )
    arm = dataclasses.replace(arm, scores={METRIC: scores})
    decision = settle([arm], metric_kind="aggregate", aggregate=MacroF1().aggregate)
    assert [(bound.worst, bound.best) for bound in decision.error_bounds] == [(None, None)]
    assert decision.other_verdicts is None
    assert any("1 of 200 items" in text and "not a mean of items" in text for text in decision.caveats)


def test_verdict_that_lost_items_could_turn_says_so_first():
    # 180 of 190 is 94.7% (90.6 to 97.1): the goal is met; with the ten lost ones wrong 180 of 200 is not
    decision = settle([evidence("p", "prompt", right(180, N), outcomes=lost(*range(190, N)))])
    assert (decision.action, decision.goal) == ("prompt", "met")
    assert decision.other_verdicts == ("undecided",)
    assert decision.caveats[0] == "items lost to infrastructure errors could turn the verdict into undecided"


def test_verdict_that_lost_items_cannot_turn_says_so():
    decision = settle([evidence("p", "prompt", right(199, N), outcomes=lost(199))])
    assert (decision.action, decision.other_verdicts) == ("prompt", ())
    assert any("the verdict is the same either way" in text for text in decision.caveats)


def test_run_without_lost_items_has_no_bounds_and_no_other_verdicts():
    decision = settle([evidence("p", "prompt", right(180, N))])
    assert (decision.error_bounds, decision.other_verdicts) == ((), ())


def test_lost_items_of_two_arms_are_set_against_each_other():
    # 100 and 122 of 200 in nested answers, 8 lost in each: counted the same in both, the gain stays near 11 points
    # (lower bound above 2); wrong in the tuned arm and right in the prompt it is (122 - 8 - 100) / 200 = 7 points or
    # less with losses on 8 items, which shows no gain.
    prompt = evidence("p", "prompt", right(100, N), outcomes=lost(*range(192, N)))
    tuned = evidence("t", "tune", right(122, N), general=UNHARMED, outcomes=lost(*range(184, 192)))
    decision = settle([prompt, tuned], limits=Limits(goal=0.6))
    assert decision.arm == "t"
    assert "undecided" in decision.other_verdicts
    alike = evidence("p", "prompt", right(100, N)), evidence("t", "tune", right(122, N), general=UNHARMED)
    assert settle(alike, limits=Limits(goal=0.6)).arm == "t"


def by_a_judge(name, family, values, *, outcomes, **more):
    """An arm that a judge scored; what was lost has no score."""
    arm = evidence(name, family, values, outcomes=outcomes, **more)
    kept = [one for place, one in enumerate(arm.scores[METRIC]) if place not in outcomes]
    return dataclasses.replace(arm, scores={METRIC: tuple(dataclasses.replace(one, parts=(1.0,)) for one in kept)})


def test_items_lost_under_a_judge_are_counted_in_the_other_verdicts():
    # A judge that people never contradict in 400 labels; 180 of the 190 answers that it judged are good. The bound
    # lies above the goal; with the ten lost ones wrong it is 190/200 of that, and below.
    labelled = [LabelledJudgement(f"d{n}", None, n % 2, n % 2) for n in range(400)]
    arm = by_a_judge("p", "prompt", right(180, N), outcomes=lost(*range(190, N)))
    decision = settle([arm], metric_kind="graded", limits=Limits(goal=0.88), labelled=labelled)
    assert decision.scores["p"].low > 0.88 > 0.95 * decision.scores["p"].low
    assert (decision.action, decision.goal) == ("prompt", "met")
    assert decision.other_verdicts == ("undecided",)
    two = [arm, by_a_judge("t", "tune", right(199, N), outcomes=lost(199), general=UNHARMED)]
    assert settle(two, metric_kind="graded", labelled=labelled).other_verdicts is not None


def test_bounds_of_lost_items_are_of_the_corrected_figure():
    """The judge calls half of the bad answers good, so that 190 of 190 called good 150 times are less than that.

    (150 / 190 - 0.5) / 0.5 = 0.579 of 190 are 110 good answers: between 110 / 200 and 120 / 200 with ten lost ones.
    """
    pairs = [(1.0, 1.0)] * 1000 + [(0.0, float(n % 2)) for n in range(1000)]
    labelled = [LabelledJudgement(f"d{n}", None, *pair) for n, pair in enumerate(pairs)]
    arm = by_a_judge("p", "prompt", right(150, N), outcomes=lost(*range(190, N)))
    (bound,) = settle([arm], metric_kind="graded", labelled=labelled).error_bounds
    assert bound.worst == pytest.approx(110 / N, abs=0.003) and bound.best == pytest.approx(120 / N, abs=0.003)
    (unknown,) = settle([arm], metric_kind="graded", labelled=labelled[:4]).error_bounds
    assert (unknown.worst, unknown.best) == (None, None)


def test_few_labels_is_the_reason_only_where_more_of_them_would_help():
    # 150 of 200 answers are called good, by a judge that 24 labels agree with. Were it right for sure, 75% at n = 200
    # would have a lower bound of 0.75 - 1.97 * sqrt(0.75 * 0.25 / 200) = 0.69, above the goal of 66%; its possible
    # errors take the bound below. A goal of 75% is at the figure: neither labels nor items change that.
    labelled = [LabelledJudgement(f"d{n}", None, n % 2, n % 2) for n in range(24)]
    arms = [
        by_a_judge("p", "prompt", right(150, N), outcomes={}),
        by_a_judge("t", "tune", right(150, N), outcomes={}, general=UNHARMED),
    ]

    low = settle(arms, metric_kind="graded", labelled=labelled).scores["p"].low
    assert low < 0.66

    silent = evidence("s", "prompt", [0.0] * N)  # never answers, so that it needs no judge
    scores = tuple(dataclasses.replace(one, parts=(0.0, 0.0)) for one in silent.scores[METRIC])
    silent = dataclasses.replace(silent, scores={METRIC: scores})

    def many(times):  # as many more labels of other items
        return [dataclasses.replace(one, item=f"{one.item} {n}") for one in labelled for n in range(times)]

    def why(goal, labels):
        decision = settle(arms, metric_kind="graded", limits=Limits(goal=goal), labelled=labels)
        assert decision.action == "undecided"
        return decision.undecided

    assert why(0.66, labelled) == "few_labels"
    assert why(0.75, labelled) == why(0.75, many(100)) == "margin"
    arms.append(silent)
    assert why(0.66, labelled[:4]) == "few_labels"  # nothing can be claimed of any arm


def judging(good, bad, answers=500):
    """Labels of so many good and bad answers each, of which a judge calls these shares good."""
    shares = ((1.0, good), (0.0, bad))
    return [
        LabelledJudgement(f"{label} {n}", None, label, float(n < share * answers))
        for label, share in shares
        for n in range(answers)
    ]


@pytest.mark.parametrize("called", range(290, 400, 2))
def test_arm_without_a_claim_is_never_recommended_nor_called_above_the_goal(called):
    # A judge that calls 70% of good answers good, and 30% of bad ones, cannot call more than 70% of 400 good.
    arms = [
        by_a_judge("a", "prompt", right(200, 400), outcomes={}),
        by_a_judge("b", "prompt", right(called, 400), outcomes={}),
        by_a_judge("t", "tune", right(called, 400), outcomes={}, general=UNHARMED),
    ]
    decision = settle(arms, metric_kind="graded", limits=Limits(goal=0.9), labelled=judging(0.7, 0.3))
    silent = {name for name, score in decision.scores.items() if score.is_uncorrected}
    assert ("b" in silent) is (called >= 304)  # (0.7 + 3 standard errors or so) of 400 can be chance
    assert decision.arm not in silent
    for pair in decision.pairs:
        assert pair.difference.is_uncorrected is bool({pair.arm, pair.against} & silent)
    assert not any(rung.at_goal and rung.candidate in silent for rung in decision.rungs)


def test_arms_without_a_claim_call_for_no_rethink():
    arms = [
        by_a_judge("a", "prompt", right(92, 400), outcomes={}),
        by_a_judge("t", "tune", right(92, 400), outcomes={}, general=UNHARMED),
    ]
    decision = settle(arms, metric_kind="graded", limits=Limits(goal=0.5), labelled=judging(0.7, 0.3))
    assert all(score.is_uncorrected for score in decision.scores.values())
    assert (decision.action, decision.goal, decision.rule) == ("undecided", "not_shown", None)


@pytest.mark.parametrize("called", [900, 920, 940])
def test_better_answers_do_not_turn_a_lack_of_labels_into_one_of_items(called):
    # 60 labels of a judge that is right in 90%: they, and not the 1,000 items, are what leaves the goal open
    arms = [
        by_a_judge("a", "prompt", right(called, 1000), outcomes={}),
        by_a_judge("t", "tune", right(called, 1000), outcomes={}, general=UNHARMED),
    ]
    decision = settle(arms, metric_kind="graded", limits=Limits(goal=0.95), labelled=judging(0.9, 0.1, 30))
    assert (decision.action, decision.undecided) == ("undecided", "few_labels")
