"""The export of an arm that finds its examples for each question."""

import json

import pytest
from small_run import make_run

from harness.exporting.export_source import open_export

pytestmark = pytest.mark.model  # the embedder


def test_export_finds_the_examples_that_the_run_showed(tiny_model, tmp_path, invoke):
    run, out = make_run(tmp_path / "run", tiny_model, "nearest"), tmp_path / "out"
    result = invoke("export", run, "--out", out, "--arm", "nearest", "--verify", "10")
    assert "verified: 10 of 10 answers equal the run's" in result.output
    program = open_export(run, "nearest").program
    prompt = json.loads((out / "prompt.json").read_text())
    assert prompt["shot_template"] == program.prompt.shot_template
    text = (out / "README.md").read_text()
    assert "solved examples and the vectors of their questions" in text and "Examples are found before" in text
    (out / "prompt.json").write_text(json.dumps({**prompt, "shot_template": "something else"}))
    result = invoke("export", run, "--out", out, "--arm", "nearest", "--verify", "10")
    assert "verified: 10 of 10" not in result.output  # so the examples are indeed in the prompt
