"""`answer` in the task file, and targets of which any one counts."""

import pytest

from harness.metrics import exact_match, label_set_micro_f1, number, rouge_l
from harness.records import Example, Message
from harness.task.scoring import ResultMetric, result_of


def worked(count: int, start: int = 1) -> list[dict[str, str]]:
    """Sums with their steps, and the result behind a mark."""
    return [
        {"question": f"{n} + {n}", "answer": f"{n} plus {n} is {2 * n}.\n#### {2 * n}"}
        for n in range(start, start + count)
    ]


@pytest.fixture
def sums(task_folder):
    for split, count, start in (("train", 10, 1), ("dev", 2, 20), ("test", 3, 40)):
        task_folder.write_rows(f"{split}.jsonl", worked(count, start))
    return task_folder


def example(target: str, *accepted: str) -> Example:
    return Example("one", (Message("user", "q"),), target, accepted=accepted)


@pytest.mark.parametrize(
    "said",
    [{"after": "####"}, {"take": "last_number"}, {"take": "last_line", "after": ".\n#### "}, {"pattern": "#### (.+)"}],
)
def test_result_is_read_and_the_target_stays_whole(sums, said):
    sums.settings["answer"] = said
    task = sums.load()
    assert [result_of(row.target, task.study.answer) for row in task.test] == ["80", "82", "84"]
    assert task.study.train[0].target == "1 plus 1 is 2.\n#### 2"
    assert any("of the first rows: '2', '4', '6'" in note for note in task.notes)


def test_target_without_a_result_is_refused_with_its_row(sums):
    sums.settings["answer"] = {"after": "####"}
    sums.write_rows("test.jsonl", [*worked(2, 40), {"question": "q", "answer": "no mark"}])
    [fault] = sums.faults()
    assert "test.jsonl line 3: its target 'no mark' has no result by the task's rule" in fault
    assert "its first line behind the last '####'" in fault


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "answer says nothing"),
        ({"take": "whole"}, "answer says nothing"),
        ({"take": "json", "pattern": "(a)"}, "both say what is taken"),
        ({"pattern": "(a"}, "is not a regular expression"),
        ({"pattern": "a"}, "has 0 groups"),
        ({"pattern": "(a)(b)"}, "has 2 groups"),
    ],
)
def test_wrong_rule_is_told_once_and_at_its_place(sums, said, told):
    sums.settings["answer"] = said
    [fault] = sums.faults()
    assert told in fault and "task.yaml line" in fault


def test_task_without_the_key_keeps_its_digest_and_one_with_it_has_another(sums):
    plain = sums.load().digest
    sums.settings["answer"] = None
    assert sums.load().digest == plain
    sums.settings["answer"] = {"after": "####"}
    assert sums.load().digest != plain


@pytest.mark.parametrize(
    ("rule", "cell"), [({"take": "letter"}, "A</s>"), ({"pattern": r"(\d+)$"}, "it is 5<|im_end|>")]
)
def test_result_is_read_in_front_of_an_end_marker(task_folder, rule, cell):
    task_folder.settings["answer"] = rule
    for split in ("train", "dev", "test"):
        task_folder.write_rows(f"{split}.jsonl", [{"question": f"{split} {n}", "answer": cell} for n in range(4)])
    task = task_folder.load()
    assert {result_of(row.target, task.study.answer) for row in task.test} <= {"A", "5"}


def test_metric_compares_results(sums):
    sums.settings["answer"] = {"after": "####", "ignore": ["spaces"]}
    metric = ResultMetric(exact_match(), sums.load().study.answer)
    row = example("two words.\n#### 1 000")
    assert [metric.score(said, row).value for said in ("1000", "10 00", "two words.\n#### 1000", None)] == [1, 1, 0, 0]
    assert (metric.name, metric.kind) == ("exact_match", "rate")


def test_any_one_of_several_answers_counts_and_the_best_is_taken():
    row = example("seven", "7", "7 keys")
    assert [ResultMetric(exact_match()).score(said, row).value for said in ("7", "Seven", "7 keys", "8")] == [
        1,
        1,
        1,
        0,
    ]
    graded = ResultMetric(rouge_l())
    assert graded.score("7 keys", row).value == rouge_l().score("7 keys", example("7 keys")).value == 1.0
    assert ResultMetric(number()).score("7.0", example("8", "7")).value == 1.0


@pytest.mark.parametrize(
    ("cell", "target", "accepted"),
    [
        (["7", "seven", "7 keys"], "7", ("seven", "7 keys")),
        (["a", "b", "b", "a", "b"], "b", ("a",)),  # the most frequent is trained on
        (["a", "a"], "a", ()),
        ([7, "seven"], "7", ("seven",)),
        ({"text": ["in May", "May", "May"], "answer_start": [3, 6, 6]}, "May", ("in May",)),
    ],
)
def test_list_of_answers_is_read(task_folder, cell, target, accepted):
    task_folder.write_rows("test.jsonl", [{"question": "q", "answer": cell}])
    [row] = task_folder.load().test
    assert (row.target, row.accepted) == (target, accepted)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ([], "without an answer; where none is right, write so"),
        ([""], "'answer[0]' is empty"),
        ([["a"]], "'answer[0]' is ['a']; give text"),
        ({"text": [], "answer_start": []}, "without an answer"),
    ],
)
def test_list_without_an_answer_is_refused(task_folder, cell, told):
    task_folder.write_rows("test.jsonl", [{"question": "q", "answer": cell}])
    [fault] = task_folder.faults()
    assert told in fault


def test_list_is_one_set_of_labels_where_the_metric_compares_sets(task_folder):
    task_folder.settings["metric"] = {"primary": "label_set_micro_f1"}
    task_folder.write_rows(
        "test.jsonl", [{"question": "q", "answer": ["red", "blue"]}, {"question": "r", "answer": []}]
    )
    both, none = task_folder.load().test
    assert both.accepted == ()
    metric = label_set_micro_f1()
    assert metric.score("blue, red", both).value == metric.score("none", none).value == 1.0
    assert metric.score("red", both).value == 0.0


def test_file_of_answers_is_recognised_by_its_columns(task_folder):
    task_folder.only_train("train.jsonl")
    task_folder.write_rows("train.jsonl", [{"question": "q", "answers": ["a", "b"]}])
    [row] = task_folder.load().study.train
    assert (row.target, row.accepted) == ("a", ("b",))


ENDLESS = "((?:a|aa)+)$"  # of 2^60 ways to match 60 letters, all are tried before it fails
MISSED = "a" * 60 + "b"


def with_answers(task_folder, *turns, count=9):
    """Give each split rows that are chats, of one question's answer after the other."""
    task_folder.settings["data"]["columns"] = {}
    for split in ("train", "dev", "test"):
        chats = [
            [turn for said in turns for turn in ({"role": "user", "content": f"{split} {n}?"}, said)]
            for n in range(count)
        ]
        task_folder.write_rows(f"{split}.jsonl", [{"messages": chat} for chat in chats])


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ({"pattern": ENDLESS}, MISSED),
        ({"after": "####", "pattern": f"^ {ENDLESS}"}, f"b\n#### {MISSED}"),  # slow behind the mark alone
    ],
    ids=["whole", "behind a mark"],
)
def test_pattern_that_never_ends_over_a_target_is_one_fault_and_is_not_tried_again(sums, rule, target):
    sums.settings["answer"] = rule
    for split in ("train", "dev", "test"):
        sums.write_rows(f"{split}.jsonl", [{"question": f"{split} {n}?", "answer": target} for n in range(9)])
    [fault] = sums.faults()
    assert f"answer.pattern {rule['pattern']!r} takes more than 1 second of processor time over the answer" in fault
    assert "make it simpler" in fault
    assert "(train.jsonl line 1)" in fault


def test_pattern_that_never_ends_over_one_answer_of_a_chat_is_that_fault_too(task_folder):
    task_folder.settings["answer"] = {"pattern": ENDLESS}
    task_folder.settings["data"]["turns"] = "all"
    with_answers(task_folder, {"role": "assistant", "content": "aaa"}, {"role": "assistant", "content": MISSED})
    [fault] = task_folder.faults()
    assert "takes more than 1 second" in fault and "(train.jsonl line 1)" in fault


def test_pattern_that_never_ends_hides_no_other_fault_of_its_row(task_folder):
    task_folder.settings |= {"answer": {"pattern": ENDLESS}, "prompt": {"system": "Be brief."}}
    task_folder.settings["data"]["columns"] = {}
    system, question = {"role": "system", "content": "Be long."}, {"role": "user", "content": "Which?"}
    row = {"messages": [system, question, {"role": "assistant", "content": MISSED}]}
    task_folder.write_rows("train.jsonl", [row])
    for split in ("dev", "test"):
        task_folder.write_rows(f"{split}.jsonl", [{"input": split, "target": "aaa"}])
    slow, other = task_folder.faults()
    assert "takes more than 1 second" in slow and "(train.jsonl line 1)" in slow
    assert "has a system turn, and so has the task" in other


def test_pattern_that_takes_too_long_to_compile_is_one_fault(sums):
    sums.settings["answer"] = {"pattern": "((?:(?:a{9999}){9999}){9999})"}
    [fault] = sums.faults()
    assert "answer.pattern takes more than" in fault and "make it simpler" in fault
