"""A judge's scores corrected for its errors, by answers that people labelled as well.

Two bases, and the report says which:

- own: people labelled the arms' own answers on some test rows, drawn at random: on every test row with labels they
  labelled what each arm answered there, so that no answer chose which rows count. Then prediction-powered inference
  needs nothing else.
- transferred: people labelled other answers (on dev, say). What the judge says of good and of bad answers is learnt
  there, and taken to hold for the arms' answers too. A judge that is not shown to tell good from bad supports no claim.

An answer that is none (empty, cut off, unread) is bad for certain: no label is needed there, and no error of the judge
enters. The estimate is made on the other rows, and what they weigh is an uncertain share as well. How both are computed
stands in `harness.decision.judge_errors`; coverage is measured in tests/decision/test_judged.py.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from harness.decision.judge_errors import (
    Answers,
    Cluster,
    Correction,
    certain,
    powered,
    transferred,
    with_known,
)
from harness.records import FEWEST_LABELS, UNCORRECTED, Basis, Interval, LabelledJudgement, Score

UNASKED = "nothing was left to the judge"  # the method where no answer was any
# Chance on each side at which what a judge says is held to contradict its labels, however strict the bounds asked for
# are: stricter ones reach further, and would turn a contradiction into a claim.
CONTRADICTION = 0.025
FEWEST_OWN = 20  # test rows with labels of every arm's answer, from which on they are the basis


def single(scores: Sequence[Score], clusters: Sequence[Cluster]) -> Answers:
    """Gather one arm's items; `Score.parts` is whether the judge was asked, and people's label where there is one.

    A score without parts is of an item that was lost, and is counted as right or wrong to see what that changes.
    """
    judged = np.array([score.parts[0] if score.parts else 0.0 for score in scores])
    labels = np.array([score.parts[1] if score.parts[1:] else math.nan for score in scores])
    values = np.array([score.value for score in scores])
    return Answers(values, judged, labels, clusters, low=0.0, known=judged == 0)


def difference(ours: Sequence[Score], theirs: Sequence[Score], clusters: Sequence[Cluster]) -> Answers:
    """Gather the differences of two arms on the same items.

    Where one arm's item was lost, the difference counts as known, with what the judge says of the other's answer.
    """
    first, second = single(ours, clusters), single(theirs, clusters)
    is_lost = np.array([not (one.parts and other.parts) for one, other in zip(ours, theirs, strict=True)], dtype=bool)
    return Answers(
        first.values - second.values,
        first.judged - second.judged,
        first.labels - second.labels,
        clusters,
        low=-1.0,
        known=(first.is_known & second.is_known) | is_lost,
    )


def corrected(answers: Answers, correction: Correction, tail: float) -> Interval:
    """Return a mean corrected for the judge's errors, with bounds that leave `tail` on each side.

    Args:
        answers: What is averaged.
        correction: What is known of the judge.
        tail: Chance on each side.

    Returns:
        Bounds from the least possible figure to the greatest, and a method that says "no claim" and why, where labels
        are too few, the judge is not shown to tell good from bad, or all that it allows lies outside what is possible:
        then it does not err here as it did on the labelled answers, and nothing says how it does.
    """
    return _figure(answers, correction, tail)[0]


def _figure(answers: Answers, correction: Correction, tail: float) -> tuple[Interval, str]:
    """Return what `corrected` does, and why there is no claim: '' where there is one."""
    rest = answers.open
    labels = int(rest.is_labelled.sum()) if correction.basis == "own" else len(correction.sample)
    if correction.basis == "none" or (rest.values.size and not labels):
        return _no_claim(answers, "too few labels of people's to correct the judge by")
    if not rest.values.size:
        found, words = certain(answers), UNASKED
    elif correction.basis == "own":
        found, words = powered(rest, is_sure=correction.is_sure), f"PPI++ on {labels} labels"
    else:
        found, words = transferred(rest, correction), f"Rogan-Gladen on {labels} labels"
    found = with_known(found, answers) if rest.values.size else found
    bounds, inner = found.bounds(tail), found.bounds(max(tail, CONTRADICTION))
    if bounds is None or inner is None:
        return _no_claim(answers, "by people's labels the judge is not shown to tell good answers from bad")
    if not correction.is_sure and (inner[1] <= answers.low or inner[0] >= 1.0):
        return _no_claim(answers, "what the judge says here contradicts how it judged the labelled answers")
    estimate = min(max(found.estimate, answers.low), 1.0)
    low, high = max(answers.low, min(bounds[0], estimate)), min(1.0, max(bounds[1], estimate))
    return Interval(estimate, low, high, answers.values.size, f"{words} {100 * (1 - 2 * tail):.4g}%"), ""


def corrected_gain(
    ours: Sequence[Score], theirs: Sequence[Score], clusters: Sequence[Cluster], correction: Correction, tail: float
) -> Interval:
    """Return how far one arm is above another; no claim where there is none of either's own figure.

    A gain rests on the same errors of the judge, and does not show by itself that they are others here.
    """
    gains = difference(ours, theirs, clusters)
    for scores in (ours, theirs):
        _, why_none = _figure(single(scores, clusters), correction, tail)
        if why_none:
            return _no_claim(gains, why_none)[0]
    return corrected(gains, correction, tail)


def _no_claim(answers: Answers, why: str) -> tuple[Interval, str]:
    method = f"no claim: {why}; the figure is {UNCORRECTED}"
    return Interval(float(answers.values.mean()), answers.low, 1.0, answers.values.size, method), why


def basis_of(arms: Sequence[Mapping[str, Score]], sample: Sequence[LabelledJudgement]) -> Basis:
    """Say what the correction rests on.

    Own labels are a sample of an arm's answers only where every row that has labels has one of its answer: rows whose
    labels happen to be of what it answered were chosen by its answer. Rows on which nobody answered need no label.

    Args:
        arms: The judge's scores of each arm, by item; `Score.parts` as in `single`, with NaN for the label on rows
            where people labelled other answers alone.
        sample: All answers that people labelled.
    """
    shared = set.intersection(*(set(scores) for scores in arms)) if arms else set()
    rows = [[scores[item].parts for scores in arms] for item in shared]
    labelled = [row for row in rows if any(parts[1:] and parts[0] for parts in row)]
    is_whole = all(parts[1:] and not math.isnan(parts[1]) for row in labelled for parts in row)
    if is_whole and len(labelled) >= FEWEST_OWN:
        return "own"
    good, bad = sum(one.label > 0.5 for one in sample), sum(one.label < 0.5 for one in sample)
    return "transferred" if min(good, bad) >= FEWEST_LABELS else "none"
