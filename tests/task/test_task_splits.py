import json

import pytest


def grouped(count, size):
    return [{"question": f"q{n}", "answer": "a", "group": f"g{n // size}"} for n in range(count)]


def test_dev_is_split_off_in_whole_groups(task_folder):
    task_folder.settings["data"].pop("dev")
    task_folder.write_rows("train.jsonl", grouped(40, 4))
    study = task_folder.load().study
    assert {one.group for one in study.train} & {one.group for one in study.dev} == set()
    assert (len(study.train), len(study.dev)) == (32, 8)  # a fifth of 40 is two groups of 4


def test_dev_split_keeps_every_row_in_file_order(task_folder):
    task_folder.settings["data"].pop("dev")
    task_folder.write_rows("train.jsonl", grouped(40, 4))
    study = task_folder.load().study
    numbers = [[int(one.question.text[1:]) for one in part] for part in (study.train, study.dev)]
    assert numbers == [sorted(part) for part in numbers]
    assert sorted(sum(numbers, [])) == list(range(40))


def test_dev_split_takes_one_group_even_when_it_is_more_than_a_fifth(task_folder):
    task_folder.settings["data"].pop("dev")
    task_folder.write_rows("train.jsonl", grouped(10, 5))
    study = task_folder.load().study
    assert (len(study.train), len(study.dev)) == (5, 5)


def test_dev_split_follows_the_seed(task_folder):
    task_folder.settings["data"].pop("dev")
    task_folder.write_rows("train.jsonl", grouped(40, 1))
    first, again = task_folder.load().study.dev, task_folder.load().study.dev
    task_folder.settings["seeds"] = [1]
    assert first == again != task_folder.load().study.dev


def test_dev_split_is_stated(task_folder):
    task_folder.settings["data"].pop("dev")
    assert "dev: 2 of the 10 rows of train.jsonl, whole groups, seed 0" in task_folder.load().notes


def test_equal_inputs_stay_together_when_dev_is_split_off(task_folder):
    task_folder.settings["data"].pop("dev")
    task_folder.write_rows("train.jsonl", [{"question": f"q{n // 2}", "answer": f"a{n}"} for n in range(40)])
    study = task_folder.load().study
    assert {one.question.text for one in study.train} & {one.question.text for one in study.dev} == set()


def test_train_of_one_group_cannot_give_a_dev_split(task_folder):
    task_folder.settings["data"].pop("dev")
    task_folder.write_rows("train.jsonl", grouped(4, 4))
    assert "all rows are of one group, so no dev split can be taken off" in task_folder.faults()[0]


def test_train_rows_are_capped_by_a_stated_sample(task_folder):
    every_row = task_folder.load().study.train
    task_folder.settings["budget"] = {"train_rows": 4}
    task = task_folder.load()
    assert len(task.study.train) == 4
    assert set(task.study.train) < set(every_row)
    assert "train: a sample of 4 of 10 rows (budget.train_rows), seed 0" in task.notes


def test_same_input_in_test_and_train_names_both_rows_whatever_case_and_white_space(task_folder):
    task_folder.write_rows("test.jsonl", [{"question": " TRAIN  question 3", "answer": "other"}])
    (fault,) = task_folder.faults()
    assert fault.startswith("test.jsonl line 1: has the same input as train.jsonl line 4, ' TRAIN  question 3'")


@pytest.mark.parametrize(("held_out", "other"), [("test", "dev"), ("dev", "train")])
def test_same_input_in_other_splits_is_a_leak_too(task_folder, held_out, other):
    task_folder.write_rows(f"{held_out}.jsonl", [{"question": f"{other} question 1", "answer": "a"}])
    assert f"{held_out}.jsonl line 1: has the same input as {other}.jsonl line 2" in task_folder.faults()[0]


def test_group_on_both_sides_names_both_rows_once(task_folder):
    task_folder.settings["data"]["columns"]["group"] = "group"
    for split, group in (("train", "A"), ("dev", "B"), ("test", "A")):
        task_folder.write_rows(
            f"{split}.jsonl", [{"question": f"{split} {n}", "answer": "a", "group": group} for n in range(2)]
        )
    assert task_folder.faults() == (
        "test.jsonl line 1: group 'A' is also in train.jsonl line 1; keep a group on one side only",
    )


def test_study_has_no_test_item(task_folder):
    task = task_folder.load()
    held = {example.id for example in task.test}
    assert held.isdisjoint(example.id for example in (*task.study.train, *task.study.dev))


def test_preference_that_asks_a_given_dev_question_is_a_leak(task_folder):
    dev = json.loads((task_folder.folder / "dev.jsonl").read_text().splitlines()[0])
    task_folder.add_preference({"prompt": dev["question"], "chosen": "good", "rejected": "bad"})
    (fault,) = task_folder.faults()
    assert "dev.jsonl line 1: has the same input as pairs.jsonl line 1" in fault


def test_preferences_that_ask_what_was_split_off_into_dev_are_left_out_and_counted(task_folder):
    del task_folder.settings["data"]["dev"]
    (task_folder.folder / "dev.jsonl").unlink()
    train = [json.loads(line) for line in (task_folder.folder / "train.jsonl").read_text().splitlines()]
    task_folder.settings["data"]["preferences"] = "pairs.jsonl"
    pairs = [{"prompt": row["question"], "chosen": "good", "rejected": "bad"} for row in train]
    task_folder.write_rows("pairs.jsonl", pairs)
    task = task_folder.load()
    held = {example.messages for example in task.study.dev}
    assert held and not held & {pair.messages for pair in task.study.preferences}
    assert len(task.study.preferences) == len(train) - len(held)
    assert f"{len(held)} preference pairs ask what dev asks and are left out" in task.notes
