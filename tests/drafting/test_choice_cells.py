"""Choices that stand in one text are read as choices, whichever way the answer names the right one."""

import json

import pytest
from draft_files import Row, drafted, rows_of, said, save, text

from harness.errors import TaskFileError

NUMBER = 4  # of choices


def asked(n: int) -> tuple[list[str], int]:
    """Four choices and the place of the right one."""
    return [text((n, at), 1 + at % 2) for at in range(NUMBER)], n * n % 7 % NUMBER


FORMS = {  # how files write the choices of a row into one text
    "bars": lambda texts: "|".join(texts),
    "bars and spaces": lambda texts: " | ".join(texts),
    "semicolons": lambda texts: "; ".join(texts),
    "slashes": lambda texts: " / ".join(texts),
    "commas": lambda texts: ", ".join(texts),
    "lines": lambda texts: "\n".join(texts),
    "HTML": lambda texts: "<br>".join(f"{letter}. {one}" for letter, one in zip("ABCD", texts, strict=True)),
    "letters": lambda texts: " ".join(f"{letter}) {one}" for letter, one in zip("ABCD", texts, strict=True)),
    "letters in lines": lambda texts: "\n".join(f"{mark}. {one}" for mark, one in zip("ABCD", texts, strict=True)),
    "MathQA": lambda texts: " , ".join(f"{letter} ) {one}" for letter, one in zip("abcd", texts, strict=True)),
    "JSON": json.dumps,
    "Python": repr,
    "JSON by letter": lambda texts: json.dumps(dict(zip("ABCD", texts, strict=True))),
    "Python by letter": lambda texts: repr(dict(zip("ABCD", texts, strict=True))),
}
ANSWERS = {
    "letter": lambda texts, at: "ABCD"[at],
    "index": lambda texts, at: at,
    "number": lambda texts, at: at + 1,
    "text": lambda texts, at: texts[at],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", ["options", "Choices", "选项", "Opciones"])
def test_choices_in_one_text_stand_below_the_question_and_the_answer_is_a_letter(tmp_path, form, answer, name):
    def row(n: int) -> Row:
        texts, at = asked(n)
        return {"question": f"{text(n, 7)}?", name: FORMS[form](texts), "answer": ANSWERS[answer](texts, at)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice"
    by_question = {f"{text(n, 7)}?": asked(n) for n in range(120)}
    for item in task.test:
        question, _, listed = item.question.text.partition("\n\n")
        texts, at = by_question[question]
        assert listed.splitlines() == [f"{letter}. {one}" for letter, one in zip("ABCD", texts, strict=True)]
        assert item.target == "ABCD"[at]


@pytest.mark.parametrize("name", ["opciones", "选项", "Варианты"])
def test_list_of_choices_is_told_by_its_name_in_other_languages(tmp_path, name):
    def row(n: int) -> Row:
        texts, at = asked(n)
        return {"question": f"{text(n, 7)}?", name: texts, "answer": "ABCD"[at]}

    assert drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).primary_metric == "choice"


@pytest.mark.parametrize("between", [",", ", "])
def test_commas_between_digits_part_no_choices(tmp_path, between):
    def row(n: int) -> Row:
        amounts = [f"{n + at + 1},000" for at in range(NUMBER)]
        return {"question": f"{text(n, 7)}?", "options": between.join(amounts), "answer": "ABCD"[n * n % 7 % NUMBER]}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    if between == ",":
        with pytest.raises(TaskFileError, match="nothing tells where one ends"):
            drafted(file)
    else:
        lines = [item.question.text.splitlines()[2:] for item in drafted(file).test]
        assert all(len(shown) == NUMBER and all(line.endswith(",000") for line in shown) for shown in lines)


@pytest.mark.parametrize("answer", ["letter", "index", "number"])
def test_choices_that_nothing_tells_apart_are_refused_where_the_answer_names_one_by_its_place(tmp_path, answer):
    def row(n: int) -> Row:
        texts, at = asked(n)
        return {"question": f"{text(n, 7)}?", "options": " - ".join(texts), "answer": ANSWERS[answer](texts, at)}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    with pytest.raises(TaskFileError, match="write them as lists, or with '|' between them"):
        drafted(file)
    assert drafted(file, inputs=["question", "options"]).test


def test_settings_under_a_name_of_choices_are_no_choices(tmp_path):
    def row(n: int) -> Row:
        settings = ", ".join(text((n, 0), 1 + n % 4).split())
        return {"question": f"{text(n, 7)}?", "options": settings, "answer": text(n, 2)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "exact_match" and "column 'options' is not used" in said(task)


SEVERAL = {  # how files name several right choices
    "run": lambda places, texts: "".join("ABCD"[at] for at in places),
    "commas": lambda places, texts: ",".join("ABCD"[at] for at in places),
    "semicolons": lambda places, texts: "; ".join("ABCD"[at] for at in places),
    "letters": lambda places, texts: ["ABCD"[at] for at in places],
    "indexes": lambda places, texts: places,
    "numbers": lambda places, texts: [at + 1 for at in places],
    "texts": lambda places, texts: [texts[at] for at in places],
}


@pytest.mark.parametrize("are_columns", [True, False])
@pytest.mark.parametrize("form", SEVERAL)
def test_several_right_choices_are_a_set_of_the_letters_that_the_question_shows(tmp_path, form, are_columns):
    def places(n: int) -> list[int]:
        return [at for at in range(NUMBER) if (n * 7 + n // 16) % 15 + 1 >> at & 1]

    def row(n: int) -> Row:
        texts = asked(n)[0]
        held = dict(zip("ABCD", texts, strict=True)) if are_columns else {"options": texts}
        return {"question": f"{text(n, 7)}?", **held, "answer": SEVERAL[form](places(n), texts)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "label_set"
    letters = {f"{text(n, 7)}?": ", ".join("ABCD"[at] for at in places(n)) for n in range(120)}
    for item in task.test:
        question, _, listed = item.question.text.partition("\n\n")
        assert item.target == letters[question] and [line[:3] for line in listed.splitlines()] == [
            "A. ",
            "B. ",
            "C. ",
            "D. ",
        ]
