"""Pairs for `json_equal`: the same JSON value in other dress, and values that only look alike."""

import pytest
from pydantic import ValidationError

from harness.metrics import json_equal
from harness.records import Example, Message

A = '{"a": 1, "b": [1, 2], "c": "x"}'


def value(answer, target, **options):
    return json_equal(**options).score(answer, Example("e", (Message("user", "q"),), target)).value


RIGHT = [
    (A, A),
    ('{"c":"x","b":[1,2],"a":1}', A),  # keys have no order
    ('```json\n{"a": 1, "b": [1, 2], "c": "x"}\n```', A),
    ("```\n[1, 2]\n```", "[1, 2]"),
    ('Here is the JSON:\n```json\n{"a": 1}\n```', '{"a": 1}'),
    ('{"a": 1}\n\nLet me know if you need more.', '{"a": 1}'),
    ('Here: {"a": 1}.', '{"a": 1}'),
    ('As [1] says, {"a": 1}', '{"a": 1}'),  # a reference is no object
    ('The {format} is {"a": 1}', '{"a": 1}'),
    ('The schema is {"a": 0}. The answer is {"a": 1}', '{"a": 1}'),  # the last one
    ('{"a": 1.0}', '{"a": 1}'),
    ('{"a": 1e2}', '{"a": 100}'),
    ('{"a": " x "}', '{"a": "x"}'),
    ('{"a": "\\u00e9"}', '{"a": "\u00e9"}'),
    ('{"caf\u00e9": "\u00e9"}', '{"cafe\u0301": "e\u0301"}'),  # composed and decomposed
    ('{"a": {"b": [{"c": null}]}}', '{ "a" : {"b":[ {"c":null} ]} }'),
    ('{"a": "} {"}', '{"a": "} {"}'),
    ("{}", "{}"),
    ("[]", "[]"),
    ("5", "5.0"),
    ("true", "true"),
    ("null", "null"),
    ('"x"', '"x"'),
    ("No JSON.", "no json"),
]
WRONG = [
    ('{"a": "1"}', '{"a": 1}'),
    ('{"a": 1}', '{"a": "1"}'),
    ('{"a": true}', '{"a": 1}'),
    ('{"a": 0}', '{"a": false}'),
    ('{"a": null}', '{"a": 0}'),
    ('{"a": null}', "{}"),
    ('{"a": ""}', '{"a": null}'),
    ('{"a": 2}', '{"a": 1}'),
    ('{"A": 1}', '{"a": 1}'),
    ('{"a": "X"}', '{"a": "x"}'),
    ('{"a": 1, "b": 2}', '{"a": 1}'),
    ('{"a": 1}', '{"a": 1, "b": 2}'),
    ("[2, 1]", "[1, 2]"),
    ("[1, 1, 2]", "[1, 2]"),
    ('["1", "2"]', "[1, 2]"),
    ('[{"a": 1}]', '{"a": 1}'),
    ('{"x": {"a": 1}}', '{"a": 1}'),  # the outermost counts
    ('{"a": 1', '{"a": 1}'),
    ('{"x": 2, "y": {"a": 1}', '{"a": 1}'),  # what stands inside a cut-off object is not the answer
    ("{'a': 1}", '{"a": 1}'),
    ('{"a": 1,}', '{"a": 1}'),
    ('{"a": 2, "a": 1}', '{"a": 1}'),  # a key twice
    ('{"a": NaN}', '{"a": 1}'),
    ('{"a": 1} or {"a": 2}', '{"a": 1}'),
    ("a is 1", '{"a": 1}'),
    ("[" * 100_000, "[]"),
    ("[" * 900 + "]" * 900, "[]"),
    ("[[]]", "[]"),
    ("", "{}"),
    (None, "null"),
    ('"5"', "5"),
]


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_equal_json_is_right_whatever_stands_around_it(answer, target):
    assert value(answer, target) == 1


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_other_types_orders_and_damaged_json_are_wrong(answer, target):
    assert value(answer, target) == 0


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("[2, 1]", "[1, 2]", 1),
        ('{"tags": ["b", "a"]}', '{"tags": ["a", "b"]}', 1),
        ('[{"b": [2, 1]}, {"a": 1}]', '[{"a": 1}, {"b": [1, 2]}]', 1),
        ("[1, 1, 2]", "[1, 2, 2]", 0),
        ("[1, 2]", '[1, "2"]', 0),
        ("[1, true]", "[1, 1]", 0),
    ],
)
def test_order_of_lists_may_be_ignored_and_repeats_still_count(answer, target, expected):
    assert value(answer, target, ignore_list_order=True) == expected


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ('{"a": "1"}', '{"a": 1}', 1),
        ('{"a": 1}', '{"a": "1"}', 1),
        ('{"a": ["true", "null", " 1.0 "]}', '{"a": [true, null, 1]}', 1),
        ('{"a": "2"}', '{"a": 1}', 0),
        ('{"a": "one"}', '{"a": 1}', 0),
        ('{"a": true}', '{"a": 1}', 0),
        ('{"1": "x"}', '{"1": "X"}', 0),
        ('["2", "1"]', "[1, 2]", 0),
    ],
)
def test_types_may_be_ignored_where_a_text_says_the_value(answer, target, expected):
    assert value(answer, target, ignore_types=True) == expected


def test_wrong_options_are_refused():
    with pytest.raises(ValidationError):
        json_equal(ignore_list_order=1)


def test_figure_is_the_share_of_equal_values():
    metric = json_equal()
    assert (metric.name, metric.kind) == ("json_equal", "rate")
    scores = [metric.score(answer, Example(str(n), (), "[1]")) for n, answer in enumerate(["[1]", "[2]", None, "x"])]
    assert metric.aggregate(scores) == 1 / 4
