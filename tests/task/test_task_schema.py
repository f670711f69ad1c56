import json
from pathlib import Path

import jsonschema
import pytest

from harness.confined import MOST_CHARACTERS
from harness.confined.process import MEMORY, SECONDS
from harness.task import load_task, task_schema
from harness.task.reference import EXAMPLE, reference_page
from harness.task.shapes import SHAPES


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


def test_every_key_is_explained():
    schema = task_schema()
    models = [schema, *schema["$defs"].values()]
    fields = [(name, field) for model in models for name, field in model.get("properties", {}).items()]
    assert len(fields) > 40
    # pydantic leaves out the text of a key that is that of the model it holds
    assert [name for name, field in fields if not field.get("description") and "$ref" not in field] == []


def test_reference_in_the_repository_is_the_generated_one():
    page = Path(__file__).parents[2] / "docs" / "task_file.md"
    remedy = "run: harness schema --docs > docs/task_file.md"
    assert page.read_text(encoding="utf-8") == reference_page(), remedy


def test_reference_names_every_key_and_every_shape():
    schema = task_schema()
    page = reference_page()
    for model in (schema, *schema["$defs"].values()):
        for key in model.get("properties", {}):
            assert f"| `{key}` |" in page
    assert all(f"| {shape} |" in page for shape in SHAPES)


def test_reference_says_the_limits_of_a_template():
    (line,) = [line for line in reference_page().splitlines() if line.startswith("| `template` |")]
    assert f"{SECONDS} seconds, {MEMORY >> 30} GB of memory and {MOST_CHARACTERS:,} characters" in line


def test_example_of_the_reference_is_a_valid_task(task_folder):
    task_folder.write("task.yaml", EXAMPLE)
    task_folder.write("documents/page.md", "text")
    for split in ("train", "test"):
        rows = [{"question": f"{split} {n}", "answer": "a", "product": f"{split} {n}"} for n in range(5)]
        task_folder.write_rows(f"{split}.jsonl", rows)
    assert load_task(task_folder.folder / "task.yaml").name == "product-faq"


def test_relative_path_of_the_task_file_is_made_absolute(task_folder, monkeypatch):
    expected = task_folder.load()
    monkeypatch.chdir(task_folder.folder)
    assert load_task(Path("task.yaml")).file == expected.file
