"""How well calibrated the probabilities of answers are."""

from collections.abc import Collection, Sequence

from harness.records import Calibration, Prediction, Score

BINS = 15  # of equal width, as Guo et al. (2017, https://arxiv.org/abs/1706.04599) take


def calibration_of(predictions: Sequence[Prediction], scores: Collection[Score]) -> Calibration | None:
    """Compare the probability of each answer with whether it was right.

    Args:
        predictions: Of one arm.
        scores: Of a metric whose items are right or wrong, for those that were measured.

    Returns:
        None where no answer has a probability.
    """
    right = {score.example_id: score.value for score in scores}
    pairs = [
        (p.probability, right[p.example_id]) for p in predictions if p.probability is not None and p.example_id in right
    ]
    if not pairs:
        return None
    bins: dict[int, list[tuple[float, float]]] = {}
    for probability, is_right in pairs:
        bins.setdefault(min(int(probability * BINS), BINS - 1), []).append((probability, is_right))
    gaps = [abs(sum(probability - is_right for probability, is_right in found)) for found in bins.values()]
    return Calibration(
        n=len(pairs),
        mean_probability=sum(probability for probability, _ in pairs) / len(pairs),
        share_right=sum(is_right for _, is_right in pairs) / len(pairs),
        error=sum(gaps) / len(pairs),
        brier=sum((probability - is_right) ** 2 for probability, is_right in pairs) / len(pairs),
    )
