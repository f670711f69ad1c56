"""events.jsonl of real runs whose answers come from a rule, and what a script can read off it."""

import json
import re
import time
from pathlib import Path

import pytest
from recorder import Recorder

from bench.time_left import told
from harness.evidence.compare import Settings, compare
from harness.evidence.event_file import EVENTS, VERSION, EventFile, read_events
from harness.evidence.forecast import LOADING, Outlook, PlannedJob, Writing
from harness.evidence.interim import written_tokens
from harness.evidence.states import FITTED, EndState, FittedState
from harness.evidence.watch import Agenda, Watch
from harness.planning.forecast import earlier_speeds
from harness.records import Fit, Measurement, Outcome, Prediction
from harness.store.files import encode
from harness.store.ledger import Ledger
from harness.task import load_task

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")


@pytest.fixture
def followed(tmp_path, stub_task):
    """The events of a run with an arm that fails, and the run."""
    run, folder = compare(load_task(stub_task("steady", "failing")), Settings(tmp_path / "run"), Recorder())
    return read_events(folder.path), run


def test_run_is_told_from_its_start_to_its_verdict(followed):
    events, run = followed
    kinds = [event["event"] for event in events if event["event"] not in ("log", "progress", "replayed")]
    job = ["job_started", "job_ended"]
    scored = ["job_started", "scored", "job_ended"]
    assert kinds == ["run_started", "planned", *job, *scored, *job, "run_ended"]
    assert events[-1]["verdict"]["sentence"] == run.decision.sentence
    ends = {event["job"]: (event["status"], event["reason"]) for event in events if event["event"] == "job_ended"}
    assert ends["steady"] == ("ok", "")
    assert ends["failing"] == ("failed", "no preference pairs: add data.preferences")


def test_interim_score_is_the_runs_own_where_no_arm_lost_items(followed):
    events, run = followed
    (scored,) = [event for event in events if event["event"] == "scored"]
    final = run.decision.scores["steady"]
    assert (scored["estimate"], scored["low"], scored["high"], scored["n"]) == (
        final.estimate, final.low, final.high, final.n,
    )  # fmt: skip


def test_every_event_and_field_is_on_the_page(followed):
    events, _ = followed
    documented = {
        name: set(re.findall(r"`(\w+)`", fields)) for name, fields in re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE, re.M)
    }
    for event in events:
        assert event["v"] == VERSION
        assert event.keys() - {"v", "time", "event"} <= documented[event["event"]], event["event"]


def test_stopped_run_says_so_and_a_resumed_one_continues_in_the_same_file(tmp_path, stub_task):
    task = load_task(stub_task("steady"))

    class Impatient(Recorder):
        def progress(self, stage, done, total):
            if stage == "answering test":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(task, Settings(tmp_path / "run"), Impatient())
    assert read_events(tmp_path / "run")[-1]["event"] == "run_stopped"
    compare(task, Settings(tmp_path / "run"), Recorder())
    kinds = [event["event"] for event in read_events(tmp_path / "run")]
    assert kinds.count("run_started") == 2
    assert kinds[-1] == "run_ended"


def test_cut_line_and_another_version_are_passed_over(tmp_path):
    EventFile(tmp_path).add("log", message="one")
    with (tmp_path / EVENTS).open("a") as file:
        file.write('{"v": 99, "event": "log"}\n[]\n{"v": 1, "event": "lo')
    assert [event["message"] for event in read_events(tmp_path)] == ["one"]
    assert read_events(tmp_path / "nowhere") == []


def test_line_ends_of_other_kinds_inside_a_text_cut_no_event(tmp_path):
    for mark in ("\u2028", "\u2029", "\x85", "plain"):
        EventFile(tmp_path).add("log", message=f"one{mark}two")
    assert len(read_events(tmp_path)) == 4


def test_long_stage_says_that_it_is_alive(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.evidence.event_file.BEAT_SECONDS", 0.01)
    file = EventFile(tmp_path)
    with file.beating():
        until = time.monotonic() + 30
        while not read_events(tmp_path) and time.monotonic() < until:
            time.sleep(0.01)
    count = len(read_events(tmp_path))
    assert count >= 1 and all(event["event"] == "alive" for event in read_events(tmp_path))
    time.sleep(0.1)
    assert len(read_events(tmp_path)) == count


def test_disk_that_refuses_ends_no_run(tmp_path):
    (tmp_path / EVENTS).mkdir()
    EventFile(tmp_path).add("log", message="one")


def write(folder: Path, *events) -> None:
    folder.mkdir(parents=True)
    (folder / EVENTS).write_text("".join(json.dumps({"v": VERSION, "time": "", **event}) + "\n" for event in events))


def test_speed_of_an_arm_is_its_work_over_its_seconds_in_runs_of_the_same_size(tmp_path):
    jobs = [{"name": name, "kind": name, "model": "m", "work": 600.0} for name in ("a", "b", "c")]
    ends = [
        {"event": "job_ended", "job": name, "status": status, "seconds": 6.0}
        for name, status in (("a", "ok"), ("b", "failed"), ("c", "ok"))
    ]
    told = [
        {"event": "planned", "jobs": jobs},
        {"event": "replayed", "job": "c", "replayed": 9, "asked": 1},
        *ends,
    ]
    write(tmp_path / "whole", {"event": "run_started", "is_fast": False}, *told)
    write(tmp_path / "smoke", {"event": "run_started", "is_fast": True}, *told)
    (tmp_path / "latest").symlink_to("whole")
    assert earlier_speeds(tmp_path, is_fast=False) == {("a", "m"): [100.0]}


def test_forecast_is_told_of_stages_and_of_what_was_written(tmp_path):
    """Of 1,000 tokens 400 were expected to be written; as 1,000 were, 1,600 took 10 s beside 30 s of loading."""
    now = [0.0]
    jobs = (PlannedJob("a", "zero_shot", "m"), PlannedJob("b", "few_shot", "m"))
    outlook = Outlook({"a": 1000.0, "b": 800.0}, writing={"a": Writing(100, 4.0, 1.0)})
    watch = Watch(Recorder(), EventFile(tmp_path), outlook, clock=lambda: now[0])
    watch.planned(Agenda(jobs, 100, 1, 1))
    watch.begins("a")
    watch.progress(LOADING, 0, 1)
    now[0] += 30
    watch.progress("answering test", 0, 100)
    now[0] += 10
    watch.ended("a", EndState("ok"), 40.0, written=10.0)
    assert watch.forecast.left() == 5.0


def test_run_tells_the_forecast_what_its_arms_wrote(tmp_path, stub_task, monkeypatch):
    told = []
    monkeypatch.setattr(Watch, "ended", lambda self, name, state, seconds, written=None: told.append((name, written)))
    compare(load_task(stub_task("steady", "failing")), Settings(tmp_path / "run"), Recorder())
    (steady,) = [written for name, written in told if name == "steady"]
    assert steady is not None and steady > 0
    assert {written for name, written in told if name != "steady"} == {None}


def test_tokens_of_answers_are_counted_and_those_of_chosen_labels_are_not(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    fit = Fit("a", 0)
    said = [Prediction(str(n), "x", "x", Outcome.SCORED, "stop", 5, tokens, 0.1) for n, tokens in enumerate((10, 20))]
    ledger.put_predictions(Measurement(fit), said)
    for program, expected in ({"choices": None}, 15.0), ({"choices": {"labels": ["x"]}}, None):
        fitted = FittedState("prompt", program, (), None, (), 0.5, 1.0, None)
        ledger.put_state(fit.name, FITTED, encode(FittedState, fitted))
        assert written_tokens(fit, ledger) == expected
    ledger.close()


def test_time_left_as_it_was_told_is_held_against_what_came():
    """Two jobs end 30 s apart: 60 s were told for 30."""
    ends = [("a", "12:00:00", 60), ("b", "12:00:30", 0)]
    events = [
        {"event": "job_ended", "job": job, "time": f"2026-11-29T{at}+00:00", "left": left} for job, at, left in ends
    ]
    first, last = told(events)
    assert (first.job, first.ratio) == ("a", 2.0)
    assert last.ratio is None
