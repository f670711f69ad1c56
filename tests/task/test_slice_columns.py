"""`data.slices`: columns that group test rows in the report, and that no arm sees."""

import pytest

from harness.decision.slices import memberships
from harness.errors import TaskFileError
from harness.program import Prompt

ROWS = [
    {"id": f"r{n}", "question": f"q{n}?", "answer": f"a{n % 2}", "channel": ["web", "mail"][n % 2]} for n in range(8)
]


def sliced(task_folder, rows=ROWS, slices=("channel",)):
    task_folder.write_rows("test.jsonl", rows)
    task_folder.settings["data"]["slices"] = list(slices)
    return task_folder.load()


def test_named_column_groups_the_test_rows_and_stands_in_no_prompt(task_folder):
    task = sliced(task_folder)
    assert memberships(task.test)["column channel"] == {row["id"]: row["channel"] for row in ROWS}
    prompt = Prompt(task.study.system, task.study.template)
    assert not any("web" in str(prompt.messages(row.question)) for row in task.test)
    assert not any("channel" in note for note in task.notes if "not used" in note)


def test_rows_that_arms_learn_from_have_none_and_need_none(task_folder):
    rows = [{"question": f"train {n}?", "answer": "a", "channel": "\x00"} for n in range(10)]
    task_folder.write_rows("train.jsonl", rows)
    task = sliced(task_folder)
    assert {one.slices for one in (*task.study.train, *task.study.dev)} == {()}


def test_values_that_are_not_texts_are_shown_as_they_are_read(task_folder):
    rows = [row | {"channel": [True, None, 7][n % 3]} for n, row in enumerate(ROWS)]
    assert set(memberships(sliced(task_folder, rows).test)["column channel"].values()) == {"true", "", "7"}


def test_column_that_the_test_rows_lack_is_a_fault_with_a_guess(task_folder):
    with pytest.raises(TaskFileError, match=r"data.slices: test.jsonl has no column 'chanel'.*did you mean 'channel'"):
        sliced(task_folder, slices=["chanel"])


def test_slices_are_part_of_the_digest_and_others_keep_theirs(task_folder):
    task_folder.write_rows("test.jsonl", ROWS)
    before = task_folder.load()
    after = sliced(task_folder)
    other = sliced(task_folder, [row | {"channel": "web"} for row in ROWS])
    assert len({before.digest, after.digest, other.digest}) == 3
    assert [row.id for row in before.test] == [row.id for row in after.test]
