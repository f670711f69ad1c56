"""Answers that were written to cost time: every rule and metric looks at them in linear time, and none raises."""

from time import process_time

import pytest

from harness import metrics
from harness.answer_reading import AnswerRule, Reader
from harness.records import Example, Message

LENGTH = 50_000  # characters; what is quadratic takes ten seconds and more
MOST_SECONDS = 5.0  # of processor time, on a busy machine
TEXTS = {
    "spaces": "a" + " " * LENGTH + "b",
    "digits": "1" * LENGTH,
    "groups of digits": "1 234" * (LENGTH // 5),
    "commas": "1," * (LENGTH // 2),
    "brackets": "[" * LENGTH,
    "objects": '{"a":' * (LENGTH // 5),
    "markers": "<s>" * (LENGTH // 3),
    "labels": "A) " * (LENGTH // 3),
    "leads": "answer is " * (LENGTH // 10),
    "dates": "1 January " * (LENGTH // 10),
    "marks": ". - " * (LENGTH // 4),
    "lines": "\n" * LENGTH,
    "thoughts": "<think>" * (LENGTH // 7),
}
TARGETS = {
    "number": "12",
    "date": "3 May 2024",
    "json_equal": '{"a": 1}',
    "tool_call": '{"name": "a", "arguments": {}}',
}
METRICS = ("exact_match", "f1", "contains", "exact_match_case", "number", "date", "choice", "label_set", "json_equal")
RULES = ("whole", "first_line", "last_line", "last_number", "letter", "json")


@pytest.mark.parametrize("name", METRICS)
def test_metric_scores_a_hostile_answer_in_linear_time(name):
    metric = getattr(metrics, name)()
    example = Example("one", (Message("user", "q"),), TARGETS.get(name, "B"))
    for text in TEXTS.values():
        begun = process_time()
        metric.score(text, example)
        assert process_time() - begun < MOST_SECONDS, text[:20]


@pytest.mark.parametrize("rule", RULES)
def test_rule_reads_a_hostile_answer_in_linear_time(rule):
    said = AnswerRule(
        Reader(rule, "Answer:" if rule == "whole" else ""), ("accents", "digits", "punctuation", "spaces")
    )
    for text in TEXTS.values():
        begun = process_time()
        said.plain(said.reader.read(text) or text)
        assert process_time() - begun < MOST_SECONDS, text[:20]
