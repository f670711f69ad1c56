"""`--climb`: what is left out, and that it changes no verdict."""

from dataclasses import replace

import pytest
from recorder import Recorder

from harness.evidence.climb import passes
from harness.evidence.compare import Settings, compare
from harness.task import load_task

REACHED = "goal: {at_least: 0.1}\n"  # 4 of 10 answers are right, with a lower bound of 12.2%
OUT_OF_REACH = "goal: {at_least: 0.9}\n"

pytestmark = pytest.mark.usefixtures("no_torch")


def run_in(folder, task, **more):
    recorder = Recorder()
    run, _ = compare(load_task(task), Settings(folder, **more), recorder)
    return run, recorder


def statuses(run):
    return {one.arm: one.status for one in run.evidence}


def test_dearer_arms_are_left_out_once_a_prompt_reaches_the_goal(tmp_path, stub_task):
    task = stub_task("tuned", "steady", extra=REACHED)
    whole, _ = run_in(tmp_path / "whole", task)
    climbed, recorder = run_in(tmp_path / "climbed", task, climbs=True)
    assert statuses(whole) == {"tuned": "ok", "steady": "ok"}
    assert statuses(climbed) == {"tuned": "skipped", "steady": "ok"}
    assert not climbed.bases  # which only tuned arms need
    assert (climbed.decision.action, climbed.decision.arm) == (whole.decision.action, whole.decision.arm)
    assert climbed.decision.sentence == whole.decision.sentence
    reason = next(one.reason for one in climbed.evidence if one.arm == "tuned")
    assert reason == "steady reaches the goal, and --climb stops there; compare without --climb runs it"
    assert any("--climb leaves out tuned" in line for line in recorder.lines)
    [gone] = climbed.decision.missing
    assert not gone.matters


def test_left_out_arms_run_when_the_run_is_no_climb(tmp_path, stub_task):
    task = stub_task("steady", "tuned", extra=REACHED)
    run_in(tmp_path / "run", task, climbs=True)
    again, _ = run_in(tmp_path / "run", task)
    assert statuses(again) == {"steady": "ok", "tuned": "ok"}
    assert again.bases


def test_every_arm_runs_where_no_rung_passes(tmp_path, stub_task):
    task = stub_task("steady", "tuned", extra=OUT_OF_REACH)
    whole, _ = run_in(tmp_path / "whole", task)
    climbed, recorder = run_in(tmp_path / "climbed", task, climbs=True)
    assert statuses(climbed) == statuses(whole) == {"steady": "ok", "tuned": "ok"}
    assert climbed.decision == whole.decision
    assert not any("leaves out" in line for line in recorder.lines)


def test_only_verdicts_that_look_at_no_dearer_arm_pass(tmp_path, stub_task):
    run, _ = run_in(tmp_path / "run", stub_task("steady", extra=REACHED))
    of = {
        (action, goal): passes(replace(run.decision, action=action, goal=goal))
        for action in ("rag", "fine_tune", "undecided")
        for goal in ("met", "not_shown", "missed")
    }
    assert [key for key, is_passed in of.items() if is_passed] == [("rag", "met")]
    assert run.decision.action == "prompt" and passes(run.decision)
