"""One arm never breaks another, and an item that cannot be asked is not a wrong answer."""

import sqlite3
from dataclasses import replace

import pytest
from recorder import Recorder

from harness.errors import HarnessError, PluginError, StoreError
from harness.evidence.compare import Settings, compare
from harness.evidence.states import ENDED
from harness.records import (
    Fit,
    Measurement,
    Outcome,
)
from harness.store.ledger import Ledger
from harness.task import load_task

BUDGET = "budget: {stall_minutes: 0.1}\n"  # a worker's start must fit in


def timeless(evidence):
    """Everything that an arm comes out with, times and memory aside."""
    return replace(
        evidence,
        predictions=tuple(replace(p, seconds=0.0) for p in evidence.predictions),
        cost=None,
        general=evidence.general and replace(evidence.general, seconds=0.0),
    )


def run(task_file, folder, **settings):
    watching = Recorder()
    found, _ = compare(load_task(task_file), Settings(folder, **settings), watching)
    return found, {evidence.arm: evidence for evidence in found.evidence}, watching


def test_arms_that_crash_hang_or_run_out_of_memory_change_nothing_for_the_others(tmp_path, stub_task):
    bad = ("segfaulting", "dying", "breaking", "failing", "greedy", "hanging")
    path = stub_task("steady", *bad[:3], "tuned", *bad[3:], "terse", extra=BUDGET)
    mixed, by_name, watching = run(path, tmp_path / "mixed", is_cached=False)
    alone, expected, _ = run(stub_task("steady", "tuned", "terse"), tmp_path / "alone", is_cached=False)
    for name in ("steady", "tuned", "terse"):
        assert by_name[name].status == "ok"
        assert timeless(by_name[name]) == timeless(expected[name])
    assert [replace(base, seconds=0.0) for base in mixed.bases] == [replace(base, seconds=0.0) for base in alone.bases]
    assert {name: by_name[name].status for name in bad} == dict.fromkeys(bad, "failed")
    assert all(by_name[name].scores == {} for name in bad)
    assert "killed by signal 11" in by_name["segfaulting"].reason
    assert "exit code 7" in by_name["dying"].reason
    assert "illegal memory access" in by_name["breaking"].reason
    assert "said nothing for 0.1 min during pondering" in by_name["hanging"].reason
    assert by_name["greedy"].reason == "MemoryError: tried to allocate 31.5 GiB; also with 1/8 of the usual batch"


def test_arm_killed_for_memory_is_tried_with_smaller_batches_and_says_so(tmp_path, stub_task):
    _, by_name, watching = run(stub_task("killed", "large", "steady"), tmp_path / "run")
    assert by_name["large"].status == "ok"
    assert len(by_name["large"].predictions) == 10
    [warning] = by_name["large"].warnings
    assert "memory ran out, so batches were cut to 1/4 of the usual" in warning
    assert f"large: {warning}" in watching.lines
    assert "killed by signal 9" in by_name["killed"].reason
    assert by_name["killed"].warnings[0].startswith("memory ran out, so batches were cut to 1/8")
    assert (by_name["steady"].status, by_name["steady"].warnings) == ("ok", ())  # with whole batches


def test_item_that_the_model_chokes_on_is_left_out_and_the_rest_is_answered(tmp_path, stub_task, monkeypatch):
    _, healthy, _ = run(stub_task("steady"), tmp_path / "healthy", is_cached=False)
    monkeypatch.setenv("CHOKE_ON", "test number 7")
    _, by_name, watching = run(stub_task("steady"), tmp_path / "run", is_cached=False)
    found = {p.example_id: p for p in by_name["steady"].predictions}
    assert found["test7"].outcome == Outcome.WORKER_ERROR
    assert found["test7"].text == "" and found["test7"].answer is None
    assert "test7 could not be answered: RuntimeError: index 49152 is out of bounds" in watching.lines
    expected = {p.example_id: p.text for p in healthy["steady"].predictions if p.example_id != "test7"}
    assert {item: p.text for item, p in found.items() if item != "test7"} == expected
    assert "test7" not in {score.example_id for score in by_name["steady"].scores["exact_match"]}
    assert (tmp_path / "run" / "run.log").read_text().count("test7 could not be answered") == 1


def test_item_whose_prompt_cannot_be_built_is_invalid_input_and_the_rest_is_answered(tmp_path, stub_task):
    _, by_name, watching = run(stub_task("picky", "impossible"), tmp_path / "run")
    outcomes = {p.example_id: p.outcome for p in by_name["picky"].predictions}
    assert len(outcomes) == 10
    assert [item for item, outcome in outcomes.items() if outcome == Outcome.INVALID_INPUT] == ["test3"]
    assert any(line.startswith("test3 could not be asked: prompt template") for line in watching.lines)
    assert by_name["picky"].status == "invalid"  # one of ten is more than may be lost
    assert by_name["impossible"].status == "failed"
    assert "none of 6 items could be asked" in by_name["impossible"].reason


def test_arm_of_which_no_item_can_be_asked_fails(tmp_path, stub_task, monkeypatch):
    monkeypatch.setenv("CHOKE_ON", "test number")
    _, by_name, _ = run(stub_task("steady"), tmp_path / "run", is_cached=False)
    assert by_name["steady"].status == "failed"
    assert "none of 10 items could be asked" in by_name["steady"].reason
    monkeypatch.delenv("CHOKE_ON")
    _, by_name, _ = run(stub_task("steady"), tmp_path / "run", is_cached=False)
    assert by_name["steady"].status == "ok"  # what could not be asked is asked again
    assert all(p.outcome == Outcome.SCORED for p in by_name["steady"].predictions)


def test_second_run_of_the_same_task_in_another_folder_asks_the_model_nothing(tmp_path, stub_task, monkeypatch):
    calls = tmp_path / "calls"
    monkeypatch.setenv("SCORECARD_CALLS", str(calls))
    path = stub_task("steady", "terse", "tuned")
    first, before, _ = run(path, tmp_path / "first")
    asked = len(calls.read_text().splitlines())
    second, after, watching = run(path, tmp_path / "second")
    assert len(calls.read_text().splitlines()) == asked
    assert {name: timeless(e) for name, e in after.items()} == {name: timeless(e) for name, e in before.items()}
    cost = before["steady"].cost
    assert after["steady"].cost.seconds_per_item == pytest.approx(cost.seconds_per_item, rel=0.2)
    assert cost.peak_memory_mb > 10
    assert after["steady"].cost.peak_memory_mb is None  # nothing was in memory that could be measured
    assert any("answers came from the cache" in line for line in watching.lines)
    assert second.manifest["answers"] == {"replayed": first.manifest["answers"]["asked"], "asked": 0}
    run(path, tmp_path / "third", is_cached=False)
    assert len(calls.read_text().splitlines()) == 2 * asked


def test_time_that_the_cache_or_an_earlier_training_spared_is_counted(tmp_path, stub_task, monkeypatch):
    monkeypatch.setenv("SCORECARD_PACE", "0.2")  # seconds that a batch takes
    path = stub_task("tuned")
    _, first, _ = run(path, tmp_path / "first")
    monkeypatch.setenv("SCORECARD_PACE", "0")
    _, second, _ = run(path, tmp_path / "second")
    assert first["tuned"].cost.fit_seconds > 1000  # what the arm says that it reused
    general = first["tuned"].general.seconds
    assert general > 0.5  # benchmarks, texts and unrelated questions: at least three batches
    assert second["tuned"].general.seconds == pytest.approx(general, rel=0.5)


def test_adapter_that_was_changed_makes_its_arm_begin_again(tmp_path, stub_task, monkeypatch):
    path = stub_task("tuned")
    whole, by_name, _ = run(path, tmp_path / "run")
    old = replace(by_name["tuned"].predictions[0], text="what the changed adapter said")
    Ledger(tmp_path / "run" / "ledger.sqlite").put_predictions(Measurement(Fit("tuned")), [old])
    with sqlite3.connect(tmp_path / "run" / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM states WHERE name='tuned' AND stage=?", (ENDED,))
    adapter = tmp_path / "run" / "adapters" / "tuned" / "adapter" / "adapter_model.safetensors"
    adapter.write_text("weighty")
    _, again, watching = run(path, tmp_path / "run")
    assert any("changed since the arm learnt; it begins again" in line for line in watching.lines)
    assert adapter.read_text() == "weights"
    assert (adapter.parents[1] / "fits").read_text().splitlines() == ["once more"] * 2
    assert timeless(again["tuned"]) == timeless(by_name["tuned"])


def test_task_that_was_changed_in_the_run_folder_is_refused(tmp_path, stub_task):
    path = stub_task("steady")
    run(path, tmp_path / "run")
    snapshot = tmp_path / "run" / "data" / "task.json"
    snapshot.write_text(snapshot.read_text().replace("answer 1", "answer 7", 1))
    with pytest.raises(StoreError, match=r"task\.json: changed since the run began"):
        run(path, tmp_path / "run")


def test_longer_deadline_is_no_other_task(tmp_path, stub_task):
    run(stub_task("steady", extra=BUDGET), tmp_path / "run")
    _, by_name, _ = run(stub_task("steady", extra="budget: {stall_minutes: 60}\n"), tmp_path / "run")
    assert by_name["steady"].status == "ok"


def test_answer_that_is_gone_from_the_ledger_is_no_silent_loss(tmp_path, stub_task):
    path = stub_task("steady")
    run(path, tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM items WHERE item='test4'")
    with pytest.raises(StoreError, match="1 answers of steady are not there, test4 first"):
        run(path, tmp_path / "run")


def test_metric_that_calls_itself_as_a_column_is_refused_before_anything_is_spent(tmp_path, stub_task, monkeypatch):
    monkeypatch.setattr("harness.metrics.exact.ExactMatch.name", "answer")
    with pytest.raises(PluginError, match="metric 'exact_match' calls itself 'answer'"):
        run(stub_task("steady"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_full_disk_in_the_worker_ends_the_run_and_it_continues(tmp_path, stub_task, monkeypatch):
    path = stub_task("steady", "filling")
    monkeypatch.setenv("FULL_DISK", "1")
    with pytest.raises(HarnessError, match="cannot be written.*finished is kept.*same command continues"):
        run(path, tmp_path / "run")
    monkeypatch.delenv("FULL_DISK")
    _, by_name, watching = run(path, tmp_path / "run")
    assert {evidence.status for evidence in by_name.values()} == {"ok"}
    assert watching.began_jobs == ["filling"]
