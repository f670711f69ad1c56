"""What the measurements of greedy answers call the same, a tie and a difference."""

import math
from types import SimpleNamespace

import torch

from bench.general import Pass, other_texts
from bench.greedy import agreement, gap

PROMPT = (7,)


class Fixed:
    """A model that always gives the same logits, and keeps what it was asked."""

    device = torch.device("cpu")

    def __init__(self, *logits):
        self.logits, self.asked = torch.tensor(logits), []

    def __call__(self, input_ids, logits_to_keep):
        self.asked.append(input_ids.tolist())
        return SimpleNamespace(logits=self.logits.expand(1, logits_to_keep, -1))


def test_gap_is_taken_behind_what_both_answers_begin_with():
    model = Fixed(1.0, 0.75, 0.0)
    assert gap(model, PROMPT, (0, 2, 0), (0, 2, 1)) == 0.25
    assert model.asked == [[[7, 0, 2]]]


def test_gap_is_that_of_the_worse_answer_even_where_both_are_equally_wrong():
    assert gap(Fixed(1.0, 0.5, 0.5), PROMPT, (1,), (2,)) == 0.5


def test_answer_that_continues_where_the_other_ends_is_no_tie():
    assert gap(Fixed(1.0, 1.0), PROMPT, (0,), (0, 1)) == math.inf


def test_answers_within_the_bound_are_ties_and_others_differences():
    model = Fixed(1.0, 1.0 - 2**-14, 1.0 - 2**-13)  # 0.00006 and 0.00012 below the highest
    found = agreement(model, [PROMPT] * 3, [(0,), (0,), (0,)], [(0,), (1,), (2,)])
    assert (found.identical, len(found.gaps), found.differences) == (1, 2, 1)


def test_texts_are_compared_and_scores_of_options_are_not():
    ours = Pass(0, 0, {}, {("a", 0): [["x"]], ("a", 1): [["y"]]})
    theirs = Pass(0, 0, {}, {("a", 0): [["x"]], ("a", 1): [["z"]]})
    scored = Pass(0, 0, {}, {("b", 0): [[(-1.0, True)]]})
    assert other_texts(ours, theirs) == 1
    assert other_texts(scored, scored) is None
