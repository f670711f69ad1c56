"""Probabilities of answers against whether they were right."""

from pytest import approx

from harness.evidence.calibration import calibration_of
from harness.records import Outcome, Prediction, Score


def found(*pairs):
    """Calibrate answers of (probability, is right)."""
    predictions = [
        Prediction(str(n), "a", "a", Outcome.SCORED, "stop", 1, 1, 0.0, probability=probability)
        for n, (probability, _) in enumerate(pairs)
    ]
    scores = [Score(str(n), value) for n, (_, value) in enumerate(pairs) if value is not None]
    return calibration_of(predictions, scores)


def test_sure_and_right_is_perfect():
    told = found((1.0, 1.0), (1.0, 1.0))
    assert (told.n, told.mean_probability, told.share_right, told.error, told.brier) == (2, 1.0, 1.0, 0.0, 0.0)


def test_distance_is_taken_bin_by_bin_and_weighted_by_answers():
    # 0.81 and 0.83 share the bin from 12/15 to 13/15, 0.3 has one of its own: |1.64 - 1| + |0.3 - 1| over three
    told = found((0.81, 1.0), (0.83, 0.0), (0.3, 1.0))
    assert told.error == approx((0.64 + 0.7) / 3)
    assert told.brier == approx((0.19**2 + 0.83**2 + 0.7**2) / 3)


def test_too_sure_and_too_modest_do_not_cancel_out():
    told = found((1.0, 0.0), (0.0, 1.0))
    assert (told.mean_probability, told.share_right, told.error) == (0.5, 0.5, 1.0)


def test_answers_without_a_probability_or_that_were_not_measured_do_not_count():
    assert found((None, 1.0)) is None
    assert found((0.5, None)) is None
    assert found((None, 0.0), (1.0, 1.0), (0.2, None)).n == 1
