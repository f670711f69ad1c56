"""What `harness check` says of rows that cannot be used and of what nobody uses, and what --fix makes of them."""

import json

import pytest
from click.testing import CliRunner
from draft_files import text

from harness.checking import examine, read_material, write_fixed
from harness.cli import main
from harness.task import load_task

THANKS = {"role": "user", "content": "thanks"}


def chat(split, number, *more, **mark):
    asked = {"role": "user", "content": text((split, number), 9)}
    return {"messages": [asked, {"role": "assistant", "content": f"answer {number}"} | mark, *more]}


@pytest.fixture
def chats(tmp_path):
    """A task of chats, not yet written: 60 train, 20 dev and 20 test rows; `write` returns its task file."""
    rows = {
        split: [chat(split, n) for n in range(count)] for split, count in (("train", 60), ("dev", 20), ("test", 20))
    }

    def write():
        folder = tmp_path / "task"
        folder.mkdir()
        for split, some in rows.items():
            (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
        settings = {"version": 1, "name": "chats", "arms": ["zero_shot"]}
        settings["data"] = {split: f"{split}.jsonl" for split in rows}
        (folder / "task.yaml").write_text(json.dumps(settings))
        return folder / "task.yaml"

    return rows, write


def found(path, kind):
    return [finding for finding in examine(read_material(path)).findings if finding.kind == kind]


def test_chats_that_end_with_thanks_are_read_and_fixed(chats, tmp_path):
    rows, write = chats
    rows["train"] = [chat("train", n, *([THANKS] if n % 4 == 0 else [])) for n in range(60)]
    path = write()
    [note] = found(path, "unused")
    assert (note.severity, note.title) == ("note", "turns behind the last answer are left out")
    assert note.hits[0].detail == "the first of train.jsonl 15 rows"
    material = read_material(path)
    copy = write_fixed(material, examine(material), tmp_path / "clean")
    assert len(load_task(copy).study.train) == 60


def test_chat_without_an_answer_is_left_out_of_reading_and_of_the_copy(chats, tmp_path):
    rows, write = chats
    rows["train"][7] = {"messages": [THANKS]}
    path = write()
    [left_out] = found(path, "left_out")
    assert [(str(hit.rows[0]), hit.detail) for hit in left_out.hits] == [
        ("train.jsonl line 8", "'messages' has no answer: no turn is the assistant's; add the answer")
    ]
    result = CliRunner().invoke(main, ["check", str(path), "--fix", str(tmp_path / "clean")])
    assert result.exit_code == 0
    assert (
        "warning: rows that cannot be used, and are left out\n  - train.jsonl line 8: 'messages' has" in result.output
    )
    assert len((tmp_path / "clean" / "train.jsonl").read_text().splitlines()) == 59
    assert "- train.jsonl line 8: 'messages' has no answer" in (tmp_path / "clean" / "FIXES.md").read_text()


def test_chats_that_are_left_out_by_their_marks_are_a_note_however_many_they_are(chats):
    rows, write = chats
    rows["train"] = [chat("train", n, weight=n % 2) for n in range(60)]
    path = write()
    [marked] = found(path, "left_out")
    assert (marked.severity, marked.title) == ("note", "chats that are left out by their own marks")
    assert [str(hit.rows[0]) for hit in marked.hits] == [f"train.jsonl line {n + 1}" for n in range(0, 60, 2)]
    assert len(load_task(path).study.train) == 30


def test_many_chats_without_an_answer_are_refused_in_one_line(chats):
    rows, write = chats
    rows["train"] = [row if n % 2 else {"messages": [THANKS]} for n, row in enumerate(rows["train"])]
    result = CliRunner().invoke(main, ["check", str(write())])
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if "train.jsonl" in line]
    said = "'messages' has no answer: no turn is the assistant's; add the answer"
    assert line == f"  - train.jsonl lines 1, 3, 5 and 27 more: {said}"


def test_many_chats_without_an_answer_in_train_can_be_fixed(chats, tmp_path):
    rows, write = chats
    rows["train"] = [row if n % 2 else {"messages": [THANKS]} for n, row in enumerate(rows["train"])]
    material = read_material(write())
    copy = write_fixed(material, examine(material), tmp_path / "clean")
    assert len(load_task(copy).study.train) == 30


def test_what_is_not_used_is_a_finding_with_its_rows(chats):
    rows, write = chats
    rows["test"] = [chat("test", n, reasoning="so") for n in range(20)]
    rows["train"] = [row | {"tools": [{"name": "get"}]} for row in rows["train"]]
    warnings = found(write(), "unused")
    assert [(one.severity, one.title, one.hits[0].detail) for one in warnings] == [
        ("warning", "column 'tools' is not used", "the first of train.jsonl 60 rows"),
        ("warning", "'reasoning' of the turns is not used", "the first of test.jsonl 20 rows"),
    ]


def test_sample_of_the_answers_of_chats_is_held_apart_answer_by_answer(chats):
    rows, write = chats
    again = [{"role": "user", "content": "and then?"}, {"role": "assistant", "content": "no more"}]
    rows["train"] = [chat("train", n, *again) for n in range(60)]
    path = write()
    settings = json.loads(path.read_text())
    settings["data"]["turns"], settings["budget"] = "all", {"train_rows": 50}
    path.write_text(json.dumps(settings))
    material = read_material(path)
    assert (len(material.splits["train"]), len(material.left_out)) == (50, 70)
