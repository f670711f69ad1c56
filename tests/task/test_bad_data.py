import pytest

from harness.errors import TaskFileError


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
        "task.yaml line 9 column 5: data.columns.target: train.jsonl has no column 'answr' (did you mean 'answer'?); "
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
        ('{"question": "q"', " column 17: not valid JSON: Expecting ',' delimiter; fix the line"),
        ("[1]", ": holds a list; every row is an object {...}"),
        ("3", ": holds a number; every row is an object {...}"),
        ('{"question": "q", "question": "r"}', ": key 'question' is given twice in one object; remove one"),
        ('{"question": "q", "answer": "a", "\\ud800x": 1}', r": key '\ud800x' has a character that cannot be stored"),
        ('{"question": "q", "answer": "a", "b\\u0000": 1}', r": key 'b\x00' has a character that cannot be stored"),
        (r'{"\ud800": 1, "\ud800": 2}', r": key '\ud800' has a character that cannot be stored"),
        ("[" * 100_000, ": nests lists or objects too deeply; no row needs that"),
        ('{"question": ' + "9" * 5000 + "}", ": holds a number of more than 4300 digits; put it in quotes"),
        ('{"question": "q\\u0000", "answer": "a"}', ": 'question' has a NUL character (\\u0000); remove it"),
        ('{"question": "q", "answer": NaN}', ": 'answer' is empty; give text or remove the row"),
        ('{"question": "q", "answer": {"a": null}}', ": 'answer' is {'a': None}; give text (in quotes)"),
        ('{"question": "q", "answer": "a", "evidence": [null]}', ": 'evidence[0]' is empty; give text or remove"),
    ],
)
def test_bad_line_is_named(task_folder, line, expected):
    task_folder.write("train.jsonl", '{"question": "q", "answer": "a"}\n' + line + "\n")
    (fault,) = task_folder.faults()
    assert fault.startswith(f"train.jsonl line 2{expected}")


def test_encoding_that_cannot_be_told_is_named_by_its_line_and_column(task_folder):
    task_folder.write(
        "train.jsonl", b'{"question": "q", "answer": "a"}\n{"question": "caf\x81\x8d\x90", "answer": "a"}\n'
    )
    # {"question": "caf are 17 characters
    assert task_folder.faults() == (
        "train.jsonl line 2 column 18: byte 0x81 is not UTF-8, and its encoding is not clear; save the file "
        "as UTF-8 (spreadsheets call it 'CSV UTF-8')",
    )


def test_column_of_a_wrong_byte_counts_characters(task_folder):
    task_folder.write("train.jsonl", '{"é'.encode() + b"\xe9")
    assert task_folder.faults()[0].startswith("train.jsonl line 1 column 4: byte 0xe9")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_named(task_folder, encoding):
    task_folder.write("train.jsonl", '{"question": "q"}'.encode(encoding))
    (fault,) = task_folder.faults()
    assert "is a NUL byte; the file is damaged, or UTF-16 without its mark: save it as UTF-8" in fault


def test_nul_byte_is_named_by_its_line_and_column(task_folder):
    task_folder.write("train.jsonl", b'{"question": "q", "answer": "a"}\nab\0')
    assert task_folder.faults()[0].startswith("train.jsonl line 2 column 3: is a NUL byte")


@pytest.mark.parametrize(("start", "kind"), [(b"\x1f\x8b\x08", "gzip"), (b"PK\x03\x04", "zip")])
def test_packed_file_is_named(task_folder, start, kind):
    task_folder.write("train.jsonl", start + b"\x00\xff")
    assert task_folder.faults() == (f"train.jsonl: is a packed file ({kind}), no text; unpack it first",)


def test_giant_row_is_named(task_folder):
    task_folder.write_rows("train.jsonl", [{"question": "q" * 1_000_000, "answer": "a"}])
    assert task_folder.faults() == (
        "train.jsonl line 1: has 1,000,001 characters, and no model reads 1,000,000; cut it or remove the row",
    )


def test_object_over_several_lines_is_one_fault(task_folder):
    task_folder.write("train.jsonl", '{\n  "question": "q",\n  "answer": "a"\n}\n')
    assert task_folder.faults() == (
        "train.jsonl line 1: an object runs over several lines; write one object a line, or a list of them",
    )


def test_preference_pairs_in_place_of_labelled_rows_are_recognised(task_folder):
    task_folder.write_rows("train.jsonl", [{"prompt": "p", "chosen": "a", "rejected": "b"}])
    assert task_folder.faults()[0].startswith("train.jsonl: has preference pairs (chosen, rejected); name it in data.p")


@pytest.mark.parametrize("key", ["train", "documents"])
def test_path_that_can_be_no_path_is_refused_by_its_key(task_folder, key):
    task_folder.settings["data"][key] = "a" * 5000
    [fault] = task_folder.faults()
    assert f"data.{key}" in fault and "aaaa..." in fault and len(fault) < 300
    task_folder.settings["data"][key] = "a/" * 5000
    assert "there" in task_folder.faults()[0]


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
    assert task_folder.faults() == (
        "task.yaml line 4 column 3: data.train: there is no file 'absent.jsonl' in the task's folder; fix the path",
    )


@pytest.mark.parametrize("written", ["trian.jsonl", "train*.jsonl", "train.json"])
def test_missing_data_file_gets_a_guess_among_those_beside_it(task_folder, written):
    task_folder.settings["data"]["dev"] = f"./{written}"
    assert task_folder.faults() == (
        f"task.yaml line 5 column 3: data.dev: there is no file './{written}' in the task's folder "
        "(did you mean 'train.jsonl'?); fix the path",
    )


def test_guess_for_a_missing_file_keeps_its_folder(task_folder):
    task_folder.write_rows("rows/train.jsonl", [])
    task_folder.settings["data"]["train"] = "rows/trian.jsonl"
    assert "(did you mean 'rows/train.jsonl'?)" in task_folder.faults()[0]


@pytest.mark.parametrize(
    ("suffix", "remedy"),
    [
        (".docx", "'.docx' is not a known format; convert it to one of .jsonl, .ndjson, .json, .csv, .tsv, .parquet"),
        (".xlsx", "'.xlsx' is a spreadsheet, which is not read; save the sheet that holds the rows as .csv"),
        (".jsonl.gz", "'.gz' is a packed file, which is not read; unpack it, and give the file in it"),
        (".arrow", "'.arrow' is not read; write its rows with pandas"),
        ("", "the file's name does not end in its format; rename it to one of .jsonl, "),
    ],
)
def test_unknown_format_is_named_with_the_way_to_a_known_one(task_folder, suffix, remedy):
    task_folder.write(f"train{suffix}", "x")
    task_folder.settings["data"]["train"] = f"train{suffix}"
    (fault,) = task_folder.faults()
    assert remedy in fault


def test_ndjson_is_json_lines(task_folder):
    before = [item.question.text for item in task_folder.load().study.train]
    (task_folder.folder / task_folder.settings["data"]["train"]).rename(task_folder.folder / "train.ndjson")
    task_folder.settings["data"]["train"] = "train.ndjson"
    assert [item.question.text for item in task_folder.load().study.train] == before


def test_folder_as_a_split_is_named(task_folder):
    (task_folder.folder / "rows").mkdir()
    task_folder.settings["data"]["train"] = "rows"
    assert task_folder.faults()[0].startswith(
        "task.yaml line 4 column 3: data.train: 'rows' is a folder; give a file ("
    )


def test_very_many_faults_of_one_file_are_counted_not_lost(task_folder):
    task_folder.write("train.jsonl", "".join(f'{{"a{n}": 1, "a{n}": 2}}\n' for n in range(60)))
    with pytest.raises(TaskFileError, match=r"task\.yaml: 60 problems\n") as caught:
        task_folder.load()
    assert len(caught.value.faults) == 51
    assert caught.value.faults[-1] == "train.jsonl: and 10 more faults; fix these first"


def test_faults_of_one_kind_are_one_line(task_folder):
    task_folder.write_rows("train.jsonl", [{"question": "q", "answer": 1.5 * n} for n in range(1, 61)])
    with pytest.raises(TaskFileError, match=r"task\.yaml: 60 problems\n") as caught:
        task_folder.load()
    assert caught.value.faults == ("train.jsonl lines 1, 2, 3 and 57 more: 'answer' is 1.5; give text (in quotes)",)


def with_answers(task_folder, empty, rows):
    answers = [{"question": f"train question {n}", "answer": "" if n < empty else "a"} for n in range(rows)]
    task_folder.write_rows("train.jsonl", answers)


def test_few_rows_that_cannot_be_used_are_left_out_with_a_count_and_a_reason(task_folder):
    with_answers(task_folder, empty=2, rows=40)  # one in twenty
    task = task_folder.load()
    assert len(task.study.train) == 38
    said = "train.jsonl: 2 of 40 rows left out (lines 1, 2): 'answer' is empty; give text or remove the row"
    assert said in task.notes


def test_more_than_one_unusable_row_in_twenty_is_refused(task_folder):
    with_answers(task_folder, empty=3, rows=40)
    assert len(task_folder.faults()) == 3
