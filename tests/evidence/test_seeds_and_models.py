"""One run of three seeds on two models: it names its models, and when stopped in training it resumes as if whole."""

import json

import pytest
from recorder import Recorder
from stub_ground import write_stub_model
from tiny_model import build_tiny_model

from harness.api.summary import cells
from harness.evidence.compare import Settings, compare
from harness.records import Fit, Run
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task import load_task

SEEDS = (0, 1, 2)
MEASURED = ("seconds", "_seconds", "_mb", "_per_item")  # how keys of times and memory end
DATED = ("started", "finished")
STOPPED = Fit("small_tuned", seed=1)


class Impatient(Recorder):
    """Stops the run while the second seed trains."""

    def progress(self, stage, done, total):
        super().progress(stage, done, total)
        if stage == "training" and self.began_jobs[-1] == STOPPED.name:
            raise KeyboardInterrupt


def repeatable(record):
    """Leave out times, memory, dates and the folder's name."""
    if isinstance(record, list):
        return [repeatable(part) for part in record]
    if not isinstance(record, dict):
        return record
    left_out = {name for name in record if str(name).endswith(MEASURED) or name in DATED}
    return {name: repeatable(part) for name, part in record.items() if name not in left_out}


def result_of(folder: RunFolder):
    return {**repeatable(json.loads((folder.path / "result.json").read_text())), "run": ""}


def arms(trained: str, model) -> tuple[str, str]:
    return f"{{name: small_tuned, {trained}}}", f"{{name: large_tuned, {trained}, model: {model}}}"


def stop_in_training(path, out) -> None:
    with pytest.raises(KeyboardInterrupt):
        compare(load_task(path), Settings(out, is_cached=False), Impatient())
    ledger = Ledger(RunFolder(out).ledger)
    assert ledger.state(Fit("small_tuned").name, "ended") is not None
    assert ledger.state(STOPPED.name, "fitted") is None


def assert_models_are_named(run: Run, folder: RunFolder, prompt: str, own: str) -> None:
    """Each arm's model stands in the table of the terminal, in the verdict and in the reports."""
    models = {prompt: own, "small_tuned": own, "large_tuned": "large"}
    assert [row[0] for row in cells(run)] == [f"{arm} ({model})" for arm, model in models.items()]
    assert f"Models: {prompt} and small_tuned on that of the task; large_tuned on large." in run.decision.sentence
    result = json.loads((folder.path / "result.json").read_text())
    assert result["verdict"]["sentence"] == run.decision.sentence
    assert {arm["name"]: arm["fit"]["model"] for arm in result["arms"]} == {
        prompt: "",
        "small_tuned": "",
        "large_tuned": "large",
    }
    assert [model["name"] for model in result["models"]] == ["", "large"]
    for report in ("report.md", "report.html"):
        lines = (folder.path / report).read_text().replace("</tr>", "\n").splitlines()
        for arm, model in models.items():
            assert any(arm in line and f" on {model}" in line for line in lines), (report, arm)


def test_run_on_two_models_names_the_model_of_each_arm_and_resumes_in_training_as_if_whole(
    tmp_path, stub_task, monkeypatch
):
    hold, model = tmp_path / "hold", tmp_path / "large"
    monkeypatch.setenv("HOLD", str(hold))
    model.mkdir()
    write_stub_model(model)
    path = stub_task("steady", *arms("baseline: stepping", model), extra=f"seeds: {[*SEEDS]}\n")
    run, whole = compare(load_task(path), Settings(tmp_path / "whole", is_cached=False), Recorder())
    assert_models_are_named(run, whole, "steady", "model")
    hold.touch()
    stop_in_training(path, tmp_path / "cut")
    hold.unlink()
    watching = Recorder()
    run, cut = compare(load_task(path), Settings(tmp_path / "cut", is_cached=False), watching)
    assert STOPPED.name in watching.began_jobs
    assert Fit("small_tuned").name not in watching.began_jobs  # its first seed was over
    processes = (cut.of(STOPPED) / "steps").read_text().split()
    assert processes[:2] == processes[:1] * 2 and processes[2:] == processes[-1:] * 2 and len({*processes}) == 2
    assert result_of(cut) == result_of(whole)
    assert [fit.fit.seed for fit in run.fits["large_tuned"]] == [*SEEDS]


@pytest.mark.slow
def test_trained_run_on_two_models_resumes_in_training_as_if_whole(tmp_path, tiny_model, tiny_task):
    trained = "baseline: lora_sft, options: {learning_rate: 0.01, epochs: 3, rank: 4}"
    model = build_tiny_model(tmp_path / "large", seed=1)
    path = tiny_task("zero_shot", *arms(trained, model), extra=f"seeds: {[*SEEDS]}\n")
    run, whole = compare(load_task(path), Settings(tmp_path / "whole", is_cached=False), Recorder())
    assert_models_are_named(run, whole, "zero_shot", tiny_model.name)
    stop_in_training(path, tmp_path / "cut")
    _, cut = compare(load_task(path), Settings(tmp_path / "cut", is_cached=False), Recorder())
    assert result_of(cut) == result_of(whole)
