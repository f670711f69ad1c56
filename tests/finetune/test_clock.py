"""The arm's wall clock, its parts, and what counts as spent."""

import pytest

from baselines.finetune.clock import Clock
from baselines.finetune.stage import SFT_SHARE


def test_sft_gets_two_thirds_of_the_minutes_when_preferences_follow():
    clock = Clock(start=0.0, end=1e9)
    part = clock.part(SFT_SHARE)
    assert part.left == pytest.approx(clock.left * 2 / 3, abs=1.0)


def test_earlier_seconds_shorten_the_part_and_the_whole():
    clock = Clock(start=0.0, end=1e9)
    part = clock.part(1.0)
    before = (clock.left, part.left)
    part.count(1e6)
    assert (clock.earlier, part.earlier) == (1e6, 1e6)
    assert (before[0] - clock.left, before[1] - part.left) == (pytest.approx(1e6, abs=1), pytest.approx(1e6, abs=1))


def test_without_minutes_there_is_no_end():
    part = Clock(start=0.0, end=None).part(0.5)
    part.count(3.0)
    assert (part.left, part.left_of(0.4), part.earlier) == (None, None, 3.0)
