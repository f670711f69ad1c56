"""A user's own benchmark: a file of rows, in any language."""

import json
import math

from pytest import approx, mark, raises

from harness.benchmark_files import BenchmarkRow, RowFault, read_benchmark
from harness.errors import HarnessError
from harness.general.benchmark_tasks import load_tasks, pools
from harness.general.measure import general_items_digest
from harness.records import Weights

# Invented here. The options differ in length; the right one stands at each place.
CHINESE = [
    {"question": "下列哪一种动物会飞？", "choices": ["麻雀", "大象", "金鱼"], "answer": "麻雀"},
    {"question": "水在零度以下会变成什么？", "choices": ["蒸汽", "冰", "油"], "answer": "B"},
    {"question": "一年有几个季节？", "choices": ["两个", "三个", "四个"], "answer": 2},
    {"question": "用来写字的是", "choices": ["铅笔", "勺子", "枕头"], "answer": "0"},
]


def write(file, rows):
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


def row_of(**columns):
    return {"question": "Which?", "choices": ["a b", "c d"], "answer": "a b"} | columns


def read(tmp_path, *rows):
    return read_benchmark(write(tmp_path / "rows.jsonl", rows))


def test_chinese_options_are_scored_as_texts_behind_the_question(measured, engine, tiny_model, tmp_path):
    items = measured(tasks=(str(write(tmp_path / "chinese.jsonl", CHINESE)),)).items
    assert [(item.task, item.item) for item in items] == [("chinese", str(number)) for number in (1, 2, 3, 4)]
    for item, row, gold in zip(items, CHINESE, (0, 1, 2, 0), strict=True):
        [scored] = engine.loglikelihood([(row["question"], row["choices"])], Weights(str(tiny_model)))
        mean = sum(map(len, row["choices"])) / 3
        given = [math.exp(a.logprob * mean / len(choice)) for a, choice in zip(scored, row["choices"], strict=True)]
        assert item.probability == approx(given[gold] / sum(given), abs=1e-4)
        per_character = [a.logprob / len(choice) for a, choice in zip(scored, row["choices"], strict=True)]
        assert item.score == (per_character.index(max(per_character)) == gold)
        assert (item.metric, item.chance) == ("acc_norm", approx(1 / 3))


def test_an_answer_without_choices_is_scored_by_its_likelihood(measured, engine, tiny_model, tmp_path):
    rows = [{"question": "法国的首都是", "answer": "巴黎"}, {"question": "The capital of France is", "answer": "Paris"}]
    items = measured(tasks=(str(write(tmp_path / "towns.jsonl", rows)),)).items
    asked = [("法国的首都是", ["巴黎"]), ("The capital of France is", [" Paris"])]
    scored = engine.loglikelihood(asked, Weights(str(tiny_model)))
    for item, [answer] in zip(items, scored, strict=True):
        assert item.probability == approx(math.exp(answer.logprob), rel=1e-3)
        assert (item.score, item.metric, item.chance) == (float(answer.greedy), "acc", None)


def test_an_own_file_stands_beside_lm_eval_s_tasks(measured, tasks_folder, tmp_path):
    tasks = (str(write(tmp_path / "chinese.jsonl", CHINESE)), "own_choice")
    items = measured(tasks=tasks, include_path=tasks_folder, limit=8).items
    assert {name: sum(i.task == name for i in items) for name in ("chinese", "own_choice")} == {
        "chinese": 4,
        "own_choice": 4,
    }


def test_faults_of_a_file_are_listed_at_once_before_anything_is_asked(measured, tmp_path):
    file = write(tmp_path / "rows.jsonl", [row_of(), row_of(answer=""), row_of(question="")])
    with raises(HarnessError, match=r"rows\.jsonl: 2 problems\n  - row 2: 'answer'.*\n  - row 3: 'question'"):
        measured(tasks=(str(file),), engine=None)


def test_two_files_of_one_name_are_refused(measured, tmp_path):
    (tmp_path / "deeper").mkdir()
    files = [str(write(folder / "rows.jsonl", CHINESE)) for folder in (tmp_path, tmp_path / "deeper")]
    with raises(HarnessError, match="two benchmarks are called 'rows'"):
        measured(tasks=files)


def test_digest_follows_the_rows_of_a_file(cache, tmp_path):
    file = write(tmp_path / "chinese.jsonl", CHINESE)
    before = general_items_digest((str(file),), 10, None, 0)
    assert general_items_digest((str(file),), 10, None, 0) == before
    write(file, [*CHINESE[:3], CHINESE[3] | {"answer": "1"}])
    assert general_items_digest((str(file),), 10, None, 0) != before


# ---- how rows are read -----------------------------------------------------------------------


@mark.parametrize(
    ("answer", "right"),
    [
        ("c d", "c d"),
        (" c d ", "c d"),
        ("B", "c d"),
        ("b", "c d"),
        ("1", "c d"),
        (1, "c d"),
        (0, "a b"),
    ],
)
def test_answer_is_a_choice_s_text_or_letter_or_number(tmp_path, answer, right):
    rows, faults = read(tmp_path, row_of(answer=answer))
    assert (rows, faults) == ([BenchmarkRow(1, "Which?", ("a b", "c d"), right)], [])


@mark.parametrize(
    ("choices", "answer", "remedy"),
    [
        (["1", "2", "3"], "1", "letter"),  # the text of A, the number of B
        (["1", "2", "3"], 2, "letter"),
        (["B", "A"], "A", "number"),  # the text of B, the letter of A
    ],
)
def test_answer_that_could_mean_two_choices_is_refused(tmp_path, choices, answer, remedy):
    rows, [fault] = read(tmp_path, row_of(choices=choices, answer=answer))
    assert rows == []
    assert "could mean" in fault.text and fault.text.endswith(f"give the right choice's {remedy}")


@mark.parametrize(("choices", "answer"), [(["0", "1"], "1"), (["5", "6"], "6"), (["A", "B"], "B")])
def test_answer_whose_readings_agree_is_taken(tmp_path, choices, answer):
    [row], _ = read(tmp_path, row_of(choices=choices, answer=answer))
    assert row.answer == answer


@mark.parametrize(
    "text",
    [
        "question,choice_1,choice_2,choice_3,answer\nWhich?,a b,c d,,B\n",
        "question,A,B,C,D,answer\nWhich?,a b,c d,,,c d\n",
        "id;Question;A;B;Answer\n7;Which?;a b;c d;1\n",
        "\ufeffquestion\tA\tB\tanswer\r\nWhich?\ta b\tc d\tB\r\n",
    ],
)
def test_csv_gives_choices_in_columns(tmp_path, text):
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    assert read_benchmark(tmp_path / "rows.csv") == ([BenchmarkRow(1, "Which?", ("a b", "c d"), "c d")], [])


def test_more_than_nine_numbered_columns_keep_their_order(tmp_path):
    columns = {f"choice_{n}": f"option {n}" for n in (10, 2, 1, 3, 4, 5, 6, 7, 8, 9)}
    [row], _ = read(tmp_path, {"question": "Which?", **columns, "answer": "J"})
    assert row.answer == "option 10"


@mark.parametrize(
    ("row", "said"),
    [
        ({"question": "Which?"}, "no column 'answer'"),
        ({"answer": "a"}, "no column 'question'"),
        (row_of(question=" "), "'question' is empty"),
        (row_of(answer="e"), "is not a choice's text, letter or number"),
        (row_of(answer="C"), "is not a choice's text, letter or number"),
        (row_of(answer=True), "'answer' is true; give text"),
        (row_of(choices=["a b"]), "has 1 choices"),
        (row_of(choices=["a b", "a b"]), "has the choice 'a b' twice"),
        (row_of(choices=["a b", ""]), "'choices' is empty"),
        (row_of(choices="a b|c d"), "'choices' is not a list"),
        (row_of(choice_1="a b", choice_2="c d"), "in 2 ways"),
        ({"question": "Which?", "A": "a b", "B": "", "C": "c d", "answer": "A"}, "'b' is empty before other choices"),
        ({"question": "Which?", "Question": "What?", "answer": "A"}, "names a column twice"),
        (["a"], "is not a JSON object"),
    ],
)
def test_a_row_that_cannot_be_used_is_a_fault_with_its_number(tmp_path, row, said):
    good = row_of()
    rows, [fault] = read(tmp_path, good, row)
    assert (len(rows), fault.row) == (1, 2)
    assert said in fault.text


def test_a_file_is_all_of_one_kind(tmp_path):
    _, faults = read(tmp_path, row_of(), {"question": "What?", "answer": "a"})
    assert faults == [RowFault(2, "has no choices, row 1 has choices; make two files")]


@mark.parametrize(
    ("name", "content", "row", "said"),
    [
        ("rows.jsonl", b"{not json\n", 1, "is not JSON"),
        ("rows.jsonl", b"\n\n", None, "has no rows"),
        ("rows.jsonl", "问".encode("gbk"), None, "is not UTF-8"),
        ("rows.csv", b"", None, "has no rows"),
        ("rows.csv", b"question,answer\nWhich?,a,b\n", 1, "has 3 cells, the header 2"),
        ("rows.csv", b"question,question\nWhich?,a\n", None, "names a column twice"),
        ("rows.csv", b'question,answer\n"Which?,a\n', None, "is not CSV"),
        ("absent.csv", None, None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, content, row, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    rows, [fault] = read_benchmark(tmp_path / name)
    assert (rows, fault.row) == ([], row)
    assert said in fault.text


def test_question_that_stands_in_two_files_is_for_one_use_in_both(tmp_path):
    rows = [{"question": f"What is {n} plus one?", "answer": str(n + 1)} for n in range(40)]
    files = (write(tmp_path / "all.jsonl", rows), write(tmp_path / "half.jsonl", rows[:20]))
    tasks = load_tasks([str(file) for file in files], None)
    asked = {
        use: {tasks[name].eval_docs[n]["question"] for name, numbers in pools(tasks, use).items() for n in numbers}
        for use in ("gate", "selection")
    }
    assert asked["gate"] and asked["selection"]
    assert not asked["gate"] & asked["selection"]


def test_file_with_the_name_of_one_of_our_benchmarks_is_refused(tmp_path):
    with raises(HarnessError, match="'core_piqa' is one of ours; rename the file"):
        load_tasks([str(write(tmp_path / "core_piqa.jsonl", CHINESE))], None)


def test_column_of_a_huge_number_is_no_choice(tmp_path):
    rows, faults = read(tmp_path, {"question": "Which?", "answer": "a", f"choice_{'1' * 5000}": "a"})
    assert (rows, faults) == ([BenchmarkRow(1, "Which?", (), "a")], [])


def test_half_a_character_is_a_fault_of_its_row(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"question": "a\\ud800?", "answer": "x"}\n')
    rows, [fault] = read_benchmark(tmp_path / "rows.jsonl")
    assert (rows, fault.row) == ([], 1)
    assert fault.text.startswith("'question' holds a character that no file may")


def test_row_of_many_other_columns_is_named_in_short(tmp_path):
    _, [fault] = read(tmp_path, {f"c{n}": n for n in range(10_000)})
    assert fault.text == ("has no column 'question'; its 10000 columns begin with 'c0', 'c1', 'c2', 'c3', 'c4', 'c5'")
