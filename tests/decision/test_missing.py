"""Arms without a figure: why, what that means for the verdict, and which caveat comes first."""

import pytest
from worlds import HARMED, UNHARMED, absent, evidence, right, settle

N = 200
WEAK = evidence("few_shot", "prompt", right(60, N))
WEAK_RAG = evidence("rag", "rag", right(60, N))
TUNED = evidence("lora_sft", "tune", right(195, N), general=UNHARMED)


def test_failed_arm_that_alone_stood_for_tuning_leaves_tuning_unknown():
    decision = settle([evidence("few_shot", "prompt", right(170, N)), absent("lora_dpo", "tune", "failed")])
    assert decision.action == "undecided"
    assert decision.caveats[0] == (
        "lora_dpo failed: out of memory; whether tuning would have reached the goal is not known"
    )
    assert decision.missing[0].matters


def test_failed_arm_beside_another_of_its_kind_speaks_for_itself_alone():
    arms = [WEAK, evidence("lora_sft", "tune", right(100, N), general=UNHARMED), absent("lora_dpo", "tune", "failed")]
    assert settle(arms).missing[0].meaning == "whether it would have reached the goal is not known"


def test_missing_simpler_arm_says_whose_gain_is_not_known():
    decision = settle([WEAK, absent("rag", "rag", "failed"), TUNED])
    assert decision.caveats[0] == "rag failed: out of memory; the gain of lora_sft over it is not known"


def test_missing_parent_says_which_arm_cannot_be_compared():
    combined = evidence("rag_lora_sft", "combine", right(195, N), general=UNHARMED)
    found = settle([WEAK, absent("rag", "rag", "skipped", "no index"), TUNED, combined]).missing
    assert [(gone.meaning, gone.matters) for gone in found] == [("the gain of rag_lora_sft over it is not known", True)]


def test_arm_beside_a_tuned_one_at_the_goal_might_have_done_better():
    decision = settle([WEAK, TUNED, absent("lora_dpo", "tune", "failed")])
    assert decision.arm == "lora_sft"
    assert decision.missing[0].meaning == "whether it does better than lora_sft is not known"


@pytest.mark.parametrize("status", ["failed", "skipped", "invalid", "unfinished"])
def test_no_missing_arm_matters_when_a_prompt_reaches_the_goal(status):
    arms = [evidence("few_shot", "prompt", right(195, N)), absent("lora_sft", "tune", status), WEAK_RAG]
    decision = settle(arms)
    assert (decision.arm, decision.missing[0].matters) == ("few_shot", False)
    assert decision.caveats[-1].endswith("; few_shot reaches the goal without it")


def test_skipped_arm_is_not_the_first_caveat_of_a_verdict_that_does_not_turn_on_it():
    harmed = evidence("lora_sft", "tune", right(195, N), general=HARMED)
    skipped = absent("rag_lora_sft", "combine", "skipped", "no documents")
    decision = settle([WEAK, WEAK_RAG, harmed, skipped])
    assert decision.action == "undecided"
    assert decision.caveats[-1] == "rag_lora_sft was skipped: no documents; the others are judged without it"
    assert len(decision.caveats) > 1


def test_missing_arms_that_matter_come_first():
    near = evidence("few_shot", "prompt", right(180, N))  # 85.1 to 93.4: neither at the goal nor below it
    arms = [near, absent("rag", "rag", "skipped"), absent("lora_sft", "tune", "failed")]
    assert [gone.arm for gone in settle(arms).missing] == ["lora_sft", "rag"]


def test_skipped_arm_matters_when_everything_else_is_hopeless():
    low = [evidence("few_shot", "prompt", right(50, N)), evidence("rag", "rag", right(52, N))]
    decision = settle([*low, absent("lora_sft", "tune", "skipped", "the engine cannot train")])
    assert decision.missing[0].meaning == "whether tuning would have reached the goal is not known"
    assert decision.missing[0].matters


def test_unfinished_arm_blocks_a_climb_past_it():
    decision = settle([WEAK, absent("rag", "rag", "unfinished", "not run yet"), TUNED])
    assert decision.action == "undecided"
    assert any("over every simpler arm that was measured, but rag is unfinished" in why for why in decision.reasons)
    assert "rag is unfinished: not run yet, so the gain over it is not known" in decision.sentence


def test_unfinished_arm_of_a_higher_rung_does_not_block():
    good = evidence("rag", "rag", right(192, N))
    assert settle([WEAK, good, absent("lora_sft", "tune", "unfinished", "not run yet")]).action == "rag"


def test_undecided_run_with_missing_arms_is_told_to_run_them():
    equal = [evidence("few_shot", "prompt", right(180, N)), evidence("rag", "rag", right(180, N))]
    decision = settle([*equal, absent("lora_sft", "tune", "failed")])
    assert (decision.action, decision.labels_needed) == ("undecided", None)
    assert decision.next_step == "Run the missing arms again, or take them out of the task file."
