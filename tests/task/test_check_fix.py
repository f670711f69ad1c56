import json

import pytest
from checked_tasks import tickets

from harness.errors import TaskFileError
from harness.task import load_task
from harness.task.check import examine, read_material, write_fixed

ROWS = {"train": 30, "dev": 20, "test": 25}


@pytest.fixture
def source(tmp_path):
    """A small clean task in a folder of its own, not yet written."""
    task = tickets()
    task.rows = {split: task.rows[split][:count] for split, count in ROWS.items()}
    folder = tmp_path / "task"
    folder.mkdir()
    return task, folder


def fix(path, out):
    material = read_material(path)
    return write_fixed(material, examine(material, None), out)


def ids(folder, split):
    return [json.loads(line)["id"] for line in (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def test_dirty_task_becomes_one_that_passes(source, tmp_path):
    task, folder = source
    test, train = task.rows["test"], task.rows["train"]
    task.add("train", input=test[0]["input"], target=test[0]["target"])  # 31: leak
    task.add("dev", input=test[1]["input"].upper(), target=test[1]["target"])  # 21: leak
    task.add("train", input="Hello, " + test[2]["input"] + " Regards, Tom", target=test[2]["target"])  # 32: near
    task.add("train", input=train[4]["input"], target=train[4]["target"])  # 33: repeats row 5
    task.add("train", input=train[6]["input"], target="other")  # 34: contradicts row 7
    task.add("train", input="Nobody answered this", target="")  # 35: empty
    task.add("train", input="The bell\x07 rings\u200b at noon", target="repair")  # 36: odd characters
    task.rows["train"][8]["id"] = task.rows["train"][9]["id"]  # 10: the id of row 9
    test[5]["input"] += "\x07"  # odd, but a test row
    path = task.write(folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    copy = fix(path, tmp_path / "clean")

    kept = [f"train-{n}" for n in range(1, 37) if n not in (7, 9, 10, 31, 32, 33, 34, 35)]
    kept.insert(7, "train-10")  # row 9 has this id
    assert sorted(ids(copy.parent, "train")) == sorted(kept)
    assert ids(copy.parent, "dev") == [f"dev-{n}" for n in range(1, 21)]
    assert "The bell rings at noon" in (copy.parent / "train.jsonl").read_text(encoding="utf-8")
    assert examine(read_material(copy), None).exit_code == 0
    load_task(copy)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert (copy.parent / "test.jsonl").read_bytes() == before["test.jsonl"]


def test_every_row_left_out_is_told(source, tmp_path):
    task, folder = source
    task.add("train", input=task.rows["test"][0]["input"], target=task.rows["test"][0]["target"])
    task.add("train", input="Nobody answered this", target="")
    copy = fix(task.write(folder), tmp_path / "clean")
    log = (copy.parent / "FIXES.md").read_text(encoding="utf-8")
    assert "2 rows left out, 0 mended" in log
    assert "- train.jsonl line 31: questions that stand on both sides of a split" in log
    assert "(see test.jsonl line 1 (id test-1))" in log
    assert "- train.jsonl line 32: 'target' is empty" in log


def test_file_without_faults_is_copied_as_it_is(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    spaced = (folder / "train.jsonl").read_text().replace('", "', '",   "')
    (folder / "train.jsonl").write_text(spaced)
    copy = fix(path, tmp_path / "clean")
    assert (copy.parent / "train.jsonl").read_text() == spaced


def test_marks_and_windows_line_ends_are_removed(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    raw = (folder / "train.jsonl").read_bytes()
    (folder / "train.jsonl").write_bytes(b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"))
    copy = fix(path, tmp_path / "clean")
    assert (copy.parent / "train.jsonl").read_bytes() == raw
    assert "train.jsonl: a byte order mark removed" in (copy.parent / "FIXES.md").read_text()


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_format_of_a_file_is_kept(source, tmp_path, form):
    import pandas

    task, folder = source
    leaked = task.rows["test"][3]
    task.add("train", input=leaked["input"], target=leaked["target"])
    path = task.write(folder)
    frame = pandas.DataFrame(task.rows["train"])
    if form == "csv":
        frame.to_csv(folder / "train.csv", index=False)
    elif form == "json":
        frame.to_json(folder / "train.json", orient="records")
    else:
        frame.to_parquet(folder / "train.parquet")
    path.write_text(path.read_text().replace("train.jsonl", f"train.{form}"))
    copy = fix(path, tmp_path / "clean")
    assert [example.id for example in load_task(copy).study.train] == [f"train-{n}" for n in range(1, 31)]


def test_preferences_that_ask_the_test_are_left_out(source, tmp_path):
    task, folder = source
    task.rows["preferences"] = []
    task.add("preferences", prompt=task.rows["test"][0]["input"], chosen="yes", rejected="no")
    task.add("preferences", prompt="Something else entirely?", chosen="yes", rejected="no")
    copy = fix(task.write(folder), tmp_path / "clean")
    assert ids(copy.parent, "preferences") == ["preferences-2"]


def test_documents_are_mended(source, tmp_path):
    task, folder = source
    task.documents = {"page.md": "\ufeffOne\x00\x07 two\r\nthree".replace("\x00", "")}
    copy = fix(task.write(folder), tmp_path / "clean")
    assert (copy.parent / "documents" / "page.md").read_bytes() == b"One two\nthree"


def test_split_off_dev_is_cleaned_as_part_of_train(source, tmp_path):
    task, folder = source
    del task.rows["dev"]
    leaked = [dict(row) for row in task.rows["test"][:5]]
    for row in leaked:
        task.add("train", input=row["input"], target=row["target"])
    copy = fix(task.write(folder), tmp_path / "clean")
    assert ids(copy.parent, "train") == [f"train-{n}" for n in range(1, 31)]
    load_task(copy)


def nothing_written(tmp_path):
    return [path.name for path in tmp_path.iterdir()] == ["task"]


def assert_refused(path, tmp_path, message):
    """Check that a task is not cleaned: the message says why, and no folder is left."""
    with pytest.raises(TaskFileError, match=message):
        fix(path, tmp_path / "clean")
    assert nothing_written(tmp_path)


def test_fault_of_a_test_row_is_left_to_its_owner(source, tmp_path):
    task, folder = source
    task.rows["test"][2]["target"] = ""
    assert_refused(task.write(folder), tmp_path, "test.jsonl line 3: 'target' is empty")


def test_fault_of_the_task_file_is_left_to_its_owner(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    path.write_text(path.read_text().replace("zero_shot", "zero_shoot"))
    assert_refused(path, tmp_path, "zero_shoot")


def test_broken_csv_is_not_cut_where_reading_stopped(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    (folder / "train.csv").write_text('input,target\na,b\nc,"d\ne,f\n')
    path.write_text(path.read_text().replace("train.jsonl", "train.csv"))
    assert_refused(path, tmp_path, "not valid CSV")


def test_split_that_would_be_empty_leaves_nothing_behind(source, tmp_path):
    task, folder = source
    task.rows["dev"] = [dict(task.rows["test"][0], id="dev-1")]
    assert_refused(task.write(folder), tmp_path, "all 1 rows would be left out")


def test_folder_that_is_there_is_not_written_over(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    with pytest.raises(TaskFileError, match="is there already"):
        fix(path, folder)
    with pytest.raises(TaskFileError, match="inside the task's folder"):
        fix(path, folder / "clean")


def test_test_file_that_is_also_train_is_refused(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    path.write_text(path.read_text().replace("train.jsonl", "test.jsonl"))
    assert_refused(path, tmp_path, "is the test file")


def test_data_outside_the_folder_is_refused(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    (folder / "train.jsonl").rename(tmp_path / "train.jsonl")
    path.write_text(path.read_text().replace('"train.jsonl"', '"../train.jsonl"'))
    with pytest.raises(TaskFileError, match="no file in the task's folder"):
        fix(path, tmp_path / "clean")
    assert not (tmp_path / "clean").exists()
