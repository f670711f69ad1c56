"""How `harness init` divides rows: whole groups, and copies and near duplicates, stay on one side."""

import random

import pytest
from draft_files import SYLLABLES, WORDS, Row, drafted, label, long_answers, rows_of, said, save, sides, text

from harness.decision.intervals import FEWEST_GROUPS
from harness.drafting.division import FEWEST_TEST_GROUPS
from harness.errors import TaskFileError
from harness.task import Task


def test_largest_group_is_named_as_the_reason_and_values_that_never_repeat_are_none(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "customer": "big" if n % 2 else f"c{n % 62}"}, 310)
    assert "may be a group, but one has 155 of the rows" in said(drafted(save(tmp_path / "rows.jsonl", rows)))
    (tmp_path / "other").mkdir()
    rows = [row | {"customer": f"c{n}"} for n, row in enumerate(rows)]
    assert "may be a group" not in said(drafted(save(tmp_path / "other" / "rows.jsonl", rows)))


def test_groups_stay_on_one_side(tmp_path):
    task = drafted(long_answers(tmp_path))
    groups = [{item.group for item in items} for items in (task.study.train, task.study.dev, task.test)]
    assert all(None not in some for some in groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == 72  # 360 rows, five to a document


def groups_of(task: Task) -> list[set[str | None]]:
    """The groups of train, dev and test."""
    return [{item.group for item in items} for items in (task.study.train, task.study.dev, task.test)]


@pytest.mark.parametrize("count", [3, 14])
def test_column_called_group_is_kept_whole_however_few_there_are(tmp_path, count):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "group": f"g{n % count}"}, 30 * count)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    groups = groups_of(task)
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == count
    few = len(groups[2])
    assert few < FEWEST_TEST_GROUPS == FEWEST_GROUPS
    assert f"not sure: the test rows are of few groups ({few}), and nothing can be claimed" in said(task)


def test_group_with_most_of_the_rows_is_train(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "group": "g" if n < 250 else f"g{n}"}, 300)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    # the other 50 rows, halved
    assert (len(task.study.train), len(task.study.dev), len(task.test)) == (250, 25, 25)
    assert groups_of(task)[0] == {"g"}


def test_two_groups_are_not_kept_whole_and_that_is_said(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "group": f"g{n % 2}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert groups_of(task) == [{None}] * 3
    expected = "not sure: column 'group' (2 values in 360 rows) is not used: whole groups in three splits take 3 groups"
    assert expected in said(task)


def test_blank_group_is_none(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "group": " " if n % 2 else f"g{n % 40}"})
    assert any(None in groups for groups in groups_of(drafted(save(tmp_path / "rows.jsonl", rows))))


def test_few_values_of_what_may_be_a_group_do_not_part_the_rows_unless_called_so(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "product": f"p{n % 4}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert groups_of(task) == [{None}] * 3
    assert "rows were split one by one; name it 'group' if its rows belong together" in said(task)


def test_groups_that_leave_a_split_too_small_are_refused(tmp_path):
    def row(n: int) -> Row:
        return {"text": text(n, 9), "label": label(n), "group": "a" if n < 5 else "b" if n < 30 else "c"}

    with pytest.raises(TaskFileError, match="make 3 bundles, which leave 5 rows to test; give more rows, or leave the"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))


def test_row_order_does_not_decide_the_split(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n)})
    first = sides(drafted(save(tmp_path / "rows.jsonl", rows)))
    random.Random(1).shuffle(rows)
    (tmp_path / "again").mkdir()
    assert sides(drafted(save(tmp_path / "again" / "rows.jsonl", rows))) == first


def test_copies_and_near_copies_stay_on_one_side(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n)}, 300)
    copies = [row | {"text": row["text"].upper() + "!"} for row in rows[:60]]
    near = [row | {"text": row["text"] + " please"} for row in rows[60:120]]
    found = sides(drafted(save(tmp_path / "rows.jsonl", rows + copies + near)))
    of_number = {name: {" ".join(words.split()[:9]).rstrip("!") for words in some} for name, some in found.items()}
    assert not of_number["test"] & (of_number["train"] | of_number["dev"])
    assert not of_number["dev"] & of_number["train"]


def test_one_template_for_all_questions_does_not_join_them_all(tmp_path):
    rows = rows_of(lambda n: {"text": f"What is the price of article {n} in our shop today?", "label": label(n)})
    assert len(drafted(save(tmp_path / "rows.jsonl", rows)).test) == 100


def test_chain_of_near_copies_through_all_rows_is_cut_and_said(tmp_path):
    # each question shares nine of eleven words with the next, so that single links would join all 300
    words = [f"{a}{b}" for a in SYLLABLES for b in WORDS[:40]]
    rows = rows_of(lambda n: {"text": " ".join(words[n : n + 10]), "label": label(n)}, 300)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert len(task.test) == 100
    assert "# not sure: many questions are nearly the same as others" in task.file.read_text()


def test_near_copies_in_very_many_rows_are_left_to_the_check(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.drafting.division.MOST_COMPARED", 299)
    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: {"text": text(n, 9), "label": label(n)}, 300)))
    assert "# not sure: near duplicates were not looked for, in more than 299 questions" in task.file.read_text()
