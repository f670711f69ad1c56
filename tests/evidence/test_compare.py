"""The whole path: worker process, ledger, benchmarks, decision, reports.

One test runs it on a tiny random model; the others put a rule in the model's place, since what they check does not
depend on the answers.
"""

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from recorder import Recorder
from stub_ground import write_stub_model

import harness
from harness.cli import main
from harness.errors import HarnessError, PluginError, StoreError, TaskFileError
from harness.evidence.compare import Settings, compare, redraw
from harness.evidence.outputs import COLUMNS
from harness.evidence.provenance import code_digest, commit
from harness.evidence.smoke import scaled
from harness.plugins import BASELINES, load
from harness.records import Fit, Measurement
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task import load_task


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def finished(tmp_path, stub_task, kept):
    """A folder of this test with a finished run, which is made once."""
    if not kept:
        _, folder = compare(load_task(stub_task("steady")), Settings(tmp_path / "whole"), Recorder())
        kept.append(folder.path)
    return shutil.copytree(kept[0], tmp_path / "run")


def test_failed_and_dead_arms_leave_the_others_whole_and_are_named(tmp_path, stub_task):
    task = load_task(stub_task("failing", "dying", "steady"))
    watching = Recorder()
    run, folder = compare(task, Settings(tmp_path / "run"), watching)
    by_name = {evidence.arm: evidence for evidence in run.evidence}
    assert by_name["failing"].status == "failed"
    assert by_name["failing"].reason == "no preference pairs: add data.preferences"
    assert "exit code 7" in by_name["dying"].reason
    assert by_name["dying"].scores == {}
    assert by_name["steady"].status == "ok"
    assert len(by_name["steady"].predictions) == 10
    assert watching.stages >= {"answering test"}
    for name in ("report.html", "report.md", "result.json", "items.parquet", "benchmarks.parquet", "manifest.json"):
        assert (folder.path / name).stat().st_size > 0


def test_second_run_asks_the_model_nothing_and_a_failed_arm_is_tried_again(tmp_path, stub_task):
    task = load_task(stub_task("steady", "failing"))
    settings = Settings(tmp_path / "run")
    first, folder = compare(task, settings, Recorder())
    result = (folder.path / "result.json").read_bytes()
    watching = Recorder()
    second, _ = compare(task, settings, watching)
    assert watching.began_jobs == ["failing"]
    assert second.evidence[0] == first.evidence[0]
    assert json.loads((folder.path / "result.json").read_bytes())["arms"] == json.loads(result)["arms"]


@pytest.mark.model
def test_run_that_died_within_the_test_items_continues_and_equals_the_whole_one(
    tmp_path, tiny_task, third_party, monkeypatch
):
    task = load_task(tiny_task("steady"))
    (tmp_path / "died").touch()
    monkeypatch.setenv("DIE_ONCE", str(tmp_path / "died"))  # the marker is there, so this run lives
    whole, _ = compare(task, Settings(tmp_path / "whole", is_cached=False), Recorder())
    monkeypatch.setenv("DIE_ONCE", str(tmp_path / "dies once"))
    broken, _ = compare(task, Settings(tmp_path / "broken", is_cached=False), Recorder())
    assert "exit code 9" in broken.evidence[0].reason
    kept = Ledger(tmp_path / "broken" / "ledger.sqlite").predictions(Measurement(Fit("steady")))
    assert len(kept) == 3
    resumed, _ = compare(task, Settings(tmp_path / "broken", is_cached=False), Recorder())
    assert [p.text for p in resumed.evidence[0].predictions] == [p.text for p in whole.evidence[0].predictions]
    assert [p for p in resumed.evidence[0].predictions if p.example_id in kept] == list(
        p for p in resumed.evidence[0].predictions if p == kept.get(p.example_id)
    )  # times included: what was stored is not asked again
    assert resumed.evidence[0].scores == whole.evidence[0].scores
    assert resumed.bases[0].items == whole.bases[0].items


def test_interrupted_run_continues(tmp_path, stub_task):
    class Impatient(Recorder):
        def progress(self, stage, done, total):
            if stage == "answering test":
                raise KeyboardInterrupt

    task = load_task(stub_task("steady"))
    with pytest.raises(KeyboardInterrupt):
        compare(task, Settings(tmp_path / "run"), Impatient())
    watching = Recorder()
    run, _ = compare(task, Settings(tmp_path / "run"), watching)
    assert watching.began_jobs == ["steady"]  # the base's general ability was kept
    assert run.evidence[0].status == "ok"


def test_arm_option_runs_one_arm_and_says_that_the_other_was_not_run(tmp_path, stub_task):
    task = load_task(stub_task("steady", "zero_shot"))
    run, _ = compare(task, Settings(tmp_path / "run", arms=("zero_shot",)), Recorder())
    assert {evidence.arm: evidence.status for evidence in run.evidence} == {"steady": "unfinished", "zero_shot": "ok"}


def test_unknown_arm_on_the_command_line_is_refused_with_a_suggestion(tmp_path, stub_task):
    task = load_task(stub_task("zero_shot"))
    with pytest.raises(TaskFileError, match="did you mean 'zero_shot'"):
        compare(task, Settings(tmp_path / "run", arms=("zeroshot",)), Recorder())


def test_folder_of_another_task_is_refused_before_anything_is_spent(tmp_path, stub_task):
    path = stub_task("steady")
    compare(load_task(path), Settings(tmp_path / "run"), Recorder())
    path.write_text(path.read_text().replace("name: tiny", "name: other"))
    watching = Recorder()
    with pytest.raises(StoreError, match="belongs to another run"):
        compare(load_task(path), Settings(tmp_path / "run"), watching)
    assert watching.began_jobs == []


def test_folder_of_other_code_is_refused_and_has_another_name_by_default(tmp_path, stub_task, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = stub_task("steady")
    run, folder = compare(load_task(path), Settings(), Recorder())
    monkeypatch.setattr("harness.evidence.compare.code_digest", lambda: "0" * 8)
    with pytest.raises(StoreError, match=r"belongs to another run \(code [0-9a-f]{8} there, 00000000 now\)"):
        compare(load_task(path), Settings(folder.path), Recorder())
    assert compare(load_task(path), Settings(), Recorder())[1].path != folder.path


def test_code_is_the_source_of_every_module(monkeypatch, tmp_path):
    copy = tmp_path / "harness"
    shutil.copytree(Path(harness.__file__).parent, copy)
    now = code_digest()
    monkeypatch.setattr(harness, "__file__", str(copy / "__init__.py"))
    assert code_digest() == now
    for path in ("records/measured.py", "evidence/jobs.py", "engine/likelihood.py"):
        source = (copy / path).read_bytes()
        (copy / path).write_bytes(source + b"#")
        assert code_digest() != now
        (copy / path).write_bytes(source)


@pytest.mark.parametrize("is_cached", [True, False])
def test_model_that_changed_on_the_way_ends_the_run_which_continues_with_the_old_one(tmp_path, stub_task, is_cached):
    task = load_task(stub_task("tampering", "steady"))
    settings = Settings(tmp_path / "run", is_cached=is_cached)
    with pytest.raises(HarnessError, match="changed during the run; put it back"):
        compare(task, settings, Recorder())
    write_stub_model(tmp_path / "model")
    run, _ = compare(task, replace(settings, arms=("steady",)), Recorder())
    assert {evidence.arm: evidence.status for evidence in run.evidence} == {"tampering": "failed", "steady": "ok"}


def test_limit_takes_the_first_test_items_and_all_of_train(tmp_path, stub_task):
    task = load_task(stub_task("steady"))
    smaller = scaled(task, limit=3, is_fast=False)
    assert (smaller.test, smaller.study) == (task.test[:3], task.study)
    assert smaller.digest != task.digest
    run, _ = compare(task, Settings(tmp_path / "run", limit=3), Recorder())
    assert run.decision.scores["steady"].n == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [("ledger.sqlite", "holds no ledger"), ("data/task.json", "cannot be read"), ("identity.json", "identity")],
)
def test_report_of_a_folder_that_lacks_a_file_says_which(finished, name, message):
    (finished / name).unlink()
    result = CliRunner().invoke(main, ["report", str(finished)])
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_run_that_ended_before_its_task_was_stored_cannot_be_reported(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.claim({"task": "faq"})
    Ledger(folder.ledger).close()
    with pytest.raises(StoreError, match="holds no task snapshot"):
        redraw(folder.path)


def test_redrawn_report_is_byte_equal(tmp_path, stub_task):
    _, folder = compare(load_task(stub_task("steady")), Settings(tmp_path / "run"), Recorder())
    drawn = {name: (folder.path / name).read_bytes() for name in ("report.html", "report.md", "result.json")}
    for name in drawn:
        (folder.path / name).unlink()
    redraw(folder.path)
    assert {name: (folder.path / name).read_bytes() for name in drawn} == drawn


def test_fast_run_takes_few_rows_and_says_that_it_must_not_be_decided_on(tmp_path, stub_task):
    command = ["compare", str(stub_task("steady")), "--fast", "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "Smoke run: no verdict" in result.output and "Undecided" not in result.output
    assert "8 test items" in result.output
    assert "Smoke run" in (tmp_path / "run" / "report.html").read_text()
    again = CliRunner().invoke(main, [*command, "--json"])
    written = json.loads(again.stdout)
    assert written["arms"][0]["score"]["n"] == 8
    assert written["verdict"]["sentence"].startswith("Smoke run: no verdict")
    assert (written["verdict"]["action"], written["verdict"]["reasons"], written["verdict"]["rule"]) == (
        "undecided",
        [],
        None,
    )


def test_peak_memory_and_time_are_measured_and_kept_over_attempts(tmp_path, stub_task):
    task = load_task(stub_task("steady", "failing"))
    first, _ = compare(task, Settings(tmp_path / "run"), Recorder())
    second, _ = compare(task, Settings(tmp_path / "run"), Recorder())
    assert first.evidence[0].cost.peak_memory_mb > 30  # two Python processes
    assert second.evidence[0].cost.peak_memory_mb == first.evidence[0].cost.peak_memory_mb
    assert second.manifest["seconds"] > first.manifest["seconds"]


def test_items_table_holds_the_prompt_as_it_was_put_to_the_model(tmp_path, stub_task):
    _, folder = compare(load_task(stub_task("steady", "picky")), Settings(tmp_path / "run"), Recorder())
    table = pd.read_parquet(folder.path / "items.parquet").set_index(["arm", "item"])
    assert json.loads(table.loc[("steady", "test4"), "prompt"]) == [
        {"role": "system", "content": "Answer with one word."},
        {"role": "user", "content": "What is test number 4?"},
    ]
    known = {*COLUMNS, *Measurement(Fit("")).dimensions}  # no metric can take the place of one of these
    assert set(table.reset_index().columns) == known | {"exact_match", "f1"}


def test_manifest_names_the_commit_of_a_checkout(tmp_path, stub_task):
    run, _ = compare(load_task(stub_task("steady")), Settings(tmp_path / "run"), Recorder())
    if (Path(harness.__file__).parents[1] / ".git").exists():
        assert re.fullmatch("[0-9a-f]{40}", run.manifest["commit"])
    assert commit(tmp_path) is None


def test_broken_module_of_a_plug_in_is_an_error_that_names_it(third_party, monkeypatch):
    monkeypatch.delitem(sys.modules, "somebody_elses", raising=False)
    (third_party / "somebody_elses.py").write_text("def steady(:\n")
    with pytest.raises(PluginError, match="somebody_elses:steady"):
        load(BASELINES, "steady")
