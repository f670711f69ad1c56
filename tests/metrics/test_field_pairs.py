"""The field's pairs of answer and target: some metric that a user can choose calls each as its author does."""

import json
from pathlib import Path

import pytest

from harness.metrics import date, json_equal, json_fields, number
from harness.records import Example, Message

PAIRS = Path(__file__).parents[1] / "field" / "numbers-and-quantities" / "pairs.jsonl"


def chosen(target):
    if target.startswith("{"):
        return json_equal(ignore_list_order=True, ignore_types=True)
    return date() if target.count("-") == 2 else number()


@pytest.mark.parametrize("line", PAIRS.read_text().splitlines())
def test_pair_of_the_field_is_called_as_its_author_does(line):
    pair = json.loads(line)
    example = Example("e", (Message("user", "q"),), pair["target"])
    assert bool(chosen(pair["target"]).score(pair["answer"], example).value) is pair["right"]


@pytest.mark.parametrize(("target", "is_fault"), [('{"a": 1}', False), ("[1]", True), ("yes", True), ("1", True)])
def test_target_that_is_no_object_is_a_fault_of_json_fields(target, is_fault):
    assert ("is not a JSON object" in json_fields().target_fault(target)) is is_fault
