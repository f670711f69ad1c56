"""What each rule reads out of a text, and what of a result does not count."""

from time import process_time

import pytest

from harness.answer_reading import PATTERN_SECONDS, AnswerRule, Reader

WORKED = "Tom has 3 boxes of 15.\nThat makes 3 * 15 = 45.\n#### 45"


@pytest.mark.parametrize(
    ("reader", "text", "found"),
    [
        (Reader("first_line", "####"), WORKED, "45"),
        (Reader("whole", "####"), "no mark here", None),
        (Reader("first_line", "answer:"), "Answer: 1\nANSWER:\n\n 2 \nmore", "2"),
        (Reader("first_line", "answer:"), "**Answer:** 42 nuts", "42 nuts"),
        (Reader("first_line", "answer:"), "**Answer: 42 nuts**", "42 nuts"),
        (Reader("first_line", "answer:"), "Answer: **42** nuts", "**42** nuts"),
        (Reader("first_line", "answer:"), "Answer: 2**10", "2**10"),
        (Reader("first_line", "answer:"), "Answer: **kwargs", "**kwargs"),
        (Reader("first_line", "answer:"), "2**10\nAnswer: **kwargs", "**kwargs"),
        (Reader("first_line", "answer:"), "**So** the answer: x**", "x**"),
        (Reader("first_line", "**answer:"), "**Answer:** 42", "42"),
        (Reader("last_line"), "one\n two \n\n", "two"),
        (Reader("last_number"), WORKED, "45"),
        (Reader("last_number"), "about 1,234.50 or so", "1,234.50"),
        (Reader("last_number"), "1 234 567 people", "1 234 567"),
        (Reader("last_number"), "from 3 to -5.", "-5"),
        (Reader("last_number"), "10-5", "5"),
        (Reader("last_number"), "It is -$5", "-$5"),
        (Reader("last_number"), "some 12 %", "12 %"),
        (Reader("last_number"), "5 for A4 and covid-19", "5"),
        (Reader("last_number"), "none", None),
        (Reader("last_number"), "答案是42", "42"),
        (Reader("last_number"), "총42개", "42"),
        (Reader("letter"), "B", "B"),
        (Reader("letter"), "(b)", "B"),
        (Reader("letter"), "**C**", "C"),
        (Reader("letter"), "B) Danube", "B"),
        (Reader("letter"), "The correct answer is D.", "D"),
        (Reader("letter"), "Option B", "B"),
        (Reader("letter"), "**B.** Danube", "B"),
        (Reader("letter"), "The correct answer is option B", "B"),
        (Reader("letter"), "A - the first", "A"),
        (Reader("letter"), "I think so", None),
        (Reader("letter"), "A car", None),
        (Reader("letter"), "U.S. law", None),
        (Reader("letter"), "Danube", None),
        (Reader("json"), 'Here: {"a": [1]} done', '{"a": [1]}'),
        (Reader("json"), '{"a": {"b": 1}, "c": ', None),  # cut off: what stands inside is not the answer
        (Reader("json"), "no [braces", None),
        (Reader("json"), '{"a": 1} (see [1])', '{"a": 1}'),
        (Reader("json"), "[1] or [2]", "[2]"),
        (Reader("json"), '{"a": NaN}', None),
        (Reader("json"), '{"a": 1, "a": 2}', None),
        (Reader("pattern", pattern=r"\\boxed\{([^}]*)\}"), r"\boxed{1} so \boxed{2}", "2"),
        (Reader("pattern", pattern=r"x(\d)?"), "x", None),
        (Reader("whole", "Answer:", then=Reader("last_number")), "I say 9. Answer: 4 of them", "4"),
        (Reader("whole", "Answer:", then=Reader("last_number")), "I say 9.", None),
    ],
)
def test_rule_reads(reader, text, found):
    assert reader.read(text) == found


@pytest.mark.parametrize(
    ("reader", "text", "is_whole"),
    [
        (Reader("first_line", "####"), WORKED, False),
        (Reader("first_line", "####"), WORKED + "\n", True),
        (Reader("last_line"), "one\n", False),
        (Reader("last_number"), "1\n", False),
        (Reader("letter"), "B\nas", True),
        (Reader("letter"), "B", False),
        (Reader("json"), '{"a": 1} and', True),
        (Reader("json"), '{"a": ', False),
        (Reader("whole", then=Reader("json")), '{"a": 1} and', True),
        (Reader("whole", then=Reader("last_number")), "1 and", False),
        (Reader("whole"), "one\n", False),
    ],
)
def test_what_is_read_may_be_whole_though_the_text_was_cut(reader, text, is_whole):
    assert reader.is_complete(text) is is_whole


@pytest.mark.parametrize(
    ("ignored", "one", "other", "is_equal"),
    [
        ("accents", "São Paulo", "Sao Paulo", True),
        ("accents", "é", "e\u0301", True),
        ("accents", "ñ", "m", False),
        ("digits", "٤٢", "42", True),
        ("digits", "42", "24", False),
        ("punctuation", "U.S.A.", "USA", True),
        ("punctuation", "well-known", "wellknown", True),
        ("punctuation", "1.5", "15", False),
        ("punctuation", "-5", "5", False),
        ("punctuation", "$", "", False),  # a currency, no mark
        ("spaces", "ab 12", "AB12".lower(), True),
        ("spaces", "a b", "ba", False),
    ],
)
def test_what_is_ignored_makes_results_equal_and_nothing_else(ignored, one, other, is_equal):
    rule = AnswerRule(ignore=(ignored,))
    assert (rule.plain(one) == rule.plain(other)) is is_equal
    assert AnswerRule().plain(one) == one


def test_pattern_that_backtracks_without_end_finds_nothing_within_seconds():
    """Of 2^80 ways to match, `(a|aa)+$` tries all before it fails."""
    begun = process_time()
    assert Reader("pattern", pattern="(a|aa)+$").read("a" * 80 + "b") is None
    assert process_time() - begun < 5 * PATTERN_SECONDS
    assert Reader("pattern", pattern="is (a+)").read("it is aaa") == "aaa"
