"""The metric `similarity` on the real embedder: pairs that it must order rightly, and those that it cannot see."""

import pytest

from baselines.rag.similarity import similarity
from harness.errors import ArmError
from harness.plugins import METRICS, load
from harness.records import Example, Message

pytestmark = pytest.mark.model

TARGET = "The warranty lasts two years from the day of purchase."


@pytest.fixture(scope="module")
def metric():
    return load(METRICS, "similarity")()


def value(metric, answer, target=TARGET):
    return metric.score(answer, Example("one", (Message("user", "q"),), target)).value


def test_paraphrase_is_nearer_than_another_subject_and_the_target_nearest(metric):
    same, near = value(metric, TARGET), value(metric, "You have a guarantee of two years after buying it.")
    far = value(metric, "A humming noise comes from the fan.")
    assert same == pytest.approx(1.0, abs=1e-5)
    assert 0 <= far < near < same


@pytest.mark.parametrize("answer", [None, "", "  \n"])
def test_nothing_said_scores_nothing(metric, answer):
    assert value(metric, answer) == 0.0


def test_figure_is_the_mean_and_absence_is_not_zero(metric):
    scores = [metric.score(text, Example("one", (Message("user", "q"),), TARGET)) for text in (TARGET, None)]
    assert metric.aggregate(scores) == pytest.approx(0.5, abs=1e-5)
    with pytest.raises(ValueError, match="no scores"):
        metric.aggregate([])


def test_wrong_figure_in_a_right_sentence_is_not_seen(metric):
    """Said in docs/metrics.md: who needs the figure takes `number`."""
    assert value(metric, TARGET.replace("two", "nine")) > value(
        metric, "You have a guarantee of two years after buying it."
    )


def test_embedder_that_is_not_there_is_said_when_the_first_answer_is_scored(tmp_path):
    metric = similarity(str(tmp_path))
    with pytest.raises(ArmError, match="not a sentence-transformers model"):
        value(metric, "a")
