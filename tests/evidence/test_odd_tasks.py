"""Tasks at the edge, each through a whole `compare`: what cannot be said is said, and nothing is made up.

An engine of the test's own repeats the last word of a prompt, so that each row's answer is chosen by its text.
"""

import json
import math

import pytest
from recorder import Recorder

from harness.errors import TaskFileError
from harness.evidence.compare import Settings, compare
from harness.task import load_task


@pytest.fixture
def run_of(tmp_path, echo_engine):
    """Return what compares arms on test rows of (spoken, right) answers, and returns the run."""

    def run(test, *arms, groups=None, dev=True, extra=""):
        for split, answers in (
            ("train", [("a", "a"), ("b", "b")] * 6),
            ("dev", [("a", "a"), ("b", "b")]),
            ("test", test),
        ):
            rows = [
                {"id": f"{split}{n}", "input": f"{split} {n} says {spoken}", "target": right}
                | ({"group": f"{split}-{groups(n)}"} if groups else {})
                for n, (spoken, right) in enumerate(answers)
            ]
            if split != "dev" or dev:
                (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        splits = "train: train.jsonl, test: test.jsonl" + (", dev: dev.jsonl" if dev else "")
        (tmp_path / "task.yaml").write_text(
            f"version: 1\nname: odd\nmodel: {{source: echo, engine: echo}}\ndata: {{{splits}}}\n"
            f"arms: [{', '.join(arms or ('steady', 'terse'))}]\n{extra}"
        )
        return compare(load_task(tmp_path / "task.yaml"), Settings(tmp_path / "run"), Recorder())[0]

    return run


RIGHT, WRONG = ("a", "a"), ("a", "b")


def check(run):
    """No figure is made up: every number that is told is finite, and every interval has width."""
    for score in run.decision.scores.values():
        assert math.isfinite(score.estimate)
        assert score.low < score.high
    assert run.decision.sentence
    assert "nan" not in run.decision.sentence.lower()


def test_one_item_judges_nothing(run_of):
    decision = run_of([RIGHT]).decision
    assert (decision.action, decision.scores, decision.labels_needed) == ("undecided", {}, None)
    assert any("at least 2 are needed" in gone.why for gone in decision.missing)


def test_all_right_on_few_items_is_undecided_with_a_number_above_those_there(run_of):
    run = run_of([RIGHT] * 20)
    check(run)
    assert (run.decision.action, run.decision.undecided) == ("undecided", "few_items")
    assert run.decision.labels_needed > 20


def test_all_right_on_enough_items_is_a_prompt(run_of):
    # 0.02^(1/n) reaches 0.9 at n = 38
    run = run_of([RIGHT] * 38)
    check(run)
    assert (run.decision.action, run.decision.goal) == ("prompt", "met")


def test_result_is_read_out_of_targets_and_of_every_arms_answer(run_of):
    right = run_of([("x-a", "because a")] * 38, extra="answer: {pattern: '([ab])$'}")
    assert [score.estimate for score in right.decision.scores.values()] == [1.0, 1.0]
    (prediction, *_), reader = right.evidence[0].predictions, right.evidence[0].program["reader"]
    assert (prediction.text, prediction.answer) == ("x-a", "a")
    assert (reader["rule"], reader["then"]["pattern"]) == ("first_line", "([ab])$")  # the arm's own, then the task's


def test_all_wrong_says_that_tuning_is_missing_and_no_rethink(run_of):
    run = run_of([WRONG] * 40)
    check(run)
    assert (run.decision.action, run.decision.undecided) == ("undecided", "arms_missing")
    assert "tuned" in run.decision.next_step


def test_one_class_of_macro_f1_is_judged_by_the_items_that_there_are(run_of):
    run = run_of([RIGHT] * 60, extra="metric: {primary: macro_f1}\n")
    check(run)
    assert run.decision.scores["steady"].estimate == 1


def test_rare_class_of_macro_f1_supports_no_claim_in_words(run_of):
    run = run_of([RIGHT] * 59 + [WRONG], extra="metric: {primary: macro_f1}\n")
    check(run)
    assert run.decision.action == "undecided"
    assert "the label 'b' has 1 test item" in " ".join([run.decision.sentence, *run.decision.caveats])


def test_groups_of_one_are_independent_items(run_of, tmp_path):
    grouped = run_of([RIGHT] * 38, groups=lambda n: n)
    assert (grouped.decision.action, grouped.decision.scores["steady"].method[:15]) == ("prompt", "Clopper-Pearson")


def test_four_groups_claim_nothing_and_more_groups_are_asked_for(run_of):
    run = run_of([RIGHT] * 40, groups=lambda n: n // 10)
    check(run)
    assert (run.decision.action, run.decision.undecided) == ("undecided", "few_items")
    assert "4 groups" in run.decision.sentence
    # 38 groups of ten, as many as the exact test needs items; the last one may be begun
    assert 370 < run.decision.labels_needed <= 380


def test_goal_of_one_is_never_shown(run_of):
    run = run_of([RIGHT] * 200, extra="goal: {at_least: 1.0}\n")
    check(run)
    assert (run.decision.action, run.decision.labels_needed) == ("undecided", None)


def test_arm_that_failed_is_named_and_judges_nobody(run_of):
    run = run_of([RIGHT] * 40, "steady", "failing")
    check(run)
    assert [gone.arm for gone in run.decision.missing] == ["failing"]
    assert "no preference pairs" in run.decision.missing[0].why


def test_without_dev_a_part_of_train_stands_in_and_of_one_group_none_can(run_of):
    run = run_of([RIGHT] * 38, dev=False)
    assert run.evidence[0].dev_score == 1
    with pytest.raises(TaskFileError, match="no dev split"):
        run_of([RIGHT] * 38, groups=lambda n: 0, dev=False)


def test_dev_score_that_is_no_number_does_not_order_arms(run_of, monkeypatch):
    from harness.evidence import collect

    whole = collect._evidence

    def spoiled(fit, *arguments):
        import dataclasses

        found = whole(fit, *arguments)
        return dataclasses.replace(found, dev_score=math.nan) if fit.arm == "steady" else found

    monkeypatch.setattr(collect, "_evidence", spoiled)
    run = run_of([RIGHT] * 38)
    check(run)
    assert (run.decision.action, run.decision.arm) == ("prompt", "terse")
