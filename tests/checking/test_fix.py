import codecs
import csv
import json
from pathlib import Path

import pytest
from checked_tasks import tickets
from page_files import pdf_of

from harness.checking import examine, read_material, write_fixed
from harness.errors import TaskFileError
from harness.task import load_task

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
    return write_fixed(material, examine(material), out)


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
    assert examine(read_material(copy)).exit_code == 0
    load_task(copy)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert (copy.parent / "test.jsonl").read_bytes() == before["test.jsonl"]


def test_every_row_left_out_is_told(source, tmp_path):
    task, folder = source
    task.add("train", input=task.rows["test"][0]["input"], target=task.rows["test"][0]["target"])
    task.add("train", input="Nobody answered this", target="")
    copy = fix(task.write(folder), tmp_path / "clean")
    log = (copy.parent / "FIXES.md").read_text(encoding="utf-8")
    assert "2 rows left out, 0 fixed" in log
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


def as_table(task, folder, name, delimiter, quoting=csv.QUOTE_MINIMAL):
    """Write the task with its train rows as a table of this name, and return its task file."""
    path = task.write(folder)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(task.rows["train"][0]), delimiter=delimiter, quoting=quoting)
        writer.writeheader()
        writer.writerows(task.rows["train"])
    path.write_text(path.read_text().replace("train.jsonl", name))
    return path


@pytest.mark.parametrize(("name", "delimiter"), [("train.tsv", "\t"), ("train.csv", ";"), ("train.csv", ",")])
def test_delimiter_of_a_table_is_kept(source, tmp_path, name, delimiter):
    task, folder = source
    leaked = task.rows["test"][3]
    task.add("train", input=leaked["input"], target=leaked["target"])
    copy = fix(as_table(task, folder, name, delimiter), tmp_path / "clean")
    assert (copy.parent / name).read_text().splitlines()[0] == delimiter.join(["id", "input", "target"])
    assert [example.id for example in load_task(copy).study.train] == [f"train-{n}" for n in range(1, 31)]
    assert examine(read_material(copy)).exit_code == 0


def test_column_name_with_another_delimiter_is_read_back(source, tmp_path):
    task, folder = source
    task.rows["train"] = [row | {"note; of; ours; or; theirs": "-"} for row in task.rows["train"]]
    task.rows["train"][2]["input"] += "\x07"
    copy = fix(as_table(task, folder, "train.csv", ",", csv.QUOTE_ALL), tmp_path / "clean")
    assert len(load_task(copy).study.train) == 30


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


def test_documents_in_one_file_are_mended(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    rows = [{"id": "a", "text": "One\x07 two"}, {"id": "b", "text": "plain"}]
    (folder / "pages.jsonl").write_text("".join(json.dumps(row) + "\r\n" for row in rows), newline="")
    with_settings(path, data={"documents": "pages.jsonl"})
    copy = fix(path, tmp_path / "clean")
    lines = (copy.parent / "pages.jsonl").read_bytes().decode().split("\n")
    assert [json.loads(line)["text"] for line in lines[:-1]] == ["One two", "plain"]
    assert "\r" not in "".join(lines)
    assert "pages.jsonl line 1: control or invisible" in (copy.parent / "FIXES.md").read_text()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_document_of_any_readable_encoding_becomes_plain_utf8(source, tmp_path, encoding):
    task, folder = source
    task.documents = {"page.md": "stand-in", "plain.md": "Zoë"}
    path = task.write(folder)
    (folder / "documents" / "page.md").write_bytes("Zoë came".encode(encoding))
    copy = fix(path, tmp_path / "clean")
    assert (copy.parent / "documents" / "page.md").read_bytes() == "Zoë came".encode()
    log = (copy.parent / "FIXES.md").read_text(encoding="utf-8")
    assert "documents/page.md: " in log
    assert "plain.md" not in log


def test_document_in_big_endian_utf16_is_read_by_its_mark(source, tmp_path):
    task, folder = source
    task.documents = {"page.md": "stand-in"}
    path = task.write(folder)
    (folder / "documents" / "page.md").write_bytes(codecs.BOM_UTF16_BE + "One".encode("utf-16-be"))
    copy = fix(path, tmp_path / "clean")
    assert (copy.parent / "documents" / "page.md").read_bytes() == b"One"


def test_hidden_documents_are_left_as_they_are(source, tmp_path):
    task, folder = source
    task.documents = {"page.md": "One"}
    path = task.write(folder)
    hidden = {".draft.md": b"\xff\x07", ".notes/old.txt": b"\xe9 two\r\n"}
    (folder / "documents" / ".notes").mkdir()
    for name, raw in hidden.items():
        (folder / "documents" / name).write_bytes(raw)
    copy = fix(path, tmp_path / "clean")
    assert {name: (copy.parent / "documents" / name).read_bytes() for name in hidden} == hidden


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
    task.rows["test"][2]["target"] = task.rows["test"][3]["target"] = ""  # of 25: too many to be left out
    assert_refused(task.write(folder), tmp_path, "test.jsonl line 3: 'target' is empty")


def test_few_rows_that_cannot_be_used_do_not_keep_a_task_from_being_cleaned(source, tmp_path):
    task, folder = source
    task.rows["test"][2]["target"] = task.rows["train"][4]["target"] = ""
    path = task.write(folder)
    before = (folder / "test.jsonl").read_bytes()
    copy = fix(path, tmp_path / "clean")
    assert ids(copy.parent, "train") == [f"train-{n}" for n in range(1, 31) if n != 5]
    assert (copy.parent / "test.jsonl").read_bytes() == before
    assert "- train.jsonl line 5: 'target' is empty" in (copy.parent / "FIXES.md").read_text()
    assert len(load_task(copy).test) == 24


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


def test_column_that_is_in_the_header_twice_is_no_row_to_leave_out(source, tmp_path):
    task, folder = source
    path = as_table(task, folder, "train.csv", ",")
    table = folder / "train.csv"
    table.write_text(table.read_text().replace("id,input,target", "input,input,target", 1))
    assert_refused(path, tmp_path, "train.csv header line 1: column 'input' is in the header twice")


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


def test_folder_beside_is_reached_from_inside_the_task(source, tmp_path, monkeypatch):
    task, folder = source
    path = task.write(folder)
    monkeypatch.chdir(folder)
    assert fix(Path(path.name), Path("../clean")) == tmp_path / "clean" / path.name
    with pytest.raises(TaskFileError, match="inside the task's folder"):
        fix(path, tmp_path / "clean" / ".." / "task" / "other")


def test_folder_inside_the_task_is_seen_through_a_link(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(TaskFileError, match="inside the task's folder"):
        fix(path, tmp_path / "link" / "clean")


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
    with pytest.raises(TaskFileError, match="is not in the task's folder; copy it there first"):
        fix(path, tmp_path / "clean")
    assert not (tmp_path / "clean").exists()


def with_settings(path, **settings):
    """Add keys to a task file; those of `data` are added to what is there."""
    written = json.loads(path.read_text())
    written["data"] |= settings.pop("data", {})
    path.write_text(json.dumps(written | settings))


def assert_untouched_refusal(path, out, message, kept):
    """Check that nothing is cleaned, least of all the file `kept`, which has a control character."""
    before = kept.read_bytes()
    with pytest.raises(TaskFileError, match=message):
        fix(path, out)
    assert kept.read_bytes() == before
    assert not out.exists()


@pytest.mark.parametrize("absolute", [False, True])
def test_documents_outside_the_folder_are_refused_and_not_touched(source, tmp_path, absolute):
    task, folder = source
    task.documents = {"page.md": "One\x07 two"}
    path = task.write(folder)
    (folder / "documents").rename(tmp_path / "docs")
    written = str(tmp_path / "docs") if absolute else "../docs"
    with_settings(path, data={"documents": written})
    message = f"data.documents '{written}' is not in the task's folder; copy it there first"
    assert_untouched_refusal(path, tmp_path / "clean", message, tmp_path / "docs" / "page.md")


@pytest.mark.parametrize("roundabout", [False, True])
def test_documents_that_the_copy_would_read_from_the_original_are_refused(source, tmp_path, roundabout):
    task, folder = source
    task.documents = {"page.md": "One\x07 two"}
    path = task.write(folder)
    written = "../task/documents" if roundabout else str(folder / "documents")
    with_settings(path, data={"documents": written})
    message = "is read from the original by the copy too; write 'documents'"
    assert_untouched_refusal(path, tmp_path / "clean", message, folder / "documents" / "page.md")


def test_roundabout_path_is_refused_also_for_a_copy_of_the_same_name(source, tmp_path):
    task, folder = source
    task.rows["train"][3]["input"] += "\x07"
    path = task.write(folder)
    with_settings(path, data={"train": "../task/train.jsonl"})
    with pytest.raises(TaskFileError, match="write 'train.jsonl'"):
        fix(path, tmp_path / "elsewhere" / "task")


@pytest.mark.parametrize("roundabout", [False, True])
def test_rows_that_the_copy_would_read_from_the_original_are_refused(source, tmp_path, roundabout):
    task, folder = source
    task.rows["train"][3]["input"] += "\x07"
    path = task.write(folder)
    with_settings(path, data={"train": "../task/train.jsonl" if roundabout else str(folder / "train.jsonl")})
    message = "is read from the original by the copy too; write 'train.jsonl'"
    assert_untouched_refusal(path, tmp_path / "clean", message, folder / "train.jsonl")


@pytest.mark.parametrize("key", ["model", "general.include_path"])
def test_relative_folder_outside_the_task_is_refused(source, tmp_path, key):
    task, folder = source
    path = task.write(folder)
    (tmp_path / "beside").mkdir()
    settings = {"model": "../beside"} if key == "model" else {"general": {"include_path": "../beside"}}
    with_settings(path, **settings)
    with pytest.raises(TaskFileError, match=f"{key} '../beside' is not in the task's folder; copy it there first"):
        fix(path, tmp_path / "deeper" / "clean")
    assert not (tmp_path / "deeper").exists()


@pytest.mark.parametrize("inside", [False, True])
def test_model_that_the_copy_reads_as_well_is_accepted(source, tmp_path, inside):
    task, folder = source
    path = task.write(folder)
    home = folder if inside else tmp_path
    for name in ("weights", "benchmarks"):
        (home / name).mkdir()
    written = {name: name if inside else str(home / name) for name in ("weights", "benchmarks")}
    with_settings(path, model=written["weights"], general={"include_path": written["benchmarks"]})
    copy = fix(path, tmp_path / "clean")
    home = copy.parent if inside else home
    assert load_task(copy).model.source == str(home / "weights")
    assert load_task(copy).general.include_path == home / "benchmarks"


def test_hub_id_of_a_model_is_accepted(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    with_settings(path, model="someone/some-model")
    assert load_task(fix(path, tmp_path / "clean")).model.source == "someone/some-model"


def test_benchmark_outside_the_folder_is_refused(source, tmp_path):
    task, folder = source
    path = task.write(folder)
    (tmp_path / "own.jsonl").write_text('{"question": "1 + 1", "answer": "2"}\n')
    with_settings(path, general={"tasks": ["../own.jsonl"]})
    message = "general.tasks '../own.jsonl' is not in the task's folder; copy it there first"
    with pytest.raises(TaskFileError, match=message):
        fix(path, tmp_path / "clean")


def test_documents_of_other_kinds_are_copied_as_they_are(source, tmp_path):
    task, folder = source
    task.documents = {"page.md": "One\x07"}
    path = task.write(folder)
    raw = {"page.pdf": pdf_of(["Two"]), "page.html": '<meta charset="windows-1252"><p>café'.encode("windows-1252")}
    for name, data in raw.items():
        (folder / "documents" / name).write_bytes(data)
    copy = fix(path, tmp_path / "copy")
    assert (copy.parent / "documents" / "page.md").read_bytes() == b"One"
    assert {name: (copy.parent / "documents" / name).read_bytes() for name in raw} == raw
