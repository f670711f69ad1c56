"""Pairs for `date`: what the rule in harness/metrics/calendar_dates.py calls the same day, and what not."""

import pytest
from pydantic import ValidationError

from harness.metrics import date
from harness.records import Example, Message


def value(answer, target, **options):
    return date(**options).score(answer, Example("e", (Message("user", "q"),), target)).value


RIGHT = [
    ("I cannot be sure, but it was 6 March 1984.", "1984-03-06"),
    ("I do not know the exact time, it happened on 6 March 1984.", "1984-03-06"),
    ("Apollo 11 – 20 July 1969", "1969-07-20"),
    ("World War 2 - 8 May 1945", "1945-05-08"),
    ("Gemini 8 - March 16, 1966", "1966-03-16"),
    ("Article 5 and 29 March 2017", "2017-03-29"),
    ("1 - 5 June 2020", "2020-06-05"),
    ("At 10:30 - 5 June 2020", "2020-06-05"),
    ("In chapter 3, 5 June 2020 is given.", "2020-06-05"),
    ("May 1, 2024", "2024-05-01"),
    ("1 May 2024", "2024-05-01"),
    ("1st of May, 2024", "2024-05-01"),
    ("May 1st 2024", "2024-05-01"),
    ("may 1 2024", "2024-05-01"),
    ("Wednesday, 1 May 2024", "2024-05-01"),
    ("1-May-2024", "2024-05-01"),
    ("1 Sept. 2024", "2024-09-01"),
    ("1-May-24", "2024-05-01"),
    ("May 1, '24", "2024-05-01"),
    ("2024/05/01", "2024-05-01"),
    ("2024-5-1", "2024-05-01"),
    ("2024.05.01", "2024-05-01"),
    ("20240501", "2024-05-01"),
    ("2024-05-01T12:30:00Z", "2024-05-01"),
    ("2024-05-01 12:30", "2024-05-01"),
    ("2024\u201105\u201101", "2024-05-01"),  # no-break hyphens
    ("2024\u5e745\u67081\u65e5", "2024-05-01"),
    ("\u0662\u0660\u0662\u0664-\u0660\u0665-\u0660\u0661", "2024-05-01"),  # Arabic-Indic digits
    ("1.5.2024", "2024-05-01"),  # points: day first
    ("25/12/2024", "2024-12-25"),  # no month 25
    ("12/25/2024", "2024-12-25"),
    ("05/05/2024", "2024-05-05"),  # both readings are one
    ("3/4/2024", "03/04/2024"),  # the same figures in the same places
    ("03-04-24", "03/04/2024"),
    ("2024-02-29", "February 29, 2024"),
    ("31/12/69", "1969-12-31"),
    ("31/12/68", "2068-12-31"),
    ("It was signed on **May 1, 2024**.", "2024-05-01"),
    ("On 2024-05-01, that is, 1 May 2024", "2024-05-01"),
    ("Not 2 May 2024.\nAnswer: 1 May 2024", "2024-05-01"),
    ("Nicht am 2. Mai 2024.\nAntwort: 1. Mai 2024", "2024-05-01"),
    ("Not 2 May 2024. <answer>1 May 2024</answer>", "2024-05-01"),
    ("2 May 2024 is too late: \\boxed{1 May 2024}", "2024-05-01"),
    ("3 May 2024", "3 May"),  # the target leaves the year out
    ("May 2024", "2024\u5e745\u6708"),
    ("3 May 2024", "May 2024"),
    ("1. Mai 2024", "2024-05-01"),
    ("Mittwoch, den 1. M\u00e4rz 2023", "2023-03-01"),
    ("1er mai 2024", "2024-05-01"),
    ("le 12 ao\u00fbt 2024", "2024-08-12"),
    ("1 de mayo de 2024", "2024-05-01"),
    ("1\u00ba de mar\u00e7o de 2024", "2024-03-01"),
    ("1 maggio 2024", "2024-05-01"),
    ("1 may\u0131s 2024", "2024-05-01"),
    ("1 \u043c\u0430\u044f 2024 \u0433.", "2024-05-01"),
    ("2024\ub144 5\uc6d4 1\uc77c", "2024-05-01"),
    ("2024. 5. 1.", "2024-05-01"),
    ("May 2024", "2024-05"),
    ("2024-05", "mayo de 2024"),
    ("2024-05-03", "2024-05"),
    ("(2024-05).", "May 2024"),
    ("It was spring.\nAnswer: 2024-05.", "May 2024"),
    ("In the 2009-10 season, on 1 May 2010", "2010-05-01"),
    ("RFC 3339-08, on 1 May 2010", "2010-05-01"),
    ("2009-10: signed on 1 May 2010", "2010-05-01"),
    ("\u0441\u0435\u0437\u043e\u043d 2009-10, 1 May 2010", "2010-05-01"),  # a word of other letters in front
    ("Wed, May 1, 2024", "1. Mai 2024"),  # January 1 was a Monday; 121 days on is 17 weeks and two days
    ("Unknown.", "unknown"),
]
WRONG = [
    ("Some time between 3 and 5 June 2020.", "2020-06-05"),
    ("3-5 June 2020", "2020-06-05"),
    ("vom 3. bis 5. Juni 2020", "2020-06-05"),
    ("I don't know whether it was 6 March 1984.", "1984-03-06"),
    ("2024-01-05", "2024-05-01"),
    ("2024-05-02", "2024-05-01"),
    ("2023-05-01", "2024-05-01"),
    ("1 June 2024", "2024-05-01"),
    ("03/04/2024", "2024-04-03"),  # nothing is guessed
    ("03/04/2024", "2024-03-04"),
    ("2024-04-03", "03/04/2024"),
    ("04/03/2024", "03/04/2024"),
    ("1.5.2024", "2024-01-05"),
    ("25/12/2024", "2025-12-24"),
    ("2024-02-30", "2024-03-01"),  # not carried over
    ("30/02/2024", "2024-03-01"),
    ("2023-02-29", "2023-03-01"),
    ("2024-13-01", "2024-01-13"),
    ("1 May", "2024-05-01"),  # no year
    ("May 2024", "2024-05-01"),  # no day
    ("2024", "2024-05-01"),
    ("1 May 1924", "1 May 24"),
    ("1 May 2024 or 2 May 2024", "2024-05-01"),
    ("From 2024-05-01 to 2024-05-31", "2024-05-01"),
    ("2024-05", "2024-05-01"),  # no day
    ("in the 2024-05 season", "2024-05"),
    ("1. Juni 2024", "2024-07-01"),
    ("1 juillet 2024", "2024-06-01"),
    ("Thursday, May 1, 2024", "2024-05-01"),
    ("Donnerstag, den 1. Mai 2024", "2024-05-01"),
    ("you may 1 day see", "1 June"),
    ("the first of May 2024", "2024-05-01"),  # words are not read
    ("12024-05-01", "2024-05-01"),
    ("2024-05-011", "2024-05-01"),
    ("1.2.3.2024", "2024-03-02"),  # a version
    ("120240501", "2024-05-01"),
    ("today", "2024-05-01"),
    ("", "2024-05-01"),
    (None, "2024-05-01"),
    ("2024-05-01", "unknown"),
]


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_same_day_is_right_in_every_usual_form(answer, target):
    assert value(answer, target) == 1


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_another_day_and_a_guess_are_wrong(answer, target):
    assert value(answer, target) == 0


@pytest.mark.parametrize(
    ("answer", "target", "day_first", "expected"),
    [
        ("03/04/2024", "2024-04-03", True, 1),
        ("03/04/2024", "2024-03-04", True, 0),
        ("03/04/2024", "2024-03-04", False, 1),
        ("03/04/2024", "2024-04-03", False, 0),
        ("3 April 2024", "03/04/2024", True, 1),
        ("3 April 2024", "03/04/2024", False, 0),
        ("25/12/2024", "2024-12-25", False, 1),  # there is one reading only
        ("12/25/2024", "2024-12-25", True, 1),
        ("1.5.2024", "2024-05-01", False, 1),  # points are day first everywhere
        ("2024-03-04", "2024-03-04", True, 1),
    ],
)
def test_day_first_settles_what_has_two_readings(answer, target, day_first, expected):
    assert value(answer, target, day_first=day_first) == expected


@pytest.mark.parametrize(
    ("target", "is_fault"),
    [("Thu, May 1, 2024", True), ("Wed, May 1, 2024", False), ("Thu, May 1", False), ("unknown", False)],
)
def test_target_on_another_weekday_than_it_says_is_a_fault(target, is_fault):
    assert ("another weekday" in date().target_fault(target)) is is_fault


@pytest.mark.parametrize("options", [{"day_first": "yes"}, {"day_first": 1}, {"dayfirst": True}])
def test_wrong_options_are_refused(options):
    with pytest.raises(ValidationError):
        date(**options)


def test_figure_is_the_share_of_right_dates():
    metric = date()
    assert (metric.name, metric.kind) == ("date", "rate")
    scores = [metric.score(answer, Example(str(n), (), "2024-05-01")) for n, answer in enumerate(["1 May 2024", None])]
    assert metric.aggregate(scores) == 1 / 2
