from datetime import datetime
from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress

from harness.cli.printing import console
from harness.cli.terminal import LiveDisplay, PlainDisplay, observer
from harness.decision.words import duration
from harness.evidence.forecast import Forecast, Outlook, PlannedJob
from harness.evidence.phases import Behind
from harness.evidence.states import EndState
from harness.evidence.watch import Agenda
from harness.records import Interval


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (3900, "1 h 5 min"), (59.6, "1 min 0 s")]
)
def test_seconds_are_written_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_without_a_terminal_every_stage_is_one_plain_line():
    stream = StringIO()
    with observer(stream) as watching:
        watching.began("rag", 2, 8)
        for done in range(5):
            watching.progress("answering test", done, 5)
        watching.ended("rag", EndState("failed", "no documents"), 65)
    lines = stream.getvalue().splitlines()
    assert [line[20:] for line in lines] == [
        "[2/8] rag: begins",
        "[2/8] rag: answering test (of 5)",
        "[2/8] rag: failed after 1 min 5 s: no documents",
    ]
    for line in lines:
        datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S")


def test_stage_that_is_come_back_to_says_how_far_it_is():
    """Between two candidates of a choice dev is asked: the second is 1 of 3 done, not the first again."""
    stream = StringIO()
    display = PlainDisplay(console(stream))
    for done in range(3):
        display.progress("choosing on dev", done, 3)
        display.progress("answering dev", 0, 6)
    told = [line[20:] for line in stream.getvalue().splitlines() if "choosing" in line]
    assert told == [f": choosing on dev ({how})" for how in ("of 3", "1/3", "2/3")]


def test_time_left_counts_from_where_a_stage_was_taken_up(monkeypatch):
    """Training continues at step 60 after dev was asked: 5 steps in 20 s leave 235 steps, 940 s."""
    stream, now = StringIO(), [100.0]
    monkeypatch.setattr("harness.cli.terminal.time.monotonic", lambda: now[0])
    display = PlainDisplay(console(stream))
    display.progress("training", 60, 300)
    now[0] += 20
    display.progress("training", 65, 300)
    assert "training 65/300, at most about 15 min 40 s left in it" in stream.getvalue()


def test_run_takes_no_less_than_its_stage_unless_dev_may_end_it(monkeypatch):
    """The job is expected to take 60 s. After 20 s of 5 items 95 more take 380 s; of training that is the most."""
    stream, now = StringIO(), [100.0]
    monkeypatch.setattr("harness.cli.terminal.time.monotonic", lambda: now[0])
    jobs = (PlannedJob("arm", "lora_sft", "m"),)
    forecast = Forecast(Outlook({"arm": 6000.0}, {("lora_sft", "m"): 100.0}, "earlier runs"), lambda: now[0])
    forecast.plan(jobs)
    forecast.begin("arm")
    display = PlainDisplay(console(stream))
    display.planned(Agenda(jobs, 100, 0, 0), forecast)
    for stage in ("answering test", "training"):
        display.progress(stage, 0, 100)
        now[0] += 20
        display.progress(stage, 5, 100)
    assert "answering test 5/100, about 6 min 20 s left in it; about 6 min 20 s left in all" in stream.getvalue()
    assert "training 5/100, at most about 6 min 20 s left in it; about 20 s left in all" in stream.getvalue()


def test_what_is_left_is_the_most_while_its_steps_are_those_of_a_training(monkeypatch):
    """8 s a step: 95 steps and 20 s of what follows. Once dev has ended it, no more is said to be the most."""
    stream, now = StringIO(), [100.0]
    monkeypatch.setattr("harness.cli.terminal.time.monotonic", lambda: now[0])
    jobs = (PlannedJob("arm", "lora_sft", "m"),)
    speeds = {("lora_sft", "m"): 100.0}
    outlook = Outlook({"arm": 6000.0}, speeds, "earlier runs", behind={"arm": Behind(500, 1500)})
    forecast = Forecast(outlook, lambda: now[0])
    forecast.plan(jobs)
    forecast.begin("arm")
    display = PlainDisplay(console(stream))
    display.planned(Agenda(jobs, 100, 0, 0), forecast)
    for stage, done in (("training", 0), ("training", 5), ("answering test", 0), ("answering test", 5)):
        forecast.stage(stage, done, 100)
        display.progress(stage, done, 100)
        now[0] += 40
    said = [line for line in stream.getvalue().splitlines() if "left in all" in line]
    assert said[0].endswith("at most about 12 min 40 s left in it; at most about 13 min 0 s left in all")
    assert "at most" not in said[1]


def test_silent_stage_gets_a_line_before_thirty_seconds_are_over(monkeypatch):
    stream, now = StringIO(), [100.0]
    monkeypatch.setattr("harness.cli.terminal.time.monotonic", lambda: now[0])
    display = PlainDisplay(console(stream))
    display.began("rag", 2, 8)
    display.progress("loading the model", 0, 1)
    for _ in range(90):
        now[0] += 1
        display.tick()
    said = [line for line in stream.getvalue().splitlines() if "still loading the model" in line]
    assert len(said) == 90 // 25


def test_before_the_first_arm_it_is_said_what_runs_on_how_many_items_and_how_long():
    """Two jobs of 6,000 tokens at 100 a second take 2 minutes."""
    jobs = (PlannedJob("base", "base", "m"), PlannedJob("rag", "rag", "m"))
    outlook = Outlook({"base": 6000.0, "rag": 6000.0}, {("base", "m"): 100.0, ("rag", "m"): 100.0}, "earlier runs")
    forecast, stream = Forecast(outlook), StringIO()
    forecast.plan(jobs)
    with observer(stream) as watching:
        watching.planned(Agenda(jobs, 200, 60, 300), forecast)
        watching.began("rag", 1, 2)
        watching.scored("rag", "exact_match", Interval(0.525, 0.45, 0.6, 200, "exact"))
        watching.ended("rag", EndState("ok"), 5)
    text = stream.getvalue()
    assert "2 to do: base, rag" in text
    assert "on 200 test items (300 train, 60 dev): about 2 min 0 s, by earlier runs" in text
    assert "done after 5 s: 52.5% exact_match (95% CI 45.0 to 60.0, n = 200)" in text


def test_where_no_earlier_run_tells_how_long_the_first_job_will():
    jobs = (PlannedJob("base", "base", "m"), PlannedJob("rag", "rag", "m"))
    now, stream = [0.0], StringIO()
    forecast = Forecast(Outlook({"base": 6000.0, "rag": 12_000.0}), lambda: now[0])
    forecast.plan(jobs)
    with observer(stream) as watching:
        watching.planned(Agenda(jobs, 200, 60, 300), forecast)
        forecast.begin("base")
        watching.began("base", 1, 2)
        now[0] = 60.0
        forecast.end(is_good=True)
        watching.ended("base", EndState("ok"), 60)
    text = stream.getvalue()
    assert "on 200 test items (300 train, 60 dev): about how long is told after the first of them" in text
    assert "done after 1 min 0 s; very roughly 2 min 0 s left in all" in text  # twice the work


def test_bar_of_a_new_stage_does_not_keep_the_total_of_the_one_before():
    printed = Console(file=StringIO(), force_terminal=True)
    with Progress(console=printed) as progress:
        display = LiveDisplay(printed, progress)
        display.began("rag", 1, 2)
        display.progress("answering test", 200, 200)
        display.began("lora_sft", 2, 2)
        (bar,) = progress.tasks
        assert bar.total is None
        assert bar.completed == 0
