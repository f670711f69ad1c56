"""Right values in another form are told from wrong ones."""

import pytest

from harness.answer_reading import AnswerRule, Reader
from harness.evidence.forms import Forms
from harness.records import Example, Message, Outcome, Prediction, Score


def example(target: str, *accepted: str, name: str = "one") -> Example:
    return Example(name, (Message("user", "q"),), target, accepted=accepted)


def said(text: str, name: str = "one") -> Prediction:
    return Prediction(name, text, None, Outcome.SCORED, "stop", 1, 1, 0.0)


LABELS = tuple(example(label) for label in ("billing", "technical support", "support", "other"))
FREE = tuple(example(f"target {n}") for n in range(200))  # too many for a closed set


@pytest.mark.parametrize(
    ("text", "target", "holds"),
    [
        ("The answer is 1,000.", "1000", True),
        ("It costs $12.00", "$12", True),
        ("It is 5.", "15", False),
        ("3 + 4 = 7. Answer: 8", "7", False),  # it decided for another
        ("on May 1, 2024", "2024-05-01", True),
        ("on May 2, 2024", "2024-05-01", False),
        ('Here: {"b": [2, 1], "a": 1}', '{"a": 1, "b": [1, 2]}', True),
        ('{"a": 2}', '{"a": 1}', False),
        ("B) the second", "b", True),
        ("A or b", "b", False),
        ("The category is billing.", "billing", True),
        ("billing or other", "billing", False),  # both: nothing was decided
        ("It goes to technical support", "technical support", True),  # 'support' is a part of it
        ("It goes to technical support", "support", False),
        ("It was the KX-20 model, I think", "KX-20", True),
        ("It was the KX-200", "KX-20", False),
        ("<think>Perhaps the KX-20</think>the KX-10", "KX-20", False),
        ("<think>It is the KX-20, as", "KX-20", False),  # no answer at all
        ("", "billing", False),
        ("  ", "5", False),
    ],
)
def test_completion_holds_the_right_value_or_not(text, target, holds):
    assert Forms(LABELS, None).holds(said(text), example(target)) is holds


CHOICES = "Which animal lays eggs?\n\nA. cat\nB. duck-billed platypus\nC. whale"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("B", True),
        ("Option A is wrong; it is B.", True),
        ("A is wrong because it purrs, and C is wrong for it swims. That leaves B.", True),
        ("Both cats and whales bear their young alive, so B.", True),
        ("The second option is the right one.", True),
        ("It must be the duck-billed platypus.", True),
        ("It is not the duck-billed platypus.", False),
        ("The duck-billed platypus is not one.", False),
        ("It is the whale, not the duck-billed platypus.", False),
        ("The platypus, so it is C.", False),
        ("Either B or C.", False),
        ("It is B or C.", False),
        ("B is wrong.", False),
        ("B was wrong", False),
        ("It's not B.", False),
        ("Neither A nor B", False),
        ("All except B.", False),
        ("A is correct because B is no bird.", False),
        ("Lack of vitamin B does it.", False),
        ("The first option, then.", False),
        ("The second option is wrong.", False),
        ("A cat or a duck-billed platypus.", False),
    ],
)
def test_completion_holds_the_right_choice_or_not(text, holds):
    asked = Example("one", (Message("user", CHOICES),), "B")
    assert Forms((asked,), None).holds(said(text), asked) is holds


def test_place_in_a_numbered_list_is_looked_for_as_a_number():
    """Of a scale, or of steps that a question lists."""
    scale = "Rate the review.\n1. very bad\n2. bad\n3. good"
    asked = Example("one", (Message("user", scale),), "2")
    assert Forms((asked,), None).holds(said("I would rate this review 2, because it is slow."), asked)
    assert not Forms((asked,), None).holds(said("I would rate this review 3."), asked)


@pytest.mark.parametrize("text", ["No, billing.", "No. Billing"])
def test_a_no_in_front_of_a_label_denies_something_else(text):
    assert Forms(LABELS, None).holds(said(text), example("billing"))


@pytest.mark.parametrize("text", ["It is not billing.", "neither billing nor other"])
def test_label_that_is_denied_is_not_held(text):
    assert not Forms(LABELS, None).holds(said(text), example("billing"))


def test_label_beside_another_that_is_denied_is_held():
    assert Forms(LABELS, None).holds(said("This is not other; it is billing."), example("billing"))


def test_title_with_a_number_word_is_a_text():
    assert not Forms(FREE, None).holds(said("7 Samurai"), example("Seven Samurai"))


def test_labels_close_a_set_only_where_they_are_few():
    assert Forms(FREE, None).holds(said("target 3 and target 4"), example("target 4"))
    assert not Forms(FREE[:9], None).holds(said("target 3 and target 4"), example("target 4"))


def test_any_right_answer_and_the_tasks_rule_count():
    forms = Forms(LABELS, AnswerRule(Reader("first_line", "####")))
    assert forms.holds(said("I would say seven"), example("so\n#### 8", "so\n#### seven"))
    assert not forms.holds(said("so"), example("so\n#### 8", "so\n#### seven"))


def test_only_wrong_answers_that_were_measured_are_counted():
    rows = [example("billing", name=name) for name in ("right", "form", "wrong", "lost")]
    answers = [
        said(f"it is {word}", row.id)
        for row, word in zip(rows, ("billing", "billing", "other", "billing"), strict=True)
    ]
    scores = [Score("right", 1.0), Score("form", 0.0), Score("wrong", 0.0)]
    assert Forms(LABELS, None).missed(answers, scores, rows) == ("form",)
