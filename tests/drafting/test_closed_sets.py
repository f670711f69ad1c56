"""Closed sets of many labels, wanted lists and alternative ones: the metric and the prompt that fit each."""

import csv
import json
import random

import pytest
from draft_files import LABELS, WORDS, Row, drafted, label, rows_of, said, save, text

from harness.closed_set import MOST_LABELS, ROWS_PER_LABEL, is_closed_set
from harness.drafting import InDoubt, draft_task
from harness.errors import TaskFileError

TAGS = ["billing", "login", "refund", "late delivery", "privacy", "other"]


def label_of(number: int, labels: int) -> str:
    return f"{WORDS[number % labels]}_intent"


@pytest.mark.parametrize("labels", [51, 77, 150])
def test_closed_set_of_many_labels_is_named_in_the_prompt_and_scored_as_labels(tmp_path, labels):
    rows = rows_of(lambda n: {"text": text(n, 8), "intent": label_of(n, labels)}, ROWS_PER_LABEL * labels + labels)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert (task.primary_metric, task.study.system.count("_intent")) == ("label_accuracy", labels)
    assert "label_score" in {arm.name for arm in task.arms}
    assert f"it reads all {labels} labels for each row" in said(task)
    assert f"every request names all {labels} labels" in said(task)


def test_many_labels_under_a_name_that_says_nothing_need_more_rows_each(tmp_path):
    few, many = (
        rows_of(lambda n: {"question": f"{text(n, 8)}?", "answer": label_of(n, 60)}, 60 * each) for each in (5, 10)
    )
    assert drafted(save(tmp_path / "few.jsonl", few)).primary_metric == "exact_match"
    draft_task(save(tmp_path / "many.jsonl", many), tmp_path / "many")
    assert "primary: label_accuracy" in (tmp_path / "many" / "task.yaml").read_text()


def test_names_of_people_are_no_labels_though_some_are_frequent(tmp_path):
    draws = random.Random(1)
    names = [f"{first.title()} {last.title()}" for first in WORDS[:20] for last in WORDS[30:36]]

    def row(n: int) -> Row:
        return {"question": f"who led {text(n, 4)}?", "answer": names[min(int(draws.paretovariate(0.6)), 119)]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert task.primary_metric == "exact_match" and names[1] not in str(task.study.system)


@pytest.mark.parametrize(
    ("counts", "is_closed"),
    [
        ({"yes": 30, "no": 30}, True),
        ({"yes": 60}, False),  # nothing to choose
        ({"yes": 57, "no": 1, "yess": 1}, True),  # a misspelt one
        ({"unknown": 200, **{f"text {n}": 1 for n in range(40)}}, False),  # free text beside a frequent answer
        ({f"label {n}": 5 for n in range(50)}, True),
        ({f"label {n}": 4 for n in range(50)}, False),
        ({f"label {n}": 8 for n in range(MOST_LABELS)}, True),
        ({f"label {n}": 8 for n in range(MOST_LABELS + 1)}, False),
        ({"yes": 30, "n" * 61: 30}, False),
        ({"yes": 30, "no\nno": 30}, False),
    ],
)
def test_what_a_closed_set_is(counts, is_closed):
    assert is_closed_set(counts) is is_closed


def wanted(name: str, stock: list[str], fewest: int = 1) -> list[Row]:
    draws = random.Random(2)
    return rows_of(lambda n: {"text": text(n, 9), name: draws.sample(stock, draws.randint(fewest, 3))}, 300)


@pytest.mark.parametrize("name", ["tags", "categories", "target", "expected", "etiquetas"])
def test_lists_from_a_small_stock_are_sets_of_labels(tmp_path, name):
    task = drafted(save(tmp_path / "rows.jsonl", wanted(name, TAGS)))
    assert task.primary_metric == "label_set" and not task.test[0].accepted
    assert "of these: billing, late delivery, login, other, privacy, refund." in task.study.system


@pytest.mark.parametrize("name", ["entities", "keywords", "gold_entities"])
def test_lists_of_wanted_items_from_no_stock_are_sets_too(tmp_path, name):
    task = drafted(save(tmp_path / "rows.jsonl", wanted(name, WORDS, fewest=0)), target=name)
    assert task.primary_metric == "label_set" and "label_set_macro_f1" not in said(task)
    assert "none" in {item.target for item in task.study.train}  # an empty list
    assert "answer 'none' where there is none" in task.study.system


@pytest.mark.parametrize("name", ["answers", "aliases", "accepted_answers", "antworten"])
def test_lists_of_alternatives_stay_right_by_any_one(tmp_path, name):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", name: [text(f"a{n}", 1), text(f"b{n}", 1)]})
    task = drafted(save(tmp_path / "rows.jsonl", rows), target=name)
    assert task.primary_metric == "exact_match" and all(len(item.accepted) == 1 for item in task.test)
    assert "where all are wanted, give --lists all" in said(task)


def test_lists_of_which_neither_name_nor_content_says_what_they_mean_are_asked_about(tmp_path):
    source = save(tmp_path / "rows.jsonl", wanted("target", WORDS, fewest=2))
    with pytest.raises(
        InDoubt, match="Give --lists any if any one of a row's answers is right; give --lists all"
    ) as one:
        drafted(source)
    assert one.value.flag == "--lists"
    assert drafted(source, lists="all").primary_metric == "label_set"
    draft_task(source, tmp_path / "any", lists="any")
    assert "primary: exact_match" in (tmp_path / "any" / "task.yaml").read_text()


def test_answers_from_a_small_stock_that_combine_freely_are_asked_about(tmp_path):
    with pytest.raises(InDoubt, match="what the lists in column 'answers' mean"):
        drafted(save(tmp_path / "rows.jsonl", wanted("answers", TAGS, fewest=2)))


def test_labels_with_a_separator_inside_are_written_as_json(tmp_path):
    task = drafted(save(tmp_path / "rows.jsonl", wanted("labels", ["terms, conditions", "price", "delay"])))
    assert all(item.target.startswith("[") for item in task.test)
    assert "as a JSON list, of these: delay; price; terms, conditions." in task.study.system


@pytest.mark.parametrize("mark", ["; ", " | ", "、", " + "])
def test_sets_are_told_by_any_separator_and_asked_for_with_it(tmp_path, mark):
    draws = random.Random(3)
    rows = rows_of(lambda n: {"text": text(n, 9), "label": mark.join(draws.sample(TAGS, draws.randint(1, 3)))}, 300)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "label_set"
    assert f"with '{mark.strip()}' between them" in task.study.system


@pytest.mark.parametrize("mark", ["#", "__label__"])
def test_words_behind_a_mark_of_labels_are_sets_and_asked_for_with_it(tmp_path, mark):
    draws = random.Random(3)
    names = [tag.replace(" ", "_") for tag in TAGS]

    def labels(n: int) -> str:
        return " ".join(mark + name for name in draws.sample(names, draws.randint(1, 3)))

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: {"text": text(n, 9), "label": labels(n)}, 300)))
    assert task.primary_metric == "label_set"
    assert f"each behind '{mark}', of these: {', '.join(sorted(names))}." in task.study.system


def test_lists_of_objects_are_compared_as_json(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "entities": [{"text": text(n, 1), "type": "PER"}]}, 300)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "json_equal" and task.metric_options["json_equal"] == {"ignore_list_order": True}
    assert "with the keys text, type" in task.study.system


def as_array(items):
    return "[" + "\n ".join(map(repr, items)) + "]"  # as NumPy prints one, and pandas writes it into a CSV


def as_typed_array(items):
    return f"array({items!r}, dtype=object)"


@pytest.mark.parametrize("write", [str, json.dumps, as_array, as_typed_array])
def test_lists_that_a_table_writes_as_text_are_read_as_lists(tmp_path, write):
    draws = random.Random(4)
    rows = [[text(n, 9), write(draws.sample(TAGS, draws.randint(1, 3)))] for n in range(300)]
    source = tmp_path / "rows.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "labels"], *rows])
    task = drafted(source)
    assert task.primary_metric == "label_set"
    assert "of these: billing, late delivery, login, other, privacy, refund." in task.study.system


VECTORS = [[int(at == hot) for at in range(6)] for hot in range(6)]


@pytest.mark.parametrize("stock", [VECTORS, [[0, 1], [1, 0]], [[0, 12, 3], [0, 3, 12]]])
def test_numbers_in_lists_keep_their_places_under_a_name_of_labels_too(tmp_path, stock):
    rows = rows_of(lambda n: {"text": text(n, 9), "labels": stock[n * n % 7 % len(stock)]})
    task = drafted(save(tmp_path / "rows.jsonl", rows), target="labels")
    assert (task.primary_metric, task.metric_options) == ("json_equal", {})
    assert {item.target for item in task.test} <= set(map(json.dumps, stock))


def test_lists_of_spans_are_compared_as_json_and_are_no_labels(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "entities": [[0, n % 3, "PER"], [4, 5 + n % 3, "LOC"]]})
    assert drafted(save(tmp_path / "rows.jsonl", rows)).primary_metric == "json_equal"


@pytest.mark.parametrize("one", [{"text": "Graz", "type": "CITY"}, [0, 4, "LOC"]])
def test_row_without_an_entity_is_one_with_an_empty_list(tmp_path, one):
    rows = rows_of(lambda n: {"text": text(n, 9), "entities": [one] * (n % 3)})
    task = drafted(save(tmp_path / "rows.jsonl", rows), target="entities")
    assert task.primary_metric == "json_equal"
    assert {json.dumps([one] * count) for count in range(3)} == {item.target for item in task.test}


@pytest.mark.parametrize(
    ("answer", "metric"),
    [
        (lambda n: f"({n % 6}, {n % 7})", "label_accuracy"),  # 42 points, more than 5 rows each: a closed set
        (lambda n: f"get(item={n % 90}, shop=2)", "exact_match"),
        (lambda n: f"[{n % 90}, {n % 91}]", "json_equal"),
        (lambda n: {"billing": n % 2 > 0, "login": n % 3 > 0}, "json_fields"),
        (lambda n: f"{n % 6}, {n % 7}", "label_set"),
    ],
)
def test_commas_inside_brackets_part_no_labels(tmp_path, answer, metric):
    task = drafted(save(tmp_path / "rows.jsonl", rows_of(lambda n: {"question": text(n, 7), "answer": answer(n)})))
    assert task.primary_metric == metric
    assert ("the order of the numbers does not count" in said(task)) is (metric == "label_set")


def test_list_in_a_text_under_another_name_stays_the_text_of_the_question(tmp_path):
    rows = rows_of(lambda n: {"steps": str(text(n, 3).split()), "answer": text(f"a{n}", 2)})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert {item.question.text for item in task.test} <= {str(text(n, 3).split()) for n in range(360)}


def test_label_with_a_comma_inside_brackets_is_one_label(tmp_path):
    draws = random.Random(9)
    stock = ["Mail (private)", "Phone", "Post (DE, AT)", "Fax"]
    rows = rows_of(lambda n: {"text": text(n, 9), "label": ", ".join(draws.sample(stock, draws.randint(1, 3)))})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "label_set"
    assert "of these: Fax; Mail (private); Phone; Post (DE, AT)." in task.study.system


def test_array_of_answers_in_a_table_is_of_several_right_ones(tmp_path):
    rows = [[text(n, 9), as_array([text(n, 1), f"O'{text(f'b{n}', 2)}"])] for n in range(300)]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["question", "answers"], *rows])
    task = drafted(tmp_path / "rows.csv")
    by_question = {text(n, 9): n for n in range(300)}
    for item in task.test:
        number = by_question[item.question.text]
        assert (item.target, item.accepted) == (text(number, 1), (f"O'{text(f'b{number}', 2)}",))


def test_vector_as_numpy_prints_it_keeps_its_places(tmp_path):
    rows = [[text(n, 9), str(VECTORS[n * n % 7 % 6]).replace(",", "")] for n in range(300)]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "labels"], *rows])
    task = drafted(tmp_path / "rows.csv", target="labels")
    assert task.primary_metric == "json_equal" and {item.target for item in task.test} <= set(map(json.dumps, VECTORS))


@pytest.mark.parametrize(("name", "metric"), [("labels", "label_set"), ("possible_answers", "exact_match")])
def test_lists_in_pythons_spelling_are_read_where_their_name_says_lists(tmp_path, name, metric):
    draws = random.Random(5)

    def row(n: int) -> Row:
        items = draws.sample(TAGS, draws.randint(1, 3)) if name == "labels" else [text(n, 1), text(f"b{n}", 1)]
        return {"text": text(n, 9), name: str(items)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)), target=name)
    assert task.primary_metric == metric and all("[" not in item.target for item in task.test)
    assert all(item.accepted for item in task.test) is (metric == "exact_match")


@pytest.mark.parametrize("between", ["+", "/", " und ", " ", "><"])
def test_labels_joined_by_a_sign_that_no_metric_splits_at_are_doubted(tmp_path, between):
    draws = random.Random(6)

    def row(n: int) -> Row:
        names = draws.sample(["billing", "login", "refund", "privacy", "other"], draws.randint(1, 3))
        joined = between.join(names)
        return {"text": text(n, 9), "label": f"<{joined}>" if between == "><" else joined}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert task.primary_metric == "exact_match"
    assert "not sure: the answers look like several labels with " in said(task)


def test_labels_that_hold_such_a_sign_are_not_doubted(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label": ["terms and conditions", "n/a", "R&D"][n * n % 7 % 3]})
    assert "look like several labels" not in said(drafted(save(tmp_path / "rows.jsonl", rows)))


@pytest.mark.parametrize("count", [2, 3])
def test_labels_in_columns_of_their_own_are_refused_unless_one_is_named(tmp_path, count):
    draws = random.Random(8)

    def row(n: int) -> Row:
        names = draws.sample(TAGS, 1 + n % count)
        return {"text": text(n, 9), **{f"label{at + 1}": (names + [""] * count)[at] for at in range(count)}}

    file = save(tmp_path / "rows.jsonl", rows_of(row))
    listed = ", ".join(f"'label{at + 1}'" for at in range(count))
    with pytest.raises(TaskFileError, match=f"columns {listed} hold the same labels.*give --target label1"):
        drafted(file)
    assert {item.target for item in drafted(file, target="label1").test} == set(TAGS)


def test_labels_of_two_levels_are_no_two_of_one_stock(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 9), "label1": label(n), "label2": f"{label(n)} late" if n % 3 else ""})
    assert {item.target for item in drafted(save(tmp_path / "rows.jsonl", rows)).test} <= set(LABELS)


@pytest.mark.parametrize("name", ["subjects", "categories", "tags"])
@pytest.mark.parametrize("beside", [{}, {"title": 6}])
def test_labels_in_one_text_beside_an_abstract_are_asked_for(tmp_path, name, beside):
    draws = random.Random(9)

    def row(n: int) -> Row:
        texts = {key: text(f"{key}{n}", words) for key, words in beside.items()}
        labels = draws.sample(["cs.LG", "cs.CL", "cs.CV", "stat.ML", "math.OC"], 1 + n % 4)
        return {**texts, "abstract": text(n, 40), name: " ".join(labels)}

    with pytest.raises(InDoubt) as doubt:
        drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert doubt.value.flag == "--target" and set(doubt.value.columns) == {name, "abstract"}


def test_separator_behind_every_label_makes_no_empty_one(tmp_path):
    draws = random.Random(7)
    rows = rows_of(lambda n: {"text": text(n, 9), "label": "; ".join(draws.sample(TAGS, draws.randint(1, 3))) + ";"})
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "label_set"
    assert "of these: billing, late delivery, login, other, privacy, refund." in task.study.system


@pytest.mark.parametrize("target", ["answer", "answer.value"])
def test_aliases_beside_an_answer_are_right_too(tmp_path, target):
    def row(n: int) -> Row:
        further = {"aliases": [text(f"b{n}", 2), text(n, 1)]}
        held = {"answer": {"value": text(n, 1), **further}} if "." in target else {"answer": text(n, 1), **further}
        return {"question": f"{text(n, 6)}?", **held}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)), target=target)
    by_question = {f"{text(n, 6)}?": n for n in range(360)}
    for item in task.test:
        number = by_question[item.question.text]
        assert (item.target, item.accepted) == (text(number, 1), (text(f"b{number}", 2),))


@pytest.mark.parametrize(
    ("between", "is_doubted"),
    [
        ("|", True),
        (" | ", True),
        ("; ", True),
        (" / ", True),
        ("\n", True),
        (" or ", True),
        (", ", False),
        ("/", False),
    ],
)
@pytest.mark.parametrize("name", ["answer", "answers"])
def test_signs_that_may_part_right_answers_are_doubted(tmp_path, between, is_doubted, name):
    rows = rows_of(lambda n: {"question": text(n, 6), name: f"{text(n, 1)}{between}{text(f'b{n}', 2)}"})
    written = said(drafted(save(tmp_path / "rows.jsonl", rows)))
    assert ("where they separate right answers, write lists of them" in written) is is_doubted


@pytest.mark.parametrize("stand_in", ["N/A", "unknown", "-1"])
def test_label_that_files_put_where_there_is_none_is_a_doubt_with_its_rows(tmp_path, stand_in):
    names = ["0", "1", "2"] if stand_in == "-1" else LABELS[:3]
    rows = [{"text": text(n, 9), "label": stand_in if n % 10 == 0 else names[n % 3]} for n in range(100)]
    assert f"'{stand_in}' is a label of 10 rows" in said(drafted(save(tmp_path / "rows.jsonl", rows)))
    labelled = [row for row in rows if row["label"] != stand_in]
    (tmp_path / "labelled").mkdir()
    assert "is a label of" not in said(drafted(save(tmp_path / "labelled" / "rows.jsonl", labelled)))


@pytest.mark.parametrize(("between", "asked"), [("\n", "one a line"), (", ", "with commas between them")])
def test_labels_are_asked_for_in_the_form_that_the_answers_have(tmp_path, between, asked):
    rows = rows_of(lambda n: {"text": text(n, 9), "topics": between.join(LABELS[n % 3 : n % 3 + 1 + n % 2])}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "label_set" and f"all labels that hold, {asked}, of these: " in said(task)


def test_numbers_of_labels_with_commas_between_them_are_no_decimals(tmp_path):
    file = tmp_path / "rows.tsv"
    numbers = [",".join(map(str, range(n % 3, n % 3 + 1 + n % 2))) for n in range(120)]
    file.write_text("text\tlabels\n" + "".join(f"{text(n, 9)}\t{numbers[n]}\n" for n in range(120)))
    task = drafted(file)
    assert task.primary_metric == "label_set" and {"0,1", "2"} <= {item.target for item in task.study.train}
