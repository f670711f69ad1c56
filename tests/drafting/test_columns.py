"""Which column `harness init` takes for the question and the answer, where several may be meant."""

import json
import re

import pytest
from draft_files import LABELS, WORDS, Row, array, drafted, label, rows_of, said, save, text

from harness.drafting import draft_task
from harness.drafting.columns import read_columns
from harness.errors import TaskFileError

ANSWER_COLUMNS = [  # what beside a question and its answer stands in a file, and which column is the answer
    (("question", "model_answer", "gold_answer"), "gold_answer"),
    (("question", "false_answer", "correct_answer"), "correct_answer"),
    (("prompt", "generated_answer", "expected_answer"), "expected_answer"),
    (("question", "answer_a", "answer_b", "correct_option"), "correct_option"),
    (("prompt", "answer_a", "answer_b", "few:winner"), "winner"),
    (("sentence", "target_entity", "few:sentiment"), "sentiment"),
    (("text", "few:topic", "few:target_type"), "topic"),
    (("message", "reply", "few:correct"), "reply"),
    (("problem", "code", "few:correct_rate"), "code"),
    (("question", "long_answer", "few:final_decision"), "final_decision"),
    (("question", "Best Answer", "Correct Answers", "Incorrect Answers"), "Best Answer"),
    (("claim", "half:source", "few:label"), "label"),
]


def columns_of(written: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of texts; a column marked few has three values, and one marked half is empty in four rows of ten."""

    def cell(n: int, name: str) -> str:
        if name.startswith("half:") and n % 10 < 4:
            return ""
        return LABELS[n % 3] if name.startswith("few:") else text(f"{n}{name}", 6)

    return [{name.split(":")[-1]: cell(n, name) for name in written} for n in range(60)]


@pytest.mark.parametrize(("written", "answer"), ANSWER_COLUMNS, ids=[" ".join(row[0]) for row in ANSWER_COLUMNS])
def test_answer_is_told_from_what_stands_beside_it(written, answer):
    assert read_columns(columns_of(written), frozenset()).needed["target"] == answer


@pytest.mark.parametrize(
    ("written", "question"),
    [
        (("dialogue", "half:title", "summary"), "dialogue"),
        (("claim", "half:source", "few:label"), "claim"),
        (("system_prompt", "message", "reply"), "message"),
        (("text", "followup_question", "few:label"), "text"),
        (("document", "user_question", "answer"), "user_question"),
    ],
)
def test_question_is_told_from_what_stands_beside_it(written, question):
    rows = [row | {name: row[name] * 9 for name in row if name == "dialogue"} for row in columns_of(written)]
    assert read_columns(rows, frozenset()).needed["input"] == question


def test_labels_that_may_be_the_answer_too_are_said():
    rows = columns_of(("question", "expected_answer", "few:winner"))
    doubts = read_columns(rows, frozenset()).doubts
    assert any("'expected_answer', by a word of its name; 'winner' with few values may be it too" in d for d in doubts)
    doubts = read_columns(columns_of(("text", "few:category", "half:answer")), frozenset()).doubts
    assert "the answer in 'answer' is empty in 24 of 60 rows; 'category' with few values may be it too" in doubts


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
    assert "not sure: column 'split' (test, train) is not used: all rows were split again" in said(task)


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
