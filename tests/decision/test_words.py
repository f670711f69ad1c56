import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from worlds import UNHARMED, evidence, general, right, settle

from harness.decision.bands import posterior
from harness.decision.intervals import wilson
from harness.decision.words import gain_range, join, points, share, share_beside, signed_points
from harness.records import Interval, Limits, Outcome

N = 200


def bands(count, n):
    return {band.name: band.probability for band in posterior(wilson(count, n), Limits())}


def test_bands_are_the_beta_posterior_from_a_uniform_prior():
    # 19 of 20 right: Beta(20, 2); P(rate > 0.90) = 0.6353 (20 and 2 are whole, so a binomial sum gives it:
    # P(at most 19 of 21 succeed at 0.9) = 1 - 21 * 0.1 * 0.9^20 - 0.9^21)
    found = bands(19, 20)
    above = 1 - 21 * 0.1 * 0.9**20 - 0.9**21
    assert found["promising"] + found["nearly_sure"] == pytest.approx(above)
    assert above == pytest.approx(0.635, abs=5e-4)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bands_cover_everything_once(case):
    assert sum(bands(*case).values()) == pytest.approx(1)


def test_grouped_items_make_the_posterior_wider():
    groups = {f"q{index}": f"g{index // 10}" for index in range(N)}
    arms = [evidence("few_shot", "prompt", right(170, N))]
    alone, grouped = settle(arms).rule, settle(arms, groups=groups).rule
    assert grouped.bands[2].probability > alone.bands[2].probability


@pytest.mark.parametrize(
    ("count", "words"),
    [(2, "at most 20.0%"), (100, "between 20.0% and 90.0%"), (190, "between 90.0% and 99.0%"), (200, "at least 99.0%")],
)
def test_rule_predicts_from_the_likeliest_band(count, words):
    assert settle([evidence("few_shot", "prompt", right(count, N))]).rule.predicts.startswith(words)


def test_bound_that_misses_the_goal_by_less_than_its_digits_is_written_out():
    # 35 of 35: the lower bound is 0.025^(1/35) = 0.89997
    decision = settle([evidence("few_shot", "prompt", right(35, 35)), evidence("zero_shot", "prompt", right(0, 35))])
    assert "lower bound 89.4% (98% one-sided) does not reach" in decision.reasons[0]  # 0.02^(1/35)
    alone = settle([evidence("few_shot", "prompt", right(35, 35))])
    assert "lower bound 89.997% does not reach the goal of 90.0%" in alone.reasons[0]
    assert (share_beside(0.9, 0.9), share_beside(0.875, 0.9)) == ("90.0%", "87.5%")


def test_rule_shows_what_was_measured_beside_it():
    arms = [evidence("few_shot", "prompt", right(2, N)), evidence("lora_sft", "tune", right(195, N), general=UNHARMED)]
    rule = settle(arms).rule
    assert "rethink" in rule.predicts
    assert "lora_sft 97.5%" in rule.measured


def test_run_without_prompts_has_no_rule_of_thumb():
    assert settle([evidence("rag", "rag", right(2, N))]).rule is None


def test_sentence_of_a_tuned_verdict_is_made_of_its_figures():
    arms = [
        evidence("few_shot", "prompt", right(60, N)),
        evidence("rag", "rag", right(73, N)),
        evidence("lora_sft", "tune", right(195, N), general=UNHARMED),
    ]
    decision = settle(arms)
    score, gain = decision.scores["lora_sft"], decision.rungs[2].comparisons[1].difference
    assert decision.sentence == (
        f"Fine-tune (lora_sft): 97.5% exact_match (95% CI {100 * score.low:.1f} to {100 * score.high:.1f}, n = 200), "
        "+61.0 points over the best simpler arm, rag "
        f"(95% CI {100 * gain.low:+.1f} to {100 * gain.high:+.1f}, n = 200); "
        f"the goal of 90.0% is met; general ability +0.0 points by the score "
        f"(95% one-sided at least {100 * decision.gates[0].pooled.low:+.1f} points, n = 750): "
        f"no forgetting beyond 3.0 points over all benchmarks."
    )


def test_one_seed_is_a_caveat_of_every_run_with_a_tuned_arm():
    tuned = evidence("lora_sft", "tune", right(195, N), general=UNHARMED)
    prompt = evidence("few_shot", "prompt", right(60, N))
    assert any("seed not measured" in caveat for caveat in settle([prompt, tuned]).caveats)
    assert not any("seed" in caveat for caveat in settle([prompt]).caveats)


def test_items_left_out_are_a_caveat_with_their_best_and_worst_case():
    # 100 right of 196 measured; the 4 left out could all be wrong (100 of 200) or all right (104 of 200)
    lost = {index: Outcome.TIMEOUT for index in range(4)}
    values = [0.0] * 4 + right(100, 196)
    caveats = settle([evidence("few_shot", "prompt", values, outcomes=lost)]).caveats
    assert any("4 of 200 items" in caveat and "between 50.0% and 52.0%" in caveat for caveat in caveats)


def test_few_test_items_are_a_caveat():
    assert any("20 test items are few" in c for c in settle([evidence("p", "prompt", right(10, 20))]).caveats)


def test_every_arm_is_compared_with_the_prompt_that_dev_named():
    arms = [
        evidence("zero_shot", "prompt", right(50, N), dev=0.2),
        evidence("few_shot", "prompt", right(60, N), dev=0.3),
        evidence("rag", "rag", right(73, N)),
    ]
    found = [(item.arm, item.against) for item in settle(arms).comparisons]
    assert found == [("zero_shot", "few_shot"), ("rag", "few_shot")]


def test_inconclusive_forgetting_of_a_losing_arm_is_a_caveat_too():
    few = general("tuned", {"csqa": right(28, 40)}, chance=0.2)
    arms = [evidence("p", "prompt", right(195, N)), evidence("t", "tune", right(100, N), general=few)]
    caveats = settle(arms, bases=[general("base", {"csqa": right(28, 40)}, chance=0.2)]).caveats
    assert any("forgetting not excluded" in caveat for caveat in caveats)


def test_figures_read_as_people_write_them():
    assert (share(0.9), share(0.975), share(-1e-9)) == ("90.0%", "97.5%", "0.0%")
    assert (points(0.03), points(0.01), points(0.025)) == ("3.0 points", "1.0 points", "2.5 points")
    assert (points(0.0001), points(0)) == ("0.01 points", "0.0 points")
    assert points(1.4e-16) == points(0)
    assert gain_range(Interval(0.61, 0.539, 0.68, 200, ""), "over rag") == (
        "+61.0 points over rag (95% CI +53.9 to +68.0, n = 200)"
    )
    assert (join([]), join(["a"]), join(["a", "b", "c"])) == ("", "a", "a, b and c")


def test_posterior_agrees_with_scipy_on_a_plain_rate():
    assert bands(30, 100)["rethink"] == pytest.approx(stats.beta.cdf(0.2, 31, 71))


def test_change_too_small_for_a_decimal_keeps_its_sign_and_the_digits_it_needs():
    assert [signed_points(size) for size in (0.61, -0.034, 0.0003, -0.0003)] == [
        "+61.0 points",
        "-3.4 points",
        "+0.03 points",
        "-0.03 points",
    ]
    assert [signed_points(size) for size in (0.0, -0.0, 1e-17, -1e-17)] == ["+0.0 points"] * 4
    bounds = Interval(estimate=0.0003, low=-0.0002, high=0.01, n=900, method="t")
    assert gain_range(bounds, "over rag") == "+0.03 points over rag (95% CI -0.02 to +1.0, n = 900)"
