"""What wrong answers that hold the right value do to the words of a verdict; its figures never change."""

from dataclasses import replace

import pytest
from pytest import approx
from worlds import UNHARMED, evidence, right, settle

N = 200
PROMPT = evidence("few_shot", "prompt", right(50, N))
TUNED = evidence("lora_sft", "tune", right(190, N), general=UNHARMED)


def spelt(arm, count: int):
    """Let the last `count` answers, which are wrong, hold the right value."""
    return replace(arm, form_misses=tuple(f"q{N - 1 - n}" for n in range(count)))


def misses_of(decision, arm: str):
    return next(found for found in decision.form_misses if found.arm == arm)


def test_misses_are_counted_with_the_score_they_would_give():
    decision = settle([spelt(PROMPT, 30), TUNED])
    found = misses_of(decision, "few_shot")
    assert (found.count, found.wrong, found.n) == (30, N - 50, N)
    assert (found.figure, found.with_them) == (approx(50 / N), approx(80 / N))
    assert misses_of(decision, "lora_sft").count == 0


def test_verdict_and_figures_stay_and_the_words_say_how_much_of_the_gain_is_form():
    plain, told = settle([PROMPT, TUNED]), settle([spelt(PROMPT, 30), TUNED])
    assert (told.action, told.arm, told.scores) == (plain.action, plain.arm, plain.scores)
    # 190 - 50 = 140 of 200 are 70 points; 30 of 200 are 15 of them
    assert any("of its +70.0 points over few_shot, 15.0 points are the form" in reason for reason in told.reasons)
    assert any("it gains +55.0 points" in reason for reason in told.reasons)
    [form] = [
        text for text in told.caveats if text.startswith("30 of few_shot's 150 wrong answers hold the right value")
    ]
    assert "instead of 25.0%" in form and "have 40.0%" in form
    assert told.next_step == plain.next_step


def test_a_few_are_not_worth_a_word():
    # under 5% of 200 items
    plain, told = settle([PROMPT, TUNED]), settle([spelt(PROMPT, 9), TUNED])
    assert (told.reasons, told.caveats, told.next_step) == (plain.reasons, plain.caveats, plain.next_step)
    assert settle([spelt(PROMPT, 10), TUNED]).caveats != plain.caveats


@pytest.mark.parametrize(("count", "could_turn"), [(30, False), (130, True)])  # 80 and 180 of 200; the goal is 180
def test_form_counts_among_what_could_overturn_the_verdict_where_it_reaches_the_goal(count, could_turn):
    told = settle([spelt(PROMPT, count), TUNED])
    forms = [text.startswith(f"{count} of few_shot's") for text in told.caveats]
    assert forms.index(True) < told.turning if could_turn else forms.index(True) >= told.turning


def test_form_of_a_prompt_that_stays_behind_a_prompt_at_the_goal_overturns_nothing():
    best = evidence("few_shot", "prompt", right(190, N))
    other = spelt(evidence("zero_shot", "prompt", right(50, N)), 130)  # 180 of 200 reach the goal, and 190 are more
    told = settle([best, other])
    assert told.arm == "few_shot"
    assert not any(text.startswith("130 of zero_shot's") for text in told.caveats[: told.turning])


def test_form_that_keeps_a_prompt_from_the_goal_comes_before_anything_else():
    told = settle([spelt(PROMPT, 130), TUNED])  # 180 of 200 is the goal of 90%
    assert told.action == "fine_tune"
    assert told.next_step.startswith("The form is at fault before the model is (130 of few_shot's 150 wrong answers")
    assert settle([spelt(PROMPT, 129), TUNED]).next_step == settle([PROMPT, TUNED]).next_step


def test_form_of_a_prompt_that_stays_behind_one_with_the_goal_is_no_first_step():
    few = 26  # items: too few to show that the goal is met
    best, other = (evidence(name, "prompt", right(count, few)) for name, count in (("few_shot", 26), ("zero_shot", 0)))
    spelt_otherwise = replace(other, form_misses=tuple(f"q{n}" for n in range(few)))
    plain, told = settle([best, other]), settle([best, spelt_otherwise])
    assert (plain.action, told.action) == ("undecided", "undecided")
    assert told.next_step == plain.next_step


def test_no_task_is_called_hopeless_without_saying_that_form_buries_an_arm():
    low = evidence("lora_sft", "tune", right(52, N), general=UNHARMED)
    plain, told = settle([PROMPT, low]), settle([spelt(PROMPT, 20), low])  # 10 points
    assert (plain.action, told.action) == ("rethink", "rethink")
    assert told.next_step.startswith("The form is at fault") and told.next_step.endswith(plain.next_step)


def test_figure_that_is_no_mean_of_items_is_counted_and_not_recomputed():
    told = settle([spelt(PROMPT, 30), TUNED], metric_kind="aggregate")
    found = misses_of(told, "few_shot")
    assert (found.count, found.figure, found.with_them) == (30, None, None)
    assert told.caveats[0] == "30 of few_shot's 150 wrong answers hold the right value in another form"


def test_items_that_are_left_out_for_every_arm_do_not_count():
    shorter = evidence("rag", "rag", right(50, N)[:150])
    found = misses_of(settle([spelt(PROMPT, 80), shorter]), "few_shot")
    assert (found.n, found.count) == (150, 30)  # of the 80 last of 200 items, 50 were not asked of both
