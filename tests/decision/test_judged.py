"""Coverage of corrected intervals in worlds whose truth is known, and hand-worked figures."""

import math
from statistics import fmean
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from harness.decision.agreement import agreement
from harness.decision.arms import MetricSpec
from harness.decision.intervals import score_interval
from harness.decision.judge_errors import Answers, Correction, tuned_lambda
from harness.decision.judged import basis_of, corrected, difference, single
from harness.decision.paired import compare
from harness.evidence.judged_scores import JudgedScores
from harness.evidence.judging import judgement_key
from harness.records import Example, Judgement, LabelledAnswer, LabelledJudgement, Score

WORLDS = 300
# A true 95% falls below this in one of a thousand such tests: 0.95 - 3.1 * sqrt(0.95 * 0.05 / 300) = 0.911.
LEAST = 0.95 - 3.1 * math.sqrt(0.95 * 0.05 / WORLDS)


def _judge(rng, truth, right_of_good, right_of_bad):
    chance = np.where(truth == 1, right_of_good, 1 - right_of_bad)
    return (rng.random(truth.size) < chance).astype(float)


def _names(count, start=0):
    return [("item", str(number + start)) for number in range(count)]


def _share_covered(world, truth):
    rng = np.random.default_rng(7)
    intervals = [world(rng) for _ in range(WORLDS)]
    return np.mean([one.low <= truth <= one.high for one in intervals]), intervals


@pytest.mark.parametrize("n", [20, 50])
def test_bounds_of_a_rate_that_people_labelled_whole_err_rarely_near_both_ends(n):
    """Exact, over all rates: each bound is meant to err in 2.5%, and did in 6% above low rates."""

    def figure(count):
        scores = [Score(f"q{i}", float(i < count), parts=(1.0, float(i < count))) for i in range(n)]
        return corrected(single(scores, _names(n)), Correction("own"), 0.025)

    bounds = [figure(count) for count in range(n + 1)]
    lows, highs = (np.array([getattr(one, side) for one in bounds]) for side in ("low", "high"))
    for rate in np.linspace(0.005, 0.995, 100):
        chances = stats.binom.pmf(np.arange(n + 1), n, rate)
        assert max(chances[lows > rate].sum(), chances[highs < rate].sum()) <= 0.04


@pytest.mark.parametrize("rate", [0.3, 0.97])
@pytest.mark.parametrize("labelled", [20, 60])
@pytest.mark.parametrize("skill", [(0.9, 0.8), (0.6, 0.5), (1.0, 1.0)])
def test_labels_of_own_answers_give_intervals_that_hold_the_truth(rate, labelled, skill):
    def world(rng):
        truth = (rng.random(200) < rate).astype(float)
        said = _judge(rng, truth, *skill)
        labels = np.where(np.arange(200) < labelled, truth, math.nan)
        return corrected(Answers(said, np.ones(200), labels, _names(200), 0.0), Correction("own"), 0.025)

    covered, _ = _share_covered(world, rate)
    assert covered >= LEAST


@pytest.mark.parametrize("rates", [(0.5, 0.7), (0.9, 0.92)])
@pytest.mark.parametrize("skill", [(0.9, 0.8), (0.6, 0.5)])
def test_gains_corrected_by_own_labels_hold_the_truth(rates, skill):
    def world(rng):
        both = [(rng.random(200) < rate).astype(float) for rate in rates]
        said = [_judge(rng, truth, *skill) for truth in both]
        labels = np.where(np.arange(200) < 50, both[1] - both[0], math.nan)
        answers = Answers(said[1] - said[0], np.zeros(200), labels, _names(200), -1.0)
        return corrected(answers, Correction("own"), 0.025)

    covered, _ = _share_covered(world, rates[1] - rates[0])
    assert covered >= LEAST


def _sample(rng, count, skill, rate=0.5):
    truth = (rng.random(count) < rate).astype(float)
    truth[:2] = 0, 1
    said = _judge(rng, truth, *skill)
    return tuple(
        LabelledJudgement(f"dev{number}", None, *pair) for number, pair in enumerate(zip(truth, said, strict=True))
    )


@pytest.mark.parametrize("rate", [0.1, 0.95])
@pytest.mark.parametrize("labelled", [20, 60])
@pytest.mark.parametrize("skill", [(0.9, 0.8), (0.7, 0.6), (1.0, 1.0), (0.5, 0.5)])
def test_labels_of_other_answers_give_intervals_that_hold_the_truth(rate, labelled, skill):
    def world(rng):
        truth = (rng.random(200) < rate).astype(float)
        answers = Answers(_judge(rng, truth, *skill), np.ones(200), np.full(200, math.nan), _names(200), 0.0)
        sample = _sample(rng, labelled, skill)
        return corrected(answers, Correction("transferred", sample), 0.025)

    covered, _ = _share_covered(world, rate)
    assert covered >= LEAST


@pytest.mark.parametrize("rates", [(0.5, 0.7), (0.9, 0.92)])
@pytest.mark.parametrize("skill", [(0.9, 0.8), (0.6, 0.5)])
def test_gains_corrected_by_other_labels_hold_the_truth(rates, skill):
    def world(rng):
        said = [_judge(rng, (rng.random(200) < rate).astype(float), *skill) for rate in rates]
        answers = Answers(said[1] - said[0], np.zeros(200), np.full(200, math.nan), _names(200), -1.0)
        sample = _sample(rng, 50, skill)
        return corrected(answers, Correction("transferred", sample), 0.025)

    covered, _ = _share_covered(world, rates[1] - rates[0])
    assert covered >= LEAST


SKILL = (0.9, 0.8)
NONE = Score("", 0.0, parts=(0.0, 0.0))  # of no answer
ITEMS = 200


def _world(rng, answers, truth, labelled):
    """Return one arm's corrected figure as a run would have it.

    Args:
        rng: Source of randomness.
        answers: The arm's by row; None where it gave none.
        truth: Whether they are good, shape (rows,).
        labelled: By row, what people labelled: (answer, whether it is good).
    """
    examples = [
        Example(str(n), (), "", labelled=tuple(LabelledAnswer(text, good) for text, good in labelled.get(n, ())))
        for n in range(len(answers))
    ]
    said = {}
    for n, (example, answer) in enumerate(zip(examples, answers, strict=True)):
        known = dict(labelled.get(n, ())) | ({} if answer is None else {answer: truth[n]})
        for text, good in known.items():
            value = float(_judge(rng, np.array([good]), *SKILL)[0])
            said[judgement_key(example, text)] = Judgement("", value)
    task = SimpleNamespace(study=SimpleNamespace(answer=None, dev=()), test=tuple(examples))
    judge = JudgedScores("judge", None, task, said)
    scores = {one.id: judge.score(SimpleNamespace(answer=answers[int(one.id)]), one) for one in examples}
    correction = Correction(basis_of([scores], judge.sample), judge.sample)
    return corrected(single(list(scores.values()), _names(ITEMS)), correction, 0.025), correction.basis


@pytest.mark.parametrize("is_labelled_without_answer", [True, False])
def test_rows_without_any_answer_are_bad_and_do_not_choose_the_labelled_sample(is_labelled_without_answer):
    """Four in ten rows have no answer, and eight of ten answers are good: the figure is 0.6 * 0.8 = 0.48.

    People were asked about 60 rows drawn at random. Where there is no answer to label they labelled nothing, or what
    an earlier run had said; either way the labelled answers alone are better than the arm.
    """

    def world(rng):
        truth = (rng.random(ITEMS) < 0.8).astype(float)
        answers = [f"said {n}" if rng.random() < 0.6 else None for n in range(ITEMS)]
        labelled = {n: [(answers[n], truth[n])] for n in range(60) if answers[n]}
        if is_labelled_without_answer:
            labelled |= {n: [("said earlier", float(rng.random() < 0.5))] for n in range(60) if not answers[n]}
        found, basis = _world(rng, answers, truth, labelled)
        assert basis == "own"
        return found

    covered, intervals = _share_covered(world, 0.6 * 0.8)
    assert covered >= LEAST
    assert fmean(one.estimate for one in intervals) == pytest.approx(0.48, abs=0.01)


def test_gain_over_an_arm_that_often_gives_no_answer_holds_the_truth():
    """Both have eight of ten answers good, and one gives none in four of ten rows: it gains 0.8 - 0.6 * 0.8 = 0.32."""

    def scores(truth, has_answer, said):
        return [
            Score(str(n), value, parts=(1.0, good) if n < 50 else (1.0,)) if is_there else NONE
            for n, (good, is_there, value) in enumerate(zip(truth, has_answer, said, strict=True))
        ]

    def world(rng):
        truth = (rng.random((2, ITEMS)) < 0.8).astype(float)
        has_answer = np.array([np.ones(ITEMS), rng.random(ITEMS) < 0.6], dtype=bool)
        full, sparse = (
            scores(*one) for one in zip(truth, has_answer, [_judge(rng, one, *SKILL) for one in truth], strict=True)
        )
        return corrected(difference(full, sparse, _names(ITEMS)), Correction("own"), 0.025)

    covered, _ = _share_covered(world, 0.32)
    assert covered >= LEAST


def test_labels_of_other_answers_that_equal_some_of_an_arms_are_no_sample_of_its_own():
    """Right answers are one and the same, wrong ones are not: labels that match an arm's answers are of good ones.

    People labelled another system's answers, eight of ten of them good; the arm has five of ten good ones.
    """

    def world(rng):
        truth, theirs = ((rng.random(ITEMS) < rate).astype(float) for rate in (0.5, 0.8))
        answers = ["the right one" if good else f"wrong {n}" for n, good in enumerate(truth)]
        labelled = {n: [("the right one" if good else f"other {n}", good)] for n, good in enumerate(theirs) if n < 120}
        found, basis = _world(rng, answers, truth, labelled)
        assert basis == "transferred"
        return found

    covered, intervals = _share_covered(world, 0.5)
    assert covered >= LEAST
    assert fmean(one.estimate for one in intervals) == pytest.approx(0.5, abs=0.02)


def test_arm_that_never_answers_is_bounded_without_a_judge():
    scores = [Score(str(n), 0.0, parts=(0.0, 0.0)) for n in range(100)]
    found = corrected(single(scores, _names(100)), Correction("own"), 0.025)
    assert found.estimate == found.low == 0.0 and 0.0 < found.high < 0.1


def test_rows_of_one_group_widen_the_interval():
    """40 groups of five rows that are right or wrong together, some of them labelled as a whole."""

    def world(rng):
        truth = np.repeat((rng.random(40) < 0.7).astype(float), 5)
        said = _judge(rng, truth, 0.9, 0.8)
        labels = np.where(np.arange(200) < 100, truth, math.nan)
        clusters = [("group", str(number // 5)) for number in range(200)]
        return corrected(Answers(said, np.ones(200), labels, clusters, 0.0), Correction("own"), 0.025)

    covered, _ = _share_covered(world, 0.7)
    assert covered >= LEAST


def test_uncorrected_mean_of_an_erring_judge_misses_the_truth():
    """A judge that calls 20% of bad answers good, and 10% of good ones bad: 0.3 looks like 0.3 * 0.9 + 0.7 * 0.2."""

    def world(rng):
        truth = (rng.random(200) < 0.3).astype(float)
        said = _judge(rng, truth, 0.9, 0.8)
        scores = [Score(str(n), value) for n, value in enumerate(said)]
        return score_interval(scores, MetricSpec("judge", "graded", _figure, {}))

    covered, intervals = _share_covered(world, 0.3)
    assert fmean(one.estimate for one in intervals) == pytest.approx(0.41, abs=0.01)
    assert covered < 0.5


def test_good_judge_narrows_what_labels_alone_would_say():
    def world(skill):
        def draw(rng):
            truth = (rng.random(400) < 0.6).astype(float)
            labels = np.where(np.arange(400) < 60, truth, math.nan)
            answers = Answers(_judge(rng, truth, *skill), np.ones(400), labels, _names(400), 0.0)
            return corrected(answers, Correction("own"), 0.025)

        return fmean(one.high - one.low for one in _share_covered(draw, 0.6)[1])

    assert world((0.95, 0.95)) < 0.8 * world((0.5, 0.5))


def test_lambda_by_hand():
    """Cov(Y, f) = 1/4, Var(f) over all ten = 1/4, n / N = 4 / 6: lambda = 1 / (1 + 2/3) = 0.6."""
    labels = scores = np.array([0.0, 1.0, 0.0, 1.0])
    assert tuned_lambda(labels, scores, np.array([0.0, 1.0] * 3)) == pytest.approx(0.6)
    assert tuned_lambda(labels, 1 - scores, np.array([0.0, 1.0] * 3)) == 0.0  # a judge that is wrong is not used
    assert tuned_lambda(labels, scores, np.array([])) == 0.0


def test_own_estimate_by_hand():
    """Four of ten answers have labels, with which the judge agrees; of all ten it calls six good.

    Cov(Y, f) of the four is 0.5 - 0.5 * 0.5 = 0.25; Var(f) of the ten is 0.6 * 0.4 = 0.24; n / N = 4 / 6.
    lambda = 0.25 / ((1 + 4/6) * 0.24) = 0.25 / 0.4 = 0.625.
    The six others have a mean of 4/6; labels less 0.625 scores are 0, 0.375, 0, 0.375, with a mean of 0.1875.
    theta = 0.625 * 4/6 + 0.1875 = 0.41667 + 0.1875 = 0.60417.
    """
    labels = np.array([0.0, 1.0, 0.0, 1.0, *[math.nan] * 6])
    values = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    assert tuned_lambda(labels[:4], values[:4], values[4:]) == pytest.approx(0.625)
    found = corrected(Answers(values, np.ones(10), labels, _names(10), 0.0), Correction("own"), 0.025)
    assert found.estimate == pytest.approx(0.60417, abs=0.00001)


def test_estimate_by_other_labels_by_hand():
    """Of good answers it calls 80% good, of bad ones 30%; here it calls 55% good: (0.55 - 0.3) / (0.8 - 0.3) = 0.5.

    Scores that nobody saw widen the bounds and leave the estimate as it is.
    """
    pairs = [(1.0, float(n % 10 < 8)) for n in range(40)] + [(0.0, float(n % 10 < 3)) for n in range(40)]
    sample = tuple(LabelledJudgement(f"d{n}", None, *pair) for n, pair in enumerate(pairs))
    values = np.array([1.0] * 55 + [0.0] * 45)
    answers = Answers(values, np.ones(100), np.full(100, math.nan), _names(100), 0.0)
    assert corrected(answers, Correction("transferred", sample), 0.025).estimate == pytest.approx(0.5)


def test_answer_that_is_none_is_bad_for_certain_and_no_error_of_the_judge_enters():
    """The judge calls every second bad answer good, and half of the items have no answer: the rest are all good."""
    sample = tuple(
        LabelledJudgement(f"d{n}", None, label, value)
        for n, (label, value) in enumerate([(1.0, 1.0)] * 400 + [(0.0, 1.0), (0.0, 0.0)] * 200)
    )
    values, judged = np.array([1.0, 0.0] * 100), np.array([1.0, 0.0] * 100)
    answers = Answers(values, judged, np.full(200, math.nan), _names(200), 0.0)
    found = corrected(answers, Correction("transferred", sample), 0.025)
    assert found.estimate == pytest.approx(0.5, abs=0.01)


def test_judge_that_tells_nothing_or_the_reverse_supports_no_claim():
    for pairs in ([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)] * 10, [(0.0, 1.0), (1.0, 0.0)] * 20):
        sample = tuple(LabelledJudgement(f"d{n}", None, *pair) for n, pair in enumerate(pairs))
        answers = Answers(np.ones(50), np.ones(50), np.full(50, math.nan), _names(50), 0.0)
        found = corrected(answers, Correction("transferred", sample), 0.025)
        assert (found.low, found.high) == (0.0, 1.0) and "no claim" in found.method


@pytest.mark.parametrize("said", [0.0, 1.0])
def test_judge_that_contradicts_its_labels_supports_no_claim_instead_of_a_bound_without_width(said):
    """Of good answers it called 70% good, and 30% of bad ones; here it calls 100%, or none.

    (1.0 - 0.3) / 0.4 = 1.75 and (0.0 - 0.3) / 0.4 = -0.75, both with bounds outside of what a share can be.
    """
    pairs = [(label, float(n % 10 < 3 + 4 * label)) for label in (0.0, 1.0) for n in range(500)]
    sample = tuple(LabelledJudgement(f"d{n}", None, *pair) for n, pair in enumerate(pairs))
    answers = Answers(np.full(400, said), np.ones(400), np.full(400, math.nan), _names(400), 0.0)
    found = corrected(answers, Correction("transferred", sample), 0.025)
    assert (found.low, found.high) == (0.0, 1.0)
    assert "no claim" in found.method and "contradicts" in found.method


def _figure(scores):
    return fmean(score.value for score in scores)


def _labelled(count, label=1.0, of=30):
    """An arm's answers, of which the first have a label and the others stand on rows without any."""
    return {str(n): Score(str(n), 1.0, parts=(1.0, label) if n < count else (1.0,)) for n in range(of)}


def _without_answer(*items):
    return {str(n): Score(str(n), 0.0, parts=(0.0, 0.0)) for n in items}


OTHERS = tuple(LabelledJudgement(str(n), None, n % 2, 1.0) for n in range(10))


def test_basis_is_the_arms_own_labels_where_every_arm_has_enough():
    assert basis_of([_labelled(20), _labelled(20)], ()) == "own"
    assert basis_of([_labelled(19), _labelled(19)], ()) == "none"
    assert basis_of([_labelled(19)], OTHERS) == "transferred"
    assert basis_of([_labelled(19)], OTHERS[:9]) == "none"  # four bad ones


def test_basis_is_other_answers_where_one_row_with_labels_has_none_of_an_arms_answer():
    other = _labelled(25) | {"24": Score("24", 1.0, parts=(1.0, math.nan))}
    assert basis_of([_labelled(25)], OTHERS) == "own"
    assert basis_of([_labelled(25), other], OTHERS) == "transferred"


def test_row_without_an_answer_is_labelled_where_another_arm_has_one_there():
    assert basis_of([_labelled(20), _labelled(20) | _without_answer(0, 1)], OTHERS) == "own"
    both = [_labelled(20) | _without_answer(0, 1)] * 2  # two rows less on which anybody answered
    assert basis_of(both, OTHERS) == "transferred"


def test_gain_between_two_arms_is_corrected_and_never_beyond_one():
    scores = {
        name: {str(n): Score(str(n), float(n < right), parts=(1.0, float(n < right))) for n in range(60)}
        for name, right in (("strong", 55), ("weak", 10))
    }
    arms = [SimpleNamespace(name=name, scores=found) for name, found in scores.items()]
    spec = MetricSpec("judge", "graded", _figure, {}, correction=Correction("own"))
    found = compare(*arms, spec, 0.02)
    assert found.difference.estimate == pytest.approx(45 / 60) and found.exceeds_gain
    assert "PPI" in found.difference.method and found.difference.high <= 1.0


def test_agreement_and_kappa_by_hand():
    """Of 20 answers 8 good are called good, 6 bad ones bad and 6 bad ones good: chance is 0.4 * 0.7 + 0.6 * 0.3."""
    pairs = [(1.0, 1.0)] * 8 + [(0.0, 0.0)] * 6 + [(0.0, 1.0)] * 6
    found = agreement([LabelledJudgement(str(n), None, *pair) for n, pair in enumerate(pairs)])
    assert found.raw.estimate == pytest.approx(0.7)
    assert found.kappa.estimate == pytest.approx((0.7 - 0.46) / 0.54)
    assert found.kappa.low < found.kappa.estimate < found.kappa.high


def test_agreement_of_one_label_throughout_has_no_kappa_and_no_interval_of_zero_width():
    found = agreement([LabelledJudgement(str(n), None, 1.0, 1.0) for n in range(20)])
    assert found.kappa is None and found.raw.low < 1.0
    assert agreement([]) is None


def test_groups_widen_agreement():
    pairs = [(1.0, 1.0)] * 40 + [(0.0, 1.0)] * 10 + [(0.0, 0.0)] * 10
    alone, grouped = (
        agreement([LabelledJudgement(str(n), group(n), *pair) for n, pair in enumerate(pairs)])
        for group in (lambda n: None, lambda n: str(n // 10))
    )
    assert grouped.raw.low < alone.raw.low


@pytest.mark.parametrize("basis", ["own", "transferred"])
def test_lost_items_that_count_as_known_move_a_figure_by_their_share(basis):
    """Of 200 items 190 are judged and ten are not: were they right, 190/200 of the figure and 10/200 more."""
    rng = np.random.default_rng(3)
    correction = Correction(basis, _sample(rng, 60, (0.9, 0.8)))
    truth = (rng.random(190) < 0.6).astype(float)
    said = _judge(rng, truth, 0.9, 0.8)
    judged = [
        Score(str(n), value, parts=(1.0, good) if n < 60 else (1.0,))
        for n, (value, good) in enumerate(zip(said, truth, strict=True))
    ]
    alone = corrected(single(judged, _names(190)), correction, 0.025)
    for worth in (0.0, 1.0):
        filled = [*judged, *(Score(str(n), worth) for n in range(190, 200))]
        found = corrected(single(filled, _names(200)), correction, 0.025)
        assert found.estimate == pytest.approx(0.95 * alone.estimate + 0.05 * worth)
        # how many were lost is chance too, and widens the interval a little
        widths = [found.high - found.low, 0.95 * (alone.high - alone.low)]
        assert widths[1] < widths[0] < 1.2 * widths[1]
        gained = difference(
            filled, [*judged, *(Score(str(n), 0.0, parts=(0.0,)) for n in range(190, 200))], _names(200)
        )
        # both arms gave the same 190 answers, and of the ten others one has nothing
        assert corrected(gained, correction, 0.025).estimate == pytest.approx(0.05 * worth)
