import pytest

from harness.metrics import exact_match, exact_match_case
from harness.records import Example, Message


def value(make, answer, target):
    return make().score(answer, Example("e", (Message("user", "q"),), target)).value


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("US", "US"),
        ("US.", "US"),
        ('"McKay"', "McKay"),
        ("**getName**", "getName"),
        ("  New   York ", "New York"),
        ("\u2212X", "-X"),
        ("Stra\u00dfe", "Stra\u00dfe"),
        ("\uff21B", "AB"),  # full-width
    ],
)
def test_same_text_in_the_same_case_is_right(answer, target):
    assert value(exact_match_case, answer, target) == 1


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("us", "US"),
        ("Us", "US"),
        ("mckay", "McKay"),
        ("getname", "getName"),
        ("new york", "New York"),
        ("STRASSE", "Stra\u00dfe"),
        ("\u041c\u043e\u0441\u043a\u0432\u0430", "\u043c\u043e\u0441\u043a\u0432\u0430"),
    ],
)
def test_another_case_is_wrong_here_and_right_for_exact_match(answer, target):
    assert value(exact_match_case, answer, target) == 0
    assert value(exact_match, answer, target) == 1


@pytest.mark.parametrize(("answer", "target"), [("-5", "5"), ("K12", "K-12"), ("The Who", "Who"), (None, "a")])
def test_what_exact_match_keeps_apart_stays_apart(answer, target):
    assert value(exact_match_case, answer, target) == 0
