"""Items asked in rounds: their order, the bounds of stopped arms, and the questions that are still open."""

import numpy as np
import pytest
from worlds import METRIC, UNHARMED, evidence, mean, right, settle

from harness.decision.asking import PART, Asking, first, in_order, of_whole, rounds
from harness.decision.intervals import exact
from harness.decision.paired import mean_difference
from harness.decision.power import gain_hurdle, items_needed
from harness.records import Limits, Outcome, Score

N = 240
ITEMS = [f"q{index}" for index in range(N)]
ADAPTIVE = Limits(is_adaptive=True)
ORDER = in_order(dict.fromkeys(ITEMS), 0)


def asked(arm, family, rate, count=N, **more):
    """An arm that was asked the first items in the order of asking."""
    return evidence(arm, family, spread(rate, count), items=list(first(ORDER, count)), **more)


def spread(rate, count):
    """So many answers, of which a share is right, evenly spread."""
    return [float(int((place + 1) * rate) > int(place * rate)) for place in range(count)]


def settled(arms, limits=ADAPTIVE, **more):
    return settle(arms, limits=limits, groups=dict.fromkeys(ITEMS), **more)


# ---- order and rounds -------------------------------------------------------------------------


def test_order_holds_every_item_once_and_keeps_groups_together():
    groups = {f"q{i}": f"g{i % 7}" if i % 3 else None for i in range(60)}
    order = in_order(groups, 5)
    assert sorted(item for cluster in order for item in cluster) == sorted(groups)
    for cluster in order:
        assert len({groups[item] for item in cluster}) == 1
        assert len(cluster) == 1 or groups[cluster[0]] is not None
    together = [cluster for cluster in order if groups[cluster[0]] == "g4"]
    assert len(together) == 1 and len(together[0]) == sum(group == "g4" for group in groups.values())


def test_order_is_the_seeds_and_not_the_files():
    groups = {f"q{i}": None for i in range(50)}
    backwards = dict(reversed(groups.items()))
    assert in_order(groups, 1) == in_order(backwards, 1) != in_order(groups, 2)
    assert in_order(groups, 1) != tuple((item,) for item in groups)


def test_order_does_not_depend_on_the_place_in_the_file():
    # were it not random, the first half would hold more or fewer early items than chance allows: 4 standard errors
    halves = [sum(int(item[1:]) < 500 for item in first(in_order({f"q{i}": None for i in range(1000)}, seed), 500))
              for seed in range(40)]  # fmt: skip
    assert abs(np.mean(halves) - 250) < 4 * np.sqrt(1000 / 4 / 4 / 40)


@pytest.mark.parametrize(
    ("items", "expected"),
    [(600, [100, 200, 300, 400, 500, 600]), (120, [30, 60, 90, 120]), (100, [30, 60, 100]), (59, [59]), (0, [0])],
)
def test_rounds_are_a_sixth_of_the_items_and_thirty_at_least(items, expected):
    assert rounds(in_order({f"q{i}": None for i in range(items)}, 0)) == expected


def test_rounds_end_with_a_group():
    order = in_order({f"q{i}": f"g{i // 7}" for i in range(210)}, 0)
    assert rounds(order) == [35, 70, 105, 140, 175, 210]  # 35 is a sixth, and five groups
    order = in_order({f"q{i}": f"g{i // 8}" for i in range(240)}, 0)
    assert rounds(order) == [40, 80, 120, 160, 200, 240]
    order = in_order({f"q{i}": f"g{i // 50}" for i in range(300)}, 0)
    assert rounds(order) == [50, 100, 150, 200, 250, 300]


# ---- bounds -----------------------------------------------------------------------------------


def test_arm_with_all_items_has_the_usual_interval_at_what_the_sequence_leaves():
    assert of_whole(0.025) == pytest.approx(0.02)
    score = settled([asked("p", "prompt", 0.5)]).scores["p"]
    usual = exact(120, N, 0.02)
    assert (score.low, score.high) == pytest.approx((usual.low, usual.high))
    assert (score.n, score.method) == (N, "Clopper-Pearson 96% and betting sequence 99%")


def test_gain_over_all_items_has_the_usual_interval_at_what_the_sequence_leaves():
    arms = [asked("p", "prompt", 0.5), asked("t", "tune", 0.55, general=UNHARMED)]
    [gain] = settled(arms).comparisons
    ours, theirs = ({s.example_id: s.value for s in arm.scores[METRIC]} for arm in arms)
    usual = mean_difference(np.array([theirs[item] - ours[item] for item in ITEMS]), is_rate=True).interval(0.02)
    assert (gain.difference.low, gain.difference.high) == pytest.approx((usual.low, usual.high))
    assert gain.honest is None


def test_stopped_arm_has_the_bounds_of_the_sequence_and_the_items_that_it_was_asked():
    score = settled([asked("p", "prompt", 0.5, 80), asked("t", "tune", 0.9, general=UNHARMED)]).scores["p"]
    usual = exact(40, 80)
    assert (score.estimate, score.n, score.method) == (0.5, 80, "betting sequence 99%")
    assert score.low < usual.low and score.high > usual.high


def test_pair_is_judged_on_the_items_that_both_were_asked():
    arms = [asked("p", "prompt", 0.2, 80), asked("t", "tune", 0.95, 160, general=UNHARMED)]
    [gain] = settled(arms).comparisons
    assert gain.difference.n == 80 and gain.difference.method == "betting sequence 99%" and gain.exceeds_gain


def test_what_was_shown_on_fewer_items_stays_shown_on_more():
    # 76 of the first 80 are right, and 128 of the 160 after them: alone, 204 of 240 show less than the first 80 did
    items = [item for cluster in ORDER for item in cluster]
    asking = Asking(ORDER, {"p": N})
    values = dict(zip(items, spread(0.95, 80) + spread(0.8, 160), strict=True))
    usual = exact(204, N, of_whole(0.025))
    early = asking.bounded(dict(list(values.items())[:80]), None, 0.0, 0.025)
    late = asking.bounded(values, usual, 0.0, 0.025)
    assert usual.low < early.low == pytest.approx(late.low, abs=1e-5)
    assert late.low < late.estimate < late.high


def test_groups_are_bet_on_whole():
    groups = {item: f"g{int(item[1:]) // 6}" for item in ITEMS}
    order = in_order(groups, 0)
    items = list(first(order, 120))
    values = {item: float(int(groups[item][1:]) % 2) for item in items}  # half of the groups are right, whole
    by_group = Asking(order, {"p": 120}).bounded(values, None, 0.0, 0.025)
    by_item = Asking(ORDER, {"p": 120}).bounded(values, None, 0.0, 0.025)
    assert by_group.low < by_item.low < by_item.high < by_group.high  # 20 groups say less than 120 items


# ---- the decision -----------------------------------------------------------------------------


def test_items_that_were_not_asked_are_not_lost():
    decision = settled([asked("p", "prompt", 0.2, 80), asked("t", "tune", 0.95, general=UNHARMED)])
    assert decision.error_bounds == () and decision.missing == () and decision.other_verdicts == ()
    assert not any("left out" in caveat or "are few" in caveat for caveat in decision.caveats)
    assert (decision.action, decision.arm) == ("fine_tune", "t")


def test_item_that_one_arm_lost_is_left_out_for_every_arm_that_was_asked_it():
    outcomes = dict.fromkeys((3, 150), Outcome.WORKER_ERROR)
    arms = [asked("p", "prompt", 0.2, 80), asked("t", "tune", 0.95, general=UNHARMED, outcomes=outcomes)]
    decision = settled(arms)
    assert {arm: score.n for arm, score in decision.scores.items()} == {"p": 79, "t": N - 2}
    assert "Clopper-Pearson" in decision.scores["t"].method  # it was asked all
    assert any("2 of 240 items are left out" in caveat for caveat in decision.caveats)
    assert decision.other_verdicts == ()


def test_arms_say_how_many_items_they_were_asked_and_what_is_settled():
    decision = settled([asked("p", "prompt", 0.2, 80), asked("t", "tune", 0.95, 160, general=UNHARMED)])
    prompt, tuned = decision.asked
    assert (prompt.arm, prompt.items, prompt.of, prompt.is_open) == ("p", 80, N, False)
    assert prompt.why == "it is below the goal, and t gains more than 2.0 points over it"
    assert (tuned.items, tuned.is_open, tuned.why) == (160, True, "")  # 95% of 160 are not shown to be above 90%


def test_question_between_two_arms_keeps_both():
    decision = settled([asked("p", "prompt", 0.5, 80), asked("t", "tune", 0.6, 80, general=UNHARMED)])
    assert [one.is_open for one in decision.asked] == [True, True]


def test_prompts_are_not_compared_with_each_other():
    decision = settled([asked("p", "prompt", 0.5, 80), asked("q", "prompt", 0.52, 80)])
    assert [one.is_open for one in decision.asked] == [False, False]  # both are below the goal


def test_gain_that_is_excluded_is_settled_too():
    decision = settled([asked("p", "prompt", 0.6, 120), asked("t", "tune", 0.3, 120, general=UNHARMED)])
    assert [one.is_open for one in decision.asked] == [False, False]
    assert decision.asked[1].why == "it is below the goal and does not gain 2.0 points over p"
    assert decision.asked[0].why == "it is below the goal, and t does not gain 2.0 points over it"


def test_nothing_is_open_once_a_prompt_reaches_the_goal():
    decision = settled([asked("p", "prompt", 1.0, 120), asked("t", "tune", 0.9, 120, general=UNHARMED)])
    assert decision.action == "prompt" and not any(one.is_open for one in decision.asked)
    assert {one.why for one in decision.asked} == {"p reaches the goal, which decides"}


def test_constant_answer_is_one_of_the_arms_to_beat():
    constant = [Score(item, float(place % 2)) for place, item in enumerate(ITEMS)]
    arms = [asked("p", "prompt", 0.05, 80), asked("t", "tune", 0.55, 80, general=UNHARMED)]
    assert [one.is_open for one in settled(arms).asked] == [False, False]
    assert [one.is_open for one in settled(arms, constant_scores=constant).asked] == [False, True]


def test_labels_needed_are_forecast_at_the_level_of_all_items():
    arms = [asked("p", "prompt", 0.7), asked("t", "tune", 0.78, general=UNHARMED)]
    decision = settled(arms)
    ours, theirs = (np.array([s.value for s in arm.scores[METRIC]]) for arm in arms)
    hurdle = gain_hurdle(theirs - ours, None, 0.02, of_whole(0.025))
    assert decision.action == "undecided" and decision.labels_needed == items_needed([hurdle], N)
    assert decision.labels_needed > settled(arms, Limits()).labels_needed


def test_whole_run_says_nothing_of_rounds():
    assert settled([asked("p", "prompt", 0.5)], Limits()).asked == ()


def test_items_that_are_not_the_first_ones_are_refused():
    with pytest.raises(ValueError, match="p: its 80 items are not the first that were to be asked"):
        settled([evidence("p", "prompt", right(40, 80), items=ITEMS[:80])])


def test_figure_that_is_no_mean_of_items_is_refused():
    with pytest.raises(ValueError, match="exact_match is not a mean of items"):
        settled([asked("p", "prompt", 0.5)], metric_kind="aggregate", aggregate=mean)


def test_chance_of_error_is_split_and_not_spent_twice():
    assert of_whole(0.025) + PART * 0.025 == pytest.approx(0.025)


def test_what_lies_below_an_arm_that_climbed_no_longer_asks_for_gains():
    # retrieval gains nothing over the prompt, which would stay open; tuning gains over both, and the goal is far
    arms = [
        asked("p", "prompt", 0.2, 80),
        asked("r", "rag", 0.2, 80),
        asked("t", "tune", 0.6, 80, general=UNHARMED),
        asked("u", "tune", 0.6, 80, general=UNHARMED, dev=0.4),
    ]
    decision = settled(arms)
    assert (decision.action, decision.arm) == ("fine_tune", "t")
    assert not any(one.is_open for one in decision.asked)
    assert decision.asked[1].why == "it is below the goal, and t gains more than 2.0 points over it"
    assert decision.asked[3].why == "t is recommended whatever its figure"
    assert [one.is_open for one in settled(arms[:2]).asked] == [True, True]


def test_retrieval_that_may_reach_the_goal_is_asked_on_below_an_arm_that_climbed():
    goal = Limits(goal=0.4, is_adaptive=True)
    arms = [asked("p", "prompt", 0.2, 80), asked("r", "rag", 0.3, 80), asked("t", "tune", 0.95, 80, general=UNHARMED)]
    decision = settled(arms, goal)
    assert (decision.action, decision.arm, decision.goal) == ("fine_tune", "t", "met")
    # were it shown to gain over the prompt and to reach the goal, the verdict would be RAG
    assert [one.is_open for one in decision.asked] == [True, True, False]


def test_rule_of_thumb_counts_the_items_of_a_stopped_arm_in_full():
    arms = [asked("p", "prompt", 0.5, 80)]
    whole = settle(arms, limits=Limits(), groups=dict.fromkeys(first(ORDER, 80)))
    assert settled(arms).rule.bands == whole.rule.bands
