"""The export of an arm that chooses among labels."""

import json

import pytest
from small_run import make_run

from harness.exporting.export_source import open_export
from harness.plugins import plugins


@pytest.fixture
def chosen(tiny_model, tmp_path, monkeypatch):
    """A run of `label_score`, which an installation made before it was there does not know."""
    info = tmp_path / "site" / "labels-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: labels\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[harness.baselines]\nlabel_score = baselines.prompt:label_score\n")
    monkeypatch.syspath_prepend(str(info.parent))
    plugins.cache_clear()
    yield make_run(tmp_path / "run", tiny_model, "label_score")
    plugins.cache_clear()


def test_export_chooses_as_the_run_did_and_by_the_priors_in_it(chosen, tmp_path, invoke):
    out = tmp_path / "out"
    result = invoke("export", chosen, "--arm", "label_score", "--out", out, "--verify", "10")
    assert "verified: 10 of 10 answers equal the run's" in result.output
    source = open_export(chosen, "label_score")
    assert {p.text for p in source.predictions.values()} <= {f"answer {i}" for i in range(4)}
    kept = json.loads((out / "prompt.json").read_text())["choices"]
    choices = source.program.choices
    assert [(one["label"], one["prior"]) for one in kept] == list(zip(choices.labels, choices.priors, strict=True))
    text = (out / "README.md").read_text()
    assert "Nothing is generated" in text and "chat/completions" not in text

    # one label favoured above all others is always said, so the answers that stay equal are those that said it
    said = [p.text for p in source.predictions.values()]
    rarest = min(choices.labels, key=said.count)
    favoured = [{**one, "prior": one["prior"] - 1000 * (one["label"] == rarest)} for one in kept]
    prompt = json.loads((out / "prompt.json").read_text())
    (out / "prompt.json").write_text(json.dumps({**prompt, "choices": favoured}))
    result = invoke("export", chosen, "--arm", "label_score", "--out", out, "--verify", "10")
    assert f"{said.count(rarest)} of 10 answers equal the run's" in result.output
