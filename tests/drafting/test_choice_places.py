"""Which choice an answer names: by its letter, by its place, or by its text, decided for the whole column."""

import pytest
from draft_files import Row, drafted, rows_of, said, save, text

from harness.drafting.option_columns import find_options, option_columns
from harness.drafting.options import unlettered
from harness.errors import TaskFileError
from harness.task.scoring import task_metric


def letters(rows, column="choices"):
    names = [name for name in rows[0] if name not in ("question", "answer")]
    options = find_options(rows, option_columns(rows, names), ["answer"], None)
    return [options.right(row) for row in rows]


def test_whole_numbers_are_places_though_the_choices_are_numbers_too():
    lists = (["4", "8", "1", "2"], ["1", "2", "0", "5"], ["3", "0", "7", "1"], ["2", "9", "4", "0"])
    rows = [{"question": "q", "choices": texts, "answer": at} for at, texts in enumerate(lists)]
    assert letters(rows) == ["A", "B", "C", "D"]
    as_floats = [{**row, "answer": float(row["answer"])} for row in rows]  # as pandas writes a column with gaps
    assert letters(as_floats) == ["A", "B", "C", "D"]


def test_numbers_beyond_the_list_are_texts():
    rows = [{"question": "q", "choices": ["4", "8", "1"], "answer": answer} for answer in ("8", "4", "1")]
    assert letters(rows) == ["B", "A", "C"]


def test_empty_choice_moves_no_letter_to_another_text():
    filled = {"option_a": "red", "option_b": "blue", "option_c": "green"}
    rows = [{"question": "q", **filled, "answer": "C"}, {"question": "q", **filled, "option_b": "", "answer": "C"}]
    columns = ("option_a", "option_b", "option_c")
    options = find_options(rows, columns, ["answer"], None)
    shown = [dict(zip("ABC", options.of(row), strict=False)) for row in rows]
    assert [texts[options.right(row)] for texts, row in zip(shown, rows, strict=True)] == ["green", "green"]


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["A. red", "B. blue"], ["red", "blue"]),
        (["(a) red", "(b) blue"], ["red", "blue"]),
        (["E. coli", "H. pylori"], ["E. coli", "H. pylori"]),
        (["A.D. 70", "B.C. 70"], ["A.D. 70", "B.C. 70"]),
        (["A. red", "blue"], ["A. red", "blue"]),
    ],
)
def test_letters_go_only_where_each_choice_begins_with_that_of_its_place(texts, shown):
    assert list(unlettered(texts)) == shown


@pytest.mark.parametrize("answers", [("a)", "b)"), ("(A)", "(B)"), ("①", "②"), ("Option 1", "Option 2"), ([1], [2])])
def test_marks_and_words_beside_a_letter_or_number_name_the_same_choice(answers):
    rows = [{"question": "q", "choices": ["red", "blue", "green"], "answer": answer} for answer in answers]
    assert letters(rows) == ["A", "B"]


def test_marked_number_that_is_a_choice_itself_is_its_text():
    assert letters([{"question": "q", "choices": ["2.", "1."], "answer": answer} for answer in ("2.", "1.")]) == [
        "A",
        "B",
    ]


@pytest.mark.parametrize("keys", ["ABC", "123", "012"])
def test_choices_in_an_object_are_named_by_their_keys(keys):
    choices = dict(zip(keys, ("red", "blue", "green"), strict=True))
    assert letters([{"question": "q", "options": choices, "answer": key} for key in keys]) == ["A", "B", "C"]


@pytest.mark.parametrize("stem", ["Antwort", "Réponse", "respuesta", "选项"])
def test_columns_of_choices_have_names_of_other_languages(stem):
    row = {"question": "q", f"{stem} A": "red", f"{stem} B": "blue", "answer": "b"}
    assert letters([row, {**row, "answer": "a"}]) == ["B", "A"]


@pytest.mark.parametrize("answer", ["{letter}. {text}", "{letter}) {text}", "({letter}) {text}", "{letter}: {text}"])
@pytest.mark.parametrize("columns", [None, "ABCD"])
def test_letter_with_the_text_of_its_choice_names_that_choice(answer, columns):
    texts = ("red", "blue", "green", "dark red")
    cells = dict(zip(columns, texts, strict=True)) if columns else {"choices": list(texts)}
    answers = [answer.format(letter=letter, text=text) for letter, text in zip("ABCD", texts, strict=True)]
    assert letters([{"question": "q", **cells, "answer": answer} for answer in answers]) == list("ABCD")


@pytest.mark.parametrize("answer", ["A. blue", "35", "E. red"])  # blue is B, 35 is no third choice 5, and there is no E
def test_letter_with_the_text_of_another_choice_names_none(answer):
    rows = [{"question": "q", "choices": ["red", "blue", "5"], "answer": each} for each in ("A. red", answer)]
    assert find_options(rows, option_columns(rows, ["choices"]), ["answer"], None) is None


@pytest.mark.parametrize(
    ("names", "answers"),
    [
        (("river one", "river two", "river three"), "ABC"),
        (("shop 1 name", "shop 2 name", "shop 3 name"), "123"),
        (("A_text", "B_text"), "AB"),
        (("ბანკი ა", "ბანკი ბ", "ბანკი გ"), "აბგ"),  # of an alphabet that is not listed
    ],
)
def test_columns_that_may_be_choices_are_refused_unless_the_question_is_named(tmp_path, names, answers):
    def row(n: int) -> Row:
        held = {name: text(f"{n}{name}", 1) for name in names}
        return {"question": text(n, 7), **held, "answer": answers[n * n % 7 % len(answers)]}

    file = save(tmp_path / "rows.jsonl", rows_of(row))
    listed = ", ".join(f"'{name}'" for name in names)
    with pytest.raises(TaskFileError, match=f"columns {listed} may be the answers to choose from"):
        drafted(file)
    assert {item.target for item in drafted(file, inputs=["question"]).test} == set(answers)


@pytest.mark.parametrize("name", ["annotator_{}", "answer {} of three"])
def test_what_several_people_say_is_no_choice(tmp_path, name):
    def row(n: int) -> Row:
        said = {name.format(mark): "ABC"[(n + (mark == "b") * (n % 3 == 0)) % 3] for mark in "abc"}
        return {"question": text(n, 7), **said, "label": "ABC"[n % 3]}

    assert drafted(save(tmp_path / "rows.jsonl", rows_of(row)), target="label").primary_metric == "label_accuracy"


@pytest.mark.parametrize(
    ("listing", "answers"),
    [("\n({a}) {x}\n({b}) {y}", ("(a)", "(b)")), (" {a}. {x} {b}. {y}", "AB"), (" 1) {x} 2) {y}", "12")],
)
def test_choices_that_the_questions_list_are_scored_as_choices(tmp_path, listing, answers):
    def row(n: int) -> Row:
        a, b = (answer.strip("()") for answer in answers)
        shown = listing.format(a=a, b=b, x=text(n, 1), y=text(f"y{n}", 1))
        return {"question": f"{text(n, 6)}?{shown}", "answer": answers[n * n % 7 % 2]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert task.primary_metric == "choice" and {item.target for item in task.test} == set(answers)


@pytest.mark.parametrize(("mark", "is_right"), [("{}. ", True), ("({}) ", True), ("{} ", True), ("{}. the ", False)])
def test_letter_and_text_of_a_choice_that_the_question_lists_are_scored_as_a_choice(tmp_path, mark, is_right):
    def row(n: int) -> Row:
        texts = [text(f"{letter}{n}", 1) for letter in "ABC"]
        listed = "\n".join(f"{letter}. {choice}" for letter, choice in zip("ABC", texts, strict=True))
        at = n * n % 7 % 3
        return {"question": f"{text(n, 6)}?\n{listed}", "answer": mark.format("ABC"[at]) + texts[at]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row)))
    assert (task.primary_metric == "choice") is is_right


def test_letters_of_no_listed_choices_stay_labels(tmp_path):
    def row(n: int) -> Row:
        return {"question": f"{text(n, 6)}? A. {text(n, 1)} B. {text(f'b{n}', 1)}", "answer": "ABC"[n * n % 7 % 3]}

    assert drafted(save(tmp_path / "rows.jsonl", rows_of(row))).primary_metric == "label_accuracy"


WRONG = 7  # the row with the fault


def chosen(n: int, *, are_columns: bool) -> tuple[Row, list[str], int]:
    """A question with four choices, their texts, and the place of the right one."""
    texts = [text(f"{mark}{n}", 1) for mark in "ABCD"]
    held = dict(zip("ABCD", texts, strict=True)) if are_columns else {"choices": texts}
    return {"question": f"{text(n, 7)}?", **held}, texts, n * n % 7 % 3


@pytest.mark.parametrize("are_columns", [True, False])
@pytest.mark.parametrize(
    "names", [("answer", "answer_text"), ("label", "answer"), ("correct_option", "correct_answer")]
)
def test_row_whose_letter_and_text_name_different_choices_is_left_out_and_named(tmp_path, are_columns, names):
    def row(n: int) -> Row:
        asked, texts, at = chosen(n, are_columns=are_columns)
        return {**asked, names[0]: "ABCD"[at], names[1]: texts[(at + (n == WRONG)) % 4]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice" and f"rows left out: 1; rows.jsonl line {WRONG + 1}: " in said(task)
    assert f"'{names[1]}' is '{row(WRONG)[names[1]]}': they are different answers" in said(task)
    items = [*task.study.train, *task.study.dev, *task.test]
    assert len(items) == 119 and not any(row(WRONG)["question"] in item.question.text for item in items)


def test_letter_and_text_that_differ_in_more_than_a_tenth_of_the_rows_are_asked_about(tmp_path):
    def row(n: int) -> Row:
        asked, texts, at = chosen(n, are_columns=True)
        return {**asked, "answer": "ABCD"[at], "answer_text": texts[(at + (n % 5 == 0)) % 4]}

    file = save(tmp_path / "rows.jsonl", rows_of(row, 120))
    with pytest.raises(TaskFileError, match="name different choices in 24 of 120 rows.*--target answer"):
        drafted(file)
    task = drafted(file, target="answer")
    assert {item.target for item in task.test} == set("ABC")
    assert "'answer_text' names another choice than 'answer' in 24 of 120 rows, where the latter counts" in said(task)


def test_choice_that_the_user_names_is_said_to_differ_from_another_columns_in_one_row(tmp_path):
    def row(n: int) -> Row:
        asked, texts, at = chosen(n, are_columns=False)
        return {**asked, "answer": "ABCD"[at], "answer_text": texts[(at + (n == WRONG)) % 4]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)), target="answer")
    assert "'answer_text' names another choice than 'answer' in 1 of 120 rows" in said(task)
    assert len([*task.study.train, *task.study.dev, *task.test]) == 120


@pytest.mark.parametrize("wrong", ["E", "9", "B. something else"])
@pytest.mark.parametrize("form", ["{letter}", "{place}", "{letter}. {text}"])
def test_one_answer_that_names_no_choice_is_left_out_and_moves_no_other(tmp_path, form, wrong):
    def row(n: int) -> Row:
        asked, texts, at = chosen(n, are_columns=True)
        answer = form.format(letter="ABCD"[at], place=at + 1, text=texts[at])
        return {**asked, "answer": wrong if n == WRONG else answer}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert f"line {WRONG + 1}: 'answer' is '{wrong}', none of the 4 answers to choose from" in said(task)
    right = {row(n)["question"]: "ABCD"[n * n % 7 % 3] for n in range(120) if n != WRONG}
    assert {item.question.text.partition("\n")[0]: item.target for item in task.test}.items() <= right.items()


@pytest.mark.parametrize("form", ["{letter}", "{letter}. {text}"])
def test_one_answer_that_names_no_choice_of_its_question_is_left_out(tmp_path, form):
    def row(n: int) -> Row:
        asked, texts, at = chosen(n, are_columns=False)
        shown = "\n".join(f"{letter}. {one}" for letter, one in zip("ABCD", texts, strict=True))
        answer = form.format(letter="F" if n == WRONG else "ABCD"[at], text=texts[at])
        return {"question": f"{asked['question']}\n{shown}", "answer": answer}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice"
    assert f"names no choice of the question: 1, the first in rows.jsonl line {WRONG + 1}" in said(task)


@pytest.mark.parametrize("stem", ["hint_{}", "Hint {}", "explanation_{}"])
@pytest.mark.parametrize("answers", ["AB", "123", "ABC"])
def test_numbered_hints_are_no_choices(tmp_path, stem, answers):
    def row(n: int) -> Row:
        hints = {stem.format(at + 1): text((n, at), 5) for at in range(len(answers))}
        return {"question": text(n, 7), **hints, "answer": answers[n * n % 7 % len(answers)]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert {item.target for item in task.test} == set(answers)
    assert all(item.question.text in {text(n, 7) for n in range(120)} for item in task.test)


@pytest.mark.parametrize(("held", "are_choices"), [(120, True), (115, True), (60, False)])
def test_numbered_columns_are_choices_where_the_answer_is_the_text_of_one(tmp_path, held, are_choices):
    def row(n: int) -> Row:
        rivers = [text((n, at), 2) for at in range(3)]
        answer = rivers[n * n % 7 % 3] if n < held else text(f"a{n}", 2)
        return {"question": text(n, 7), **{f"river {at + 1}": one for at, one in enumerate(rivers)}, "answer": answer}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert (task.primary_metric == "choice") is are_choices
    assert (f"rows left out: {120 - held}" in said(task)) is (are_choices and held < 120)


def test_numbered_column_that_repeats_every_answer_makes_no_choices(tmp_path):
    def row(n: int) -> Row:
        drafts = [text((n, at), 2) for at in range(3)]
        return {
            "question": text(n, 7),
            **{f"draft {at + 1}": one for at, one in enumerate(drafts)},
            "answer": drafts[2],
        }

    assert drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120))).primary_metric == "exact_match"


@pytest.mark.parametrize("name", ["difficulty", "level", "num_hops"])
def test_number_that_says_something_of_the_question_names_no_choice(tmp_path, name):
    def row(n: int) -> Row:
        asked, texts, at = chosen(n, are_columns=True)
        return {**asked, name: at + 1, "solution": f"{texts[at]} {text(n, 6)}"}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert {item.target for item in task.test} <= {row(n)["solution"] for n in range(120)}


def test_right_choice_under_a_name_of_no_answer_is_doubted(tmp_path):
    def row(n: int) -> Row:
        asked, _, at = chosen(n, are_columns=True)
        return {**asked, "vote": "ABCD"[at]}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice"
    assert "the right choice was taken from column 'vote', by its content" in said(task)


@pytest.mark.parametrize("held", [120, 110])
def test_text_of_a_choice_that_the_question_lists_is_scored_as_that_choice(tmp_path, held):
    def row(n: int) -> Row:
        asked, texts, at = chosen(n, are_columns=False)
        listed = "\n".join(f"{letter}) {one}" for letter, one in zip("ABCD", texts, strict=True))
        return {"question": f"{asked['question']}\n{listed}", "answer": texts[at] if n < held else "none of these"}

    task = drafted(save(tmp_path / "rows.jsonl", rows_of(row, 120)))
    assert task.primary_metric == "choice" and (f"rows left out: {120 - held}" in said(task)) is (held < 120)
    item = task.test[0]
    right = next(line[0] for line in item.question.text.splitlines() if line.endswith(f") {item.target}"))
    metric = task_metric("choice", {}, None)
    assert [letter for letter in "ABCD" if metric.score(letter, item).value == 1] == [right]
