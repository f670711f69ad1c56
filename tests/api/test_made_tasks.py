"""A task made in Python is the task that a file with the same content is, and has the same faults."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from harness.records import Document

TRAIN = [(f"What is {i} plus {i}?", str(2 * i)) for i in range(5)]
DEV = [("What is 7 plus 7?", "14")]
TEST = [("What is 8 plus 8?", "16"), ("What is 9 plus 9?", "18")]
PROMPT = {"system": "Answer with a number.", "template": "Sum: {{ input }}"}


def mappings(pairs):
    return [{"input": question, "target": answer} for question, answer in pairs]


def frame(pairs):
    return pd.DataFrame(mappings(pairs)).assign(asked=pd.Timestamp("2026-01-31"), weight=np.float32(0.5))


def jsonl(rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def make():
    """Make the task of this file, changed as asked."""
    usual = {"train": TRAIN, "dev": DEV, "test": TEST, "arms": ["zero_shot"], "goal": 0.8}
    return lambda **changed: harness.make_task("sums", **({"to": "made", **usual} | changed))


@pytest.fixture
def written(tmp_path):
    """The task of this file, written by hand."""
    folder = tmp_path / "by hand"
    folder.mkdir()
    for role, pairs in (("train", TRAIN), ("dev", DEV), ("test", TEST)):
        (folder / f"{role}.jsonl").write_text(jsonl(mappings(pairs)))
    (folder / "task.yaml").write_text(
        "version: 1\nname: sums\ndata: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl}\n"
        "prompt:\n  system: Answer with a number.\n  template: 'Sum: {{ input }}'\n"
        "goal: {at_least: 0.8}\narms: [zero_shot]\n"
    )
    return folder


@pytest.mark.parametrize("form", [list, mappings, frame, lambda pairs: iter(mappings(pairs))])
def test_rows_of_every_form_make_the_task_that_is_written_by_hand(make, written, form):
    made = make(train=form(TRAIN), dev=form(DEV), test=form(TEST), prompt=PROMPT)
    by_hand = harness.load_task(written / "task.yaml")
    assert (made.study, made.test, made.limits, made.digest) == (
        by_hand.study,
        by_hand.test,
        by_hand.limits,
        by_hand.digest,
    )
    assert harness.load_task("made/task.yaml") == made


def test_rows_may_be_paths_seen_from_the_working_folder(make, written):
    rows = {role: f"by hand/{role}.jsonl" for role in ("train", "test")} | {"dev": Path("by hand") / "dev.jsonl"}
    assert make(**rows, prompt=PROMPT).digest == harness.load_task(written / "task.yaml").digest


@pytest.mark.parametrize(
    "documents",
    [
        {"a": "Sums.", "b": "More sums."},
        [{"id": "a", "text": "Sums."}, {"id": "b", "text": "More sums."}],
        pd.DataFrame({"id": ["a", "b"], "text": ["Sums.", "More sums."]}),
    ],
)
def test_documents_come_in_several_forms(make, documents):
    found = make(documents=documents).study.documents
    assert found == (
        Document("a", "Sums.", "documents.jsonl line 1"),
        Document("b", "More sums.", "documents.jsonl line 2"),
    )


def test_texts_become_documents_with_numbers(make):
    found = make(documents=["Sums.", "More sums."]).study.documents
    assert [(one.id, one.text) for one in found] == [("document1", "Sums."), ("document2", "More sums.")]


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "017",
        "2e-4",
        "1:30",
        "~",
        "2026-01-31",
        "a: b # c",
        "two\nlines\t",
        "'\"\\",
        "é\u2028\x85\x7f\ufeff\U0001f600x",
        "{a}",
    ],
)
def test_text_comes_back_as_it_was_given(make, text):
    made = make(prompt={"system": text}, test=[(text + "?", text)], description=text)
    assert (made.study.system, made.description) == (text, text)
    assert (made.test[0].messages[-1].content, made.test[0].target) == (text + "?", text)


def test_numbers_of_numpy_are_numbers(make):
    made = make(test=[("What is 8 plus 8?", np.int64(16))], goal=np.float32(0.5), budget={"train_rows": np.int64(3)})
    assert (made.test[0].target, made.limits.goal, made.train_rows) == ("16", 0.5, 3)


def test_every_fault_of_settings_and_rows_is_listed_at_once_with_file_and_line(make):
    missing = pd.DataFrame({"input": ["One?", "Two?"], "target": ["1", None]})
    with pytest.raises(harness.TaskFileError) as caught:
        make(test=missing, arms=["zeroshot"], metric="exactmatch", prompts=PROMPT)
    told = "\n".join(caught.value.faults)
    for part in (
        "did you mean 'zero_shot'?",
        "did you mean 'exact_match'?",
        "unknown key 'prompts'",
        "test.jsonl line 2: 'target' is empty",
    ):
        assert part in told
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"train": "rows.csv"}, "there is no file 'rows.csv'"),
        ({"test": []}, "test.jsonl: is empty"),
        ({"test": ["What?"]}, "test.jsonl line 1: holds a text; every row is an object"),
        ({"test": TRAIN[:1]}, "train.jsonl"),  # a leak
        ({"test": [("What?", "\ud800")]}, "half of a character pair"),
        ({"test": [("What?", pd.Timestamp("2026-01-31"))]}, "Timestamp"),
        ({"test": [{("input", "x"): "What?"}]}, "test row 1: 1 problem\n  - cannot be written as JSON"),
        ({"test": pd.DataFrame([["a", "b", "c"]], columns=["input", "target", "input"])}, "'input'; rename one"),
        ({"columns": {"input": "question"}}, "question"),
        ({"goal": 90}, "goal.at_least"),
    ],
)
def test_mistake_is_a_fault_that_says_where(make, changed, words):
    with pytest.raises(harness.TaskFileError) as caught:
        make(**changed)
    assert words in str(caught.value)


def test_folder_with_something_of_the_users_own_is_left_alone(make, written):
    before = {path: path.read_bytes() for path in written.iterdir()}
    with pytest.raises(harness.HarnessError, match="did not write"):
        make(to=written)
    assert {path: path.read_bytes() for path in written.iterdir()} == before


def test_task_is_written_again_and_its_files_can_be_named_as_rows(make):
    first = make()
    second = make(train="made/train.jsonl", arms=["zero_shot", "few_shot"])
    assert second.study == first.study
    assert [arm.name for arm in second.arms] == ["zero_shot", "few_shot"]


def test_rows_given_as_data_are_refused(make):
    with pytest.raises(harness.HarnessError, match="make_task sets 'data' itself"):
        make(data={"train": "train.jsonl"})


def test_folder_that_cannot_be_made_is_a_fault_with_the_remedy(make):
    Path("file").write_text("")
    with pytest.raises(harness.StoreError, match="give another folder"):
        make(to="file/task")


def test_each_answer_of_a_chat_may_be_a_row(make):
    def chat(name):
        said = [("user", f"{name} asks"), ("assistant", "one"), ("user", f"{name} asks more"), ("assistant", "two")]
        return {"messages": [{"role": role, "content": content} for role, content in said]}

    rows = {split: [chat(split)] for split in ("train", "dev", "test")}
    assert [row.target for row in make(**rows, turns="all").test] == ["one", "two"]
