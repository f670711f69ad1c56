"""What retrieval lost is told as such: in the caveats, in the sentence and in the next step."""

from dataclasses import replace

import pytest
from worlds import UNHARMED, evidence, right, settle

from harness.decision.arms import Arm
from harness.decision.searches import lost_in_retrieval
from harness.records import AnswerRetrieval, Limits, Retrieval

N = 200
PROMPT = evidence("few_shot", "prompt", right(20, N))


def search(found, score_found, score_missed, n=N):
    share = found / n
    return AnswerRetrieval(2, n, share, share, share, found, score_found, score_missed)


def rag(count, answer_retrieval=None, retrieval=None):
    arm = evidence("rag", "rag", right(count, N))
    return replace(arm, answer_retrieval=answer_retrieval, retrieval=retrieval)


# 100 of 200 answers are wrong. Of 80 questions the passage was not shown, and 76 of these were answered wrongly:
# 76 of 100 wrong answers are retrieval's.
LOST = rag(100, search(120, 96 / 120, 4 / 80))
# The passage was missing 10 times, always with a wrong answer: 10 of 100.
SHOWN = rag(100, search(190, 100 / 190, 0.0))


@pytest.mark.parametrize(
    ("arm", "is_lost"),
    [
        (LOST, True),
        (SHOWN, False),
        (rag(100), False),
        (rag(100, search(N, 0.5, None)), False),
        (rag(198, search(198, 1.0, 0.0)), False),  # all that is lost, and less than the smallest gain
    ],
)
def test_loss_is_retrievals_where_most_of_it_came_without_the_passage(arm, is_lost):
    judged = Arm(arm, {score.example_id: score for score in arm.scores["exact_match"]})
    assert (lost_in_retrieval(judged, 0.02) is not None) is is_lost


def test_passages_known_for_few_questions_do_not_speak_for_the_others():
    # 5 of 5 known questions were asked without their passage, but 95 other answers are wrong too
    judged = rag(100, search(0, None, 0.0, n=5))
    assert lost_in_retrieval(Arm(judged, {s.example_id: s for s in judged.scores["exact_match"]}), 0.02) is None


def test_goal_that_rag_misses_for_its_search_is_for_the_search_to_close():
    decision = settle([PROMPT, LOST])
    assert decision.action == "rag"
    assert "which better retrieval would have to close first" in decision.sentence
    assert "more capable model" not in decision.sentence
    told = "the passage with the answer was not shown for 80 of 200 questions (5.0% on these, 80.0% on the others)"
    assert f"rag: {told}, so most of what it lost was lost in retrieval, not by the model" in decision.caveats
    assert f"lost in retrieval: {told}; try more passages" in decision.next_step


def test_goal_that_rag_misses_with_the_passages_shown_is_open_to_both():
    decision = settle([PROMPT, SHOWN])
    assert "which better retrieval or a more capable model would have to close" in decision.sentence
    assert not [caveat for caveat in decision.caveats if "retrieval" in caveat]
    assert "retrieval:" not in decision.next_step


def test_rethink_mends_retrieval_before_it_asks_for_another_model():
    arms = [evidence("few_shot", "prompt", right(10, N)), rag(12, search(15, 0.5, 4.5 / 185)),
            evidence("lora_sft", "tune", right(11, N), general=UNHARMED)]  # fmt: skip
    decision = settle(arms)
    assert decision.action == "rethink"
    assert decision.next_step.startswith(
        "Fix retrieval first: for rag, the passage with the answer was not shown for 185"
    )
    unknown = settle([arms[0], rag(12), arms[2]])
    assert "and whether the passages that they were given hold the right ones" in unknown.next_step


def test_tuned_winner_is_told_beside_what_retrieval_lost():
    decision = settle([PROMPT, LOST, evidence("lora_sft", "tune", right(195, N), general=UNHARMED)])
    assert decision.action == "fine_tune"
    assert any(caveat.startswith("rag: the passage with the answer was not shown") for caveat in decision.caveats)


def test_search_that_is_known_by_document_alone_leaves_open_whose_the_loss_is():
    by_document = Retrieval(2, N, 1.0, 1.0, 1.0)
    told = "rag: it is known which documents hold the answers and not which passages, so what it lost may be lost in"
    assert any(caveat.startswith(told) for caveat in settle([PROMPT, rag(100, retrieval=by_document)]).caveats)
    whole = settle([PROMPT, rag(N, retrieval=by_document)], limits=Limits())
    assert not [caveat for caveat in whole.caveats if "passages" in caveat]
