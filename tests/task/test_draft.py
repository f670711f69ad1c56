"""`harness init`: ten files of ten shapes become ten folders that load and pass the check."""

import csv
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.decision.intervals import FEWEST_GROUPS
from harness.errors import TaskFileError
from harness.task import Task, load_task
from harness.task.check import examine, read_material
from harness.task.draft import draft_task
from harness.task.draft.division import FEWEST_TEST_GROUPS
from harness.task.splits import normalised

SYLLABLES = "ka lo mi ru te po sa ni ve du".split()
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]  # so many that none is in every text
LABELS = ["billing", "bug", "praise", "question"]

Row = dict[str, Any]


def text(seed: object, words: int) -> str:
    """Words that no other seed gives in this order."""
    return " ".join(random.Random(str(seed)).sample(WORDS, words))


def label(number: int) -> str:
    return LABELS[number * number % 7 % 4]


def rows_of(make: Callable[[int], Row], count: int = 360) -> list[Row]:
    return [make(number) for number in range(count)]


def save(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def labelled(folder: Path) -> Path:
    return save(folder / "labels.jsonl", rows_of(lambda n: {"nr": n, "text": text(n, 9), "label": label(n)}))


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


def array(folder: Path) -> Path:
    rows = rows_of(lambda n: {"question": text(n, 7), "answer": text(n, 1), "context": text(f"c{n}", 30)})
    path = folder / "array.json"
    path.write_text(json.dumps(rows, indent=1))
    return path


def objects(folder: Path) -> Path:
    def row(n: int) -> Row:
        return {"email": text(n, 20), "fields": {"name": text(n, 1), "amount": n % 90}}

    return save(folder / "objects.jsonl", rows_of(row))


def long_answers(folder: Path) -> Path:
    def row(n: int) -> Row:
        return {"doc_id": f"d{n // 5}", "article": text(n, 60), "summary": text(f"s{n}", 25)}

    return save(folder / "long.jsonl", rows_of(row))


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


def drafted(source: Path, **options: Any) -> Task:
    out = source.parent / "out"
    draft_task(source, out, **options)
    return load_task(out / "task.yaml")


def sides(task: Task) -> dict[str, set[str]]:
    """The questions of each split."""
    splits = {"train": task.study.train, "dev": task.study.dev, "test": task.test}
    return {name: {normalised(item) for item in items} for name, items in splits.items()}


def said(task: Task) -> str:
    """The task file with each comment on one line."""
    return task.file.read_text().replace("\n#   ", " ")


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_file_of_any_shape_becomes_a_folder_that_loads_and_passes_the_check(tmp_path, make):
    task = drafted(make(tmp_path))
    assert (task.primary_metric, *task.other_metrics) == FILES[make]
    # 360 rows: 100 for test, a fifth of the other 260 for dev
    assert len(task.test) == pytest.approx(100, abs=5)
    assert len(task.study.dev) == pytest.approx(52, abs=5)
    assert len(task.study.train) + len(task.study.dev) + len(task.test) == 360
    report = examine(read_material(task.file), None)
    assert [finding.title for finding in report.findings if finding.severity == "error"] == []
    assert report.exit_code == 0


def test_encoding_and_columns_that_were_guessed_are_said_in_the_task_file(tmp_path):
    task = drafted(short_answers(tmp_path))
    assert task.test[0].question.text.startswith("Wo wächst")
    written = task.file.read_text(encoding="utf-8")
    assert "# not sure: the file is not UTF-8 and was read as Windows-1252; is 'wächst' right?" in written
    assert "# not sure: the answer was taken from column 'Antwort', by its content" in written


def test_conversations_keep_their_turns_and_ids(tmp_path):
    task = drafted(sharegpt(tmp_path))
    assert {len(item.messages) for item in task.test} == {3}
    assert all(item.id.startswith("c") for item in task.test)


def test_rows_with_a_system_turn_get_no_other(tmp_path):
    task = drafted(messages(tmp_path))
    assert task.study.system is None
    assert task.test[0].messages[0].content == "Be brief."


def test_objects_as_answers_become_json(tmp_path):
    task = drafted(objects(tmp_path))
    assert json.loads(task.test[0].target).keys() == {"name", "amount"}
    assert "with the keys name, amount" in str(task.study.system)


def squad(number: int, titles: int) -> Row:
    answers = {"text": [text(number, 2)], "answer_start": [number]}
    return {
        "id": f"s{number}",
        "title": f"{WORDS[number % titles]} {WORDS[number % titles + 500]}",
        "context": text(f"c{number}", 30),
        "question": text(number, 7),
        "answers": answers,
    }


@pytest.mark.parametrize("titles", [9, 240])  # few enough for labels, and not
def test_answers_as_objects_with_lists_are_refused_with_the_remedy(tmp_path, titles):
    source = save(tmp_path / "squad.jsonl", rows_of(lambda n: squad(n, titles)))
    with pytest.raises(TaskFileError) as caught:
        draft_task(source, tmp_path / "out")
    assert (
        "column 'answers' holds objects with lists (text, answer_start); write the answer you want into a column "
        "'target' and run again"
    ) in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("value", "what"), [(["a", "b"], "lists"), ({"mail": "a"}, "objects (mail)"), ([{"a": 1}], "lists")]
)
def test_answer_is_not_guessed_past_a_column_with_lists_or_objects(tmp_path, value, what):
    rows = rows_of(lambda n: {"review": text(n, 9), "stars": n % 5, "given": value})
    with pytest.raises(TaskFileError, match=re.escape(f"column 'given' holds {what}; write the answer you want into")):
        drafted(save(tmp_path / "rows.jsonl", rows))
    named = save(tmp_path / "named.jsonl", [row | {"target": row["stars"]} for row in rows])
    assert {item.target for item in drafted(named).test} == set("01234")


def test_objects_under_any_name_become_json_though_a_key_holds_lists(tmp_path):
    rows = rows_of(lambda n: {"review": text(n, 9), "parsed": {"stars": n % 5, "words": [text(n, 1)]}})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert json.loads(task.test[0].target).keys() == {"stars", "words"}


def test_turns_and_evidence_in_lists_do_not_keep_the_answer_from_being_guessed(tmp_path):
    def row(n: int) -> Row:
        return {"prompt": [{"role": "user", "content": text(n, 9)}], "stars": n % 5, "evidence": [f"page{n}"]}

    assert {item.target for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row))).test} == set("01234")


def test_unused_lists_and_objects_are_said_in_the_task_file(tmp_path):
    def row(n: int) -> Row:
        return {
            "question": text(n, 7),
            "choices": [text(f"{n}{i}", 2) for i in range(4)],
            "answer": n % 4,
            "of": {"a": n},
        }

    written = drafted(save(tmp_path / "rows.jsonl", rows_of(row))).file.read_text()
    assert "# not sure: column 'choices' holds lists and is not used; put them into the question if they are" in written
    assert "# not sure: column 'of' holds objects (a) and is not used; put them into the question if they" in written


@pytest.mark.parametrize(("names", "answers"), [(("A", "B", "C"), "ABC"), (("option_1", "option_2", "optionC"), "123")])
def test_columns_with_the_answers_to_choose_from_are_said_in_the_task_file(tmp_path, names, answers):
    def row(n: int) -> Row:
        return {"question": text(n, 7), **{name: text(f"{n}{name}", 1) for name in names}, "answer": answers[n % 3]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    listed = ", ".join(f"'{name}'" for name in names)
    assert f"not sure: columns {listed} may be the answers to choose from and are not used; put them" in said(task)


def test_column_with_the_users_own_split_is_no_answer_and_is_said_in_the_task_file(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "mood": label(n), "split": "test" if n % 4 == 0 else "train"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert {item.target for item in task.test} <= set(LABELS)
    assert "not sure: column 'split' (test, train) is not used: all rows were split anew" in said(task)


@pytest.mark.parametrize("name", ["correct_answer", "goldAnswer", "the answer", "expected-reply"])
def test_name_with_a_word_for_the_answer_comes_before_the_content_of_others(tmp_path, name):
    def row(n: int) -> Row:
        return {"question": text(n, 7), name: text(n, 1), "answer_type": "ab"[n % 2], "topic": "cd"[n % 2]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert {item.target for item in task.test} <= set(WORDS)
    assert f"not sure: the answer was taken from column '{name}', by a word of its name" in said(task)


def test_context_that_few_rows_have_is_put_before_their_questions(tmp_path):
    def row(n: int) -> Row:
        context = text(f"c{n}", 30) if n % 3 == 0 else ""
        return {"instruction": text(n, 7), "context": context, "response": text(f"r{n}", 5)}

    rows = rows_of(row)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    with_context = [item for item in (*task.study.train, *task.study.dev, *task.test) if "\n\n" in item.question.text]
    assert len(with_context) == 120
    assert "the text in 'context' was put before each question, where there is one (120 rows)" in said(task)


def test_blank_answers_are_empty_ones(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n) if n % 3 else " "}, 360)
    assert "the answer in 'label' is empty in 120 of 360 rows" in said(drafted(save(tmp_path / "rows.jsonl", rows)))


def test_largest_group_is_named_as_the_reason_and_values_that_never_repeat_are_none(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "customer": "big" if n % 2 else f"c{n % 62}"}, 310)
    assert "may be a group, but one has 155 of the rows" in said(drafted(save(tmp_path / "rows.jsonl", rows)))
    (tmp_path / "other").mkdir()
    rows = [row | {"customer": f"c{n}"} for n, row in enumerate(rows)]
    assert "may be a group" not in said(drafted(save(tmp_path / "other" / "rows.jsonl", rows)))


def test_name_with_a_word_for_the_question_comes_before_longer_texts(tmp_path):
    def row(n: int) -> Row:
        return {"document": text(f"d{n}", 30), "user question": text(n, 7), "answer": text(n, 1)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    number = next(n for n in range(360) if task.test[0].question.text.endswith(text(n, 7)))
    assert task.test[0].question.text == f"{text(f'd{number}', 30)}\n\n{text(number, 7)}"
    assert "not sure: the question was taken from column 'user question', by a word of its name" in said(task)


def test_number_under_the_name_of_a_question_is_not_taken_for_it_where_there_is_a_text(tmp_path):
    def row(n: int) -> Row:
        return {"ticket": 1000 + n, "body": text(n, 7), "label": "ab"[n % 2]}

    assert drafted(save(tmp_path / "rows.jsonl", rows_of(row))).test[0].question.text.count(" ") == 6


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        (lambda n: [text(n, 1), "or"], "lists"),
        (lambda n: {"value": [text(n, 1)]}, "objects with lists (value)"),
        (lambda n: {"city": text(n, 1)}, None),
    ],
)
def test_answers_in_lists_are_said_to_be_taken_as_json_text(tmp_path, answer, held):
    rows = rows_of(lambda n: {"question": text(n, 7), "answer": answer(n)})
    written = drafted(save(tmp_path / "rows.jsonl", rows))
    start = "# not sure: the answers in 'answer' are "
    assert (f"{start}{held}, taken as JSON text" in written.file.read_text()) is (held is not None)
    assert (start in written.file.read_text()) is (held is not None)


def test_context_is_put_before_its_question(tmp_path):
    task = drafted(array(tmp_path))
    number = next(n for n in range(360) if task.test[0].question.text.endswith(text(n, 7)))
    assert task.test[0].question.text == f"{text(f'c{number}', 30)}\n\n{text(number, 7)}"


def test_groups_stay_on_one_side(tmp_path):
    task = drafted(long_answers(tmp_path))
    groups = [{item.group for item in items} for items in (task.study.train, task.study.dev, task.test)]
    assert all(None not in some for some in groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == 72  # 360 rows, five to a document


def groups_of(task: Task) -> list[set[str | None]]:
    """The groups of train, dev and test."""
    return [{item.group for item in items} for items in (task.study.train, task.study.dev, task.test)]


@pytest.mark.parametrize("count", [3, 14])
def test_column_called_group_is_kept_whole_however_few_there_are(tmp_path, count):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "group": f"g{n % count}"}, 30 * count)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    groups = groups_of(task)
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == count
    few = len(groups[2])
    assert few < FEWEST_TEST_GROUPS == FEWEST_GROUPS
    assert f"not sure: the test rows are of few groups ({few}), and nothing can be claimed" in said(task)


def test_group_with_most_of_the_rows_is_train(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "group": "g" if n < 250 else f"g{n}"}, 300)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    # the other 50 rows, halved
    assert (len(task.study.train), len(task.study.dev), len(task.test)) == (250, 25, 25)
    assert groups_of(task)[0] == {"g"}


def test_two_groups_are_not_kept_whole_and_that_is_said(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "group": f"g{n % 2}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert groups_of(task) == [{None}] * 3
    expected = "not sure: column 'group' (2 values in 360 rows) is not used: whole groups in three splits take 3 groups"
    assert expected in said(task)


def test_few_values_of_what_may_be_a_group_do_not_part_the_rows_unless_called_so(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n), "product": f"p{n % 4}"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert groups_of(task) == [{None}] * 3
    assert "rows were split one by one; name it 'group' if its rows belong together" in said(task)


def test_groups_that_leave_a_split_too_small_are_refused(tmp_path):
    def row(n: int) -> Row:
        return {"text": text(n, 9), "label": label(n), "group": "a" if n < 5 else "b" if n < 30 else "c"}

    with pytest.raises(TaskFileError, match="make 3 bundles, which leave 5 rows to test; give more rows, or leave the"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))


def test_row_order_does_not_decide_the_split(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n)})
    first = sides(drafted(save(tmp_path / "rows.jsonl", rows)))
    random.Random(1).shuffle(rows)
    (tmp_path / "again").mkdir()
    assert sides(drafted(save(tmp_path / "again" / "rows.jsonl", rows))) == first


def test_copies_and_near_copies_stay_on_one_side(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": label(n)}, 300)
    copies = [row | {"text": row["text"].upper() + "!"} for row in rows[:60]]
    near = [row | {"text": row["text"] + " please"} for row in rows[60:120]]
    found = sides(drafted(save(tmp_path / "rows.jsonl", rows + copies + near)))
    of_number = {name: {" ".join(words.split()[:9]).rstrip("!") for words in some} for name, some in found.items()}
    assert not of_number["test"] & (of_number["train"] | of_number["dev"])
    assert not of_number["dev"] & of_number["train"]


def test_one_template_for_all_questions_does_not_join_them_all(tmp_path):
    rows = rows_of(lambda n: {"text": f"What is the price of article {n} in our shop today?", "label": label(n)})
    assert len(drafted(save(tmp_path / "rows.jsonl", rows)).test) == 100


def test_chain_of_near_copies_through_all_rows_is_cut_and_said(tmp_path):
    # each question shares nine of eleven words with the next, so that single links would join all 300
    words = [f"{a}{b}" for a in SYLLABLES for b in WORDS[:40]]
    rows = rows_of(lambda n: {"text": " ".join(words[n : n + 10]), "label": label(n)}, 300)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert len(task.test) == 100
    assert "# not sure: many questions are nearly the same as others" in task.file.read_text()


def test_near_copies_in_very_many_rows_are_left_to_the_check(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.task.draft.division.MOST_COMPARED", 299)
    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: {"text": text(n, 9), "label": label(n)}, 300)))
    assert "# not sure: near copies were not looked for, in more than 299 questions" in task.file.read_text()


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


def test_preference_pairs_give_rows_and_the_pairs_of_train(tmp_path):
    rows = rows_of(lambda n: {"prompt": text(n, 8), "chosen": text(f"a{n}", 3), "rejected": text(f"b{n}", 3)})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert "lora_dpo" in {arm.name for arm in task.arms}
    assert {normalised(pair) for pair in task.study.preferences} == sides(task)["train"]


def test_model_folder_is_named_as_the_task_file_sees_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("weights").mkdir()
    assert drafted(labelled(tmp_path), model="weights").model == str(tmp_path / "weights")


def test_draft_that_does_not_load_is_not_written(tmp_path, monkeypatch):
    def refuse(path):
        raise TaskFileError(str(path), ["a fault"])

    monkeypatch.setattr("harness.task.draft.folder.load_task", refuse)
    source = labelled(tmp_path)
    with pytest.raises(TaskFileError, match="a fault"):
        draft_task(source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("model", ["./nowhere", "smolm2-135m", "a/b/c"])
def test_model_that_can_be_none_is_refused_by_the_option_before_anything_is_written(tmp_path, model):
    source = labelled(tmp_path)
    with pytest.raises(TaskFileError, match="^--model: 1 problem\n.*no folder here, and no hub id"):
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
    assert "not sure: rows left out: 120; rows.jsonl line 1: 'label' is empty; give text or remove the row" in said(
        task
    )


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
        ("none.csv", "input,target\n", "has no rows"),
        ("empty.jsonl", "", "is empty; give at least one row"),
        ("broken.jsonl", '{"input"\n', "broken.jsonl line 1 column 9: not valid JSON"),
        ("wrong.xlsx", "x", "'.xlsx' is no known format"),
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
    rows = rows_of(lambda n: {name: text(n, 9), f"{name} 2": f"{name} {n % 3}", "é" + name: n})
    task = drafted(save(tmp_path / "rows.jsonl", rows), model=str(folder))
    assert task.model == str(tmp_path / folder)
    assert {item.target for item in task.test} == {f"{name} {n}".strip() for n in range(3)}


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
