from math import log2

import pytest
from pytest import approx

from harness.metrics.retrieval import retrieval_quality


def test_figures_match_hand_work():
    ranked = {
        "q1": [("d1#1", "d1"), ("d2#1", "d2"), ("d3#4", "d3")],  # finds d2 at place 2, d3#4 at place 3
        "q2": [("d5#1", "d5"), ("d6#1", "d6"), ("d7#1", "d7")],  # finds nothing
    }
    found = retrieval_quality(ranked, {"q1": {"d2", "d3#4"}, "q2": {"d9"}})
    ideal = 1 / log2(2) + 1 / log2(3)
    gained = 1 / log2(3) + 1 / log2(4)
    assert (found.k, found.n) == (3, 2)
    assert found.recall == approx((2 / 2 + 0) / 2)
    assert found.mrr == approx((1 / 2 + 0) / 2)
    assert found.ndcg == approx((gained / ideal + 0) / 2)


def test_several_passages_of_one_relevant_document_count_once():
    ranked = {"q": [("d1#1", "d1"), ("d1#2", "d1"), ("d2#1", "d2")]}
    found = retrieval_quality(ranked, {"q": {"d1", "d8"}})
    assert found.recall == 1 / 2
    assert retrieval_quality(ranked, {"q": {"d1"}}).recall == 1
    # the second passage of d1 takes place 2, so d2 is found at place 3
    both = retrieval_quality(ranked, {"q": {"d1", "d2"}})
    assert both.recall == 1
    assert both.ndcg == approx((1 + 1 / log2(4)) / (1 + 1 / log2(3)))


def test_passage_that_is_evidence_beside_its_document_finds_both():
    found = retrieval_quality({"q": [("d1#1", "d1")]}, {"q": {"d1#1", "d1"}})
    assert found == retrieval_quality({"q": [("d1#1", "d1")]}, {"q": {"d1"}})


def test_question_for_which_nothing_was_retrieved_counts_as_zero():
    found = retrieval_quality({"q1": [], "q2": [("d1#1", "d1")]}, {"q1": {"d1"}, "q2": {"d1"}})
    assert (found.n, found.recall, found.mrr) == (2, 0.5, 0.5)


def test_questions_without_evidence_are_left_out():
    ranked = {"q1": [("d1#1", "d1")], "q2": [("d1#1", "d1")]}
    assert retrieval_quality(ranked, {"q1": {"d1"}, "q2": set()}).n == 1


def test_no_evidence_at_all_is_an_error_and_not_zero():
    with pytest.raises(ValueError, match="no question has evidence"):
        retrieval_quality({"q": [("d1#1", "d1")]}, {"q": set()})


def test_question_with_evidence_that_was_never_searched_is_named():
    with pytest.raises(ValueError, match="'q2'"):
        retrieval_quality({"q1": []}, {"q1": {"d1"}, "q2": {"d1"}})
