import pytest

from harness.task import load_task


def full(task_folder):
    task_folder.add_documents("one")
    task_folder.add_preference({"prompt": "p", "chosen": "x", "rejected": "y"})
    return task_folder


def test_digest_is_sixteen_hex_digits(task_folder):
    digest = task_folder.load().digest
    assert len(digest) == 16 and int(digest, 16) >= 0


def test_digest_does_not_change_when_the_folder_and_the_files_are_renamed(task_folder):
    before = full(task_folder).load().digest
    for old, new in (("train.jsonl", "rows.jsonl"), ("pages", "handbook"), ("pairs.jsonl", "better.jsonl")):
        (task_folder.folder / old).rename(task_folder.folder / new)
    task_folder.settings["data"] |= {"train": "rows.jsonl", "documents": "handbook", "preferences": "better.jsonl"}
    task_folder.load()
    moved = task_folder.folder.rename(task_folder.folder.with_name("moved"))
    assert load_task(moved / "task.yaml").digest == before


def test_digest_does_not_depend_on_the_format_of_the_data(task_folder):
    before = task_folder.load().digest
    lines = [f"train question {n},answer {n}" for n in range(10)]
    task_folder.write("train.csv", "\r\n".join(["question,answer", *lines]))
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.load().digest == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("train.jsonl", "answer 9", "another answer"),
        ("dev.jsonl", "dev question 1", "another question"),
        ("test.jsonl", '"one"', '"two"'),  # the evidence alone
        ("pairs.jsonl", '"y"', '"z"'),
        ("pages/one.md", "first", "another"),
        ("pages/deeper/two.txt", "second", "another"),
    ],
)
def test_digest_changes_with_every_file_of_the_data(task_folder, name, old, new):
    before = full(task_folder).load().digest
    path = task_folder.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert task_folder.load().digest != before


@pytest.mark.parametrize(
    "change",
    [
        {"goal": {"at_least": 0.8}},
        {"model": "another/model"},
        {"seeds": [1]},
        {"arms": ["echo", {"name": "second", "baseline": "echo"}]},
        {"prompt": {"system": "be short"}},
    ],
)
def test_digest_changes_with_the_settings(task_folder, change):
    before = task_folder.load().digest
    task_folder.settings |= change
    assert task_folder.load().digest != before


def test_digest_does_not_change_when_a_default_is_written_out(task_folder):
    before = task_folder.load().digest
    task_folder.settings |= {"goal": {"at_least": 0.9}, "arms": [{"name": "echo", "baseline": "echo"}]}
    assert task_folder.load().digest == before


def test_digest_follows_the_users_own_benchmark_files(task_folder):
    task_folder.settings["general"] = {"tasks": "mine", "include_path": "benchmarks"}
    task_folder.write("benchmarks/mine.yaml", "task: mine\n")
    before = task_folder.load().digest
    task_folder.write("benchmarks/mine.yaml", "task: mine\nnum_fewshot: 1\n")
    assert task_folder.load().digest != before
