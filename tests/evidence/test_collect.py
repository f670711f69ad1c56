"""From a ledger to evidence: what items that could not be asked do to figures, metrics and retrieval."""

from dataclasses import replace

import pytest
from parts_ground import ITEMS, finish_fit, parts_task, prediction

from harness.api.summary import remarks
from harness.evidence.collect import collect
from harness.records import (
    Document,
    Fit,
    Measurement,
    Outcome,
)
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger

TASK = """
version: 1
name: parts
model: smollm2-135m
data: {train: train.jsonl, test: test.jsonl, documents: documents}
metric: {primary: exact_match, also: [f1]}
goal: {at_least: 0.9, smallest_gain: 0.02}
arms: [zero_shot, few_shot, rag]
"""


@pytest.fixture
def task(tmp_path):
    return parts_task(tmp_path / "task", TASK, {"train": 20, "test": ITEMS})


@pytest.fixture
def finish(tmp_path):
    """Return a function that stores one arm's answers: the first `right` are right, those in `lost` were not asked."""
    folder = tmp_path / "run"
    folder.mkdir()
    ledger = Ledger(folder / "ledger.sqlite")

    def store(arm, family, right, lost=(), finds="passages"):
        finish_fit(ledger, folder, Fit(arm), family, right, lost, finds)

    store.folder, store.ledger = RunFolder(folder), ledger
    yield store
    ledger.close()


def collected(task, finish):
    run = collect(finish.folder, task, finish.ledger)
    return run, {evidence.arm: evidence for evidence in run.evidence}


def test_every_metric_is_over_the_items_that_all_judged_arms_measured(task, finish):
    finish("zero_shot", "prompt", 20)
    finish("few_shot", "prompt", 20, lost=(0,))
    finish("rag", "rag", 30, lost=(39,))
    run, arms = collected(task, finish)
    # without items 0 (right in every arm that was asked) and 39 (wrong): 19, 19 and 29 of 38
    for name, right in (("zero_shot", 19), ("few_shot", 19), ("rag", 29)):
        assert arms[name].aggregates["exact_match"] == pytest.approx(right / 38)
        assert arms[name].aggregates["exact_match"] == pytest.approx(run.decision.scores[name].estimate)
        assert arms[name].aggregates["f1"] == pytest.approx(right / 38)


def test_invalid_arm_changes_no_figure_of_the_others(task, finish):
    finish("zero_shot", "prompt", 20)
    finish("few_shot", "prompt", 20, lost=(0, 1, 2))  # 7.5%
    run, arms = collected(task, finish)
    assert (arms["few_shot"].status, arms["few_shot"].reason) == ("invalid", "3 of 40 items could not be asked")
    assert arms["zero_shot"].aggregates["exact_match"] == 0.5
    assert run.decision.scores["zero_shot"].n == ITEMS


def test_answers_over_which_the_pattern_was_stopped_count_as_wrong_and_are_counted(task, finish):
    finish("zero_shot", "prompt", 20)
    stopped = [
        replace(prediction(item, False, False, "prompt"), answer=None, outcome=Outcome.PATTERN_STOPPED)
        for item in (0, 39)  # one that was right, and one that was wrong
    ]
    finish.ledger.put_predictions(Measurement(Fit("zero_shot")), stopped)
    run, arms = collected(task, finish)
    assert run.decision.scores["zero_shot"].estimate == pytest.approx(19 / ITEMS)
    [warning] = arms["zero_shot"].warnings
    assert "over 2 of 40 answers" in warning and "count as wrong" in warning and "make the pattern simpler" in warning
    assert f"zero_shot: {warning}" in remarks(run)


def test_item_that_was_never_searched_for_is_no_miss_of_the_retriever(task, finish):
    finish("rag", "rag", 30, lost=(3, 4))
    quality = collected(task, finish)[1]["rag"].retrieval
    assert (quality.n, quality.recall, quality.mrr) == (38, 1.0, 1.0)


def test_examples_that_were_found_are_not_judged_as_evidence(task, finish):
    finish("rag", "rag", 30, finds="examples")
    assert collected(task, finish)[1]["rag"].retrieval is None


def test_search_whose_passages_are_known_by_document_alone_has_no_figure_of_answers(task, finish):
    finish("rag", "rag", 30)
    arm = collected(task, finish)[1]["rag"]
    assert (arm.retrieval.recall, arm.answer_retrieval) == (1.0, None)  # no line of the page holds an answer


def test_search_is_judged_by_the_passage_with_the_answer_and_its_figures_split_by_it(task, finish):
    lines = [f"Test part {item} is P{item}." for item in range(ITEMS)]
    page = Document("parts", "\n".join(lines), "parts.md")
    task = replace(task, study=replace(task.study, documents=(page,)))
    finish("rag", "rag", 25)
    shown = [
        replace(prediction(item, item < 25, False, "rag"), passage_texts=("\n".join(lines[:30]),))
        for item in range(ITEMS)
    ]
    finish.ledger.put_predictions(Measurement(Fit("rag")), shown)
    arm = collected(task, finish)[1]["rag"]
    assert arm.retrieval.recall == 1.0  # any passage of the page
    found = arm.answer_retrieval  # the passage ends with the thirtieth line, and the first 25 answers are right
    assert (found.k, found.n, found.found, found.recall) == (1, ITEMS, 30, 0.75)
    assert (found.mrr, found.ndcg) == (0.75, 0.75)
    assert (found.score_found, found.score_missed) == (25 / 30, 0.0)


def test_arm_that_has_not_ended_is_unfinished_and_blocks_a_climb_past_it(task, finish):
    finish("zero_shot", "prompt", 2)
    finish("rag", "rag", 40)
    run, arms = collected(task, finish)
    assert (arms["few_shot"].status, arms["few_shot"].reason) == ("unfinished", "not run yet")
    assert run.decision.action == "undecided"
    assert "few_shot is unfinished: not run yet" in run.decision.caveats[0]
