from io import StringIO

import pytest

from harness.cli.terminal import observer
from harness.decision.words import duration
from harness.evidence.states import EndState


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
    assert stream.getvalue().splitlines() == [
        "[2/8] rag: begins",
        "[2/8] rag: answering test (of 5)",
        "[2/8] rag: failed: no documents after 1 min 5 s",
    ]


def test_time_left_counts_from_where_a_stage_was_taken_up(monkeypatch):
    """Training continues at step 60 after dev was asked: 5 steps in 20 s leave 235 steps, 940 s."""
    stream, clock = StringIO(), iter([0.0, 20.0])
    monkeypatch.setattr("harness.cli.terminal.time.monotonic", lambda: next(clock))
    with observer(stream) as watching:
        watching.progress("training", 60, 300)
        watching.progress("training", 65, 300)
    assert "training 65/300, about 15 min 40 s left" in stream.getvalue()
