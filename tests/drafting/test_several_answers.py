"""Several right answers in one text: doubted where a sign or the column's name says that there may be some."""

import pytest
from draft_files import LABELS, Row, drafted, label, rows_of, said, save, text

from harness.errors import TaskFileError

NAMES = ["answers", "accepted_answers", "aliases", "labels"]


def names_in(n: int) -> str:
    """One name in a third of the rows, two with a comma between them in the others."""
    return text(n, 1) if n % 3 == 0 else f"{text(n, 1)}, {text(f'b{n}', 3)}"


@pytest.mark.parametrize(("name", "is_said"), [*((name, True) for name in NAMES), ("answer", False), ("target", False)])
def test_commas_between_names_are_doubted_where_the_column_is_called_by_several_answers(tmp_path, name, is_said):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", name: names_in(n)}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert (f"commas in '{name}', such as '{names_in(1)}', are compared as they stand" in said(task)) is is_said


@pytest.mark.parametrize("form", ["{} lo mi, and {} ru te po", "{} ka, {} lo, but mi ru te po sa."])
def test_commas_in_sentences_are_not_doubted(tmp_path, form):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "answers": form.format(text(n, 2), text(f"b{n}", 2))}, 120)
    assert "commas in" not in said(drafted(save(tmp_path / "rows.jsonl", rows)))


@pytest.mark.parametrize("name", ["aliases", "Correct Answers", "all_answers", "answer_2", "Answer2"])
def test_texts_under_a_name_of_further_answers_are_doubted(tmp_path, name):
    def row(n: int) -> Row:
        return {
            "question": f"{text(n, 7)}?",
            "best_answer" if "all" in name else "answer": text(n, 1),
            name: names_in(n),
        }

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert f"'{name}' may hold further right answers, such as '{names_in(0)}', and is not used" in said(task)


@pytest.mark.parametrize("name", ["aliases", "correct_answers", "all_answers"])
def test_lists_under_a_name_of_further_answers_are_right_too(tmp_path, name):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 7)}?", "best_answer": text(n, 1), name: [text(n, 1), text(f"b{n}", 2)]}

    assert all(item.accepted for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test)


@pytest.mark.parametrize("name", ["incorrect_answers", "Wrong Answers", "answer_length"])
def test_texts_under_other_names_are_no_further_answers(tmp_path, name):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "answer": text(n, 1), name: names_in(n)}, 120)
    assert "further right answers" not in said(drafted(save(tmp_path / "rows.jsonl", rows)))


@pytest.mark.parametrize("name", ["labels", "tags"])
@pytest.mark.parametrize("stock", [LABELS, [0, 1, 2, 3]])
def test_one_label_in_a_list_of_its_own_is_a_label(tmp_path, name, stock):
    rows = rows_of(lambda n: {"text": text(n, 7), name: [stock[n * n % 7 % 4]]}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "label_accuracy" and "give --lists" not in said(task)
    assert {item.target for item in task.test} <= set(map(str, stock))


def test_list_of_at_most_one_label_is_a_set_that_may_be_empty(tmp_path):
    rows = rows_of(lambda n: {"text": text(n, 7), "labels": [label(n)] if n % 4 else []}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    assert task.primary_metric == "label_set" and "none" in {item.target for item in task.test}
    assert len([*task.study.train, *task.study.dev, *task.test]) == 120


NUMBERED = ("answer{}", "Answer {}", "answer_{}")


@pytest.mark.parametrize("form", NUMBERED)
def test_numbered_answers_alone_are_refused_with_what_says_whether_all_are_right(tmp_path, form):
    names = [form.format(number) for number in (1, 2, 3)]
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", **{name: text((n, name), 2) for name in names}}, 120)
    file = save(tmp_path / "rows.jsonl", rows)
    with pytest.raises(TaskFileError, match="may all be right, or be choices: write right answers as a list into"):
        drafted(file)
    listed = [{"question": row["question"], "answers": [row[name] for name in names]} for row in rows]
    task = drafted(save(tmp_path / "listed.jsonl", listed))
    assert all(len(item.accepted) == 2 for item in task.test)


@pytest.mark.parametrize("form", NUMBERED)
@pytest.mark.parametrize("answer", [lambda n: text(n, 2), lambda n: n * 37 % 1009])
@pytest.mark.parametrize("is_named", [True, False])
def test_further_answers_never_stand_in_the_question(tmp_path, form, answer, is_named):
    names = [form.format(number) for number in (1, 2, 3)]

    def row(n: int) -> Row:
        alone = {} if is_named else {"answer": answer(n)}
        return {
            "question": f"{text(n, 7)}?",
            **alone,
            **{name: answer(n + 200 * (at + 1)) for at, name in enumerate(names)},
        }

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)), target=names[0] if is_named else None)
    assert {item.question.text for item in task.test} <= {f"{text(n, 7)}?" for n in range(120)}
    assert f"column '{names[1]}' is not used" not in said(task)  # not as a thing that the question lacks


def test_answers_that_are_judged_stand_in_the_question(tmp_path):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 7)}?", "answer1": text(n, 2), "answer2": text(f"b{n}", 2), "better": label(n)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)), target="better")
    assert all("answer1: " in item.question.text and "answer2: " in item.question.text for item in task.test)


def test_answers_with_their_places_are_several_right_ones(tmp_path):
    def row(n: int) -> Row:
        answers = [{"text": text((n, at), 1), "answer_start": n + at} for at in range(1 + n % 3)]
        return {"context": text(f"c{n}", 30), "question": f"{text(n, 7)}?", "answers": answers}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    right = {f"{text(n, 7)}?": [text((n, at), 1) for at in range(1 + n % 3)] for n in range(120)}
    assert task.primary_metric == "exact_match"
    for item in task.test:
        assert [item.target, *item.accepted] == right[item.question.text.rpartition("\n\n")[2]]


@pytest.mark.parametrize("name", ["answer_start", "answer_type", "answer_length", "ids", "sources"])
@pytest.mark.parametrize("numbers", [[0], [0, 0], [0, 1]])
def test_numbers_that_judge_no_answer_are_no_marks(tmp_path, name, numbers):
    def row(n: int) -> Row:
        answers = [text((n, at), 1 + at) for at in range(len(numbers))]
        return {"question": f"{text(n, 7)}?", "answers": answers, name: numbers}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert all(len(item.accepted) == len(numbers) - 1 for item in task.test)


def test_marks_of_answers_are_passed_over_where_the_user_names_the_columns(tmp_path):
    def row(n: int) -> Row:
        answers = [text((n, at), 2) for at in range(2)]
        return {"question": f"{text(n, 7)}?", "answers": answers, "seen": [n % 2, 1 - n % 2]}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    with pytest.raises(TaskFileError, match="if not, give --target answers"):
        drafted(file)
    assert all(item.accepted for item in drafted(file, target="answers").test)


@pytest.mark.parametrize("marks", [(True, False), (1, 0)])
@pytest.mark.parametrize("name", ["labels", "is_correct", "is_right"])
def test_answers_of_which_another_column_says_which_are_right_are_refused(tmp_path, marks, name):
    def row(n: int) -> Row:
        right = [marks[at != n % 3] for at in range(3)]
        return {"question": f"{text(n, 7)}?", "answers": [text((n, at), 2) for at in range(3)], name: right}

    with pytest.raises(TaskFileError, match=f"column '{name}' says which of the answers in 'answers' are right"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
