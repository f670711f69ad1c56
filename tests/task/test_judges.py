"""A judge in the task file: when it may decide, whose labels are read, and which model it asks."""

from dataclasses import replace

import pytest

from harness.evidence.judging import answers_to_judge
from harness.task import load_task

RUBRIC = {"judge": {"rubric": "Good when it says what the right answer says, in whatever words."}}


def labelled(task_folder, dev, test=()):
    """Give the rows answers that people judged: pairs of answer and label."""
    columns = task_folder.settings["data"]["columns"]
    columns |= {"labelled": "earlier", "label": "good"}
    for split, pairs in (("dev", dev), ("test", test)):
        rows = [
            {"question": f"{split} question {n}", "answer": f"answer {n}", "earlier": said, "good": label}
            for n, (said, label) in enumerate(pairs)
        ]
        rows = rows or [{"question": f"{split} question", "answer": "answer"}]
        task_folder.write_rows(f"{split}.jsonl", rows)
    task_folder.settings["metric"] = {"primary": "judge", "options": RUBRIC}


FIVE_OF_EACH = [([f"right {n}", f"wrong {n}"], [1, 0]) for n in range(5)]


def test_judge_without_labels_is_no_primary_metric(task_folder):
    task_folder.settings["metric"] = {"primary": "judge", "options": RUBRIC}
    [fault] = task_folder.faults()
    assert "metric 'judge' cannot decide without people's labels" in fault
    assert "data.columns.labelled and data.columns.label, or put it into metric.also" in fault


def test_what_the_fault_says_helps(task_folder):
    task_folder.settings["metric"] = {"primary": "closeness", "also": ["judge"], "options": RUBRIC}
    assert task_folder.load().other_metrics == ("judge",)
    labelled(task_folder, FIVE_OF_EACH)
    assert task_folder.load().primary_metric == "judge"


def test_judge_with_too_few_labels_of_a_kind_is_no_primary_metric(task_folder):
    labelled(task_folder, FIVE_OF_EACH[:3], FIVE_OF_EACH[:1])
    [fault] = task_folder.faults()
    assert "4 are good and 4 bad, and 5 of each are needed" in fault


def test_labels_of_test_rows_count_and_no_question_holds_them(task_folder):
    labelled(task_folder, [], FIVE_OF_EACH)
    task = task_folder.load()
    assert [answer.label for answer in task.test[0].labelled] == [1.0, 0.0]
    assert not hasattr(task.test[0].question, "labelled")


@pytest.mark.parametrize(
    ("written", "meant"),
    [(True, 1.0), ("Good", 1.0), ("yes", 1.0), ("0", 0.0), (0.0, 0.0), ("worse", 0.0), (0.5, 0.5), ("tie", 0.5)],
)
def test_words_for_labels(task_folder, written, meant):
    labelled(task_folder, FIVE_OF_EACH, [("an answer", written)])
    assert task_folder.load().test[0].labelled[0].label == meant


def test_answer_without_a_label_is_left_out(task_folder):
    labelled(task_folder, FIVE_OF_EACH, [(["one", "two"], [1, ""])])
    assert [answer.text for answer in task_folder.load().test[0].labelled] == ["one"]


@pytest.mark.parametrize(
    ("said", "label", "why"),
    [
        ("one", 4, "'good' is 4; give 1 for a good answer"),
        (["one", "two"], [1], "has 2 and 'good' 1"),
        (None, 1, "'earlier' is empty"),
    ],
)
def test_label_that_cannot_be_read_is_a_fault_of_its_row(task_folder, said, label, why):
    labelled(task_folder, FIVE_OF_EACH, [(said, label)])
    assert any(why in fault for fault in task_folder.faults())


def test_empty_answer_is_an_answer_that_people_judged_and_no_judge_has_to(task_folder):
    labelled(task_folder, FIVE_OF_EACH, [("", 0), (["  ", "right"], [0, 1])])
    task = task_folder.load()
    assert [[(said.text, said.label) for said in row.labelled] for row in task.test] == [
        [("", 0.0)],
        [("", 0.0), ("right", 1.0)],
    ]
    asked = {one.answer for one in answers_to_judge(replace(task, arms=()), None)}  # without arms no ledger is read
    assert "" not in asked and "right" in asked


@pytest.mark.parametrize("label", [1, 0.5])
def test_empty_answer_that_people_call_good_is_a_fault_of_its_row(task_folder, label):
    labelled(task_folder, FIVE_OF_EACH, [("", 0), ("", label)])
    [fault] = task_folder.faults()
    assert "test.jsonl line 2" in fault and "an empty answer is never right" in fault


def test_empty_answers_show_nothing_of_how_often_a_judge_errs(task_folder):
    labelled(task_folder, [([f"right {n}", ""], [1, 0]) for n in range(5)])
    [fault] = task_folder.faults()
    assert "5 are good and 0 bad, and 5 of each are needed" in fault


def test_end_markers_are_taken_off_answers_that_people_judged(task_folder):
    labelled(task_folder, FIVE_OF_EACH, [(["one</s>", "two <|im_end|>\n", "</s>"], [1, 1, 0])])
    task = task_folder.load()
    assert [said.text for said in task.test[0].labelled] == ["one", "two", ""]
    assert "2 answers ended in </s>" in "\n".join(task.notes)


def test_pattern_that_is_slow_over_an_answer_that_people_judged_is_one_fault(task_folder):
    """Of 2^60 ways to match, `(a|aa)+$` tries all before it fails."""
    labelled(task_folder, [([f"right {n}", "a" * 60 + "b"], [1, 0]) for n in range(5)])
    task_folder.settings["answer"] = {"pattern": "((?:a|aa)+|[^ab]+.*)$"}
    [fault] = task_folder.faults()
    assert "answer.pattern" in fault and "(dev.jsonl line 1)" in fault


@pytest.mark.parametrize(
    ("row", "there", "missing"),
    [({"earlier": "one"}, "earlier", "good"), ({"good": 1}, "good", "earlier")],
)
def test_file_with_one_of_the_two_columns_is_one_fault(task_folder, row, there, missing):
    labelled(task_folder, FIVE_OF_EACH)
    task_folder.write_rows("test.jsonl", [{"question": f"q{n}", "answer": "a", **row} for n in range(3)])
    [fault] = task_folder.faults()
    assert fault.startswith(f"test.jsonl: has the column '{there}' (data.columns.")
    assert f"no column '{missing}'" in fault


def test_answers_that_nobody_labelled_may_stand_in_train(task_folder):
    labelled(task_folder, FIVE_OF_EACH)
    task_folder.write_rows("train.jsonl", [{"question": f"q{n}", "answer": "a", "earlier": "b"} for n in range(9)])
    assert {row.labelled for row in task_folder.load().study.train} == {()}


def test_both_columns_are_needed(task_folder):
    task_folder.settings["data"]["columns"]["label"] = "good"
    assert "data.columns.labelled is not; name both" in task_folder.faults()[0]


def test_columns_that_no_held_out_row_has_are_a_fault(task_folder):
    task_folder.settings["data"]["columns"] |= {"labelled": "earlier", "label": "good"}
    assert "no row of dev or test has an answer in 'earlier'" in task_folder.faults()[0]


def test_labels_are_part_of_the_task(task_folder):
    labelled(task_folder, FIVE_OF_EACH)
    before = task_folder.load().digest
    labelled(task_folder, [*FIVE_OF_EACH[:4], (["right 4", "wrong 4"], [0, 0])] + [("more", 1)])
    assert task_folder.load().digest != before


def test_judge_asks_the_task_s_own_model_or_the_one_that_it_names(task_folder):
    labelled(task_folder, FIVE_OF_EACH)
    task = task_folder.load()
    assert task.judges["judge"] == task.model and task.models == (task.model,)
    (task_folder.folder / "large").mkdir()
    (task_folder.folder / "large" / "config.json").write_text("{}")
    task_folder.settings["metric"]["options"] = {"judge": {**RUBRIC["judge"], "model": "large"}}
    other = load_task(task_folder.save()).judges["judge"]
    assert (other.source, other.name) == (str(task_folder.folder / "large"), "large")


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ({"model": 7}, "option 'model' is not a model"),
        ({"choose_by": "judge"}, "option 'choose_by' is 'judge', which is not a metric that scores by itself"),
        ({"choose_by": "chrff"}, "did you mean 'chrf'"),
        ({"rubric": ""}, "option 'rubric' is ''"),
    ],
)
def test_wrong_option_is_a_fault(task_folder, option, why):
    labelled(task_folder, FIVE_OF_EACH)
    task_folder.settings["metric"]["options"] = {"judge": {**RUBRIC["judge"], **option}}
    assert any(why in fault for fault in task_folder.faults())
