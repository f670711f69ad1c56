import json
from pathlib import Path

import pytest

from harness.errors import TaskFileError
from harness.task.faults import Faults
from harness.task.rows import rows_in


def test_csv_with_byte_order_mark_windows_line_ends_and_quotes_is_read(task_folder):
    content = '\ufeffquestion,answer\r\n"one, two","first\r\nsecond"\r\nthree,3\r\n'
    task_folder.write("train.csv", content)
    task_folder.settings["data"]["train"] = "train.csv"
    first, second = task_folder.load().study.train
    assert (first.question.text, first.target) == ("one, two", "first\r\nsecond")
    assert (second.question.text, second.target) == ("three", "3")


def test_csv_row_after_a_cell_of_two_lines_is_named_by_its_own_line(task_folder):
    task_folder.write("train.csv", 'question,answer\n"a\nb",x\nc,\n')
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.faults() == ("train.csv line 4: 'answer' is empty; give text or remove the row",)


def test_csv_row_with_a_cell_too_many_is_named(task_folder):
    task_folder.write("train.csv", "question,answer\na,b,c\n")
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.faults() == (
        "train.csv line 2: has 3 cells, the header 2; put quotes around commas inside a cell",
    )


def test_csv_row_with_a_cell_too_few_is_named(task_folder):
    task_folder.write("train.csv", "question,answer\na\n")
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.faults() == ("train.csv line 2: has 1 cell, the header 2; add what is missing",)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_csv_separated_by_other_signs_is_read(task_folder, delimiter):
    content = f'"question"{delimiter}answer\n"one, two{delimiter} three"{delimiter}first, second\n'
    task_folder.write("train.csv", content)
    task_folder.settings["data"]["train"] = "train.csv"
    (example,) = task_folder.load().study.train
    assert (example.question.text, example.target) == (f"one, two{delimiter} three", "first, second")


def test_tsv_with_commas_in_its_header_is_separated_by_tabs(task_folder):
    task_folder.write("train.tsv", "text, raw, as sent\tlabel\nq, or not\ta\n")
    task_folder.settings["data"] |= {
        "train": "train.tsv",
        "columns": {"input": "text, raw, as sent", "target": "label"},
    }
    for split in ("dev", "test"):
        task_folder.write_rows(f"{split}.jsonl", [{"text, raw, as sent": split, "label": "a"}])
    (example,) = task_folder.load().study.train
    assert (example.question.text, example.target) == ("q, or not", "a")


def test_tsv_without_a_tab_in_its_header_is_separated_by_what_is_there(task_folder):
    task_folder.write("train.tsv", '"question",answer\n"q\tr",a\n')
    task_folder.settings["data"]["train"] = "train.tsv"
    assert task_folder.load().study.train[0].question.text == "q\tr"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_may_name_its_delimiter_in_its_first_line(task_folder, end):
    task_folder.write("train.csv", end.join(["sep=;", "question;answer", "one, two;a", "three;"]))
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.faults() == ("train.csv line 4: 'answer' is empty; give text or remove the row",)
    task_folder.write("train.csv", end.join(["sep=;", "question;answer", "one, two;a", "three;b"]))
    assert [example.question.text for example in task_folder.load().study.train] == ["one, two", "three"]


def test_csv_with_as_many_commas_as_tabs_in_its_header_is_separated_as_its_rows_are(task_folder):
    task_folder.write("train.csv", "question, raw\tanswer\nq\ta\nr, s\tb\n")
    task_folder.settings["data"] |= {"train": "train.csv", "columns": {"input": "question, raw", "target": "answer"}}
    for split in ("dev", "test"):
        task_folder.write_rows(f"{split}.jsonl", [{"question, raw": split, "answer": "a"}])
    assert [example.question.text for example in task_folder.load().study.train] == ["q", "r, s"]


def test_csv_with_bars_inside_a_name_is_separated_by_its_one_comma(task_folder):
    task_folder.write("train.csv", "question (a|b|c),answer\nq,a\n")
    task_folder.settings["data"] |= {"train": "train.csv", "columns": {"input": "question (a|b|c)", "target": "answer"}}
    for split in ("dev", "test"):
        task_folder.write_rows(f"{split}.jsonl", [{"question (a|b|c)": split, "answer": "a"}])
    assert task_folder.load().study.train[0].question.text == "q"


@pytest.mark.parametrize(("title", "named"), [("Export from CRM,", 1), (",", 0)])
def test_csv_with_a_title_above_its_header_is_refused(task_folder, title, named):
    task_folder.write("train.csv", f"{title}\n\nquestion,answer\nq,a\n")
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.faults()[0] == (
        f"train.csv header line 1: names {named} of 2 columns; remove the lines above the header, or name them"
    )


def test_csv_with_a_title_of_one_cell_is_told_to_remove_it(task_folder):
    task_folder.write("train.csv", "Export from CRM\nquestion,answer\n")
    task_folder.settings["data"]["train"] = "train.csv"
    said = "put quotes around commas inside a cell, or remove the lines above the header"
    assert task_folder.faults() == (f"train.csv line 2: has 2 cells, the header 1; {said}",)


def test_csv_columns_without_a_name_are_left_out_and_said_where_they_hold_something():
    faults = Faults()
    (row,) = rows_in(",question,answer,\n0,q,a,\n", ".csv", "rows.csv", faults)
    assert row.values == {"question": "q", "answer": "a"}
    said = "what has no name in the header is left out (column 1); name it if it is needed"
    assert (faults.count, list(faults.guesses)) == (0, [f"rows.csv: {said}"])


def test_csv_cell_of_a_long_text_is_read(task_folder):
    task_folder.write("train.csv", f"question,answer\n{'q' * 200_000},a\n")
    task_folder.settings["data"]["train"] = "train.csv"
    assert len(task_folder.load().study.train[0].question.text) == 200_000


def test_csv_header_with_spaces_is_read(task_folder):
    task_folder.write("train.csv", "question, answer\nq,a\n")
    task_folder.settings["data"]["train"] = "train.csv"
    assert task_folder.load().study.train[0].target == "a"


def test_csv_with_an_open_quote_is_named(task_folder):
    task_folder.write("train.csv", 'question,answer\na,"b\n')
    task_folder.settings["data"]["train"] = "train.csv"
    assert "train.csv line 2: not valid CSV" in task_folder.faults()[0]


def test_jsonl_with_byte_order_mark_and_windows_line_ends_is_read(task_folder):
    content = "\ufeff" + "".join(json.dumps({"question": f"q{n}", "answer": "a"}) + "\r\n" for n in range(2))
    task_folder.write("train.jsonl", content)
    assert [example.question.text for example in task_folder.load().study.train] == ["q0", "q1"]


def test_jsonl_line_separator_inside_a_string_does_not_end_the_row(task_folder):
    task_folder.write("train.jsonl", '{"question": "a\u2028b", "answer": "c"}\n')
    assert task_folder.load().study.train[0].question.text == "a\u2028b"


def test_jsonl_with_another_encodings_mark_is_read(task_folder):
    for encoding in ("utf-16", "utf-32"):
        task_folder.write("train.jsonl", '{"question": "café", "answer": "a"}\n'.encode(encoding))
        assert task_folder.load().study.train[0].question.text == "café"


def test_line_ends_of_old_systems_are_read(task_folder):
    task_folder.write("train.jsonl", '{"question": "q", "answer": "a"}\r{"question": "r", "answer": "b"}\r')
    assert [example.target for example in task_folder.load().study.train] == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"version": 1, "examples": [{"q": 1}]},
            "objects in lists under 'examples'; write the list of rows",
        ),
        (
            {"meta": {"v": 1}, "of": {"items": [{"q": 1}], "x": [{}]}},
            "objects in lists under 'of.items', 'of.x'; ",
        ),
        ({"0": {"q": 1}, "1": {"q": 2}}, "an object under each key; give its values as a list, if they are the rows"),
        ({"q": 1, "tags": ["a"]}, "holds one object; give a list of objects, or use .jsonl"),
        (3, "holds one number; give a list of objects, or use .jsonl"),
    ],
)
def test_json_that_is_no_list_says_where_its_rows_may_stand(values, said):
    faults = Faults()
    assert rows_in(json.dumps(values), ".json", "rows.json", faults) == []
    with pytest.raises(TaskFileError) as caught:
        faults.raise_any(Path("rows.json"))
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["train.json", "train.jsonl"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_list_is_read_whatever_the_suffix(task_folder, name, indent):
    rows = [{"question": "q", "answer": "a"}, {"question": "r", "answer": "b"}]
    task_folder.write(name, json.dumps(rows, indent=indent))
    task_folder.settings["data"]["train"] = name
    assert [example.target for example in task_folder.load().study.train] == ["a", "b"]


def test_a_row_a_line_is_read_whatever_the_suffix(task_folder):
    task_folder.write("train.json", '{"question": "q", "answer": "a"}\n{"question": "r", "answer": "b"}\n')
    task_folder.settings["data"]["train"] = "train.json"
    assert [example.target for example in task_folder.load().study.train] == ["a", "b"]


def test_json_list_is_read(task_folder):
    task_folder.write("train.json", json.dumps([{"question": "q", "answer": "a"}]))
    task_folder.settings["data"]["train"] = "train.json"
    assert task_folder.load().study.train[0].target == "a"


def test_parquet_is_read_with_lists_and_gaps(task_folder):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"question": ["q", "r"], "answer": ["a", "b"], "evidence": [["one", "two"], None]})
    frame.to_parquet(task_folder.folder / "train.parquet")
    task_folder.settings["data"]["train"] = "train.parquet"
    assert [example.evidence for example in task_folder.load().study.train] == [("one", "two"), ()]


def test_parquet_row_is_named_as_a_row(task_folder):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"question": ["q", "r"], "answer": ["a", None]}).to_parquet(task_folder.folder / "t.parquet")
    task_folder.settings["data"]["train"] = "t.parquet"
    assert task_folder.faults() == ("t.parquet row 2: 'answer' is empty; give text or remove the row",)


def test_parquet_cell_that_is_no_number_is_empty(task_folder):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"question": ["q"], "answer": [float("nan")]})
    pyarrow.parquet.write_table(table, task_folder.folder / "t.parquet")
    task_folder.settings["data"]["train"] = "t.parquet"
    assert task_folder.faults() == ("t.parquet row 1: 'answer' is empty; give text or remove the row",)


def test_file_that_is_no_parquet_is_named(task_folder):
    task_folder.write("train.parquet", b"not parquet")
    task_folder.settings["data"]["train"] = "train.parquet"
    assert "train.parquet: is not a readable Parquet file" in task_folder.faults()[0]
