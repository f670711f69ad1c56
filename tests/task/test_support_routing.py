import json
from collections import Counter
from pathlib import Path

import pytest

from tasks.support_routing.generate import DESKS, PHRASINGS, ROWS, WORDS, write

FOLDER = Path(__file__).parents[2] / "tasks" / "support_routing"


def rows(split):
    return [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("split", ROWS)
def test_committed_rows_are_what_the_generator_writes(tmp_path, split):
    write(tmp_path)
    name = f"{split}.jsonl"
    assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_splits_have_the_sizes_of_the_card():
    assert {split: len(rows(split)) for split in ROWS} == {"train": 120, "dev": 48, "test": 200}


@pytest.mark.parametrize("split", ROWS)
def test_desks_are_balanced_to_one_row(split):
    counts = Counter(row["code"] for row in rows(split))
    assert len(counts) == len(DESKS)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_no_message_stands_twice_in_all_splits():
    messages = [row["message"].casefold() for split in ROWS for row in rows(split)]
    assert len(set(messages)) == len(messages)


def test_no_phrasing_stands_in_two_splits():
    problems = [{row["problem"] for row in rows(split)} for split in ROWS]
    assert [len(found) for found in problems] == [len(DESKS) * count for count in PHRASINGS.values()]
    assert len(set.union(*problems)) == sum(map(len, problems))


def test_messages_have_ten_to_twenty_five_words():
    assert {len(row["message"].split()) for split in ROWS for row in rows(split)} <= set(WORDS)


@pytest.mark.parametrize("desk", DESKS, ids=lambda desk: desk.page)
def test_page_of_a_desk_ends_with_its_code_and_no_other_page_has_it(desk):
    pages = {path.stem: path.read_text() for path in (FOLDER / "documents").glob("*.md")}
    assert pages[desk.page].rstrip().endswith(desk.code)
    assert [name for name, text in pages.items() if desk.code in text] == [desk.page]


def test_pages_have_sixty_to_a_hundred_and_twenty_words():
    sizes = {path.stem: len(path.read_text().split()) for path in (FOLDER / "documents").glob("*.md")}
    assert len(sizes) == 10
    assert all(60 <= size <= 120 for size in sizes.values()), sizes


def test_no_code_is_given_away_by_a_message_or_the_prompt():
    texts = [row["message"] for split in ROWS for row in rows(split)] + [(FOLDER / "task.yaml").read_text()]
    assert not any(desk.code in text for desk in DESKS for text in texts)


def test_every_page_named_as_evidence_is_that_of_the_answer():
    page_of = {desk.code: desk.page for desk in DESKS}
    assert all(row["page"] == page_of[row["code"]] for split in ROWS for row in rows(split))


def test_task_loads_with_all_arms_and_its_thresholds():
    from harness.task import load_task

    task = load_task(FOLDER / "task.yaml")
    assert len(task.arms) == 8
    assert (task.limits.goal, task.limits.smallest_gain, task.general.limit) == (0.90, 0.02, 750)
    assert {example.evidence for example in task.test} == {(desk.page,) for desk in DESKS}
