import math
import re

import pytest

from harness.decision.words import points, score_range, share
from harness.records import UNCORRECTED, Interval
from reports import numbers
from reports.text import clip, one_line, visible


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_missing_figure_is_not_measured_in_every_unit(missing):
    writers = (numbers.percent, numbers.points, numbers.seconds, numbers.count, numbers.megabytes, numbers.plain,
               numbers.money)  # fmt: skip
    assert {write(missing) for write in writers} == {"not measured"}


def test_zero_is_written_as_zero():
    assert numbers.percent(0.0) == "0.0%"
    assert numbers.points(0.0) == "0.0"
    assert numbers.points(-0.0001) == "0.0"  # rounds to zero and so has no sign


@pytest.mark.parametrize("rate", [0.0, -1e-9, 0.004, 0.5, 0.9, 0.9996, 1.0, 12.5])
def test_sentences_and_tables_write_a_share_and_a_size_the_same_way(rate):
    assert share(rate) == numbers.percent(rate)
    assert points(rate) == f"{numbers.size(rate)} points" or numbers.size(rate) == "0.0"


def test_goal_is_written_as_on_the_page_wherever_the_verdict_names_it(make_lossy_run):
    run = make_lossy_run({})
    said = " ".join((run.decision.sentence, *run.decision.reasons, run.decision.next_step))
    named = re.findall(r"goal of ([\d.]+%)", said)
    assert named and set(named) == {numbers.percent(run.limits.goal)}


def test_rate_carries_its_interval_and_n():
    assert numbers.rate(Interval(0.9654, 0.943, 0.9891, 1200, "Wilson 95%")) == "96.5% (94.3 to 98.9, n = 1,200)"


def test_gain_is_signed_with_a_true_minus():
    assert numbers.gain(Interval(0.115, -0.02, 0.154, 200, "")) == "+11.5 points (−2.0 to +15.4, n = 200)"


@pytest.mark.parametrize(("value", "text"), [(0.421, "0.42 s"), (42.04, "42.0 s"), (852, "14.2 min"), (7560, "2.1 h")])
def test_duration_has_a_unit_that_fits(value, text):
    assert numbers.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.00"), (12.345, "12.35"), (0.00123, "0.0012"), (0.5, "0.50")])
def test_small_prices_keep_two_figures(value, text):
    assert numbers.money(value) == text


def test_control_and_reordering_characters_are_shown_as_symbols():
    assert visible("a\x1b[31m\x00\x7f\u202eb\ud800") == "a␛[31m␀␡⟨U+202E⟩b⟨U+D800⟩"


def test_line_ends_tabs_and_joiners_stay():
    assert visible("a\r\nb\tc\u200dd") == "a\nb\tc\u200dd"
    assert one_line("a\r\nb") == "a ⏎ b"


def test_clip_counts_what_it_leaves_out():
    assert clip("abc", 3).note == ""
    assert str(clip("abcd", 3)) == "abc … 1 more character"


def test_word_of_a_judge_that_nothing_corrects_is_called_that_and_has_no_bounds():
    word = Interval(0.5, 0.0, 1.0, 24, f"no claim: too few labels; the figure is {UNCORRECTED}")
    assert numbers.rate(word) == "50.0% (as the judge says, uncorrected, n = 24)"
    assert numbers.gain(word) == "+50.0 points (as the judge says, uncorrected, n = 24)"
    assert score_range(word) == "as the judge says, uncorrected, n = 24"
