"""End markers that tutorials leave behind answers: taken off when a task is read or drafted, and said."""

import json
from pathlib import Path

import pytest

from harness.drafting import draft_task
from harness.errors import TaskFileError
from harness.task import load_task

ROWS = [{"input": f"My kettle no {n} makes a noise", "target": f"K-{n % 4}"} for n in range(60)]


def write(folder: Path, train, **settings) -> Path:
    """A task whose train rows are these."""
    for split, rows in (("train", train), ("test", ROWS[40:])):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = {
        "version": 1,
        "name": "codes",
        "data": {"train": "train.jsonl", "test": "test.jsonl"},
        "arms": ["zero_shot"],
    }
    said["data"] |= settings.pop("data", {})
    (folder / "task.yaml").write_text(json.dumps(said | settings))
    return folder / "task.yaml"


def marked(row, end="<|im_end|>"):
    return {**row, "target": row["target"] + end}


def test_task_is_the_same_with_and_without_end_markers_and_says_so(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain, with_ends = (
        load_task(write(tmp_path / "a", ROWS[:40])),
        load_task(write(tmp_path / "b", map(marked, ROWS[:40]))),
    )
    assert [row.target for row in with_ends.study.train] == [row.target for row in plain.study.train]
    assert with_ends.notes[-1] == (
        "40 answers ended in <|im_end|>, which a model's own format writes behind an answer: it was taken off"
    )
    assert len(with_ends.notes) == len(plain.notes) + 1


def test_rows_that_the_budget_leaves_out_are_the_same_ones(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = load_task(write(tmp_path / "a", ROWS[:40], budget={"train_rows": 10}))
    with_ends = load_task(write(tmp_path / "b", map(marked, ROWS[:40]), budget={"train_rows": 10}))
    assert [(row.messages, row.target) for row in with_ends.study.train] == [
        (row.messages, row.target) for row in plain.study.train
    ]


def test_earlier_answers_and_preferences_and_other_right_answers_lose_theirs(tmp_path):
    turns = [("user", "Hello"), ("assistant", "Good day.</s>"), ("user", "Which code?</s>"), ("assistant", "K-11</s>")]
    messages = [{"role": role, "content": text} for role, text in turns]
    pairs = [{"prompt": f"Which is {n}?", "chosen": "K-11<|eot_id|>", "rejected": "B-02<|eot_id|>"} for n in range(3)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    several = [{"input": f"Which code is {n}?", "target": ["K-11</s>", "K 11</s>"]} for n in range(4)]
    (tmp_path / "test.json").write_text(json.dumps(several))
    rows = [
        {"messages": [*messages[:2], {"role": "user", "content": f"Which code of {n}?</s>"}, messages[3]]}
        for n in range(8)
    ]
    file = write(tmp_path, rows, data={"preferences": "pairs.jsonl", "test": "test.json"})
    task = load_task(file)
    first = task.study.train[0]
    assert (first.messages[1].content, first.target) == ("Good day.", "K-11")
    assert first.messages[2].content.endswith("</s>")  # a question stays as it is, and is split where it is shown
    assert {(pair.chosen, pair.rejected) for pair in task.study.preferences} == {("K-11", "B-02")}
    assert (task.test[0].target, task.test[0].accepted) == ("K-11", ("K 11",))


def test_answer_that_is_nothing_but_a_marker_stays(tmp_path):
    rows = [*ROWS[:39], {"input": "And this?", "target": "</s>"}]
    study = load_task(write(tmp_path, rows)).study
    assert "</s>" in {row.target for row in (*study.train, *study.dev)}


def test_draft_takes_markers_off_each_label_of_a_set(tmp_path):
    source = tmp_path / "rows.json"
    labels = [[f"K-{n % 4}</s>", *([f"K-{(n + 1) % 4}</s>"] if n % 3 else [])] for n in range(60)]
    source.write_text(json.dumps([{"input": ROWS[n]["input"], "labels": labels[n]} for n in range(60)]))
    draft = draft_task(source, tmp_path / "out")
    assert "of these: K-0, K-1, K-2, K-3." in (tmp_path / "out" / "task.yaml").read_text()
    assert any(doubt.startswith(f"{sum(map(len, labels))} answers ended in </s>, which") for doubt in draft.doubts)


def test_draft_takes_both_markers_that_enclose_answers_off(tmp_path):
    source = tmp_path / "rows.json"
    source.write_text(json.dumps([{**row, "target": f"<s> {row['target']}</s>"} for row in ROWS]))
    draft = draft_task(source, tmp_path / "out")
    assert "nothing else: K-0, K-1, K-2, K-3." in (tmp_path / "out" / "task.yaml").read_text()
    assert draft.doubts[0].startswith("60 answers stood in <s>...</s>, which")


@pytest.mark.parametrize("end", ["<|im_end|>", "</s>", "<end_of_turn>", "[|endofturn|]", "&lt;|im_end|&gt;"])
def test_draft_takes_end_markers_for_no_part_of_a_label(tmp_path, end):
    source = tmp_path / "rows.json"
    rows = [{"instruction": "Give the code.", "input": row["input"], "output": row["target"] + end} for row in ROWS]
    source.write_text(json.dumps(rows))
    draft = draft_task(source, tmp_path / "out")
    text = (tmp_path / "out" / "task.yaml").read_text()
    assert "nothing else: K-0, K-1, K-2, K-3" in text
    assert {row.target for row in load_task(tmp_path / "out" / "task.yaml").test} <= {f"K-{n}" for n in range(4)}
    assert draft.doubts[0].startswith(f"60 answers ended in {end}, which")


def test_ids_and_leaks_are_those_of_the_text_without_markers(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain, with_ends = (
        load_task(write(tmp_path / "a", ROWS[:40])),
        load_task(write(tmp_path / "b", map(marked, ROWS[:40]))),
    )
    assert [row.id for row in with_ends.study.train] == [row.id for row in plain.study.train]
    pairs = [{"prompt": "Which?", "chosen": "K-1</s>", "rejected": "K-1"}]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    with pytest.raises(TaskFileError, match="'chosen' and 'rejected' are both 'K-1'"):
        load_task(write(tmp_path, ROWS[:40], data={"preferences": "pairs.jsonl"}))


def test_equal_chats_with_and_without_markers_are_one_group(tmp_path):
    def chat(n: int, end: str):
        said = (
            ("user", "Hello"),
            ("assistant", f"Good day.{end}"),
            ("user", f"Code of {n}?"),
            ("assistant", f"K-{n}{end}"),
        )
        return {"messages": [{"role": role, "content": text} for role, text in said]}

    rows = [chat(n, end) for n in range(20) for end in ("", "</s>")]
    task = load_task(write(tmp_path, rows, data={"turns": "all"}))
    groups = {row.group for row in (*task.study.train, *task.study.dev)}
    assert len(groups) == 20
    # two answers of each of the 20 chats with markers, each counted once
    assert "40 answers ended in </s>" in task.notes[-1]
