import json
from pathlib import Path

import jsonschema
import pytest

from harness.task import load_task, task_schema


def test_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(task_schema())


def test_schema_accepts_what_the_loader_accepts(task_folder):
    task_folder.settings["arms"] = ["echo", {"name": "mine", "baseline": "echo", "options": {"rank": 1}}]
    task_folder.settings["general"] = {"tasks": "core"}
    task_folder.load()
    jsonschema.validate(task_folder.settings, task_schema())


def test_schema_accepts_the_resolved_task(task_folder):
    jsonschema.validate(task_folder.load().resolved, task_schema())


def test_schema_refuses_an_unknown_key(task_folder):
    with pytest.raises(jsonschema.ValidationError, match="metrc"):
        jsonschema.validate(task_folder.settings | {"metrc": 1}, task_schema())


def test_resolved_task_is_json_with_the_defaults_filled_in(task_folder):
    resolved = json.loads(json.dumps(dict(task_folder.load().resolved)))
    assert resolved["general"]["limit"] == 750
    assert resolved["arms"] == [{"name": "echo", "baseline": "echo", "options": {}}]


def test_relative_path_of_the_task_file_is_made_absolute(task_folder, monkeypatch):
    expected = task_folder.load()
    monkeypatch.chdir(task_folder.folder)
    assert load_task(Path("task.yaml")).file == expected.file
