"""Pairs for `choice`: what names a choice, and what names another or none."""

import pytest
from pydantic import ValidationError

from harness.metrics import choice
from harness.metrics.choices import read_choices
from harness.records import Column, Example, Message

RIVERS = "Which river has 6 letters?\nA) Danube\nB) Amazon\nC) Rhine\nD) the river Seine"
NUMBERED = "Which?\n1. Danube\n2. Amazon\n3. Rhine"
LATEX = "Which?\nA. \\frac{1}{2}\nB. \\text{red}\nC. $x$"
CYRILLIC = "Which?\n\u0410) Danube\n\u0411) Oder\n\u0412) Rhine"
SIGNS = "Which sign multiplies?\nA) +\nB) *\nC) -\nD) /"
POINTERS = "Which reads the value?\nA) p\nB) *p\nC) &p"
CALLS = "Which call?\nA) f(x)\nB) f(*x)\nC) f(**x)\nD) f"
TWICE = "Which?\nA) none\nB) none\nC) both"
SUMS = "2 + 2?\nA. 2\nB. 4\nC. 3"


def value(answer, target, question=RIVERS, **options):
    return choice(**options).score(answer, Example("e", (Message("user", question),), target)).value


RIGHT = [
    ("La bonne réponse est la réponse B.", "B"),
    ("B", "B"),
    ("b", "B"),
    ("(b)", "B"),
    ("[B]", "B"),
    ("B)", "B"),
    ("B.", "B"),
    ("**B**", "B"),
    ("Option B", "B"),
    ("Answer: B", "B"),
    ("**Answer:** (B)", "B"),
    ("The answer is B.", "B"),
    ("The correct answer is: b) Amazon", "B"),
    ("B) Amazon", "B"),
    ("B. Amazon", "B"),
    ("B: it has six letters", "B"),
    ("B, because it has six letters", "B"),
    ("Amazon", "B"),
    ("amazon.", "B"),
    ("The answer is Amazon.", "B"),
    ("2", "B"),  # the second, counted from 1
    ("B", "Amazon"),
    ("B", "2"),
    ("B", "B) Amazon"),
    ("Amazon", "2"),
    ("\\boxed{B}", "B"),
    ("Danube has six letters too.\n#### B", "B"),
    ("B\nIt is long.", "B"),
    ("Let me think.\nB", "B"),
    ("A) is wrong. Answer: B", "B"),
    ("The river Seine", "D"),
    ("\uff22", "B"),  # full-width
    ("B is correct.", "B"),
    ("Option B is the right choice", "B"),
    ("I choose B", "B"),
    ("So B.", "B"),
    ("It is the Amazon.", "B"),
    ("It is D", "The river Seine"),
    ("B \u2014 Amazon", "B"),
    ("B.Amazon", "B"),
    ("B)Amazon", "B"),
    ("2. Amazon", "B"),
    ("Danube is long.\n<answer>\nB\n</answer>", "B"),
    ('{"answer": "B", "why": "A is long"}', "B"),
    ("$B$", "B"),
    ("\\boxed{\\text{B}}", "B"),
    ("\u3010B\u3011", "B"),
    ("Antwort: B", "B"),
    ("Respuesta final: B", "B"),
    ("\ub2f5: B", "B"),
    ("La r\u00e9ponse est B", "B"),
    ("Respuesta: B", "B"),
    ("\u7b54\u6848\uff1aB", "B"),
    ("\u6b63\u786e\u7b54\u6848\u662fB\u3002", "B"),
    ("\u9009B", "B"),
    ("B Amazon", "B"),
    ("B (Amazon)", "B"),
    ("Amazon (B)", "B"),
    ("The answer is Amazon (B).", "B"),
    ("La réponse est la B.", "B"),
    ("La bonne réponse est l'Amazon.", "B"),
    ("La respuesta correcta es la B.", "B"),
    ("A resposta é a B.", "B"),
    ("A resposta é a letra B.", "B"),
    ("答えはBです", "B"),
    ("正解はBです。", "B"),
    ("答えはAmazonです。", "B"),
    ("Bです", "B"),
    ("정답은 B입니다", "B"),
    ("정답은 2번입니다.", "B"),
    ("正确选项是B", "B"),
    ("B、Amazon", "B"),
]
WRONG = [
    ("A", "B"),
    ("Answer: A", "B"),
    ("Danube", "B"),
    ("1", "B"),
    ("5", "B"),
    ("E", "B"),
    ("A or B", "B"),
    ("A, B", "B"),
    ("B, A", "B"),
    ("B) or A)", "B"),
    ("B and C", "B"),
    ("AB", "B"),
    ("B\nC", "B"),
    ("A) Danube\nB) Amazon\nC) Rhine\nD) the river Seine", "A"),  # the list said again
    ("B) Danube", "B"),  # label and text do not agree
    ("A) Amazon", "B"),
    ("A. Amazon", "A"),
    ("not B", "B"),
    ("It is not the Amazon", "B"),
    ("Amazonas", "B"),
    ("The answer is a river", "A"),  # the article
    ("A river", "A"),
    ("I do not know", "B"),
    ("Because B", "B"),
    ("B is wrong.", "B"),
    ("I choose B or C", "B"),
    ("So not B", "B"),
    ("1. Amazon", "A"),
    ("B.Danube", "B"),
    ("B.C.", "B"),
    ("<answer>C</answer>", "B"),
    ('{"answer": "C", "why": "not B"}', "B"),
    ("Answer: B or C", "B"),
    ("Between A and B", "B"),
    ("", "B"),
    (None, "B"),
    ("0", "B"),
    ("B Danube", "B"),
    ("Danube (B)", "B"),
    ("Amazon (A)", "B"),
    ("Amazon (not B)", "B"),
    ("B because it is long", "B"),
    ("B、Danube", "B"),
    ("B、C", "B"),
    ("La réponse est la C.", "B"),
    ("A resposta é A B", "B"),
    ("答えはCです", "B"),
    ("答えはBではない", "B"),
    ("정답은 C입니다", "B"),
]


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_choice_may_be_named_by_letter_number_or_text(answer, target):
    assert value(answer, target) == 1


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_another_choice_several_and_none_are_wrong(answer, target):
    assert value(answer, target) == 0


@pytest.mark.parametrize(
    ("answer", "target", "question", "options", "expected"),
    [
        ("2", "2", NUMBERED, {}, 1),
        ("(2)", "2", NUMBERED, {}, 1),
        ("2. Amazon", "2", NUMBERED, {}, 1),
        ("Amazon", "2", NUMBERED, {}, 1),
        ("B", "2", NUMBERED, {}, 0),  # the list has no letters
        ("2. Danube", "2", NUMBERED, {}, 0),
        ("2", "A", SUMS, {}, 1),  # the text of A before the second place
        ("2", "B", SUMS, {}, 0),
        ("4", "B", SUMS, {}, 1),
        ("1", "B", RIVERS, {"first_index": 0}, 1),
        ("B", "1", RIVERS, {"first_index": 0}, 1),
        ("0", "A", RIVERS, {"first_index": 0}, 1),
        ("B", "B", "Which? A) Danube B) Amazon C) Rhine", {}, 1),
        ("Amazon", "B", "Which? A) Danube B) Amazon C) Rhine", {}, 1),
        ("\\text{red}", "B", LATEX, {}, 1),
        ("red", "B", LATEX, {}, 1),
        ("Answer: \\frac{1}{2}", "A", LATEX, {}, 1),
        ("$x$", "C", LATEX, {}, 1),
        ("\\(B\\)", "B", LATEX, {}, 1),
        ("$2", "B", LATEX, {}, 0),  # an amount, not the second
        ("\u0411) Oder", "\u0411", CYRILLIC, {}, 1),
        ("Oder", "\u0411", CYRILLIC, {}, 1),
        ("\u041e\u0442\u0432\u0435\u0442: \u0411", "\u0411", CYRILLIC, {}, 1),
        ("\u0412) Rhine", "\u0411", CYRILLIC, {}, 0),
        ("B", "*", SIGNS, {}, 1),  # a text, no mark of emphasis
        ("*", "*", SIGNS, {}, 1),
        ("**B**", "*", SIGNS, {}, 1),
        ("A", "*", SIGNS, {}, 0),
        ("*", "A", SIGNS, {}, 0),
        (None, "*", SIGNS, {}, 0),
        ("", "*", SIGNS, {}, 0),
        ("A\nB", "*", SIGNS, {}, 0),
        ("*", "*", "No choices are listed here.", {}, 1),
        (None, "*", "No choices are listed here.", {}, 0),
        ("A\nB", "*", "No choices are listed here.", {}, 0),
        ("A) p", "A", POINTERS, {}, 1),
        ("**A) p**", "A", POINTERS, {}, 1),
        ("**Answer:** A) `p`", "A", POINTERS, {}, 1),
        ("*p", "B", POINTERS, {}, 1),
        ("B) *p", "*p", POINTERS, {}, 1),
        ("**B**", "*p", POINTERS, {}, 1),
        ("```\nB) *p\n```", "*p", POINTERS, {}, 1),
        ("p", "B", POINTERS, {}, 0),
        ("A) *p", "A", POINTERS, {}, 0),  # label and text do not agree
        ("B) p", "B", POINTERS, {}, 0),
        ("A) f(x)", "A", CALLS, {}, 1),
        ("C) f(**x)", "C", CALLS, {}, 1),
        ("The answer is f(*x).", "B", CALLS, {}, 1),
        ("$B$", "B", CALLS, {}, 1),
        ("B) f(**x)", "B", CALLS, {}, 0),
        ("B) none", "B", TWICE, {}, 1),
        ("C) none", "C", TWICE, {}, 0),
        ("E", "E", RIVERS, {}, 1),  # none of the choices
        ("B", "E", RIVERS, {}, 0),
        ("(b)", "B", "No choices are listed here.", {}, 1),
        ("Answer: B", "B", "No choices are listed here.", {}, 1),
        ("Let me think.\nB", "B", "No choices are listed here.", {}, 1),
        ("A\nB", "B", "No choices are listed here.", {}, 0),
        ("Amazon", "amazon", "No choices are listed here.", {}, 1),
        ("Amazon", "B", "No choices are listed here.", {}, 0),
    ],
)
def test_choices_are_those_of_the_question(answer, target, question, options, expected):
    assert value(answer, target, question, **options) == expected


@pytest.mark.parametrize(
    "listed",
    [
        "A、红\nB、蓝\nC、绿",
        "A．红\nB．蓝\nC．绿",
        "A：红 B：蓝 C：绿",
        "A.红\nB.蓝\nC.绿",
        "A.红 B.蓝 C.绿",
        "A)红 B)蓝 C)绿",
        "（A）红 （B）蓝 （C）绿",
        "Ａ．红　Ｂ．蓝　Ｃ．绿",
        "选项：A、红；B、蓝；C、绿",
        "1、红\n2、蓝\n3、绿",
    ],
)
def test_list_in_a_script_without_spaces_needs_no_space_behind_a_label(listed):
    texts = ["红", "蓝", "绿"]
    assert [text.strip("；") for text in read_choices(f"哪一个？\n{listed}\n请回答。").values()] == texts
    target = "2" if listed.startswith("1") else "B"
    answers = [target, f"{target}、蓝", "蓝", f"{target}.蓝"]
    assert [value(answer, target, f"哪一个？\n{listed}") for answer in answers] == [1] * len(answers)
    assert [value(answer, target, f"哪一个？\n{listed}") for answer in ("红", f"{target}、红", "C")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("question", "listed"),
    [
        ("Which?\nA.Danube\nB.Amazon", {"a": "Danube", "b": "Amazon"}),
        ("Which?\n(a)Danube\n(b)Amazon", {"a": "Danube", "b": "Amazon"}),
        ("1.5 kg\n2.5 kg", {}),
        ("1：2\n2：3", {}),
        ("已知 A、B、C 三点", {}),
        ("a.append(1)\nb.append(2)", {}),
        ("哪些？\nA. A、B\nB. B、C\nC. A、C", {"a": "A、B", "b": "B、C", "c": "A、C"}),
    ],
)
def test_label_without_a_space_is_read_where_it_cannot_be_mistaken(question, listed):
    assert read_choices(question) == listed


def test_choices_are_read_in_lines_and_in_a_run_of_text():
    expected = {"a": "Danube", "b": "Amazon", "c": "Rhine"}
    assert read_choices("Which?\n(A) Danube\n(B) Amazon\n(C) Rhine\nGive the letter.") == expected
    assert read_choices("Which? a. Danube b. Amazon c. Rhine") == expected
    assert read_choices("Steps:\nA) x\nB) y\n\nWhich?\nA: Danube\nB: Amazon\nC: Rhine") == expected
    assert read_choices("Vitamin A. Is it good?") == {}


def test_wrong_options_are_refused():
    with pytest.raises(ValidationError):
        choice(first_index=2)


def test_figure_is_the_share_of_right_choices():
    metric = choice()
    assert (metric.name, metric.kind) == ("choice", "rate")
    scores = [metric.score(answer, Example(str(n), (), "B")) for n, answer in enumerate(["(b)", "A", None, "B."])]
    assert metric.aggregate(scores) == 2 / 4


def asked(*columns: Column, question: str = "Which?", target: str = "B") -> Example:
    return Example("one", (Message("user", question),), target, columns=columns)


@pytest.mark.parametrize(
    "example",
    [
        asked(
            Column("choices", '["Rome", "Paris"]', True),
            question="Steps: 1. Open the lid. 2. Close the lid. Which city is it?",
        ),
        asked(Column("opa", "Rome", False), Column("opb", "Paris", False)),
        asked(Column("alternatives", '["Rome", "Paris"]', True)),
        asked(Column("options", '{"text": ["Rome", "Paris"], "label": ["A", "B"]}', True)),
        asked(Column("ending0", "Rome", False), Column("ending1", "Paris", False), target="1"),
    ],
)
def test_choices_are_those_of_the_columns_that_the_prompt_shows(example):
    assert choice().score("Paris", example).value == 1.0
    assert choice().score("Rome", example).value == 0.0


def test_text_of_a_choice_may_look_like_a_list():
    example = asked(Column("choices", '["vitamin A: good for eyes", "Two\\nlines"]', True), target="A")
    assert choice().score("vitamin A: good for eyes", example).value == 1.0
    assert choice().score("B", asked(*example.columns)).value == 1.0
