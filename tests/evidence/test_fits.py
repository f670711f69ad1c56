"""Several seeds, several models and engines of others: what a run measures is a fit, not an arm."""

import json
import math
from contextlib import closing
from dataclasses import asdict, fields, replace

import pandas as pd
import pytest
from recorder import Recorder
from stub_ground import write_stub_model

from harness.api.frames import arms_frame
from harness.errors import StoreError, TaskFileError
from harness.evidence.arm import Workplace
from harness.evidence.collect import _standing
from harness.evidence.compare import Settings, compare, redraw
from harness.evidence.outputs import items_table
from harness.records import Base, Evidence, Fit, Measurement
from harness.store.ledger import Ledger
from harness.task import load_task

SEEDS = "seeds: [0, 1, 5]\n"


def answers(folder, *fits):
    ledger = Ledger(folder.ledger)
    return [{item: p.text for item, p in ledger.predictions(Measurement(fit)).items()} for fit in fits]


def test_names_of_keys_hold_what_is_no_default_and_are_unique():
    fits = [Fit("a"), Fit("a", seed=1), Fit("a", "m"), Fit("a", "m", 1), Fit("a", train_rows=50), Fit("a-1")]
    assert [fit.name for fit in fits] == ["a", "a.seed1", "a@m", "a@m.seed1", "a.rows50", "a-1"]
    assert [Base().name, Base("m").name, Base("", "nf4").name] == ["base", "base@m", "base_nf4"]


def test_tables_have_a_column_for_every_part_of_a_key(tmp_path, stub_task):
    run, folder = compare(load_task(stub_task("steady")), Settings(tmp_path / "run"), Recorder())
    [evidence] = run.evidence
    fewer = replace(evidence, fit=Fit("steady", "other", 3, 50))
    run = replace(run, evidence=(fewer,), fits={"steady": (fewer,)})
    items = items_table(run, folder.path)
    parts = {field.name for field in fields(Measurement)} - {"fit"} | {field.name for field in fields(Fit)}
    assert parts <= set(items.columns)
    assert list(items.columns[:6]) == ["arm", "model", "condition", "seed", "train_rows", "item"]
    assert set(items.train_rows) == {50} and set(items.condition) == {Measurement(fewer.fit).condition}
    [row] = arms_frame(run).to_dict("records")
    assert {name: row[name] for name in asdict(fewer.fit)} == asdict(fewer.fit)


def test_trained_arm_learns_once_a_seed_and_a_prompt_once(tmp_path, stub_task):
    recorder = Recorder()
    run, folder = compare(load_task(stub_task("steady", "tuned", extra=SEEDS)), Settings(tmp_path / "run"), recorder)
    assert list(recorder.ends) == ["general ability of the base", "steady", "tuned", "tuned.seed1", "tuned.seed5"]
    ledger = Ledger(folder.ledger)
    for fit in (Fit("tuned"), Fit("tuned", seed=1), Fit("tuned", seed=5)):
        assert (folder.of(fit) / "adapter").is_dir()
        assert len(ledger.predictions(Measurement(fit))) == 10
        assert ledger.general(fit.name) is not None
    assert [(found.fit.arm, found.status) for found in run.evidence] == [("steady", "ok"), ("tuned", "ok")]
    assert [found.fit.seed for found in run.fits["tuned"]] == [0, 1, 5]
    # the stub's adapters are equal, so dev ties and the first seed stands
    assert run.evidence[1].fit == Fit("tuned")


def test_seeds_share_the_minutes_of_their_arm(tmp_path, stub_task):
    task = load_task(stub_task("steady", "tuned", extra=SEEDS + "budget: {minutes: 6}\n"))
    place = Workplace(task, *[None] * 5, is_fast=False)
    assert place.minutes_of(Fit("tuned", seed=5)) == 2
    assert place.minutes_of(Fit("steady")) == 6


def test_run_of_several_seeds_that_was_stopped_equals_the_whole_one(tmp_path, stub_task, monkeypatch):
    path = stub_task("tuned", extra=SEEDS)
    _, whole = compare(load_task(path), Settings(tmp_path / "whole"), Recorder())
    monkeypatch.setenv("DIE_ONCE", str(tmp_path / "died"))
    compare(load_task(path), Settings(tmp_path / "cut", is_cached=False), Recorder())
    run, cut = compare(load_task(path), Settings(tmp_path / "cut", is_cached=False), Recorder())
    fits = [Fit("tuned", seed=seed) for seed in (0, 1, 5)]
    assert (tmp_path / "died").exists()
    assert answers(cut, *fits) == answers(whole, *fits)
    assert [found.status for found in run.fits["tuned"]] == ["ok"] * 3


def test_best_seed_on_dev_stands_for_the_arm(tmp_path, stub_task):
    run, folder = compare(load_task(stub_task("tuned", extra=SEEDS)), Settings(tmp_path / "run"), Recorder())
    ledger = Ledger(folder.ledger)
    state = json.loads(ledger.state("tuned.seed5", "fitted"))
    ledger.put_state("tuned.seed5", "fitted", json.dumps(state | {"dev_score": run.evidence[0].dev_score + 0.5}))
    ledger.close()
    again, _ = redraw(folder.path)
    assert again.evidence[0].fit == Fit("tuned", seed=5)
    items = pd.read_parquet(folder.path / "items.parquet")
    assert items.groupby("seed")["item"].nunique().to_dict() == dict.fromkeys((0, 1, 5), len(run.examples))
    assert items.groupby("seed")["judged"].all().to_dict() == {0: False, 1: False, 5: True}
    benchmarks = pd.read_parquet(folder.path / "benchmarks.parquet")
    assert {"tuned", "tuned.seed1", "tuned.seed5"} <= {*benchmarks["weights"]}


def test_seed_that_failed_is_told_with_its_reason_and_all_seeds_cost(tmp_path, stub_task):
    run, folder = compare(load_task(stub_task("steady", "tuned", extra=SEEDS)), Settings(tmp_path / "run"), Recorder())
    assert run.evidence[1].cost.fit_seconds == pytest.approx(sum(fit.cost.fit_seconds for fit in run.fits["tuned"]))
    ledger = Ledger(folder.ledger)
    ledger.put_state("tuned.seed1", "ended", json.dumps({"status": "failed", "reason": "it diverged"}))
    ledger.close()
    again, _ = redraw(folder.path)
    said = "seed 1 failed: it diverged"
    assert said in again.evidence[1].warnings
    assert any("1 of 3 seeds did not end well" in text and said in text for text in again.decision.caveats)
    assert [recipe.seeds for recipe in again.decision.recipes] == [(0, 5)]


@pytest.mark.parametrize(
    ("name", "stage", "record"),
    [("run", "manifest", "null"), ("run", "manifest", "[" * 100_000), ("steady", "peak_memory_mb", '"x"')],
)
def test_state_of_another_shape_is_no_fault_of_ours(tmp_path, stub_task, name, stage, record):
    _, folder = compare(load_task(stub_task("steady")), Settings(tmp_path / "run"), Recorder())
    with closing(Ledger(folder.ledger)) as ledger:
        assert ledger.state(name, stage) is not None
        ledger.put_state(name, stage, record)
    with pytest.raises(StoreError, match="cannot be read"):
        redraw(folder.path)


def test_dev_score_that_is_no_number_does_not_choose_a_seed():
    scores = {0: math.nan, 1: 0.4, 5: 0.5}
    fits = [Evidence(Fit("a", seed=seed), "a", "tune", "ok", dev_score=dev) for seed, dev in scores.items()]
    assert _standing(fits).fit.seed == 5


def weights(name: str) -> bytes:
    """Return a safetensors file of no tensor, told apart by its name."""
    header = json.dumps({"__metadata__": {"name": name}}).encode()
    return len(header).to_bytes(8, "little") + header


@pytest.fixture
def second_model(tmp_path):
    """A folder with other weights than the task's own model."""

    def make():
        model = tmp_path / "large"
        model.mkdir()
        write_stub_model(model)
        (model / "model.safetensors").write_bytes(weights("other"))
        return model

    return make


def test_arm_may_stand_on_a_model_of_its_own(tmp_path, stub_task, second_model):
    model = second_model()
    other = f"{{name: large_tuned, baseline: tuned, model: {model}}}"
    recorder = Recorder()
    run, folder = compare(load_task(stub_task("steady", "tuned", other)), Settings(tmp_path / "run"), recorder)
    # one model after another, each with its base first
    assert list(recorder.ends) == [
        "general ability of the base",
        "steady",
        "tuned",
        "general ability of the base large",
        "large_tuned@large",
    ]
    assert {base.weights for base in run.bases} == {"base", "base@large"}
    found = {evidence.arm: evidence for evidence in run.evidence}
    assert (found["tuned"].reference, found["large_tuned"].reference) == ("base", "base@large")
    assert found["large_tuned"].program["weights"]["model"] == str(model)
    assert [one["name"] for one in run.manifest["models"]] == ["", "large"]
    assert (folder.path / "report.html").read_text().count("large") > 0


def test_second_model_that_cannot_be_opened_costs_its_own_arms_alone(tmp_path, stub_task, second_model, monkeypatch):
    model = second_model()
    monkeypatch.setenv("REFUSE_MODEL", str(model))
    path = stub_task("steady", f"{{name: big, baseline: tuned, model: {model}}}", "terse")
    run, _ = compare(load_task(path), Settings(tmp_path / "run"), Recorder())
    found = {evidence.arm: (evidence.status, evidence.reason) for evidence in run.evidence}
    assert (found["steady"][0], found["terse"][0]) == ("ok", "ok")
    assert found["big"] == ("failed", "it cannot be opened today")


def test_models_of_arms_that_nobody_asked_for_are_left_alone(tmp_path, stub_task, second_model):
    path = stub_task("steady", f"{{name: big, baseline: tuned, model: {second_model()}}}")
    recorder = Recorder()
    compare(load_task(path), Settings(tmp_path / "run", arms=("steady",)), recorder)
    assert list(recorder.ends) == ["general ability of the base", "steady"]


def test_run_with_another_second_model_is_another_run(tmp_path, stub_task, second_model):
    model = second_model()
    path = stub_task("steady", f"{{name: big, baseline: terse, model: {model}}}")
    before = compare(load_task(path), Settings(), Recorder())[1]
    (model / "model.safetensors").write_bytes(weights("third"))
    assert compare(load_task(path), Settings(), Recorder())[1].path != before.path


def test_engine_of_somebody_elses_serves_prompts_and_skips_what_it_cannot(tmp_path, stub_task, echo_engine):
    arms = [
        f"{{name: {arm}_echoed, baseline: {arm}, model: {{source: echo, engine: echo}}}}" for arm in ("terse", "tuned")
    ]
    run, _ = compare(load_task(stub_task("steady", *arms)), Settings(tmp_path / "run"), Recorder())
    found = {evidence.arm: evidence for evidence in run.evidence}
    assert [p.text for p in found["terse_echoed"].predictions] == [f"{number}?" for number in range(10)]
    assert found["tuned_echoed"].status == "skipped"
    assert (
        "the engine echo of model 'echo' cannot do: adapters, loglikelihood, training" in found["tuned_echoed"].reason
    )
    assert {base.weights for base in run.bases} == {"base"}


def test_every_fault_of_models_seeds_and_engines_is_told_at_once(tmp_path, stub_task, echo_engine):
    arms = (
        "steady",
        "{name: steady, baseline: terse}",
        "{name: gone, baseline: steady, model: ./not-there}",
        "{name: lost, baseline: steady, model: ~nobody-at-all/model}",
        "{name: odd, baseline: steady, model: {source: echo, engine: ecko}}",
        "{name: foreign, baseline: steady, model: {source: other, engine: echo}}",
    )
    with pytest.raises(TaskFileError) as caught:
        load_task(stub_task(*arms, extra="seeds: [3, 3]\n"))
    said = "\n".join(caught.value.faults)
    for text in (
        "arm 'steady' is listed twice",
        "model folder './not-there' is not there",
        "'~nobody-at-all/model' begins with a home folder that is not known here; write the whole path",
        "unknown engine 'ecko' (did you mean 'echo'?)",
        "'other' is not a model of the echo engine",
        "seeds [3, 3] repeat",
    ):
        assert text in said
