"""Pairs for metrics of scores: what is near enough, and what the correlation of answers is."""

from math import sqrt

import pytest
from pydantic import ValidationError
from scipy.stats import pearsonr, spearmanr

from harness.metrics import pearson, spearman, within_tolerance
from harness.records import Example, Message


def example(target):
    return Example("e", (Message("user", "q"),), target)


RIGHT = [
    ("3.5", "4"),
    ("The score is 3.5.", "4"),
    ("3,5", "4"),
    ("Score: 4.4 out of 5", "4"),
    ("Score: 4/5", "4"),
    ("4 / 6.", "4"),
    ("4.0/5.0", "4"),
    ("4", "4/5"),
    ("3 1/2", "4"),  # no score out of 2
    ("4", "4.5"),
    ("I'd say 2 at first, but the answer is 4", "4"),
    ("-0.2", "0.1"),
    ("no idea", "No idea."),  # a target without a number is compared as exact match does
]
WRONG = [
    ("3.4", "4"),
    ("4.51", "4"),
    ("4 or 5", "4"),
    ("1/5", "4"),
    ("4/5/2024", "4"),
    ("very similar", "4"),
    ("", "0"),
    ("-4", "4"),
    ("40%", "0.4"),
]


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_number_within_the_tolerance_is_right(answer, target):
    assert within_tolerance(tolerance=0.5).score(answer, example(target)).value == 1


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_number_beyond_the_tolerance_is_wrong(answer, target):
    assert within_tolerance(tolerance=0.5).score(answer, example(target)).value == 0


@pytest.mark.parametrize("metric", [within_tolerance(tolerance=1), spearman(), pearson()])
def test_target_of_several_numbers_is_a_fault_and_one_out_of_a_scale_is_not(metric):
    assert "says several numbers" in metric.target_fault("4 and 3")
    assert metric.target_fault("4/5") == metric.target_fault("4 out of 5") == metric.target_fault("4") == ""


def test_bound_of_the_tolerance_is_within_it():
    # 0.3 - 0.1 is more than 0.2 in floating point
    assert within_tolerance(tolerance=0.2).score("0.3", example("0.1")).value == 1


@pytest.mark.parametrize("options", [{}, {"tolerance": 0}, {"tolerance": -1.0}, {"tolerance": "1"}, {"far": 1}])
def test_tolerance_is_needed_and_positive(options):
    with pytest.raises(ValidationError):
        within_tolerance(**options)


def test_task_without_a_tolerance_is_told_to_add_it(task_folder):
    task_folder.settings["metric"] = {"primary": "within_tolerance"}
    (fault,) = task_folder.faults()
    assert "metric 'within_tolerance': option 'tolerance' is missing; add it" in fault


def figure(metric, answers, targets):
    return metric().aggregate(
        [metric().score(answer, example(target)) for answer, target in zip(answers, targets, strict=True)]
    )


def test_order_makes_spearman_and_steps_make_pearson():
    answers, targets = ["10", "20", "90"], ["1", "2", "3"]
    assert figure(spearman, answers, targets) == pytest.approx(1)
    # deviations -30, -20, 50 and -1, 0, 1: 80 / sqrt(3800 * 2)
    assert figure(pearson, answers, targets) == pytest.approx(80 / sqrt(7600))


def test_figures_are_those_of_scipy():
    targets = [0.0, 1.5, 1.5, 2.0, 3.2, 4.8, 5.0]
    said = [0.5, 1.0, 2.0, 2.0, 2.9, 3.0, 5.0]
    answers = [f"The score is {number}." for number in said]
    assert figure(spearman, answers, map(str, targets)) == pytest.approx(spearmanr(said, targets).statistic)
    assert figure(pearson, answers, map(str, targets)) == pytest.approx(pearsonr(said, targets).statistic)


@pytest.mark.parametrize("metric", [spearman, pearson])
@pytest.mark.parametrize("answers", [["3", "2", "1"], ["2", "2", "2"]])
def test_turned_and_constant_answers_count_as_no_correlation(metric, answers):
    assert figure(metric, answers, ["1", "2", "3"]) == 0


def test_answer_without_a_number_counts_as_the_farther_end_of_the_scale():
    # the third says nothing: of 1.5 to 4.5, 4.5 is farther from 2; ranks 1, 2, 4, 3 and 1, 3, 4, 2 differ by
    # 0, 1, 0, 1, so 1 - 6 * 2 / (4 * 15)
    assert figure(spearman, ["1", "2", "5", None], ["1.5", "3", "4.5", "2"]) == pytest.approx(0.8)
    assert figure(spearman, ["1", "2", "5", "1.5"], ["1.5", "3", "4.5", "2"]) > 0.8


@pytest.mark.parametrize("metric", [spearman, pearson])
@pytest.mark.parametrize("beyond", ["10^9999", "1e9999", "-1e9999"])
def test_number_beyond_all_floats_counts_as_none(metric, beyond):
    targets = ["1", "2", "3", "4"]
    assert figure(metric, ["1", "2", beyond, "4"], targets) == figure(metric, ["1", "2", None, "4"], targets)
    assert "has no number" in metric().target_fault(beyond)


def test_correlation_of_huge_numbers_is_that_of_small_ones():
    # deviations -1, 0, 1 and -2, 1, 1: 3 / sqrt(2 * 6)
    assert figure(pearson, ["-1e300", "2e300", "2e300"], ["1", "2", "3"]) == pytest.approx(3 / sqrt(12))


@pytest.mark.parametrize("metric", [spearman, pearson])
def test_no_items_and_items_of_another_metric_are_errors(metric):
    with pytest.raises(ValueError, match="no scores"):
        metric().aggregate([])
    with pytest.raises(ValueError, match="no number as its target"):
        metric().aggregate([within_tolerance(tolerance=1).score("1", example("1"))])


def test_target_without_a_number_is_a_fault_of_its_row(task_folder):
    task_folder.settings["metric"] = {"primary": "spearman"}
    task_folder.write_rows("test.jsonl", [{"question": "q", "answer": "4"}, {"question": "r", "answer": "none"}])
    task_folder.write_rows("dev.jsonl", [{"question": "s", "answer": 2}])
    assert task_folder.faults() == ("test.jsonl line 2: the answer 'none' has no number, which spearman compares",)
