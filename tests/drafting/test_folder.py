"""`harness init`: ten files of ten shapes become ten folders that load and pass the check."""

import csv
import io
import json
import random
from pathlib import Path

import pytest
from draft_files import (
    LABELS,
    Row,
    array,
    drafted,
    label,
    labelled,
    long_answers,
    rows_of,
    said,
    save,
    sides,
    text,
)

from harness.checking import examine, read_material
from harness.drafting import draft_task
from harness.errors import TaskFileError
from harness.task import load_task
from harness.task.splits import normalised


def short_answers(folder: Path) -> Path:
    cells = io.StringIO()
    table = csv.writer(cells, delimiter=";")
    table.writerow(["Frage", "Antwort"])
    table.writerows([f"Wo wächst {text(n, 6)}?", f"über {text(n, 2)}"] for n in range(360))
    path = folder / "short.csv"
    path.write_bytes(cells.getvalue().encode("cp1252"))
    return path


def alpaca(folder: Path) -> Path:
    def row(n: int) -> Row:
        return {"instruction": f"Translate {text(n, 3)}.", "input": text(f"i{n}", 4), "output": text(f"o{n}", 3)}

    return save(folder / "alpaca.jsonl", rows_of(row))


def sharegpt(folder: Path) -> Path:
    def row(n: int) -> Row:
        turns = [
            ("human", text(n, 6)),
            ("gpt", text(f"a{n}", 9)),
            ("human", text(f"b{n}", 6)),
            ("gpt", text(f"c{n}", 12)),
        ]
        return {"id": f"c{n}", "conversations": [{"from": who, "value": what} for who, what in turns]}

    return save(folder / "sharegpt.jsonl", rows_of(row))


def messages(folder: Path) -> Path:
    def row(n: int) -> Row:
        turns = [("system", "Be brief."), ("user", text(n, 8)), ("assistant", text(f"a{n}", 2))]
        return {"messages": [{"role": who, "content": what} for who, what in turns]}

    return save(folder / "messages.jsonl", rows_of(row))


def completion(folder: Path) -> Path:
    return save(folder / "completion.jsonl", rows_of(lambda n: {"prompt": text(n, 8), "completion": f" {text(n, 2)}"}))


def parquet(folder: Path) -> Path:
    pandas = pytest.importorskip("pandas")
    rows = rows_of(lambda n: {"review": text(n, 12), "stars": 1 + n % 5, "user_id": n // 4})
    path = folder / "reviews.parquet"
    pandas.DataFrame(rows).to_parquet(path)
    return path


def objects(folder: Path) -> Path:
    def row(n: int) -> Row:
        return {"email": text(n, 20), "fields": {"name": text(n, 1), "amount": n % 90}}

    return save(folder / "objects.jsonl", rows_of(row))


FILES = {
    labelled: ("label_accuracy", "macro_f1"),
    short_answers: ("exact_match", "f1"),
    alpaca: ("exact_match", "f1"),
    sharegpt: ("rouge_l", "f1"),
    messages: ("exact_match", "f1"),
    completion: ("exact_match", "f1"),
    parquet: ("label_accuracy", "macro_f1"),
    array: ("exact_match", "f1"),
    objects: ("json_fields", "json_valid", "exact_match"),
    long_answers: ("rouge_l", "f1"),
}


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_file_of_any_shape_becomes_a_folder_that_loads_and_passes_the_check(tmp_path, make):
    task = drafted(make(tmp_path))
    assert (task.primary_metric, *task.other_metrics) == FILES[make]
    # 360 rows: 100 for test, a fifth of the other 260 for dev
    assert len(task.test) == pytest.approx(100, abs=5)
    assert len(task.study.dev) == pytest.approx(52, abs=5)
    assert len(task.study.train) + len(task.study.dev) + len(task.test) == 360
    report = examine(read_material(task.file))
    assert [finding.title for finding in report.findings if finding.severity == "error"] == []
    assert report.exit_code == 0


def test_encoding_and_columns_that_were_guessed_are_said_in_the_task_file(tmp_path):
    task = drafted(short_answers(tmp_path))
    assert task.test[0].question.text.startswith("Wo wächst")
    written = task.file.read_text(encoding="utf-8")
    assert "# not sure: short.csv: is not UTF-8 and was read as Windows-1252, in which a row is 'Wo wächst " in written


def test_of_two_texts_the_one_that_asks_is_the_question(tmp_path):
    rows = rows_of(lambda n: {"Antwoord": text(f"a{n}", 9), "Vraag": f"{text(n, 6)}?"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert all(item.question.text.endswith("?") for item in task.test)
    assert "# not sure: the answer was taken from column 'Antwoord', by its content" in said(task)


def test_conversations_keep_their_turns_and_ids(tmp_path):
    task = drafted(sharegpt(tmp_path))
    assert {len(item.messages) for item in task.test} == {3}
    assert all(item.id.startswith("c") for item in task.test)


def test_system_turn_that_all_rows_share_is_the_tasks_and_they_get_no_other(tmp_path):
    task = drafted(messages(tmp_path))
    assert task.study.system == "Be brief."
    assert {turn.role for item in task.test for turn in item.messages} == {"user"}


def test_objects_as_answers_become_json(tmp_path):
    task = drafted(objects(tmp_path))
    assert json.loads(task.test[0].target).keys() == {"name", "amount"}
    assert "with the keys name, amount" in str(task.study.system)


def test_documents_switch_rag_on_and_their_names_are_evidence(tmp_path):
    pages = tmp_path / "pages"
    pages.mkdir()
    for n in range(9):
        (pages / f"page{n}.md").write_text(text(f"p{n}", 40))
    rows = rows_of(lambda n: {"question": text(n, 7), "answer": text(n, 2), "page": f"page{n % 9}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows), documents=pages)
    assert {"rag", "rag_lora_sft"} <= {arm.name for arm in task.arms}
    assert len(task.study.documents) == 9
    assert all(item.evidence for item in task.test)


def test_labels_are_also_chosen_by_their_likelihood_and_other_answers_are_not(tmp_path):
    for source, is_there in ((labelled, True), (objects, False)):
        folder = tmp_path / source.__name__
        folder.mkdir()
        assert ("label_score" in {arm.name for arm in drafted(source(folder)).arms}) is is_there


def test_preference_pairs_give_rows_and_the_pairs_of_train(tmp_path):
    rows = rows_of(lambda n: {"prompt": text(n, 8), "chosen": text(f"a{n}", 3), "rejected": text(f"b{n}", 3)})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert "lora_dpo" in {arm.name for arm in task.arms}
    assert {normalised(pair) for pair in task.study.preferences} == sides(task)["train"]


def test_model_folder_is_named_as_the_task_file_sees_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("weights").mkdir()
    assert drafted(labelled(tmp_path), model="weights").model.source == str(tmp_path / "weights")


def test_draft_that_does_not_load_is_not_written(tmp_path, monkeypatch):
    def refuse(path):
        raise TaskFileError(str(path), ["a fault"])

    monkeypatch.setattr("harness.drafting.folder.load_task", refuse)
    source = labelled(tmp_path)
    with pytest.raises(TaskFileError, match="a fault"):
        draft_task(source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("model", ["./nowhere", "smolm2-135m", "a/b/c"])
def test_model_that_can_be_none_is_refused_by_the_option_before_anything_is_written(tmp_path, model):
    source = labelled(tmp_path)
    with pytest.raises(TaskFileError, match="^--model: 1 problem\n.*a folder here, or a hub id"):
        draft_task(source, tmp_path / "out", model=model)
    assert list(tmp_path.iterdir()) == [source]


def test_bad_rows_are_left_out_and_named(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": "" if n == 7 else label(n)})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert "not sure: rows left out: 1; rows.jsonl line 8: 'label' is empty; give text or remove the row" in said(task)
    assert sum(map(len, (task.study.train, task.study.dev, task.test))) == 359


@pytest.mark.parametrize("empty", ["", None, float("nan")])
def test_rows_without_an_answer_are_left_out_and_counted_though_they_are_many(tmp_path, empty):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n) if n % 3 else empty, "lang": "ab"[n % 2]})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert sum(map(len, (task.study.train, task.study.dev, task.test))) == 240
    assert {item.target for item in task.test} <= set(LABELS)
    assert "not sure: the answer in 'label' is empty in 120 of 360 rows" in said(task)
    assert "not sure: rows left out: 120; rows.jsonl line 1 and 119 more: 'label' is empty; give text or" in said(task)


def test_rows_without_an_answer_are_left_out_in_any_shape(tmp_path):
    rows = rows_of(lambda n: {"instruction": text(n, 7), "input": "", "output": text(f"o{n}", 5) * (n % 3 > 0)}, 360)
    assert "rows left out: 120" in said(drafted(save(tmp_path / "rows.jsonl", rows)))


def test_first_line_of_sentences_alone_is_said_to_look_like_a_row(tmp_path):
    source = tmp_path / "rows.csv"
    source.write_text("".join(f"{text(n, 9)},{text(-n, 6)}\n" for n in range(120)))
    names = [text(0, 9), text(0, 6)]
    written = said(drafted(source, inputs=names[:1], target=names[1]))
    assert f"looks like a row, not like column names, as all names are sentences, such as '{names[0]}'" in written


def test_first_line_of_a_table_that_looks_like_a_row_is_said(tmp_path):
    source = tmp_path / "rows.csv"
    source.write_text("".join(f"{text(n, 9)},{label(n)}\n" for n in range(120)))
    expected = "not sure: the first line looks like a row, not like column names, as 'billing' is also a value below it"
    assert expected in said(drafted(source))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "few.jsonl",
            "".join(f'{{"input": "{n} q", "target": "{n % 2}"}}\n' for n in range(59)),
            "59 usable rows are too",
        ),
        (
            "same.jsonl",
            "".join(f'{{"input": "{n} q", "target": "a"}}\n' for n in range(99)),
            "every row has the answer 'a'",
        ),
        ("one.jsonl", "".join(f'{{"input": "{n} q"}}\n' for n in range(99)), "no question and answer can be told"),
        (
            "unanswered.jsonl",
            "".join(f'{{"input": "{n} q", "target": "{n if n < 40 else ""}"}}\n' for n in range(99)),
            "can be told from the columns 'input', 'target'; 'target' is mostly empty",
        ),
        (
            "unlabelled.csv",
            "text,labels\n" + "".join(f"{n} q,\n" for n in range(99)),
            "column 'labels' is empty in every row, and a task needs a question and an answer in each; fill it in",
        ),
        (
            "remarks.csv",
            "text,labels,note\n" + "".join(f"ticket {n} of us,,x{n}\n" for n in range(99)),
            "'labels' is empty in every row; rename two of them",
        ),
        (
            "bad.jsonl",
            "".join(f'{{"prompt": "{n} q", "completion": "{n} a", "label": false}}\n' for n in range(99)),
            "no answer was called good",
        ),
        (
            "unanswerable.jsonl",
            "".join(
                f'{{"input": "{n} q", "target": {[{"text": n}] * (n % 4 > 0)}}}\n'.replace("'", '"') for n in range(80)
            ),
            "line 1 and 19 more: 'target' is [], without an answer; where none is right, write so, such as 'no answer'",
        ),
        ("none.csv", "input,target\n", "has no rows"),
        ("empty.jsonl", "", "is empty; give at least one row"),
        ("broken.jsonl", '{"input"\n', "broken.jsonl line 1 column 9: not valid JSON"),
        ("wrong.docx", "x", "'.docx' is not a known format"),
        ("packed.csv", "PK\x03\x04", "is a packed file (zip)"),
        ("gaps.jsonl", '{"messages": []}\n' * 9 + '{"messages": 1}\n', "10 of 10 rows cannot be used"),
    ],
)
def test_file_that_makes_no_task_is_refused_and_nothing_is_written(tmp_path, name, content, expected):
    source = tmp_path / name
    source.write_text(content)
    with pytest.raises(TaskFileError) as caught:
        draft_task(source, tmp_path / "out")
    assert expected in str(caught.value)
    assert list(tmp_path.iterdir()) == [source]


def test_answers_column_without_an_answer_is_refused_when_it_is_named_too(tmp_path):
    source = tmp_path / "unlabelled.csv"
    source.write_text("text,labels\n" + "".join(f"{n} q,\n" for n in range(99)))
    with pytest.raises(TaskFileError, match="99 of 99 rows cannot be used") as caught:
        draft_task(source, tmp_path / "out", target="labels")
    assert "'labels' is empty" in str(caught.value)


def test_folder_in_use_is_left_alone(tmp_path):
    source = labelled(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    with pytest.raises(TaskFileError, match="is not empty; give --out a folder that is new or empty"):
        draft_task(source, out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ['": {} #', "a\nversion: 2", "{{ input }}", "*x", "é\u2028b", "no", "'"])
def test_names_that_mean_something_in_yaml_do_no_harm(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    folder = Path(name.replace("\n", " "))
    folder.mkdir()
    rows = rows_of(lambda n: {name: text(n, 9), f"{name} 2": f"{n % 3} {name}", "é" + name: n})
    task = drafted(save(tmp_path / "rows.jsonl", rows), model=str(folder))
    assert task.model.source == str(tmp_path / folder)
    assert {item.target for item in task.test} == {f"{n} {name}" for n in range(3)}


@pytest.mark.parametrize("seed", range(6))
def test_any_rows_are_taken_or_refused(tmp_path, seed):
    chance = random.Random(seed)
    odd = [
        None,
        True,
        0,
        2.5,
        "",
        "x",
        "a b c d",
        [],
        ["x"],
        [None],
        {},
        {"a": 1},
        "\ud800",
        "\0",
        float("nan"),
        10**30,
    ]
    names = ["input", "label", "group", "id", "messages", "prompt", "chosen", "rejected", "", "text", "context"]
    for number in range(12):
        columns = chance.sample(names, 4)
        rows = [{name: chance.choice([*odd, text(f"{n}{name}", 6)]) for name in columns} for n in range(80)]
        source = save(tmp_path / f"{number}.jsonl", rows)
        try:
            draft_task(source, tmp_path / f"out{number}")
        except TaskFileError:
            assert not (tmp_path / f"out{number}").exists()
        else:
            load_task(tmp_path / f"out{number}" / "task.yaml")
