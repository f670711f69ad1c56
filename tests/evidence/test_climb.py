"""`--climb`: what is left out, what that changes, and what is said of it."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from climb_ground import FAMILIES, TASK, Ground
from parts_ground import ITEMS, parts_task
from recorder import Recorder

from harness.cli import main
from harness.cli.inventory import runs
from harness.cli.results import next_commands
from harness.errors import HarnessError
from harness.evidence import snapshot
from harness.evidence.climb import climb, passes
from harness.evidence.collect import STOPPED
from harness.evidence.compare import Settings, compare
from harness.evidence.states import FITTED, TROUBLE, Trouble
from harness.general import benchmark_tasks
from harness.store.files import decode, encode
from harness.task import load_task
from harness.viewing.catalogue import entries

REACHED = "goal: {at_least: 0.1}\n"  # 4 of 10 answers are right, with a lower bound of 12.2%
OUT_OF_REACH = "goal: {at_least: 0.9}\n"
ALL = ITEMS  # right answers that reach the goal: 40 of 40 have a lower bound above 80%
LEAVES_OUT = "reaches the goal, so --climb leaves out"


@pytest.fixture
def ground(tmp_path):
    made = Ground(tmp_path, parts_task(tmp_path / "task", TASK))
    yield made
    made.ledger.close()


@pytest.fixture
def other(tmp_path):
    """A second run folder of the same task."""
    (tmp_path / "other").mkdir()
    made = Ground(tmp_path / "other", parts_task(tmp_path / "other" / "task", TASK))
    yield made
    made.ledger.close()


def run_in(folder, task, **more):
    recorder = Recorder()
    run, _ = compare(load_task(task), Settings(folder, **more), recorder)
    return run, recorder


def statuses(run):
    return {one.arm: one.status for one in run.evidence}


# ---- the whole path ---------------------------------------------------------------------------


@pytest.mark.usefixtures("no_torch")
def test_dearer_arms_are_left_out_once_a_prompt_reaches_the_goal(tmp_path, stub_task):
    task = stub_task("tuned", "steady", extra=REACHED)
    whole, _ = run_in(tmp_path / "whole", task)
    climbed, recorder = run_in(tmp_path / "climbed", task, climbs=True)
    assert statuses(whole) == {"tuned": "ok", "steady": "ok"}
    assert statuses(climbed) == {"tuned": "unfinished", "steady": "ok"}
    assert not climbed.bases  # which only tuned arms need
    assert (climbed.decision.action, climbed.decision.arm) == (whole.decision.action, whole.decision.arm)
    assert climbed.decision.sentence == whole.decision.sentence
    reason = next(one.reason for one in climbed.evidence if one.arm == "tuned")
    assert reason == "steady reaches the goal, and --climb stops there; compare without --climb runs it"
    assert any("--climb leaves out tuned" in line for line in recorder.lines)
    [gone] = climbed.decision.missing
    assert not gone.matters


@pytest.mark.usefixtures("no_torch")
def test_what_benchmarks_read_is_looked_up_only_once_a_tuned_arm_is_to_run(tmp_path, stub_task, monkeypatch):
    task, commits, looked = stub_task("tuned", "steady", extra=REACHED), {"owner/sums": "a" * 40}, []
    monkeypatch.setattr(snapshot, "benchmark_commits", lambda *_: looked.append(1) or (commits, []))
    climbed, _ = run_in(tmp_path / "run", task, climbs=True)
    lock = tmp_path / "run" / "task.lock.yaml"
    assert (looked, climbed.manifest["benchmark_commits"], "a" * 40 in lock.read_text()) == ([], {}, False)
    whole, _ = run_in(tmp_path / "run", task)
    assert (looked, whole.manifest["benchmark_commits"], "a" * 40 in lock.read_text()) == ([1], commits, True)
    run_in(tmp_path / "run", task)
    assert looked == [1]


def test_worker_that_read_the_task_before_its_benchmarks_were_looked_up_is_renewed(ground):
    order = []

    def look():
        order.append("looked up")
        return order.count("looked up") == 1

    jobs = replace(ground.jobs({}, None, ()), pin_benchmarks=look)
    hand, do = jobs.supervisor, jobs.supervisor.do
    hand.renew = lambda: order.append("renewed")
    hand.do = lambda job: order.append(job.get("fit", {}).get("arm", "base")) or do(job)
    climb(jobs, ("few_shot", "lora_sft"), lambda: ground.run().decision)
    assert order == ["few_shot", "looked up", "renewed", "base", "looked up", "lora_sft"]


@pytest.mark.usefixtures("no_torch")
def test_left_out_arms_run_when_the_run_does_not_climb(tmp_path, stub_task):
    task = stub_task("steady", "tuned", extra=REACHED)
    run_in(tmp_path / "run", task, climbs=True)
    again, _ = run_in(tmp_path / "run", task)
    assert statuses(again) == {"steady": "ok", "tuned": "ok"}
    assert again.bases


@pytest.mark.usefixtures("no_torch")
def test_every_arm_runs_where_no_rung_passes(tmp_path, stub_task):
    task = stub_task("steady", "tuned", extra=OUT_OF_REACH)
    whole, _ = run_in(tmp_path / "whole", task)
    climbed, recorder = run_in(tmp_path / "climbed", task, climbs=True)
    assert statuses(climbed) == statuses(whole) == {"steady": "ok", "tuned": "ok"}
    assert climbed.decision == whole.decision
    assert not any("leaves out" in line for line in recorder.lines)


@pytest.mark.usefixtures("no_torch")
def test_run_that_left_arms_out_reads_as_finished_and_ends_with_0(tmp_path, stub_task):
    task = stub_task("steady", "tuned", extra=REACHED)
    done = CliRunner().invoke(main, ["compare", str(task), "--climb", "--out", str(tmp_path / "runs" / "one")])
    assert done.exit_code == 0, done.output
    assert "no usable result" not in done.output
    assert "arms that were left out, as the verdict does not need them:" in done.output
    [listed] = runs(tmp_path / "runs")
    assert listed["state"] == "finished" and "steady" in listed["about"]
    assert [entry.state for entry in entries(tmp_path / "runs")] == ["finished"]


@pytest.mark.usefixtures("no_torch")
def test_smoke_run_that_climbs_is_refused_before_anything_is_done(tmp_path, stub_task):
    task = stub_task("steady", "tuned", extra=REACHED)
    done = CliRunner().invoke(main, ["compare", str(task), "--fast", "--climb", "--out", str(tmp_path / "run")])
    assert done.exit_code == 2
    assert "--fast with --climb: a smoke run decides nothing" in done.output
    assert not (tmp_path / "run").exists()


def test_nothing_is_left_out_where_a_judge_decides_and_that_is_said_once(tmp_path, stub_task, judged_task):
    task = judged_task(path=stub_task("tuned", "steady", "terse", extra="goal: {at_least: 0.001}\n"))
    recorder = Recorder()
    run, _ = compare(task, Settings(tmp_path / "run", climbs=True), recorder)
    assert statuses(run) == {"tuned": "ok", "steady": "ok", "terse": "ok"}
    [line] = [line for line in recorder.lines if "--climb" in line]
    assert line.startswith("--climb leaves no arm out here: how the errors of judge are corrected depends on the arms")


# ---- rung by rung -----------------------------------------------------------------------------


def test_rungs_run_cheapest_first_in_the_order_of_the_task(ground):
    done = ground.climb({name: 10 for name in FAMILIES})
    assert done == ["few_shot", "zero_shot", "rag", "base", "lora_sft", "rag_lora_sft"]


def test_rag_that_climbs_to_the_goal_leaves_out_the_tuned_arms_and_the_verdict_is_the_whole_runs(ground, other):
    right = {"zero_shot": 10, "few_shot": 12, "rag": ALL, "lora_sft": 39, "rag_lora_sft": ALL}
    assert ground.climb(right) == ["few_shot", "zero_shot", "rag"]
    other.whole(right)
    assert other.run().decision.action == "rag"
    assert ground.run().decision.sentence == other.run().decision.sentence
    assert ground.run().decision.scores["rag"] == other.run().decision.scores["rag"]
    assert ground.statuses()["rag_lora_sft"] == "unfinished"
    assert any(f"rag {LEAVES_OUT} lora_sft, rag_lora_sft" in line for line in ground.watching.lines)


def test_rag_short_of_the_goal_does_not_stop_the_climb(ground):
    assert "lora_sft" in ground.climb({"zero_shot": 10, "few_shot": 10, "rag": 30, "lora_sft": 35})
    assert ground.run().decision.action in ("rag", "fine_tune")


def test_only_verdicts_that_look_at_no_dearer_arm_pass(ground):
    ground.climb({"zero_shot": ALL})
    decision = ground.run().decision
    of = {
        (action, goal, rung): passes(replace(decision, action=action, goal=goal), rung)
        for action in ("prompt", "rag", "fine_tune", "undecided")
        for goal in ("met", "not_shown", "missed")
        for rung in (0, 1, 2)
        if action != "prompt" or goal == "met"
    }
    assert {key for key, is_passed in of.items() if is_passed} == {
        ("prompt", "met", 1), ("prompt", "met", 2), ("rag", "met", 2)
    }  # fmt: skip
    assert decision.action == "prompt"


def test_count_runs_through_the_rungs_and_may_grow_while_dearer_ones_remain(ground):
    ground.climb({name: 10 for name in FAMILIES})
    assert ground.watching.numbers == [(1, 2), (2, 2), (3, 3), (4, 6), (5, 6), (6, 6)]
    rungs = [(["few_shot", "zero_shot"], True), (["rag"], True)]
    assert ground.watching.agendas[:2] == rungs
    assert ground.watching.agendas[2][0] == ["base", "lora_sft", "rag_lora_sft"]


def test_more_may_follow_after_the_last_job_of_a_rung_and_not_once_the_climb_is_over(ground):
    jobs = ground.jobs({}, None, ())
    grows = []
    ended = jobs.watch.ended
    jobs.watch.ended = lambda *told: (ended(*told), grows.append(jobs.watch.forecast.may_grow))
    climb(jobs, ("zero_shot", "rag"), lambda: ground.run().decision)
    assert grows == [True, False]
    ground.hand.right = {"few_shot": ALL}
    climb(jobs, ("few_shot", "lora_sft"), lambda: ground.run().decision)
    assert grows == [True, False, True] and not jobs.watch.forecast.may_grow


# ---- states -----------------------------------------------------------------------------------


def test_arm_that_failed_before_keeps_its_reason_and_the_exit_code_it_had(ground):
    ground.whole({"zero_shot": 10}, asked=("lora_sft",), failing=("lora_sft",))
    ground.climb({"zero_shot": ALL, "few_shot": ALL})
    found = {one.arm: one for one in ground.run().evidence}
    assert (found["lora_sft"].status, found["lora_sft"].reason) == ("failed", "lora_sft diverged")
    assert found["rag"].status == "unfinished" and found["rag"].reason.endswith("compare without --climb runs it")


def test_prompt_that_failed_does_not_keep_another_from_passing(ground):
    assert ground.climb({"zero_shot": ALL}, failing=("few_shot",)) == ["few_shot", "zero_shot"]
    assert ground.statuses() == {
        "lora_sft": "unfinished", "rag": "unfinished", "few_shot": "failed", "rag_lora_sft": "unfinished",
        "zero_shot": "ok",
    }  # fmt: skip
    [_, (words, _)] = next_commands(ground.run(), ground.folder.path, "harness compare x")
    assert words == "arms that have no usable result; the others are kept"


def test_arm_that_was_left_out_still_applies(ground):
    """A later look that the prompt no longer passes must not let a tuned arm past the RAG arm that was left out."""
    ground.climb({"zero_shot": ALL, "few_shot": 10})
    zero_shot, rag = (next(one for one in ground.run().evidence if one.arm == name) for name in ("zero_shot", "rag"))
    assert (zero_shot.status, rag.status) == ("ok", "unfinished")
    ground.whole({"lora_sft": ALL}, asked=("lora_sft",))
    decision = ground.run().decision
    tune = next(rung for rung in decision.rungs if rung.family == "tune")
    assert decision.action == "prompt" and not tune.climbed


def test_left_out_arm_that_runs_later_begins_with_the_batches_it_had_come_to(ground):
    """It has not ended, so the batches of its unfinished attempt do not become whole again."""
    ground.ledger.put_state("rag", TROUBLE, encode(Trouble, Trouble(2, ("memory ran out",))))
    ground.climb({"zero_shot": ALL, "few_shot": ALL})
    ground.whole({})
    assert decode(Trouble, ground.ledger.state("rag", TROUBLE)) == Trouble(2, ("memory ran out",))


# ---- --arm, lost items, resuming ----------------------------------------------------------------


def test_rung_that_passed_in_an_earlier_run_is_enough_for_the_arms_that_are_asked_for(ground):
    ground.whole({"zero_shot": ALL, "few_shot": 10}, asked=("zero_shot", "few_shot"))
    assert ground.climb({}, asked=("rag", "lora_sft")) == []
    assert any(f"zero_shot {LEAVES_OUT} lora_sft, rag" in line for line in ground.watching.lines)
    assert ground.statuses()["rag_lora_sft"] == "unfinished"
    reasons = {one.arm: one.reason for one in ground.run().evidence}
    assert reasons["rag_lora_sft"] == "not run yet"  # nobody asked for it


def test_asked_arms_run_where_nothing_passed_before(ground):
    assert ground.climb({"rag": 10}, asked=("rag",)) == ["rag"]
    assert ground.climb({"lora_sft": 10}, asked=("lora_sft",)) == ["base", "lora_sft"]


def test_left_out_arm_that_was_begun_and_stopped_says_so(ground):
    ground.climb({"zero_shot": ALL})
    ground.ledger.put_state("lora_sft", FITTED, ground.ledger.state("zero_shot", FITTED))  # it has learnt, and no more
    found = {one.arm: one.reason for one in ground.run().evidence}
    assert found["lora_sft"] == STOPPED
    assert found["rag_lora_sft"].endswith("compare without --climb runs it")


def test_other_prompts_still_run_after_one_passed_as_they_may_change_which_is_named(ground):
    ground.whole({"zero_shot": ALL}, asked=("zero_shot",))
    assert ground.climb({"few_shot": ALL}) == ["few_shot"]


def test_items_that_a_dearer_arm_loses_change_what_a_whole_run_decides_on_and_no_climb_does(ground, other):
    right, lost = {"zero_shot": ALL, "few_shot": 10}, {"lora_sft": (0, 1)}
    ground.climb(right, lost=lost)
    other.whole(right, lost=lost)
    assert ground.run().decision.scores["zero_shot"].n == ITEMS
    assert other.run().decision.scores["zero_shot"].n == ITEMS - 2
    assert ground.run().decision.action == other.run().decision.action == "prompt"


def test_arm_of_a_passing_rung_that_lost_too_many_items_runs_again_and_then_stops_the_climb(ground):
    lost = {"zero_shot": range(3)}
    assert "lora_sft" in ground.climb({"zero_shot": ALL, "few_shot": 10}, lost=lost)
    assert ground.statuses()["zero_shot"] == "invalid"
    assert ground.climb({"zero_shot": ALL}) == ["zero_shot"]
    assert ground.run().decision.action == "prompt"


def test_climb_that_was_cut_continues_and_asks_no_arm_twice(ground):
    jobs = ground.jobs({"zero_shot": ALL, "few_shot": 10}, None, ())
    do = ground.hand.do

    def cut(job):
        if ground.hand.done:
            raise KeyboardInterrupt
        yield from do(job)

    ground.hand.do = cut
    with pytest.raises(KeyboardInterrupt):
        climb(jobs, (), lambda: ground.run().decision)
    assert ground.hand.done == ["few_shot"]
    assert ground.climb({"zero_shot": ALL}) == ["zero_shot"]
    assert ground.climb({}) == []
    assert sum(LEAVES_OUT in line for line in ground.watching.lines) == 1
    assert ground.run().decision.action == "prompt"


# ---- names of benchmarks ------------------------------------------------------------------------


@pytest.mark.usefixtures("no_torch")
def test_wrong_name_of_a_benchmark_is_found_before_a_climb_spends_anything(tmp_path, stub_task):
    path = stub_task("steady", "tuned", extra=REACHED)
    path.write_text(path.read_text().replace("tasks: [sums]", "tasks: [sumz]"))
    done = CliRunner().invoke(main, ["compare", str(path), "--climb", "--out", str(tmp_path / "run")])
    assert done.exit_code == 2
    assert "no lm-eval task, group or tag is called 'sumz'" in done.output
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    assert not any(event["event"] == "job_started" for event in events)


def test_names_are_not_looked_up_where_no_tuned_arm_runs(tmp_path, monkeypatch):
    def refuse(*_):
        raise HarnessError("no such name")

    monkeypatch.setattr(benchmark_tasks, "check_names", refuse)
    ground = Ground(tmp_path, parts_task(tmp_path / "task", TASK))
    assert ground.climb({"rag": 10}, asked=("rag",)) == ["rag"]
    with pytest.raises(HarnessError, match="no such name"):
        ground.climb({}, asked=("rag_lora_sft",))
    ground.ledger.close()
