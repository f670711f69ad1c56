"""Choices that stand in one text are read as choices, whichever way the answer names the right one."""

import json

import pytest
from draft_files import Row, drafted, rows_of, said, save, text

from harness.errors import TaskFileError

NUMBER = 4  # of choices


def asked(n: int) -> tuple[list[str], int]:
    """Four choices and the place of the right one."""
    return [text((n, at), 1 + at % 2) for at in range(NUMBER)], n * 7 % 5 % NUMBER


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
        return {"question": f"{text(n, 7)}?", "options": between.join(amounts), "answer": "ABCD"[n * 7 % 5 % NUMBER]}

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


def test_refusal_of_choices_that_nothing_tells_apart_gives_the_flags_that_show_them_as_they_are(tmp_path):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 7)}?", "candidates": text(f"c{n}", 12), "score": n * n % 7 % 5}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    with pytest.raises(TaskFileError, match="if it holds none, give --input question --input candidates$"):
        drafted(file, target="score")
    task = drafted(file, target="score", inputs=["question", "candidates"])
    assert all("candidates: " in item.question.text for item in task.test)


def test_settings_under_a_name_of_choices_are_no_choices(tmp_path):
    def row(n: int) -> Row:
        settings = ", ".join(text((n, 0), 1 + n % 4).split())
        return {"question": f"{text(n, 7)}?", "options": settings, "answer": text(n, 2)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "exact_match" and "column 'options' is not used" in said(task)


MONTHS = "January March May July".split()
WITH_COMMAS = {  # choices with a comma inside each
    "dates": lambda n, at: f"{MONTHS[(n + at) % 4]} {1 + n % 28}, {1900 + n + at}",
    "places": lambda n, at: f"{text((n, at), 1)}, {text((n, at, 'land'), 1)}",
}


@pytest.mark.parametrize("kind", WITH_COMMAS)
@pytest.mark.parametrize("answer", ["letter", "index"])
def test_commas_that_may_stand_inside_choices_separate_none(tmp_path, kind, answer):
    """Of eight parts the answers name the first four alone: there are four choices."""

    def row(n: int) -> Row:
        texts, at = [WITH_COMMAS[kind](n, at) for at in range(NUMBER)], n * 7 % 5 % NUMBER
        return {"question": f"{text(n, 7)}?", "options": ", ".join(texts), "answer": ANSWERS[answer](texts, at)}

    with pytest.raises(TaskFileError, match="nothing tells where one ends"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


@pytest.mark.parametrize("separator", [", ", "/"])
def test_commas_and_slashes_separate_no_choices_where_rows_have_different_numbers_of_them(tmp_path, separator):
    def row(n: int) -> Row:
        texts = [text((n, at), 1) for at in range(2 + n % 3)]
        return {"question": f"{text(n, 7)}?", "options": separator.join(texts), "answer": "AB"[n * n % 7 % 2]}

    with pytest.raises(TaskFileError, match="nothing tells where one ends"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


HEADINGS = [
    ("Choose one:\n", "", "\n"),
    ("Choose one:\n", "- ", "\n"),
    ("Choose one:\n", "• ", "\n"),
    ("Options: ", "", "; "),
]


@pytest.mark.parametrize(("heading", "bullet", "between"), HEADINGS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_heading_and_bullets_are_no_part_of_the_choices(tmp_path, heading, bullet, between, answer):
    def row(n: int) -> Row:
        texts, at = asked(n)
        listed = heading + between.join(bullet + one for one in texts)
        return {"question": f"{text(n, 7)}?", "options": listed, "answer": ANSWERS[answer](texts, at)}

    by_question = {f"{text(n, 7)}?": asked(n) for n in range(120)}
    for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test:
        question, _, listed = item.question.text.partition("\n\n")
        texts, at = by_question[question]
        assert listed.splitlines() == [f"{letter}. {one}" for letter, one in zip("ABCD", texts, strict=True)]
        assert item.target == "ABCD"[at]


NAMED = [  # choices that begin with a name and a colon, and how they are shown
    ("Yes: it is {}\nNo: it is {}", ("Yes: it is {}", "No: it is {}")),
    ("Entailment: {}\nContradiction: {}\nNeutral: {}", ("Entailment: {}", "Contradiction: {}", "Neutral: {}")),
    ("Option A: {}\nOption B: {}", ("{}", "{}")),
    ("Choice 1: {} | Choice 2: {}", ("{}", "{}")),
]


@pytest.mark.parametrize(("form", "shown"), NAMED)
def test_names_in_front_of_choices_are_no_heading(tmp_path, form, shown):
    def row(n: int) -> Row:
        texts = [text((n, at), 1) for at in range(len(shown))]
        return {"question": f"{text(n, 7)}?", "options": form.format(*texts), "answer": "ABC"[n * n % 7 % len(shown)]}

    by_question = {f"{text(n, 7)}?": n for n in range(120)}
    for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test:
        question, _, listed = item.question.text.partition("\n\n")
        texts = [one.format(text((by_question[question], at), 1)) for at, one in enumerate(shown)]
        assert listed.splitlines() == [f"{letter}. {one}" for letter, one in zip("ABC", texts, strict=False)]


@pytest.mark.parametrize("count", [11, 12])
@pytest.mark.parametrize("separator", [", ", "/"])
def test_more_choices_than_letters_usually_have_are_read(tmp_path, separator, count):
    def row(n: int) -> Row:
        texts = [text((n, at), 1) for at in range(count)]
        return {"question": f"{text(n, 7)}?", "options": separator.join(texts), "answer": "ABCDEFGHIJ"[n * 7 % 10]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice" and len(task.test[0].question.text.splitlines()) == count + 2


@pytest.mark.parametrize("form", ["- {}\n- {}\n- {}", "– {}\n– {}\n– {}"])
def test_minus_signs_of_numbers_are_no_bullets(tmp_path, form):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 7)}?", "options": form.format(n, n + 1, n + 2), "answer": "ABC"[n % 3]}

    for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test:
        assert all(line[3] == form[0] for line in item.question.text.splitlines()[2:])


def test_bullet_without_a_choice_keeps_its_place(tmp_path):
    def row(n: int) -> Row:
        texts = [text((n, at), 1) if at != 1 or n % 20 else "" for at in range(NUMBER)]
        return {"question": f"{text(n, 7)}?", "options": "\n".join(f"- {one}" for one in texts), "answer": "ACD"[n % 3]}

    right = {f"{text(n, 7)}?": text((n, "ABCD".index("ACD"[n % 3])), 1) for n in range(120)}
    for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test:
        question, _, listed = item.question.text.partition("\n\n")
        assert (
            dict(line.split(". ", 1) for line in listed.splitlines())[item.target].removeprefix("- ") == right[question]
        )


@pytest.mark.parametrize("last", ["Cannot tell", "none of these", "unsure"])
@pytest.mark.parametrize("separator", [", ", "/"])
@pytest.mark.parametrize("answer", ["{letter}", "{letter}. {text}"])
def test_last_choice_need_not_be_right_in_any_row(tmp_path, last, separator, answer):
    def row(n: int) -> Row:
        texts = [*(text((n, at), 1) for at in range(NUMBER)), last]
        said = answer.format(letter="ABCD"[n % NUMBER], text=texts[n % NUMBER])
        return {"question": f"{text(n, 7)}?", "options": separator.join(texts), "answer": said}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice" and {item.target for item in task.test} == set("ABCD")


def test_one_mistaken_letter_does_not_separate_choices_at_their_commas(tmp_path):
    def row(n: int) -> Row:
        texts = [WITH_COMMAS["places"](n, at) for at in range(NUMBER)]
        return {
            "question": f"{text(n, 7)}?",
            "options": ", ".join(texts),
            "answer": "E" if n == 3 else "ABCD"[n % NUMBER],
        }

    with pytest.raises(TaskFileError, match="nothing tells where one ends"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


def test_several_letters_for_choices_that_nothing_separates_are_refused(tmp_path):
    def row(n: int) -> Row:
        said = ["A, B", "B, C", "A"][n % 3]
        return {"question": f"{text(n, 7)}?", "options": " - ".join(asked(n)[0]), "answer": said}

    with pytest.raises(TaskFileError, match="nothing tells where one ends"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


def test_heading_without_a_colon_above_bullets_is_no_choice(tmp_path):
    def row(n: int) -> Row:
        return {
            "question": f"{text(n, 7)}?",
            "options": "\n- ".join(["Choose one", *asked(n)[0]]),
            "answer": "ABCD"[n * 7 % 5 % NUMBER],
        }

    for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test:
        assert len(item.question.text.splitlines()) == NUMBER + 2 and "Choose one" not in item.question.text


def test_first_choice_that_all_rows_share_is_no_heading(tmp_path):
    def row(n: int) -> Row:
        texts = ["none of these", *asked(n)[0]]
        return {"question": f"{text(n, 7)}?", "options": "\n".join(texts), "answer": "ABCDE"[n * n % 7 % 5]}

    for item in drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).test:
        assert "\nA. none of these\n" in item.question.text


SEVERAL = {  # how files name several right choices
    "run": lambda places, texts: "".join("ABCD"[at] for at in places),
    "commas": lambda places, texts: ",".join("ABCD"[at] for at in places),
    "semicolons": lambda places, texts: "; ".join("ABCD"[at] for at in places),
    "letters": lambda places, texts: ["ABCD"[at] for at in places],
    "indexes": lambda places, texts: places,
    "numbers": lambda places, texts: [at + 1 for at in places],
    "texts": lambda places, texts: [texts[at] for at in places],
    "marks": lambda places, texts: [at in places for at in range(NUMBER)],
    "marks as numbers": lambda places, texts: [int(at in places) for at in range(NUMBER)],
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


def test_choices_that_the_user_puts_into_the_question_stand_there_as_they_are_written(tmp_path):
    def row(n: int) -> Row:
        texts, at = asked(n)
        return {"question": f"{text(n, 7)}?", "options": FORMS["letters in lines"](texts), "answer": "ABCD"[at]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)), inputs=["question", "options"])
    assert task.primary_metric == "choice"
    shown = {row(n)["options"] for n in range(120)}
    assert {item.question.text.partition("options: ")[2] for item in task.test} <= shown


@pytest.mark.parametrize("form", ["letters", "lines"])
@pytest.mark.parametrize("name", ["options", "candidates"])
def test_texts_under_a_name_of_choices_stay_out_of_the_question_beside_an_answer_that_is_none(tmp_path, name, form):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 7)}?", name: FORMS[form](asked(n)[0]), "answer": text(f"a{n}", 12)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "rouge_l" and f"column '{name}' is not used" in said(task)
    assert all(item.question.text.endswith("?") for item in task.test)


def test_answer_that_the_user_names_stays_one_text_under_a_name_of_choices(tmp_path):
    rows = rows_of(lambda n: {"question": f"{text(n, 7)}?", "alternatives": "; ".join(asked(n)[0])}, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows), target="alternatives")
    assert {item.target for item in task.test} <= {row["alternatives"] for row in rows}
    assert not any(item.accepted for item in task.test)


@pytest.mark.parametrize("form", ["{}/b, c/d", "|", " ; ", "/", ","])
def test_texts_of_which_the_answers_name_none_are_no_choices(tmp_path, form):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 7)}?", "options": form.format(text(n, 1)), "answer": text(f"a{n}", 2)}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "exact_match" and "column 'options' is not used" in said(task)


SIGNS_INSIDE = {  # choices that hold what may stand between others, and what stands between them
    "speeds": (lambda n, at: f"{n + at} km/h", ", "),
    "speeds close together": (lambda n, at: f"{n + at} km/h", ","),
    "dates": (lambda n, at: f"{at + 1}/{n % 12 + 1}/2024", ", "),
    "fractions": (lambda n, at: f"{at + 1}/{n + 7}", ", "),
    "pairs": (lambda n, at: f"{text((n, at), 1)}/{text((at, n), 1)}", ", "),
    "lists": (lambda n, at: f"{text((n, at), 1)}, {text((at, n), 1)}", " | "),
}


@pytest.mark.parametrize("form", SIGNS_INSIDE)
def test_a_weaker_sign_inside_a_choice_parts_none(tmp_path, form):
    one, between = SIGNS_INSIDE[form]

    def row(n: int) -> Row:
        listed = between.join(one(n, at) for at in range(NUMBER))
        return {"question": f"{text(n, 7)}?", "options": listed, "answer": "ABCD"[asked(n)[1]]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    numbers = {f"{text(n, 7)}?": n for n in range(120)}
    for item in task.test:
        question, _, listed = item.question.text.partition("\n\n")
        texts = [one(numbers[question], at) for at in range(NUMBER)]
        assert listed.splitlines() == [f"{letter}. {each}" for letter, each in zip("ABCD", texts, strict=True)]


def test_slashes_between_digits_part_no_choices(tmp_path):
    def row(n: int) -> Row:
        fractions = ",".join(f"{at + 1}/{n + 7}" for at in range(NUMBER))
        return {"question": f"{text(n, 7)}?", "options": fractions, "answer": "ABCD"[asked(n)[1]]}

    with pytest.raises(TaskFileError, match="nothing tells where one ends"):
        drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))


@pytest.mark.parametrize("form", ["| {} | {} | {} | {} |", "|{}|{}|{}|{}", "{};{};{};{};"])
def test_signs_around_all_choices_are_none_of_them(tmp_path, form):
    def row(n: int) -> Row:
        texts, at = asked(n)
        return {"question": f"{text(n, 7)}?", "options": form.format(*texts), "answer": "ABCD"[at]}

    rows = rows_of(row, 120)
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    answers = {row["question"]: row["answer"] for row in rows}
    by_question = {f"{text(n, 7)}?": asked(n)[0] for n in range(120)}
    for item in task.test:
        question, _, listed = item.question.text.partition("\n\n")
        texts = by_question[question]
        assert listed.splitlines() == [f"{letter}. {one}" for letter, one in zip("ABCD", texts, strict=True)]
        assert item.target == answers[question]


def test_row_whose_text_holds_one_choice_alone_is_left_out(tmp_path):
    def row(n: int) -> Row:
        texts, at = asked(n)
        return {"question": f"{text(n, 7)}?", "options": "|".join(texts[: None if n % 25 else 1]), "answer": "ABCD"[at]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice"
    assert "rows left out: 5; rows.jsonl line 1 and 4 more: 'options' has fewer than two answers" in said(task)


@pytest.mark.parametrize("empty", [0, 1])
def test_an_empty_choice_of_some_rows_moves_no_letter(tmp_path, empty):
    def row(n: int) -> Row:
        texts, _ = asked(n)
        texts = ["" if n % 20 == 0 and at == empty else one for at, one in enumerate(texts)]
        return {"question": f"{text(n, 7)}?", "options": "|".join(texts), "answer": "C", "n": n}

    rows = rows_of(row, 120)
    rows = [row | {"answer": "CD"[row["n"] % 20 // 10]} for row in rows]
    task = drafted(save(tmp_path / "rows.jsonl", rows))
    right = {row["question"]: row["options"].split("|")["ABCD".index(row["answer"])] for row in rows}
    for item in [*task.study.train, *task.study.dev, *task.test]:
        question, _, listed = item.question.text.partition("\n\n")
        assert dict(line.split(". ", 1) for line in listed.splitlines())[item.target] == right[question]
