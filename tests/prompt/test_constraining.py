"""The option `constrain` of prompted and retrieving arms."""

import json

import pytest
from pydantic import ValidationError
from scripted_context import ScriptedEngine, row, scripted_context

from baselines.prompt import few_shot, zero_shot
from baselines.rag import rag
from harness.errors import ArmError
from harness.program import Program
from harness.records import Constraint, Study

TRAIN = tuple(row(f"t{i}", f"ticket number {i}", ("billing", "repair desk")[i % 2]) for i in range(20))
STUDY = Study(TRAIN, (row("d", "complaint", "billing"),))
LABELS = Constraint("labels", json.dumps(["billing", "repair desk"]))


@pytest.mark.parametrize("make", [zero_shot, few_shot])
@pytest.mark.parametrize(
    ("constrain", "constraint"),
    [
        (None, None),
        ("labels", LABELS),
        ({"pattern": "[a-z]+"}, Constraint("pattern", "[a-z]+")),
        ({"json_schema": {"type": "object"}}, Constraint("json_schema", '{"type": "object"}')),
    ],
)
def test_program_bears_the_constraint_and_comes_back_with_it(make, constrain, constraint, tmp_path):
    arm = make({"constrain": constrain} if constrain else {})
    program = arm.fit(STUDY, scripted_context(tmp_path, ScriptedEngine(lambda c: "billing"), arm)).program
    assert program.generation.constraint == constraint
    assert ("constraints" in arm.needs) is (constraint is not None)
    assert Program.from_dict(program.to_dict(tmp_path), tmp_path) == program


@pytest.mark.parametrize("make", [zero_shot, few_shot, rag])
@pytest.mark.parametrize(
    ("constrain", "told"),
    [
        ({"pattern": "(a"}, "cannot constrain an answer"),
        ({"pattern": "(?=a)b"}, "look-around"),
        ({"json_schema": {"type": 5}}, "type must be"),
        ("words", "valid dictionary"),
        ({}, "give one of labels"),
        ({"pattern": "a", "json_schema": {}}, "give one of labels"),
    ],
)
def test_impossible_constraint_is_refused_when_the_task_is_read(make, constrain, told):
    with pytest.raises(ValidationError, match=told):
        make({"constrain": constrain})


def test_labels_of_no_closed_set_are_refused(tmp_path):
    study = Study(tuple(row(f"t{i}", f"question {i}", f"answer {i}") for i in range(60)), STUDY.dev)
    arm = zero_shot({"constrain": "labels"})
    with pytest.raises(ArmError, match="no closed set"):
        arm.fit(study, scripted_context(tmp_path, ScriptedEngine(lambda c: "a"), arm))
