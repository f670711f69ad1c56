"""Where a run stands, by its events alone."""

from datetime import UTC, datetime, timedelta

import pytest

from harness.viewing.follow import LAST_LINES, MOST_SILENT, progress_of

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
BEGUN = (
    {"event": "run_started", "task": "faq", "models": ["m"], "is_fast": False},
    {"event": "planned", "jobs": [{"name": "base"}, {"name": "rag"}], "left": 120},
    {"event": "job_started", "job": "base"},
    {"event": "job_ended", "job": "base", "status": "ok", "reason": "", "seconds": 9.0, "left": 60},
    {"event": "job_started", "job": "rag"},
    {"event": "progress", "job": "rag", "stage": "answering test", "done": 3, "total": 10, "left": 50},
)
SCORED = {"event": "scored", "job": "rag", "metric": "f1", "estimate": 0.5, "low": 0.25, "high": 0.75, "n": 10}


def seen(*events, age=1.0):
    time = (NOW - timedelta(seconds=age)).isoformat()
    return progress_of([{"time": time, **event} for event in events], NOW)


def test_running_run_shows_jobs_stage_and_time_left():
    found = seen(*BEGUN)
    assert (found.state, found.task, found.stage, found.left) == ("running", "faq", "answering test 3 of 10", 50)
    assert [(job.name, job.state) for job in found.jobs.values()] == [("base", "ok"), ("rag", "running")]


def test_score_stands_with_its_interval_as_soon_as_it_is_told():
    assert seen(*BEGUN, SCORED).jobs["rag"].score == "50.0% f1 (25.0 to 75.0, n = 10)"


@pytest.mark.parametrize(("age", "state"), [(MOST_SILENT - 1, "running"), (MOST_SILENT + 1, "silent")])
def test_run_that_says_nothing_for_long_is_not_called_running(age, state):
    assert seen(*BEGUN, age=age).state == state


def test_end_and_stop_are_told_apart_and_a_resumed_run_is_running_again():
    verdict = {"action": "rag", "arm": "rag", "sentence": "Use RAG."}
    assert seen(*BEGUN, {"event": "run_ended", "verdict": verdict}).verdict == verdict
    stopped = (*BEGUN, {"event": "run_stopped", "reason": "KeyboardInterrupt"})
    assert seen(*stopped).state == "stopped"
    assert seen(*stopped, BEGUN[0]).state == "running"


def test_only_the_last_lines_are_kept():
    found = seen(BEGUN[0], *({"event": "log", "message": f"line {n}"} for n in range(40)))
    assert found.lines == [f"line {n}" for n in range(40 - LAST_LINES, 40)]


def test_event_of_a_job_that_was_not_planned_and_missing_fields_do_no_harm():
    assert seen(BEGUN[0], SCORED | {"job": "other"}, {"event": "progress"}, {"event": "new kind"}).state == "running"
