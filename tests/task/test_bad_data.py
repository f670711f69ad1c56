import pytest


def test_empty_answer_is_named_by_its_line(task_folder):
    records = [{"question": f"q{n}", "answer": "a"} for n in range(16)] + [{"question": "q", "answer": " "}]
    task_folder.write_rows("train.jsonl", records)
    assert task_folder.faults() == ("train.jsonl line 17: 'answer' is empty; give text or remove the row",)


def test_row_that_lacks_a_column_is_named_with_a_guess(task_folder):
    records = [{"question": "q", "answer": "a"}, {"question": "r", "anwser": "b"}]
    task_folder.write_rows("train.jsonl", records)
    assert task_folder.faults() == (
        "train.jsonl line 2: has no 'answer' (did you mean 'anwser'?); rows of this file are read as plain columns",
    )


def test_wrong_column_is_named_at_its_line_with_the_columns_there_are(task_folder):
    task_folder.settings["data"]["columns"]["target"] = "answr"
    faults = task_folder.faults()
    assert faults[0] == (
        "task.yaml line 9: data.columns.target: train.jsonl has no column 'answr' (did you mean 'answer'?); "
        "its columns: answer, question"
    )
    assert [fault.split(" has no")[0].split(": ")[-1] for fault in faults] == ["train.jsonl", "dev.jsonl", "test.jsonl"]


def test_wrong_optional_column_does_not_hide_bad_rows(task_folder):
    task_folder.settings["data"]["columns"]["evidence"] = "page"
    task_folder.write_rows("test.jsonl", [{"question": "q", "answer": ""}])
    assert "test.jsonl line 1: 'answer' is empty; give text or remove the row" in task_folder.faults()


def test_column_named_for_ids_must_be_there(task_folder):
    task_folder.settings["data"]["columns"]["id"] = "key"
    assert "data.columns.id: train.jsonl has no column 'key'; its columns" in task_folder.faults()[0]


def test_file_of_no_known_shape_says_which_key_to_set(task_folder):
    task_folder.only_train("train.jsonl")
    task_folder.write_rows("train.jsonl", [{"query": "q", "reply": "a"}])
    assert task_folder.faults() == (
        "train.jsonl: has no column 'input'; its columns: query, reply; name the right one in data.columns.input",
        "train.jsonl: has no column 'target'; its columns: query, reply; name the right one in data.columns.target",
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"question": "q"', "not valid JSON: Expecting ',' delimiter at column 17; mend the line"),
        ("[1]", "holds a list; every row is an object {...}"),
        ("3", "holds a number; every row is an object {...}"),
        ('{"question": "q", "question": "r"}', "key 'question' is given twice in one object; remove one"),
    ],
)
def test_bad_line_is_named(task_folder, line, expected):
    task_folder.write("train.jsonl", '{"question": "q", "answer": "a"}\n' + line + "\n")
    assert task_folder.faults() == (f"train.jsonl line 2: {expected}",)


def test_wrong_encoding_is_named_by_its_line(task_folder):
    task_folder.write("train.jsonl", b'{"question": "q", "answer": "a"}\n{"question": "caf\xe9", "answer": "a"}\n')
    assert task_folder.faults() == ("train.jsonl line 2: byte 0xe9 is not UTF-8; save the file as UTF-8",)


def test_utf_16_is_named(task_folder):
    task_folder.write("train.jsonl", '{"question": "q"}'.encode("utf-16"))
    assert task_folder.faults() == ("train.jsonl: is UTF-16; save it as UTF-8",)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
@pytest.mark.parametrize("content", ["", "\n\n"])
def test_empty_split_is_named(task_folder, split, content):
    task_folder.write(f"{split}.jsonl", content)
    assert task_folder.faults() == (f"{split}.jsonl: is empty; give at least one row",)


def test_csv_with_a_header_alone_is_an_empty_split(task_folder):
    task_folder.write("train.csv", "question,answer\n")
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.faults() == ("train.csv: has no rows; give at least one, as it is data.train",)


def test_missing_data_file_is_named(task_folder):
    task_folder.settings["data"]["train"] = "absent.jsonl"
    assert task_folder.faults() == ("absent.jsonl: there is no such file in the task's folder; mend data.train",)


def test_unknown_format_is_named_with_the_known_ones(task_folder):
    task_folder.write("train.xlsx", "x")
    task_folder.settings["data"]["train"] = "train.xlsx"
    assert "'.xlsx' is no known format; convert it to one of .jsonl, .json, .csv, .parquet" in task_folder.faults()[0]


def test_folder_as_a_split_is_named(task_folder):
    (task_folder.folder / "rows").mkdir()
    task_folder.settings["data"]["train"] = "rows"
    assert "rows: is a folder; give a file" in task_folder.faults()[0]


def test_very_many_faults_of_one_file_are_counted_not_lost(task_folder):
    task_folder.write_rows("train.jsonl", [{"question": "q", "answer": ""}] * 60)
    faults = task_folder.faults()
    assert len(faults) == 51
    assert faults[-1] == "train.jsonl: and 10 more faults; mend these first"
